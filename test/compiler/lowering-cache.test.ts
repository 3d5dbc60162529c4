// Equal groups are lowered once, however many a graph has; groups that differ in anything that shows are not taken for each other.
// In tests each group that is found is lowered by itself as well, and compared (src/compiler/lowering-cache.ts).
import { manualSeed, randn, setTarget, targetName } from "gradus";
import * as nn from "gradus/nn";
import { afterEach, describe, expect, it } from "vitest";
import type { DType } from "../../src/base/index.js";
import { loweringStats, runStep } from "../../src/compiler/index.js";
import type { Node } from "../../src/graph/index.js";
import { add, cast, concat, constant, matmul, mul, pad, permute, scalar, slice, sum } from "../../src/ops/index.js";
import { createInterpreter } from "../../src/targets/interpreter/index.js";
import { input, noise, values } from "../ops/helpers.js";

const target = createInterpreter({ lanes: 16, masks: true });
const previous = targetName();
afterEach(() => {
  setTarget(previous);
});

const leaf = (shape: readonly number[], seed: number, dtype: DType = "float32"): Node =>
  input(
    noise(
      shape.reduce((a, b) => a * b, 1),
      seed,
    ).map((x) => Math.round(8 * x)),
    [...shape],
    dtype,
  );

/** Runs the nodes as one program; how many groups were lowered and found, after a look at the values. */
function run(...make: (() => Node)[]): { lowered: number; found: number } {
  // The sign of zero is free.
  const wanted = make.map((one) => values(one()).map((x) => x + 0));
  const nodes = make.map((one) => one());
  const before = loweringStats();
  runStep({ outputs: nodes, updates: [] }, target);
  const after = loweringStats();
  expect(
    nodes.map((node) => Array.from(node.storage?.toTypedArray() as ArrayLike<number>, (x) => Number(x) + 0)),
  ).toEqual(wanted);
  return { lowered: after.lowered - before.lowered, found: after.found - before.found };
}

/** h = (h w + x[t]) * 0.5, for each step; exact in float64. */
function recurrent(steps: number, size: number): Node {
  const w = leaf([size, size], 1, "float64");
  const x = leaf([steps, 3, size], 2, "float64");
  let h = leaf([1, 3, size], 3, "float64");
  const states: Node[] = [];
  for (let t = 0; t < steps; t++) {
    h = mul(add(matmul(h, w), slice(x, 0, t, t + 1)), constant(0.5, "float64"));
    states.push(h);
  }
  return concat(states, 0);
}

describe("equal groups", () => {
  it("given more steps of a recurrence, not more groups are lowered", () => {
    const small = run(() => recurrent(4, 16));
    const large = run(() => recurrent(8, 16));
    expect(small.found).toBeGreaterThan(0);
    expect(large.lowered).toBeLessThanOrEqual(small.lowered);
    expect(large.found).toBeGreaterThan(small.found);
  });

  it("given a program with another root, groups of the one before are found", () => {
    const make = (): Node => mul(matmul(leaf([5, 23], 1), leaf([23, 7], 2)), constant(3, "float32"));
    expect(run(make).lowered).toBe(1);
    expect(run(make, () => sum(leaf([3, 40], 4), [1]))).toEqual({ lowered: 1, found: 1 });
  });

  it("given an LSTM over a longer sequence, its training step lowers no more groups", () => {
    setTarget("interpreter");
    const loweredFor = (steps: number): number => {
      manualSeed(0);
      const lstm = new nn.LSTM(4, 16);
      const x = randn([steps, 2, 4]);
      x.toArray();
      const before = loweringStats().lowered;
      const [output] = lstm(x);
      output.sum().backward();
      for (const parameter of lstm.parameters()) parameter.grad?.toArray();
      return loweringStats().lowered - before;
    };
    const few = loweredFor(6);
    expect(loweredFor(12)).toBeLessThanOrEqual(few);
  });
});

describe("groups that are not equal", () => {
  const x = (): Node => leaf([4, 24], 5);
  const y = (): Node => leaf([4, 24], 6);
  const number = (value: number) => constant(value, "float32");
  const pairs: Record<string, [() => Node, () => Node]> = {
    "a constant": [() => mul(x(), number(3)), () => mul(x(), number(5))],
    "the sign of zero": [() => add(x(), number(0)), () => add(x(), number(-0))],
    "a shape": [() => sum(leaf([6, 40], 7), [1]), () => sum(leaf([5, 48], 7), [1])],
    "a dtype of what is read": [
      () => cast(leaf([30], 8, "int32"), "float32"),
      () => cast(leaf([30], 8, "uint8"), "float32"),
    ],
    "a dtype of the result": [
      () => cast(leaf([31], 8, "int32"), "float32"),
      () => cast(leaf([31], 8, "int32"), "int16"),
    ],
    "one buffer read twice": [() => mul(add(x(), number(9)), y()), () => square(add(x(), number(9)))],
    "the distance of two places": [() => places(0, 4), () => places(0, 6)],
    "a place that begins within 64 bytes": [() => places(0, 8), () => places(1, 9)],
    "the order of dims": [() => permuted([1, 0, 2]), () => permuted([2, 0, 1])],
    "a border": [() => pad(x(), [0, 1], [0, 2], 7), () => pad(x(), [0, 2], [0, 1], 7)],
    "the value of a border": [() => pad(y(), [0, 1], [0, 2], 7), () => pad(y(), [0, 1], [0, 2], 8)],
    "a step": [
      () => mul(slice(leaf([64], 9), 0, 0, 32, 2), number(2)),
      () => mul(slice(leaf([64], 9), 0, 0, 16, 1), number(2)),
    ],
    "the operand that is turned": [
      () => matmul(permute(leaf([16, 16], 1), [1, 0]), leaf([16, 16], 2)),
      () => matmul(leaf([16, 16], 1), permute(leaf([16, 16], 2), [1, 0])),
    ],
  };

  function square(node: Node): Node {
    return mul(node, node);
  }

  /** Rows of one buffer, read at two places. */
  function places(a: number, b: number): Node {
    const rows = leaf([12, 36], 10);
    return add(slice(rows, 0, a, a + 2), mul(slice(rows, 0, b, b + 2), number(4)));
  }

  function permuted(dims: readonly number[]): Node {
    return add(permute(leaf([8, 8, 8], 11), dims), number(1));
  }

  it.each(Object.entries(pairs))("%s: each is lowered by itself", (_, [first, second]) => {
    run(first);
    const { lowered } = run(second);
    expect(lowered).toBe(1);
  });

  it("given run-time numbers, each group reads its own, and one that reads one number twice is another", () => {
    const [p, q] = [scalar(3, "float32"), scalar(5, "float32")];
    const pair = (a: Node, b: Node) => (): Node => add(mul(leaf([4, 56], 12), a), mul(leaf([4, 56], 13), b));
    run(pair(p, q));
    expect(run(pair(q, p)).lowered).toBe(0);
    expect(run(pair(p, p)).lowered).toBe(1);
  });

  it("given places that are whole lines apart, the group is found, and reads its own place", () => {
    const at = (row: number) => (): Node => mul(slice(leaf([9, 32], 14), 0, row, row + 2), number(6));
    run(at(1));
    expect([run(at(3)), run(at(0)), run(at(7))]).toEqual(Array(3).fill({ lowered: 0, found: 1 }));
  });
});
