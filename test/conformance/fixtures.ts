// Reads the frozen PyTorch results: a JSON index of cases and a binary file of values for each family.
import { existsSync, readFileSync } from "node:fs";
import type { DType } from "gradus";
import type { Kind } from "./inputs.js";

/** An input tensor; without `dtype` it has the case's. `view` leads from the leaf to the argument. */
export interface TensorSpec {
  readonly shape: readonly number[];
  readonly dtype?: DType;
  readonly kind?: Kind;
  readonly view?: readonly (readonly [string, readonly unknown[]])[];
  readonly grad?: boolean;
}

/** How many roundings separate a right result from PyTorch's; see compare.ts. */
export type Tolerance = "exact" | "arith" | "func" | "sum";

/** Where an expected tensor lies. Without `dtype` it has the case's. */
export interface Place {
  readonly at: number;
  readonly as: "f8" | "f4" | "i4" | "u1";
  readonly shape: readonly number[];
  readonly dtype?: DType;
  /** PyTorch's float32 error, relative to |value| + scale. */
  readonly err?: number;
  /** PyTorch's float32 error where the result is far below its terms. */
  readonly abs?: number;
}

/** A result that is no tensor. */
export interface PlainValue {
  readonly value: unknown;
}

export interface Expectation {
  readonly out: readonly (Place | PlainValue | null)[];
  /** One entry for each differentiable leaf; null where the output does not depend on it. */
  readonly grad?: readonly (Place | null)[];
}

export interface OpCase {
  readonly id: string;
  readonly op: string;
  readonly args: readonly unknown[];
  readonly options?: Readonly<Record<string, unknown>>;
  readonly tol: Tolerance;
  /** Keyed by dtype; "float" serves float32 and float64. */
  readonly expect: Readonly<Partial<Record<DType | "float", Expectation>>>;
}

export interface Manifest {
  readonly torch: string;
  readonly families: readonly string[];
  /** Ops that PyTorch has as Tensor methods too. */
  readonly methods: readonly string[];
}

const folder = new URL("../fixtures/data/", import.meta.url);

export const manifest: Manifest = JSON.parse(readFileSync(new URL("manifest.json", folder), "utf8"));

/** A family's cases and the reader of its expected values. */
export interface Family<Case> {
  readonly cases: readonly Case[];
  values(place: Place): Float64Array;
}

const formats = {
  f8: (view: DataView, at: number) => view.getFloat64(at, true),
  f4: (view: DataView, at: number) => view.getFloat32(at, true),
  i4: (view: DataView, at: number) => view.getInt32(at, true),
  u1: (view: DataView, at: number) => view.getUint8(at),
};

export function loadFamily<Case>(name: string): Family<Case> {
  const cases: Case[] = JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8"));
  const file = new URL(`${name}.bin`, folder);
  const bytes = existsSync(file) ? readFileSync(file) : new Uint8Array();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    cases,
    values({ at, as, shape }) {
      const read = formats[as];
      const size = Number(as[1]);
      const count = shape.reduce((product, length) => product * length, 1);
      return Float64Array.from({ length: count }, (_, i) => read(view, at + i * size));
    },
  };
}

/** Cases in groups of one name, in the order of their first ones. */
export function casesBy<Case>(cases: readonly Case[], nameOf: (item: Case) => string): [string, Case[]][] {
  const groups = new Map<string, Case[]>();
  for (const item of cases) groups.set(nameOf(item), [...(groups.get(nameOf(item)) ?? []), item]);
  return [...groups];
}

export function isTensorSpec(value: unknown): value is TensorSpec {
  return typeof value === "object" && value !== null && "shape" in value;
}

/** The dtypes a case runs in, each with what it must give. */
export function expectations(opCase: OpCase): [DType, Expectation][] {
  const entries = Object.entries(opCase.expect) as [DType | "float", Expectation][];
  return entries.flatMap(([key, expected]) => {
    const dtypes: DType[] = key === "float" ? ["float64", "float32"] : [key];
    return dtypes.map((dtype): [DType, Expectation] => [dtype, expected]);
  });
}
