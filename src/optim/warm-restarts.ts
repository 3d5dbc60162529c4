// Cosine annealing with warm restarts.
import { ArgumentError, checkOptions } from "../base/index.js";
import { FormulaLR, type LastEpochOption } from "./lr-scheduler.js";
import type { Optimizer } from "./optimizer.js";

/** Options of `CosineAnnealingWarmRestarts`. */
export interface CosineAnnealingWarmRestartsOptions extends LastEpochOption {
  /** What the steps to the next restart are multiplied by at each; default 1. */
  readonly tMult?: number;
  /** The lowest rate; default 0. */
  readonly etaMin?: number;
}

type WarmRestartsSettings = {
  readonly t0: number;
  readonly tMult: number;
  readonly etaMin: number;
  /** Steps since the last restart. */
  readonly tCur: number;
  /** Steps from the last restart to the next. */
  readonly tI: number;
};

/**
 * Half a cosine from the base rate to `etaMin` in T steps, then again from the start, with T multiplied by `tMult` each time:
 * lr = etaMin + (lr₀ - etaMin)(1 + cos(π T_cur / T)) / 2.
 *
 * Source: Loshchilov & Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017, arXiv:1608.03983, eq. 5.
 * @param t0 - steps to the first restart.
 * @param options - `tMult` (default 1), `etaMin` (default 0).
 * @throws ArgumentError if `t0` or `tMult` is no integer >= 1.
 * @example
 * const scheduler = new CosineAnnealingWarmRestarts(optimizer, 10, { tMult: 2 });
 * for (let epoch = 0; epoch < 3; epoch++) {
 *   for (let i = 0; i < loader.length; i++) scheduler.step(epoch + i / loader.length); // by parts of an epoch
 * }
 */
export class CosineAnnealingWarmRestarts extends FormulaLR<WarmRestartsSettings> {
  constructor(optimizer: Optimizer, t0: number, options: CosineAnnealingWarmRestartsOptions = {}, ...surplus: []) {
    const name = "CosineAnnealingWarmRestarts";
    checkOptions(name, options, { tMult: "number", etaMin: "number", lastEpoch: "number" });
    const { tMult = 1, etaMin = 0, lastEpoch = -1 } = options;
    for (const [what, value] of [["t0", t0] as const, ["tMult", tMult] as const]) {
      if (!Number.isInteger(value) || value < 1) {
        throw new ArgumentError(`${name}: ${what} must be a positive integer, got ${value}`, { op: name });
      }
    }
    super(optimizer, lastEpoch, { t0, tMult, etaMin, tCur: lastEpoch, tI: t0 }, ...surplus);
    this.start();
  }

  /** Steps of the first cycle. */
  get t0(): number {
    return this.settings.t0;
  }

  /**
   * Advances by one epoch, or goes to a given one.
   * @param epoch - where to go to, >= 0; fractions are parts of an epoch. Left out: one further.
   * @throws ArgumentError if `epoch` is negative.
   */
  override step(epoch?: number): void {
    if (epoch === undefined) this.advance();
    else this.jump(epoch);
    this.setRates((_lr, base) => this.closedForm(base));
  }

  private advance(): void {
    const { tCur, tI, tMult } = this.settings;
    this.lastEpoch += 1;
    const isOver = tCur + 1 >= tI;
    this.settings = {
      ...this.settings,
      tCur: isOver ? (tCur + 1) % tI : tCur + 1,
      tI: isOver ? tI * tMult : tI,
    };
  }

  private jump(epoch: number): void {
    if (!(epoch >= 0)) {
      throw new ArgumentError(`CosineAnnealingWarmRestarts.step: epoch must be >= 0, got ${epoch}`, {
        op: "CosineAnnealingWarmRestarts",
      });
    }
    const { t0, tMult } = this.settings;
    this.lastEpoch = Math.floor(epoch);
    if (tMult === 1) {
      this.settings = { ...this.settings, tCur: epoch % t0 };
      return;
    }
    // Restarts so far: the largest n with t0 (tMult^n - 1) / (tMult - 1) <= epoch.
    const n = epoch >= t0 ? Math.trunc(Math.log((epoch / t0) * (tMult - 1) + 1) / Math.log(tMult)) : 0;
    const tCur = epoch - (t0 * (tMult ** n - 1)) / (tMult - 1);
    this.settings = { ...this.settings, tCur, tI: t0 * tMult ** n };
  }

  /** @internal */
  override start(): void {
    if (this.lastEpoch < 0) this.jump(0);
    else this.advance();
    this.setRates((_lr, base) => this.closedForm(base));
  }

  /** @internal */
  override restart(): void {
    this.settings = { ...this.settings, tCur: 0, tI: this.settings.t0 };
    super.restart();
  }

  protected next(_lr: number, baseLr: number): number {
    return this.closedForm(baseLr);
  }

  protected closedForm(baseLr: number): number {
    const { tCur, tI, etaMin } = this.settings;
    return etaMin + ((baseLr - etaMin) * (1 + Math.cos((Math.PI * tCur) / tI))) / 2;
  }
}
