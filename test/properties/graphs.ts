// Random graphs: a recipe of plain data, which shrinks well and prints readably, and the tensors that it describes.
import fc from "fast-check";
import { availableTargets, type NestedArray, setTarget, type Tensor, tensor } from "gradus";
import { Module } from "gradus/nn";
import { graphOps, smallEnough } from "./graph-ops.js";

export type GraphDType = "float32" | "int32";

interface Step {
  readonly op: string;
  /** Which tensors, counted back from the newest. */
  readonly x: number;
  readonly y: number;
  readonly p: number;
  readonly q: number;
}

export interface GraphRecipe {
  readonly dtype: GraphDType;
  /** Broadcast against each other: each has a suffix of these sizes, some of them 1. */
  readonly sizes: readonly number[];
  readonly inputs: readonly { readonly drop: number; readonly ones: number; readonly seed: number }[];
  readonly steps: readonly Step[];
  /** Only results are stored; else every tensor of the graph is. */
  readonly fused: boolean;
}

const size = fc.oneof(
  { weight: 16, arbitrary: fc.constantFrom(1, 2, 3, 4, 5, 7, 8) },
  { weight: 8, arbitrary: fc.constantFrom(9, 16, 17, 33) },
  { weight: 1, arbitrary: fc.constant(0) },
);

const sizes = fc.oneof(
  { weight: 1, arbitrary: fc.array(size, { maxLength: 1 }) },
  { weight: 6, arbitrary: fc.array(size, { minLength: 2, maxLength: 4 }) },
);

/** Without fast-check's bias, which would make most graphs tiny. */
export function graphRecipe(dtype: GraphDType, mostSteps = 12): fc.Arbitrary<GraphRecipe> {
  const [recent, choice] = [fc.constantFrom(0, 0, 0, 1, 2, 3, 5, 8), fc.nat({ max: 59 })];
  const input = fc.record({
    drop: fc.constantFrom(0, 0, 0, 1, 2),
    ones: fc.constantFrom(0, 0, 0, 1, 2, 4, 5),
    seed: fc.nat({ max: 99 }),
  });
  const step = fc.record({
    op: fc.constantFrom(...Object.keys(graphOps[dtype])),
    x: recent,
    y: recent,
    p: choice,
    q: choice,
  });
  const recipe = fc.record({
    dtype: fc.constant(dtype),
    sizes: sizes.filter(smallEnough),
    inputs: fc.array(input, { minLength: 1, maxLength: 3 }),
    steps: fc.array(step, { minLength: 1, maxLength: mostSteps }),
    fused: fc.boolean(),
  });
  return fc.noBias(recipe);
}

/** Eighths from -2 to 2, or integers from -8 to 8: ties and zeros happen, decimals are exact. */
function valuesFor(seed: number, count: number, dtype: GraphDType): number[] {
  let state = seed * 7919 + 1;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    const whole = ((state >>> 8) % 33) - 16;
    return dtype === "int32" ? Math.trunc(whole / 2) : whole / 8;
  });
}

export function graphInputs({ dtype, sizes, inputs }: GraphRecipe, requiresGrad = false): Tensor[] {
  return inputs.map(({ drop, ones, seed }) => {
    const shape = sizes.slice(Math.min(drop, sizes.length)).map((n, d) => ((ones >> d) & 1 ? 1 : n));
    const count = shape.reduce((a, b) => a * b, 1);
    const flat = tensor(valuesFor(seed, count, dtype) as NestedArray, { dtype });
    const x = flat.reshape(shape).clone().detach();
    return requiresGrad ? x.requiresGrad_() : x;
  });
}

/** The same graph on other numbers. */
export function withOtherValues(recipe: GraphRecipe): GraphRecipe {
  return { ...recipe, inputs: recipe.inputs.map((input) => ({ ...input, seed: input.seed + 100 })) };
}

function broadcast(x: Tensor, y: Tensor): boolean {
  const [a, b] = [x.shape.toReversed(), y.shape.toReversed()];
  const shape = Array.from({ length: Math.max(a.length, b.length) }, (_, d) => {
    const [m, n] = [a[d] ?? 1, b[d] ?? 1];
    return m === n || n === 1 ? m : m === 1 ? n : -1;
  });
  return !shape.includes(-1) && smallEnough(shape);
}

class Graph extends Module {
  constructor(readonly recipe: GraphRecipe) {
    super();
  }

  /** The last results, and every third of the others. */
  forward(...inputs: Tensor[]): Tensor[] {
    const made = runSteps(this.recipe, inputs);
    return made.filter((_, i) => i >= made.length - 2 || i % 3 === 0);
  }
}

function runSteps({ dtype, steps }: GraphRecipe, inputs: readonly Tensor[]): Tensor[] {
  const all = [...inputs];
  for (const { op, x, y, p, q } of steps) {
    const first = all.at(-1 - (x % all.length)) as Tensor;
    // The first from the chosen place on that broadcasts: at the latest the tensor itself.
    const second = all
      .map((_, i) => all.at(-1 - ((y + i) % all.length)) as Tensor)
      .find((other) => broadcast(first, other));
    const result = graphOps[dtype][op]?.(first, second ?? first, p, q);
    if (result && smallEnough(result.shape)) all.push(result);
  }
  return all.slice(inputs.length);
}

export function graphOutputs(recipe: GraphRecipe, inputs: readonly Tensor[]): Tensor[] {
  return recipe.fused ? (new Graph(recipe)(...inputs) as Tensor[]) : runSteps(recipe, inputs);
}

export interface Values {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly data: readonly number[];
}

export function valuesOf(x: Tensor): Values {
  return { shape: x.shape, dtype: x.dtype, data: Array.from(x.toTypedArray() as ArrayLike<number | bigint>, Number) };
}

/** The targets that compile to code: WebAssembly, and machine code where this host can run it. */
export const codeTargets: readonly string[] = availableTargets().filter(
  (name) => name === "wasm" || name.startsWith("x64"),
);

/** What `compute` gives on a target; the target before is back afterwards. */
export function onTarget<T>(target: string, compute: () => T): T {
  const previous = setTarget(target);
  try {
    return compute();
  } finally {
    setTarget(previous);
  }
}

/** What is wrong with `actual`: elements farther apart than `tolerance` times the largest number in `expected`. */
export function difference(actual: readonly Values[], expected: readonly Values[], tolerance: number): string | null {
  const largest = expected.reduce(
    (most, { data }) => data.reduce((a, b) => (Number.isFinite(b) ? Math.max(a, Math.abs(b)) : a), most),
    1,
  );
  if (actual.length !== expected.length) return `${actual.length} results instead of ${expected.length}`;
  for (const [i, { shape, dtype, data }] of expected.entries()) {
    const got = actual[i] as Values;
    if (got.dtype !== dtype || got.shape.join() !== shape.join()) {
      return `result ${i}: ${got.dtype}[${got.shape}] instead of ${dtype}[${shape}]`;
    }
    const at = data.findIndex((want, k) => !agree(got.data[k] as number, want, tolerance * largest));
    if (at >= 0) return `result ${i} (${dtype}[${shape}]), element ${at}: ${got.data[at]} instead of ${data[at]}`;
  }
  return null;
}

function agree(a: number, b: number, tolerance: number): boolean {
  // NaN equals NaN; infinities are equal or not; the sign of zero is free.
  return a === b || Object.is(a, b) || Math.abs(a - b) <= tolerance;
}
