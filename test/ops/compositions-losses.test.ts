import { describe, expect, test } from "vitest";
import { ArgumentError, DTypeError, IndexError, type Shape, ShapeError } from "../../src/base/index.js";
import type { Node } from "../../src/graph/index.js";
import {
  add,
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  type CrossEntropyOptions,
  crossEntropy,
  huberLoss,
  klDiv,
  l1Loss,
  logSoftmax,
  mseLoss,
  nllLoss,
  oneHot,
  sigmoid,
  smoothL1Loss,
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

const labels = (values: number[], shape: Shape = [values.length], dtype: "int64" | "int32" | "uint8" = "int64") =>
  tensor(values, shape, dtype);

/** -log softmax(row)[label] */
function rowLoss(row: readonly number[], label: number): number {
  const max = Math.max(...row);
  return Math.log(row.reduce((sum, x) => sum + Math.exp(x - max), 0)) + max - (row[label] as number);
}

describe("crossEntropy", () => {
  const values = noise([4, 3], -3, 3);
  const logits = () => tensor(values, [4, 3], "float64", true);
  const target = [2, 0, 1, 1];
  const rows = target.map((label, n) => rowLoss(values.slice(3 * n, 3 * n + 3), label));
  const total = (list: readonly number[]) => list.reduce((sum, x) => sum + x, 0);

  test("given class indices of any integer dtype, gives each reduction", () => {
    for (const dtype of ["int64", "int32", "uint8"] as const) {
      expectClose(valuesOf(crossEntropy(logits(), labels(target, [4], dtype))), [total(rows) / 4], 1e-14);
    }
    expectClose(valuesOf(crossEntropy(logits(), labels(target), { reduction: "none" })), rows, 1e-14);
    expectClose(valuesOf(crossEntropy(logits(), labels(target), { reduction: "sum" })), [total(rows)], 1e-14);
  });

  test("given ignored labels, leaves them out of loss, mean and gradient", () => {
    const x = logits();
    const loss = crossEntropy(x, labels([2, -100, 1, 1]));
    expectClose(valuesOf(loss), [((rows[0] as number) + (rows[2] as number) + (rows[3] as number)) / 3], 1e-14);
    const [grad] = gradients(loss, tensor([1], [], "float64"), [x]) as [Node];
    expect(valuesOf(grad).slice(3, 6).map(Math.abs)).toEqual([0, 0, 0]);
    expect(valuesOf(crossEntropy(logits(), labels([1, 1, 1, 1]), { ignoreIndex: 1 }))).toEqual([Number.NaN]);
  });

  test("given class weights, weights the mean by those of the targets", () => {
    const weight = tensor([1, 2, 4], [3], "float64");
    const own = target.map((label) => 2 ** label);
    const expected = total(rows.map((x, n) => x * (own[n] as number)));
    expectClose(valuesOf(crossEntropy(logits(), labels(target), { weight })), [expected / total(own)], 1e-14);
    expectClose(valuesOf(crossEntropy(logits(), labels(target), { weight, reduction: "sum" })), [expected], 1e-14);
  });

  test("given labelSmoothing, equals the loss against smoothed probabilities", () => {
    const hot = valuesOf(oneHot(labels(target), 3, "float64"));
    const smooth = tensor(
      hot.map((p) => 0.9 * p + 0.1 / 3),
      [4, 3],
      "float64",
    );
    for (const reduction of ["mean", "sum", "none"] as const) {
      const expected = valuesOf(crossEntropy(logits(), smooth, { reduction }));
      expectClose(
        valuesOf(crossEntropy(logits(), labels(target), { labelSmoothing: 0.1, reduction })),
        expected,
        1e-14,
      );
      const hard = tensor(hot, [4, 3], "float64");
      expectClose(valuesOf(crossEntropy(logits(), hard, { labelSmoothing: 0.1, reduction })), expected, 1e-14);
    }
  });

  test("given [C], [N,C,d1,d2] and huge logits, stays right", () => {
    expectClose(
      valuesOf(crossEntropy(tensor([1, 2, 3], [3], "float64"), labels([1], []))),
      [rowLoss([1, 2, 3], 1)],
      1e-14,
    );
    const image = tensor(noise([2, 3, 2, 2]), [2, 3, 2, 2], "float64");
    const loss = crossEntropy(image, labels([0, 1, 2, 0, 1, 1, 2, 0], [2, 2, 2]), { reduction: "none" });
    expect(loss.shape).toEqual([2, 2, 2]);
    const all = valuesOf(image);
    expectClose([valuesOf(loss)[5] as number], [rowLoss([all[13], all[17], all[21]] as number[], 1)], 1e-14);
    expectClose(valuesOf(crossEntropy(tensor([1000, 0, -1000], [1, 3]), labels([2]))), [2000], 1e-6);
  });

  const optionSets: CrossEntropyOptions[] = [
    {},
    { reduction: "none", ignoreIndex: 1 },
    { labelSmoothing: 0.3, weight: tensor([1, 2, 4], [3], "float64") },
  ];
  test.each(optionSets.map((options) => ({ options })))(
    "given %o, has the right gradients and agrees with wasm",
    ({ options }) => {
      gradcheck((x) => crossEntropy(x, labels(target), options), [{ shape: [4, 3] }]);
      gradgradcheck((x) => crossEntropy(x, labels(target), options), [{ shape: [4, 3] }], 1e-5);
      gradcheck(
        (x, t) => crossEntropy(x, t, { ...options, ignoreIndex: -100 }),
        [{ shape: [4, 3] }, { shape: [4, 3] }],
      );
      expectSameOnWasm(() => crossEntropy(logits(), labels(target), options), 1e-12);
    },
  );

  test("nllLoss: given log probabilities, equals crossEntropy", () => {
    const weight = tensor([1, 2, 4], [3], "float64");
    for (const options of [{}, { weight }, { ignoreIndex: 1, reduction: "sum" as const }]) {
      const expected = valuesOf(crossEntropy(logits(), labels(target), options));
      expectClose(valuesOf(nllLoss(logSoftmax(logits(), 1), labels(target), options)), expected, 1e-14);
    }
  });

  test("given a label out of range, throws at the call, or when it runs if it is computed", () => {
    const x = tensor(noise([2, 10]), [2, 10]);
    expectError(
      () => crossEntropy(x, labels([3, 10])),
      IndexError,
      "crossEntropy: class index 10 is out of range [0, 9] (input [2,10], target [2])",
    );
    expectError(
      () => nllLoss(x, labels([-1, 0])),
      IndexError,
      "nllLoss: class index -1 is out of range [0, 9] (input [2,10], target [2])",
    );
    const computed = crossEntropy(x, add(labels([3, 9]), labels([0, 1])));
    expectError(
      () => valuesOf(computed),
      IndexError,
      "crossEntropy: class index 10 is out of range [0, 9] (dim 1 of x float32[2,10])",
    );
  });

  test("given targets that do not fit, throws", () => {
    const x = tensor(noise([2, 3]), [2, 3]);
    expectError(
      () => crossEntropy(x, labels([1, 2, 0])),
      ShapeError,
      "crossEntropy: target must have shape [2], the input's without its class dim (input [2,3], target [3])",
    );
    expectError(
      () => crossEntropy(x, tensor([1, 2])),
      DTypeError,
      "crossEntropy: target of class indices must be an integer tensor, is float32, as a loader makes of plain numbers; use target.long(). Class probabilities need the shape of input",
    );
    expectError(
      () => crossEntropy(x, labels([1, 2]), { weight: tensor([1, 2]) }),
      ShapeError,
      "crossEntropy: weight must have one element for each of the 3 classes (input [2,3], weight [2])",
    );
    expectError(
      () => crossEntropy(x, labels([1, 2]), { labelSmoothing: 2 }),
      ArgumentError,
      "crossEntropy: labelSmoothing must lie in [0, 1], got 2",
    );
    expectError(
      () => crossEntropy(x, labels([1, 2]), { reduction: "avg" as "mean" }),
      ArgumentError,
      'crossEntropy: reduction must be "none", "mean" or "sum", got "avg"',
    );
  });
});

describe("losses of equal shapes", () => {
  const [x, y] = [() => tensor([-2, 0.25, 1, 3], [4], "float64"), () => tensor([0, 0, 1.5, 0], [4], "float64")];

  test("given differences -2, 0.25, -0.5, 3, give their formulas", () => {
    expect(valuesOf(mseLoss(x(), y(), "none"))).toEqual([4, 0.0625, 0.25, 9]);
    expect(valuesOf(mseLoss(x(), y()))).toEqual([13.3125 / 4]);
    expect(valuesOf(l1Loss(x(), y(), "sum"))).toEqual([5.75]);
    expect(valuesOf(smoothL1Loss(x(), y(), "none"))).toEqual([1.5, 0.03125, 0.125, 2.5]);
    expect(valuesOf(smoothL1Loss(x(), y(), "none", 0.5))).toEqual([1.75, 0.0625, 0.25, 2.75]);
    expect(valuesOf(smoothL1Loss(x(), y(), "none", 0))).toEqual([2, 0.25, 0.5, 3]);
    expect(valuesOf(huberLoss(x(), y(), "none", 2))).toEqual([2, 0.03125, 0.125, 4]);
  });

  test("binaryCrossEntropy: given probabilities 0 and 1, stays finite with PyTorch's limits", () => {
    const p = tensor([0, 1, 0.25, 0], [4], "float64", true);
    const t = tensor([1, 0, 0.5, 0], [4], "float64");
    const loss = binaryCrossEntropy(p, t, { reduction: "none" });
    expectClose(valuesOf(loss), [100, 100, -0.5 * (Math.log(0.25) + Math.log(0.75)), 0], 1e-14);
    const [grad] = gradients(loss, tensor([1, 1, 1, 1], [4], "float64"), [p]) as [Node];
    // The limit 1e-12 is a float32 in PyTorch: 4e-9 off.
    expectClose(valuesOf(grad), [-1e12, 1e12, -4 / 3, 0], 1e-8);
  });

  test("binaryCrossEntropyWithLogits: equals the loss of the sigmoid, stable for large logits", () => {
    const [logits, t] = [tensor(noise([6], -4, 4), [6], "float64"), tensor(noise([6], 0, 1, 2), [6], "float64")];
    expectClose(
      valuesOf(binaryCrossEntropyWithLogits(logits, t)),
      valuesOf(binaryCrossEntropy(sigmoid(logits), t)),
      1e-14,
    );
    expect(valuesOf(binaryCrossEntropyWithLogits(tensor([500, -500]), tensor([0, 1]), { reduction: "none" }))).toEqual([
      500, 500,
    ]);
    const posWeight = tensor([3], [1], "float64");
    const weighted = valuesOf(
      binaryCrossEntropyWithLogits(tensor([0, 0], [2], "float64"), tensor([1, 0], [2], "float64"), {
        posWeight,
        reduction: "none",
      }),
    );
    expectClose(weighted, [3 * Math.LN2, Math.LN2], 1e-14);
  });

  test("klDiv: given a target of 0, adds 0; batchmean divides by the first size", () => {
    const logp = tensor([-1, -2, -0.5, -3], [2, 2], "float64");
    const q = tensor([0, 1, 0.5, 0.5], [2, 2], "float64");
    const terms = [0, 2, 0.5 * (Math.log(0.5) + 0.5), 0.5 * (Math.log(0.5) + 3)];
    expectClose(
      valuesOf(klDiv(logp, q, { reduction: "none" })).map((v) => v + 0),
      terms,
      1e-14,
    );
    expectClose(
      valuesOf(klDiv(logp, q, { reduction: "batchmean" })),
      [terms.reduce((sum, v) => sum + v, 0) / 2],
      1e-14,
    );
    expectClose(valuesOf(klDiv(logp, logp, { logTarget: true })), [0], 0);
  });

  test("given points away from kinks, have the right gradients and agree with wasm", () => {
    const pair = [
      { shape: [5], values: [-2, -0.3, 0.4, 1.7, 3] },
      { shape: [5], values: [0.1, 0.2, 0.3, 0.4, 0.5] },
    ];
    const inside = [
      { shape: [4], values: [0.1, 0.4, 0.6, 0.9] },
      { shape: [4], values: [0.3, 0.5, 0.2, 0.8] },
    ];
    for (const f of [mseLoss, l1Loss, smoothL1Loss, huberLoss, binaryCrossEntropyWithLogits]) {
      gradcheck((a, b) => f(a, b), pair);
      gradgradcheck((a, b) => f(a, b), pair, 1e-5);
      expectSameOnWasm(() => f(tensor([1, -2, 3]), tensor([0.5, 0, 1])), 1e-6);
    }
    gradcheck((a, b) => binaryCrossEntropy(a, b, { reduction: "sum" }), inside, 1e-6);
    gradgradcheck((a, b) => binaryCrossEntropy(a, b), inside, 1e-4);
    gradcheck((a, b) => klDiv(a, b), inside);
    gradcheck((a, b) => klDiv(a, b, { logTarget: true }), inside);
  });

  test("binaryCrossEntropy: given two shapes, throws naming both", () => {
    expectError(
      () => binaryCrossEntropy(tensor([0.5, 0.5]), tensor([1])),
      ShapeError,
      "binaryCrossEntropy: input and target must have one shape (input [2], target [1])",
    );
  });
});
