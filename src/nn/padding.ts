// Padding layers.
import { ArgumentError, noMore, shownValue } from "../base/index.js";
import type { Tensor } from "../tensor/index.js";
import { pad } from "./functional.js";
import { Module } from "./module.js";
import { printArguments } from "./print.js";

/** One size for all sides, or one a side: left, right, top, bottom, front, back. */
export type Padding = number | readonly number[];

type Mode = "constant" | "reflect" | "replicate" | "circular";

abstract class PadBase extends Module {
  /** Added on each side, the last dim first: left, right, top, bottom, front, back. Negative ones take away. */
  readonly padding: readonly number[];

  constructor(
    rank: number,
    private readonly mode: Mode,
    padding: Padding,
    private readonly fill = 0,
    ...surplus: []
  ) {
    super(...surplus);
    const sides = 2 * rank;
    const given = Array.isArray(padding) ? [...padding] : [];
    this.padding = typeof padding === "number" ? new Array<number>(sides).fill(padding) : given;
    if (this.padding.length === sides && this.padding.every(Number.isInteger)) return;
    const layer = new.target.name;
    throw new ArgumentError(`${layer}: padding must be an integer or ${sides} of them, got ${shownValue(padding)}`, {
      op: layer,
    });
  }

  forward(input: Tensor): Tensor {
    return pad(input, this.padding, this.mode === "constant" ? { value: this.fill } : { mode: this.mode });
  }

  override extraRepr(): string {
    return printArguments({ padding: this.padding });
  }
}

/**
 * Surrounds the last dim with zeros. Sizes: left, right.
 *
 * Shapes: `[…, L]` → `[…, left + L + right]`.
 * @throws ArgumentError if `padding` is neither an integer nor 2 of them, or in the call if the input has fewer dims than are padded.
 * @throws ShapeError if a negative size takes more than there is.
 */
export class ZeroPad1d extends PadBase {
  constructor(padding: Padding, ...surplus: []) {
    super(1, "constant", padding);
    noMore("ZeroPad1d", surplus);
  }
}

/**
 * Surrounds the last 2 dims with zeros. Sizes: left, right, top, bottom.
 *
 * Shapes: `[…, H, W]` → `[…, top + H + bottom, left + W + right]`.
 * @throws ArgumentError if `padding` is neither an integer nor 4 of them, or in the call if the input has fewer dims than are padded.
 * @throws ShapeError if a negative size takes more than there is.
 * @example new nn.ZeroPad2d([1, 1, 2, 0])(randn([1, 3, 4, 4])).shape // [1, 3, 6, 6]
 */
export class ZeroPad2d extends PadBase {
  constructor(padding: Padding, ...surplus: []) {
    super(2, "constant", padding);
    noMore("ZeroPad2d", surplus);
  }
}

/**
 * Surrounds the last 3 dims with zeros. Sizes: left, right, top, bottom, front, back.
 *
 * Shapes: `[…, D, H, W]` → `[…, front + D + back, top + H + bottom, left + W + right]`.
 * @throws ArgumentError if `padding` is neither an integer nor 6 of them, or in the call if the input has fewer dims than are padded.
 * @throws ShapeError if a negative size takes more than there is.
 */
export class ZeroPad3d extends PadBase {
  constructor(padding: Padding, ...surplus: []) {
    super(3, "constant", padding);
    noMore("ZeroPad3d", surplus);
  }
}

/**
 * Surrounds the last dim with the mirror image, without the border itself. Sizes: left, right.
 *
 * Shapes: `[…, L]` → `[…, left + L + right]`.
 * @throws ArgumentError if `padding` is neither an integer nor 2 of them, or in the call if the input has fewer dims than are padded.
 * @throws ShapeError if a size is negative or not below the dim's.
 * @example new nn.ReflectionPad1d(2)(tensor([[[0, 1, 2, 3]]])) // [[[2, 1, 0, 1, 2, 3, 2, 1]]]
 */
export class ReflectionPad1d extends PadBase {
  constructor(padding: Padding, ...surplus: []) {
    super(1, "reflect", padding);
    noMore("ReflectionPad1d", surplus);
  }
}

/**
 * Surrounds the last 2 dims with the mirror image, without the border itself. Sizes: left, right, top, bottom.
 *
 * Shapes: `[…, H, W]` → `[…, top + H + bottom, left + W + right]`.
 * @throws ArgumentError if `padding` is neither an integer nor 4 of them, or in the call if the input has fewer dims than are padded.
 * @throws ShapeError if a size is negative or not below the dim's.
 */
export class ReflectionPad2d extends PadBase {
  constructor(padding: Padding, ...surplus: []) {
    super(2, "reflect", padding);
    noMore("ReflectionPad2d", surplus);
  }
}

/**
 * Surrounds the last 3 dims with the mirror image, without the border itself. Sizes: left, right, top, bottom, front, back.
 *
 * Shapes: `[…, D, H, W]` → `[…, front + D + back, top + H + bottom, left + W + right]`.
 * @throws ArgumentError if `padding` is neither an integer nor 6 of them, or in the call if the input has fewer dims than are padded.
 * @throws ShapeError if a size is negative or not below the dim's.
 */
export class ReflectionPad3d extends PadBase {
  constructor(padding: Padding, ...surplus: []) {
    super(3, "reflect", padding);
    noMore("ReflectionPad3d", surplus);
  }
}

/**
 * Surrounds the last dim with the border's value. Sizes: left, right.
 *
 * Shapes: `[…, L]` → `[…, left + L + right]`.
 * @throws ArgumentError if `padding` is neither an integer nor 2 of them, or in the call if the input has fewer dims than are padded.
 * @throws ShapeError if a size is negative, or the dim has none to repeat.
 * @example new nn.ReplicationPad1d(2)(tensor([[[0, 1, 2, 3]]])) // [[[0, 0, 0, 1, 2, 3, 3, 3]]]
 */
export class ReplicationPad1d extends PadBase {
  constructor(padding: Padding, ...surplus: []) {
    super(1, "replicate", padding);
    noMore("ReplicationPad1d", surplus);
  }
}

/**
 * Surrounds the last 2 dims with the border's value. Sizes: left, right, top, bottom.
 *
 * Shapes: `[…, H, W]` → `[…, top + H + bottom, left + W + right]`.
 * @throws ArgumentError if `padding` is neither an integer nor 4 of them, or in the call if the input has fewer dims than are padded.
 * @throws ShapeError if a size is negative, or the dim has none to repeat.
 */
export class ReplicationPad2d extends PadBase {
  constructor(padding: Padding, ...surplus: []) {
    super(2, "replicate", padding);
    noMore("ReplicationPad2d", surplus);
  }
}

/**
 * Surrounds the last 3 dims with the border's value. Sizes: left, right, top, bottom, front, back.
 *
 * Shapes: `[…, D, H, W]` → `[…, front + D + back, top + H + bottom, left + W + right]`.
 * @throws ArgumentError if `padding` is neither an integer nor 6 of them, or in the call if the input has fewer dims than are padded.
 * @throws ShapeError if a size is negative, or the dim has none to repeat.
 */
export class ReplicationPad3d extends PadBase {
  constructor(padding: Padding, ...surplus: []) {
    super(3, "replicate", padding);
    noMore("ReplicationPad3d", surplus);
  }
}

/**
 * Surrounds the last dim with what is at the other side. Sizes: left, right.
 *
 * Shapes: `[…, L]` → `[…, left + L + right]`.
 * @throws ArgumentError if `padding` is neither an integer nor 2 of them, or in the call if the input has fewer dims than are padded.
 * @throws ShapeError if a size is negative or above the dim's.
 * @example new nn.CircularPad1d(2)(tensor([[[0, 1, 2, 3]]])) // [[[2, 3, 0, 1, 2, 3, 0, 1]]]
 */
export class CircularPad1d extends PadBase {
  constructor(padding: Padding, ...surplus: []) {
    super(1, "circular", padding);
    noMore("CircularPad1d", surplus);
  }
}

/**
 * Surrounds the last 2 dims with what is at the other side. Sizes: left, right, top, bottom.
 *
 * Shapes: `[…, H, W]` → `[…, top + H + bottom, left + W + right]`.
 * @throws ArgumentError if `padding` is neither an integer nor 4 of them, or in the call if the input has fewer dims than are padded.
 * @throws ShapeError if a size is negative or above the dim's.
 */
export class CircularPad2d extends PadBase {
  constructor(padding: Padding, ...surplus: []) {
    super(2, "circular", padding);
    noMore("CircularPad2d", surplus);
  }
}

/**
 * Surrounds the last 3 dims with what is at the other side. Sizes: left, right, top, bottom, front, back.
 *
 * Shapes: `[…, D, H, W]` → `[…, front + D + back, top + H + bottom, left + W + right]`.
 * @throws ArgumentError if `padding` is neither an integer nor 6 of them, or in the call if the input has fewer dims than are padded.
 * @throws ShapeError if a size is negative or above the dim's.
 */
export class CircularPad3d extends PadBase {
  constructor(padding: Padding, ...surplus: []) {
    super(3, "circular", padding);
    noMore("CircularPad3d", surplus);
  }
}

/**
 * Surrounds the last dim with `value`. Sizes: left, right.
 *
 * Shapes: `[…, L]` → `[…, left + L + right]`.
 * @throws ArgumentError if `padding` is neither an integer nor 2 of them, or in the call if the input has fewer dims than are padded.
 * @throws ShapeError if a negative size takes more than there is.
 * @example new nn.ConstantPad1d([1, 2], 9)(tensor([[0, 1]])) // [[9, 0, 1, 9, 9]]
 */
export class ConstantPad1d extends PadBase {
  constructor(
    padding: Padding,
    /** What the border is filled with. */
    readonly value: number,
    ...surplus: []
  ) {
    super(1, "constant", padding, value);
    noMore("ConstantPad1d", surplus);
  }
}

/**
 * Surrounds the last 2 dims with `value`. Sizes: left, right, top, bottom.
 *
 * Shapes: `[…, H, W]` → `[…, top + H + bottom, left + W + right]`.
 * @throws ArgumentError if `padding` is neither an integer nor 4 of them, or in the call if the input has fewer dims than are padded.
 * @throws ShapeError if a negative size takes more than there is.
 */
export class ConstantPad2d extends PadBase {
  constructor(
    padding: Padding,
    /** What the border is filled with. */
    readonly value: number,
    ...surplus: []
  ) {
    super(2, "constant", padding, value);
    noMore("ConstantPad2d", surplus);
  }
}

/**
 * Surrounds the last 3 dims with `value`. Sizes: left, right, top, bottom, front, back.
 *
 * Shapes: `[…, D, H, W]` → `[…, front + D + back, top + H + bottom, left + W + right]`.
 * @throws ArgumentError if `padding` is neither an integer nor 6 of them, or in the call if the input has fewer dims than are padded.
 * @throws ShapeError if a negative size takes more than there is.
 */
export class ConstantPad3d extends PadBase {
  constructor(
    padding: Padding,
    /** What the border is filled with. */
    readonly value: number,
    ...surplus: []
  ) {
    super(3, "constant", padding, value);
    noMore("ConstantPad3d", surplus);
  }
}
