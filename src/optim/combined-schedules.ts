// Schedules made of schedules: one after the other, or all at once.
import { ArgumentError, checkArray, checkOptions, noMore } from "../base/index.js";
import { checkOptimizer, type LastEpochOption, LRScheduler } from "./lr-scheduler.js";
import type { Optimizer } from "./optimizer.js";
import {
  isTorchSchedulerState,
  type SchedulerSettings,
  type SchedulerState,
  type TorchSchedulerState,
} from "./scheduler-state.js";

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

function checkMilestones(name: string, milestones: readonly number[], schedules: number): void {
  const fail = (text: string) => new ArgumentError(`${name}: ${text}`, { op: name });
  if (schedules < 1 || milestones.length !== schedules - 1) {
    throw fail(`got ${schedules} schedules and ${milestones.length} milestones; one milestone fewer is needed`);
  }
  if (milestones.some((m, i) => !(m > (milestones[i - 1] ?? 0)))) {
    throw fail(`milestones must be positive and ascending, got [${milestones.join(", ")}]`);
  }
}

/** A schedule made of others, whose states are in its own. */
abstract class CombinedLR<S extends SchedulerSettings = SchedulerSettings> extends LRScheduler<S> {
  constructor(
    optimizer: Optimizer,
    lastEpoch: number,
    settings: S,
    /** The schedules, in order. */
    readonly schedulers: readonly LRScheduler[],
    ...surplus: []
  ) {
    super(optimizer, lastEpoch, settings, ...surplus);
  }

  /** @internal */
  override undo(): void {
    super.undo();
    for (const scheduler of this.schedulers) scheduler.undo();
  }

  override stateDict(): SchedulerState {
    return { ...super.stateDict(), schedulers: this.schedulers.map((scheduler) => scheduler.stateDict()) };
  }

  override torchStateDict(): TorchSchedulerState {
    const { _last_lr } = super.torchStateDict();
    const schedulers = this.schedulers.map((scheduler) => scheduler.torchStateDict());
    return { _last_lr, ...this.ownTorch(), _schedulers: schedulers };
  }

  /** What PyTorch's state has besides rates and the schedules' states. */
  protected abstract ownTorch(): Record<string, unknown>;

  /** @internal */
  override prepareLoad(given: SchedulerState | TorchSchedulerState): () => void {
    const name = this.constructor.name;
    const take = super.prepareLoad(given);
    const inner = isTorchSchedulerState(given) ? given._schedulers : given.schedulers;
    if (!Array.isArray(inner) || inner.length !== this.schedulers.length) {
      const count = Array.isArray(inner) ? inner.length : 0;
      throw new ArgumentError(
        `${name}.loadStateDict: the state has ${count} schedules, this one ${this.schedulers.length}`,
        { op: `${name}.loadStateDict` },
      );
    }
    const takes = this.schedulers.map((scheduler, i) => scheduler.prepareLoad(inner[i]));
    return () => {
      take();
      for (const each of takes) each();
    };
  }
}

/**
 * Runs one schedule after the other: schedule i + 1 begins, at its epoch 0, when `milestones[i]` steps are taken.
 * @throws ArgumentError if there is not one milestone fewer than schedules, they do not ascend, or a schedule is on another optimizer.
 * @example
 * const warmup = new LinearLR(optimizer, { startFactor: 0.1, totalIters: 100 });
 * new SequentialLR(optimizer, [warmup, new CosineAnnealingLR(optimizer, 900)], [100]);
 */
export class SequentialLR extends CombinedLR<{ readonly milestones: readonly number[] }> {
  constructor(
    optimizer: Optimizer,
    schedulers: readonly LRScheduler[],
    milestones: readonly number[],
    options: LastEpochOption = {},
    ...surplus: []
  ) {
    checkOptimizer("SequentialLR", optimizer);
    checkOptions("SequentialLR", options, { lastEpoch: "number" });
    checkSchedules("SequentialLR", optimizer, schedulers);
    checkArray("SequentialLR", "milestones", milestones);
    checkMilestones("SequentialLR", milestones, schedulers.length);
    super(optimizer, options.lastEpoch ?? -1, { milestones }, schedulers, ...surplus);
    // Each schedule applied its first rate when it was made; only the first one's counts.
    for (const scheduler of schedulers) scheduler.undo();
    this.start();
  }

  /** Steps at which the next schedule begins, ascending. */
  get milestones(): readonly number[] {
    return this.settings.milestones;
  }

  private get active(): LRScheduler {
    return this.schedulers[this.milestones.filter((m) => m <= this.lastEpoch).length] as LRScheduler;
  }

  override step(...surplus: []): void {
    noMore(`${this.constructor.name}.step`, surplus);
    this.lastEpoch += 1;
    const isFirst = this.milestones.includes(this.lastEpoch);
    if (isFirst) this.active.restart();
    else this.active.step();
    this.lastLr = this.active.getLastLr();
  }

  /** @internal */
  start(): void {
    this.lastEpoch += 1;
    this.begin();
  }

  /** @internal */
  restart(): void {
    this.lastEpoch = 0;
    this.begin();
  }

  private begin(): void {
    for (const group of this.optimizer.paramGroups) group.lr = group.initialLr ?? group.lr;
    const first = this.schedulers[0] as LRScheduler;
    first.start();
    this.lastLr = first.getLastLr();
  }

  protected override checkSettings({ milestones }: { readonly milestones: readonly number[] }): void {
    checkMilestones("SequentialLR.loadStateDict", milestones, this.schedulers.length);
  }

  protected ownTorch(): Record<string, unknown> {
    return { _milestones: [...this.milestones], last_epoch: this.lastEpoch };
  }

  protected override fromTorch(state: TorchSchedulerState): Record<string, unknown> {
    return { ...super.fromTorch(state), milestones: state._milestones };
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
export class ChainedScheduler extends CombinedLR {
  /** @param options - `optimizer`: the one the schedules are on; default: the first one's. */
  constructor(schedulers: readonly LRScheduler[], options: { readonly optimizer?: Optimizer } = {}, ...surplus: []) {
    checkOptions("ChainedScheduler", options, { optimizer: "any" });
    checkArray("ChainedScheduler", "schedulers", schedulers);
    const [first] = schedulers;
    if (!first) throw new ArgumentError("ChainedScheduler: got no schedules", { op: "ChainedScheduler" });
    const { optimizer = first.optimizer } = options;
    checkOptimizer("ChainedScheduler", optimizer);
    checkSchedules("ChainedScheduler", optimizer, schedulers);
    super(optimizer, -1, {}, schedulers, ...surplus);
    this.lastEpoch = first.lastEpoch;
  }

  override step(...surplus: []): void {
    noMore(`${this.constructor.name}.step`, surplus);
    this.lastEpoch += 1;
    this.all((scheduler) => scheduler.step());
  }

  /** @internal */
  start(): void {
    this.lastEpoch += 1;
    this.all((scheduler) => scheduler.start());
  }

  /** @internal */
  restart(): void {
    for (const group of this.optimizer.paramGroups) group.lr = group.initialLr ?? group.lr;
    this.start();
    this.lastEpoch = 0;
  }

  private all(advance: (scheduler: LRScheduler) => void): void {
    for (const scheduler of this.schedulers) advance(scheduler);
    this.lastLr = this.optimizer.paramGroups.map(({ lr }) => lr);
  }

  protected ownTorch(): Record<string, unknown> {
    return {};
  }

  /** PyTorch's counts no steps of its own. */
  protected override fromTorch(state: TorchSchedulerState): Record<string, unknown> {
    const [first] = Array.isArray(state._schedulers) ? state._schedulers : [];
    return { ...super.fromTorch(state), lastEpoch: (first as TorchSchedulerState | undefined)?.last_epoch };
  }
}
