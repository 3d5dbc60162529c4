// Layers that resize, and those between images and columns of windows.
import { ArgumentError, checkOptions } from "../base/index.js";
import type { InterpolateOptions, Tensor, UnfoldOptions } from "../tensor/index.js";
import type { Size2 } from "./checks.js";
import { fold, interpolate, unfold } from "./functional.js";
import { Module } from "./module.js";
import { printArguments } from "./print.js";

/** Options of `Upsample`: see `interpolate`. */
export type UpsampleOptions = Pick<
  InterpolateOptions,
  "size" | "scaleFactor" | "mode" | "alignCorners" | "recomputeScaleFactor"
>;

/**
 * Resizes the spatial dims of `[N, C, …]` to `size` or by `scaleFactor`: see `interpolate`.
 * @param options - `mode` (default "nearest"), `alignCorners`, `recomputeScaleFactor`.
 * @example new nn.Upsample({ scaleFactor: 2, mode: "bilinear" })(randn([1, 3, 8, 8])).shape // [1, 3, 16, 16]
 */
export class Upsample extends Module {
  constructor(
    /** As they were given. */
    readonly options: UpsampleOptions,
  ) {
    super();
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
 * Shapes: `[N, C, H, W]` → `[N, C, ...size]`.
 */
export class UpsamplingNearest2d extends Upsample {
  constructor(options: UpsamplingOptions) {
    checkOptions("UpsamplingNearest2d", options, ["size", "scaleFactor"]);
    super({ ...options, mode: "nearest" });
  }
}

/**
 * `Upsample` of images in mode "bilinear" with `alignCorners`.
 *
 * Shapes: `[N, C, H, W]` → `[N, C, ...size]`.
 */
export class UpsamplingBilinear2d extends Upsample {
  constructor(options: UpsamplingOptions) {
    checkOptions("UpsamplingBilinear2d", options, ["size", "scaleFactor"]);
    super({ ...options, mode: "bilinear", alignCorners: true });
  }
}

/** Windows of images as columns: `[N, C, H, W]` → `[N, C kH kW, L]`. */
export class Unfold extends Module {
  constructor(
    /** Of a window. */
    readonly kernelSize: Size2,
    /** As they were given. */
    readonly options: UnfoldOptions = {},
  ) {
    super();
    checkOptions("Unfold", options, ["dilation", "padding", "stride"]);
  }

  forward(input: Tensor): Tensor {
    return unfold(input, this.kernelSize, this.options);
  }

  override extraRepr(): string {
    return printArguments({ kernelSize: this.kernelSize, ...this.options });
  }
}

/** Columns added up at their windows: `[N, C kH kW, L]` → `[N, C, ...outputSize]`. */
export class Fold extends Module {
  constructor(
    /** Of the image. */
    readonly outputSize: Size2,
    /** Of a window. */
    readonly kernelSize: Size2,
    /** As they were given. */
    readonly options: UnfoldOptions = {},
  ) {
    super();
    checkOptions("Fold", options, ["dilation", "padding", "stride"]);
  }

  forward(input: Tensor): Tensor {
    return fold(input, this.outputSize, this.kernelSize, this.options);
  }

  override extraRepr(): string {
    return printArguments({ outputSize: this.outputSize, kernelSize: this.kernelSize, ...this.options });
  }
}
