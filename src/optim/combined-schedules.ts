// Schedules made of schedules: one after the other, or all at once.
import { ArgumentError, checkArray } from "../base/index.js";
import { checkOptimizer, LRScheduler, type SchedulerState } from "./lr-scheduler.js";
import type { Optimizer } from "./optimizer.js";

function checkSchedules(name: string, optimizer: Optimizer, schedulers: readonly LRScheduler[]): void {
  const fail = (text: string) => new ArgumentError(`${name}: ${text}`, { op: name });
  checkArray(name, "schedulers", schedulers);
  schedulers.forEach((scheduler, i) => {
    if (!(scheduler instanceof LRScheduler)) {
      throw fail(
        `schedule ${i} cannot be combined; a ReduceLROnPlateau needs a metric at each step, so step it by itself`,
      );
    }
    if (scheduler.optimizer !== optimizer) throw fail(`schedule ${i} belongs to another optimizer`);
  });
}

function innerStates(name: string, state: SchedulerState, own: readonly LRScheduler[]): readonly SchedulerState[] {
  const inner = state.schedulers ?? [];
  if (inner.length === own.length) return inner;
  throw new ArgumentError(`${name}.loadStateDict: the state has ${inner.length} schedules, this one ${own.length}`, {
    op: name,
  });
}

/**
 * Runs one schedule after the other: schedule i + 1 begins, at its epoch 0, when `milestones[i]` steps are taken.
 * @throws ArgumentError unless there is one milestone fewer than schedules, ascending, all on `optimizer`.
 * @example
 * const warmup = new LinearLR(optimizer, { startFactor: 0.1, totalIters: 100 });
 * new SequentialLR(optimizer, [warmup, new CosineAnnealingLR(optimizer, 900)], [100]);
 */
export class SequentialLR extends LRScheduler {
  constructor(
    optimizer: Optimizer,
    /** The schedules, in order. */
    readonly schedulers: readonly LRScheduler[],
    /** Steps at which the next schedule begins, ascending. */
    readonly milestones: readonly number[],
  ) {
    super(optimizer);
    this.checkArguments();
    // Each schedule applied its first rate when it was made; only the first one's counts.
    this.restart();
  }

  private checkArguments(): void {
    const { schedulers, milestones } = this;
    const fail = (text: string) => new ArgumentError(`SequentialLR: ${text}`, { op: "SequentialLR" });
    checkSchedules("SequentialLR", this.optimizer, schedulers);
    checkArray("SequentialLR", "milestones", milestones);
    if (schedulers.length < 1 || milestones.length !== schedulers.length - 1) {
      throw fail(
        `got ${schedulers.length} schedules and ${milestones.length} milestones; one milestone fewer is needed`,
      );
    }
    if (milestones.some((m, i) => m <= (milestones[i - 1] ?? 0))) {
      throw fail(`milestones must be positive and ascending, got [${milestones.join(", ")}]`);
    }
  }

  private get active(): LRScheduler {
    return this.schedulers[this.milestones.filter((m) => m <= this.lastEpoch).length] as LRScheduler;
  }

  step(): void {
    this.lastEpoch += 1;
    const isFirst = this.milestones.includes(this.lastEpoch);
    if (isFirst) this.active.restart();
    else this.active.step();
    this.lastLr = this.active.getLastLr();
  }

  /** @internal */
  start(): void {
    this.restart();
  }

  /** @internal */
  restart(): void {
    this.lastEpoch = 0;
    for (const group of this.optimizer.paramGroups) group.lr = group.initialLr ?? group.lr;
    const first = this.schedulers[0] as LRScheduler;
    first.start();
    this.lastLr = first.getLastLr();
  }

  override stateDict(): SchedulerState {
    return { ...super.stateDict(), schedulers: this.schedulers.map((scheduler) => scheduler.stateDict()) };
  }

  override loadStateDict(state: SchedulerState): void {
    const inner = innerStates("SequentialLR", state, this.schedulers);
    super.loadStateDict(state);
    this.schedulers.forEach((scheduler, i) => {
      scheduler.loadStateDict(inner[i] as SchedulerState);
    });
  }
}

/**
 * Steps several schedules at once, each on top of the rates the ones before it left.
 *
 * PyTorch's schedules are recurrences, so the factors of two multiply. A schedule with a closed form on the base rate
 * (LambdaLR, CyclicLR, OneCycleLR) replaces what the ones before it did.
 * @throws ArgumentError unless there is a schedule and all are on one optimizer.
 * @example new ChainedScheduler([new ConstantLR(optimizer, { factor: 0.1 }), new ExponentialLR(optimizer, 0.9)])
 */
export class ChainedScheduler extends LRScheduler {
  constructor(
    /** The schedules, in the order they act. */
    readonly schedulers: readonly LRScheduler[],
  ) {
    checkArray("ChainedScheduler", "schedulers", schedulers);
    const [first] = schedulers;
    if (!first) throw new ArgumentError("ChainedScheduler: got no schedules", { op: "ChainedScheduler" });
    checkOptimizer("ChainedScheduler", first.optimizer);
    checkSchedules("ChainedScheduler", first.optimizer, schedulers);
    super(first.optimizer);
  }

  step(): void {
    this.lastEpoch += 1;
    this.all((scheduler) => scheduler.step());
  }

  /** @internal */
  start(): void {
    this.lastEpoch = 0;
    this.all((scheduler) => scheduler.start());
  }

  /** @internal */
  restart(): void {
    for (const group of this.optimizer.paramGroups) group.lr = group.initialLr ?? group.lr;
    this.start();
  }

  private all(advance: (scheduler: LRScheduler) => void): void {
    for (const scheduler of this.schedulers) advance(scheduler);
    this.lastLr = this.optimizer.paramGroups.map(({ lr }) => lr);
  }

  override stateDict(): SchedulerState {
    return { ...super.stateDict(), schedulers: this.schedulers.map((scheduler) => scheduler.stateDict()) };
  }

  override loadStateDict(state: SchedulerState): void {
    const inner = innerStates("ChainedScheduler", state, this.schedulers);
    super.loadStateDict(state);
    this.schedulers.forEach((scheduler, i) => {
      scheduler.loadStateDict(inner[i] as SchedulerState);
    });
  }
}
