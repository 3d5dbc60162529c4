// Runs graphs through the reference interpreter and the compiled targets and compares them.
import { expect } from "vitest";
import { type DType, type Shape, Storage, type TypedArray, typedArray } from "../../src/base/index.js";
import { runStep } from "../../src/compiler/index.js";
import type { Node } from "../../src/graph/index.js";
import { interpret, leaf } from "../../src/ops/index.js";
import { createWasmTarget } from "../../src/targets/index.js";

export const wasm = createWasmTarget({ relaxed: false, threads: 1 });

/** A realised node of `values`. */
export function input(
  values: readonly (number | bigint)[],
  shape: Shape,
  dtype: DType = "float32",
  requiresGrad = false,
): Node {
  const data = typedArray(dtype, values.length);
  values.forEach((value, i) => {
    data[i] = dtype === "int64" ? BigInt(value) : Number(value);
  });
  return leaf(Storage.from(dtype, data), shape, { requiresGrad });
}

/** Reproducible numbers in [-1, 1). */
export function noise(count: number, seed = 1): number[] {
  let state = seed * 7919 + 1;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state / 2 ** 32) * 2 - 1;
  });
}

/** Reproducible integers in [0, limit). */
export function integers(count: number, limit: number, seed = 1): number[] {
  return noise(count, seed).map((x) => Math.min(limit - 1, Math.floor(((x + 1) / 2) * limit)));
}

/** The reference values, as plain numbers. */
export function values(node: Node): number[] {
  const [result] = interpret([node]);
  return Array.from(result?.data as TypedArray as ArrayLike<number | bigint>, Number);
}

/** What the wasm target computes, as plain numbers. */
export function compiled(...outputs: Node[]): number[][] {
  runStep({ outputs, updates: [] }, wasm);
  return outputs.map((node) =>
    Array.from((node.storage as Storage).toTypedArray() as ArrayLike<number | bigint>, Number),
  );
}

/** Expects the wasm target to agree with the reference within `tolerance` (relative to 1 or the value); NaN equals NaN. */
export function expectAgreement(make: () => Node, tolerance = 0): number[] {
  const wanted = values(make());
  const [actual] = compiled(make()) as [number[]];
  expect(actual.length).toBe(wanted.length);
  actual.forEach((value, i) => {
    const want = wanted[i] as number;
    const isSame = Object.is(value, want) || Math.abs(value - want) <= tolerance * Math.max(1, Math.abs(want));
    if (!isSame) expect(`element ${i}: ${value}`).toBe(`element ${i}: ${want}`);
  });
  return actual;
}

/** The gradients of Σ y · weights with respect to `xs`, by walking the graph in reverse with the vjp rules. */
export function gradients(
  y: Node,
  cotangent: Node,
  xs: readonly Node[],
  plus: (a: Node, b: Node) => Node,
): (Node | null)[] {
  const grads = new Map<Node, Node>([[y, cotangent]]);
  const order = [...below(y)].sort((a, b) => b.id - a.id);
  for (const node of order) {
    const grad = grads.get(node);
    if (!grad || typeof node.primitive.vjp !== "function") continue;
    const needs = node.inputs.map((x) => x.requiresGrad);
    if (!needs.includes(true)) continue;
    node.primitive.vjp(node, grad, needs).forEach((part, i) => {
      const x = node.inputs[i] as Node;
      if (!part || !needs[i]) return;
      const known = grads.get(x);
      grads.set(x, known ? plus(known, part) : part);
    });
  }
  return xs.map((x) => grads.get(x) ?? null);
}

function below(root: Node, seen = new Set<Node>()): Set<Node> {
  if (seen.has(root)) return seen;
  seen.add(root);
  for (const x of root.inputs) below(x, seen);
  return seen;
}

/** Finite differences of Σ f(x) · weights in float64. */
export function numericGradient(
  f: (x: Node) => Node,
  at: readonly number[],
  shape: Shape,
  weights: readonly number[],
): number[] {
  const total = (x: readonly number[]): number =>
    values(f(input(x, shape, "float64"))).reduce((sum, value, i) => sum + value * (weights[i] as number), 0);
  const h = 1e-5;
  return at.map((_, i) => {
    const moved = (by: number) => at.map((v, k) => (k === i ? v + by : v));
    return (total(moved(h)) - total(moved(-h))) / (2 * h);
  });
}

/** Expects vjp rules to agree with finite differences for a float64 function of one input, to first and second order. */
export function expectGradient(
  f: (x: Node) => Node,
  at: readonly number[],
  shape: Shape,
  plus: (a: Node, b: Node) => Node,
): void {
  const gradient = (x: Node): Node => {
    const y = f(x);
    const cotangent = input(noise(y.size, 11), y.shape, "float64");
    return gradients(y, cotangent, [x], plus)[0] as Node;
  };
  const weights = noise(f(input(at, shape, "float64")).size, 11);
  const exact = gradient(input(at, shape, "float64", true));
  expectClose(values(exact), numericGradient(f, at, shape, weights));
  expectClose(compiled(exact)[0] as number[], numericGradient(f, at, shape, weights));
  if (!gradient(input(at, shape, "float64", true)).requiresGrad) return;
  const x = input(at, shape, "float64", true);
  const g = gradient(x);
  const second = noise(g.size, 5);
  const [gg] = gradients(g, input(second, g.shape, "float64"), [x], plus);
  const numeric = numericGradient(
    (z) => {
      const zz = leaf(z.storage as Storage, z.shape, { requiresGrad: true });
      return gradient(zz);
    },
    at,
    shape,
    second,
  );
  expectClose(gg ? values(gg) : numeric.map(() => 0), numeric);
}

function expectClose(actual: readonly number[], wanted: readonly number[]): void {
  expect(actual.length).toBe(wanted.length);
  // Central differences with h = 1e-5: error about h² of third derivatives and 1e-16 / h of rounding.
  for (const [i, value] of actual.entries()) expect(value).toBeCloseTo(wanted[i] as number, 6);
}

/** Matches an error of class `kind` with exactly this text. */
export function problem(kind: { readonly name: string }, message: string): Error {
  return expect.objectContaining({ name: kind.name, message }) as Error;
}
