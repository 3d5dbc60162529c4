// `gradus train mnist`: trains, shows how it goes, writes what it learned; can be stopped and resumed.
import { join } from "node:path";
import { NumericError } from "../base/index.js";
import { encodeSafetensors } from "../formats/index.js";
import { empty, gpu, setTarget, setThreads, targetName, threadCount } from "../index.js";
import { type EpochResult, MetricsLog, prepareFolder, saveCheckpoint, writeFileAtomic } from "../train/index.js";
import { commandLine } from "./command-line.js";
import { InterruptCounter, interruptedExitCode, listenToInterrupts } from "./interrupt.js";
import { createJob, loadData, type MnistData, type MnistJob } from "./mnist-job.js";
import { featureMapsPicture, filtersPicture } from "./pictures.js";
import { ProgressDisplay } from "./progress.js";
import { openRun, type Run, savedRun } from "./run-settings.js";
import { formatCount, formatDuration, formatPercent } from "./text.js";
import type { DeviceName, RunSettings, TrainOptions } from "./train-options.js";

const files = {
  checkpoint: "checkpoint.safetensors",
  model: "model.safetensors",
  metrics: "metrics.jsonl",
  filters: "filters.png",
  featureMaps: "feature-maps.png",
} as const;

/** Trains; the process's exit code. */
export async function trainMnist(options: TrainOptions): Promise<number> {
  const run = openRun(options);
  const undoFolder = prepareFolder(run.output);
  try {
    return await new TrainingRun(run, await configure(run, options)).execute();
  } finally {
    undoFolder(); // only where nothing was written
  }
}

/** Applies device, target and threads. */
async function configure(run: Run, { device: name = "auto", threads }: TrainOptions): Promise<"cpu" | "gpu"> {
  if (run.target) setTarget(run.target);
  if (threads !== undefined) setThreads(threads);
  return chooseDevice(name);
}

async function chooseDevice(name: DeviceName): Promise<"cpu" | "gpu"> {
  if (name !== "auto") {
    empty([0], { device: name }); // throws, with the reason, for a device that is not there
    return name;
  }
  return (await gpu.isAvailable()) ? "gpu" : "cpu";
}

class TrainingRun {
  private readonly metrics: MetricsLog;
  private readonly settings: RunSettings;

  constructor(
    private readonly run: Run,
    private readonly device: "cpu" | "gpu",
  ) {
    this.settings = run.settings;
    this.metrics = new MetricsLog([...(run.saved?.metrics ?? [])]);
  }

  async execute(): Promise<number> {
    print(`Device: ${this.device}`);
    print(`Target: ${targetName()}`);
    print(`Threads: ${threadCount()}`);
    const data = await loadData(this.settings);
    const job = createJob(this.settings, data, this.device);
    this.restore(job, data);
    this.describe(job, data);
    return this.train(job, data);
  }

  private path(file: keyof typeof files): string {
    return join(this.run.output, files[file]);
  }

  private restore({ trainer }: MnistJob, { train }: MnistData): void {
    const { saved } = this.run;
    if (!saved) {
      this.metrics.add({ event: "run", ...this.settings, target: targetName(), threads: threadCount() });
      return;
    }
    if (saved.trainItems !== train.length) {
      throw new NumericError(
        `--resume: the run to resume was trained on ${saved.trainItems} images, here are ${train.length}; use its data`,
      );
    }
    trainer.loadStateDict(saved.trainer);
  }

  private describe({ network, trainer }: MnistJob, { train, test }: MnistData): void {
    const { data, model, recipe, epochs, batchSize, lr, seed } = this.settings;
    const parameters = network.parameters().reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
    print(
      `Data: ${data}, ${formatCount(train.length)} training and ${formatCount(test.length)} test images from ${train.location}`,
    );
    print(`Model: ${model}, ${formatCount(parameters)} parameters`);
    print(`Recipe: ${recipe}, ${epochs} epochs, batch size ${batchSize}, learning rate ${lr}, seed ${seed}`);
    print(`Output: ${this.run.output}`);
    const { epoch, batch } = trainer.progress;
    if (this.run.saved) print(`Resuming after ${epoch} epochs and ${batch} batches`);
  }

  private async train(job: MnistJob, data: MnistData): Promise<number> {
    const { trainer, batches } = job;
    const { epochs } = this.settings;
    const itemsPerEpoch = data.train.length;
    const display = new ProgressDisplay(process.stdout, { epochs, batches, itemsPerEpoch });
    const position = () => {
      const { epoch, batch, items, lossSum } = trainer.progress;
      return { epoch, batch, items, loss: items > 0 ? lossSum / items : 0 };
    };
    const interrupts = this.watchInterrupts(display);
    try {
      if (trainer.progress.epoch < epochs) display.start(position());
      const isFinished = await trainer.fit(epochs, {
        onBatch: ({ epoch, batch }, loss) => {
          if (!Number.isFinite(loss)) throw divergence(loss, epoch, batch, this.settings.lr);
          display.update(position());
        },
        onEpoch: (result) => this.finishEpoch(job, data, result, display),
        shouldStop: () => interrupts.counter.isStopping,
      });
      if (!isFinished) return this.stop(job, data, display);
      return await this.finish(job, data, display);
    } finally {
      display.clear();
      interrupts.end();
    }
  }

  private watchInterrupts(display: ProgressDisplay): { counter: InterruptCounter; end: () => void } {
    const counter = new InterruptCounter({
      onStop: () => display.print("Stopping after this batch; Ctrl-C once more stops at once, without saving."),
      onAbort: () => {
        display.clear();
        process.exit(interruptedExitCode);
      },
    });
    return { counter, end: listenToInterrupts(counter) };
  }

  private async finishEpoch(
    job: MnistJob,
    data: MnistData,
    { epoch, loss, itemsPerSecond, seconds }: EpochResult,
    display: ProgressDisplay,
  ): Promise<void> {
    const validation = await job.evaluate();
    display.print(
      `Epoch [${epoch}/${this.settings.epochs}], Loss: ${loss.toFixed(4)}, Validation Accuracy: ${formatPercent(validation.accuracy)}`,
    );
    this.metrics.add({
      event: "epoch",
      epoch,
      loss,
      validationLoss: validation.loss,
      validationAccuracy: validation.accuracy,
      lr: job.trainer.parts.optimizer.paramGroups[0]?.lr ?? 0,
      imagesPerSecond: itemsPerSecond,
      seconds,
    });
    this.save(job, data);
    this.metrics.write(this.path("metrics"));
  }

  private save({ trainer }: MnistJob, { train }: MnistData): void {
    const { settings } = this;
    const { records: metrics } = this.metrics;
    const state = { settings, target: targetName(), trainItems: train.length, metrics, trainer: trainer.stateDict() };
    saveCheckpoint(this.path("checkpoint"), savedRun(state));
  }

  private stop(job: MnistJob, data: MnistData, display: ProgressDisplay): number {
    this.save(job, data);
    const { epoch, batch } = job.trainer.progress;
    display.print(`Stopped after ${epoch} epochs and ${batch} batches; saved ${this.path("checkpoint")}`);
    display.print(`Resume with: ${commandLine(["train", "mnist", "--resume", this.path("checkpoint")])}`);
    return interruptedExitCode;
  }

  private async finish(job: MnistJob, data: MnistData, display: ProgressDisplay): Promise<number> {
    const { network } = job;
    const { accuracy, loss } = await job.evaluate();
    this.metrics.add({ event: "result", testAccuracy: accuracy, testLoss: loss });
    const [image] = data.test.getBatch([0]);
    writeFileAtomic(this.path("model"), encodeSafetensors(network.stateDict()));
    writeFileAtomic(this.path("filters"), filtersPicture(network));
    writeFileAtomic(this.path("featureMaps"), featureMapsPicture(network, image.to(this.device)));
    this.metrics.write(this.path("metrics"));
    display.print(`Test Accuracy: ${formatPercent(accuracy)}`);
    display.print(this.describeSpeed(data.train.length));
    display.print(`Wrote to ${this.run.output}: ${Object.values(files).join(", ")}`);
    display.print(`Next, try: ${this.nextCommand()}`);
    return 0;
  }

  private describeSpeed(itemsPerEpoch: number): string {
    const epochs = this.metrics.records.filter(({ event }) => event === "epoch");
    const seconds = epochs.reduce((sum, record) => sum + Number(record.seconds), 0);
    const images = epochs.length * itemsPerEpoch;
    const rate = formatCount(images / seconds);
    return `Throughput: ${rate} images/s (${formatCount(images)} images in ${formatDuration(seconds)})`;
  }

  private nextCommand(): string {
    const { model, recipe } = this.settings;
    if (model === "cnn") return commandLine(["train", "mnist", "--model", "mlp"]);
    return commandLine(["train", "mnist", "--recipe", recipe === "best" ? "plain" : "best"]);
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function divergence(loss: number, epoch: number, batch: number, lr: number): NumericError {
  return new NumericError(
    `train mnist: the loss is ${loss} in epoch ${epoch + 1}, batch ${batch}; try a lower --lr (now ${lr})`,
  );
}
