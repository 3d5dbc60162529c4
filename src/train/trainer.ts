// The training loop, with everything it needs to stop after any batch and go on later to the same bits.
import type { DataLoader } from "../data/index.js";
import type { Tensor } from "../index.js";
import type { Module } from "../nn/index.js";
import type { LRScheduler, Optimizer } from "../optim/index.js";

/** Inputs and targets, both with the batch as first dim. */
export type Batch = readonly [inputs: Tensor, targets: Tensor];

export interface TrainerParts {
  readonly model: Module;
  readonly loss: (outputs: Tensor, targets: Tensor) => Tensor;
  readonly optimizer: Optimizer;
  /** Stepped after each batch. */
  readonly scheduler?: LRScheduler | undefined;
  readonly loader: DataLoader<unknown, Batch>;
  readonly device?: string;
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

const epochStart: Progress = { epoch: 0, batch: 0, lossSum: 0, items: 0, seconds: 0 };

/** Trains a model on the batches of a loader. */
export class Trainer {
  readonly progress: Progress = { ...epochStart };

  constructor(readonly parts: TrainerParts) {}

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
    return { epoch: epoch + 1, loss: lossSum / items, itemsPerSecond: items / seconds };
  }
}
