// The training loop, with everything it needs to stop after any batch and go on later to the same bits.

import { ArgumentError } from "../base/index.js";
import type { DataLoaderState } from "../data/index.js";
import type { StateObject } from "../formats/index.js";
import type { Device, Generator, Tensor } from "../index.js";
import type { UnaryModule } from "../nn/index.js";
import type { LRScheduler, Optimizer, OptimizerState, SchedulerState } from "../optim/index.js";

/** Inputs and targets, both with the batch as first dim. */
export type Batch = readonly [inputs: Tensor, targets: Tensor];

/** A loader of batches, such as a `DataLoader`, whose place can be saved and set. */
export interface BatchSource extends AsyncIterable<Batch> {
  /** Batches an epoch has. */
  readonly length: number;
  stateDict(): DataLoaderState;
  loadStateDict(state: DataLoaderState): void;
}

export interface TrainerParts {
  readonly model: UnaryModule;
  readonly loss: (outputs: Tensor, targets: Tensor) => Tensor;
  readonly optimizer: Optimizer;
  /** Stepped after each batch. */
  readonly scheduler?: LRScheduler | undefined;
  readonly loader: BatchSource;
  /** Generators that the model draws from, such as the global one for dropout. */
  readonly generators?: Readonly<Record<string, Generator>>;
  readonly device?: Device;
}

/** Where training stands, and the sums of the epoch that is under way. */
export interface Progress {
  /** Epochs finished. */
  epoch: number;
  /** Batches of the current epoch done. */
  batch: number;
  /** Sum of the losses of the current epoch, each counted once an item. */
  lossSum: number;
  /** Items of the current epoch seen. */
  items: number;
  /** Time spent in the current epoch's batches. */
  seconds: number;
}

export interface EpochResult {
  /** From 1. */
  readonly epoch: number;
  /** Mean over the epoch's items. */
  readonly loss: number;
  readonly itemsPerSecond: number;
  readonly seconds: number;
}

/** What the loop tells, and asks, whoever runs it. */
export interface TrainObserver {
  /** After each batch; the loss is that batch's mean. */
  onBatch?(progress: Readonly<Progress>, loss: number): void;
  /** After each epoch, before the next begins. */
  onEpoch?(result: EpochResult): void | Promise<void>;
  /** Asked after each batch: true ends the loop there. */
  shouldStop?(): boolean;
}

/** What `stateDict` gives, as far as this file reads it. */
interface SavedState {
  readonly model: Record<string, Tensor>;
  readonly optimizer: OptimizerState;
  readonly scheduler: SchedulerState | null;
  readonly seed: number;
  readonly progress: Progress;
  readonly generators: Readonly<Record<string, ReturnType<Generator["getState"]>>>;
}

const epochStart: Progress = { epoch: 0, batch: 0, lossSum: 0, items: 0, seconds: 0 };

/** Trains a model on the batches of a loader. */
export class Trainer {
  readonly progress: Progress = { ...epochStart };

  constructor(readonly parts: TrainerParts) {}

  /** All that the rest of training depends on: model, optimizer, schedule, position, running sums, generators. */
  stateDict(): StateObject {
    const { model, optimizer, scheduler, loader, generators = {} } = this.parts;
    const states = Object.entries(generators).map(([name, generator]) => [name, generator.getState()]);
    return {
      model: model.stateDict(),
      optimizer: optimizer.stateDict(),
      scheduler: scheduler?.stateDict() ?? null,
      seed: loader.stateDict().seed,
      progress: { ...this.progress },
      generators: Object.fromEntries(states),
    } as unknown as StateObject;
  }

  /**
   * Takes over a saved state: training goes on as if it had not stopped.
   * @throws ArgumentError if it belongs to another kind of training.
   */
  loadStateDict(state: StateObject): void {
    const { model, optimizer, scheduler, loader, generators = {} } = this.parts;
    const saved = state as unknown as SavedState;
    if (!saved.progress || !saved.model || (saved.scheduler === null) !== (scheduler === undefined)) {
      throw new ArgumentError("Trainer.loadStateDict: the state is not one of a trainer with these parts");
    }
    model.loadStateDict(saved.model);
    optimizer.loadStateDict(saved.optimizer);
    if (saved.scheduler) scheduler?.loadStateDict(saved.scheduler);
    loader.loadStateDict({ seed: saved.seed, epoch: saved.progress.epoch, batch: saved.progress.batch });
    for (const [name, generator] of Object.entries(generators)) {
      const generatorState = saved.generators[name];
      if (generatorState !== undefined) generator.setState(generatorState);
    }
    Object.assign(this.progress, saved.progress);
  }

  /** Trains until `epochs` epochs are done; false if the observer stopped it before. */
  async fit(epochs: number, observer: TrainObserver = {}): Promise<boolean> {
    while (this.progress.epoch < epochs) {
      if (!(await this.trainEpoch(observer))) return false;
      await observer.onEpoch?.(this.finishEpoch());
      if (this.progress.epoch < epochs && observer.shouldStop?.()) return false;
    }
    return true;
  }

  /** The rest of the current epoch; false if stopped within it. */
  private async trainEpoch(observer: TrainObserver): Promise<boolean> {
    const { model, loader } = this.parts;
    const { progress } = this;
    model.train();
    // The position is the trainer's own: the loader's may be ahead by what it fetched before.
    loader.loadStateDict({ ...loader.stateDict(), epoch: progress.epoch, batch: progress.batch });
    let last = performance.now();
    for await (const [inputs, targets] of loader) {
      const loss = this.step(inputs, targets);
      const items = targets.shape[0] as number;
      progress.lossSum += loss * items;
      progress.items += items;
      progress.batch += 1;
      const now = performance.now();
      progress.seconds += (now - last) / 1000;
      last = now;
      observer.onBatch?.(progress, loss);
      // An epoch whose last batch is done is finished rather than stopped.
      if (progress.batch < loader.length && observer.shouldStop?.()) return false;
    }
    return true;
  }

  /** One step of the optimizer; the batch's loss. */
  private step(inputs: Tensor, targets: Tensor): number {
    const { model, loss: criterion, optimizer, scheduler, device = "cpu" } = this.parts;
    const loss = criterion(model(inputs.to(device)), targets.to(device));
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    scheduler?.step();
    return loss.item();
  }

  private finishEpoch(): EpochResult {
    const { epoch, lossSum, items, seconds } = this.progress;
    Object.assign(this.progress, { ...epochStart, epoch: epoch + 1 });
    return { epoch: epoch + 1, loss: lossSum / items, itemsPerSecond: items / seconds, seconds };
  }
}
