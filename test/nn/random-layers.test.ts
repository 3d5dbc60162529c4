// Layers that draw, by their statistics, and errors of functions written for layers.
import { manualSeed, ones, randn, type Tensor, tensor } from "gradus";
import * as nn from "gradus/nn";
import * as F from "gradus/nn/functional";
import { describe, expect, test } from "vitest";

const values = (t: Tensor) => Array.from(t.toTypedArray(), Number);

describe("channel dropout", () => {
  test.each([
    [nn.Dropout1d, [64, 32, 5], 5],
    [nn.Dropout2d, [64, 32, 3, 2], 6],
    [nn.Dropout3d, [64, 32, 2, 2, 2], 8],
    [nn.FeatureAlphaDropout, [64, 32, 3, 2], 6],
  ] as const)(
    "channel dropout %#: given ones in training, whole channels have one value and a share of p is dropped",
    (Layer, shape, size) => {
      manualSeed(1);
      const channels = values(new Layer(0.25)(ones([...shape])));
      const firsts = channels.filter((_, i) => i % size === 0);
      expect(channels.every((value, i) => value === firsts[Math.floor(i / size)])).toBe(true);
      const least = Math.min(...firsts);
      const dropped = firsts.filter((value) => value === least).length / firsts.length;
      // 2048 draws: standard deviation 0.0096.
      expect(Math.abs(dropped - 0.25)).toBeLessThan(0.05);
    },
  );

  test("AlphaDropout: given normal values in training, mean 0 and variance 1 stay", () => {
    manualSeed(2);
    const y = new nn.AlphaDropout(0.3)(randn([40000]));
    // Standard errors 0.005 and 0.007.
    expect(Math.abs(y.mean().item() as number)).toBeLessThan(0.03);
    expect(Math.abs((y.var().item() as number) - 1)).toBeLessThan(0.05);
  });

  test("RReLU: given -1 in training, slopes fill [lower, upper)", () => {
    manualSeed(3);
    const slopes = values(new nn.RReLU({ lower: 0.2, upper: 0.4 })(ones([1000]).neg())).map((y) => -y);
    expect(Math.min(...slopes)).toBeGreaterThanOrEqual(0.2);
    expect(Math.min(...slopes)).toBeLessThan(0.205);
    expect(Math.max(...slopes)).toBeLessThan(0.4);
    expect(Math.max(...slopes)).toBeGreaterThan(0.395);
  });

  test("gumbelSoftmax: given hard, gives one-hot rows drawn by softmax of the logits, with the soft gradient", () => {
    manualSeed(4);
    const logits = tensor([0, Math.log(3)], { requiresGrad: true });
    const draws = F.gumbelSoftmax(logits.expand([4000, 2]), { hard: true });
    const second = draws.detach().select(1, 1);
    expect(values(draws.detach().sum(1)).every((sum) => Math.abs(sum - 1) < 1e-6)).toBe(true);
    expect(Math.abs((second.mean().item() as number) - 0.75)).toBeLessThan(0.04); // standard error 0.007
    draws.select(1, 1).sum().backward();
    expect(logits.grad?.toArray()).not.toEqual([0, 0]);
  });
});

test.each<[() => unknown, string]>([
  [() => F.glu(ones([2, 3])), "glu: dim -1 must have an even size, has 3 (input [2,3])"],
  [() => F.softshrink(ones([2]), { lambd: -1 }), "softshrink: lambd must be >= 0, got -1"],
  [() => F.pixelShuffle(ones([3, 2, 2]), 2), "pixelShuffle: 3 channels are no multiple of 2² (input [3,2,2])"],
  [() => F.dropout1d(ones([2])), "dropout1d: input must have 2 or 3 dims, got shape [2]"],
  [() => new nn.Dropout2d(2), "Dropout2d: p must be in [0, 1], got 2"],
  [() => new nn.ZeroPad2d([1, 2, 3]), "ZeroPad2d: padding must be an integer or 4 of them, got [1,2,3]"],
  [
    () => new nn.Conv2d(1, 1, 3, { paddingMode: "mirror" as "reflect" }),
    'Conv2d: unknown paddingMode "mirror"; one of zeros, reflect, replicate, circular',
  ],
  [
    () => new nn.InstanceNorm2d(3)(ones([2, 4, 3, 3])),
    "InstanceNorm2d: input must have 4 dims (3 without a batch) with 3 channels, got shape [2,4,3,3]",
  ],
  [
    () => F.multiMarginLoss(ones([2, 3]), tensor(Int32Array.of(0, 3))),
    "multiMarginLoss: class index 3 is out of range [0, 2]",
  ],
  [
    () => F.tripletMarginLoss(ones([2, 3]), ones([2, 3]), ones([2, 3]), { margin: 0 }),
    "tripletMarginLoss: margin must be > 0, got 0",
  ],
  [
    () => F.embeddingBag(tensor(Int32Array.of(0, 1)), ones([3, 2])),
    "embeddingBag: offsets go with an input of 1 dim, and only with that",
  ],
  [
    () => F.marginRankingLoss(ones([2]), ones([2]), ones([2]), { reduction: "avg" as "mean" }),
    'marginRankingLoss: reduction must be "none", "mean" or "sum", got "avg"',
  ],
])("given wrong arguments %#, it throws saying what is wrong", (make, message) => {
  expect(make).toThrow(message);
});
