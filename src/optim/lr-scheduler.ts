// The base of learning-rate schedules: PyTorch's chainable recurrences on an optimizer's param groups.
import { ArgumentError, checkWholeNumber, noMore } from "../base/index.js";
import { Optimizer } from "./optimizer.js";
import {
  isTorchSchedulerState,
  namedAsOwn,
  namedAsTorch,
  type SchedulerEntry,
  type SchedulerSettings,
  type SchedulerState,
  type TorchSchedulerState,
  takenFrom,
} from "./scheduler-state.js";
import { numberOf } from "./torch-state.js";

/** An option of every schedule that is given by a formula. */
export interface LastEpochOption {
  /**
   * The last epoch of the run that goes on, whose optimizer has its state already (`initialLr` in the param groups); default -1: a run
   * begins. The schedule then stands one epoch further, and rates that are recurrences are left as the optimizer has them.
   */
  readonly lastEpoch?: number;
}

/** One value a param group, from one for all or a list. */
export function perGroup<T>(name: string, what: string, optimizer: Optimizer, value: T | readonly T[]): readonly T[] {
  checkOptimizer(name, optimizer);
  const groups = optimizer.paramGroups.length;
  if (!Array.isArray(value)) return new Array<T>(groups).fill(value as T);
  if (value.length === groups) return value;
  throw new ArgumentError(`${name}: got ${value.length} values of ${what} for ${groups} param groups`, { op: name });
}

/** Throws unless a schedule was given an optimizer. */
export function checkOptimizer(name: string, optimizer: unknown): void {
  if (optimizer instanceof Optimizer) return;
  const what = optimizer === null ? "null" : typeof optimizer;
  throw new ArgumentError(`${name}: takes an optimizer first, got ${what}`, { op: name });
}

/**
 * Base of the schedules: sets each param group's `lr` when it is made and at each `step()`; the group keeps its `initialLr`.
 * @throws ArgumentError if the first argument is no optimizer, or `lastEpoch` goes on with param groups that have no `initialLr`.
 */
export abstract class LRScheduler<S extends SchedulerSettings = SchedulerSettings> {
  /** Steps taken so far. */
  lastEpoch: number;
  /** How often it was stepped since it began, its beginning included. */
  protected stepCount = 0;
  protected baseLrs: number[];
  protected lastLr: number[];

  /**
   * @param lastEpoch - see LastEpochOption.
   * @param settings - what a state saves besides.
   */
  constructor(
    /** Whose param groups it sets. */
    readonly optimizer: Optimizer,
    lastEpoch: number,
    protected settings: S,
    ...surplus: []
  ) {
    noMore(new.target.name, surplus);
    const name = new.target.name;
    checkOptimizer(name, optimizer);
    checkWholeNumber(name, "lastEpoch", lastEpoch, -1);
    this.lastEpoch = lastEpoch;
    this.baseLrs = optimizer.paramGroups.map((group, i) => {
      if (lastEpoch >= 0 && group.initialLr === undefined) throw notResumed(name, lastEpoch, i, "initialLr");
      group.initialLr ??= group.lr;
      return group.initialLr;
    });
    this.lastLr = optimizer.paramGroups.map((group) => group.lr);
  }

  /**
   * Advances by one epoch, or batch: whatever the schedule counts.
   * @throws ArgumentError if the optimizer has got or lost param groups since the schedule was made.
   */
  abstract step(): void;

  /** @internal Goes from `lastEpoch` to the first epoch of this run, on top of the current rates. */
  abstract start(): void;

  /** @internal Takes back the count of `start`, not the rates, so that it can start again. */
  undo(): void {
    this.lastEpoch -= 1;
  }

  /** @internal Begins anew at epoch 0 from the base rates, whatever the current ones are. */
  abstract restart(): void;

  /** The rates set last, one a param group. */
  getLastLr(): number[] {
    return [...this.lastLr];
  }

  /** What was made with, and where the schedule stands, as plain data for `loadStateDict`. Functions are not saved. */
  stateDict(): SchedulerState {
    return structuredClone({ ...this.standing(), ...this.settings });
  }

  private standing(): Pick<SchedulerState, "lastEpoch" | "baseLrs" | "lastLr"> & { readonly stepCount: number } {
    const { lastEpoch, stepCount, baseLrs, lastLr } = this;
    return { lastEpoch, stepCount, baseLrs, lastLr };
  }

  /**
   * The state as PyTorch's schedule of the same name has it, for files: `saveTorch("run.pt", { optimizer: optimizer.torchStateDict(),
   * scheduler: scheduler.torchStateDict() })` writes what both `load_state_dict` take there.
   */
  torchStateDict(): TorchSchedulerState {
    return {
      ...this.toTorch(this.stateDict()),
      _is_initial: false,
      _get_lr_called_within_step: false,
    } as unknown as TorchSchedulerState; // its lastLr is a list of numbers
  }

  /** A state in PyTorch's form. */
  protected toTorch(state: SchedulerState): Record<string, unknown> {
    return namedAsTorch(state);
  }

  /** The inverse of `toTorch`. */
  protected fromTorch(state: TorchSchedulerState): Record<string, unknown> {
    const rates = (values: unknown) => (Array.isArray(values) ? values.map(numberOf) : values);
    const { lastLr, baseLrs, ...rest } = namedAsOwn(state);
    return { ...rest, lastLr: rates(lastLr), ...(baseLrs === undefined ? {} : { baseLrs: rates(baseLrs) }) };
  }

  /**
   * Takes over a saved state, options included; also that of PyTorch's schedule of the same name. The rates themselves come with the
   * optimizer's state.
   * @throws ArgumentError if the state does not fit; nothing is changed then.
   * @example
   * const run = (await loadTorch("run.pt")) as { optimizer: TorchOptimizerState; scheduler: TorchSchedulerState };
   * optimizer.loadStateDict(run.optimizer);
   * scheduler.loadStateDict(run.scheduler);
   */
  loadStateDict(state: SchedulerState | TorchSchedulerState): void {
    this.prepareLoad(state)();
  }

  /** @internal Checks a state; what it gives takes the state over, and cannot fail. */
  prepareLoad(given: SchedulerState | TorchSchedulerState): () => void {
    const state = isTorchSchedulerState(given) ? this.fromTorch(given) : given;
    const name = this.constructor.name;
    const groups = this.optimizer.paramGroups.length;
    const standing = takenFrom(name, this.standing(), state, groups);
    const settings = takenFrom(name, this.settings, state, groups);
    checkWholeNumber(`${name}.loadStateDict`, "lastEpoch of the state", standing.lastEpoch);
    this.checkSettings(settings);
    return () => {
      this.lastEpoch = standing.lastEpoch;
      this.stepCount = standing.stepCount;
      this.baseLrs = [...standing.baseLrs];
      this.lastLr = [...standing.lastLr];
      this.settings = settings;
    };
  }

  /** Throws ArgumentError for settings of a state that the schedule cannot go on with. Kinds are checked already. */
  protected checkSettings(_settings: S): void {}

  /** The current value of a setting that is a list with one number a param group. */
  protected groupSetting(name: keyof S, group: number): number {
    return (this.settings[name] as readonly SchedulerEntry[])[group] as number;
  }
}

/** The error for param groups that are to go on and lack what an earlier schedule left there. */
export function notResumed(name: string, lastEpoch: number, group: number, what: string): ArgumentError {
  return new ArgumentError(
    `${name}: lastEpoch ${lastEpoch} goes on with a run, but param group ${group} has no ${what}; load the optimizer's state first, or leave out lastEpoch`,
    { op: name, fix: "loadStateDict" },
  );
}

/**
 * A schedule given by a formula: a recurrence on the current rate, as PyTorch's are, so that several can be stepped side
 * by side and a rate changed by hand is respected. A subclass calls `start()` at the end of its constructor.
 */
export abstract class FormulaLR<S extends SchedulerSettings = SchedulerSettings> extends LRScheduler<S> {
  /** The rate at the first epoch, which is 0 unless a run goes on, from the group's current one. */
  protected first(lr: number, _baseLr: number, _group: number): number {
    return lr;
  }

  /** The rate at `lastEpoch` ≥ 1, from the one before. */
  protected abstract next(lr: number, baseLr: number, group: number): number;

  /** The rate at `lastEpoch` from the base rate alone. */
  protected abstract closedForm(baseLr: number, group: number): number;

  start(): void {
    this.lastEpoch += 1;
    this.stepCount = 1;
    this.setRates((lr, base, i) => this.first(lr, base, i));
  }

  step(...surplus: []): void {
    noMore(`${this.constructor.name}.step`, surplus);
    this.lastEpoch += 1;
    this.stepCount += 1;
    this.setRates((lr, base, i) => this.next(lr, base, i));
  }

  restart(): void {
    this.lastEpoch = 0;
    this.setRates((_lr, base, i) => this.closedForm(base, i));
  }

  protected setRates(rate: (lr: number, baseLr: number, group: number) => number): void {
    const groups = this.optimizer.paramGroups;
    if (groups.length !== this.baseLrs.length) {
      throw new ArgumentError(
        `${this.constructor.name}.step: the optimizer has ${groups.length} param groups but had ${this.baseLrs.length} when the schedule was made; add groups before that`,
        { op: this.constructor.name },
      );
    }
    groups.forEach((group, i) => {
      group.lr = rate(group.lr, this.baseLrs[i] as number, i);
    });
    this.lastLr = groups.map((group) => group.lr);
  }
}
