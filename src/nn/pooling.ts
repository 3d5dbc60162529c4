// Pooling layers.
import { checkOptions } from "../base/index.js";
import type { Tensor } from "../tensor/index.js";
import type { Size2 } from "./checks.js";
import {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveMaxPool2d,
  avgPool1d,
  avgPool2d,
  maxPool1d,
  maxPool2d,
} from "./functional.js";
import { Module } from "./module.js";
import { printArguments } from "./print.js";

interface PoolOptions<Size> {
  /** Default: the kernel size. May also be given as the second argument. */
  readonly stride?: Size;
  readonly padding?: Size;
  /** Let the last window reach over the end; default false. */
  readonly ceilMode?: boolean;
}

interface MaxPoolOptions<Size> extends PoolOptions<Size> {
  readonly dilation?: Size;
}

interface AvgPoolOptions<Size> extends PoolOptions<Size> {
  /** Padding counts as elements of the mean; default true. */
  readonly countIncludePad?: boolean;
  /** Divides the sums in place of the number of elements. */
  readonly divisorOverride?: number;
}

/** Options of `MaxPool1d`. */
export type MaxPool1dOptions = MaxPoolOptions<number>;
/** Options of `MaxPool2d`; a size is a number for both dims, or `[height, width]`. */
export type MaxPool2dOptions = MaxPoolOptions<Size2>;
/** Options of `AvgPool1d`. */
export type AvgPool1dOptions = Omit<AvgPoolOptions<number>, "divisorOverride">;
/** Options of `AvgPool2d`; a size is a number for both dims, or `[height, width]`. */
export type AvgPool2dOptions = AvgPoolOptions<Size2>;

const maxNames = ["stride", "padding", "dilation", "ceilMode"];
const avgNames = ["stride", "padding", "ceilMode", "countIncludePad", "divisorOverride"];

/** Kernel and options of a pooling layer; the stride is the second argument or an option. */
abstract class PoolBase<Size extends number | readonly number[], Options extends PoolOptions<Size>> extends Module {
  protected readonly options: Options & { readonly stride: Size };

  constructor(
    layer: string,
    readonly kernelSize: Size,
    stride: Size | Options | undefined,
    options: Options | undefined,
    names: readonly string[],
  ) {
    super();
    const hasStride = typeof stride === "number" || Array.isArray(stride);
    const given = hasStride ? options : ((stride as Options | undefined) ?? options);
    checkOptions(layer, given, names);
    this.options = { stride: kernelSize, ...given, ...(hasStride && { stride }) } as Options & { stride: Size };
  }

  override extraRepr(): string {
    return printArguments({ kernelSize: this.kernelSize, ...this.options });
  }
}

/** The largest value of each window of a sequence: `[N, C, L]` → `[N, C, L']`. */
export class MaxPool1d extends PoolBase<number, MaxPool1dOptions> {
  constructor(kernelSize: number, stride?: number | MaxPool1dOptions, options?: MaxPool1dOptions) {
    super("MaxPool1d", kernelSize, stride, options, maxNames);
  }

  forward(input: Tensor): Tensor {
    return maxPool1d(input, this.kernelSize, this.options);
  }
}

/**
 * The largest value of each window: `[N, C, H, W]` → `[N, C, H', W']`. Padding counts as -Infinity; NaN wins.
 * @param stride - distance of the windows; default the kernel size.
 * @example new nn.MaxPool2d(2, 2)(randn([64, 32, 26, 26])).shape // [64, 32, 13, 13]
 */
export class MaxPool2d extends PoolBase<Size2, MaxPool2dOptions> {
  constructor(kernelSize: Size2, stride?: Size2 | MaxPool2dOptions, options?: MaxPool2dOptions) {
    super("MaxPool2d", kernelSize, stride, options, maxNames);
  }

  forward(input: Tensor): Tensor {
    return maxPool2d(input, this.kernelSize, this.options);
  }
}

/** The mean of each window of a sequence: `[N, C, L]` → `[N, C, L']`. */
export class AvgPool1d extends PoolBase<number, AvgPool1dOptions> {
  constructor(kernelSize: number, stride?: number | AvgPool1dOptions, options?: AvgPool1dOptions) {
    super("AvgPool1d", kernelSize, stride, options, avgNames.slice(0, 4));
  }

  forward(input: Tensor): Tensor {
    return avgPool1d(input, this.kernelSize, this.options);
  }
}

/** The mean of each window: `[N, C, H, W]` → `[N, C, H', W']`. */
export class AvgPool2d extends PoolBase<Size2, AvgPool2dOptions> {
  constructor(kernelSize: Size2, stride?: Size2 | AvgPool2dOptions, options?: AvgPool2dOptions) {
    super("AvgPool2d", kernelSize, stride, options, avgNames);
  }

  forward(input: Tensor): Tensor {
    return avgPool2d(input, this.kernelSize, this.options);
  }
}

/** Size of each output dim; null keeps the input's. */
export type AdaptiveSize2 = number | readonly [number | null, number | null];

abstract class AdaptiveBase<Size> extends Module {
  constructor(readonly outputSize: Size) {
    super();
  }

  override extraRepr(): string {
    return printArguments({ outputSize: this.outputSize });
  }
}

/** Means over as many windows as the output has elements: `[N, C, L]` → `[N, C, outputSize]`. */
export class AdaptiveAvgPool1d extends AdaptiveBase<number> {
  forward(input: Tensor): Tensor {
    return adaptiveAvgPool1d(input, this.outputSize);
  }
}

/**
 * Means over as many windows as the output has elements, whatever the input's size: `[N, C, H, W]` → `[N, C, ...outputSize]`.
 * @example new nn.AdaptiveAvgPool2d(1)(randn([8, 64, 7, 7])).shape // [8, 64, 1, 1]
 */
export class AdaptiveAvgPool2d extends AdaptiveBase<AdaptiveSize2> {
  forward(input: Tensor): Tensor {
    return adaptiveAvgPool2d(input, this.outputSize);
  }
}

/** Maxima over as many windows as the output has elements. */
export class AdaptiveMaxPool2d extends AdaptiveBase<AdaptiveSize2> {
  forward(input: Tensor): Tensor {
    return adaptiveMaxPool2d(input, this.outputSize);
  }
}
