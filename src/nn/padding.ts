// Padding layers.
import { ArgumentError } from "../base/index.js";
import type { Tensor } from "../tensor/index.js";
import { pad } from "./functional.js";
import { Module } from "./module.js";
import { printArguments } from "./print.js";

/** One size for all sides, or one a side: left, right, top, bottom, front, back. */
export type Padding = number | readonly number[];

type Mode = "constant" | "reflect" | "replicate" | "circular";

abstract class PadBase extends Module {
  readonly padding: readonly number[];

  constructor(
    rank: number,
    private readonly mode: Mode,
    padding: Padding,
    private readonly fill = 0,
  ) {
    super();
    const sides = 2 * rank;
    this.padding = typeof padding === "number" ? new Array<number>(sides).fill(padding) : [...padding];
    if (this.padding.length === sides && this.padding.every(Number.isInteger)) return;
    const layer = new.target.name;
    throw new ArgumentError(
      `${layer}: padding must be an integer or ${sides} of them, got ${JSON.stringify(padding)}`,
      {
        op: layer,
      },
    );
  }

  forward(input: Tensor): Tensor {
    return pad(input, this.padding, this.mode === "constant" ? { value: this.fill } : { mode: this.mode });
  }

  override extraRepr(): string {
    return printArguments({ padding: this.padding });
  }
}

/** Surrounds `[…, L]` with zeros. Sizes: left, right. */
export class ZeroPad1d extends PadBase {
  constructor(padding: Padding) {
    super(1, "constant", padding);
  }
}

/** Surrounds `[…, H, W]` with zeros. Sizes: left, right, top, bottom. */
export class ZeroPad2d extends PadBase {
  constructor(padding: Padding) {
    super(2, "constant", padding);
  }
}

/** Surrounds `[…, D, H, W]` with zeros. Sizes: left, right, top, bottom, front, back. */
export class ZeroPad3d extends PadBase {
  constructor(padding: Padding) {
    super(3, "constant", padding);
  }
}

/** Surrounds `[…, L]` with the mirror image, without the border itself. Sizes: left, right. */
export class ReflectionPad1d extends PadBase {
  constructor(padding: Padding) {
    super(1, "reflect", padding);
  }
}

/** Surrounds `[…, H, W]` with the mirror image, without the border itself. Sizes: left, right, top, bottom. */
export class ReflectionPad2d extends PadBase {
  constructor(padding: Padding) {
    super(2, "reflect", padding);
  }
}

/** Surrounds `[…, D, H, W]` with the mirror image, without the border itself. Sizes: left, right, top, bottom, front, back. */
export class ReflectionPad3d extends PadBase {
  constructor(padding: Padding) {
    super(3, "reflect", padding);
  }
}

/** Surrounds `[…, L]` with the border's value. Sizes: left, right. */
export class ReplicationPad1d extends PadBase {
  constructor(padding: Padding) {
    super(1, "replicate", padding);
  }
}

/** Surrounds `[…, H, W]` with the border's value. Sizes: left, right, top, bottom. */
export class ReplicationPad2d extends PadBase {
  constructor(padding: Padding) {
    super(2, "replicate", padding);
  }
}

/** Surrounds `[…, D, H, W]` with the border's value. Sizes: left, right, top, bottom, front, back. */
export class ReplicationPad3d extends PadBase {
  constructor(padding: Padding) {
    super(3, "replicate", padding);
  }
}

/** Surrounds `[…, L]` with what is at the other side. Sizes: left, right. */
export class CircularPad1d extends PadBase {
  constructor(padding: Padding) {
    super(1, "circular", padding);
  }
}

/** Surrounds `[…, H, W]` with what is at the other side. Sizes: left, right, top, bottom. */
export class CircularPad2d extends PadBase {
  constructor(padding: Padding) {
    super(2, "circular", padding);
  }
}

/** Surrounds `[…, D, H, W]` with what is at the other side. Sizes: left, right, top, bottom, front, back. */
export class CircularPad3d extends PadBase {
  constructor(padding: Padding) {
    super(3, "circular", padding);
  }
}

/** Surrounds `[…, L]` with `value`. */
export class ConstantPad1d extends PadBase {
  constructor(
    padding: Padding,
    /** What the border is filled with. */
    readonly value: number,
  ) {
    super(1, "constant", padding, value);
  }
}

/** Surrounds `[…, H, W]` with `value`. */
export class ConstantPad2d extends PadBase {
  constructor(
    padding: Padding,
    /** What the border is filled with. */
    readonly value: number,
  ) {
    super(2, "constant", padding, value);
  }
}

/** Surrounds `[…, D, H, W]` with `value`. */
export class ConstantPad3d extends PadBase {
  constructor(
    padding: Padding,
    /** What the border is filled with. */
    readonly value: number,
  ) {
    super(3, "constant", padding, value);
  }
}
