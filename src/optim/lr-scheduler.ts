// The base of learning-rate schedules: PyTorch's chainable recurrences on an optimizer's param groups.
import { ArgumentError } from "../base/index.js";
import { Optimizer } from "./optimizer.js";

/** What a schedule saves: plain data that survives JSON. */
export interface SchedulerState {
  /** Steps taken. */
  readonly lastEpoch: number;
  /** The rate each param group started from. */
  readonly baseLrs: readonly number[];
  /** The rate each param group had last. */
  readonly lastLr: readonly number[];
  /** States of the schedules inside a SequentialLR. */
  readonly schedulers?: readonly SchedulerState[];
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

/** Base of the schedules: sets each param group's `lr` when it is made and at each `step()`; the group keeps its `initialLr`. */
export abstract class LRScheduler {
  /** Steps taken so far. */
  lastEpoch = 0;
  protected baseLrs: number[];
  protected lastLr: number[];

  constructor(
    /** Whose param groups it sets. */
    readonly optimizer: Optimizer,
  ) {
    checkOptimizer(new.target.name, optimizer);
    this.baseLrs = optimizer.paramGroups.map((group) => {
      group.initialLr ??= group.lr;
      return group.initialLr;
    });
    this.lastLr = optimizer.paramGroups.map((group) => group.lr);
  }

  /** Advances by one epoch, or batch: whatever the schedule counts. */
  abstract step(): void;

  /** @internal Applies the rate of epoch 0 on top of the current one. */
  abstract start(): void;

  /** @internal Begins anew at epoch 0 from the base rates, whatever the current ones are. */
  abstract restart(): void;

  /** The rates set last, one a param group. */
  getLastLr(): number[] {
    return [...this.lastLr];
  }

  /** Where the schedule stands, as plain data for `loadStateDict`. */
  stateDict(): SchedulerState {
    return { lastEpoch: this.lastEpoch, baseLrs: [...this.baseLrs], lastLr: [...this.lastLr] };
  }

  /** Takes over a saved state. The rates themselves come with the optimizer's state. */
  loadStateDict(state: SchedulerState): void {
    const { lastEpoch, baseLrs, lastLr } = state;
    if (!Number.isInteger(lastEpoch) || baseLrs?.length !== this.baseLrs.length || lastLr?.length !== baseLrs.length) {
      throw new ArgumentError(
        `${this.constructor.name}.loadStateDict: the state is for ${baseLrs?.length ?? "no"} param groups (epoch ${lastEpoch}) but the optimizer has ${this.baseLrs.length}`,
        { op: this.constructor.name },
      );
    }
    this.lastEpoch = lastEpoch;
    this.baseLrs = [...baseLrs];
    this.lastLr = [...lastLr];
  }
}

/**
 * A schedule given by a formula: a recurrence on the current rate, as PyTorch's are, so that several can be stepped side
 * by side and a rate changed by hand is respected. A subclass calls `start()` at the end of its constructor.
 */
export abstract class FormulaLR extends LRScheduler {
  /** The rate at epoch 0, from the group's current one. */
  protected first(lr: number, _baseLr: number, _group: number): number {
    return lr;
  }

  /** The rate at `lastEpoch` ≥ 1, from the one before. */
  protected abstract next(lr: number, baseLr: number, group: number): number;

  /** The rate at `lastEpoch` from the base rate alone. */
  protected abstract closedForm(baseLr: number, group: number): number;

  start(): void {
    this.lastEpoch = 0;
    this.setRates((lr, base, i) => this.first(lr, base, i));
  }

  step(): void {
    this.lastEpoch += 1;
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
