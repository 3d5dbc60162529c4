// Layers: hand values, initialisation ranges, argument errors.
import { manualSeed, ones, randn, type Tensor, tensor, zeros } from "gradus";
import * as nn from "gradus/nn";
import { describe, expect, test } from "vitest";

/** Largest magnitude. */
const largest = (x: Tensor) => x.detach().abs().max().item() as number;

describe("Linear", () => {
  test("given weights, it is x Wᵀ + b over the last dim", () => {
    const layer = new nn.Linear(2, 3);
    layer.loadStateDict({
      weight: tensor([
        [1, 2],
        [3, 4],
        [5, 6],
      ]),
      bias: tensor([10, 20, 30]),
    });
    expect(layer(tensor([[[1, 1]]])).toArray()).toEqual([[[13, 27, 41]]]);
  });

  test("given no weights, it starts uniform in ±1/√inFeatures", () => {
    manualSeed(1);
    const { weight, bias } = new nn.Linear(100, 50);
    expect(largest(weight)).toBeLessThanOrEqual(0.1);
    expect(largest(weight)).toBeGreaterThan(0.099);
    expect(largest(bias!)).toBeLessThanOrEqual(0.1);
    expect(Math.abs(weight.mean().item() as number)).toBeLessThan(0.005); // 6 σ: 0.1/√3/√5000 = 0.0008
  });

  test("given bias: false, there is none", () => {
    expect(new nn.Linear(2, 2, { bias: false }).bias).toBe(null);
  });

  test("given wrong arguments, it throws naming them", () => {
    expect(() => new nn.Linear(0, 2)).toThrow("Linear: inFeatures must be an integer >= 1, got 0");
    expect(() => new nn.Linear(2, 2, { baias: true } as object)).toThrow(
      'Linear: unknown option "baias"; did you mean "bias"?',
    );
  });
});

describe("Conv2d", () => {
  test("given a kernel of ones and padding, it sums neighbourhoods", () => {
    const layer = new nn.Conv2d(1, 1, 3, { padding: 1 });
    layer.loadStateDict({ weight: ones([1, 1, 3, 3]), bias: tensor([1]) });
    expect(layer(ones([1, 1, 2, 2])).toArray()).toEqual([
      [
        [
          [5, 5],
          [5, 5],
        ],
      ],
    ]);
  });

  test("given shapes and options, weight and output have PyTorch's shapes", () => {
    const layer = new nn.Conv2d(4, 6, [3, 5], { stride: 2, padding: [1, 2], dilation: [1, 2], groups: 2 });
    expect(layer.weight.shape).toEqual([6, 2, 3, 5]);
    expect(layer(randn([2, 4, 9, 16])).shape).toEqual([2, 6, 5, 6]);
    expect(largest(layer.weight)).toBeLessThanOrEqual(1 / Math.sqrt(30));
    expect(String(layer)).toBe(
      "Conv2d(4, 6, kernelSize=[3, 5], stride=[2, 2], padding=[1, 2], dilation=[1, 2], groups=2)",
    );
  });

  test("given groups that do not divide the channels, it throws", () => {
    expect(() => new nn.Conv2d(3, 4, 3, { groups: 2 })).toThrow(
      "Conv2d: groups 2 must divide inChannels 3 and outChannels 4",
    );
  });

  test("given transposed and one-dimensional ones, shapes are PyTorch's", () => {
    const up = new nn.ConvTranspose2d(4, 3, 3, { stride: 2, padding: 1, outputPadding: 1 });
    expect(up.weight.shape).toEqual([4, 3, 3, 3]);
    expect(up(randn([1, 4, 5, 5])).shape).toEqual([1, 3, 10, 10]);
    expect(new nn.Conv1d(16, 33, 3, { stride: 2 })(randn([2, 16, 50])).shape).toEqual([2, 33, 24]);
  });
});

describe("pooling", () => {
  const x = tensor([
    [
      [
        [1, 2, 3],
        [4, 5, 6],
        [7, 8, 9],
      ],
    ],
  ]);

  test("given windows, max and mean pooling give their maxima and means", () => {
    expect(new nn.MaxPool2d(2, 1)(x).toArray()).toEqual([
      [
        [
          [5, 6],
          [8, 9],
        ],
      ],
    ]);
    expect(new nn.AvgPool2d(2, { stride: 1 })(x).toArray()).toEqual([
      [
        [
          [3, 4],
          [6, 7],
        ],
      ],
    ]);
    expect(new nn.MaxPool2d(2)(x).shape).toEqual([1, 1, 1, 1]);
    expect(new nn.MaxPool2d(2, { ceilMode: true })(x).toArray()).toEqual([
      [
        [
          [5, 6],
          [8, 9],
        ],
      ],
    ]);
  });

  test("given adaptive pooling, the output has the asked size", () => {
    expect(new nn.AdaptiveAvgPool2d(1)(x).toArray()).toEqual([[[[5]]]]);
    expect(new nn.AdaptiveAvgPool2d([2, null])(x).shape).toEqual([1, 1, 2, 3]);
  });

  test("given an unknown option, it throws", () => {
    expect(() => new nn.MaxPool2d(2, { strde: 1 } as object)).toThrow(
      'MaxPool2d: unknown option "strde"; did you mean "stride"?',
    );
  });
});

describe("BatchNorm", () => {
  test("given training, it normalises by the batch and moves the running statistics by momentum", () => {
    const layer = new nn.BatchNorm1d(1, { momentum: 0.5, eps: 1e-12 });
    const y = layer(tensor([[1], [3]]));
    expect(y.toArray()).toEqual([[-1], [1]]);
    expect(layer.runningMean!.toArray()).toEqual([1]);
    expect(layer.runningVar!.toArray()).toEqual([1.5]); // unbiased variance of [1, 3] is 2
    expect(layer.numBatchesTracked!.item()).toBe(1);
  });

  test("given evaluation, it uses the running statistics and leaves them", () => {
    const layer = new nn.BatchNorm2d(1, { eps: 1e-12 }).eval();
    layer.runningMean!.fill_(2);
    layer.runningVar!.fill_(4);
    expect(layer(tensor([[[[4]]]])).item()).toBeCloseTo(1, 6);
    expect(layer.runningMean!.item()).toBe(2);
  });

  test("given momentum null, running statistics are the means over all batches", () => {
    const layer = new nn.BatchNorm1d(1, { momentum: null });
    layer(tensor([[0], [2]]));
    layer(tensor([[4], [6]]));
    expect(layer.runningMean!.item()).toBeCloseTo(3, 6);
  });

  test("given wrong channels, it throws naming the shape", () => {
    expect(() => new nn.BatchNorm2d(3)(zeros([2, 4, 5, 5]))).toThrow(
      "BatchNorm2d: input must have 4 dims with 3 channels in dim 1, got shape [2,4,5,5]",
    );
  });
});

describe("LayerNorm and GroupNorm", () => {
  test("given rows, each has mean 0 and variance 1", () => {
    const y = new nn.LayerNorm(4)(
      tensor([
        [1, 2, 3, 4],
        [10, 20, 30, 40],
      ]),
    );
    for (const row of y.toArray() as number[][]) {
      expect(row.reduce((a, b) => a + b, 0)).toBeCloseTo(0, 5);
      expect(row.reduce((a, b) => a + b * b, 0) / 4).toBeCloseTo(1, 4);
    }
  });

  test("given groups, each is normalised by itself", () => {
    const y = new nn.GroupNorm(2, 4)(tensor([[1, 3, 10, 30]]).view(1, 4, 1));
    const [a, b, c, d] = y.flatten().toArray() as [number, number, number, number];
    expect([a, b, c, d].map(Math.round)).toEqual([-1, 1, -1, 1]);
    expect(() => new nn.GroupNorm(3, 4)).toThrow("GroupNorm: numGroups 3 must divide numChannels 4");
  });
});

describe("Dropout", () => {
  test("given training, it drops a share and scales the rest; given evaluation, it does nothing", () => {
    manualSeed(0);
    const layer = new nn.Dropout(0.25);
    const values = layer(ones([10_000])).toTypedArray() as Float32Array;
    const dropped = values.filter((v) => v === 0).length;
    expect(Math.abs(dropped - 2500)).toBeLessThan(220); // 5 σ: √(10000 · 0.25 · 0.75) = 43
    expect(values.every((v) => v === 0 || Math.abs(v - 4 / 3) < 1e-6)).toBe(true);
    const x = ones([3]);
    expect(layer.eval()(x).toArray()).toEqual([1, 1, 1]);
    expect(() => new nn.Dropout(1.5)).toThrow("Dropout: p must be in [0, 1], got 1.5");
  });
});

describe("Embedding", () => {
  test("given indices, it looks rows up; the padding row is zero and gets no gradient", () => {
    const layer = new nn.Embedding(4, 2, { paddingIdx: -1 });
    expect(layer.paddingIdx).toBe(3);
    const y = layer(tensor(Int32Array.of(3, 0)));
    expect((y.toArray() as number[][])[0]).toEqual([0, 0]);
    y.sum().backward();
    expect(layer.weight.grad!.toArray()).toEqual([
      [1, 1],
      [0, 0],
      [0, 0],
      [0, 0],
    ]);
  });

  test("given vectors, fromPretrained holds them frozen", () => {
    const layer = nn.Embedding.fromPretrained(
      tensor([
        [1, 2],
        [3, 4],
      ]),
    );
    expect(layer(tensor(Int32Array.of(1))).toArray()).toEqual([[3, 4]]);
    expect(layer.weight.requiresGrad).toBe(false);
  });
});

describe("shape layers", () => {
  test("given images, Flatten and Unflatten undo each other", () => {
    const x = randn([2, 3, 4]);
    const flat = new nn.Flatten()(x);
    expect(flat.shape).toEqual([2, 12]);
    expect(new nn.Unflatten(1, [3, 4])(flat).toArray()).toEqual(x.toArray());
    expect(new nn.Identity()(x)).toBe(x);
  });
});

describe("activations", () => {
  test.each([
    [new nn.ReLU(), -1, 0],
    [new nn.LeakyReLU({ negativeSlope: 0.5 }), -2, -1],
    [new nn.ELU({ alpha: 2 }), -1, 2 * Math.expm1(-1)],
    [new nn.Sigmoid(), 0, 0.5],
    [new nn.Tanh(), 1, Math.tanh(1)],
    [new nn.GELU({ approximate: "tanh" }), 0, 0],
    [new nn.Softplus(), 0, Math.LN2],
    [new nn.SiLU(), 1, 1 / (1 + Math.exp(-1))],
    [new nn.Hardtanh({ maxVal: 0.5 }), 3, 0.5],
    [new nn.ReLU6(), 9, 6],
    [new nn.PReLU({ init: 0.1 }), -10, -1],
  ])("given %s, the value is the formula's", (layer, x, expected) => {
    expect(layer(tensor([x])).item()).toBeCloseTo(expected, 5);
  });

  test("given Softmax, rows sum to 1", () => {
    expect(
      new nn.Softmax(1)(randn([3, 5]))
        .sum(1)
        .toArray(),
    ).toEqual([1, 1, 1].map((x) => expect.closeTo(x, 5)));
  });
});

describe("losses", () => {
  test("given logits and labels, cross-entropy is -log softmax", () => {
    const loss = new nn.CrossEntropyLoss()(
      tensor([
        [0, 0],
        [0, Math.log(3)],
      ]),
      tensor(Int32Array.of(0, 1)),
    );
    expect(loss.item()).toBeCloseTo((Math.LN2 + Math.log(4 / 3)) / 2, 5);
  });

  test("given class weights, they are buffers and enter the mean", () => {
    const criterion = new nn.CrossEntropyLoss({ weight: tensor([1, 3]) });
    expect(criterion.namedBuffers().map(([name]) => name)).toEqual(["weight"]);
    const loss = criterion(
      tensor([
        [0, 0],
        [0, Math.log(3)],
      ]),
      tensor(Int32Array.of(0, 1)),
    );
    expect(loss.item()).toBeCloseTo((Math.LN2 + 3 * Math.log(4 / 3)) / 4, 5);
  });

  test.each([
    [new nn.MSELoss(), 2.5],
    [new nn.MSELoss({ reduction: "sum" }), 5],
    [new nn.L1Loss(), 1.5],
    [new nn.SmoothL1Loss(), (0.5 + 1.5) / 2],
    [new nn.HuberLoss({ delta: 0.5 }), (0.5 * 0.75 + 0.5 * 1.75) / 2],
  ])("given %s, the value is the formula's", (criterion, expected) => {
    expect(criterion(tensor([1, 2]), tensor([2, 0])).item()).toBeCloseTo(expected, 5);
  });

  test("given probabilities or logits, binary cross-entropy agrees", () => {
    const target = tensor([1, 0]);
    expect(new nn.BCELoss()(tensor([0.5, 0.5]), target).item()).toBeCloseTo(Math.LN2, 5);
    expect(new nn.BCEWithLogitsLoss()(tensor([0, 0]), target).item()).toBeCloseTo(Math.LN2, 5);
  });

  test("given an unknown reduction, it throws with the nearest", () => {
    expect(() => new nn.MSELoss({ reduction: "summ" as "sum" })).toThrow(
      'MSELoss: unknown reduction "summ"; did you mean "sum"?',
    );
  });
});
