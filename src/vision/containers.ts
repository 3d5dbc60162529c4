// Transforms made of other transforms, and of functions.
import { ArgumentError, checkFunction, checkKind } from "../base/index.js";
import type { BatchTransform, ImageTransform, SampleContext } from "../data/index.js";
import { isTensor, type Tensor, where } from "../tensor/index.js";
import { checkProbability, checkTransforms, forEachSample, perSample, perSampleOf } from "./samples.js";
import { applyInner, Transform } from "./transform.js";

/** A batch of images, or several of them: what `FiveCrop` and `TenCrop` give inside a `Compose`. */
export type Images = Tensor | readonly Tensor[];

/** What `Compose` takes: a transform, or one that gives several batches. */
export type ImageStep = BatchTransform | ((images: Tensor, context: SampleContext) => Images);

/**
 * Applies transforms one after the other. Behind a `FiveCrop` or `TenCrop`, transforms work on each crop with the same draws, and a
 * `Lambda` gets all crops, each a batch `[N, C, h, w]`.
 *
 * Shapes: images `[N, C, H, W]` or `[C, H, W]` → what the last transform gives.
 * @throws ArgumentError if something is no transform, or in the call if the last one leaves several batches.
 * @example
 * const prepare = new Compose([
 *   new Resize(256), new CenterCrop(224), new ToDtype("float32", { scale: true }), new Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
 * ]);
 * const x = prepare(await readImage("cat.jpg", { mode: "rgb" })); // [3, 224, 224]
 */
export class Compose extends Transform {
  constructor(
    /** The transforms, in the order they are applied. */
    readonly transforms: readonly ImageStep[],
    ...surplus: []
  ) {
    super(...surplus);
    checkTransforms("Compose", transforms);
  }

  protected transform(images: Tensor, context: SampleContext): Tensor {
    return inOrder("Compose", this.transforms, images, context);
  }
}

function inOrder(op: string, transforms: readonly ImageStep[], images: Tensor, context: SampleContext): Tensor {
  const out = transforms.reduce<Images>((x, transform, i) => {
    const one = (image: Images) =>
      applyInner(transform as ImageTransform, image as Tensor, context, i, transforms.length);
    return isTensor(x) || transform instanceof Lambda ? one(x) : x.map(one);
  }, images);
  if (isTensor(out)) return out;
  throw new ArgumentError(
    `${op}: its transforms end in ${out.length} batches of crops; put new Lambda((crops) => stack(crops, 1)) behind them`,
    { op },
  );
}

/**
 * Any function of a batch `[N, C, H, W]`; behind a `FiveCrop` or `TenCrop`, of the batches of crops.
 * @example new Lambda((crops: readonly Tensor[]) => stack(crops, 1)) // [N, crops, C, h, w]
 */
export class Lambda<Given extends Images = Tensor> extends Transform {
  constructor(
    private readonly fn: (images: Given) => Tensor,
    ...surplus: []
  ) {
    super(...surplus);
    checkFunction("Lambda", "fn", fn);
  }

  override apply(images: Images, context?: SampleContext): Tensor {
    return isTensor(images) ? super.apply(images, context) : this.fn(images as Given);
  }

  protected transform(images: Tensor): Tensor {
    return this.fn(images as Given);
  }
}

/**
 * Applies transforms to each image with probability `p` (default 0.5). They must keep the shape. Shapes: `[N, C, H, W]` or `[C, H, W]` → the same.
 * @throws ArgumentError if something is no transform, or `p` is not in [0, 1].
 */
export class RandomApply extends Transform {
  constructor(
    /** The transforms, in order. */
    readonly transforms: readonly ImageTransform[],
    /** Chance that a sample is transformed. */
    readonly p = 0.5,
    ...surplus: []
  ) {
    super(...surplus);
    checkTransforms("RandomApply", transforms);
    checkProbability("RandomApply", p);
  }

  protected transform(images: Tensor, context: SampleContext): Tensor {
    const [draws] = perSample(context, (random) => [random.uniform()]) as [Tensor];
    return where(draws.lt(this.p), inOrder("RandomApply", this.transforms, images, context), images);
  }
}

/**
 * Applies one of several transforms to each image. They must agree about the result's shape.
 * @throws ArgumentError if there are no transforms, something is none, or `p` are not as many numbers >= 0.
 */
export class RandomChoice extends Transform {
  private readonly shares: readonly number[];

  constructor(
    /** The transforms, one of which is drawn for each sample. */
    readonly transforms: readonly ImageTransform[],
    /** Shares of their chances, which need not add up to 1; default: equal ones. */
    p: readonly number[] | null = null,
    ...surplus: []
  ) {
    super(...surplus);
    checkTransforms("RandomChoice", transforms);
    if (transforms.length === 0) throw new ArgumentError("RandomChoice: got no transforms", { op: "RandomChoice" });
    checkKind("RandomChoice", "p", p, "numbers | null");
    this.shares = p ?? transforms.map(() => 1);
    const total = this.shares.reduce((a, b) => a + b, 0);
    if (this.shares.length === transforms.length && this.shares.every((share) => share >= 0) && total > 0) return;
    throw new ArgumentError(
      `RandomChoice: p must be ${transforms.length} numbers >= 0 that are not all 0, one a transform, got ${JSON.stringify(p)}`,
      { op: "RandomChoice" },
    );
  }

  protected transform(images: Tensor, context: SampleContext): Tensor {
    const { length } = this.transforms;
    const total = this.shares.reduce((a, b) => a + b, 0);
    const [draws] = perSample(context, (random) => {
      let left = random.uniform() * total;
      // The last with a share takes what rounding leaves over.
      let drawn = 0;
      for (let i = 0; i < length; i++) {
        const share = this.shares[i] as number;
        if (share > 0) drawn = i;
        if (left < share) break;
        left -= share;
      }
      return [drawn];
    }) as [Tensor];
    const [first, ...others] = this.transforms.map((transform, i) => applyInner(transform, images, context, i, length));
    return others.reduce((chosen, changed, i) => where(draws.eq(i + 1), changed, chosen), first as Tensor);
  }
}

/**
 * Applies all transforms to each image, in an order drawn for it. Of a batch, each place in the order applies every transform that
 * some image has there. They must agree about the result's shape.
 * @throws ArgumentError if something is no transform.
 */
export class RandomOrder extends Transform {
  constructor(
    /** The transforms, in any order. */
    readonly transforms: readonly ImageTransform[],
    ...surplus: []
  ) {
    super(...surplus);
    checkTransforms("RandomOrder", transforms);
  }

  protected transform(images: Tensor, context: SampleContext): Tensor {
    const { length } = this.transforms;
    const orders: number[][] = [];
    forEachSample(context, (random) => {
      const keys = Array.from({ length }, () => random.uniform());
      orders.push([...keys.keys()].sort((a, b) => (keys[a] as number) - (keys[b] as number)));
    });
    let x = images;
    for (let place = 0; place < length; place++) {
      const chosen = orders.map((order) => order[place] as number);
      const code = perSampleOf(chosen);
      const present = [...new Set(chosen)].sort((a, b) => a - b);
      const [first, ...others] = present.map((i) => {
        const transform = this.transforms[i] as ImageTransform;
        return { i, changed: applyInner(transform, x, context, i, length) };
      });
      if (first) x = others.reduce((y, { i, changed }) => where(code.eq(i), changed, y), first.changed);
    }
    return x;
  }
}
