// Pooling layers that are given the size of their output.
import { ArgumentError, checkOptions } from "../base/index.js";
import type { Tensor } from "../tensor/index.js";
import {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
  adaptiveMaxPool1d,
  adaptiveMaxPool1dWithIndices,
  adaptiveMaxPool2d,
  adaptiveMaxPool2dWithIndices,
  adaptiveMaxPool3d,
  adaptiveMaxPool3dWithIndices,
} from "./functional.js";
import { Module } from "./module.js";
import type { Pooled } from "./pooling.js";
import { printArguments } from "./print.js";

/** Size of each output dim; null keeps the input's. */
export type AdaptiveSize2 = number | readonly [number | null, number | null];
/** As AdaptiveSize2, of volumes. */
export type AdaptiveSize3 = number | readonly [number | null, number | null, number | null];

abstract class AdaptiveBase<Size> extends Module {
  constructor(
    /** Sizes of the spatial dims of the output; null keeps the input's. */
    readonly outputSize: Size,
    ...surplus: []
  ) {
    super(...surplus);
    const sizes: readonly unknown[] = Array.isArray(outputSize) ? outputSize : [outputSize];
    if (sizes.every((size) => size === null || (Number.isInteger(size) && (size as number) >= 0))) return;
    throw new ArgumentError(
      `${new.target.name}: outputSize must be an integer >= 0 or null, or one a dim, got ${JSON.stringify(outputSize) ?? "undefined"}`,
      { op: new.target.name },
    );
  }

  override extraRepr(): string {
    return printArguments({ outputSize: this.outputSize });
  }
}

/**
 * The means over as many windows as the output has elements, whatever the input's size: window i of n goes from ⌊i·L/n⌋ to ⌈(i + 1)·L/n⌉.
 *
 * Shapes: input `[N, C, L]` (or without N) → `[N, C, outputSize]`; integers give float32.
 * @throws ArgumentError if a size is no integer >= 0 or null, or in the call if there are not as many as spatial dims.
 * @throws ShapeError if the input has other dims, or a spatial size of 0.
 * @example new nn.AdaptiveAvgPool1d(4)(randn([8, 64, 10])).shape // [8, 64, 4]
 */
export class AdaptiveAvgPool1d extends AdaptiveBase<number> {
  forward(input: Tensor): Tensor {
    return adaptiveAvgPool1d(input, this.outputSize);
  }
}

/**
 * The means over as many windows as the output has elements, whatever the input's size: window i of n goes from ⌊i·L/n⌋ to ⌈(i + 1)·L/n⌉.
 *
 * Shapes: input `[N, C, H, W]` (or without N) → `[N, C, ...outputSize]`; integers give float32.
 * @throws ArgumentError if a size is no integer >= 0 or null, or in the call if there are not as many as spatial dims.
 * @throws ShapeError if the input has other dims, or a spatial size of 0.
 * @example new nn.AdaptiveAvgPool2d(1)(randn([8, 64, 7, 7])).shape // [8, 64, 1, 1]
 */
export class AdaptiveAvgPool2d extends AdaptiveBase<AdaptiveSize2> {
  forward(input: Tensor): Tensor {
    return adaptiveAvgPool2d(input, this.outputSize);
  }
}

/**
 * The means over as many windows as the output has elements, whatever the input's size: window i of n goes from ⌊i·L/n⌋ to ⌈(i + 1)·L/n⌉.
 *
 * Shapes: input `[N, C, D, H, W]` (or without N) → `[N, C, ...outputSize]`; integers give float32.
 * @throws ArgumentError if a size is no integer >= 0 or null, or in the call if there are not as many as spatial dims.
 * @throws ShapeError if the input has other dims, or a spatial size of 0.
 * @example new nn.AdaptiveAvgPool3d([1, null, 2])(randn([8, 4, 6, 7, 8])).shape // [8, 4, 1, 7, 2]
 */
export class AdaptiveAvgPool3d extends AdaptiveBase<AdaptiveSize3> {
  forward(input: Tensor): Tensor {
    return adaptiveAvgPool3d(input, this.outputSize);
  }
}

/** Options of the adaptive max-pools. */
export interface AdaptiveMaxPoolOptions<Indices extends boolean = boolean> {
  /** Give values and their places (int32, counted in the flattened plane), for `MaxUnpool`; default false. */
  readonly returnIndices?: Indices;
}

abstract class AdaptiveMaxBase<Size, Indices extends boolean> extends AdaptiveBase<Size> {
  /** Whether a call gives values and places. */
  readonly returnIndices: boolean;

  constructor(outputSize: Size, options: AdaptiveMaxPoolOptions<Indices> = {}, ...surplus: []) {
    super(outputSize, ...surplus);
    checkOptions(new.target.name, options, ["returnIndices"]);
    this.returnIndices = options.returnIndices ?? false;
  }

  protected pooled(
    input: Tensor,
    pool: (input: Tensor, outputSize: Size) => Tensor,
    withIndices: (input: Tensor, outputSize: Size) => [Tensor, Tensor],
  ): Pooled<Indices> {
    return (this.returnIndices ? withIndices : pool)(input, this.outputSize) as Pooled<Indices>;
  }
}

/**
 * The maxima over as many windows as the output has elements, whatever the input's size: window i of n goes from ⌊i·L/n⌋ to ⌈(i + 1)·L/n⌉.
 *
 * Shapes: input `[N, C, L]` (or without N) → `[N, C, outputSize]`, with
 * `returnIndices` values and places (int32, counted in the flattened plane) of that shape.
 * @throws ArgumentError if a size is no integer >= 0 or null, or in the call if there are not as many as spatial dims.
 * @throws ShapeError if the input has other dims, or a spatial size of 0.
 * @example const [values, indices] = new nn.AdaptiveMaxPool1d(4, { returnIndices: true })(randn([2, 3, 10]));
 */
export class AdaptiveMaxPool1d<const Indices extends boolean = false> extends AdaptiveMaxBase<number, Indices> {
  forward(input: Tensor): Pooled<Indices> {
    return this.pooled(input, adaptiveMaxPool1d, adaptiveMaxPool1dWithIndices);
  }
}

/**
 * The maxima over as many windows as the output has elements, whatever the input's size: window i of n goes from ⌊i·L/n⌋ to ⌈(i + 1)·L/n⌉.
 *
 * Shapes: input `[N, C, H, W]` (or without N) → `[N, C, ...outputSize]`, with
 * `returnIndices` values and places (int32, counted in the flattened plane) of that shape.
 * @throws ArgumentError if a size is no integer >= 0 or null, or in the call if there are not as many as spatial dims.
 * @throws ShapeError if the input has other dims, or a spatial size of 0.
 * @example new nn.AdaptiveMaxPool2d([5, null])(randn([8, 64, 10, 9])).shape // [8, 64, 5, 9]
 */
export class AdaptiveMaxPool2d<const Indices extends boolean = false> extends AdaptiveMaxBase<AdaptiveSize2, Indices> {
  forward(input: Tensor): Pooled<Indices> {
    return this.pooled(input, adaptiveMaxPool2d, adaptiveMaxPool2dWithIndices);
  }
}

/**
 * The maxima over as many windows as the output has elements, whatever the input's size: window i of n goes from ⌊i·L/n⌋ to ⌈(i + 1)·L/n⌉.
 *
 * Shapes: input `[N, C, D, H, W]` (or without N) → `[N, C, ...outputSize]`, with
 * `returnIndices` values and places (int32, counted in the flattened plane) of that shape.
 * @throws ArgumentError if a size is no integer >= 0 or null, or in the call if there are not as many as spatial dims.
 * @throws ShapeError if the input has other dims, or a spatial size of 0.
 * @example new nn.AdaptiveMaxPool3d(2)(randn([8, 4, 6, 7, 8])).shape // [8, 4, 2, 2, 2]
 */
export class AdaptiveMaxPool3d<const Indices extends boolean = false> extends AdaptiveMaxBase<AdaptiveSize3, Indices> {
  forward(input: Tensor): Pooled<Indices> {
    return this.pooled(input, adaptiveMaxPool3d, adaptiveMaxPool3dWithIndices);
  }
}
