// Transforms: parameters for each sample, independent of batching.
import { arange, ones, type Tensor, tensor, zeros } from "gradus";
import type { BatchTransform, SampleContext } from "gradus/data";
import { Compose, Normalize, RandomAffine, RandomCrop, RandomHorizontalFlip, RandomShift } from "gradus/vision";
import { describe, expect, test } from "vitest";

const context = (indices: readonly number[], change: Partial<SampleContext> = {}): SampleContext => ({
  indices,
  seed: 1,
  epoch: 0,
  stream: 0,
  ...change,
});

/** `count` copies of one image. */
const copies = (image: Tensor, count: number) => image.unsqueeze(0).expand(count, -1, -1, -1);
const picture = arange(1, 26).view(1, 5, 5).to("float32");
const image = (batch: Tensor, n: number) => batch.select(0, n).toArray() as number[][][];

const random: readonly [string, BatchTransform][] = [
  ["RandomShift", new RandomShift(2)],
  ["RandomCrop", new RandomCrop(3, { padding: 1 })],
  ["RandomHorizontalFlip", new RandomHorizontalFlip()],
  ["RandomAffine", new RandomAffine(30, { translate: [0.2, 0.2], scale: [0.8, 1.2], shear: 10 })],
];

describe.each(random)("%s", (_, transform) => {
  test("given samples in another batch or order, each gets the same parameters", () => {
    const together = transform.apply(copies(picture, 4), context([3, 8, 5, 12]));
    const alone = transform.apply(copies(picture, 2), context([5, 3]));
    expect(image(alone, 0)).toEqual(image(together, 2));
    expect(image(alone, 1)).toEqual(image(together, 0));
  });

  test("given another epoch, seed or place in a pipeline, parameters differ", () => {
    const indices = Array.from({ length: 16 }, (_, i) => i);
    const result = (change: Partial<SampleContext>) =>
      JSON.stringify(transform.apply(copies(picture, 16), context(indices, change)).toArray());
    const all = [result({}), result({ epoch: 1 }), result({ seed: 2 }), result({ stream: 1 })];
    expect(new Set(all).size).toBe(4);
    expect(result({})).toBe(all[0]);
  });
});

describe("RandomShift", () => {
  test("given an image, the result is the image moved by up to the limit, with fill coming in", () => {
    const offsets = new Set<string>();
    const batch = new RandomShift(1, { fill: -1 }).apply(
      copies(picture, 40),
      context(Array.from({ length: 40 }, (_, i) => i)),
    );
    const source = (y: number, x: number) => (y < 0 || y > 4 || x < 0 || x > 4 ? -1 : 5 * y + x + 1);
    for (let n = 0; n < 40; n++) {
      const [rows] = image(batch, n) as [number[][]];
      const found = [-1, 0, 1]
        .flatMap((dy) => [-1, 0, 1].map((dx) => [dy, dx] as const))
        .find(([dy, dx]) => rows.every((row, y) => row.every((value, x) => value === source(y + dy, x + dx))));
      expect(found, `sample ${n}`).toBeDefined();
      offsets.add(String(found));
    }
    expect(offsets.size).toBe(9); // the chance that 40 uniform draws miss one of nine is 9 · (8/9)^40 = 8 %; this seed misses none
  });
});

describe("RandomCrop", () => {
  test("given a window larger than the padded image, it throws with the sizes", () => {
    expect(() => new RandomCrop(8, { padding: 1 }).apply(copies(picture, 1), context([0]))).toThrow(
      "RandomCrop: a window of [8,8] does not fit images of [5,5] with padding 1",
    );
  });
});

describe("RandomHorizontalFlip", () => {
  test("given p = 1 or 0, all images are mirrored or none", () => {
    const x = tensor([[[[1, 2, 3]]]]);
    expect(new RandomHorizontalFlip(1).apply(x, context([0])).toArray()).toEqual([[[[3, 2, 1]]]]);
    expect(new RandomHorizontalFlip(0).apply(x, context([0])).toArray()).toEqual([[[[1, 2, 3]]]]);
  });
});

describe("RandomAffine", () => {
  const square = tensor([
    [
      [
        [1, 2, 3],
        [4, 5, 6],
        [7, 8, 9],
      ],
    ],
  ]);

  test("given a fixed quarter turn, the image is turned, for both interpolations", () => {
    const turned = [
      [
        [
          [3, 6, 9],
          [2, 5, 8],
          [1, 4, 7],
        ],
      ],
    ]; // PyTorch's rotation by +90° is counter-clockwise... of the axes: clockwise on screen
    for (const interpolation of ["nearest", "bilinear"] as const) {
      const y = new RandomAffine([-90, -90], { interpolation }).apply(square, context([0]));
      (y.flatten().toArray() as number[]).forEach((v, i) => {
        expect(v).toBeCloseTo(turned.flat(3)[i]!, 4);
      });
    }
  });

  test("given no change, the image stays; given scale 3, its centre fills it", () => {
    expect(new RandomAffine(0).apply(square, context([0])).toArray()).toEqual(square.toArray());
    const y = new RandomAffine(0, { scale: [3, 3] }).apply(square, context([0]));
    expect(y.toArray()).toEqual(ones([1, 1, 3, 3]).mul(5).toArray());
  });
});

describe("Normalize and Compose", () => {
  test("given channels, each has its own mean and deviation; transforms follow one another", () => {
    const normalize = new Normalize([1, 2], [1, 2]);
    expect(
      normalize
        .apply(zeros([1, 2, 1, 1]))
        .flatten()
        .toArray(),
    ).toEqual([-1, -1]);
    const both = new Compose([normalize, (x) => x.add(1)]);
    expect(
      both
        .apply(zeros([1, 2, 1, 1]), context([0]))
        .flatten()
        .toArray(),
    ).toEqual([0, 0]);
    expect(() => new Normalize(0, 0)).toThrow("Normalize: std must be > 0, got 0");
  });

  test("given images of a wrong shape, random transforms throw naming it", () => {
    expect(() => new RandomShift(1).apply(zeros([3, 3]), context([0]))).toThrow(
      "RandomShift: images must be [N,C,H,W] or [C,H,W], got shape [3,3]",
    );
  });
});
