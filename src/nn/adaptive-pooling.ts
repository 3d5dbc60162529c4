// Pooling layers that are given the size of their output.
import { ArgumentError } from "../base/index.js";
import type { Tensor } from "../tensor/index.js";
import {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  adaptiveMaxPool3d,
} from "./functional.js";
import { Module } from "./module.js";
import { printArguments } from "./print.js";

/** Size of each output dim; null keeps the input's. */
export type AdaptiveSize2 = number | readonly [number | null, number | null];
/** As AdaptiveSize2, of volumes. */
export type AdaptiveSize3 = number | readonly [number | null, number | null, number | null];

abstract class AdaptiveBase<Size> extends Module {
  constructor(readonly outputSize: Size) {
    super();
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

/** Means over as many windows as the output has elements: `[N, C, D, H, W]` → `[N, C, ...outputSize]`. */
export class AdaptiveAvgPool3d extends AdaptiveBase<AdaptiveSize3> {
  forward(input: Tensor): Tensor {
    return adaptiveAvgPool3d(input, this.outputSize);
  }
}

/** Maxima over as many windows as the output has elements: `[N, C, L]` → `[N, C, outputSize]`. */
export class AdaptiveMaxPool1d extends AdaptiveBase<number> {
  forward(input: Tensor): Tensor {
    return adaptiveMaxPool1d(input, this.outputSize);
  }
}

/** Maxima over as many windows as the output has elements: `[N, C, H, W]` → `[N, C, ...outputSize]`. */
export class AdaptiveMaxPool2d extends AdaptiveBase<AdaptiveSize2> {
  forward(input: Tensor): Tensor {
    return adaptiveMaxPool2d(input, this.outputSize);
  }
}

/** Maxima over as many windows as the output has elements: `[N, C, D, H, W]` → `[N, C, ...outputSize]`. */
export class AdaptiveMaxPool3d extends AdaptiveBase<AdaptiveSize3> {
  forward(input: Tensor): Tensor {
    return adaptiveMaxPool3d(input, this.outputSize);
  }
}
