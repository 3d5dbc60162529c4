// RandAugment, TrivialAugmentWide, AutoAugment and AugMix on batches: operations and magnitudes are drawn for each sample.
import { ArgumentError, checkOptions, kindsOf } from "../base/index.js";
import type { RandomSequence, SampleContext } from "../data/index.js";
import type { Tensor } from "../tensor/index.js";
import { type PolicyName, type PolicyStep, policies } from "./augment-policies.js";
import { type AugmentOptions, augment, type Drawn, type Operation } from "./augment-step.js";
import { boundOf } from "./color.js";
import { drawDirichlet, forEachSample, perSampleOf, sizesOf } from "./samples.js";
import { Transform } from "./transform.js";
import { checkWarp } from "./warp.js";

/** Magnitude by strength in [0, 1], and whether its sign is drawn. */
type Scale = readonly [magnitude: (strength: number, height: number, width: number) => number, signed: boolean];

const none: Scale = [() => 0, false];
const linear = (most: number): Scale => [(s) => s * most, true];

/** RandAugment's and AutoAugment's. */
const scales: Readonly<Record<Operation, Scale>> = {
  Identity: none,
  ShearX: linear(0.3),
  ShearY: linear(0.3),
  TranslateX: [(s, _height, width) => (s * 150 * width) / 331, true],
  TranslateY: [(s, height) => (s * 150 * height) / 331, true],
  Rotate: linear(30),
  Brightness: linear(0.9),
  Color: linear(0.9),
  Contrast: linear(0.9),
  Sharpness: linear(0.9),
  Posterize: [(s) => Math.round(8 - 4 * s), false],
  Solarize: [(s) => 1 - s, false],
  AutoContrast: none,
  Equalize: none,
  Invert: none,
};

/** TrivialAugment's wider ones. */
const wideScales: Readonly<Record<Operation, Scale>> = {
  ...scales,
  ShearX: linear(0.99),
  ShearY: linear(0.99),
  TranslateX: linear(32),
  TranslateY: linear(32),
  Rotate: linear(135),
  Brightness: linear(0.99),
  Color: linear(0.99),
  Contrast: linear(0.99),
  Sharpness: linear(0.99),
  Posterize: [(s) => Math.round(8 - 6 * s), false],
};

/** AugMix's, in tenths. */
export const mixScales: Readonly<Record<Operation, Scale>> = {
  ...scales,
  TranslateX: [(s, _height, width) => (s * width) / 3, true],
  TranslateY: [(s, height) => (s * height) / 3, true],
  Posterize: [(s) => Math.round(4 - 4 * s), false],
};

/** All but Invert, in the papers' order. */
const drawable = (Object.keys(scales) as Operation[]).filter((operation) => operation !== "Invert");

function magnitudeOf(
  [magnitude, signed]: Scale,
  strength: number,
  height: number,
  width: number,
  random: RandomSequence,
): number {
  const m = magnitude(strength, height, width);
  return signed && random.uniform() < 0.5 ? -m : m;
}

/** What each sample of the batch gets. */
function drawEach(context: SampleContext, draw: (random: RandomSequence) => Drawn): Drawn[] {
  const drawn: Drawn[] = [];
  forEachSample(context, (random) => drawn.push(draw(random)));
  return drawn;
}

function step(context: SampleContext, of: number, at: number): SampleContext {
  return { ...context, stream: context.stream * (of + 1) + at + 1 };
}

/** Options of `RandAugment`. */
export interface RandAugmentOptions extends AugmentOptions {
  /** Operations on each image; default 2. */
  readonly numOps?: number;
  /** Strength of all, out of numMagnitudeBins - 1; default 9. */
  readonly magnitude?: number;
  /** Default 31. */
  readonly numMagnitudeBins?: number;
}

/**
 * Some operations of one strength, drawn for each image. Images are floats in [0, 1].
 *
 * Source: Cubuk et al., 2019, arXiv:1909.13719.
 * @param options - see RandAugmentOptions.
 * @throws ArgumentError unless 0 <= magnitude < numMagnitudeBins.
 * @example new RandAugment({ numOps: 2, magnitude: 9 })
 */
export class RandAugment extends Transform {
  private readonly options: Required<RandAugmentOptions>;

  constructor(options: RandAugmentOptions = {}, ...surplus: []) {
    super(...surplus);
    checkOptions("RandAugment", options, {
      numOps: "number",
      magnitude: "number",
      numMagnitudeBins: "number",
      interpolation: "text",
      fill: "number | numbers | null",
    });
    this.options = { numOps: 2, magnitude: 9, numMagnitudeBins: 31, interpolation: "nearest", fill: null, ...options };
    checkWarp("RandAugment", this.options);
    const { magnitude, numMagnitudeBins } = this.options;
    if (magnitude >= 0 && magnitude < numMagnitudeBins) return;
    throw new ArgumentError(`RandAugment: magnitude must be in [0, ${numMagnitudeBins}), got ${magnitude}`, {
      op: "RandAugment",
    });
  }

  protected transform(images: Tensor, context: SampleContext): Tensor {
    const { height, width } = sizesOf("RandAugment", images);
    const { numOps, magnitude, numMagnitudeBins } = this.options;
    const strength = magnitude / (numMagnitudeBins - 1);
    let x = images;
    for (let i = 0; i < numOps; i++) {
      const drawn = drawEach(step(context, numOps, i), (random): Drawn => {
        const operation = drawable[random.below(drawable.length)] as Operation;
        return { operation, magnitude: magnitudeOf(scales[operation], strength, height, width, random) };
      });
      x = augment("RandAugment", x, drawn, this.options);
    }
    return x;
  }
}

/** Options of `TrivialAugmentWide`. */
export interface TrivialAugmentWideOptions extends AugmentOptions {
  /** Default 31. */
  readonly numMagnitudeBins?: number;
}

/**
 * One operation of any strength, drawn for each image. Images are floats in [0, 1].
 *
 * Source: Müller & Hutter, 2021, arXiv:2103.10158.
 * @throws ArgumentError if the interpolation is unknown.
 * @example new TrivialAugmentWide()
 */
export class TrivialAugmentWide extends Transform {
  private readonly options: Required<TrivialAugmentWideOptions>;

  constructor(options: TrivialAugmentWideOptions = {}, ...surplus: []) {
    super(...surplus);
    checkOptions("TrivialAugmentWide", options, {
      numMagnitudeBins: "number",
      interpolation: "text",
      fill: "number | numbers | null",
    });
    this.options = { numMagnitudeBins: 31, interpolation: "nearest", fill: null, ...options };
    checkWarp("TrivialAugmentWide", this.options);
  }

  protected transform(images: Tensor, context: SampleContext): Tensor {
    const { height, width } = sizesOf("TrivialAugmentWide", images);
    const { numMagnitudeBins: bins } = this.options;
    const drawn = drawEach(context, (random): Drawn => {
      const operation = drawable[random.below(drawable.length)] as Operation;
      const strength = random.below(bins) / (bins - 1);
      return { operation, magnitude: magnitudeOf(wideScales[operation], strength, height, width, random) };
    });
    return augment("TrivialAugmentWide", images, drawn, this.options);
  }
}

/** Options of `AutoAugment`. */
export interface AutoAugmentOptions extends AugmentOptions {
  /** What the policy was found on; default "imagenet". */
  readonly policy?: PolicyName;
}

/**
 * One of 25 learned pairs of operations, drawn for each image. Images are floats in [0, 1].
 *
 * Source: Cubuk et al., 2019, arXiv:1805.09501.
 * @throws ArgumentError for an unknown policy.
 * @example new AutoAugment({ policy: "cifar10" })
 */
export class AutoAugment extends Transform {
  private readonly options: Required<AutoAugmentOptions>;

  constructor(options: AutoAugmentOptions = {}, ...surplus: []) {
    super(...surplus);
    checkOptions("AutoAugment", options, { policy: "text", interpolation: "text", fill: "number | numbers | null" });
    this.options = { policy: "imagenet", interpolation: "nearest", fill: null, ...options };
    checkWarp("AutoAugment", this.options);
    if (Object.hasOwn(policies, this.options.policy)) return;
    throw new ArgumentError(
      `AutoAugment: unknown policy "${this.options.policy}"; one of ${Object.keys(policies).join(", ")}`,
      { op: "AutoAugment" },
    );
  }

  protected transform(images: Tensor, context: SampleContext): Tensor {
    const { height, width } = sizesOf("AutoAugment", images);
    const pairs = policies[this.options.policy];
    const chosen: (readonly [PolicyStep, PolicyStep])[] = [];
    forEachSample(context, (random, n) => {
      chosen[n] = pairs[random.below(pairs.length)] as readonly [PolicyStep, PolicyStep];
    });
    return ([0, 1] as const).reduce<Tensor>((x, at) => {
      let n = 0;
      const drawn = drawEach(step(context, 2, at), (random): Drawn => {
        const [operation, probability, magnitude] = (chosen[n++] as readonly [PolicyStep, PolicyStep])[at];
        if (random.uniform() >= probability) return { operation: "Identity", magnitude: 0 };
        const strength = (magnitude ?? 0) / 9;
        return { operation, magnitude: magnitudeOf(scales[operation], strength, height, width, random) };
      });
      return augment("AutoAugment", x, drawn, this.options);
    }, images);
  }
}

/** What AugMix does with one sample: shares of the image itself and of each chain, and the chains' operations. */
export interface Chains {
  readonly own: number;
  readonly shares: readonly number[];
  readonly chains: readonly (readonly Drawn[])[];
}

const nothing: Drawn = { operation: "Identity", magnitude: 0 };

/** Mixes each image with what its chains of operations make of it; as many chains for all samples, of any length. */
export function mixChains(images: Tensor, drawn: readonly Chains[], options: AugmentOptions): Tensor {
  const isBytes = boundOf("AugMix", images) === 255;
  const floats = (x: Tensor): Tensor => (isBytes ? x.to("float32") : x);
  const width = drawn[0]?.chains.length ?? 0;
  let mixed = floats(images).mul(perSampleOf(drawn.map(({ own }) => own)));
  for (let i = 0; i < width; i++) {
    const chains = drawn.map(({ chains }) => chains[i] as readonly Drawn[]);
    const depth = Math.max(...chains.map(({ length }) => length));
    let x = images;
    for (let at = 0; at < depth; at++) {
      const step = chains.map((chain) => chain[at] ?? nothing);
      x = augment("AugMix", x, step, options);
    }
    mixed = mixed.add(floats(x).mul(perSampleOf(drawn.map(({ shares }) => shares[i] as number))));
  }
  return isBytes ? mixed.to("uint8") : mixed;
}

/** Options of `AugMix`; `interpolation` is "bilinear" by default. */
export interface AugMixOptions extends AugmentOptions {
  /** Strength of the operations, 1 to 10; default 3. */
  readonly severity?: number;
  /** Chains of operations; default 3. */
  readonly mixtureWidth?: number;
  /** Operations in a chain; default -1: 1 to 3, drawn for each chain. */
  readonly chainDepth?: number;
  /** Of the Dirichlet and Beta distributions of the shares; default 1. */
  readonly alpha?: number;
  /** Brightness, contrast, colour and sharpness too; default true. */
  readonly allOps?: boolean;
}

/**
 * Mixes each image with some chains of operations on it, in random shares: a batch is one program whatever was drawn. Images are floats
 * in [0, 1] or uint8. Each sample has draws of its own; torchvision draws operations once for a batch.
 *
 * Source: Hendrycks et al., "AugMix: A Simple Data Processing Method to Improve Robustness and Uncertainty", 2020, arXiv:1912.02781.
 * @throws ArgumentError unless severity is an integer in [1, 10], mixtureWidth a positive one and alpha > 0.
 * @example new AugMix({ severity: 3 })
 */
export class AugMix extends Transform {
  private readonly options: Required<AugMixOptions>;
  private readonly operations: readonly Operation[];

  constructor(options: AugMixOptions = {}, ...surplus: []) {
    super(...surplus);
    const defaults = { severity: 3, mixtureWidth: 3, chainDepth: -1, alpha: 1, allOps: true };
    const more = { interpolation: "text", fill: "number | numbers | null" };
    checkOptions("AugMix", options, { ...kindsOf(defaults), ...more });
    this.options = { ...defaults, interpolation: "bilinear", fill: null, ...options };
    checkWarp("AugMix", this.options);
    const { severity, mixtureWidth, chainDepth, alpha, allOps } = this.options;
    checkThat(Number.isInteger(severity) && severity >= 1 && severity <= 10, "severity must be 1 to 10", severity);
    checkThat(Number.isInteger(mixtureWidth) && mixtureWidth >= 1, "mixtureWidth must be >= 1", mixtureWidth);
    checkThat(Number.isInteger(chainDepth), "chainDepth must be an integer", chainDepth);
    checkThat(alpha > 0, "alpha must be > 0", alpha);
    const colors: readonly Operation[] = ["Brightness", "Color", "Contrast", "Sharpness"];
    this.operations = drawable.filter((name) => name !== "Identity" && (allOps || !colors.includes(name)));
  }

  protected transform(images: Tensor, context: SampleContext): Tensor {
    const { height, width } = sizesOf("AugMix", images);
    const { severity, mixtureWidth, chainDepth, alpha } = this.options;
    const drawn: Chains[] = [];
    forEachSample(context, (random) => {
      const [own, rest] = drawDirichlet(random, alpha, 2) as [number, number];
      const shares = drawDirichlet(random, alpha, mixtureWidth).map((share) => share * rest);
      const chains = shares.map(() => {
        const depth = chainDepth > 0 ? chainDepth : 1 + random.below(3);
        return Array.from({ length: depth }, (): Drawn => {
          const operation = this.operations[random.below(this.operations.length)] as Operation;
          const strength = random.below(severity) / 9;
          return { operation, magnitude: magnitudeOf(mixScales[operation], strength, height, width, random) };
        });
      });
      drawn.push({ own, shares, chains });
    });
    return mixChains(images, drawn, this.options);
  }
}

function checkThat(holds: boolean, rule: string, given: number): void {
  if (!holds) throw new ArgumentError(`AugMix: ${rule}, got ${given}`, { op: "AugMix" });
}
