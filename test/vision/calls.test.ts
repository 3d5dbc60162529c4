// Transforms are called with one image or a batch, of floats or bytes, and draw from the default generator.
import { manualSeed, stack, type Tensor, tensor } from "gradus";
import * as vision from "gradus/vision";
import { describe, expect, test } from "vitest";

const bytes = (...shape: number[]): Tensor => {
  const count = shape.reduce((a, b) => a * b, 1);
  return tensor(Uint8Array.from({ length: count }, (_, i) => (i * 37 + (i >> 3) * 11) % 256)).reshape(shape);
};

describe("calls", () => {
  test("given bytes in torchvision's usual order, a pipeline gives normalized floats", () => {
    const prepare = new vision.Compose([
      new vision.Resize(16),
      new vision.CenterCrop(12),
      new vision.ToDtype("float32", { scale: true }),
      new vision.Normalize([0.5, 0.5, 0.5], [0.25, 0.25, 0.25]),
    ]);
    const image = bytes(3, 20, 24);
    const x = prepare(image);
    expect([x.dtype, [...x.shape]]).toEqual(["float32", [3, 12, 12]]);
    expect(prepare(image.unsqueeze(0)).squeeze(0).toArray()).toEqual(x.toArray());
  });

  test("given small images, corners that no perspective reaches are drawn again; a single row stays", () => {
    manualSeed(1);
    const tilt = new vision.RandomPerspective({ p: 1, distortionScale: 1 });
    const images = bytes(1, 4, 4).expand([64, 1, 4, 4]);
    const row = bytes(1, 1, 6);

    expect(tilt(images).shape).toEqual([64, 1, 4, 4]);
    expect(tilt(row).toArray()).toEqual(row.toArray());
  });

  test("given a seed, random transforms repeat; without it each call draws anew", () => {
    const flip = new vision.RandomHorizontalFlip();
    const images = bytes(1, 3, 4).expand([32, 1, 3, 4]);
    const run = () => JSON.stringify(flip(images).toArray());
    manualSeed(5);
    const [first, second] = [run(), run()];
    manualSeed(5);
    expect([run(), run()]).toEqual([first, second]);
    expect(second).not.toBe(first);
  });

  test.each<[string, (images: Tensor) => Tensor]>([
    ["RandomResizedCrop", new vision.RandomResizedCrop(8)],
    ["ColorJitter", new vision.ColorJitter({ brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 })],
    ["RandAugment", new vision.RandAugment()],
    ["AutoAugment", new vision.AutoAugment()],
    ["TrivialAugmentWide", new vision.TrivialAugmentWide()],
    ["RandomPosterize", new vision.RandomPosterize(3, 1)],
    ["RandomSolarize", new vision.RandomSolarize(128, 1)],
    ["RandomInvert", new vision.RandomInvert(1)],
    ["RandomAutocontrast", new vision.RandomAutocontrast(1)],
    ["RandomEqualize", new vision.RandomEqualize(1)],
    ["RandomAdjustSharpness", new vision.RandomAdjustSharpness(2, 1)],
    ["RandomGrayscale", new vision.RandomGrayscale(1)],
    ["RandomPhotometricDistort", new vision.RandomPhotometricDistort()],
    ["GaussianBlur", new vision.GaussianBlur(3)],
    ["GaussianNoise", new vision.GaussianNoise()],
    ["RandomErasing", new vision.RandomErasing({ p: 1, value: "random" })],
    ["RandomAffine", new vision.RandomAffine(20, { interpolation: "bilinear" })],
    ["RandomOrder", new vision.RandomOrder([new vision.RandomInvert(), new vision.RandomAffine(9)])],
    ["RandomChoice", new vision.RandomChoice([new vision.RandomInvert(1), new vision.RandomPosterize(3, 1)])],
  ])("given one image of bytes, %s gives bytes of the whole range", (_name, transform) => {
    manualSeed(1);
    const out = transform(bytes(3, 16, 16));
    expect([out.dtype, out.shape[0], out.shape.length]).toEqual(["uint8", 3, 3]);
    expect(out.to("float32").max().item()).toBeGreaterThan(100);
  });

  test("given images of another kind, the error says what to do", () => {
    expect(() => new vision.Normalize(0.5, 0.5)(bytes(1, 2, 2))).toThrow(
      'Normalize: images must be floats, got uint8; put new ToDtype("float32", { scale: true }) before it',
    );
    expect(() => new vision.RandomInvert()(bytes(2, 2))).toThrow(
      "RandomInvert: images must be [N,C,H,W] or [C,H,W], got shape [2,2]",
    );
    expect(() => vision.functional.invert(bytes(1, 1, 2, 2).to("int32"))).toThrow(
      "invert: images must be floats in [0, 1] or uint8, got int32",
    );
  });

  test("given p, RandomChoice draws by it; RandomOrder applies each once", () => {
    const x = bytes(1, 2, 2);
    const add = (n: number) => new vision.Lambda((images) => images.to("float32").add(n));
    const twice = new vision.Lambda((images) => images.to("float32").mul(2));
    expect(new vision.RandomChoice([add(1), add(2)], [0, 3])(x).toArray()).toEqual(x.to("float32").add(2).toArray());
    const results = new Set<number>();
    manualSeed(0);
    const batch = x.mul(0).expand([16, 1, 2, 2]);
    for (const value of new vision.RandomOrder([add(1), twice])(batch)
      .select(1, 0)
      .select(1, 0)
      .select(1, 0)
      .toArray() as number[]) {
      results.add(value);
    }
    expect([...results].sort()).toEqual([1, 2]);
    expect(() => new vision.RandomChoice([add(1)], [0])).toThrow("RandomChoice: p must be 1 numbers >= 0");
  });

  test("given five or ten crops, they are the corners and the middle, then those of the mirrored image", () => {
    const image = bytes(1, 4, 5);
    const five = new vision.FiveCrop([2, 3])(image);
    const at = (rows: string, columns: string, x = image) => x.at(":", rows, columns).toArray();
    const places = [
      ["0:2", "0:3"],
      ["0:2", "2:5"],
      ["2:4", "0:3"],
      ["2:4", "2:5"],
      ["1:3", "1:4"],
    ] as const;
    expect(five.map((x) => x.toArray())).toEqual(places.map(([rows, columns]) => at(rows, columns)));
    const ten = new vision.TenCrop([2, 3], { verticalFlip: true })(image);
    const flipped = places.map(([rows, columns]) => at(rows, columns, image.flip(-2)));
    expect(ten.slice(5).map((x) => x.toArray())).toEqual(flipped);
    expect(() => new vision.FiveCrop(5)(image)).toThrow(
      "FiveCrop: windows of [5,5] do not fit images of shape [1,4,5]",
    );
  });

  test("given crops in a pipeline, the Lambda behind them gets all, of one image or a batch", () => {
    const pipeline = new vision.Compose([
      new vision.TenCrop([2, 3]),
      new vision.Lambda((crops: readonly Tensor[]) => stack(crops, 1)),
    ]);
    const image = bytes(1, 4, 5);

    expect(pipeline(image).toArray()).toEqual(stack(new vision.TenCrop([2, 3])(image)).toArray());
    expect(pipeline(stack([image, image])).shape).toEqual([2, 10, 1, 2, 3]);
    const turned = new vision.Compose([
      new vision.FiveCrop(2),
      (crop) => crop.flip(-1),
      new vision.Lambda((crops: readonly Tensor[]) => stack(crops, 1)),
    ]);
    expect(turned(image).toArray()).toEqual(stack(new vision.FiveCrop(2)(image)).flip(-1).toArray());
    expect(() => new vision.Compose([new vision.FiveCrop(2), new vision.RandomInvert(1)])(image)).toThrow(
      "Compose: its transforms end in 5 batches of crops; put new Lambda((crops) => stack(crops, 1)) behind them",
    );
  });

  test("given a fill a channel, borders have it; another number of values is an error", () => {
    const image = bytes(2, 2, 2);
    const padded = new vision.Pad([1, 0], { fill: [7, 9] })(image);
    expect(padded.select(2, 0).toArray()).toEqual([
      [7, 7],
      [9, 9],
    ]);
    const shifted = new vision.RandomCrop(2, { padding: [8, 0, 0, 0], fill: [7, 9] })(image);
    expect(shifted.dtype).toBe("uint8");
    for (const transform of [
      new vision.Pad(1, { fill: [1, 2, 3] }),
      new vision.RandomShift(1, { fill: [1, 2, 3] }),
      new vision.RandomRotation([45, 45], { fill: [1, 2, 3] }),
    ]) {
      expect(() => transform(image)).toThrow(
        /got 3 fill values for images of shape \[1,2,2,2\]; give one, or one a channel/,
      );
    }
    expect(() => new vision.Pad(1, { fill: [1, 2], paddingMode: "edge" })).toThrow(
      'Pad: fill goes with paddingMode "constant", got [1,2] and "edge"',
    );
    expect(() => new vision.Pad(3, { paddingMode: "symmetric" })(image)).toThrow(
      'Pad: "symmetric" borders can be as wide as the image, got 3 for images of shape [1,2,2,2]',
    );
  });

  test("given ElasticTransform, fields hang on the sample, not on its batch; no strength leaves images alone", () => {
    const images = bytes(2, 9, 8).view(2, 1, 9, 8).to("float32").div(255);
    const move = new vision.ElasticTransform({ alpha: 20, sigma: 0.8 });
    const both = move.apply(images, { seed: 1, epoch: 0, indices: [3, 4], stream: 0 });
    const second = move.apply(images.narrow(0, 1, 1), { seed: 1, epoch: 0, indices: [4], stream: 0 });

    expect(both.narrow(0, 1, 1).toArray()).toEqual(second.toArray());
    expect(both.equal(images)).toBe(false);
    expect(new vision.ElasticTransform({ alpha: 0, sigma: 0 })(images).allclose(images, { atol: 1e-6 })).toBe(true);
    expect(() => new vision.ElasticTransform()(images)).toThrow(
      "ElasticTransform: a kernel of 41 pixels (sigma 5, 5) is too wide for images of [9,8]; take a smaller sigma",
    );
    expect(() => new vision.ElasticTransform({ sigma: [1, 0] })).toThrow(
      "ElasticTransform: sigma must be two positive numbers, or 0 for no blur, got [1,0]",
    );
    expect(() => vision.functional.elastic(images, images)).toThrow(
      "elastic: displacement must be [2,9,8,2] or [1,9,8,2] for images of shape [2,1,9,8], got shape [2,1,9,8]",
    );
  });

  test("given AugMix, samples mix in their range; one draw a sample", () => {
    const images = bytes(3, 9, 8).unsqueeze(0);
    const context = { seed: 1, epoch: 0, indices: [5], stream: 0 };
    const mixed = new vision.AugMix({ allOps: false }).apply(images, context);
    expect([mixed.shape, mixed.dtype]).toEqual([[1, 3, 9, 8], "uint8"]);
    const other = new vision.AugMix().apply(images, { ...context, indices: [6] });
    expect(other.equal(mixed)).toBe(false);
    expect(() => new vision.AugMix({ severity: 11 })).toThrow("AugMix: severity must be 1 to 10, got 11");
  });

  test("given RandomCrop with padIfNeeded, small images get borders of the mode", () => {
    const image = bytes(1, 2, 2);
    const crop = new vision.RandomCrop([2, 4], { padIfNeeded: true, paddingMode: "edge" });
    const row = (crop(image).toArray() as number[][][])[0]?.[0] as number[];
    expect(new Set(row)).toEqual(new Set((image.toArray() as number[][][])[0]?.[0]));
    expect(new vision.RandomRotation([90, 90], { expand: true })(bytes(1, 2, 3)).toArray()).toEqual(
      bytes(1, 2, 3).rot90(1, [1, 2]).toArray(),
    );
    expect(new vision.RandomPerspective({ p: 0 })(image).toArray()).toEqual(image.toArray());
  });

  test("given images and labels, MixUp is called like a function", () => {
    const [images, labels] = new vision.MixUp({ numClasses: 3 })(
      bytes(2, 1, 2, 2).to("float32"),
      tensor([0, 2], { dtype: "int32" }),
    );
    expect([[...images.shape], [...labels.shape]]).toEqual([
      [2, 1, 2, 2],
      [2, 3],
    ]);
  });
});
