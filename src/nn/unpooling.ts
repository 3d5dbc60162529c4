// Layers that undo a pooling of maxima.
import type { Tensor } from "../tensor/index.js";
import type { Size2, Size3 } from "./checks.js";
import { maxUnpool1d, maxUnpool2d, maxUnpool3d } from "./functional.js";
import { Module } from "./module.js";
import { withStride } from "./pooling.js";
import { printArguments } from "./print.js";

/** Options of MaxUnpool: those of the pooling that is undone. */
export interface MaxUnpoolOptions<Size> {
  /** Default: the kernel size. May also be given as the second argument. */
  readonly stride?: Size;
  /** That of the pooling; default 0. */
  readonly padding?: Size;
}

/** At the call: the sizes of the result, where the pooling left several possible. */
export interface UnpoolCallOptions {
  /** Sizes of all dims or of the spatial ones. */
  readonly outputSize?: readonly number[];
}

abstract class MaxUnpoolBase<Size extends number | readonly number[]> extends Module {
  readonly stride: Size;
  readonly padding: Size | 0;

  constructor(
    layer: string,
    readonly kernelSize: Size,
    stride: Size | MaxUnpoolOptions<Size> | undefined,
    options: MaxUnpoolOptions<Size> | undefined,
  ) {
    super();
    const given = withStride(layer, kernelSize, stride, options, ["stride", "padding"]);
    this.stride = given.stride ?? kernelSize;
    this.padding = given.padding ?? 0;
  }

  protected get options() {
    return { stride: this.stride, padding: this.padding };
  }

  override extraRepr(): string {
    return printArguments({ kernelSize: this.kernelSize, stride: this.stride, padding: this.padding });
  }
}

/**
 * Each maximum of `MaxPool1d` with `returnIndices` back at its place, zeros elsewhere, for sequences.
 * Shapes: values and places `[N, C, L']` → `[N, C, L]`.
 * @throws ShapeError unless indices have the input's shape.
 */
export class MaxUnpool1d extends MaxUnpoolBase<number> {
  constructor(kernelSize: number, stride?: number | MaxUnpoolOptions<number>, options?: MaxUnpoolOptions<number>) {
    super("MaxUnpool1d", kernelSize, stride, options);
  }

  forward(input: Tensor, indices: Tensor, call: UnpoolCallOptions = {}): Tensor {
    return maxUnpool1d(input, indices, this.kernelSize, { ...this.options, ...call });
  }
}

/**
 * Each maximum of `MaxPool2d` with `returnIndices` back at its place, zeros elsewhere, for images.
 * Shapes: values and places `[N, C, H', W']` → `[N, C, H, W]`.
 * @throws ShapeError unless indices have the input's shape.
 */
export class MaxUnpool2d extends MaxUnpoolBase<Size2> {
  constructor(kernelSize: Size2, stride?: Size2 | MaxUnpoolOptions<Size2>, options?: MaxUnpoolOptions<Size2>) {
    super("MaxUnpool2d", kernelSize, stride, options);
  }

  forward(input: Tensor, indices: Tensor, call: UnpoolCallOptions = {}): Tensor {
    return maxUnpool2d(input, indices, this.kernelSize, { ...this.options, ...call });
  }
}

/**
 * Each maximum of `MaxPool3d` with `returnIndices` back at its place, zeros elsewhere, for volumes.
 * Shapes: values and places `[N, C, D', H', W']` → `[N, C, D, H, W]`.
 * @throws ShapeError unless indices have the input's shape.
 */
export class MaxUnpool3d extends MaxUnpoolBase<Size3> {
  constructor(kernelSize: Size3, stride?: Size3 | MaxUnpoolOptions<Size3>, options?: MaxUnpoolOptions<Size3>) {
    super("MaxUnpool3d", kernelSize, stride, options);
  }

  forward(input: Tensor, indices: Tensor, call: UnpoolCallOptions = {}): Tensor {
    return maxUnpool3d(input, indices, this.kernelSize, { ...this.options, ...call });
  }
}
