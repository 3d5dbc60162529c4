// Programs compiled from graphs: the interpreter has wasm's bits, and no two tiles of a stage touch the same element.
import { describe, expect, it } from "vitest";
import { type DType, IndexError } from "../../src/base/index.js";
import { runStep, type StepRequest } from "../../src/compiler/index.js";
import type { Node } from "../../src/graph/index.js";
import type { Target } from "../../src/ir/index.js";
import * as ops from "../../src/ops/index.js";
import { argsort } from "../../src/ops/sort.js";
import { createInterpreter, createWasmTarget, Runtime } from "../../src/targets/index.js";
import { noise, tensor } from "../ops/nodes.js";

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
const wasm = createWasmTarget({ runtime: new Runtime({ threads: 1 }) });
const interpreter = createInterpreter({ detectRaces: true });

const dtypes: readonly DType[] = ["float32", "float64", "int32", "int64", "uint8", "bool"];

/** Values that suit the dtype, negative and fractional ones where it has them. */
function leaf(shape: readonly number[], dtype: DType = "float32", seed = 1): Node {
  const values = noise(shape, -9, 9, seed).map((value) => {
    if (dtype === "bool") return value > 0;
    if (dtype === "uint8") return Math.abs(Math.round(value * 28));
    return dtype.startsWith("float") ? value : Math.round(value);
  });
  return tensor(values, shape, dtype);
}

/** A node's bytes as integers. Which NaN an operation gives is free, so all are written as one. */
function bitsOf(node: Node): readonly (number | bigint)[] {
  const values = node.storage?.toTypedArray();
  const oneNaN = (value: number) => (Number.isNaN(value) ? Number.NaN : value);
  if (values instanceof Float32Array) return [...new Int32Array(values.map(oneNaN).buffer)];
  if (values instanceof Float64Array) return [...new BigInt64Array(values.map(oneNaN).buffer)];
  return [...(values as Int32Array)];
}

function run(target: Target, make: () => StepRequest): (readonly (number | bigint)[])[] {
  const request = make();
  runStep(request, target);
  return [...request.outputs, ...request.updates.map((update) => update.target)].map(bitsOf);
}

function expectSameBits(make: () => StepRequest): void {
  expect(run(interpreter, make)).toEqual(run(wasm, make));
}

function expectSameOutputs(make: () => Node[]): void {
  expectSameBits(() => ({ outputs: make(), updates: [] }));
}

const number = (value: number, dtype: DType = "float32") => ops.constant(value, dtype);

describe("graphs give the bits of wasm", () => {
  it.each(dtypes)("%s: given arithmetic, comparisons and choices", (dtype) => {
    expectSameOutputs(() => {
      const [x, y] = [leaf([5, 7], dtype), leaf([7], dtype, 2)];
      const shared = [ops.add(x, y), ops.mul(x, y), ops.div(x, y), ops.maximum(x, y), ops.minimum(x, y)];
      const choices = [ops.eq(x, y), ops.lt(x, y), ops.le(x, y), ops.where(ops.lt(x, y), x, y)];
      return [...shared, ...choices];
    });
    if (dtype === "bool") return;
    expectSameOutputs(() => {
      const [x, y] = [leaf([5, 7], dtype), leaf([7], dtype, 2)];
      const signs = [ops.sub(x, y), ops.neg(x), ops.abs(x), ops.sign(x)];
      return [...signs, ops.floorDivide(x, y), ops.remainder(x, y), ops.pow(x, number(2, dtype))];
    });
  });

  it.each(dtypes)("%s: given casts to every dtype", (dtype) => {
    expectSameOutputs(() => dtypes.map((to) => ops.cast(leaf([37], dtype), to)));
  });

  it.each(dtypes)("%s: given moved elements", (dtype) => {
    expectSameOutputs(() => {
      const x = leaf([5, 7], dtype);
      const moved = [
        ops.pad(x, [1, 2], [0, 3], 1),
        ops.flip(x, [0, 1]),
        ops.slice(x, 1, 1, 7, 2),
        ops.permute(x, [1, 0]),
      ];
      return [...moved, ops.concat([x, ops.permute(leaf([7, 5], dtype, 4), [1, 0])], 1)];
    });
  });

  it.each(["float32", "float64"] as const)("%s: given functions of short and long rows", (dtype) => {
    for (const n of [1, 5, 64, 1000]) {
      expectSameOutputs(() => {
        const x = leaf([n], dtype);
        const positive = ops.abs(x);
        const all = [ops.exp, ops.expm1, ops.sin, ops.cos, ops.tan, ops.tanh, ops.atan, ops.erf].map((f) => f(x));
        const rest = [ops.sqrt, ops.rsqrt, ops.log, ops.log1p].map((f) => f(positive));
        return [...all, ...rest, ops.pow(positive, number(1.7, dtype))];
      });
    }
  });

  it.each(["float32", "float64"] as const)("%s: given numbers at the edges", (dtype) => {
    const edges = [0, 1, -1, nan, inf, -inf, 1e-45, 3.4e38, 2 ** 31, -(2 ** 63), 0.5, 2.5, 1e-310, -0];
    expectSameOutputs(() => {
      const x = tensor(edges, [edges.length], dtype);
      const y = ops.reshape(x, [edges.length, 1]);
      const pairs = [ops.add, ops.sub, ops.mul, ops.div, ops.pow, ops.fmod, ops.floorDivide].map((f) => f(x, y));
      const single = [ops.round, ops.trunc, ops.floor, ops.ceil, ops.exp, ops.log, ops.tanh, ops.sin, ops.erf];
      return [...pairs, ...single.map((f) => f(x)), ...dtypes.map((to) => ops.cast(x, to))];
    });
    expectSameOutputs(() => {
      // Without -0: which zero the larger of 0 and -0 is, targets may choose.
      const x = tensor(edges.slice(0, -1), [edges.length - 1], dtype);
      const y = ops.reshape(x, [edges.length - 1, 1]);
      return [ops.maximum(x, y), ops.minimum(x, y)];
    });
  });

  it.each(["float32", "float64", "int32", "int64"] as const)("%s: given reductions and scans", (dtype) => {
    expectSameOutputs(() => {
      const x = leaf([9, 131], dtype);
      const sums = [ops.sum(x, [0]), ops.sum(x, [1]), ops.sum(x, [0, 1]), ops.prod(ops.slice(x, 1, 0, 5), [1])];
      return [...sums, ops.amax(x, [0]), ops.amin(x, [1]), ops.cumsum(x, 1), ops.cumsum(x, 0), argsort(x, 1, false)];
    });
  });

  it.each(["float32", "float64", "int32"] as const)("%s: given products of small and large matrices", (dtype) => {
    for (const [m, k, n] of [
      [1, 5, 3],
      [7, 33, 19],
      [70, 65, 130],
    ] as const) {
      expectSameOutputs(() => {
        const [a, b, c] = [leaf([m, k], dtype), leaf([k, n], dtype, 2), leaf([n, k], dtype, 3)];
        return [
          ops.matmul(a, b),
          ops.matmul(a, ops.permute(c, [1, 0])),
          ops.add(ops.matmul(a, b), leaf([n], dtype, 4)),
        ];
      });
    }
  });

  it("given convolutions, windows and what folds them back", () => {
    expectSameOutputs(() => {
      const x = leaf([2, 4, 9, 10]);
      const axes = [
        { dim: 2, count: 4, size: 3, stride: 2, dilation: 1 },
        { dim: 3, count: 4, size: 2, stride: 2, dilation: 3 },
      ];
      const windows = ops.window(x, axes);
      const images = ops.conv2d(x, leaf([6, 2, 3, 3], "float32", 2), leaf([6], "float32", 3), {
        padding: 1,
        groups: 2,
      });
      return [windows, ops.fold(leaf(windows.shape, "float32", 5), axes, [9, 10]), images];
    });
  });

  it("given softmax and normalisation of rows", () => {
    expectSameOutputs(() => {
      const x = leaf([6, 75]);
      return [ops.softmax(x, 1), ops.logSoftmax(x, 0), ops.logsumexp(x, 1), ops.layerNorm(x, [75])];
    });
  });

  it("given indices: reads, writes and sums", () => {
    const index = () => tensor([3, 0, 3, 4, 1, 1, 2], [7], "int32");
    expectSameOutputs(() => {
      const x = leaf([5, 6]);
      const source = leaf([7, 6], "float32", 2);
      return [ops.indexSelect(x, 0, index()), ops.indexAdd(x, 0, index(), source), ops.embedding(x, index())];
    });
  });

  it("given random bits", () => {
    expectSameOutputs(() => {
      const words = { low: number(7, "int32"), high: number(0, "int32") };
      const bits = ops.randomBits(101, words, words);
      return [bits, ops.uniformFromBits(bits)];
    });
  });

  it("given updates in place, alone and after others that read the old values", () => {
    expectSameBits(() => {
      const [a, b] = [leaf([40]), leaf([40], "float32", 2)];
      return {
        outputs: [ops.sum(a, [0])],
        updates: [
          { value: ops.sub(a, ops.mul(b, number(0.1))), target: a },
          { value: ops.add(ops.flip(a, [0]), b), target: b },
        ],
      };
    });
  });
});

describe("indices that do not exist", () => {
  it.each([
    ["interpreter", interpreter],
    ["wasm", wasm],
  ])("%s: throws and writes nothing in place", (_, target) => {
    const [x, counter] = [leaf([5, 6]), leaf([3])];
    const before = bitsOf(counter);
    const request = {
      outputs: [ops.indexSelect(x, 0, ops.add(tensor([-1, 4], [2], "int32"), number(1, "int32")))],
      updates: [{ value: ops.add(counter, number(1)), target: counter }],
    };

    expect(() => runStep(request, target)).toThrow(IndexError);
    expect(bitsOf(counter)).toEqual(before);
  });
});
