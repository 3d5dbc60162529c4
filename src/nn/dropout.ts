// Dropout layers.
import { ArgumentError } from "../base/index.js";
import type { Tensor } from "../tensor/index.js";
import * as F from "./functional.js";
import { checkInplace, type InplaceOption } from "./inplace.js";
import { Module } from "./module.js";
import { printArguments } from "./print.js";

/** @param p - probability, default 0.5; ArgumentError unless 0 <= p <= 1. `inplace` is taken and without effect. */
abstract class DropoutBase extends Module {
  constructor(
    readonly p = 0.5,
    options?: InplaceOption,
  ) {
    super();
    checkInplace(new.target.name, options);
    if (p >= 0 && p <= 1) return;
    const layer = new.target.name;
    throw new ArgumentError(`${layer}: p must be in [0, 1], got ${p}`, { op: layer });
  }

  protected get options() {
    return { p: this.p, training: this.training };
  }

  override extraRepr(): string {
    return printArguments({ p: this.p });
  }
}

/**
 * In training, zeroes each element with probability `p` and scales the others by 1 / (1 - p); in evaluation, does nothing.
 *
 * Source: Srivastava et al., "Dropout", JMLR 2014, with the scaling moved to training time.
 * Shapes: any → the same. Source: Hinton et al., 2012, arXiv:1207.0580.
 * @throws ArgumentError unless 0 <= p <= 1.
 */
export class Dropout extends DropoutBase {
  forward(input: Tensor): Tensor {
    return F.dropout(input, this.options);
  }
}

/** As Dropout, for whole channels of `[N, C, L]` or `[C, L]`. */
export class Dropout1d extends DropoutBase {
  forward(input: Tensor): Tensor {
    return F.dropout1d(input, this.options);
  }
}

/** As Dropout, for whole channels of images `[N, C, H, W]`. Tompson et al., 2015, arXiv:1411.4280. */
export class Dropout2d extends DropoutBase {
  forward(input: Tensor): Tensor {
    return F.dropout2d(input, this.options);
  }
}

/** As Dropout, for whole channels of `[N, C, D, H, W]` or `[C, D, H, W]`. */
export class Dropout3d extends DropoutBase {
  forward(input: Tensor): Tensor {
    return F.dropout3d(input, this.options);
  }
}

/**
 * Dropout for SELU networks: keeps mean and variance. Klambauer et al., 2017, arXiv:1706.02515.
 *
 * Shapes: any → the same.
 */
export class AlphaDropout extends DropoutBase {
  forward(input: Tensor): Tensor {
    return F.alphaDropout(input, this.options);
  }
}

/**
 * AlphaDropout for whole channels.
 *
 * Shapes: `[N, C, …]` → the same.
 */
export class FeatureAlphaDropout extends DropoutBase {
  forward(input: Tensor): Tensor {
    return F.featureAlphaDropout(input, this.options);
  }
}
