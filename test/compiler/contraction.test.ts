// The contraction schedule on targets of every vector width, in all layouts, with whatever a schedule may choose. Small whole
// numbers, so that every value is exact and the definition's plain loops are the oracle.
import { afterEach, describe, expect, it } from "vitest";
import type { DType, Storage } from "../../src/base/index.js";
import { runStep, setScheduleHook } from "../../src/compiler/index.js";
import type { Node } from "../../src/graph/index.js";
import type { Program, Target } from "../../src/ir/index.js";
import { add, cast, constant, conv2d, gt, matmul, mul, permute, relu, reshape, sub } from "../../src/ops/index.js";
import { createInterpreter } from "../../src/targets/interpreter/index.js";
import { gradients, input, integers, values } from "../ops/helpers.js";
import { kernelsOf } from "./noting.js";

/** The interpreter, taking itself for a machine with vectors of `lanes` floats. */
function machine(lanes: number): Target {
  const target = createInterpreter({ detectRaces: true });
  const microShapes = lanes >= 8 ? [{ rows: 5, vectors: 2 }] : [{ rows: 4, vectors: 2 }];
  const info = {
    ...target.info,
    lanes: (bytes: number) => (bytes === 8 ? Math.max(1, lanes / 2) : lanes),
    supportsVector: () => lanes > 1,
    microShapes,
  };
  return { name: target.name, info, load: (program) => target.load(program) };
}

function computed(node: Node, target: Target): number[] {
  runStep({ outputs: [node], updates: [] }, target);
  return Array.from((node.storage as Storage).toTypedArray() as ArrayLike<number>);
}

/** Fails with the first element that differs from the reference. */
function expectRight(make: () => Node, target: Target): void {
  const wanted = values(make());
  const actual = computed(make(), target);
  expect(actual.length).toBe(wanted.length);
  const i = actual.findIndex((value, at) => value !== wanted[at]);
  if (i >= 0) expect.fail(`element ${i} is ${actual[i]}, not ${wanted[i]}`);
}

function product(
  m: number,
  k: number,
  n: number,
  layout: string,
  dtype: "float32" | "float64" = "float32",
  batch: readonly number[] = [],
): Node {
  const count = batch.reduce((x, y) => x * y, 1);
  const side = (rows: number, columns: number, isTurned: boolean, seed: number): Node => {
    const sizes = isTurned ? [columns, rows] : [rows, columns];
    const x = input(integers(count * rows * columns, 4, seed), [...batch, ...sizes], dtype);
    const d = batch.length;
    return isTurned ? permute(x, [...batch.map((_, i) => i), d + 1, d]) : x;
  };
  return matmul(side(m, k, layout.startsWith("T"), 1), side(k, n, layout.endsWith("T"), 2));
}

function number(value: number, dtype: DType = "float32"): Node {
  return constant(value, dtype);
}

afterEach(() => {
  setScheduleHook(null);
});

describe.each([1, 4, 8, 16])("vectors of %i floats", (lanes) => {
  const target = machine(lanes);

  for (const layout of ["NN", "NT", "TN", "TT"]) {
    it(`matmul ${layout}: given odd sizes, gives every element`, () => {
      expectRight(() => product(23, 37, 45, layout), target);
      expectRight(() => product(7, 53, 33, layout, "float64"), target);
    });

    it(`matmul ${layout}: given a sum of several blocks and parts, takes every term once`, () => {
      expectRight(() => product(9, 1100, 35, layout), target);
      expectRight(() => relu(sub(product(33, 640, 37, layout), number(9))), target); // an epilogue after the last block
    });

    it(`matmul ${layout}: given every kind of packing and several tiles, gives the same`, () => {
      for (const packRows of ["none", "tile", "before"] as const) {
        for (const packColumns of ["tile", "before"] as const) {
          setScheduleHook(({ chosen }) => ({
            ...chosen,
            packRows,
            packColumns,
            tileRows: 2 * chosen.microRows,
            tileColumns: chosen.microVectors * lanes,
          }));
          expectRight(() => product(13, 19, 40, layout, "float32", [2]), target);
        }
      }
    });
  }

  it("matmul: given columns that are read in place, some of them beyond the last whole panel, gives the same", () => {
    setScheduleHook(({ chosen }) => ({
      ...chosen,
      packColumns: "none",
      tileRows: 2 * chosen.microRows,
      tileColumns: 2 * chosen.microVectors * lanes,
    }));
    for (const layout of ["NN", "TN"]) {
      for (const n of [40, 64, 67]) {
        expectRight(() => product(13, 19, n, layout, "float32", [2]), target);
        expectRight(() => relu(sub(product(9, 800, n, layout), number(9))), target); // several blocks
      }
    }
  });

  it("an epilogue: given bias, activation and residual, gives every element of what is used", () => {
    const row = () => input(integers(45, 4, 5), [45]);
    const residual = () => input(integers(23 * 45, 4, 6), [23, 45]);
    const column = () => input(integers(9, 4, 7), [9, 1]);

    expectRight(() => relu(sub(product(23, 37, 45, "NN"), mul(row(), number(40)))), target);
    expectRight(() => add(relu(sub(product(23, 37, 45, "NT"), number(50))), residual()), target);
    expectRight(() => mul(cast(product(23, 37, 45, "TN"), "int32"), number(3, "int32")), target);
    expectRight(() => add(product(9, 1100, 35, "NN"), column()), target);
    expectRight(() => add(product(5, 7, 1, "NN"), number(3)), target);
  });

  it("an epilogue of a convolution: given bias and activation, gives every element", () => {
    const x = () => input(integers(2 * 3 * 11 * 9, 4, 3), [2, 3, 11, 9]);
    const w = () => input(integers(10 * 3 * 3 * 3, 4, 4), [10, 3, 3, 3]);
    const bias = () => input(integers(10, 100, 5), [10]);

    expectRight(() => relu(sub(conv2d(x(), w(), bias(), { padding: 1 }), number(80))), target);
    expectRight(() => relu(sub(conv2d(x(), w(), bias(), { stride: 2 }), number(80))), target);
  });

  for (const [name, c, o, size, kernel, options] of [
    ["padding", 3, 10, [11, 9], [3, 3], { padding: 1 }],
    ["padding, panels that lie alike in their rows", 3, 32, [5, 10], [3, 3], { padding: 1 }],
    ["padding and stride", 3, 10, [11, 9], [3, 3], { padding: 1, stride: 2 }],
    ["dilation", 4, 9, [10, 12], [3, 2], { dilation: 2, padding: [1, 2] }],
    ["stride 3", 3, 5, [17, 16], [5, 4], { stride: 3, padding: 2 }],
    ["one position a row", 5, 12, [9, 3], [3, 3], { padding: [1, 0] }],
    ["groups", 4, 8, [9, 8], [3, 3], { padding: 1, groups: 2 }],
    ["depthwise", 6, 6, [9, 8], [3, 3], { padding: 1, groups: 6 }],
    ["depthwise without padding, many channels", 13, 13, [8, 7], [3, 3], { groups: 13 }],
    ["depthwise, two results a channel", 3, 6, [12, 9], [5, 5], { padding: 2, groups: 3 }],
    ["depthwise and stride", 4, 4, [13, 18], [3, 3], { padding: 1, stride: 2, groups: 4 }],
    ["depthwise on long rows", 2, 2, [5, 131], [3, 3], { padding: 1, groups: 2 }],
    ["depthwise on long rows and stride", 2, 2, [5, 140], [3, 3], { padding: 1, stride: 2, groups: 2 }],
    ["windows along short rows only", 5, 12, [6, 18], [1, 3], { padding: [0, 1] }],
    ["windows along one short row an image", 5, 12, [1, 18], [1, 3], { padding: [0, 1] }],
    ["depthwise 1×1 and stride", 5, 10, [7, 9], [1, 1], { stride: 2, groups: 5 }],
    ["1×1", 7, 9, [6, 7], [1, 1], {}],
    ["1×1 on long rows", 3, 5, [17, 16], [1, 1], {}],
    ["rows of one kernel", 30, 34, [7, 7], [3, 3], { padding: 1 }],
  ] as const) {
    it(`conv2d: given ${name}, gives every element of result and gradients`, () => {
      const groups = "groups" in options ? options.groups : 1;
      const x = () => input(integers(2 * c * size[0] * size[1], 4, 3), [2, c, ...size], "float32", true);
      const count = o * (c / groups) * kernel[0] * kernel[1];
      const w = () => input(integers(count, 4, 4), [o, c / groups, ...kernel], "float32", true);

      expectRight(() => conv2d(x(), w(), null, options), target);
      for (const which of [0, 1]) {
        expectRight(() => {
          const inputs = [x(), w()] as const;
          const y = conv2d(...inputs, null, options);
          const upstream = input(integers(y.size, 4, 5), y.shape);
          return gradients(y, upstream, inputs, add)[which] as Node;
        }, target);
      }
    });
  }

  it("operands that are computed: given conversions and masks, gives every element", () => {
    const pixels = () => cast(input(integers(23 * 37, 200, 8), [23, 37], "uint8"), "float32");
    const w = () => input(integers(37 * 45, 4, 9), [37, 45]);
    const masked = () => mul(w(), cast(gt(w(), number(1)), "float32"));

    expectRight(() => matmul(pixels(), w()), target);
    expectRight(() => matmul(permute(w(), [1, 0]), permute(pixels(), [1, 0])), target);
    expectRight(() => matmul(pixels(), masked()), target);
    expectRight(() => matmul(permute(masked(), [1, 0]), permute(pixels(), [1, 0])), target);
  });

  it("matrix times vector, both ways: given long and short strides, gives every element", () => {
    expectRight(() => product(1, 600, 530, "NN"), target);
    expectRight(() => product(1, 600, 530, "NT"), target);
    expectRight(() => product(530, 601, 1, "NN"), target);
    expectRight(() => product(530, 603, 2, "TN"), target);
    expectRight(() => add(product(1, 600, 530, "NN"), input(integers(530, 4, 5), [530])), target);
  });
});

it("a schedule hook: given options that would change the order of sums, throws", () => {
  setScheduleHook(({ chosen }) => ({ ...chosen, blockDepth: 7 }));

  expect(() => computed(product(8, 8, 8, "NN"), machine(4))).toThrow(
    "a schedule's blockDepth and parts order its sums and may not be overridden",
  );
});

it.each([
  ["64 terms of 64 columns", 64, 64, "NN", "none"],
  ["64 terms of 64 columns, rows to be packed", 64, 64, "TN", "none"],
  ["more than half of a first-level cache", 65, 64, "NN", "packed"],
  ["columns along the sum", 64, 64, "NT", "packed"],
  ["columns that end within a panel", 64, 60, "NN", "packed"],
] as const)("few columns: given %s, they are read where they lie or not, and every element is right", (...given) => {
  const [, k, n, layout, wanted] = given;
  const chosen: string[] = [];
  setScheduleHook((_, found) => {
    chosen.push(found.packColumns === "none" ? "none" : "packed");
    return found;
  });

  expectRight(() => product(23, k, n, layout, "float32", [3]), machine(16));

  expect(chosen).toEqual([wanted]);
});

it("bias and activation are fused: given linear, bias and relu, runs one kernel that stores once", () => {
  const x = input(integers(64 * 64, 4), [64, 64]);
  const y = relu(add(matmul(x, x), input(integers(64, 4), [64])));

  const kernels = kernelsOf([y], machine(4));

  expect(kernels.map((kernel) => kernel.name).filter((name) => !name.startsWith("pack"))).toEqual(["contract_where"]);
});

// Staged, every position of a row would be a phase with statements of its own: thousands of lines.
it("rows that lie beside each other in flat memory: given a product of them, packs and does not stage", () => {
  const [m, k, n] = [5, 200, 37];
  const make = () => {
    const x = reshape(input(integers(m * k, 4, 1), [m * k]), [m, k]);
    const w = reshape(input(integers(n * k, 4, 2), [n * k]), [n, k]);
    return matmul(x, permute(w, [1, 0]));
  };
  const buffers: string[] = [];
  const target = machine(8);
  const load = (program: Program) => {
    buffers.push(...program.stages.flat().flatMap((kernel) => kernel.buffers.map(({ name }) => name)));
    return target.load(program);
  };

  expectRight(make, { ...target, load });

  expect(buffers.filter((name) => name.startsWith("box"))).toEqual([]);
});
