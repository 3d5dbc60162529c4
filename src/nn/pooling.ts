// Pooling layers.
import { ArgumentError, checkOptions, noMore } from "../base/index.js";
import type { Tensor } from "../tensor/index.js";
import { checkNumber, checkSize, type Size2, type Size3 } from "./checks.js";
import {
  avgPool1d,
  avgPool2d,
  avgPool3d,
  lpPool1d,
  lpPool2d,
  lpPool3d,
  maxPool1d,
  maxPool1dWithIndices,
  maxPool2d,
  maxPool2dWithIndices,
  maxPool3d,
  maxPool3dWithIndices,
} from "./functional.js";
import { Module } from "./module.js";
import { printArguments } from "./print.js";

interface PoolOptions<Size> {
  /** Distance of the windows, >= 1; default: the kernel size. May also be given as the second argument. */
  readonly stride?: Size;
  /** Added on both sides of each spatial dim, at most half the kernel size; default 0. */
  readonly padding?: Size;
  /** Round sizes up: let the last window reach over the end; default false. */
  readonly ceilMode?: boolean;
}

interface MaxPoolOptions<Size, Indices extends boolean = boolean> extends PoolOptions<Size> {
  /** Distance of a window's elements, >= 1; default 1. */
  readonly dilation?: Size;
  /** Give values and their places (int32, counted in the flattened plane), for `MaxUnpool`; default false. */
  readonly returnIndices?: Indices;
}

interface AvgPoolOptions<Size> extends PoolOptions<Size> {
  /** Padding counts as elements of the mean; default true. */
  readonly countIncludePad?: boolean;
  /** Divides the sums in place of the number of elements; not 0. */
  readonly divisorOverride?: number;
}

/** Options of `MaxPool1d`. */
export type MaxPool1dOptions<Indices extends boolean = boolean> = MaxPoolOptions<number, Indices>;
/** Options of `MaxPool2d`; a size is a number for both dims, or `[height, width]`. */
export type MaxPool2dOptions<Indices extends boolean = boolean> = MaxPoolOptions<Size2, Indices>;
/** Options of `MaxPool3d`; a size is a number for all dims, or `[depth, height, width]`. */
export type MaxPool3dOptions<Indices extends boolean = boolean> = MaxPoolOptions<Size3, Indices>;
/** Options of `AvgPool1d`. */
export type AvgPool1dOptions = Omit<AvgPoolOptions<number>, "divisorOverride">;
/** Options of `AvgPool2d`; a size is a number for both dims, or `[height, width]`. */
export type AvgPool2dOptions = AvgPoolOptions<Size2>;
/** Options of `AvgPool3d`; a size is a number for all dims, or `[depth, height, width]`. */
export type AvgPool3dOptions = AvgPoolOptions<Size3>;
/** Options of LPPool. */
export type LPPoolOptions<Size> = Omit<PoolOptions<Size>, "padding">;

/** What a pooling of maxima gives: values, or values and places. */
export type Pooled<Indices extends boolean> = Indices extends true ? [values: Tensor, indices: Tensor] : Tensor;

const maxNames = ["stride", "padding", "dilation", "ceilMode", "returnIndices"];
const avgNames = ["stride", "padding", "ceilMode", "countIncludePad", "divisorOverride"];
const lpNames = ["stride", "ceilMode"];

type AnySize = number | readonly number[];

/** Options with the stride, which is the second argument or an option, or else the kernel size. */
export function withStride<Size extends AnySize, Options extends { readonly stride?: Size }>(
  layer: string,
  kernelSize: Size,
  second: Size | Options | undefined,
  third: Options | undefined,
  names: readonly string[],
  ...surplus: []
): Options & { readonly stride: Size } {
  noMore("withStride", surplus);
  const isStride = typeof second === "number" || Array.isArray(second);
  const given = isStride ? third : ((second as Options | undefined) ?? third);
  checkOptions(layer, given, names);
  return { stride: kernelSize, ...given, ...(isStride && { stride: second }) } as Options & { readonly stride: Size };
}

/** Kernel and options of a pooling layer. */
abstract class PoolBase<Size extends AnySize, Options extends PoolOptions<Size>> extends Module {
  /** As given, with the stride. */
  protected readonly options: Options & { readonly stride: Size };

  constructor(
    layer: string,
    /** Of a window. */
    readonly kernelSize: Size,
    stride: Size | Options | undefined,
    options: Options | undefined,
    names: readonly string[],
    ...surplus: []
  ) {
    super(...surplus);
    this.options = withStride(layer, kernelSize, stride, options, names);
    checkSize(layer, "kernelSize", kernelSize);
  }

  override extraRepr(): string {
    return printArguments({ kernelSize: this.kernelSize, ...this.options });
  }
}

type Pool = (input: Tensor, kernelSize: AnySize, options: MaxPoolOptions<AnySize>) => Tensor;
type PoolWithIndices = (input: Tensor, kernelSize: AnySize, options: MaxPoolOptions<AnySize>) => [Tensor, Tensor];

abstract class MaxPoolBase<Size extends AnySize, Indices extends boolean> extends PoolBase<
  Size,
  MaxPoolOptions<Size, Indices>
> {
  constructor(
    layer: string,
    kernelSize: Size,
    stride: Size | MaxPoolOptions<Size, Indices> | undefined,
    options: MaxPoolOptions<Size, Indices> | undefined,
    ...surplus: []
  ) {
    super(layer, kernelSize, stride, options, maxNames, ...surplus);
  }

  protected pooled(input: Tensor, pool: Pool, withIndices: PoolWithIndices): Pooled<Indices> {
    const { returnIndices, ...options } = this.options;
    return (returnIndices ? withIndices : pool)(input, this.kernelSize, options) as Pooled<Indices>;
  }
}

/**
 * The largest value of each window; padding counts as -Infinity, and NaN wins.
 *
 * Shapes: input `[N, C, L]` (or without N) → `[N, C, L']`, with `returnIndices` values and places of that shape, where
 * L' = ⌊(L + 2·padding - dilation·(kernelSize - 1) - 1) / stride⌋ + 1, rounded up with `ceilMode`.
 * @throws ArgumentError if `kernelSize` is no integer >= 1 (or one a dim), and in the call if `stride` or `dilation` is none or `padding` is
 * negative or above half the kernel size.
 * @throws ShapeError if the input has other dims, or is smaller than a window.
 * @example new nn.MaxPool1d(3, 2)(randn([20, 16, 50])).shape // [20, 16, 24]
 */
export class MaxPool1d<const Indices extends boolean = false> extends MaxPoolBase<number, Indices> {
  constructor(
    kernelSize: number,
    stride?: number | MaxPool1dOptions<Indices>,
    options?: MaxPool1dOptions<Indices>,
    ...surplus: []
  ) {
    super("MaxPool1d", kernelSize, stride, options, ...surplus);
  }

  forward(input: Tensor): Pooled<Indices> {
    return this.pooled(input, maxPool1d, maxPool1dWithIndices);
  }
}

/**
 * The largest value of each window; padding counts as -Infinity, and NaN wins.
 *
 * Shapes: input `[N, C, H, W]` (or without N) → `[N, C, H', W']`, with `returnIndices` values and places of that shape, where
 * H' = ⌊(H + 2·padding[0] - dilation[0]·(kernelSize[0] - 1) - 1) / stride[0]⌋ + 1, rounded up with `ceilMode`, and W' likewise.
 * @throws ArgumentError if `kernelSize` is no integer >= 1 (or one a dim), and in the call if `stride` or `dilation` is none or `padding` is
 * negative or above half the kernel size.
 * @throws ShapeError if the input has other dims, or is smaller than a window.
 * @param stride - distance of the windows; default the kernel size.
 * @example new nn.MaxPool2d(2, 2)(randn([64, 32, 26, 26])).shape // [64, 32, 13, 13]
 */
export class MaxPool2d<const Indices extends boolean = false> extends MaxPoolBase<Size2, Indices> {
  constructor(
    kernelSize: Size2,
    stride?: Size2 | MaxPool2dOptions<Indices>,
    options?: MaxPool2dOptions<Indices>,
    ...surplus: []
  ) {
    super("MaxPool2d", kernelSize, stride, options, ...surplus);
  }

  forward(input: Tensor): Pooled<Indices> {
    return this.pooled(input, maxPool2d, maxPool2dWithIndices);
  }
}

/**
 * The largest value of each window; padding counts as -Infinity, and NaN wins.
 *
 * Shapes: input `[N, C, D, H, W]` (or without N) → `[N, C, D', H', W']`, with `returnIndices` values and places of that shape, where
 * D' = ⌊(D + 2·padding[0] - dilation[0]·(kernelSize[0] - 1) - 1) / stride[0]⌋ + 1, rounded up with `ceilMode`, and H', W' likewise.
 * @throws ArgumentError if `kernelSize` is no integer >= 1 (or one a dim), and in the call if `stride` or `dilation` is none or `padding` is
 * negative or above half the kernel size.
 * @throws ShapeError if the input has other dims, or is smaller than a window.
 * @example new nn.MaxPool3d(2)(randn([1, 4, 8, 8, 8])).shape // [1, 4, 4, 4, 4]
 */
export class MaxPool3d<const Indices extends boolean = false> extends MaxPoolBase<Size3, Indices> {
  constructor(
    kernelSize: Size3,
    stride?: Size3 | MaxPool3dOptions<Indices>,
    options?: MaxPool3dOptions<Indices>,
    ...surplus: []
  ) {
    super("MaxPool3d", kernelSize, stride, options, ...surplus);
  }

  forward(input: Tensor): Pooled<Indices> {
    return this.pooled(input, maxPool3d, maxPool3dWithIndices);
  }
}

/**
 * The mean of each window; padding counts as zeros, unless `countIncludePad` is false.
 *
 * Shapes: input `[N, C, L]` (or without N) → `[N, C, L']`; integers give float32. Here
 * L' = ⌊(L + 2·padding - kernelSize) / stride⌋ + 1, rounded up with `ceilMode`.
 * @throws ArgumentError if `kernelSize` is no integer >= 1 (or one a dim), and in the call if `stride` is none or `padding` is
 * negative or above half the kernel size.
 * @throws ShapeError if the input has other dims, or is smaller than a window.
 * @example new nn.AvgPool1d(2)(randn([20, 16, 50])).shape // [20, 16, 25]
 */
export class AvgPool1d extends PoolBase<number, AvgPool1dOptions> {
  constructor(kernelSize: number, stride?: number | AvgPool1dOptions, options?: AvgPool1dOptions, ...surplus: []) {
    super("AvgPool1d", kernelSize, stride, options, avgNames.slice(0, 4), ...surplus);
  }

  forward(input: Tensor): Tensor {
    return avgPool1d(input, this.kernelSize, this.options);
  }
}

/**
 * The mean of each window; padding counts as zeros, unless `countIncludePad` is false.
 *
 * Shapes: input `[N, C, H, W]` (or without N) → `[N, C, H', W']`; integers give float32. Here
 * H' = ⌊(H + 2·padding[0] - kernelSize[0]) / stride[0]⌋ + 1, rounded up with `ceilMode`, and W' likewise.
 * @throws ArgumentError if `kernelSize` is no integer >= 1 (or one a dim), and in the call if `stride` is none or `padding` is
 * negative or above half the kernel size, or `divisorOverride` is 0.
 * @throws ShapeError if the input has other dims, or is smaller than a window.
 * @example new nn.AvgPool2d(2)(randn([64, 32, 26, 26])).shape // [64, 32, 13, 13]
 */
export class AvgPool2d extends PoolBase<Size2, AvgPool2dOptions> {
  constructor(kernelSize: Size2, stride?: Size2 | AvgPool2dOptions, options?: AvgPool2dOptions, ...surplus: []) {
    super("AvgPool2d", kernelSize, stride, options, avgNames, ...surplus);
  }

  forward(input: Tensor): Tensor {
    return avgPool2d(input, this.kernelSize, this.options);
  }
}

/**
 * The mean of each window; padding counts as zeros, unless `countIncludePad` is false.
 *
 * Shapes: input `[N, C, D, H, W]` (or without N) → `[N, C, D', H', W']`; integers give float32. Here
 * D' = ⌊(D + 2·padding[0] - kernelSize[0]) / stride[0]⌋ + 1, rounded up with `ceilMode`, and H', W' likewise.
 * @throws ArgumentError if `kernelSize` is no integer >= 1 (or one a dim), and in the call if `stride` is none or `padding` is
 * negative or above half the kernel size, or `divisorOverride` is 0.
 * @throws ShapeError if the input has other dims, or is smaller than a window.
 * @example new nn.AvgPool3d(2)(randn([1, 4, 8, 8, 8])).shape // [1, 4, 4, 4, 4]
 */
export class AvgPool3d extends PoolBase<Size3, AvgPool3dOptions> {
  constructor(kernelSize: Size3, stride?: Size3 | AvgPool3dOptions, options?: AvgPool3dOptions, ...surplus: []) {
    super("AvgPool3d", kernelSize, stride, options, avgNames, ...surplus);
  }

  forward(input: Tensor): Tensor {
    return avgPool3d(input, this.kernelSize, this.options);
  }
}

/** The exponent before the kernel. */
abstract class LPPoolBase<Size extends AnySize> extends PoolBase<Size, LPPoolOptions<Size>> {
  constructor(
    layer: string,
    /** The exponent. */
    readonly normType: number,
    kernelSize: Size,
    stride: Size | LPPoolOptions<Size> | undefined,
    options: LPPoolOptions<Size> | undefined,
    ...surplus: []
  ) {
    super(layer, kernelSize, stride, options, lpNames, ...surplus);
    checkNumber(layer, "normType", normType);
    if (normType === 0) throw new ArgumentError(`${layer}: normType must not be 0`, { op: layer });
  }

  override extraRepr(): string {
    return printArguments({ normType: this.normType, kernelSize: this.kernelSize, ...this.options });
  }
}

/**
 * (Σ x^normType)^(1/normType) of each window; 1 gives the sum.
 *
 * Shapes: input `[N, C, L]` (or without N) → `[N, C, L']`, where L' = ⌊(L - kernelSize) / stride⌋ + 1, rounded up with
 * `ceilMode`.
 * @throws ArgumentError if `normType` is 0 or no number, or `kernelSize` no integer >= 1 (or one a dim); in the call if `stride` is none.
 * @throws ShapeError if the input has other dims, or is smaller than a window.
 */
export class LPPool1d extends LPPoolBase<number> {
  constructor(
    normType: number,
    kernelSize: number,
    stride?: number | LPPoolOptions<number>,
    options?: LPPoolOptions<number>,
    ...surplus: []
  ) {
    super("LPPool1d", normType, kernelSize, stride, options, ...surplus);
  }

  forward(input: Tensor): Tensor {
    return lpPool1d(input, this.normType, this.kernelSize, this.options);
  }
}

/**
 * (Σ x^normType)^(1/normType) of each window; 1 gives the sum.
 *
 * Shapes: input `[N, C, H, W]` (or without N) → `[N, C, H', W']`, where H' = ⌊(H - kernelSize[0]) / stride[0]⌋ + 1, rounded
 * up with `ceilMode`, and W' likewise.
 * @throws ArgumentError if `normType` is 0 or no number, or `kernelSize` no integer >= 1 (or one a dim); in the call if `stride` is none.
 * @throws ShapeError if the input has other dims, or is smaller than a window.
 */
export class LPPool2d extends LPPoolBase<Size2> {
  constructor(
    normType: number,
    kernelSize: Size2,
    stride?: Size2 | LPPoolOptions<Size2>,
    options?: LPPoolOptions<Size2>,
    ...surplus: []
  ) {
    super("LPPool2d", normType, kernelSize, stride, options, ...surplus);
  }

  forward(input: Tensor): Tensor {
    return lpPool2d(input, this.normType, this.kernelSize, this.options);
  }
}

/**
 * (Σ x^normType)^(1/normType) of each window; 1 gives the sum.
 *
 * Shapes: input `[N, C, D, H, W]` (or without N) → `[N, C, D', H', W']`, where D' = ⌊(D - kernelSize[0]) / stride[0]⌋ + 1,
 * rounded up with `ceilMode`, and H', W' likewise.
 * @throws ArgumentError if `normType` is 0 or no number, or `kernelSize` no integer >= 1 (or one a dim); in the call if `stride` is none.
 * @throws ShapeError if the input has other dims, or is smaller than a window.
 */
export class LPPool3d extends LPPoolBase<Size3> {
  constructor(
    normType: number,
    kernelSize: Size3,
    stride?: Size3 | LPPoolOptions<Size3>,
    options?: LPPoolOptions<Size3>,
    ...surplus: []
  ) {
    super("LPPool3d", normType, kernelSize, stride, options, ...surplus);
  }

  forward(input: Tensor): Tensor {
    return lpPool3d(input, this.normType, this.kernelSize, this.options);
  }
}
