// The schedules: each is its recurrence and its closed form.
import { ArgumentError, Counter, checkFunction, checkNumber, checkOptions } from "../base/index.js";
import { FormulaLR, type LastEpochOption, perGroup } from "./lr-scheduler.js";
import type { Optimizer } from "./optimizer.js";
import type { SchedulerState, TorchSchedulerState } from "./scheduler-state.js";

/** Options of schedules with a factor. */
interface GammaOptions extends LastEpochOption {
  /** What the rate is multiplied by, usually below 1; default 0.1. */
  readonly gamma?: number;
}

function checkCount(name: string, what: string, value: number): number {
  if (Number.isInteger(value) && value >= 1) return value;
  throw new ArgumentError(`${name}: ${what} must be a positive integer, got ${value}`, { op: name });
}

function checkFactor(name: string, what: string, value: number, allowsZero: boolean): number {
  if (value <= 1 && (allowsZero ? value >= 0 : value > 0)) return value;
  throw new ArgumentError(`${name}: ${what} must be in ${allowsZero ? "[0, 1]" : "(0, 1]"}, got ${value}`, {
    op: name,
  });
}

/**
 * Multiplies the rate by `gamma` every `stepSize` steps: lr = lr₀ · gamma^⌊t / stepSize⌋.
 * @param stepSize - steps between reductions.
 * @param options - `gamma` (default 0.1), `lastEpoch` (default -1).
 * @throws ArgumentError if `stepSize` is no integer >= 1.
 * @example new StepLR(optimizer, 30, { gamma: 0.1 })
 */
export class StepLR extends FormulaLR<{ readonly stepSize: number; readonly gamma: number }> {
  constructor(optimizer: Optimizer, stepSize: number, options: GammaOptions = {}, ...surplus: []) {
    checkOptions("StepLR", options, { gamma: "number", lastEpoch: "number" });
    checkCount("StepLR", "stepSize", stepSize);
    const { gamma = 0.1, lastEpoch = -1 } = options;
    super(optimizer, lastEpoch, { stepSize, gamma }, ...surplus);
    this.start();
  }

  /** Steps between reductions. */
  get stepSize(): number {
    return this.settings.stepSize;
  }

  protected override first(lr: number): number {
    return this.lastEpoch === 0 ? lr : this.next(lr);
  }

  protected next(lr: number): number {
    const { stepSize, gamma } = this.settings;
    return this.lastEpoch % stepSize === 0 ? lr * gamma : lr;
  }

  protected closedForm(baseLr: number): number {
    const { stepSize, gamma } = this.settings;
    return baseLr * gamma ** Math.floor(this.lastEpoch / stepSize);
  }
}

/**
 * Multiplies the rate by `gamma` at each milestone: lr = lr₀ · gamma^(number of milestones ≤ t).
 * @param milestones - steps at which the rate is reduced; one that is there twice counts twice.
 * @param options - `gamma` (default 0.1), `lastEpoch` (default -1).
 * @throws ArgumentError if the milestones are no array.
 * @example new MultiStepLR(optimizer, [30, 80])
 */
export class MultiStepLR extends FormulaLR<{ readonly milestones: readonly number[]; readonly gamma: number }> {
  constructor(optimizer: Optimizer, milestones: readonly number[], options: GammaOptions = {}, ...surplus: []) {
    checkOptions("MultiStepLR", options, { gamma: "number", lastEpoch: "number" });
    if (!Array.isArray(milestones)) {
      throw new ArgumentError(`MultiStepLR: milestones must be an array of steps, got ${typeof milestones}`, {
        op: "MultiStepLR",
      });
    }
    const { gamma = 0.1, lastEpoch = -1 } = options;
    super(optimizer, lastEpoch, { milestones, gamma }, ...surplus);
    this.start();
  }

  /** Steps at which the rate is reduced. */
  get milestones(): readonly number[] {
    return this.settings.milestones;
  }

  protected override first(lr: number): number {
    return this.next(lr);
  }

  protected next(lr: number): number {
    return lr * this.settings.gamma ** this.milestones.filter((m) => m === this.lastEpoch).length;
  }

  protected closedForm(baseLr: number): number {
    return baseLr * this.settings.gamma ** this.milestones.filter((m) => m <= this.lastEpoch).length;
  }

  protected override toTorch(state: SchedulerState): Record<string, unknown> {
    return { ...super.toTorch(state), milestones: Counter.of(this.milestones) };
  }

  protected override fromTorch(state: TorchSchedulerState): Record<string, unknown> {
    const { milestones: counts, ...rest } = super.fromTorch(state);
    const entries = counts instanceof Map ? [...counts] : Object.entries(counts ?? {});
    return { ...rest, milestones: entries.flatMap(([step, count]) => new Array(Number(count)).fill(Number(step))) };
  }
}

/**
 * Multiplies the rate by `gamma` at every step: lr = lr₀ · gamma^t.
 * @param options - `lastEpoch` (default -1).
 * @throws ArgumentError if `gamma` is no number.
 * @example new ExponentialLR(optimizer, 0.95)
 */
export class ExponentialLR extends FormulaLR<{ readonly gamma: number }> {
  constructor(optimizer: Optimizer, gamma: number, options: LastEpochOption = {}, ...surplus: []) {
    checkOptions("ExponentialLR", options, { lastEpoch: "number" });
    checkNumber("ExponentialLR", "gamma", gamma);
    super(optimizer, options.lastEpoch ?? -1, { gamma }, ...surplus);
    this.start();
  }

  /** What the rate is multiplied by at each step. */
  get gamma(): number {
    return this.settings.gamma;
  }

  protected next(lr: number): number {
    return lr * this.gamma;
  }

  protected closedForm(baseLr: number): number {
    return baseLr * this.gamma ** this.lastEpoch;
  }
}

/** Options of `ConstantLR`. */
export interface ConstantLROptions extends LastEpochOption {
  /** What the rate is multiplied by at first, in [0, 1]; default 1/3. */
  readonly factor?: number;
  /** Steps for which the factor holds; default 5. */
  readonly totalIters?: number;
}

/**
 * Multiplies the rate by `factor` for the first `totalIters` steps: lr = lr₀ · factor where t < totalIters, else lr₀.
 * @throws ArgumentError if `factor` is not in [0, 1].
 * @example new ConstantLR(optimizer, { factor: 0.5, totalIters: 4 })
 */
export class ConstantLR extends FormulaLR<{ readonly factor: number; readonly totalIters: number }> {
  constructor(optimizer: Optimizer, options: ConstantLROptions = {}, ...surplus: []) {
    checkOptions("ConstantLR", options, { factor: "number", totalIters: "number", lastEpoch: "number" });
    const { factor = 1 / 3, totalIters = 5, lastEpoch = -1 } = options;
    super(optimizer, lastEpoch, { factor: checkFactor("ConstantLR", "factor", factor, true), totalIters }, ...surplus);
    this.start();
  }

  protected override first(lr: number): number {
    return this.lastEpoch === 0 ? lr * this.settings.factor : this.next(lr);
  }

  protected next(lr: number): number {
    const { factor, totalIters } = this.settings;
    return this.lastEpoch === totalIters ? lr * (1 / factor) : lr;
  }

  protected closedForm(baseLr: number): number {
    const { factor, totalIters } = this.settings;
    return baseLr * (factor + (this.lastEpoch >= totalIters ? 1 - factor : 0));
  }
}

/** Options of `LinearLR`. */
export interface LinearLROptions extends LastEpochOption {
  /** Factor at the start, in (0, 1]; default 1/3. */
  readonly startFactor?: number;
  /** Factor at the end, in [0, 1]; default 1. */
  readonly endFactor?: number;
  /** Steps from start to end, >= 1; default 5. */
  readonly totalIters?: number;
}

/**
 * Moves the rate's factor from `startFactor` to `endFactor` in equal parts over `totalIters` steps (warm-up):
 * lr = lr₀ (startFactor + (endFactor - startFactor) · min(t, totalIters) / totalIters).
 * @throws ArgumentError if `startFactor` is not in (0, 1], `endFactor` not in [0, 1], or `totalIters` no integer >= 1.
 * @example new LinearLR(optimizer, { startFactor: 0.01, totalIters: 500 })
 */
export class LinearLR extends FormulaLR<{
  readonly startFactor: number;
  readonly endFactor: number;
  readonly totalIters: number;
}> {
  constructor(optimizer: Optimizer, options: LinearLROptions = {}, ...surplus: []) {
    checkOptions("LinearLR", options, {
      startFactor: "number",
      endFactor: "number",
      totalIters: "number",
      lastEpoch: "number",
    });
    super(
      optimizer,
      options.lastEpoch ?? -1,
      {
        startFactor: checkFactor("LinearLR", "startFactor", options.startFactor ?? 1 / 3, false),
        endFactor: checkFactor("LinearLR", "endFactor", options.endFactor ?? 1, true),
        totalIters: checkCount("LinearLR", "totalIters", options.totalIters ?? 5),
      },
      ...surplus,
    );
    this.start();
  }

  protected override first(lr: number): number {
    return this.lastEpoch === 0 ? lr * this.settings.startFactor : lr;
  }

  protected next(lr: number): number {
    const { startFactor, endFactor, totalIters } = this.settings;
    if (this.lastEpoch > totalIters) return lr;
    const rise = endFactor - startFactor;
    return lr * (1 + rise / (totalIters * startFactor + (this.lastEpoch - 1) * rise));
  }

  protected closedForm(baseLr: number): number {
    const { startFactor, endFactor, totalIters } = this.settings;
    const part = Math.min(totalIters, this.lastEpoch) / totalIters;
    return baseLr * (startFactor + (endFactor - startFactor) * part);
  }
}

/**
 * Half a cosine from the base rate to `etaMin` in `tMax` steps: lr = etaMin + (lr₀ - etaMin)(1 + cos(π t / tMax)) / 2,
 * computed by PyTorch's recurrence. It does not restart: past `tMax` the cosine rises again.
 *
 * Source: Loshchilov & Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017, arXiv:1608.03983, eq. 5.
 * @param tMax - steps to the minimum.
 * @param options - `etaMin` (default 0), `lastEpoch` (default -1).
 * @throws ArgumentError if `tMax` is no integer >= 1.
 * @example new CosineAnnealingLR(optimizer, 200)
 */
export class CosineAnnealingLR extends FormulaLR<{ readonly tMax: number; readonly etaMin: number }> {
  constructor(
    optimizer: Optimizer,
    tMax: number,
    options: LastEpochOption & { readonly etaMin?: number } = {},
    ...surplus: []
  ) {
    checkOptions("CosineAnnealingLR", options, { etaMin: "number", lastEpoch: "number" });
    checkCount("CosineAnnealingLR", "tMax", tMax);
    const { etaMin = 0, lastEpoch = -1 } = options;
    super(optimizer, lastEpoch, { tMax, etaMin }, ...surplus);
    this.start();
  }

  /** Steps to the lowest rate. */
  get tMax(): number {
    return this.settings.tMax;
  }

  protected next(lr: number, baseLr: number): number {
    const { tMax, etaMin } = this.settings;
    const t = this.lastEpoch;
    // At the minimum the ratio below is 0 / 0, so the step out of it is written out.
    if ((t - 1 - tMax) % (2 * tMax) === 0) return lr + ((baseLr - etaMin) * (1 - Math.cos(Math.PI / tMax))) / 2;
    const ratio = (1 + Math.cos((Math.PI * t) / tMax)) / (1 + Math.cos((Math.PI * (t - 1)) / tMax));
    return ratio * (lr - etaMin) + etaMin;
  }

  protected closedForm(baseLr: number): number {
    const { tMax, etaMin } = this.settings;
    const t = this.lastEpoch;
    return etaMin + ((baseLr - etaMin) * (1 + Math.cos((Math.PI * t) / tMax))) / 2;
  }
}

/**
 * Falls from the base rate to 0 in `totalIters` steps: lr = lr₀ (1 - t / totalIters)^power.
 * @param options - `totalIters` (default 5), `power` (default 1), `lastEpoch` (default -1).
 * @throws ArgumentError if `totalIters` is no integer >= 1.
 * @example new PolynomialLR(optimizer, { totalIters: 100, power: 2 })
 */
export class PolynomialLR extends FormulaLR<{ readonly totalIters: number; readonly power: number }> {
  constructor(
    optimizer: Optimizer,
    options: LastEpochOption & { readonly totalIters?: number; readonly power?: number } = {},
    ...surplus: []
  ) {
    checkOptions("PolynomialLR", options, { totalIters: "number", power: "number", lastEpoch: "number" });
    const { totalIters = 5, power = 1, lastEpoch = -1 } = options;
    super(
      optimizer,
      lastEpoch,
      { totalIters: checkCount("PolynomialLR", "totalIters", totalIters), power },
      ...surplus,
    );
    this.start();
  }

  protected next(lr: number): number {
    const { totalIters, power } = this.settings;
    const t = this.lastEpoch;
    if (t > totalIters) return lr;
    return lr * ((1 - t / totalIters) / (1 - (t - 1) / totalIters)) ** power;
  }

  protected closedForm(baseLr: number): number {
    const { totalIters, power } = this.settings;
    return baseLr * (1 - Math.min(totalIters, this.lastEpoch) / totalIters) ** power;
  }
}

/** Factors by the step number: one function for all param groups, or one a group. */
type Lambdas = ((epoch: number) => number) | readonly ((epoch: number) => number)[];

/** A schedule by functions, which are not saved: PyTorch's states have None in their places. */
abstract class FunctionLR extends FormulaLR {
  private readonly lambdas: readonly ((epoch: number) => number)[];

  constructor(optimizer: Optimizer, lrLambda: Lambdas, options: LastEpochOption = {}, ...surplus: []) {
    const name = new.target.name;
    checkOptions(name, options, { lastEpoch: "number" });
    const lambdas = perGroup(name, "lrLambda", optimizer, lrLambda);
    for (const lambda of lambdas) checkFunction(name, "lrLambda", lambda);
    super(optimizer, options.lastEpoch ?? -1, {}, ...surplus);
    this.lambdas = lambdas;
    this.start();
  }

  /** What the group's function gives for `lastEpoch`. */
  protected factor(group: number): number {
    return (this.lambdas[group] as (epoch: number) => number)(this.lastEpoch);
  }

  protected override toTorch(state: SchedulerState): Record<string, unknown> {
    return { ...super.toTorch(state), lr_lambdas: this.lambdas.map(() => null) };
  }
}

/**
 * Sets the rate to lr₀ · `lrLambda(t)`.
 * @param lrLambda - factor from the step number; an array gives each param group its own. Functions are not saved.
 * @throws ArgumentError if an array has not one function a param group.
 * @example new LambdaLR(optimizer, (epoch) => 0.95 ** epoch)
 */
export class LambdaLR extends FunctionLR {
  protected override first(_lr: number, baseLr: number, group: number): number {
    return this.closedForm(baseLr, group);
  }

  protected next(_lr: number, baseLr: number, group: number): number {
    return this.closedForm(baseLr, group);
  }

  protected closedForm(baseLr: number, group: number): number {
    return baseLr * this.factor(group);
  }
}

/**
 * Multiplies the rate by `lrLambda(t)` at every step t ≥ 1: lr = lr₀ · Π lrLambda(i).
 * @param lrLambda - factor from the step number; an array gives each param group its own. Functions are not saved.
 * @throws ArgumentError if an array has not one function a param group.
 * @example new MultiplicativeLR(optimizer, () => 0.95)
 */
export class MultiplicativeLR extends FunctionLR {
  protected next(lr: number, _baseLr: number, group: number): number {
    return lr * this.factor(group);
  }

  protected closedForm(baseLr: number): number {
    return baseLr;
  }

  /** Goes on from the current rate, as PyTorch's in a SequentialLR: its product has no closed form. */
  override restart(): void {
    this.lastEpoch = 0;
    this.setRates((lr, _base, group) => lr * this.factor(group));
  }
}
