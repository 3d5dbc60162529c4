// MixUp and CutMix: batches mixed with themselves, images and labels alike.
import { ArgumentError, Callable, checkOptions, formatShape, isInteger, noMore, ShapeError } from "../base/index.js";
import { RandomSequence } from "../data/index.js";
import { arange, defaultGenerator, oneHot, type Tensor, where } from "../tensor/index.js";
import { drawDirichlet } from "./samples.js";

/** Options of `MixUp` and `CutMix`. */
export interface MixOptions {
  /** Of the Beta distribution of the share; default 1 (uniform). */
  readonly alpha?: number;
  /** Classes, where labels are indices `[N]`; labels of probabilities `[N, classes]` need none. */
  readonly numClasses?: number;
  /** Default: the seed of the global generator. */
  readonly seed?: number;
}

// The merged interface is the only way to give a class a call signature.
export interface Mixing {
  // biome-ignore lint/style/useShorthandFunctionType: only an interface merges with a class
  (images: Tensor, labels: Tensor): [images: Tensor, labels: Tensor];
}

// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: see the interface
export abstract class Mixing extends Callable<null> {
  private readonly alpha: number;
  private readonly numClasses: number | null;
  private readonly seed: number;
  private calls = 0;

  constructor(
    private readonly name: string,
    options: MixOptions,
    ...surplus: []
  ) {
    super((self: Mixing, _state: null, args: readonly unknown[]) => self.call(...(args as [Tensor, Tensor])), null);
    noMore(new.target.name, surplus);
    checkOptions(name, options, { alpha: "number", numClasses: "number | null", seed: "number" });
    this.alpha = options.alpha ?? 1;
    this.numClasses = options.numClasses ?? null;
    this.seed = options.seed ?? defaultGenerator().initialSeed();
    if (!(this.alpha > 0)) throw new ArgumentError(`${name}: alpha must be > 0, got ${this.alpha}`, { op: name });
  }

  protected abstract mix(
    images: Tensor,
    other: Tensor,
    share: number,
    random: RandomSequence,
  ): { images: Tensor; share: number };

  /**
   * Mixes a batch `[N, C, H, W]` and its labels (indices `[N]`, or probabilities `[N, classes]`) with itself, moved by one.
   * It is what a call of the object does. Each draws anew, from seed and number of the call.
   * @returns images, and labels as probabilities `[N, classes]`.
   * @throws ArgumentError for indices without `numClasses`; ShapeError for other shapes.
   */
  call(images: Tensor, labels: Tensor): [images: Tensor, labels: Tensor] {
    if (images.shape.length !== 4 || labels.shape[0] !== images.shape[0]) {
      const shapes = [images.shape, labels.shape];
      throw new ShapeError(
        `${this.name}: needs images [N,C,H,W] and labels [N] or [N, classes], got shapes ${shapes.map(formatShape).join(", ")}`,
        { op: this.name, shapes },
      );
    }
    const random = new RandomSequence(this.seed, "transform", this.calls++);
    const mixed = this.mix(images, images.roll(1, 0), drawDirichlet(random, this.alpha, 2)[0] as number, random);
    const targets = this.targets(labels);
    const { share } = mixed;
    return [mixed.images, targets.mul(share).add(targets.roll(1, 0).mul(1 - share))];
  }

  private targets(labels: Tensor): Tensor {
    if (!isInteger(labels.dtype)) return labels;
    if (this.numClasses !== null) return oneHot(labels, this.numClasses).to("float32");
    throw new ArgumentError(`${this.name}: labels are class indices, so numClasses is needed`, { op: this.name });
  }
}

/** Images, and the share of the labels that is theirs. */
interface Mixed {
  readonly images: Tensor;
  readonly share: number;
}

export function mixUp(images: Tensor, other: Tensor, share: number): Mixed {
  return { images: images.mul(share).add(other.mul(1 - share)), share };
}

/** A rectangle about (x, y) of 1 - `drawn` of the area, as far as it lies inside, is `other`'s. */
export function cutMix(images: Tensor, other: Tensor, drawn: number, x: number, y: number): Mixed {
  const [, , height, width] = images.shape as unknown as [number, number, number, number];
  const half = 0.5 * Math.sqrt(1 - drawn);
  const [w, h] = [Math.trunc(half * width), Math.trunc(half * height)];
  const [left, right] = [Math.max(x - w, 0), Math.min(x + w, width)];
  const [top, bottom] = [Math.max(y - h, 0), Math.min(y + h, height)];
  const rows = arange(height).view(1, 1, height, 1);
  const columns = arange(width).view(1, 1, 1, width);
  const isInside = rows.ge(top).logicalAnd(rows.lt(bottom)).logicalAnd(columns.ge(left)).logicalAnd(columns.lt(right));
  const share = 1 - ((right - left) * (bottom - top)) / (width * height);
  return { images: where(isInside, other, images), share };
}

/**
 * λ x + (1 - λ) x', of images and labels. Zhang et al., 2018, arXiv:1710.09412.
 * @example
 * const mixUp = new MixUp({ numClasses: 10, alpha: 0.2 });
 * for await (const [images, labels] of loader) step(...mixUp(images, labels));
 */
export class MixUp extends Mixing {
  constructor(options: MixOptions = {}, ...surplus: []) {
    super("MixUp", options, ...surplus);
  }

  protected mix(images: Tensor, other: Tensor, share: number) {
    return mixUp(images, other, share);
  }
}

/** A rectangle of x' in x, and labels by its area. Yun et al., 2019, arXiv:1905.04899. */
export class CutMix extends Mixing {
  constructor(options: MixOptions = {}, ...surplus: []) {
    super("CutMix", options, ...surplus);
  }

  protected mix(images: Tensor, other: Tensor, drawn: number, random: RandomSequence) {
    const [, , height, width] = images.shape as unknown as [number, number, number, number];
    const [x, y] = [random.below(width), random.below(height)];
    return cutMix(images, other, drawn, x, y);
  }
}
