// The schedules: each is its recurrence and its closed form.
import { ArgumentError, checkFunction, checkNumber, checkOptions } from "../base/index.js";
import { FormulaLR, perGroup } from "./lr-scheduler.js";
import type { Optimizer } from "./optimizer.js";

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
 * @param options - `gamma` (default 0.1).
 * @example new StepLR(optimizer, 30, { gamma: 0.1 })
 */
export class StepLR extends FormulaLR {
  private readonly gamma: number;

  constructor(
    optimizer: Optimizer,
    /** Steps between reductions. */
    readonly stepSize: number,
    options: { readonly gamma?: number } = {},
  ) {
    super(optimizer);
    checkOptions("StepLR", options, ["gamma"]);
    checkCount("StepLR", "stepSize", stepSize);
    this.gamma = options.gamma ?? 0.1;
    this.start();
  }

  protected next(lr: number): number {
    return this.lastEpoch % this.stepSize === 0 ? lr * this.gamma : lr;
  }

  protected closedForm(baseLr: number): number {
    return baseLr * this.gamma ** Math.floor(this.lastEpoch / this.stepSize);
  }
}

/**
 * Multiplies the rate by `gamma` at each milestone: lr = lr₀ · gamma^(number of milestones ≤ t).
 * @param options - `gamma` (default 0.1).
 * @example new MultiStepLR(optimizer, [30, 80])
 */
export class MultiStepLR extends FormulaLR {
  private readonly gamma: number;

  constructor(
    optimizer: Optimizer,
    /** Steps at which the rate is reduced. */
    readonly milestones: readonly number[],
    options: { readonly gamma?: number } = {},
  ) {
    super(optimizer);
    checkOptions("MultiStepLR", options, ["gamma"]);
    if (!Array.isArray(milestones)) {
      throw new ArgumentError(`MultiStepLR: milestones must be an array of steps, got ${typeof milestones}`, {
        op: "MultiStepLR",
      });
    }
    this.gamma = options.gamma ?? 0.1;
    this.start();
  }

  protected next(lr: number): number {
    return lr * this.gamma ** this.milestones.filter((m) => m === this.lastEpoch).length;
  }

  protected closedForm(baseLr: number): number {
    return baseLr * this.gamma ** this.milestones.filter((m) => m <= this.lastEpoch).length;
  }
}

/**
 * Multiplies the rate by `gamma` at every step: lr = lr₀ · gamma^t.
 * @example new ExponentialLR(optimizer, 0.95)
 */
export class ExponentialLR extends FormulaLR {
  constructor(
    optimizer: Optimizer,
    /** What the rate is multiplied by at each step. */
    readonly gamma: number,
  ) {
    super(optimizer);
    checkNumber("ExponentialLR", "gamma", gamma);
    this.start();
  }

  protected next(lr: number): number {
    return lr * this.gamma;
  }

  protected closedForm(baseLr: number): number {
    return baseLr * this.gamma ** this.lastEpoch;
  }
}

/** Options of `ConstantLR`. */
export interface ConstantLROptions {
  /** Default 1/3. */
  readonly factor?: number;
  /** Steps for which the factor holds; default 5. */
  readonly totalIters?: number;
}

/**
 * Multiplies the rate by `factor` for the first `totalIters` steps.
 * @example new ConstantLR(optimizer, { factor: 0.5, totalIters: 4 })
 */
export class ConstantLR extends FormulaLR {
  private readonly factor: number;
  private readonly totalIters: number;

  constructor(optimizer: Optimizer, options: ConstantLROptions = {}) {
    super(optimizer);
    checkOptions("ConstantLR", options, ["factor", "totalIters"]);
    this.factor = checkFactor("ConstantLR", "factor", options.factor ?? 1 / 3, true);
    this.totalIters = options.totalIters ?? 5;
    this.start();
  }

  protected override first(lr: number): number {
    return lr * this.factor;
  }

  protected next(lr: number): number {
    return this.lastEpoch === this.totalIters ? lr * (1 / this.factor) : lr;
  }

  protected closedForm(baseLr: number): number {
    return baseLr * (this.factor + (this.lastEpoch >= this.totalIters ? 1 - this.factor : 0));
  }
}

/** Options of `LinearLR`. */
export interface LinearLROptions {
  /** Factor at the start; default 1/3. */
  readonly startFactor?: number;
  /** Factor at the end; default 1. */
  readonly endFactor?: number;
  /** Steps from start to end; default 5. */
  readonly totalIters?: number;
}

/**
 * Moves the rate's factor from `startFactor` to `endFactor` in equal parts over `totalIters` steps (warm-up).
 * @example new LinearLR(optimizer, { startFactor: 0.01, totalIters: 500 })
 */
export class LinearLR extends FormulaLR {
  private readonly startFactor: number;
  private readonly endFactor: number;
  private readonly totalIters: number;

  constructor(optimizer: Optimizer, options: LinearLROptions = {}) {
    super(optimizer);
    checkOptions("LinearLR", options, ["startFactor", "endFactor", "totalIters"]);
    this.startFactor = checkFactor("LinearLR", "startFactor", options.startFactor ?? 1 / 3, false);
    this.endFactor = checkFactor("LinearLR", "endFactor", options.endFactor ?? 1, true);
    this.totalIters = checkCount("LinearLR", "totalIters", options.totalIters ?? 5);
    this.start();
  }

  protected override first(lr: number): number {
    return lr * this.startFactor;
  }

  protected next(lr: number): number {
    if (this.lastEpoch > this.totalIters) return lr;
    const rise = this.endFactor - this.startFactor;
    return lr * (1 + rise / (this.totalIters * this.startFactor + (this.lastEpoch - 1) * rise));
  }

  protected closedForm(baseLr: number): number {
    const part = Math.min(this.totalIters, this.lastEpoch) / this.totalIters;
    return baseLr * (this.startFactor + (this.endFactor - this.startFactor) * part);
  }
}

/**
 * Half a cosine from the base rate to `etaMin` in `tMax` steps: lr = etaMin + (lr₀ - etaMin)(1 + cos(π t / tMax)) / 2,
 * computed by PyTorch's recurrence. It does not restart: past `tMax` the cosine rises again.
 *
 * Source: Loshchilov & Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017, arXiv:1608.03983, eq. 5.
 * @param tMax - steps to the minimum.
 * @param options - `etaMin` (default 0).
 * @example new CosineAnnealingLR(optimizer, 200)
 */
export class CosineAnnealingLR extends FormulaLR {
  private readonly etaMin: number;

  constructor(
    optimizer: Optimizer,
    /** Steps to the lowest rate. */
    readonly tMax: number,
    options: { readonly etaMin?: number } = {},
  ) {
    super(optimizer);
    checkOptions("CosineAnnealingLR", options, ["etaMin"]);
    checkCount("CosineAnnealingLR", "tMax", tMax);
    this.etaMin = options.etaMin ?? 0;
    this.start();
  }

  protected next(lr: number, baseLr: number): number {
    const { lastEpoch: t, tMax, etaMin } = this;
    // At the minimum the ratio below is 0 / 0, so the step out of it is written out.
    if ((t - 1 - tMax) % (2 * tMax) === 0) return lr + ((baseLr - etaMin) * (1 - Math.cos(Math.PI / tMax))) / 2;
    const ratio = (1 + Math.cos((Math.PI * t) / tMax)) / (1 + Math.cos((Math.PI * (t - 1)) / tMax));
    return ratio * (lr - etaMin) + etaMin;
  }

  protected closedForm(baseLr: number): number {
    const { lastEpoch: t, tMax, etaMin } = this;
    return etaMin + ((baseLr - etaMin) * (1 + Math.cos((Math.PI * t) / tMax))) / 2;
  }
}

/**
 * Falls from the base rate to 0 in `totalIters` steps: lr = lr₀ (1 - t / totalIters)^power.
 * @param options - `totalIters` (default 5), `power` (default 1).
 * @example new PolynomialLR(optimizer, { totalIters: 100, power: 2 })
 */
export class PolynomialLR extends FormulaLR {
  private readonly totalIters: number;
  private readonly power: number;

  constructor(optimizer: Optimizer, options: { readonly totalIters?: number; readonly power?: number } = {}) {
    super(optimizer);
    checkOptions("PolynomialLR", options, ["totalIters", "power"]);
    this.totalIters = checkCount("PolynomialLR", "totalIters", options.totalIters ?? 5);
    this.power = options.power ?? 1;
    this.start();
  }

  protected next(lr: number): number {
    const { lastEpoch: t, totalIters } = this;
    if (t > totalIters) return lr;
    return lr * ((1 - t / totalIters) / (1 - (t - 1) / totalIters)) ** this.power;
  }

  protected closedForm(baseLr: number): number {
    return baseLr * (1 - Math.min(this.totalIters, this.lastEpoch) / this.totalIters) ** this.power;
  }
}

/**
 * Sets the rate to lr₀ · `lrLambda(t)`.
 * @param lrLambda - factor from the step number; an array gives each param group its own. Functions are not saved.
 * @example new LambdaLR(optimizer, (epoch) => 0.95 ** epoch)
 */
export class LambdaLR extends FormulaLR {
  private readonly lambdas: readonly ((epoch: number) => number)[];

  constructor(optimizer: Optimizer, lrLambda: ((epoch: number) => number) | readonly ((epoch: number) => number)[]) {
    super(optimizer);
    this.lambdas = perGroup("LambdaLR", "lrLambda", optimizer, lrLambda);
    for (const lambda of this.lambdas) checkFunction("LambdaLR", "lrLambda", lambda);
    this.start();
  }

  protected override first(_lr: number, baseLr: number, group: number): number {
    return this.closedForm(baseLr, group);
  }

  protected next(_lr: number, baseLr: number, group: number): number {
    return this.closedForm(baseLr, group);
  }

  protected closedForm(baseLr: number, group: number): number {
    return baseLr * (this.lambdas[group] as (epoch: number) => number)(this.lastEpoch);
  }
}

/**
 * Multiplies the rate by `lrLambda(t)` at every step t ≥ 1: lr = lr₀ · Π lrLambda(i).
 * @param lrLambda - factor from the step number; an array gives each param group its own. Functions are not saved.
 * @example new MultiplicativeLR(optimizer, () => 0.95)
 */
export class MultiplicativeLR extends FormulaLR {
  private readonly lambdas: readonly ((epoch: number) => number)[];

  constructor(optimizer: Optimizer, lrLambda: ((epoch: number) => number) | readonly ((epoch: number) => number)[]) {
    super(optimizer);
    this.lambdas = perGroup("MultiplicativeLR", "lrLambda", optimizer, lrLambda);
    this.start();
  }

  private factor(group: number): number {
    return (this.lambdas[group] as (epoch: number) => number)(this.lastEpoch);
  }

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
