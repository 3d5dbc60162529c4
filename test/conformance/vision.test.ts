// Image functions and transforms without chance are torchvision's.

import { cat, stack, type Tensor } from "gradus";
import * as vision from "gradus/vision";
import { expect, test } from "vitest";
import { augment, type Operation } from "../../src/vision/augment-step.js";
import { mixChains, mixScales } from "../../src/vision/auto-augment.js";
import { displacementOf, elastic } from "../../src/vision/elastic.js";
import { cutMix, mixUp } from "../../src/vision/mixing.js";
import { makeTensor } from "./api.js";
import { read } from "./compare.js";
import { loadFamily, type Place } from "./fixtures.js";
import { generate, textSeed } from "./inputs.js";
import { forEachTarget } from "./targets.js";

interface VisionCase {
  readonly id: string;
  readonly function: string;
  readonly args: readonly unknown[];
  readonly shape: readonly number[];
  /** Of the images; default float32. */
  readonly dtype?: "uint8";
  readonly expect: Place;
}

const family = loadFamily<VisionCase>("vision");
const context = { seed: 0, epoch: 0, indices: [0, 1, 2], stream: 0 };

/** A transform of several crops in a pipeline, stacked behind the batch. */
function stackedCrops(images: Tensor, name: "FiveCrop" | "TenCrop", ...args: readonly unknown[]): Tensor {
  const kinds = { FiveCrop: vision.FiveCrop, TenCrop: vision.TenCrop };
  const crops = Reflect.construct(kinds[name], args) as vision.ImageStep;
  const all = new vision.Lambda((given: readonly Tensor[]) => stack(given, 1));
  return new vision.Compose([crops, new vision.Normalize(0.5, 0.25), all]).apply(images, context);
}

/** The elastic transform with the fixture's noise. */
function displaced(images: Tensor, alpha: Pair, sigma: Pair, options: vision.WarpOptions): Tensor {
  const [height, width] = images.shape.slice(2) as [number, number];
  const values = generate(textSeed("elastic/noise"), 2 * height * width, ["uniform", -1, 1]);
  return elastic(images, displacementOf(makeTensor(values, [1, 2, height, width], "float32"), alpha, sigma), options);
}

type Pair = readonly [number, number];
type Step = readonly [operation: Operation, tenth: number, turns: boolean];

function mixedChains(
  images: Tensor,
  own: number,
  shares: readonly number[],
  chains: readonly (readonly Step[])[],
): Tensor {
  const [height, width] = images.shape.slice(2) as [number, number];
  const drawn = chains.map((chain) =>
    chain.map(([operation, tenth, turns]) => {
      const magnitude = mixScales[operation][0](tenth / 9, height, width);
      return { operation, magnitude: turns ? -magnitude : magnitude };
    }),
  );
  const sample = { own, shares: shares.map((share) => share * (1 - own)), chains: drawn };
  return mixChains(images, [sample, sample, sample], { interpolation: "bilinear" });
}

function run({ function: name, args }: VisionCase, images: Tensor): Tensor {
  if (name === "augment") {
    const [operation, magnitude] = args as [Operation, number];
    // Another operation beside it: samples of one batch do not mix.
    const drawn = [0, 1, 2].map((n) =>
      n === 1 ? { operation: "Invert" as const, magnitude: 0 } : { operation, magnitude },
    );
    return augment("test", images, drawn, { interpolation: "bilinear" });
  }
  if (name === "mixUp" || name === "cutMix") {
    const [lambda, ...at] = args as [number, number, number];
    const other = images.roll(1, 0);
    const mixed = name === "mixUp" ? mixUp(images, other, lambda) : cutMix(images, other, lambda, ...at);
    // As the fixture has it: the share of the labels in a last column.
    return cat([mixed.images, images.narrow(3, 0, 1).mul(0).add(mixed.share)], 3);
  }
  if (name === "crops") return stackedCrops(images, ...(args as ["FiveCrop", unknown]));
  if (name === "elastic") return displaced(images, ...(args as [Pair, Pair, vision.WarpOptions]));
  if (name === "augMix") return mixedChains(images, ...(args as [number, number[], Step[][]]));
  const found = (vision.functional as Record<string, unknown>)[name];
  if (typeof found === "function") return Reflect.apply(found, null, [images, ...args]) as Tensor;
  const Transform = (vision as Record<string, unknown>)[name] as new (
    ...given: readonly unknown[]
  ) => {
    apply(x: Tensor, c: object): Tensor;
  };
  return new Transform(...args).apply(images, context);
}

/**
 * Values lie in [0, 1]: a few roundings of float32 each, and up to a hundred products in a row of weights. Where values are cut
 * into levels, one that lies on a border may fall to the other side: such cases have none.
 */
const TOLERANCE = 1e-5;
/** Bytes are equal, but for positions and blends that lie so near a border of two that a rounding in float32 decides. */
const LARGEST_SHARE_OF_STEPS = 0.05;

forEachTarget(() => {
  test.each(family.cases)("$function: given $args, the batch of $id is torchvision's", (item) => {
    const count = item.shape.reduce((a, b) => a * b, 1);
    const { dtype = "float32" } = item;
    const isBytes = dtype === "uint8";
    const values = generate(textSeed(`${item.id}/images`), count, isBytes ? ["int", 0, 256] : ["uniform", 0, 1]);
    const images = makeTensor(values, item.shape, dtype);

    const output = run(item, images);

    expect(output.shape).toEqual(item.expect.shape);
    expect(output.dtype).toBe(item.expect.dtype ?? "float32");
    const wanted = family.values(item.expect);
    const size = wanted.length / 3;
    const tolerance = output.dtype === "uint8" ? 1 : TOLERANCE;
    const problems: string[] = [];
    let steps = 0;
    read(output).forEach((value, i) => {
      const isOther = item.function === "augment" && Math.floor(i / size) === 1;
      const expected = isOther ? (isBytes ? 255 : 1) - (values[i] as number) : (wanted[i] as number);
      if (!(Math.abs(value - expected) <= tolerance)) problems.push(`element ${i}: ${value}, not ${expected}`);
      else if (isBytes && output.dtype === "uint8" && value !== expected) steps++;
    });
    expect(problems).toEqual([]);
    expect(steps / wanted.length).toBeLessThanOrEqual(LARGEST_SHARE_OF_STEPS);
  });
});
