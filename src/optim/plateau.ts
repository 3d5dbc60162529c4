// A schedule that follows a metric.
import { ArgumentError, checkOptions } from "../base/index.js";
import type { Tensor } from "../tensor/index.js";
import { isTensor } from "../tensor/index.js";
import { checkOptimizer, perGroup } from "./lr-scheduler.js";
import type { Optimizer } from "./optimizer.js";

/** Options of `ReduceLROnPlateau`. */
export interface ReduceLROnPlateauOptions {
  /** Whether the metric is to fall or to rise; default "min". */
  readonly mode?: "min" | "max";
  /** What the rate is multiplied by; default 0.1. */
  readonly factor?: number;
  /** Steps without improvement that are borne; default 10. */
  readonly patience?: number;
  /** By how much the best must be beaten; default 1e-4. */
  readonly threshold?: number;
  /** The threshold is a share of the best ("rel", default) or a difference to it ("abs"). */
  readonly thresholdMode?: "rel" | "abs";
  /** Steps after a reduction that do not count; default 0. */
  readonly cooldown?: number;
  /** Lowest rate, one for all param groups or one a group; default 0. */
  readonly minLr?: number | readonly number[];
  /** Smaller reductions are not made; default 1e-8. */
  readonly eps?: number;
}

const defaults = {
  mode: "min",
  factor: 0.1,
  patience: 10,
  threshold: 1e-4,
  thresholdMode: "rel",
  cooldown: 0,
  minLr: 0,
  eps: 1e-8,
} as const satisfies Required<ReduceLROnPlateauOptions>;

/** What `ReduceLROnPlateau` saves: plain data that survives JSON. */
export interface PlateauState {
  /** Steps taken. */
  readonly lastEpoch: number;
  /** null before the first step. */
  readonly best: number | null;
  /** Steps without improvement, in a row. */
  readonly badEpochs: number;
  /** Steps left that do not count. */
  readonly cooldownCounter: number;
}

/**
 * Multiplies the rate by `factor` when a metric has not improved for more than `patience` steps.
 * @param options - see ReduceLROnPlateauOptions.
 * @throws ArgumentError unless `factor` < 1, and for unknown modes.
 * @example
 * const scheduler = new ReduceLROnPlateau(optimizer, { patience: 3 });
 * scheduler.step(validationLoss);
 */
export class ReduceLROnPlateau {
  /** Steps taken so far. */
  lastEpoch = 0;
  private readonly options: Required<ReduceLROnPlateauOptions>;
  private best: number;
  private badEpochs = 0;
  private cooldownCounter = 0;

  constructor(
    /** Whose param groups it sets. */
    readonly optimizer: Optimizer,
    options: ReduceLROnPlateauOptions = {},
  ) {
    checkOptimizer("ReduceLROnPlateau", optimizer);
    checkOptions("ReduceLROnPlateau", options, Object.keys(defaults));
    this.options = { ...defaults, ...options };
    const { factor, mode, thresholdMode, minLr } = this.options;
    const fail = (text: string) => new ArgumentError(`ReduceLROnPlateau: ${text}`, { op: "ReduceLROnPlateau" });
    if (!(factor < 1)) throw fail(`factor must be < 1, got ${factor}`);
    if (!["min", "max"].includes(mode)) throw fail(`mode must be "min" or "max", got "${mode}"`);
    if (!["rel", "abs"].includes(thresholdMode)) {
      throw fail(`thresholdMode must be "rel" or "abs", got "${thresholdMode}"`);
    }
    perGroup("ReduceLROnPlateau", "minLr", optimizer, minLr);
    this.best = mode === "min" ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  }

  /**
   * Takes the metric's next value, and lowers the rates if it has not improved for too long.
   * @param metric - the value to watch: a number or a tensor of one element, which is read.
   */
  step(metric: number | Tensor): void {
    if (typeof metric !== "number" && !isTensor(metric)) {
      throw new ArgumentError(
        "ReduceLROnPlateau.step: takes the metric to watch, a number or a tensor of one element",
        {
          op: "ReduceLROnPlateau.step",
        },
      );
    }
    const current = typeof metric === "number" ? metric : Number(metric.item());
    this.lastEpoch += 1;
    if (this.isBetter(current)) {
      this.best = current;
      this.badEpochs = 0;
    } else {
      this.badEpochs += 1;
    }
    if (this.cooldownCounter > 0) {
      this.cooldownCounter -= 1;
      this.badEpochs = 0;
    }
    if (this.badEpochs <= this.options.patience) return;
    this.reduce();
    this.cooldownCounter = this.options.cooldown;
    this.badEpochs = 0;
  }

  private isBetter(value: number): boolean {
    const { mode, threshold, thresholdMode } = this.options;
    const sign = mode === "min" ? -1 : 1;
    const bound = thresholdMode === "rel" ? this.best * (1 + sign * threshold) : this.best + sign * threshold;
    return mode === "min" ? value < bound : value > bound;
  }

  private reduce(): void {
    const { factor, eps } = this.options;
    const lowest = perGroup("ReduceLROnPlateau", "minLr", this.optimizer, this.options.minLr);
    this.optimizer.paramGroups.forEach((group, i) => {
      const lr = Math.max(group.lr * factor, lowest[i] as number);
      if (group.lr - lr > eps) group.lr = lr;
    });
  }

  /** The rates now, one a param group. */
  getLastLr(): number[] {
    return this.optimizer.paramGroups.map(({ lr }) => lr);
  }

  /** Where the schedule stands, as plain data for `loadStateDict`. */
  stateDict(): PlateauState {
    const { lastEpoch, best, badEpochs, cooldownCounter } = this;
    return { lastEpoch, best: Number.isFinite(best) ? best : null, badEpochs, cooldownCounter };
  }

  /** Takes over a saved state. The rates themselves come with the optimizer's state. */
  loadStateDict({ lastEpoch, best, badEpochs, cooldownCounter }: PlateauState): void {
    this.lastEpoch = lastEpoch;
    this.best = best ?? (this.options.mode === "min" ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY);
    this.badEpochs = badEpochs;
    this.cooldownCounter = cooldownCounter;
  }
}
