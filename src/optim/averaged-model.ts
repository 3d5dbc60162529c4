// Averages of a model's weights over training: SWA and EMA.
import { ArgumentError, checkOptions, isFloat, noMore, shownValue } from "../base/index.js";
import { Buffer, Module } from "../nn/index.js";
import { noGrad, quietly, type Tensor, zeros } from "../tensor/index.js";

/** The new average from the old one, the model's value and how many values it holds already (int64, 0-d). */
export type AverageFn = (averaged: Tensor, current: Tensor, count: Tensor) => Tensor;

/** Options of `AveragedModel`. */
export interface AveragedModelOptions {
  /** How an average follows; default: the mean of all values (SWA), see getSwaAvgFn and getEmaAvgFn. */
  readonly avgFn?: AverageFn;
  /** Average buffers too; default false: they are copied. */
  readonly useBuffers?: boolean;
}

/** The mean of all values: a + (x - a) / (n + 1), for `AveragedModel`. */
export function getSwaAvgFn(...surplus: []): AverageFn {
  noMore("getSwaAvgFn", surplus);
  return (averaged, current, count) => averaged.add(current.sub(averaged).div(count.add(1).to(averaged.dtype)));
}

/**
 * An exponential moving average, for `AveragedModel`: decay · a + (1 - decay) · x.
 * @param decay - weight of the average so far; default 0.999.
 * @throws ArgumentError if `decay` is not in [0, 1].
 */
export function getEmaAvgFn(decay = 0.999, ...surplus: []): AverageFn {
  noMore("getEmaAvgFn", surplus);
  if (!(typeof decay === "number" && decay >= 0 && decay <= 1)) {
    throw new ArgumentError(`getEmaAvgFn: decay must be in [0, 1], got ${shownValue(decay)}`, { op: "getEmaAvgFn" });
  }
  return (averaged, current) => averaged.mul(decay).add(current.mul(1 - decay));
}

/**
 * A copy of a model whose weights are averages of those the model had at each `updateParameters`; called like the model.
 *
 * State-dict keys are `module.…` and `n_averaged`, as PyTorch's. An update is lazy and joins the next step's program.
 * Source: Izmailov et al., "Averaging Weights Leads to Wider Optima and Better Generalization", 2018, arXiv:1803.05407.
 * Shapes: the model's arguments → its output.
 * @param model - is cloned.
 * @param options - `avgFn` (default the mean; see getEmaAvgFn), `useBuffers` (default false).
 * @throws ArgumentError if the model is no module.
 * @example
 * const ema = new optim.AveragedModel(model, { avgFn: optim.getEmaAvgFn(0.999), useBuffers: true });
 * optimizer.step();
 * ema.updateParameters(model);
 */
export class AveragedModel<M extends Module = Module> extends Module {
  /** A copy of the model with the averaged weights. */
  readonly module: M;
  /** How many times `updateParameters` was called, int64 `[]`. */
  readonly nAveraged = new Buffer(zeros([], { dtype: "int64" }));
  private readonly avgFn: AverageFn;
  private readonly useBuffers: boolean;

  constructor(model: M, options: AveragedModelOptions = {}, ...surplus: []) {
    super(...surplus);
    checkOptions("AveragedModel", options, { avgFn: "function", useBuffers: "flag" });
    if (!(model instanceof Module)) {
      throw new ArgumentError(`AveragedModel: takes a model to average, got ${typeof model}`, { op: "AveragedModel" });
    }
    this.module = model.clone();
    this.avgFn = options.avgFn ?? getSwaAvgFn();
    this.useBuffers = options.useBuffers ?? false;
  }

  forward(...args: Parameters<M["forward"]>): ReturnType<M["forward"]> {
    // A generic module's call signature is that of its forward, which the compiler cannot see through `M`.
    return (this.module as unknown as (...args: Parameters<M["forward"]>) => ReturnType<M["forward"]>)(...args);
  }

  /**
   * Takes the model's weights into the averages; the first time copies them. Buffers are copied, or averaged with `useBuffers`.
   * @throws ArgumentError if the model has other numbers of parameters or buffers.
   */
  updateParameters(model: M): void {
    const pairs = pairsOf("parameter", this.module.parameters(), model.parameters());
    const buffers = pairsOf("buffer", this.module.buffers(), model.buffers());
    noGrad(() =>
      quietly(() => {
        const isFirst = this.nAveraged.eq(0);
        for (const [own, current] of this.useBuffers ? [...pairs, ...buffers] : pairs) {
          own.copy_(this.average(own, current, isFirst));
        }
        if (!this.useBuffers) for (const [own, current] of buffers) own.copy_(current);
        this.nAveraged.add_(1);
      }),
    );
  }

  private average(own: Tensor, current: Tensor, isFirst: Tensor): Tensor {
    if (!isFloat(own.dtype)) return current;
    // Chosen in the program, so that the first update needs no program of its own and nothing is read.
    return current.where(isFirst, this.avgFn(own, current, this.nAveraged));
  }
}

function pairsOf(what: string, own: readonly Tensor[], given: readonly Tensor[]): [Tensor, Tensor][] {
  if (own.length !== given.length) {
    throw new ArgumentError(
      `AveragedModel: the model has ${given.length} ${what}s but the averaged one ${own.length}; pass the model it was made from`,
      { op: "AveragedModel" },
    );
  }
  return own.map((tensor, i) => [tensor, (given[i] as Tensor).detach()]);
}
