// Transforms are called with one image or a batch, of floats or bytes, and draw from the default generator.
import { manualSeed, type Tensor, tensor } from "gradus";
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
