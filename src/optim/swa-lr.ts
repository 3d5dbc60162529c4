// The schedule that ends in a constant rate for weight averaging.
import { ArgumentError, checkChoice, checkNumber, checkOptions } from "../base/index.js";
import { FormulaLR, type LastEpochOption, perGroup } from "./lr-scheduler.js";
import type { Optimizer } from "./optimizer.js";
import type { SchedulerState, TorchSchedulerState } from "./scheduler-state.js";

type AnnealStrategy = "cos" | "linear";

/** Options of `SWALR`. */
export interface SWALROptions extends LastEpochOption {
  /** Steps to the constant rate; default 10. */
  readonly annealEpochs?: number;
  /** Along half a cosine or a line; default "cos". */
  readonly annealStrategy?: AnnealStrategy;
}

const strategies: Readonly<Record<AnnealStrategy, (part: number) => number>> = {
  cos: (part) => (1 - Math.cos(Math.PI * part)) / 2,
  linear: (part) => part,
};

/**
 * Moves the rate from what it is to `swaLr` in `annealEpochs` steps and keeps it there.
 *
 * Source: Izmailov et al., "Averaging Weights Leads to Wider Optima and Better Generalization", 2018, arXiv:1803.05407.
 * @param swaLr - the last rate; one for all param groups or one a group.
 * @param options - `annealEpochs` (10), `annealStrategy` ("cos" or "linear").
 * @throws ArgumentError if `annealEpochs` is no integer >= 0, the strategy is unknown, or rates are not one a param group.
 * @example new SWALR(optimizer, 0.05, { annealEpochs: 5 })
 */
export class SWALR extends FormulaLR<{ readonly annealEpochs: number; readonly annealStrategy: AnnealStrategy }> {
  constructor(optimizer: Optimizer, swaLr: number | readonly number[], options: SWALROptions = {}, ...surplus: []) {
    checkOptions("SWALR", options, { annealEpochs: "number", annealStrategy: "text", lastEpoch: "number" });
    const { annealEpochs = 10, annealStrategy = "cos", lastEpoch = -1 } = options;
    const fail = (text: string) => new ArgumentError(`SWALR: ${text}`, { op: "SWALR" });
    if (!Number.isInteger(annealEpochs) || annealEpochs < 0) {
      throw fail(`annealEpochs must be an integer >= 0, got ${annealEpochs}`);
    }
    if (!Object.hasOwn(strategies, annealStrategy)) {
      throw fail(`unknown annealStrategy "${annealStrategy}"; one of cos, linear`);
    }
    const swaLrs = perGroup("SWALR", "swaLr", optimizer, swaLr);
    for (const rate of swaLrs) checkNumber("SWALR", "swaLr", rate);
    super(optimizer, lastEpoch, { annealEpochs, annealStrategy }, ...surplus);
    optimizer.paramGroups.forEach((group, i) => {
      group.swaLr = swaLrs[i] as number;
    });
    this.start();
  }

  private shareAt(step: number): number {
    const { annealEpochs, annealStrategy } = this.settings;
    return strategies[annealStrategy](Math.max(0, Math.min(1, step / Math.max(1, annealEpochs))));
  }

  protected override first(lr: number, _baseLr: number, group: number): number {
    return this.moved(lr, group);
  }

  protected next(lr: number, _baseLr: number, group: number): number {
    return this.moved(lr, group);
  }

  /** Undoes the last step's share of `swaLr`, then applies this one's, so that a rate changed by hand is respected. */
  private moved(lr: number, group: number): number {
    const swaLr = this.swaLr(group);
    // Steps of this run: as in PyTorch, annealing begins anew with `lastEpoch`.
    const steps = this.stepCount - 1;
    const step = this.settings.annealEpochs === 0 ? Math.max(1, steps) : steps;
    const before = this.shareAt(step - 1);
    const start = before === 1 ? swaLr : (lr - before * swaLr) / (1 - before);
    const now = this.shareAt(step);
    return swaLr * now + start * (1 - now);
  }

  private swaLr(group: number): number {
    return this.optimizer.paramGroups[group]?.swaLr as number;
  }

  protected closedForm(baseLr: number, group: number): number {
    const now = this.shareAt(this.lastEpoch);
    return this.swaLr(group) * now + baseLr * (1 - now);
  }

  protected override checkSettings({ annealStrategy }: { readonly annealStrategy: AnnealStrategy }): void {
    checkChoice("SWALR.loadStateDict", "annealStrategy", annealStrategy, Object.keys(strategies));
  }

  protected override toTorch(state: SchedulerState): Record<string, unknown> {
    const { anneal_strategy, ...rest } = super.toTorch(state);
    return { ...rest, _anneal_strategy: anneal_strategy };
  }

  protected override fromTorch(state: TorchSchedulerState): Record<string, unknown> {
    return { ...super.fromTorch(state), annealStrategy: state._anneal_strategy };
  }
}
