// Layers that undo a pooling of maxima.
import { checkOptions } from "../base/index.js";
import type { Tensor } from "../tensor/index.js";
import { checkSize, type Size2, type Size3 } from "./checks.js";
import { maxUnpool1d, maxUnpool2d, maxUnpool3d } from "./functional.js";
import { Module } from "./module.js";
import { withStride } from "./pooling.js";
import { printArguments } from "./print.js";

/** Options of MaxUnpool: those of the pooling that is undone. */
export interface MaxUnpoolOptions<Size> {
  /** Distance of the windows, >= 1; default: the kernel size. May also be given as the second argument. */
  readonly stride?: Size;
  /** That of the pooling, >= 0; default 0. */
  readonly padding?: Size;
}

/** At the call: the sizes of the result, where the pooling left several possible. */
export interface UnpoolCallOptions {
  /** Sizes of all dims or of the spatial ones. */
  readonly outputSize?: readonly number[];
}

abstract class MaxUnpoolBase<Size extends number | readonly number[]> extends Module {
  /** Distance of the windows. */
  readonly stride: Size;
  /** That of the pooling. */
  readonly padding: Size | 0;

  constructor(
    private readonly layer: string,
    /** Of a window of the pooling. */
    readonly kernelSize: Size,
    stride: Size | MaxUnpoolOptions<Size> | undefined,
    options: MaxUnpoolOptions<Size> | undefined,
    ...surplus: []
  ) {
    super(...surplus);
    const given = withStride(layer, kernelSize, stride, options, ["stride", "padding"]);
    checkSize(layer, "kernelSize", kernelSize);
    this.stride = given.stride ?? kernelSize;
    this.padding = given.padding ?? 0;
  }

  /** The layer's options with those of a call. */
  protected optionsFor(call: UnpoolCallOptions) {
    checkOptions(this.layer, call, ["outputSize"]);
    return { stride: this.stride, padding: this.padding, ...call };
  }

  override extraRepr(): string {
    return printArguments({ kernelSize: this.kernelSize, stride: this.stride, padding: this.padding });
  }
}

/**
 * Each maximum of `MaxPool1d` with `returnIndices` back at its place, zeros elsewhere, for sequences.
 *
 * Shapes: values and places `[N, C, L']` (or without N) → `[N, C, L]` with
 * L = (L' - 1)·stride - 2·padding + kernelSize, or the call's `outputSize`.
 * A call takes `{ outputSize }`, which chooses among the sizes that the pooling maps to one.
 * @throws ArgumentError if `kernelSize` is no integer >= 1 (or one a dim), or in the call if `stride` or `padding` is none.
 * @throws ShapeError if the input has other dims, indices another shape, or `outputSize` differs from the usual size by a stride or more.
 * @throws DTypeError if the indices are no integers.
 * @throws IndexError if a place is outside of the output (when the values are read, at the latest).
 * @example
 * const [values, indices] = new nn.MaxPool1d(2, { returnIndices: true })(randn([1, 1, 8])); // [1, 1, 4]
 * new nn.MaxUnpool1d(2)(values, indices).shape; // [1, 1, 8]
 */
export class MaxUnpool1d extends MaxUnpoolBase<number> {
  constructor(
    kernelSize: number,
    stride?: number | MaxUnpoolOptions<number>,
    options?: MaxUnpoolOptions<number>,
    ...surplus: []
  ) {
    super("MaxUnpool1d", kernelSize, stride, options, ...surplus);
  }

  forward(input: Tensor, indices: Tensor, call: UnpoolCallOptions = {}): Tensor {
    return maxUnpool1d(input, indices, this.kernelSize, this.optionsFor(call));
  }
}

/**
 * Each maximum of `MaxPool2d` with `returnIndices` back at its place, zeros elsewhere, for images.
 *
 * Shapes: values and places `[N, C, H', W']` (or without N) → `[N, C, H, W]` with
 * H = (H' - 1)·stride[0] - 2·padding[0] + kernelSize[0] and W likewise, or the call's `outputSize`.
 * A call takes `{ outputSize }`, which chooses among the sizes that the pooling maps to one.
 * @throws ArgumentError if `kernelSize` is no integer >= 1 (or one a dim), or in the call if `stride` or `padding` is none.
 * @throws ShapeError if the input has other dims, indices another shape, or `outputSize` differs from the usual size by a stride or more.
 * @throws DTypeError if the indices are no integers.
 * @throws IndexError if a place is outside of the output (when the values are read, at the latest).
 * @example
 * const [values, indices] = new nn.MaxPool2d(2, { returnIndices: true })(randn([1, 1, 4, 4]));
 * new nn.MaxUnpool2d(2)(values, indices).shape; // [1, 1, 4, 4]
 */
export class MaxUnpool2d extends MaxUnpoolBase<Size2> {
  constructor(
    kernelSize: Size2,
    stride?: Size2 | MaxUnpoolOptions<Size2>,
    options?: MaxUnpoolOptions<Size2>,
    ...surplus: []
  ) {
    super("MaxUnpool2d", kernelSize, stride, options, ...surplus);
  }

  forward(input: Tensor, indices: Tensor, call: UnpoolCallOptions = {}): Tensor {
    return maxUnpool2d(input, indices, this.kernelSize, this.optionsFor(call));
  }
}

/**
 * Each maximum of `MaxPool3d` with `returnIndices` back at its place, zeros elsewhere, for volumes.
 *
 * Shapes: values and places `[N, C, D', H', W']` (or without N) → `[N, C, D, H, W]` with
 * D = (D' - 1)·stride[0] - 2·padding[0] + kernelSize[0] and H, W likewise, or the call's `outputSize`.
 * A call takes `{ outputSize }`, which chooses among the sizes that the pooling maps to one.
 * @throws ArgumentError if `kernelSize` is no integer >= 1 (or one a dim), or in the call if `stride` or `padding` is none.
 * @throws ShapeError if the input has other dims, indices another shape, or `outputSize` differs from the usual size by a stride or more.
 * @throws DTypeError if the indices are no integers.
 * @throws IndexError if a place is outside of the output (when the values are read, at the latest).
 */
export class MaxUnpool3d extends MaxUnpoolBase<Size3> {
  constructor(
    kernelSize: Size3,
    stride?: Size3 | MaxUnpoolOptions<Size3>,
    options?: MaxUnpoolOptions<Size3>,
    ...surplus: []
  ) {
    super("MaxUnpool3d", kernelSize, stride, options, ...surplus);
  }

  forward(input: Tensor, indices: Tensor, call: UnpoolCallOptions = {}): Tensor {
    return maxUnpool3d(input, indices, this.kernelSize, this.optionsFor(call));
  }
}
