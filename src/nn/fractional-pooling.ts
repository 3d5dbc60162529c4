// Layers that pool windows at random places.
import { ArgumentError, checkOptions } from "../base/index.js";
import type { Generator, Tensor } from "../tensor/index.js";
import { checkSize, type Size2, type Size3 } from "./checks.js";
import {
  fractionalMaxPool2d,
  fractionalMaxPool2dWithIndices,
  fractionalMaxPool3d,
  fractionalMaxPool3dWithIndices,
} from "./functional.js";
import { Module } from "./module.js";
import type { Pooled } from "./pooling.js";
import { printArguments } from "./print.js";

/** Options of `FractionalMaxPool2d` and `FractionalMaxPool3d`. */
export interface FractionalPoolOptions<Size, Indices extends boolean = boolean> {
  /** Spatial sizes of the result, as many windows as fit; either these or `outputRatio`. */
  readonly outputSize?: Size;
  /** Output sizes by input sizes, between 0 and 1. */
  readonly outputRatio?: Size;
  /** Give values and their places (int32, counted in the flattened plane); default false. */
  readonly returnIndices?: Indices;
  /** Where the windows begin, numbers in [0, 1) of shape `[N, C, number of spatial dims]`; default: drawn at each call. */
  readonly randomSamples?: Tensor;
  /** Default: the global one, set by `manualSeed`. */
  readonly generator?: Generator;
}

const names = ["outputSize", "outputRatio", "returnIndices", "randomSamples", "generator"];

abstract class FractionalBase<Size, Indices extends boolean> extends Module {
  constructor(
    layer: string,
    /** Of a window. */
    readonly kernelSize: Size,
    /** As given. */
    protected readonly options: FractionalPoolOptions<Size, Indices>,
    ...surplus: []
  ) {
    super(...surplus);
    checkOptions(layer, options, names);
    checkSize(layer, "kernelSize", kernelSize as number | readonly number[]);
    const { outputSize, outputRatio } = options;
    if ((outputSize === undefined) === (outputRatio === undefined)) {
      throw new ArgumentError(`${layer}: takes outputSize or outputRatio, one of them`, { op: layer });
    }
    if ([outputRatio ?? 0.5].flat().some((ratio) => !((ratio as number) > 0 && (ratio as number) < 1))) {
      throw new ArgumentError(`${layer}: outputRatio must be between 0 and 1, got ${String(outputRatio)}`, {
        op: layer,
      });
    }
  }

  override extraRepr(): string {
    const { outputSize, outputRatio } = this.options;
    return printArguments({ kernelSize: this.kernelSize, outputSize, outputRatio });
  }
}

/**
 * The largest value of each of `outputSize` windows at pseudo-random places.
 *
 * Shapes: input `[N, C, H, W]` (or without N) → `[N, C, ...outputSize]`, or `[N, C, ⌊H·outputRatio⌋, ⌊W·outputRatio⌋]`; with
 * `returnIndices` values and places of that shape.
 * Source: Graham, 2014, arXiv:1412.6071.
 * @throws ArgumentError if not one of `outputSize` and `outputRatio` is given, a ratio is not in (0, 1), `kernelSize` is no integer >= 1
 * (or one a dim), or in the call if so many windows do not fit the input.
 * @throws ShapeError if the input has other dims, or `randomSamples` another shape than `[N, C, number of spatial dims]`.
 * @throws DTypeError if the input is no float tensor.
 * @example new nn.FractionalMaxPool2d(3, { outputRatio: 0.5 })(randn([1, 3, 20, 20])).shape // [1, 3, 10, 10]
 */
export class FractionalMaxPool2d<const Indices extends boolean = false> extends FractionalBase<Size2, Indices> {
  constructor(kernelSize: Size2, options: FractionalPoolOptions<Size2, Indices> = {}, ...surplus: []) {
    super("FractionalMaxPool2d", kernelSize, options, ...surplus);
  }

  forward(input: Tensor): Pooled<Indices> {
    const { returnIndices, ...options } = this.options;
    const pool = returnIndices ? fractionalMaxPool2dWithIndices : fractionalMaxPool2d;
    return pool(input, this.kernelSize, options) as Pooled<Indices>;
  }
}

/**
 * The largest value of each of `outputSize` windows of volumes at pseudo-random places.
 *
 * Shapes: input `[N, C, D, H, W]` (or without N) → `[N, C, ...outputSize]`, or each size times `outputRatio`, rounded down; with
 * `returnIndices` values and places of that shape.
 * Source: Graham, 2014, arXiv:1412.6071.
 * @throws ArgumentError if not one of `outputSize` and `outputRatio` is given, a ratio is not in (0, 1), `kernelSize` is no integer >= 1
 * (or one a dim), or in the call if so many windows do not fit the input.
 * @throws ShapeError if the input has other dims, or `randomSamples` another shape than `[N, C, number of spatial dims]`.
 * @throws DTypeError if the input is no float tensor.
 * @example new nn.FractionalMaxPool3d(2, { outputSize: 3 })(randn([1, 3, 8, 8, 8])).shape // [1, 3, 3, 3, 3]
 */
export class FractionalMaxPool3d<const Indices extends boolean = false> extends FractionalBase<Size3, Indices> {
  constructor(kernelSize: Size3, options: FractionalPoolOptions<Size3, Indices> = {}, ...surplus: []) {
    super("FractionalMaxPool3d", kernelSize, options, ...surplus);
  }

  forward(input: Tensor): Pooled<Indices> {
    const { returnIndices, ...options } = this.options;
    const pool = returnIndices ? fractionalMaxPool3dWithIndices : fractionalMaxPool3d;
    return pool(input, this.kernelSize, options) as Pooled<Indices>;
  }
}
