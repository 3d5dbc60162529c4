// A schedule that follows a metric.
import { ArgumentError, checkChoice, checkOptions, kindsOf, noMore } from "../base/index.js";
import { isTensor, type Tensor } from "../tensor/index.js";
import { checkOptimizer, perGroup } from "./lr-scheduler.js";
import type { Optimizer } from "./optimizer.js";
import {
  isTorchSchedulerState,
  namedAsOwn,
  namedAsTorch,
  type SchedulerEntry,
  type TorchSchedulerState,
  takenFrom,
} from "./scheduler-state.js";

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
  /** The rate each param group had last. */
  readonly lastLr?: readonly number[];
  /** What the schedule was made with, such as `patience`. */
  readonly [setting: string]: SchedulerEntry | undefined;
}

/** The options as a state has them: the lowest rates as a list. */
type PlateauSettings = Omit<Required<ReduceLROnPlateauOptions>, "minLr"> & { readonly minLrs: readonly number[] };

/**
 * Multiplies the rate by `factor` when a metric has not improved for more than `patience` steps.
 * @param options - see ReduceLROnPlateauOptions.
 * @throws ArgumentError if `factor` is not below 1, a mode is unknown, or `minLr` are not one a param group.
 * @example
 * const scheduler = new ReduceLROnPlateau(optimizer, { patience: 3 });
 * scheduler.step(validationLoss);
 */
export class ReduceLROnPlateau {
  /** Steps taken so far. */
  lastEpoch = 0;
  private settings: PlateauSettings;
  private best: number;
  private badEpochs = 0;
  private cooldownCounter = 0;
  private lastLr: number[];

  constructor(
    /** Whose param groups it sets. */
    readonly optimizer: Optimizer,
    options: ReduceLROnPlateauOptions = {},
    ...surplus: []
  ) {
    noMore("ReduceLROnPlateau", surplus);
    checkOptimizer("ReduceLROnPlateau", optimizer);
    checkOptions("ReduceLROnPlateau", options, { ...kindsOf(defaults), minLr: "number | numbers" });
    const { minLr, ...rest } = { ...defaults, ...options };
    this.settings = { ...rest, minLrs: perGroup("ReduceLROnPlateau", "minLr", optimizer, minLr) };
    this.checkSettings("ReduceLROnPlateau", this.settings);
    this.best = worst(this.settings);
    this.lastLr = optimizer.paramGroups.map(({ lr }) => lr);
  }

  private checkSettings(name: string, { factor, mode, thresholdMode }: PlateauSettings): void {
    if (!(factor < 1)) throw new ArgumentError(`${name}: factor must be < 1, got ${factor}`, { op: name });
    checkChoice(name, "mode", mode, ["min", "max"]);
    checkChoice(name, "thresholdMode", thresholdMode, ["rel", "abs"]);
  }

  /**
   * Takes the metric's next value, and lowers the rates if it has not improved for too long. Shapes: a tensor of one element, `[]` or `[1]`.
   * @param metric - the value to watch: a number or a tensor, which is read.
   * @throws ArgumentError if the metric is neither.
   */
  step(metric: number | Tensor, ...surplus: []): void {
    noMore("ReduceLROnPlateau.step", surplus);
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
    if (this.badEpochs > this.settings.patience) {
      this.reduce();
      this.cooldownCounter = this.settings.cooldown;
      this.badEpochs = 0;
    }
    this.lastLr = this.optimizer.paramGroups.map(({ lr }) => lr);
  }

  private isBetter(value: number): boolean {
    const { mode, threshold, thresholdMode } = this.settings;
    const sign = mode === "min" ? -1 : 1;
    const bound = thresholdMode === "rel" ? this.best * (1 + sign * threshold) : this.best + sign * threshold;
    return mode === "min" ? value < bound : value > bound;
  }

  private reduce(): void {
    const { factor, eps, minLrs } = this.settings;
    // Groups that were added later have the lowest rate of all.
    const [first] = minLrs;
    this.optimizer.paramGroups.forEach((group, i) => {
      const lr = Math.max(group.lr * factor, minLrs[i] ?? first ?? 0);
      if (group.lr - lr > eps) group.lr = lr;
    });
  }

  /** The rates after the last step, one a param group. */
  getLastLr(): number[] {
    return [...this.lastLr];
  }

  /** What was made with, and where the schedule stands, as plain data for `loadStateDict`. */
  stateDict(): PlateauState {
    const { best, ...standing } = this.standing();
    return structuredClone({ ...standing, best: Number.isFinite(best) ? best : null, ...this.settings });
  }

  private standing() {
    const { lastEpoch, best, badEpochs, cooldownCounter, lastLr } = this;
    return { lastEpoch, best, badEpochs, cooldownCounter, lastLr };
  }

  /** The state as PyTorch's schedule has it, for files; see `LRScheduler.torchStateDict`. */
  torchStateDict(): TorchSchedulerState {
    const { minLrs } = this.settings;
    const isOne = minLrs.every((lowest) => lowest === minLrs[0]);
    return {
      ...namedAsTorch({ ...this.standing(), ...structuredClone(this.settings) }),
      default_min_lr: isOne ? (minLrs[0] ?? 0) : null,
      mode_worse: worst(this.settings),
      _last_lr: [...this.lastLr],
    };
  }

  /**
   * Takes over a saved state, options included; also that of PyTorch's schedule. The rates themselves come with the optimizer's state.
   * @throws ArgumentError if the state does not fit; nothing is changed then.
   */
  loadStateDict(given: PlateauState | TorchSchedulerState): void {
    const name = "ReduceLROnPlateau";
    const state = isTorchSchedulerState(given) ? namedAsOwn(given) : given;
    const groups = this.optimizer.paramGroups.length;
    const settings = takenFrom(name, this.settings, state, groups);
    this.checkSettings(`${name}.loadStateDict`, settings);
    const best = state?.best ?? worst(settings);
    const standing = takenFrom(name, this.standing(), { ...state, best }, groups);
    this.settings = settings;
    Object.assign(this, standing);
  }
}

/** What any metric is better than. */
function worst({ mode }: PlateauSettings): number {
  return mode === "min" ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
}
