// Random transforms: parameters belong to samples, not to batches; what is drawn lies where it should; mixing keeps sums.
import { ones, rand, type Tensor, tensor } from "gradus";
import * as vision from "gradus/vision";
import { describe, expect, test } from "vitest";

const values = (t: Tensor) => Array.from(t.toTypedArray(), Number);
const contextOf = (...indices: number[]) => ({ seed: 3, epoch: 2, indices, stream: 0 });
const all = contextOf(0, 1, 2, 3, 4, 5, 6, 7);

const transforms = {
  RandomVerticalFlip: new vision.RandomVerticalFlip(),
  RandomRotation: new vision.RandomRotation(40, { interpolation: "bilinear" }),
  RandomResizedCrop: new vision.RandomResizedCrop([6, 5]),
  RandomErasing: new vision.RandomErasing({ p: 0.8, value: [1, 2, 3] }),
  RandomGrayscale: new vision.RandomGrayscale(0.5),
  RandomInvert: new vision.RandomInvert(),
  RandomSolarize: new vision.RandomSolarize(0.5),
  RandomPosterize: new vision.RandomPosterize(3),
  RandomAdjustSharpness: new vision.RandomAdjustSharpness(2),
  RandomAutocontrast: new vision.RandomAutocontrast(),
  RandomEqualize: new vision.RandomEqualize(),
  ColorJitter: new vision.ColorJitter({ brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 }),
  GaussianBlur: new vision.GaussianBlur(3),
  RandomApply: new vision.RandomApply([new vision.RandomInvert(1), new vision.RandomVerticalFlip(1)]),
  RandomChoice: new vision.RandomChoice([new vision.RandomInvert(1), new vision.RandomVerticalFlip(1)]),
  RandomChannelPermutation: new vision.RandomChannelPermutation(),
  RandomPhotometricDistort: new vision.RandomPhotometricDistort(),
  RandAugment: new vision.RandAugment({ magnitude: 20 }),
  TrivialAugmentWide: new vision.TrivialAugmentWide(),
  AutoAugment: new vision.AutoAugment({ policy: "cifar10" }),
};

describe.each(Object.entries(transforms))("%s", (_, transform) => {
  test("given a sample in another batch, it comes out the same; samples differ from each other", () => {
    const one = rand([1, 3, 9, 8]);
    const images = one.expand([8, 3, 9, 8]);
    const whole = transform.apply(images, all);
    const part = transform.apply(images.narrow(0, 0, 2), contextOf(5, 2));
    const rows = Array.from({ length: 8 }, (_, n) => JSON.stringify(whole.select(0, n).toArray()));
    const close = (a: Tensor, b: Tensor) => {
      const wanted = values(b);
      // The same arithmetic in programs of other shapes: roundings of float32.
      expect(Math.max(...values(a).map((value, i) => Math.abs(value - (wanted[i] as number))))).toBeLessThan(1e-5);
    };
    close(part.select(0, 0), whole.select(0, 5));
    close(part.select(0, 1), whole.select(0, 2));
    expect(new Set(rows).size).toBeGreaterThan(1);
  });
});

test("RandAugment: given an epoch twice, images come out the same; another epoch gives others", () => {
  const pipeline = new vision.Compose([new vision.RandAugment(), new vision.Normalize(0.5, 0.5)]);
  const images = rand([4, 3, 8, 8]);
  const run = (epoch: number) => values(pipeline.apply(images, { ...contextOf(0, 1, 2, 3), epoch }));
  expect(run(0)).toEqual(run(0));
  expect(run(0)).not.toEqual(run(1));
});

test("RandomErasing: given p = 1 and ones, the erased share lies within the scale", () => {
  const erasing = new vision.RandomErasing({ p: 1, scale: [0.2, 0.3], ratio: [0.8, 1.25] });
  const kept = values(erasing.apply(ones([8, 1, 40, 40]), all).mean([1, 2, 3]));
  for (const share of kept) {
    expect(1 - share).toBeGreaterThan(0.18); // sides are rounded to pixels
    expect(1 - share).toBeLessThan(0.32);
  }
});

test("RandomErasing: given noise, erased pixels are random numbers", () => {
  const erased = new vision.RandomErasing({ p: 1, value: "random" }).apply(ones([8, 1, 20, 20]), all);
  expect(new Set(values(erased)).size).toBeGreaterThan(100);
});

describe("channels", () => {
  test("RandomChannelPermutation: given many samples, each order of the channels comes, and nothing is lost", () => {
    const images = tensor(Float32Array.of(0, 1, 2))
      .view(1, 3, 1, 1)
      .expand([60, 3, 2, 2]);
    const permuted = new vision.RandomChannelPermutation().apply(
      images,
      contextOf(...Array.from({ length: 60 }, (_, i) => i)),
    );
    const orders = permuted.select(3, 0).select(2, 0).toArray() as number[][];
    expect(new Set(orders.map((order) => order.join())).size).toBe(6);
    expect(orders.every((order) => [...order].sort().join() === "0,1,2")).toBe(true);
    expect(permuted.amax([2, 3]).toArray()).toEqual(permuted.amin([2, 3]).toArray());
  });

  test("RandomPhotometricDistort: given ranges of one factor and p = 1, it is that change; given p = 0, nothing", () => {
    const images = rand([4, 1, 5, 6]);
    const still = { contrast: [1, 1], saturation: [1, 1], hue: [0, 0] } as const;
    const bright = new vision.RandomPhotometricDistort({ brightness: [1.5, 1.5], ...still, p: 1 });
    const wanted = values(vision.functional.adjustBrightness(images, 1.5));
    values(bright.apply(images, contextOf(0, 1, 2, 3))).forEach(
      (v, i) => void expect(v).toBeCloseTo(wanted[i] as number, 5),
    );
    const none = new vision.RandomPhotometricDistort({ p: 0 }).apply(images, contextOf(0, 1, 2, 3));
    values(none).forEach((v, i) => void expect(v).toBeCloseTo(values(images)[i] as number, 5));
  });

  test("RGB and Identity: given grey, colours and alpha, there are three channels", () => {
    const rgb = new vision.RGB();
    const [grey, colors] = [rand([2, 1, 3, 4]), rand([2, 4, 3, 4])];
    expect(rgb.apply(grey).toArray()).toEqual(grey.repeat(1, 3, 1, 1).toArray());
    expect(rgb.apply(colors).toArray()).toEqual(colors.narrow(1, 0, 3).toArray());
    expect(new vision.Identity().apply(grey)).toBe(grey);
    expect(() => rgb.apply(rand([2, 5, 3, 4]))).toThrow("RGB: images must have 1 to 4 channels, got shape [2,5,3,4]");
  });

  test("LinearTransformation: given a matrix and a mean, images are centred and multiplied as vectors", () => {
    const [matrix, mean, images] = [rand([12, 12]), rand([12]), rand([5, 3, 2, 2])];
    const out = new vision.LinearTransformation(matrix, mean).apply(images);
    const wanted = images.reshape([5, 12]).sub(mean).mm(matrix).reshape([5, 3, 2, 2]);
    expect(values(out)).toEqual(values(wanted));
    expect(() => new vision.LinearTransformation(rand([3, 4]), mean)).toThrow(
      "LinearTransformation: matrix must be square and mean a vector as long (matrix [3,4], mean [12])",
    );
    expect(() => new vision.LinearTransformation(matrix, mean).apply(rand([1, 1, 2, 2]))).toThrow(
      "LinearTransformation: images have 4 numbers but the matrix 12 rows (images [1,1,2,2])",
    );
  });
});

describe("mixing", () => {
  const images = tensor(Float32Array.from({ length: 4 }, (_, i) => i))
    .view(4, 1, 1, 1)
    .expand([4, 1, 10, 12]);
  const labels = tensor(Int32Array.of(0, 1, 2, 3));

  test("MixUp: given labels as indices, images and labels are mixed with the sample before by one share", () => {
    const [mixed, targets] = new vision.MixUp({ numClasses: 4, alpha: 0.4, seed: 1 }).call(images, labels);
    const share = (targets.toArray() as number[][])[1]?.[1] as number;
    expect(share).toBeGreaterThan(0);
    expect(share).toBeLessThan(1);
    expect((targets.toArray() as number[][])[1]?.[0]).toBeCloseTo(1 - share, 6);
    expect(values(targets.sum(1)).every((sum) => Math.abs(sum - 1) < 1e-6)).toBe(true);
    expect(mixed.at(1, 0, 0, 0).item()).toBeCloseTo(share, 6); // image 1 is all 1, image 0 all 0
    expect(mixed.at(0, 0, 3, 3).item()).toBeCloseTo((1 - share) * 3, 5);
  });

  test("CutMix: given a batch, the share of the labels is the share of the pixels that stayed", () => {
    const cutMix = new vision.CutMix({ numClasses: 4, seed: 2 });
    const shares = new Set<number>();
    for (let i = 0; i < 10; i++) {
      const [mixed, targets] = cutMix.call(images, labels);
      const share = (targets.toArray() as number[][])[1]?.[1] as number;
      const stayed = values(mixed.select(0, 1)).filter((value) => value === 1).length / 120;
      expect(share).toBeCloseTo(stayed, 6);
      shares.add(share);
    }
    expect(shares.size).toBeGreaterThan(3);
  });

  test("MixUp: given a small alpha, shares follow Beta(alpha, alpha): mean 1/2, variance 1 / (8 alpha + 4)", () => {
    const mixUp = new vision.MixUp({ alpha: 0.5, numClasses: 2, seed: 3 });
    const [one, two] = [ones([2, 1, 1, 1]), tensor(Int32Array.of(0, 1))];
    const shares = Array.from(
      { length: 400 },
      () => (mixUp.call(one, two)[1].toArray() as number[][])[0]?.[0] as number,
    );
    const mean = shares.reduce((a, b) => a + b, 0) / 400;
    const variance = shares.reduce((a, b) => a + (b - mean) ** 2, 0) / 400;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.07); // standard error 0.018
    expect(Math.abs(variance - 1 / 8)).toBeLessThan(0.03);
  });
});

test.each<[() => unknown, string]>([
  [() => new vision.Resize(0), "Resize: size must be a positive integer or two, got 0"],
  [() => new vision.ColorJitter({ hue: 0.6 }), "ColorJitter: hue must be in [-0.5, 0.5], got 0.6"],
  [() => new vision.GaussianBlur(4), "GaussianBlur: kernelSize must be odd and positive, got 4"],
  [() => new vision.RandAugment({ magnitude: 31 }), "RandAugment: magnitude must be in [0, 31), got 31"],
  [
    () => new vision.AutoAugment({ policy: "cifar" as "cifar10" }),
    'AutoAugment: unknown policy "cifar"; one of imagenet, cifar10, svhn',
  ],
  [
    () => new vision.RandomGrayscale().apply(ones([2, 2, 4, 4]), contextOf(0, 1)),
    "RandomGrayscale: images must have 1 or 3 channels, got shape [2,2,4,4]",
  ],
  [
    () => new vision.MixUp().call(ones([2, 1, 4, 4]), tensor(Int32Array.of(0, 1))),
    "MixUp: labels are class indices, so numClasses is needed",
  ],
  [() => new vision.RandomErasing({ p: 2 }), "RandomErasing: p must be in [0, 1], got 2"],
])("given wrong arguments %#, it throws saying what is wrong", (make, message) => {
  expect(make).toThrow(message);
});
