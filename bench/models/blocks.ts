// Pieces that several of the networks are built of. Their parameters carry torchvision's names.
import type { Tensor } from "gradus";
import * as nn from "gradus/nn";

export interface ConvNormOptions {
  readonly kernel?: number;
  readonly stride?: number;
  readonly groups?: number;
  /** Of the batch normalisation; default 1e-5. */
  readonly eps?: number;
  /** Null: none. */
  readonly activation: nn.UnaryModule | null;
}

/** Convolution without bias that keeps the size up to its stride, batch normalisation, activation. */
export function convNorm(
  inputs: number,
  outputs: number,
  { kernel = 1, stride = 1, groups = 1, eps = 1e-5, activation }: ConvNormOptions,
): nn.Sequential {
  const conv = new nn.Conv2d(inputs, outputs, kernel, { stride, padding: (kernel - 1) / 2, groups, bias: false });
  return new nn.Sequential(conv, new nn.BatchNorm2d(outputs, { eps }), ...(activation ? [activation] : []));
}

/**
 * Weighs the channels by what they have in common: x · σ(W₂ δ(W₁ mean(x))).
 * Source: Hu et al., "Squeeze-and-Excitation Networks", 2018, arXiv:1709.01507, eq. 2 to 4.
 */
export class SqueezeExcitation extends nn.Module {
  avgpool = new nn.AdaptiveAvgPool2d(1);
  fc1: nn.Conv2d;
  fc2: nn.Conv2d;

  constructor(
    channels: number,
    squeezed: number,
    readonly activation: nn.UnaryModule,
    readonly scaleActivation: nn.UnaryModule,
  ) {
    super();
    this.fc1 = new nn.Conv2d(channels, squeezed, 1);
    this.fc2 = new nn.Conv2d(squeezed, channels, 1);
  }

  forward(x: Tensor): Tensor {
    const squeezed = this.activation(this.fc1(this.avgpool(x))); // [N, squeezed, 1, 1]
    return x.mul(this.scaleActivation(this.fc2(squeezed)));
  }
}

/** A block whose input is added to its output. */
export class Residual extends nn.Module {
  constructor(
    readonly block: nn.UnaryModule,
    private readonly isResidual: boolean,
  ) {
    super();
  }

  forward(x: Tensor): Tensor {
    return this.isResidual ? x.add(this.block(x)) : this.block(x);
  }
}

/** The nearest multiple of 8, but not below nine tenths of `channels`. */
export function multipleOf8(channels: number): number {
  const rounded = Math.max(8, Math.floor((channels + 4) / 8) * 8);
  return rounded < 0.9 * channels ? rounded + 8 : rounded;
}

/** Features, mean over the image, classifier. */
export class ImageClassifier extends nn.Module {
  avgpool = new nn.AdaptiveAvgPool2d(1);

  constructor(
    readonly features: nn.Sequential,
    readonly classifier: nn.Sequential,
  ) {
    super();
  }

  forward(x: Tensor): Tensor {
    return this.classifier(this.avgpool(this.features(x)).flatten(1)); // [N, classes]
  }
}
