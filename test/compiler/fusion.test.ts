// What is computed on the spot instead of stored: short convolutions, gradients before a pooling, masks of chosen elements.
// Small whole numbers, so that values are exact; the reference interpreter of graphs is the oracle.
import { conv2d, maxPool2d, relu, setTarget, type Tensor, tensor } from "gradus";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readsWindows } from "../../src/compiler/costs.js";
import { chooseStored } from "../../src/compiler/materialize.js";
import type { Node } from "../../src/graph/index.js";
import { type Kernel, visitExpressions } from "../../src/ir/index.js";
import {
  add,
  conv2d as convNode,
  erf,
  exp,
  matmul,
  mul,
  pad,
  permute,
  maxPool2d as poolNode,
  relu as reluNode,
  softmax as softmaxNode,
  sumOfParts,
} from "../../src/ops/index.js";
import { gradients, input, integers } from "../ops/helpers.js";
import * as noting from "./noting.js";

let previous: string;
beforeEach(() => {
  previous = setTarget("reference");
});
afterEach(() => {
  setTarget(previous);
});

/** Whole numbers of -4 … 4. */
function whole(shape: readonly number[], seed: number): Tensor {
  const size = shape.reduce((n, s) => n * s, 1);
  return tensor(integers(size, 4, seed))
    .view([...shape])
    .clone();
}

interface Sizes {
  readonly images: number;
  readonly channels: number;
  readonly filters: number;
  readonly height: number;
  readonly width: number;
  readonly padding?: number;
  readonly stride?: number;
  readonly groups?: number;
}

/** The value after convolution, bias, relu and pooling, and the gradients of filters and bias. */
function firstLayer(target: string, sizes: Sizes, pool: number): number[][] {
  setTarget(target);
  const { images, channels, filters, height, width, padding = 0, stride = 1, groups = 1 } = sizes;
  const x = whole([images, channels, height, width], 1);
  const w = whole([filters, channels / groups, 3, 3], 2).requiresGrad_();
  const b = whole([filters], 3).requiresGrad_();
  const y = relu(conv2d(x, w, b, { padding, stride, groups }));
  const pooled = pool > 1 ? maxPool2d(y, pool) : y;
  const loss = pooled.mul(whole(pooled.shape, 4)).sum();
  loss.backward();
  return [pooled, w.grad as Tensor, b.grad as Tensor].map((t) => [...t.toTypedArray()].map(Number));
}

const cases: [string, Sizes, number][] = [
  ["one channel, pooled", { images: 8, channels: 1, filters: 8, height: 28, width: 28 }, 2],
  ["three channels", { images: 8, channels: 3, filters: 4, height: 26, width: 28 }, 2],
  ["a width below the lanes", { images: 12, channels: 1, filters: 10, height: 24, width: 20 }, 2],
  ["padding", { images: 10, channels: 1, filters: 6, height: 26, width: 22, padding: 1 }, 2],
  ["windows of three that do not cover all", { images: 8, channels: 1, filters: 7, height: 25, width: 31 }, 3],
  ["no pooling", { images: 9, channels: 1, filters: 12, height: 26, width: 30 }, 1],
  ["a stride", { images: 9, channels: 1, filters: 4, height: 51, width: 53, stride: 2 }, 2],
  ["groups of one channel", { images: 4, channels: 6, filters: 6, height: 14, width: 17, groups: 6 }, 1],
];

/** The value of a layer of few outputs, and the gradients of input, weight and bias. */
function lastLayer(target: string, [rows, terms, outputs]: readonly number[]): number[][] {
  setTarget(target);
  const x = whole([rows as number, terms as number], 1).requiresGrad_();
  const w = whole([outputs as number, terms as number], 2).requiresGrad_();
  const b = whole([outputs as number], 3).requiresGrad_();
  const y = x.matmul(w.t()).add(b);
  y.mul(whole(y.shape, 4)).sum().backward();
  return [y, x.grad, w.grad, b.grad].map((t) => [...(t as Tensor).toTypedArray()].map(Number));
}

/** The value of max-pooling after relu, and the gradient; ties, NaN and windows without a positive element included. */
function pooledRelu(target: string): number[][] {
  setTarget(target);
  const values = integers(2 * 8 * 12, 2, 5).map((value, i) =>
    i % 17 === 3 ? Number.NaN : i % 48 < 12 ? -Math.abs(value) : value,
  );
  const x = tensor(values).view([2, 1, 8, 12]).clone().requiresGrad_();
  const y = maxPool2d(relu(x), 2);
  y.mul(whole(y.shape, 6)).sum().backward();
  return [y, x.grad as Tensor].map((t) => [...t.toTypedArray()].map((value) => Number(value) + 0));
}

const references = new Map<string, number[][]>();

function reference(name: string, sizes: Sizes, pool: number): number[][] {
  const known = references.get(name) ?? firstLayer("reference", sizes, pool);
  references.set(name, known);
  return known;
}

describe.each(["interpreter", "interpreter:wide", "wasm"])("%s", (target) => {
  it.each(cases)("a first layer: given %s, gives value and gradients", (name, sizes, pool) => {
    expect(firstLayer(target, sizes, pool)).toEqual(reference(name, sizes, pool));
  });

  it("max-pooling after relu: given ties, NaN and windows below 0, gives value and gradient", () => {
    expect(pooledRelu(target)).toEqual(pooledRelu("reference"));
  });

  it.each([
    [64, 2501, 10],
    [7, 2100, 3],
    [8, 2100, 3],
    [5, 4097, 12],
  ])("a last layer: given %i rows, %i terms and %i outputs, gives value and gradients", (...sizes) => {
    expect(lastLayer(target, sizes)).toEqual(lastLayer("reference", sizes));
  });
});

/** The kernels of the program that computes `make`'s nodes. */
const kernelsOf = (make: () => readonly Node[]) => noting.kernelsOf(make());

describe("what is stored", () => {
  it("given a convolution of nine terms, bias, relu and pooling, runs one kernel that stores the pooled values", () => {
    const kernels = kernelsOf(() => {
      const x = input(integers(4 * 28 * 28, 4, 1), [4, 1, 28, 28]);
      const w = input(integers(32 * 9, 4, 2), [32, 1, 3, 3]);
      const y = reluNode(convNode(x, w, input(integers(32, 4, 3), [32])));
      return [poolNode(y, 2)];
    });

    expect(kernels).toHaveLength(1);
    const sizes = kernels[0]?.buffers.map((buffer) => buffer.size);
    expect(Math.max(...(sizes ?? []))).toBe(4 * 32 * 13 * 13);
  });

  it("given the gradients of a first layer's bias and filters, computes both in one pass, whichever comes first", () => {
    const names = (pick: (b: Node, w: Node) => Node[]) =>
      kernelsOf(() => {
        const x = input(integers(4 * 28 * 28, 4, 1), [4, 1, 28, 28]);
        const w = input(integers(32 * 9, 4, 2), [32, 1, 3, 3], "float32", true);
        const b = input(integers(32, 4, 3), [32], "float32", true);
        const y = poolNode(reluNode(convNode(x, w, b)), 2);
        const [db, dw] = gradients(y, input(integers(y.size, 4, 4), y.shape), [b, w], add) as [Node, Node];
        return pick(mul(db, db), dw);
      })
        .map((kernel) => kernel.name)
        .sort();

    const biasFirst = names((db, dw) => [db, dw]);

    expect(biasFirst).toEqual(names((db, dw) => [dw, db]));
    expect(biasFirst.filter((name) => name.includes("sum"))).toEqual([]);
  });

  it("given kernels of one stage, runs those first that write least, whatever order they were asked for in", () => {
    const names = (turned: boolean) =>
      kernelsOf(() => {
        const x = input(integers(64 * 96, 4, 1), [64, 96]);
        const large = matmul(x, input(integers(96 * 80, 4, 2), [96, 80]));
        const little = matmul(x, input(integers(96 * 3, 4, 3), [96, 3]));
        return turned ? [little, large] : [large, little];
      }).map((kernel) => (kernel.buffers.some((buffer) => buffer.size === 64 * 80) ? "large" : "little"));

    expect(names(false)).toEqual(["little", "large"]);
    expect(names(true)).toEqual(["little", "large"]);
  });

  it("given padded parts that cover a value, copies each to its place and adds nothing", () => {
    const part = (start: number) => pad(input(integers(4 * 3, 4, start), [4, 3]), [0, start], [0, 6 - start], 0);

    const kernels = kernelsOf(() => [sumOfParts([part(3), part(6), part(0)])]);

    expect(kernels.map((kernel) => kernel.name)).toEqual(["copy", "copy", "copy"]);
  });

  it("given such parts beside another gradient, joins them all the same, whatever arrived first", () => {
    const part = (start: number) => pad(input(integers(4 * 3, 4, start), [4, 3]), [0, start], [0, 6 - start], 0);
    const other = input(integers(4 * 9, 4, 1), [4, 9]);

    const sum = sumOfParts([part(3), other, part(6), part(0)]);

    expect(sum.inputs.map((x) => x.primitive.name)).toEqual(["storage", "concat"]);
    expect(sumOfParts([part(3), part(0)]).primitive.name).toBe("add");
  });

  it("given the gradient of a max-pooling whose windows overlap, reads each window where it lands and gathers nothing", () => {
    const kernels = kernelsOf(() => {
      const x = input(integers(2 * 8 * 32 * 32, 4, 1), [2, 8, 32, 32], "float32", true);
      const y = poolNode(x, 3, { stride: 2, padding: 1 });
      const gradient = input(integers(y.size, 4, 2), y.shape);
      return gradients(y, gradient, [x], add) as Node[];
    });

    expect(Math.max(...kernels.flatMap((kernel) => kernel.buffers.map((buffer) => buffer.size)))).toBe(2 * 8 * 32 * 32);
    const gradient = kernels[kernels.length - 1] as Kernel;
    let gathered = 0;
    visitExpressions(gradient.body, (x) => {
      if (x.kind === "lanes" && x.elements.some((element) => element.kind === "load")) gathered++;
    });
    expect(gathered).toBe(0);
  });

  it.each([
    [2, "uint8"],
    [16, "uint8"],
    [17, "int32"],
  ])("given the gradient of a max-pooling over windows of %i², keeps the places in them as %s", (window, dtype) => {
    const kernels = kernelsOf(() => {
      const x = input(integers(16 * 136 * 136, 4, 1), [2, 8, 136, 136], "float32", true);
      const y = poolNode(x, window);
      const gradient = input(integers(y.size, 4, 2), y.shape);
      return [...(gradients(y, gradient, [x], add) as Node[]), y];
    });

    const places = kernels.flatMap((kernel) => kernel.buffers.filter((buffer) => !buffer.dtype.startsWith("float")));
    expect(new Set(places.map((buffer) => buffer.dtype))).toEqual(new Set([dtype]));
  });

  it("given a depthwise data gradient over a stride, of whose phases one has a single tap, runs one kernel", () => {
    const kernels = kernelsOf(() => {
      const x = input(integers(2 * 6 * 14 * 38, 4, 1), [2, 6, 14, 38], "float32", true);
      const w = input(integers(6 * 9, 4, 2), [6, 1, 3, 3]);
      const y = convNode(x, w, null, { padding: 1, stride: 2, groups: 6 });
      return gradients(y, input(integers(y.size, 4, 3), y.shape), [x], add) as Node[];
    });

    expect(kernels).toHaveLength(1);
  });

  it("given a padded convolution of a value that is dear to compute, stores the value and not the padding", () => {
    const kernels = kernelsOf(() => {
      const x = input(integers(2 * 16 * 14 * 14, 4, 1), [2, 16, 14, 14]);
      const w = input(integers(32 * 16 * 9, 4, 2), [32, 16, 3, 3]);
      return [convNode(exp(exp(x)), w, null, { padding: 1, stride: 2 })];
    });

    const stored = new Set(kernels.flatMap((kernel) => kernel.buffers.filter(({ space }) => space === "global")));
    expect([...stored].map((buffer) => buffer.size)).not.toContain(2 * 16 * 16 * 16);
  });

  it("given softmax of long rows, keeps what passes between its loops in the thread's own memory", () => {
    const [kernel, ...others] = kernelsOf(() => [softmaxNode(input(integers(64 * 128, 4, 1), [64, 128]), 1)]);

    expect(others).toEqual([]);
    const sizes = (space: string) => kernel?.buffers.filter((b) => b.space === space).map((b) => b.size);
    expect(sizes("global")).toEqual([64 * 128, 64 * 128]);
    expect(sizes("local")).toEqual([128]);
  });

  it("given softmax of rows of 128 and of 256, counts the same work for each element", () => {
    const [short, long] = [128, 256].map((columns) => {
      const [kernel] = kernelsOf(() => [softmaxNode(input(integers(64 * columns, 4, 1), [64, columns]), 1)]);
      return (kernel as Kernel).flops / (64 * columns);
    });

    // A row's quotient adds less to more elements.
    expect(long).toBeCloseTo(short as number, 0);
    expect(long).toBeGreaterThan(3);
  });

  it.each([
    [512, true],
    [1024, false],
  ])("given erf of %i rows of 1024 that is read twice, far apart, stores it: %s", (rows, isStored) => {
    const x = input(integers(rows * 1024, 4, 1), [rows, 1024]);
    const y = erf(x);
    const later = matmul(mul(y, x), input(integers(1024 * 1024, 4, 2), [1024, 1024]));

    expect(chooseStored([mul(y, later)]).stored.has(y)).toBe(isStored);
  });

  it("given a filter gradient, writes it in the filter's order; a product that others read as well is permuted apart", () => {
    const gradient = kernelsOf(() => {
      const x = input(integers(2 * 24 * 14 * 14, 4, 1), [2, 24, 14, 14]);
      const w = input(integers(40 * 24 * 9, 4, 2), [40, 24, 3, 3], "float32", true);
      const y = convNode(x, w, null, { padding: 1 });
      return gradients(y, input(integers(y.size, 4, 3), y.shape), [w], add) as Node[];
    });
    const both = kernelsOf(() => {
      const y = matmul(input(integers(40 * 24, 4, 1), [40, 24]), input(integers(24 * 50, 4, 2), [24, 50]));
      return [y, permute(y, [1, 0])];
    });

    expect(gradient.filter((kernel) => kernel.name.includes("permute"))).toEqual([]);
    expect(both.filter((kernel) => kernel.name === "contract")).toHaveLength(1);
  });
});

describe("readsWindows", () => {
  it("given 60 sums of a value with itself, visits each node once", () => {
    let x: Node = input(integers(4, 4, 1), [4]);
    for (let i = 0; i < 60; i++) x = add(x, x); // 2^60 paths

    expect(readsWindows(x)).toBe(false);
  });
});
