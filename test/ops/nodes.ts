// Tools of the tests of primitives: nodes from plain numbers, their values, gradients by the rules and by differences.
import { expect } from "vitest";
import { type DType, numel, type Shape, Storage, typedArray } from "../../src/base/index.js";
import { runStep } from "../../src/compiler/index.js";
import type { NdArray, Node } from "../../src/graph/index.js";
import { add, constant, expand, interpret, leaf, mul, sum } from "../../src/ops/index.js";
import { createWasmTarget } from "../../src/targets/index.js";

type Numbers = readonly (number | bigint | boolean)[];

/** A realised leaf. */
export function tensor(
  values: Numbers,
  shape: Shape = [values.length],
  dtype: DType = "float32",
  requiresGrad = false,
): Node {
  const data = typedArray(dtype, numel(shape));
  values.forEach((value, i) => {
    data[i] = dtype === "int64" ? BigInt(value) : Number(value);
  });
  return leaf(Storage.from(dtype, data), shape, { requiresGrad });
}

/** Numbers without pattern in [low, high), the same at each run. */
export function noise(shape: Shape, low = -1, high = 1, seed = 1): number[] {
  let state = (seed * 0x9e3779b9) >>> 0;
  return Array.from({ length: numel(shape) }, () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x297a2d39) >>> 0;
    const mixed = Math.imul(state ^ (state >>> 12), 0x85ebca6b) >>> 0;
    return low + ((mixed >>> 4) / 2 ** 28) * (high - low);
  });
}

export function numbers({ data }: NdArray): number[] {
  return Array.from(data, Number);
}

/** Values by the definition. */
export function valuesOf(node: Node): number[] {
  return numbers(interpret([node])[0] as NdArray);
}

/** The gradients of `root` times `seed` with respect to `inputs`, as nodes; null where none flows. */
export function gradients(root: Node, seed: Node, inputs: readonly Node[]): (Node | null)[] {
  const grads = new Map<Node, Node>([[root, seed]]);
  const reachable = new Set<Node>();
  const stack = [root];
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (reachable.has(node) || !node.requiresGrad) continue;
    reachable.add(node);
    stack.push(...node.inputs);
  }
  for (const node of [...reachable].sort((a, b) => b.id - a.id)) {
    const grad = grads.get(node);
    const { vjp } = node.primitive;
    if (!grad || typeof vjp !== "function") continue;
    const needs = node.inputs.map((x) => x.requiresGrad);
    vjp(node, grad, needs).forEach((part, i) => {
      const x = node.inputs[i] as Node;
      if (!part || !needs[i]) return;
      expect(part.shape).toEqual(x.shape);
      expect(part.dtype).toBe(x.dtype);
      const known = grads.get(x);
      grads.set(x, known ? add(known, part) : part);
    });
  }
  return inputs.map((x) => grads.get(x) ?? null);
}

type Function = (...inputs: Node[]) => Node;
interface Argument {
  readonly shape: Shape;
  readonly values?: Numbers;
}

const STEP = 1e-6;

function leaves(inputs: readonly Argument[]): Node[] {
  return inputs.map(({ shape, values }, i) => tensor(values ?? noise(shape, -1, 1, i + 1), shape, "float64", true));
}

/** A number of the function's result: its elements with weights that tell them apart. */
function weighted(y: Node): Node {
  const all = y.shape.map((_, d) => d);
  return sum(mul(y, tensor(noise(y.shape, 0.5, 1.5, 99), y.shape, "float64")), all);
}

/** Compares the gradient rules with central differences in float64, for each element of each input. */
export function gradcheck(f: Function, inputs: readonly Argument[], tolerance = 1e-7): void {
  const given = leaves(inputs);
  const loss = weighted(f(...given));
  const grads = gradients(loss, constant(1, "float64"), given);
  given.forEach((x, i) => {
    const grad = grads[i] ? valuesOf(grads[i]) : new Array<number>(x.size).fill(0);
    const data = x.storage?.hostView() as Float64Array;
    const expected = Array.from(data, (value, k) => {
      const at = (moved: number): number => {
        data[k] = moved;
        return valuesOf(weighted(f(...given)))[0] as number;
      };
      const slope = (at(value + STEP) - at(value - STEP)) / (2 * STEP);
      data[k] = value;
      return slope;
    });
    expectClose(grad, expected, tolerance, `gradient of input ${i}`);
  });
}

/** As gradcheck, for the gradient itself: rules are made of nodes that have rules. */
export function gradgradcheck(f: Function, inputs: readonly Argument[], tolerance = 1e-6): void {
  inputs.forEach((_, i) => {
    gradcheck(
      (...given) => {
        const loss = weighted(f(...given));
        const grad = gradients(loss, constant(1, "float64"), given)[i];
        return grad ?? expand(constant(0, "float64"), (given[i] as Node).shape);
      },
      inputs,
      tolerance,
    );
  });
}

/** Equal within `tolerance`, absolute for small numbers and relative for large ones; NaN equals NaN. */
export function expectClose(
  actual: readonly number[],
  expected: readonly number[],
  tolerance: number,
  what = "values",
): void {
  expect(actual.length, what).toBe(expected.length);
  actual.forEach((x, i) => {
    const y = expected[i] as number;
    if (Object.is(x, y) || x === y) return;
    const error = Math.abs(x - y) / Math.max(1, Math.abs(y));
    if (!(error <= tolerance)) expect.fail(`${what}: element ${i} is ${x}, expected ${y} (within ${tolerance})`);
  });
}

let wasm: ReturnType<typeof createWasmTarget> | null = null;

/** Compiles `make()` for the wasm target and compares with the definition: `lower`, `build` and `decompose` against `reference`. */
export function expectSameOnWasm(make: () => Node, tolerance = 0): void {
  wasm ??= createWasmTarget({ threads: 2 });
  const expected = interpret([make()])[0] as NdArray;
  const node = make();
  runStep({ outputs: [node], updates: [] }, wasm);
  const actual = interpret([node])[0] as NdArray;
  expect(actual.dtype).toBe(expected.dtype);
  expectClose(numbers(actual), numbers(expected), tolerance, `wasm ${node.primitive.name} ${node.shape}`);
}
