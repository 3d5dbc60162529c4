// Connectionist temporal classification as a module.
import { noMore } from "../base/index.js";
import type { Tensor } from "../tensor/index.js";
import { ctcLoss } from "./functional.js";
import { Loss, type LossOptions } from "./losses.js";
import { printArguments } from "./print.js";

/** Options of `CTCLoss`. */
export interface CTCLossOptions extends LossOptions {
  /** The class that stands for no label; default 0. */
  readonly blank?: number;
  /** Targets too long for their inputs cost 0 in place of Infinity; default false. */
  readonly zeroInfinity?: boolean;
}

/**
 * -log of the probability that a network's labels, with repetitions and blanks removed, are the target.
 *
 * Shapes: logProbs `[T, N, C]` (or `[T, C]`), targets `[N, S]` padded or `[Σ targetLengths]` (or `[S]`), both lengths `[N]` (or `[]`) →
 * `[]`, or `[N]` (or `[]`) with `reduction: "none"`. "mean" divides each loss by its target's length first.
 * Gradients take logProbs to come from logSoftmax; see `ctcLoss`.
 * Source: Graves et al., "Connectionist temporal classification", ICML 2006.
 * @throws ArgumentError in the call if lengths are not N integers from 0 to T, or `blank` is no class.
 * @throws ShapeError if logProbs have other dims, or targets neither of the two shapes.
 * @throws DTypeError if the targets are no integers.
 * @throws IndexError if a target is no class (when the loss is computed, at the latest).
 * @example new nn.CTCLoss()(scores.logSoftmax(2), transcripts, [50, 43], [10, 8])
 */
export class CTCLoss extends Loss {
  /** The class that stands for no label. */
  readonly blank: number;
  /** Whether infinite losses, of targets longer than their input, count as 0. */
  readonly zeroInfinity: boolean;

  constructor(options: CTCLossOptions = {}, ...surplus: []) {
    super("CTCLoss", options, ["blank", "zeroInfinity"]);
    noMore("CTCLoss", surplus);
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
