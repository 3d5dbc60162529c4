// The schedule that ends in a constant rate for weight averaging.
import { ArgumentError, checkNumber, checkOptions } from "../base/index.js";
import { FormulaLR, perGroup } from "./lr-scheduler.js";
import type { Optimizer } from "./optimizer.js";

/** Options of `SWALR`. */
export interface SWALROptions {
  /** Steps to the constant rate; default 10. */
  readonly annealEpochs?: number;
  /** Default "cos". */
  readonly annealStrategy?: "cos" | "linear";
}

const strategies: Readonly<Record<"cos" | "linear", (part: number) => number>> = {
  cos: (part) => (1 - Math.cos(Math.PI * part)) / 2,
  linear: (part) => part,
};

/**
 * Moves the rate from what it is to `swaLr` in `annealEpochs` steps and keeps it there.
 *
 * Source: Izmailov et al., "Averaging Weights Leads to Wider Optima and Better Generalization", 2018, arXiv:1803.05407.
 * @param swaLr - the last rate; one for all param groups or one a group.
 * @param options - `annealEpochs` (10), `annealStrategy` ("cos" or "linear").
 * @throws ArgumentError for options out of range.
 * @example new SWALR(optimizer, 0.05, { annealEpochs: 5 })
 */
export class SWALR extends FormulaLR {
  private readonly swaLrs: readonly number[];
  private readonly annealEpochs: number;
  private readonly share: (part: number) => number;

  constructor(optimizer: Optimizer, swaLr: number | readonly number[], options: SWALROptions = {}) {
    super(optimizer);
    checkOptions("SWALR", options, ["annealEpochs", "annealStrategy"]);
    const { annealEpochs = 10, annealStrategy = "cos" } = options;
    const fail = (text: string) => new ArgumentError(`SWALR: ${text}`, { op: "SWALR" });
    if (!Number.isInteger(annealEpochs) || annealEpochs < 0) {
      throw fail(`annealEpochs must be an integer >= 0, got ${annealEpochs}`);
    }
    if (!Object.hasOwn(strategies, annealStrategy)) {
      throw fail(`unknown annealStrategy "${annealStrategy}"; one of cos, linear`);
    }
    this.swaLrs = perGroup("SWALR", "swaLr", optimizer, swaLr);
    for (const rate of this.swaLrs) checkNumber("SWALR", "swaLr", rate);
    this.annealEpochs = annealEpochs;
    this.share = strategies[annealStrategy];
    this.start();
  }

  private shareAt(step: number): number {
    return this.share(Math.max(0, Math.min(1, step / Math.max(1, this.annealEpochs))));
  }

  protected override first(lr: number, _baseLr: number, group: number): number {
    return this.moved(lr, group);
  }

  protected next(lr: number, _baseLr: number, group: number): number {
    return this.moved(lr, group);
  }

  /** Undoes the last step's share of `swaLr`, then applies this one's, so that a rate changed by hand is respected. */
  private moved(lr: number, group: number): number {
    const swaLr = this.swaLrs[group] as number;
    const step = this.annealEpochs === 0 ? Math.max(1, this.lastEpoch) : this.lastEpoch;
    const before = this.shareAt(step - 1);
    const start = before === 1 ? swaLr : (lr - before * swaLr) / (1 - before);
    const now = this.shareAt(step);
    return swaLr * now + start * (1 - now);
  }

  protected closedForm(baseLr: number, group: number): number {
    const now = this.shareAt(this.lastEpoch);
    return (this.swaLrs[group] as number) * now + baseLr * (1 - now);
  }
}
