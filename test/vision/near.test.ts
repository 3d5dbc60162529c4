// Single images at hand against batches, which a program computes: values, sizes, no program for each size.
import { compile, manualSeed, programCacheStats, randint, stack, type Tensor } from "gradus";
import {
  CenterCrop,
  functional,
  RandomCrop,
  RandomHorizontalFlip,
  RandomResizedCrop,
  Resize,
  type Transform,
} from "gradus/vision";
import { describe, expect, test } from "vitest";

const context = { indices: [3], seed: 7, epoch: 1, stream: 0 };
const twice = { ...context, indices: [3, 3] };

/** A batch `[1, 3, h, w]` whose values are there. */
function photo(h: number, w: number): Tensor {
  manualSeed(h * 1000 + w);
  return randint(0, 256, [1, 3, h, w], { dtype: "uint8" }).clone();
}

function near(image: Tensor): Tensor {
  image.toTypedArray(); // computes it
  return image;
}

const transforms: readonly (readonly [string, Transform])[] = [
  ["Resize to less", new Resize([11, 9])],
  ["Resize to more", new Resize([40, 61])],
  ["Resize by 1/3, bicubic", new Resize([8, 11], { interpolation: "bicubic" })],
  [
    "Resize to more, bicubic without antialiasing",
    new Resize([50, 37], { interpolation: "bicubic", antialias: false }),
  ],
  ["Resize, nearest", new Resize([13, 50], { interpolation: "nearest" })],
  ["Resize without antialiasing", new Resize(12, { antialias: false })],
  ["RandomResizedCrop", new RandomResizedCrop(16)],
  ["RandomCrop", new RandomCrop([20, 17], { padding: 2 })],
  ["CenterCrop", new CenterCrop([21, 40])],
  ["RandomHorizontalFlip", new RandomHorizontalFlip(1)],
];

describe("a single image at hand", () => {
  test.each(transforms)("given %s, it is what it is in a batch", (_, transform) => {
    for (const [h, w] of [
      [25, 33],
      [29, 27],
    ] as const) {
      const image = near(photo(h, w));
      const alone = transform.apply(image, context);
      const [inBatch] = transform.apply(stack([image.squeeze(0), image.squeeze(0)]), twice) as unknown as [Tensor];
      expect(alone.dtype).toBe("uint8");
      expect(alone.squeeze(0).toArray()).toEqual(inBatch.toArray());
    }
  });

  test("given images of many sizes, none is a program of its own", () => {
    const images = Array.from({ length: 6 }, (_, i) => near(photo(20 + i, 30 + i)));
    const before = programCacheStats().compiles;
    for (const image of images) {
      const resized = new Resize([16, 18]).apply(image, context);
      new RandomHorizontalFlip(1).apply(new RandomCrop(8).apply(resized, context), context).toTypedArray();
    }
    expect(programCacheStats().compiles).toBe(before);
  });

  test("given sides shrunk by 1/60, sums are exact: a flat image stays as it is", () => {
    const image = near(photo(600, 7).mul(0).add(201).to("uint8"));
    const values = new Set(new Resize([10, 3]).apply(image, context).toTypedArray() as Uint8Array);
    expect([...values]).toEqual([201]);
  });

  test("given a compiled function, later images are resized, not the first one again", () => {
    const shrink = compile((image: Tensor) =>
      functional.resizedCrop(image, { top: 1, left: 2, height: 9, width: 8 }, 4),
    );
    for (const more of [0, 50, 90]) {
      const image = near(photo(31, 31).add(more).to("uint8"));
      const expected = functional.resizedCrop(image, { top: 1, left: 2, height: 9, width: 8 }, 4);
      expect(shrink(image).toArray()).toEqual(expected.toArray());
    }
  });
});
