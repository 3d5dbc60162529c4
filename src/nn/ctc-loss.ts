// Connectionist temporal classification as a module.
import type { Tensor } from "../tensor/index.js";
import { ctcLoss } from "./functional.js";
import { Loss, type LossOptions } from "./losses.js";
import { printArguments } from "./print.js";

/** Options of `CTCLoss`. */
export interface CTCLossOptions extends LossOptions {
  /** Index of the blank label; default 0. */
  readonly blank?: number;
  /** Targets too long for their inputs cost 0 in place of Infinity; default false. */
  readonly zeroInfinity?: boolean;
}

/**
 * -log of the probability that a network's labels, with repetitions and blanks removed, are the target.
 *
 * Shapes: logProbs `[T, N, C]`, targets `[N, S]` padded or `[Σ targetLengths]`, lengths `[N]`.
 * Gradients take logProbs to come from logSoftmax; see `ctcLoss`.
 * Source: Graves et al., ICML 2006.
 * @example new nn.CTCLoss()(logits.logSoftmax(2), targets, [50, 43], [10, 8])
 */
export class CTCLoss extends Loss {
  /** The class that stands for no label. */
  readonly blank: number;
  /** Whether infinite losses, of targets longer than their input, count as 0. */
  readonly zeroInfinity: boolean;

  constructor(options: CTCLossOptions = {}) {
    super("CTCLoss", options, ["blank", "zeroInfinity"]);
    this.blank = options.blank ?? 0;
    this.zeroInfinity = options.zeroInfinity ?? false;
  }

  forward(
    logProbs: Tensor,
    targets: Tensor,
    inputLengths: readonly number[] | Tensor,
    targetLengths: readonly number[] | Tensor,
  ): Tensor {
    const { blank, zeroInfinity, reduction } = this;
    return ctcLoss(logProbs, targets, inputLengths, targetLengths, { blank, zeroInfinity, reduction });
  }

  override extraRepr(): string {
    return printArguments({ blank: this.blank, zeroInfinity: this.zeroInfinity });
  }
}
