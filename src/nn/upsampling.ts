// Layers that resize, and those between images and columns of windows.
import { ArgumentError, checkOptions } from "../base/index.js";
import type { InterpolateOptions, Tensor, UnfoldOptions } from "../tensor/index.js";
import { checkSize, type Size2 } from "./checks.js";
import { fold, interpolate, unfold } from "./functional.js";
import { Module } from "./module.js";
import { printArguments } from "./print.js";

/** Options of `Upsample`, as of `interpolate`: `size` or `scaleFactor`, one of them. */
export type UpsampleOptions = Pick<
  InterpolateOptions,
  "size" | "scaleFactor" | "mode" | "alignCorners" | "recomputeScaleFactor"
>;

/**
 * Resizes the spatial dims to `size` or by `scaleFactor`, as `interpolate` does.
 *
 * Shapes: input `[N, C, …]` with 1 to 3 spatial dims → `[N, C, ...size]`, or each spatial size times `scaleFactor`, rounded down.
 * @param options - `size` or `scaleFactor`; `mode` (default "nearest"; "nearest-exact", "area", "linear" of sequences, "bilinear" and
 * "bicubic" of images, "trilinear" of volumes), `alignCorners` (default false), `recomputeScaleFactor`.
 * @throws ArgumentError if not one of `size` and `scaleFactor` is given, and in the call if it is not positive, or the mode is unknown or
 * not one for so many dims.
 * @throws ShapeError if the input has not 3 to 5 dims.
 * @example new nn.Upsample({ scaleFactor: 2, mode: "bilinear" })(randn([1, 3, 8, 8])).shape // [1, 3, 16, 16]
 */
export class Upsample extends Module {
  constructor(
    /** As they were given. */
    readonly options: UpsampleOptions,
    ...surplus: []
  ) {
    super(...surplus);
    checkOptions("Upsample", options, ["size", "scaleFactor", "mode", "alignCorners", "recomputeScaleFactor"]);
    const { size, scaleFactor } = (options ?? {}) as Partial<UpsampleOptions>;
    if ((size === undefined) === (scaleFactor === undefined)) {
      throw new ArgumentError("Upsample: takes size or scaleFactor, one of them", { op: "Upsample" });
    }
  }

  forward(input: Tensor): Tensor {
    return interpolate(input, this.options);
  }

  override extraRepr(): string {
    return printArguments({ mode: "nearest", ...this.options });
  }
}

/** Options of the older layers: either of them. */
export type UpsamplingOptions = Pick<UpsampleOptions, "size" | "scaleFactor">;

/**
 * `Upsample` of images in mode "nearest".
 *
 * Shapes: `[N, C, H, W]` → `[N, C, ...size]`, or `[N, C, ⌊H·scaleFactor⌋, ⌊W·scaleFactor⌋]`.
 * @throws ArgumentError if not one of `size` and `scaleFactor` is given, and in the call if it is not positive.
 * @throws ShapeError if the input has not 3 to 5 dims.
 * @example new nn.UpsamplingNearest2d({ scaleFactor: 2 })(randn([1, 3, 8, 8])).shape // [1, 3, 16, 16]
 */
export class UpsamplingNearest2d extends Upsample {
  constructor(options: UpsamplingOptions, ...surplus: []) {
    checkOptions("UpsamplingNearest2d", options, ["size", "scaleFactor"]);
    super({ ...options, mode: "nearest" }, ...surplus);
  }
}

/**
 * `Upsample` of images in mode "bilinear" with `alignCorners`.
 *
 * Shapes: `[N, C, H, W]` → `[N, C, ...size]`, or `[N, C, ⌊H·scaleFactor⌋, ⌊W·scaleFactor⌋]`.
 * @throws ArgumentError if not one of `size` and `scaleFactor` is given, and in the call if it is not positive, or the input has not
 * 2 spatial dims.
 * @throws ShapeError if the input has not 3 to 5 dims.
 * @example new nn.UpsamplingBilinear2d({ scaleFactor: 2 })(randn([1, 3, 8, 8])).shape // [1, 3, 16, 16]
 */
export class UpsamplingBilinear2d extends Upsample {
  constructor(options: UpsamplingOptions, ...surplus: []) {
    checkOptions("UpsamplingBilinear2d", options, ["size", "scaleFactor"]);
    super({ ...options, mode: "bilinear", alignCorners: true }, ...surplus);
  }
}

/**
 * Windows of images as columns, im2col.
 *
 * Shapes: `[N, C, H, W]` (or without N) → `[N, C·kH·kW, L]`, where L is the number of windows,
 * (⌊(H + 2·padding[0] - dilation[0]·(kH - 1) - 1) / stride[0]⌋ + 1) times the like for W.
 * @param options - `dilation` (default 1), `padding` (default 0), `stride` (default 1): a number for both dims, or one a dim.
 * @throws ArgumentError if `kernelSize` is no integer >= 1 (or one a dim), or in the call if an option is none.
 * @throws ShapeError if the input has other dims, or is smaller than a window.
 * @example new nn.Unfold([2, 3])(randn([2, 5, 3, 4])).shape // [2, 30, 4]
 */
export class Unfold extends Module {
  constructor(
    /** Of a window. */
    readonly kernelSize: Size2,
    /** As they were given. */
    readonly options: UnfoldOptions = {},
    ...surplus: []
  ) {
    super(...surplus);
    checkOptions("Unfold", options, ["dilation", "padding", "stride"]);
    checkSize("Unfold", "kernelSize", kernelSize);
  }

  forward(input: Tensor): Tensor {
    return unfold(input, this.kernelSize, this.options);
  }

  override extraRepr(): string {
    return printArguments({ kernelSize: this.kernelSize, ...this.options });
  }
}

/**
 * Columns added up at their windows, col2im: the adjoint of Unfold.
 *
 * Shapes: `[N, C·kH·kW, L]` (or without N) → `[N, C, ...outputSize]`, where L is the number of windows that Unfold has for `outputSize`.
 * @param options - `dilation` (default 1), `padding` (default 0), `stride` (default 1): a number for both dims, or one a dim.
 * @throws ArgumentError if a size is no integer >= 1 (or one a dim), or in the call if an option is none, or the input has not so many
 * rows and columns.
 * @example new nn.Fold([3, 4], [2, 3])(randn([2, 30, 4])).shape // [2, 5, 3, 4]
 */
export class Fold extends Module {
  constructor(
    /** Of the image. */
    readonly outputSize: Size2,
    /** Of a window. */
    readonly kernelSize: Size2,
    /** As they were given. */
    readonly options: UnfoldOptions = {},
    ...surplus: []
  ) {
    super(...surplus);
    checkOptions("Fold", options, ["dilation", "padding", "stride"]);
    checkSize("Fold", "outputSize", outputSize);
    checkSize("Fold", "kernelSize", kernelSize);
  }

  forward(input: Tensor): Tensor {
    return fold(input, this.outputSize, this.kernelSize, this.options);
  }

  override extraRepr(): string {
    return printArguments({ outputSize: this.outputSize, kernelSize: this.kernelSize, ...this.options });
  }
}
