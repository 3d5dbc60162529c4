// Loss scaling for float16: gradients too small for it are scaled up with the loss, and down again before the update.
import { ArgumentError, checkOptions, noMore } from "../base/index.js";
import { hostEffect, isTracing, keep, noGrad, runtimeScalar, Tensor, whenComputed } from "../tensor/index.js";
import { checkOptimizer } from "./lr-scheduler.js";
import type { BaseOptions, Optimizer } from "./optimizer.js";

/** Options of a `GradScaler`. */
export interface GradScalerOptions {
  /** The first scale. Default 65536. */
  readonly initScale?: number;
  /** What the scale grows by after `growthInterval` steps without infinite gradients. Default 2. */
  readonly growthFactor?: number;
  /** What the scale shrinks by after a step with them. Default 0.5. */
  readonly backoffFactor?: number;
  /** Default 2000. */
  readonly growthInterval?: number;
  /** With false `scale` and `step` do nothing of their own. Default true. */
  readonly enabled?: boolean;
}

/** What a checkpoint keeps of a scaler; empty for one that is not enabled. */
export interface GradScalerState {
  /** The scale in use. */
  readonly scale?: number;
  /** What the scale grows by. */
  readonly growthFactor?: number;
  /** What the scale shrinks by. */
  readonly backoffFactor?: number;
  /** Good steps after which the scale grows. */
  readonly growthInterval?: number;
  /** Good steps since the scale changed. */
  readonly growthTracker?: number;
}

type AnyOptimizer = Optimizer<BaseOptions>;

/** What has happened to an optimizer's gradients since the last update(). */
interface Stage {
  /** Whether a gradient is infinite or NaN; a tensor until a program has computed it. */
  foundInf: Tensor | boolean;
  isStepped: boolean;
}

const optionKinds = {
  initScale: "number",
  growthFactor: "number",
  backoffFactor: "number",
  growthInterval: "number",
  enabled: "flag",
};

/**
 * Scales losses so that float16 gradients do not vanish, leaves out steps whose gradients are infinite or NaN, and follows with
 * the scale: `growthFactor` after `growthInterval` good steps, `backoffFactor` after a bad one.
 *
 * Forward pass, backward pass, the look at the gradients and the update stay one program: the update is written with the choice
 * in it. So it is inside compile(), where `update` follows with the scale after each run; one step and one update a call. Optimizers
 * that need a closure (LBFGS) are not supported, as in PyTorch.
 * @param options - `initScale` (65536), `growthFactor` (2), `backoffFactor` (0.5), `growthInterval` (2000), `enabled` (true).
 * @throws ArgumentError unless growthFactor > 1 and 0 < backoffFactor < 1.
 * @example
 * const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 })
 * const scaler = new optim.GradScaler()
 * const loss = autocast({ dtype: "float16" }, () => criterion(model(x), y))
 * scaler.scale(loss).backward()
 * scaler.step(optimizer)
 * scaler.update()
 */
export class GradScaler {
  #scale: number;
  #growthFactor: number;
  #backoffFactor: number;
  #growthInterval: number;
  /** Good steps since the scale changed. */
  #growthTracker = 0;
  readonly #enabled: boolean;
  readonly #stages = new Map<AnyOptimizer, Stage>();
  /** Stages of the function that is being traced. */
  readonly #traced = new Set<Stage>();

  constructor(options: GradScalerOptions = {}, ...surplus: []) {
    noMore("GradScaler", surplus);
    checkOptions("GradScaler", options, optionKinds);
    const { initScale = 65536, growthFactor = 2, backoffFactor = 0.5, growthInterval = 2000, enabled = true } = options;
    checkFactors(growthFactor, backoffFactor);
    if (!(initScale > 0 && Number.isFinite(initScale))) throw fail(`initScale must be > 0, got ${initScale}`);
    checkInterval(growthInterval);
    this.#scale = Math.fround(initScale);
    this.#growthFactor = growthFactor;
    this.#backoffFactor = backoffFactor;
    this.#growthInterval = growthInterval;
    this.#enabled = enabled;
  }

  /** Whether the scaler does anything. */
  isEnabled(): boolean {
    return this.#enabled;
  }

  /** The scale in use; 1 if not enabled. */
  getScale(): number {
    return this.#enabled ? this.#scale : 1;
  }

  /** What the scale grows by after `growthInterval` good steps. */
  getGrowthFactor(): number {
    return this.#growthFactor;
  }

  /**
   * Sets what the scale grows by.
   * @throws ArgumentError if it is not > 1.
   */
  setGrowthFactor(factor: number): void {
    checkFactors(factor, this.#backoffFactor);
    this.#growthFactor = factor;
  }

  /** What the scale shrinks by after a step with infinite gradients. */
  getBackoffFactor(): number {
    return this.#backoffFactor;
  }

  /**
   * Sets what the scale shrinks by.
   * @throws ArgumentError if it is not in (0, 1).
   */
  setBackoffFactor(factor: number): void {
    checkFactors(this.#growthFactor, factor);
    this.#backoffFactor = factor;
  }

  /** After how many good steps the scale grows. */
  getGrowthInterval(): number {
    return this.#growthInterval;
  }

  /**
   * Sets after how many good steps the scale grows.
   * @throws ArgumentError if it is no integer >= 1.
   */
  setGrowthInterval(interval: number): void {
    checkInterval(interval);
    this.#growthInterval = interval;
  }

  /**
   * The loss (or each of several) times the scale: call backward() on that. Shapes: any → the same, one by one.
   * @throws ArgumentError if something is no tensor.
   */
  scale(outputs: Tensor): Tensor;
  scale(outputs: readonly Tensor[]): Tensor[];
  scale(outputs: Tensor | readonly Tensor[]): Tensor | Tensor[] {
    const list: readonly unknown[] = outputs instanceof Tensor ? [outputs] : outputs;
    if (!Array.isArray(list) || !list.every((x) => x instanceof Tensor)) {
      throw fail("scale: takes a tensor or an array of tensors");
    }
    if (!this.#enabled) return outputs instanceof Tensor ? outputs : [...outputs];
    const factor = runtimeScalar(() => this.#scale);
    return outputs instanceof Tensor ? outputs.mul(factor) : outputs.map((x) => x.mul(factor));
  }

  /**
   * Divides the gradients of an optimizer's parameters by the scale, in place: before looking at them or clipping them. `step` does it
   * otherwise.
   * @throws ArgumentError if it was called already, or after step(), since the last update(), if there are no gradients, or if they are
   * float16, which would lose what the scale was for: keep the parameters in float32.
   */
  unscale_<O extends BaseOptions>(optimizer: Optimizer<O>, ...surplus: []): void {
    noMore("GradScaler.unscale_", surplus);
    checkOptimizer("GradScaler.unscale_", optimizer);
    if (!this.#enabled) return;
    const key = optimizer as unknown as AnyOptimizer;
    hostEffect(() => this.#checkFresh(key)); // at each replay too: update() may have been forgotten
    const grads = optimizer.paramGroups.flatMap(({ params }) => params.flatMap(({ grad }) => grad ?? []));
    if (grads.length === 0) throw fail("the optimizer's parameters have no gradients; call backward() first");
    if (grads.some(({ dtype }) => dtype === "float16")) {
      throw fail("cannot unscale float16 gradients; keep the parameters in float32 and compute inside autocast()");
    }
    const foundInf = noGrad(() => {
      const inverse = runtimeScalar(() => 1 / this.#scale);
      for (const grad of grads) grad.mul_(inverse);
      return grads.map((grad) => grad.isfinite().all().logicalNot()).reduce((a, b) => a.logicalOr(b));
    });
    const stage: Stage = { foundInf: keep(foundInf), isStepped: false };
    const begin = () => {
      stage.isStepped = false;
      this.#stages.set(key, stage);
    };
    hostEffect(begin, () => this.#stages.delete(key));
    if (!isTracing()) return;
    this.#traced.add(stage);
    whenComputed([foundInf], ([value]) => {
      stage.foundInf = Boolean(value);
      this.#traced.delete(stage);
    });
  }

  #checkFresh(key: AnyOptimizer): void {
    const known = this.#stages.get(key);
    if (!known) return;
    throw fail(
      known.isStepped
        ? "unscale_: is called after step(); call update() first"
        : "unscale_: has already been called on this optimizer since the last update()",
    );
  }

  /**
   * `optimizer.step()`, unless a gradient is infinite or NaN. Unscales the gradients first if that has not been done.
   * @throws ArgumentError if it was called already since the last update(), or with a closure, which only a scaler that is not
   * enabled passes on.
   */
  step<O extends BaseOptions>(optimizer: Optimizer<O>): void;
  step<O extends BaseOptions, R>(optimizer: Optimizer<O>, closure: () => R): R;
  step<O extends BaseOptions, R>(optimizer: Optimizer<O>, closure?: () => R, ...surplus: []): R | undefined {
    noMore("GradScaler.step", surplus);
    checkOptimizer("GradScaler.step", optimizer);
    if (!this.#enabled) return closure ? optimizer.step(closure) : void optimizer.step();
    if (closure !== undefined) throw fail("step: takes no closure while the scaler is enabled");
    const key = optimizer as unknown as AnyOptimizer;
    hostEffect(() => {
      if (this.#stages.get(key)?.isStepped) throw fail("step: has already been called since the last update()");
    });
    if (!this.#stages.has(key)) this.unscale_(optimizer);
    const stage = this.#stages.get(key) as Stage;
    const { foundInf } = stage;
    if (isTracing() && !this.#traced.has(stage)) {
      throw fail("step: is compiled, but unscale_() was called outside; call both in the compiled function");
    }
    if (foundInf instanceof Tensor) optimizer.stepUnless(foundInf);
    else if (!foundInf) optimizer.step();
    hostEffect(
      () => {
        stage.isStepped = true;
      },
      () => {
        stage.isStepped = false;
      },
    );
    return undefined;
  }

  /**
   * Follows with the scale what the steps since the last update() found, or sets it to `newScale`.
   * @throws ArgumentError if there was no step or unscale_(), or `newScale` is not above 0.
   */
  update(newScale?: number, ...surplus: []): void {
    noMore("GradScaler.update", surplus);
    if (!this.#enabled) return;
    if (newScale !== undefined && !(newScale > 0 && Number.isFinite(newScale))) {
      throw fail(`update: newScale must be > 0, got ${newScale}`);
    }
    if (newScale === undefined && this.#stages.size === 0) {
      throw fail("update: no gradients were looked at; call step() or unscale_() first");
    }
    // In a compiled function what the steps found is known after the program has run.
    whenComputed([], () => {
      if (newScale === undefined) this.#follow();
      else this.#scale = Math.fround(newScale);
      this.#stages.clear();
    });
  }

  #follow(): void {
    const found = [...this.#stages.values()].map(({ foundInf }) =>
      Boolean(foundInf instanceof Tensor ? foundInf.item() : foundInf),
    );
    if (found.some((isFound) => isFound)) {
      this.#scale = Math.fround(this.#scale * this.#backoffFactor);
      this.#growthTracker = 0;
      return;
    }
    this.#growthTracker++;
    if (this.#growthTracker < this.#growthInterval) return;
    const grown = Math.fround(this.#scale * this.#growthFactor);
    if (Number.isFinite(grown)) this.#scale = grown;
    this.#growthTracker = 0;
  }

  /** Scale, factors and counts, for checkpoints; empty if not enabled. */
  stateDict(): GradScalerState {
    if (!this.#enabled) return {};
    return {
      scale: this.#scale,
      growthFactor: this.#growthFactor,
      backoffFactor: this.#backoffFactor,
      growthInterval: this.#growthInterval,
      growthTracker: this.#growthTracker,
    };
  }

  /**
   * Takes over what `stateDict` gave.
   * @throws ArgumentError if it is the state of a scaler that was not enabled.
   */
  loadStateDict(state: GradScalerState): void {
    if (!this.#enabled) return;
    const { scale, growthFactor, backoffFactor, growthInterval, growthTracker } = state;
    const numbers = [scale, growthFactor, backoffFactor, growthInterval, growthTracker];
    if (!numbers.every((value) => typeof value === "number")) {
      throw fail("loadStateDict: the state is not that of an enabled GradScaler");
    }
    [this.#scale, this.#growthFactor, this.#backoffFactor, this.#growthInterval, this.#growthTracker] = numbers as [
      number,
      number,
      number,
      number,
      number,
    ];
  }
}

function checkFactors(growthFactor: number, backoffFactor: number): void {
  if (!(growthFactor > 1)) throw fail(`growthFactor must be > 1, got ${growthFactor}`);
  if (!(backoffFactor > 0 && backoffFactor < 1)) throw fail(`backoffFactor must be in (0, 1), got ${backoffFactor}`);
}

function checkInterval(growthInterval: number): void {
  if (Number.isInteger(growthInterval) && growthInterval > 0) return;
  throw fail(`growthInterval must be a positive integer, got ${growthInterval}`);
}

function fail(text: string): ArgumentError {
  return new ArgumentError(`GradScaler: ${text}`, { op: "GradScaler" });
}
