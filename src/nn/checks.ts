// Checks that the layers' constructors share.
import { ArgumentError } from "../base/index.js";

/** A number for both dims, or one a dim. */
export type Size2 = number | readonly [number, number];

/** A number for all three dims, or one a dim. */
export type Size3 = number | readonly [number, number, number];

/** Throws unless every named number is an integer >= `least`. */
export function checkCounts(layer: string, counts: Readonly<Record<string, number>>, least = 1): void {
  for (const [name, value] of Object.entries(counts)) {
    if (Number.isInteger(value) && value >= least) continue;
    throw new ArgumentError(`${layer}: ${name} must be an integer >= ${least}, got ${String(value)}`, { op: layer });
  }
}

/** Throws unless `value` is an integer >= 1 or a list of them; how many there must be is known by the function. */
export function checkSize(layer: string, name: string, value: number | readonly number[]): void {
  const sizes: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (sizes.length > 0 && sizes.every((size) => Number.isInteger(size) && (size as number) >= 1)) return;
  throw new ArgumentError(
    `${layer}: ${name} must be an integer >= 1, or one a dim, got ${JSON.stringify(value) ?? "undefined"}`,
    { op: layer },
  );
}

/** Sizes of the last dims, from a number or a list of them. */
export function checkSizes(layer: string, name: string, value: number | readonly number[]): number[] {
  const sizes: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (sizes.length > 0 && sizes.every((size) => Number.isInteger(size) && (size as number) >= 1))
    return [...(sizes as number[])];
  throw new ArgumentError(
    `${layer}: ${name} must be an integer >= 1, or a list of them, got ${JSON.stringify(value) ?? "undefined"}`,
    { op: layer },
  );
}

/** Throws unless `value` is a number that is not NaN. */
export function checkNumber(layer: string, name: string, value: number): void {
  if (typeof value === "number" && !Number.isNaN(value)) return;
  throw new ArgumentError(`${layer}: ${name} must be a number, got ${String(value)}`, { op: layer });
}

/** Throws unless `value` is in [0, 1]. */
export function checkShare(layer: string, name: string, value: number): void {
  if (value >= 0 && value <= 1) return;
  throw new ArgumentError(`${layer}: ${name} must be in [0, 1], got ${value}`, { op: layer });
}

export function checkPositive(layer: string, name: string, value: number): void {
  // eps = 0 would turn a constant input into 0 / 0.
  if (!(value > 0)) throw new ArgumentError(`${layer}: ${name} must be > 0, got ${value}`, { op: layer });
}
