import { describe, expect, test } from "vitest";
import { ArgumentError, DTypeError, numel, type Shape, ShapeError } from "../../src/base/index.js";
import type { Node } from "../../src/graph/index.js";
import {
  addmm,
  bmm,
  type ConvOptions,
  conv1d,
  conv2d,
  conv3d,
  convTranspose1d,
  convTranspose2d,
  dot,
  einsum,
  linear,
  matmul,
  mm,
  mv,
  outer,
  scaledDotProductAttention,
  tril,
} from "../../src/ops/index.js";
import { expectError } from "./errors.js";
import {
  expectClose,
  expectSameOnWasm,
  gradcheck,
  gradgradcheck,
  gradients,
  noise,
  tensor,
  valuesOf,
} from "./nodes.js";

const random = (shape: Shape, seed = 1): Node => tensor(noise(shape, -1, 1, seed), shape, "float64");
const counting = (shape: Shape): Node =>
  tensor(
    Array.from({ length: numel(shape) }, (_, i) => i + 1),
    shape,
    "float64",
  );

/** Element of a row-major array, dims of size 1 broadcast. */
function at(values: readonly number[], shape: Shape, index: readonly number[]): number {
  let flat = 0;
  const lead = index.length - shape.length;
  shape.forEach((size, d) => {
    flat = flat * size + (size === 1 ? 0 : (index[d + lead] as number));
  });
  return values[flat] as number;
}

/** torch.matmul by its definition for operands of at least 2 dims. */
function product(a: Node, b: Node, shape: Shape): number[] {
  const [x, y] = [valuesOf(a), valuesOf(b)];
  const inner = a.shape[a.shape.length - 1] as number;
  return Array.from({ length: numel(shape) }, (_, i) => {
    const index: number[] = [];
    let rest = i;
    for (let d = shape.length - 1; d >= 0; d--) {
      index.unshift(rest % (shape[d] as number));
      rest = Math.floor(rest / (shape[d] as number));
    }
    const [batch, row, column] = [
      index.slice(0, -2),
      index[shape.length - 2] as number,
      index[shape.length - 1] as number,
    ];
    let sum = 0;
    for (let k = 0; k < inner; k++) sum += at(x, a.shape, [...batch, row, k]) * at(y, b.shape, [...batch, k, column]);
    return sum;
  });
}

describe("matmul", () => {
  test.each<[Shape, Shape, Shape]>([
    [
      [2, 3],
      [3, 4],
      [2, 4],
    ],
    [
      [5, 2, 3],
      [3, 4],
      [5, 2, 4],
    ],
    [
      [2, 3],
      [5, 3, 4],
      [5, 2, 4],
    ],
    [
      [5, 2, 3],
      [5, 3, 4],
      [5, 2, 4],
    ],
    [
      [2, 1, 2, 3],
      [4, 3, 2],
      [2, 4, 2, 2],
    ],
    [
      [1, 2, 3],
      [6, 3, 2],
      [6, 2, 2],
    ],
    [
      [1, 1, 1],
      [1, 1, 1],
      [1, 1, 1],
    ],
    [
      [3, 1, 2, 2],
      [1, 2, 2, 3],
      [3, 2, 2, 3],
    ],
    [
      [0, 2, 3],
      [3, 2],
      [0, 2, 2],
    ],
    [
      [2, 0],
      [0, 3],
      [2, 3],
    ],
  ])("given %j and %j, gives %j with the right values and gradients", (a, b, shape) => {
    const [x, y] = [random(a), random(b, 2)];
    const z = matmul(x, y);
    expect(z.shape).toEqual(shape);
    expectClose(valuesOf(z), product(x, y, shape), 1e-14);
    gradcheck(matmul, [{ shape: a }, { shape: b }]);
    if (numel(shape) > 0) expectSameOnWasm(() => matmul(random(a), random(b, 2)), 1e-14);
  });

  test("given vectors, drops their dim", () => {
    expect(valuesOf(matmul(counting([3]), counting([3])))).toEqual([14]);
    expect(matmul(counting([3]), counting([3])).shape).toEqual([]);
    expect(valuesOf(matmul(counting([2, 3]), counting([3])))).toEqual([14, 32]);
    expect(valuesOf(matmul(counting([2]), counting([2, 3])))).toEqual([9, 12, 15]);
    expect(matmul(counting([4]), random([5, 4, 2])).shape).toEqual([5, 2]);
    expect(matmul(random([5, 2, 4]), counting([4])).shape).toEqual([5, 2]);
  });

  test("given the named forms, agrees with matmul", () => {
    const [a, b] = [counting([2, 3]), counting([3, 2])];
    expect(valuesOf(mm(a, b))).toEqual([22, 28, 49, 64]);
    expect(valuesOf(mv(a, counting([3])))).toEqual([14, 32]);
    expect(valuesOf(dot(counting([3]), counting([3])))).toEqual([14]);
    expect(valuesOf(outer(counting([2]), counting([3])))).toEqual([1, 2, 3, 2, 4, 6]);
    expect(valuesOf(addmm(counting([2]), a, b, { beta: 2, alpha: 0.5 }))).toEqual([13, 18, 26.5, 36]);
    expect(bmm(random([5, 2, 3]), random([5, 3, 4])).shape).toEqual([5, 2, 4]);
    expect(valuesOf(linear(a, counting([2, 3]), counting([2])))).toEqual([15, 34, 33, 79]);
    expect(linear(counting([3]), counting([2, 3])).shape).toEqual([2]);
  });

  test("given operands that do not fit, throws naming both shapes", () => {
    expectError(
      () => matmul(counting([2, 3]), counting([4, 2])),
      ShapeError,
      "matmul: inner sizes 3 and 4 differ ([2,3] times [4,2])",
    );
    expectError(
      () => matmul(random([2, 2, 3]), random([3, 3, 2])),
      ShapeError,
      "matmul: batch sizes 2 and 3 do not broadcast ([2,2,3] times [3,3,2])",
    );
    expectError(
      () => matmul(counting([2, 2]), tensor([1, 2, 3, 4], [2, 2])),
      DTypeError,
      "matmul: dtypes float64 and float32 differ; convert one with .to(dtype)",
    );
    expectError(() => mm(counting([2]), counting([2, 2])), ShapeError, "mm: input must have 2 dims, has 1 (input [2])");
    expectError(
      () => linear(counting([2, 3]), counting([5, 4])),
      ShapeError,
      "linear: input has 3 features but weight expects 4 (input [2,3], weight [5,4])",
    );
  });
});

describe("einsum", () => {
  test("given one operand, sums, transposes and takes diagonals", () => {
    const x = counting([2, 3]);
    expect(valuesOf(einsum("ij->ji", [x]))).toEqual([1, 4, 2, 5, 3, 6]);
    expect(valuesOf(einsum("ij->", [x]))).toEqual([21]);
    expect(valuesOf(einsum("ij->j", [x]))).toEqual([5, 7, 9]);
    expect(valuesOf(einsum("ba", [x]))).toEqual([1, 4, 2, 5, 3, 6]);
    expect(valuesOf(einsum("ii->i", [counting([3, 3])]))).toEqual([1, 5, 9]);
    expect(valuesOf(einsum("ii", [counting([3, 3])]))).toEqual([15]);
    expect(valuesOf(einsum("iij->ji", [counting([2, 2, 2])]))).toEqual([1, 7, 2, 8]);
    expect(valuesOf(einsum("...->", [x]))).toEqual([21]);
  });

  test("given several operands, equals the same with matmul", () => {
    const [a, b, c] = [random([2, 3]), random([3, 4], 2), random([4, 5], 3)];
    expectClose(valuesOf(einsum("ij,jk->ik", [a, b])), valuesOf(matmul(a, b)), 1e-14);
    expectClose(valuesOf(einsum("ij,jk,kl", [a, b, c])), valuesOf(matmul(matmul(a, b), c)), 1e-14);
    const [q, k] = [random([2, 3, 4, 5]), random([2, 3, 6, 5], 2)];
    const scores = einsum("...qd,...kd->...qk", [q, k]);
    expect(scores.shape).toEqual([2, 3, 4, 6]);
    expectClose(valuesOf(scores), valuesOf(einsum("bhqd,bhkd->bhqk", [q, k])), 1e-14);
    expect(einsum("...ij,jk->...ik", [random([2, 1, 3, 4]), random([4, 5])]).shape).toEqual([2, 1, 3, 5]);
    expectClose(
      valuesOf(einsum("...i,...i->...", [random([2, 1, 3]), random([4, 3], 2)])),
      valuesOf(einsum("aci,bi->ab", [random([2, 1, 3]), random([4, 3], 2)])),
      1e-14,
    );
  });

  test.each<[string, Shape[]]>([
    [
      "ij,jk->ki",
      [
        [2, 3],
        [3, 2],
      ],
    ],
    [
      "ii,jk->ik",
      [
        [2, 2],
        [3, 2],
      ],
    ],
    ["i,j->ij", [[2], [3]]],
    [
      "ij,ij->ij",
      [
        [2, 3],
        [2, 3],
      ],
    ],
    [
      "bn,anm,bm->ba",
      [
        [2, 3],
        [2, 3, 2],
        [2, 2],
      ],
    ],
    [
      "b...,b...->b...",
      [
        [2, 1, 3],
        [2, 2, 3],
      ],
    ],
    [
      "ij,kj->i",
      [
        [2, 3],
        [4, 3],
      ],
    ],
    ["...,ij", [[], [2, 2]]],
  ])("%s: given %j, has the right gradients and agrees with wasm", (equation, shapes) => {
    gradcheck(
      (...nodes) => einsum(equation, nodes),
      shapes.map((shape) => ({ shape })),
    );
    expectSameOnWasm(
      () =>
        einsum(
          equation,
          shapes.map((shape, i) => random(shape, i + 1)),
        ),
      1e-14,
    );
  });

  test("given wrong equations, throws", () => {
    const x = counting([2, 3]);
    const wrong = (equation: string, nodes: Node[], kind: typeof ArgumentError | typeof ShapeError, message: string) =>
      expectError(() => einsum(equation, nodes), kind, message);
    wrong("ij->k", [x], ArgumentError, 'einsum: "ij->k" has "k" in its output but in no operand');
    wrong("ij->ii", [x], ArgumentError, 'einsum: "ij->ii" repeats "i" in its output');
    wrong("ij,jk", [x], ArgumentError, 'einsum: "ij,jk" is for 2 operands, got 1');
    wrong("i1", [x], ArgumentError, 'einsum: "i1" has "1" where a letter or one "..." an operand is expected');
    wrong("i", [x], ShapeError, 'einsum: "i" names 1 dims of operand 0 but it has 2 (operand [2,3])');
    wrong("ii", [x], ShapeError, 'einsum: "ii" repeats "i" on dims of sizes 2 and 3 of one operand (operand [2,3])');
    wrong("ij,jk", [x, x], ShapeError, 'einsum: "ij,jk" gives "j" sizes 3 and 2 (operands [2,3], [2,3])');
  });
});

describe("convolution", () => {
  test("conv2d: given a kernel of ones, sums windows", () => {
    const x = counting([1, 1, 3, 3]);
    const ones = tensor([1, 1, 1, 1], [1, 1, 2, 2], "float64");
    expect(valuesOf(conv2d(x, ones))).toEqual([12, 16, 24, 28]);
    expect(valuesOf(conv2d(x, ones, tensor([0.5], [1], "float64"), { stride: 2, padding: 1 }))).toEqual([
      1.5, 5.5, 11.5, 28.5,
    ]);
    expect(conv2d(x, ones, null, { padding: "same" }).shape).toEqual([1, 1, 3, 3]);
    expect(valuesOf(conv2d(x, ones, null, { padding: "same" }))).toEqual([12, 16, 9, 24, 28, 15, 15, 17, 9]);
    expect(conv2d(counting([1, 3, 3]), ones).shape).toEqual([1, 2, 2]);
    expect(conv3d(random([2, 2, 4, 5, 6]), random([3, 2, 2, 3, 2]), null, { stride: [1, 2, 1] }).shape).toEqual([
      2, 3, 3, 2, 5,
    ]);
  });

  const bias = { shape: [4] };
  test("given strides, padding, dilation and groups, has the right gradients", () => {
    gradcheck(
      (x, w, b) => conv1d(x, w, b, { stride: 2, padding: 2, dilation: 2 }),
      [{ shape: [2, 3, 9] }, { shape: [4, 3, 3] }, bias],
    );
    gradcheck(
      (x, w) => conv2d(x, w, null, { groups: 2, padding: [1, 0] }),
      [{ shape: [1, 4, 4, 4] }, { shape: [2, 2, 3, 2] }],
    );
    gradcheck(
      (x, w, b) => convTranspose1d(x, w, b, { stride: 3, padding: 1, outputPadding: 2, groups: 2 }),
      [{ shape: [2, 4, 3] }, { shape: [4, 2, 3] }, bias],
    );
    gradgradcheck(
      (x, w) => convTranspose2d(x, w, null, { stride: 2 }),
      [{ shape: [1, 2, 2, 2] }, { shape: [2, 1, 2, 2] }],
    );
  });

  test("convTranspose2d: given conv2d's geometry, is its gradient with respect to the input", () => {
    for (const options of [{}, { stride: 2, padding: 1 }, { dilation: 2, padding: 2 }, { stride: [2, 1], groups: 2 }]) {
      const { groups = 1 } = options as ConvOptions;
      const x = tensor(noise([2, 4, 5, 6]), [2, 4, 5, 6], "float64", true);
      const w = random([2, 4 / groups, 3, 3], 2);
      const y = conv2d(x, w, null, options);
      const g = random(y.shape, 3);
      const [expected] = gradients(y, g, [x]) as [Node];
      const probe = convTranspose2d(g, w, null, options);
      const extra = [5 - (probe.shape[2] as number), 6 - (probe.shape[3] as number)];
      const actual = convTranspose2d(g, w, null, { ...options, outputPadding: extra });
      expect(actual.shape).toEqual(x.shape);
      expectClose(valuesOf(actual), valuesOf(expected), 1e-13);
    }
  });

  test("given operands that do not fit, throws naming both shapes", () => {
    const shown = "(input [8,8,3], weight [4,3,3,3])";
    expectError(
      () => conv2d(random([8, 8, 3]), random([4, 3, 3, 3])),
      ShapeError,
      `conv2d: input has 8 channels but weight expects 3 ${shown}; input looks channels-last: permute it to [N,C,…]`,
    );
    expectError(
      () => conv2d(random([1, 1, 2, 2]), random([1, 1, 3, 3])),
      ShapeError,
      "conv2d: the output would have size [0,0]; the kernel is larger than the padded input (input [1,1,2,2], weight [1,1,3,3])",
    );
    expectError(
      () => conv2d(random([1, 1, 4, 4]), random([1, 1, 3, 3]), null, { padding: "same", stride: 2 }),
      ArgumentError,
      'conv2d: padding "same" needs stride 1, got [2,2]',
    );
    expectError(
      () => conv1d(random([1, 3, 4]), random([2, 1, 3]), null, { groups: 3 }),
      ArgumentError,
      "conv1d: groups 3 must be a positive divisor of 2, the first size of weight (weight [2,1,3])",
    );
  });
});

describe("scaledDotProductAttention", () => {
  const [q, k, v] = [random([2, 3, 4]), random([2, 5, 4], 2), random([2, 5, 3], 3)];

  test("given no mask, mixes values by softmax weights; has the right gradients", () => {
    const same = scaledDotProductAttention(q, tensor(new Array(40).fill(1), [2, 5, 4], "float64"), v);
    expectClose(
      valuesOf(same).slice(0, 3),
      valuesOf(einsum("bsf->bf", [v]))
        .slice(0, 3)
        .map((x) => x / 5),
      1e-14,
    );
    gradcheck(
      (a, b, c) => scaledDotProductAttention(a, b, c, { scale: 0.7 }),
      [{ shape: [2, 2, 3] }, { shape: [2, 3, 3] }, { shape: [2, 3, 2] }],
    );
  });

  test("given isCausal, equals the lower-triangular mask, bool or added", () => {
    const ones = tensor(new Array(15).fill(1), [3, 5], "bool");
    const causal = valuesOf(scaledDotProductAttention(q, k, v, { isCausal: true }));
    const mask = tril(ones);
    expect(mask.dtype).toBe("bool");
    expectClose(valuesOf(scaledDotProductAttention(q, k, v, { attnMask: mask })), causal, 1e-14);
    const added = tensor(
      valuesOf(mask).map((m) => (m ? 0 : Number.NEGATIVE_INFINITY)),
      [3, 5],
      "float64",
    );
    expectClose(valuesOf(scaledDotProductAttention(q, k, v, { attnMask: added })), causal, 1e-14);
  });

  test("given isCausal, has the right gradients, twice", () => {
    const causal = (a: Node, b: Node, c: Node) => scaledDotProductAttention(a, b, c, { isCausal: true });
    const shapes = [{ shape: [2, 3, 2] }, { shape: [2, 4, 2] }, { shape: [2, 4, 2] }];
    gradcheck(causal, shapes);
    gradgradcheck(causal, shapes);
  });

  test("given a row that may see nothing, gives 0 and a finite gradient", () => {
    const mask = () => tensor([0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 0, 0, 0, 1, 1], [3, 5], "bool");
    const query = tensor(noise([2, 3, 4]), [2, 3, 4], "float64", true);
    const y = scaledDotProductAttention(query, k, v, { attnMask: mask() });
    expect(valuesOf(y).slice(0, 3)).toEqual([0, 0, 0]);
    expect(valuesOf(gradients(y, random(y.shape), [query])[0] as Node).every(Number.isFinite)).toBe(true);
  });
});
