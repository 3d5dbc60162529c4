// Dropout.
import { ArgumentError } from "../base/index.js";
import type { Tensor } from "../tensor/index.js";
import { dropout } from "./functional.js";
import { Module } from "./module.js";
import { printArguments } from "./print.js";

/**
 * In training, zeroes each element with probability `p` and scales the others by 1 / (1 - p); in evaluation, does nothing.
 *
 * Source: Srivastava et al., "Dropout", JMLR 2014, with the scaling moved to training time.
 * @param p - default 0.5.
 * @throws ArgumentError unless 0 <= p <= 1.
 */
export class Dropout extends Module {
  constructor(readonly p = 0.5) {
    super();
    if (!(p >= 0 && p <= 1)) throw new ArgumentError(`Dropout: p must be in [0, 1], got ${p}`, { op: "Dropout" });
  }

  forward(input: Tensor): Tensor {
    return dropout(input, this.p, { training: this.training });
  }

  override extraRepr(): string {
    return printArguments({ p: this.p });
  }
}
