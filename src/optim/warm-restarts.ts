// Cosine annealing with warm restarts.
import { ArgumentError, checkOptions } from "../base/index.js";
import { FormulaLR, type SchedulerState } from "./lr-scheduler.js";
import type { Optimizer } from "./optimizer.js";

interface WarmRestartsState extends SchedulerState {
  /** Steps since the last restart. */
  readonly tCur: number;
  /** Steps from the last restart to the next. */
  readonly tI: number;
}

/**
 * Half a cosine from the base rate to `etaMin` in T steps, then again from the start, with T multiplied by `tMult` each time:
 * lr = etaMin + (lr₀ - etaMin)(1 + cos(π T_cur / T)) / 2.
 *
 * Source: Loshchilov & Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017, arXiv:1608.03983, eq. 5.
 * @param t0 - steps to the first restart.
 * @param options - `tMult` (default 1), `etaMin` (default 0).
 * @throws ArgumentError unless `t0` and `tMult` are positive integers.
 * @example
 * const scheduler = new CosineAnnealingWarmRestarts(optimizer, 10, { tMult: 2 });
 * scheduler.step(epoch + i / batches); // by parts of an epoch
 */
export class CosineAnnealingWarmRestarts extends FormulaLR {
  private readonly tMult: number;
  private readonly etaMin: number;
  /** Steps since the last restart, and from it to the next one. */
  private tCur = 0;
  private tI: number;

  constructor(
    optimizer: Optimizer,
    /** Steps of the first cycle. */
    readonly t0: number,
    options: { readonly tMult?: number; readonly etaMin?: number } = {},
  ) {
    super(optimizer);
    const name = "CosineAnnealingWarmRestarts";
    checkOptions(name, options, ["tMult", "etaMin"]);
    this.tMult = options.tMult ?? 1;
    this.etaMin = options.etaMin ?? 0;
    for (const [what, value] of [["t0", t0] as const, ["tMult", this.tMult] as const]) {
      if (!Number.isInteger(value) || value < 1) {
        throw new ArgumentError(`${name}: ${what} must be a positive integer, got ${value}`, { op: name });
      }
    }
    this.tI = t0;
    this.start();
  }

  /** @param epoch - where to go to; fractions are parts of an epoch. Left out: one further. */
  override step(epoch?: number): void {
    if (epoch === undefined) {
      this.lastEpoch += 1;
      this.tCur += 1;
      if (this.tCur >= this.tI) {
        this.tCur %= this.tI;
        this.tI *= this.tMult;
      }
    } else {
      this.jump(epoch);
    }
    this.setRates((_lr, base) => this.closedForm(base));
  }

  private jump(epoch: number): void {
    if (!(epoch >= 0)) {
      throw new ArgumentError(`CosineAnnealingWarmRestarts.step: epoch must be >= 0, got ${epoch}`, {
        op: "CosineAnnealingWarmRestarts",
      });
    }
    const { t0, tMult } = this;
    this.lastEpoch = Math.floor(epoch);
    if (tMult === 1) {
      this.tCur = epoch % t0;
      return;
    }
    // Restarts so far: the largest n with t0 (tMult^n - 1) / (tMult - 1) <= epoch.
    const n = epoch >= t0 ? Math.trunc(Math.log((epoch / t0) * (tMult - 1) + 1) / Math.log(tMult)) : 0;
    this.tCur = epoch - (t0 * (tMult ** n - 1)) / (tMult - 1);
    this.tI = t0 * tMult ** n;
  }

  /** @internal */
  override start(): void {
    this.tCur = 0;
    this.tI = this.t0;
    super.start();
  }

  /** @internal */
  override restart(): void {
    this.tCur = 0;
    this.tI = this.t0;
    super.restart();
  }

  protected override first(_lr: number, baseLr: number): number {
    return this.closedForm(baseLr);
  }

  protected next(_lr: number, baseLr: number): number {
    return this.closedForm(baseLr);
  }

  protected closedForm(baseLr: number): number {
    const { tCur, tI, etaMin } = this;
    return etaMin + ((baseLr - etaMin) * (1 + Math.cos((Math.PI * tCur) / tI))) / 2;
  }

  override stateDict(): WarmRestartsState {
    return { ...super.stateDict(), tCur: this.tCur, tI: this.tI };
  }

  override loadStateDict(state: WarmRestartsState): void {
    super.loadStateDict(state);
    this.tCur = state.tCur;
    this.tI = state.tI;
  }
}
