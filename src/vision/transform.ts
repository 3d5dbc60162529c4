// The base of all transforms: what can be called with images, one or a batch.
import { Callable, formatShape, noMore, ShapeError } from "../base/index.js";
import { type BatchTransform, type ImageTransform, RandomSequence, type SampleContext } from "../data/index.js";
import { checkTensor, defaultGenerator, type Tensor } from "../tensor/index.js";

// The merged interface is the only way to give a class a call signature.
export interface Transform {
  // biome-ignore lint/style/useShorthandFunctionType: only an interface merges with a class
  (images: Tensor, context?: SampleContext): Tensor;
}

/**
 * Base of all transforms; an instance is called like a function. A subclass defines `transform`.
 * @example
 * class Halve extends Transform {
 *   protected transform(images: Tensor) {
 *     return images.div(2);
 *   }
 * }
 * const y = new Halve()(rand([3, 4, 4]));
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: see the interface
export abstract class Transform extends Callable<null> implements BatchTransform {
  constructor(...surplus: []) {
    const call = (self: Transform, _state: null, args: readonly unknown[]) => {
      if (args.length > 2) noMore(self.constructor.name, args.slice(2));
      return self.apply(...(args as [Tensor, SampleContext | undefined]));
    };
    super(call, null);
    noMore(new.target.name, surplus);
  }

  /**
   * The transformed images: what a call gives. Shapes: `[N, C, H, W]` or `[C, H, W]` → the same number of dims.
   * @param images - a batch `[N, C, H, W]`, or one image `[C, H, W]`, whose result has no batch dim either; floats in [0, 1]
   *   or uint8.
   * @param context - which samples these are, seed and epoch, for random parameters; data sets give it. Default: parameters are
   *   drawn from the default generator, for each image of the batch.
   * @throws ShapeError if the images have other dims.
   */
  apply(images: Tensor, context?: SampleContext): Tensor {
    checkTensor(this.constructor.name, "images", images);
    const dims = images.shape.length;
    if (dims !== 3 && dims !== 4) {
      throw new ShapeError(
        `${this.constructor.name}: images must be [N,C,H,W] or [C,H,W], got shape ${formatShape(images.shape)}`,
        { op: this.constructor.name, shapes: [images.shape] },
      );
    }
    const batch = dims === 3 ? images.unsqueeze(0) : images;
    const changed = this.transform(batch, context ?? drawContext(batch.shape[0] as number));
    return dims === 3 ? changed.squeeze(0) : changed;
  }

  /** The transformed batch `[N, C, H, W]`. Random parameters depend on `context` alone. */
  protected abstract transform(images: Tensor, context: SampleContext): Tensor;
}

/** Samples that no data set numbers: their seed is the next of the default generator. */
function drawContext(count: number): SampleContext {
  const { seed, offset } = defaultGenerator().takeForHost();
  return {
    // The second word, past all indices, keeps it apart from the seeds of batches.
    seed: new RandomSequence(seed, "generator", offset, 2 ** 32).wide(),
    epoch: 0,
    indices: Array.from({ length: count }, (_, i) => i),
    stream: 0,
  };
}

/** One of several transforms inside another: the `at`-th of `count`. */
export function applyInner(
  transform: ImageTransform,
  images: Tensor,
  context: SampleContext,
  at: number,
  count: number,
): Tensor {
  const inner = { ...context, stream: context.stream * (count + 1) + at + 1 };
  return typeof transform === "function" ? transform(images, inner) : transform.apply(images, inner);
}
