// Dropout layers.
import type { Tensor } from "../tensor/index.js";
import { checkShare } from "./checks.js";
import * as F from "./functional.js";
import { checkInplace, type InplaceOption } from "./inplace.js";
import { Module } from "./module.js";
import { printArguments } from "./print.js";

/** The probability, which is checked; `inplace` is taken and without effect. */
abstract class DropoutBase extends Module {
  constructor(
    /** Probability of being dropped. */
    readonly p = 0.5,
    options?: InplaceOption,
    ...surplus: []
  ) {
    super(...surplus);
    checkInplace(new.target.name, options);
    checkShare(new.target.name, "p", p);
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
 * Shapes: any → the same.
 * Source: Hinton et al., 2012, arXiv:1207.0580; Srivastava et al., "Dropout", JMLR 2014, with the scaling moved to training time.
 * @param p - probability, default 0.5.
 * @throws ArgumentError if `p` is not in [0, 1].
 * @throws DTypeError if the input is no float tensor.
 * @example new nn.Dropout(0.2)(randn([8, 64])).shape // [8, 64]
 */
export class Dropout extends DropoutBase {
  forward(input: Tensor): Tensor {
    return F.dropout(input, this.options);
  }
}

/**
 * Dropout of whole channels of sequences: in training, zeroes each with probability `p` and scales the others by 1 / (1 - p).
 *
 * Shapes: `[N, C, L]` or `[C, L]` → the same.
 * @param p - probability, default 0.5.
 * @throws ArgumentError if `p` is not in [0, 1].
 * @throws ShapeError if the input has neither 2 nor 3 dims.
 */
export class Dropout1d extends DropoutBase {
  forward(input: Tensor): Tensor {
    return F.dropout1d(input, this.options);
  }
}

/**
 * Dropout of whole channels of images: in training, zeroes each with probability `p` and scales the others by 1 / (1 - p).
 *
 * Shapes: `[N, C, H, W]` → the same. `[A, B, C]` is taken as PyTorch does, with A · B channels of C elements.
 * Source: Tompson et al., 2015, arXiv:1411.4280.
 * @param p - probability, default 0.5.
 * @throws ArgumentError if `p` is not in [0, 1].
 * @throws ShapeError if the input has neither 3 nor 4 dims.
 */
export class Dropout2d extends DropoutBase {
  forward(input: Tensor): Tensor {
    return F.dropout2d(input, this.options);
  }
}

/**
 * Dropout of whole channels of volumes: in training, zeroes each with probability `p` and scales the others by 1 / (1 - p).
 *
 * Shapes: `[N, C, D, H, W]` or `[C, D, H, W]` → the same.
 * @param p - probability, default 0.5.
 * @throws ArgumentError if `p` is not in [0, 1].
 * @throws ShapeError if the input has neither 4 nor 5 dims.
 */
export class Dropout3d extends DropoutBase {
  forward(input: Tensor): Tensor {
    return F.dropout3d(input, this.options);
  }
}

/**
 * Dropout for SELU networks: in training, sets each element with probability `p` to SELU's lowest value, then scales and shifts all so
 * that mean 0 and variance 1 are kept. Klambauer et al., 2017, arXiv:1706.02515.
 *
 * Shapes: any → the same.
 * @param p - probability, default 0.5.
 * @throws ArgumentError if `p` is not in [0, 1].
 */
export class AlphaDropout extends DropoutBase {
  forward(input: Tensor): Tensor {
    return F.alphaDropout(input, this.options);
  }
}

/**
 * AlphaDropout of whole channels.
 *
 * Shapes: `[N, C, …]` → the same.
 * @param p - probability, default 0.5.
 * @throws ArgumentError if `p` is not in [0, 1].
 */
export class FeatureAlphaDropout extends DropoutBase {
  forward(input: Tensor): Tensor {
    return F.featureAlphaDropout(input, this.options);
  }
}
