// What a transform of image batches is. The transforms themselves are in src/vision.

import { checkFunction, noMore } from "../base/index.js";
import type { Tensor } from "../tensor/index.js";
import type { EpochContext, Indices } from "./dataset.js";

/** Which samples a batch holds, and all that a random transform may depend on. */
export interface SampleContext extends EpochContext {
  /** The samples' indices in their dataset. */
  readonly indices: Indices;
  /** Tells transforms of one pipeline apart. */
  readonly stream: number;
}

/** Works on a whole batch `[N, C, H, W]`; random parameters are drawn for each sample. */
export interface BatchTransform {
  /**
   * The transformed batch. Shapes: `[N, C, H, W]` → `[N, C, H', W']`.
   * @param images - usually floats in [0, 1].
   * @param context - which samples these are, seed and epoch: all that random parameters depend on.
   */
  apply(images: Tensor, context: SampleContext): Tensor;
}

/** A transform of image batches: an object with `apply`, or a function of the images. */
export type ImageTransform = BatchTransform | ((images: Tensor, context: SampleContext) => Tensor);

/** @throws ArgumentError for what is neither a function nor an object with `apply`. */
export function checkTransform(op: string, transform: ImageTransform): void {
  if (typeof transform === "function") return;
  checkFunction(op, "the transform's apply", (transform as Partial<BatchTransform> | null)?.apply);
}

/** Applies a transform, an object or a function, to a batch. Shapes: `[N, C, H, W]` → what the transform gives. */
export function transformImages(
  transform: ImageTransform,
  images: Tensor,
  context: SampleContext,
  ...surplus: []
): Tensor {
  noMore("transformImages", surplus);
  checkTransform("transformImages", transform);
  return typeof transform === "function" ? transform(images, context) : transform.apply(images, context);
}
