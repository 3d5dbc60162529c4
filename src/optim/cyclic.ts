// Schedules of cycles: CyclicLR and OneCycleLR, which also move the momentum.
import { ArgumentError, checkOptions, chosen, type Spelled } from "../base/index.js";
import { FormulaLR, perGroup } from "./lr-scheduler.js";
import { checkHasMomentum, setMomentum } from "./momentum-cycle.js";
import type { Optimizer } from "./optimizer.js";

type PerGroup = number | readonly number[];

const cyclicModes = ["triangular", "triangular2", "expRange"] as const;

/** How the cycles of CyclicLR change: see its `mode`. */
export type CyclicMode = (typeof cyclicModes)[number];

/** Options of `CyclicLR`. */
export interface CyclicLROptions {
  /** Steps of the rising half; default 2000. */
  readonly stepSizeUp?: number;
  /** Steps of the falling half; default `stepSizeUp`. */
  readonly stepSizeDown?: number;
  /** "triangular": the same each time; "triangular2": half the height each time; "expRange": times gamma^step. */
  readonly mode?: Spelled<CyclicMode>;
  /** Of "expRange"; default 1. */
  readonly gamma?: number;
  /** A factor on the height, in place of `mode`: of the cycle (1, 2, …) or of the step, as `scaleMode` says. */
  readonly scaleFn?: (x: number) => number;
  /** Default "cycle". */
  readonly scaleMode?: "cycle" | "iterations";
  /** Move the momentum the other way; default true. */
  readonly cycleMomentum?: boolean;
  /** Default 0.8. */
  readonly baseMomentum?: PerGroup;
  /** Default 0.9. */
  readonly maxMomentum?: PerGroup;
}

/**
 * Moves the rate up and down between `baseLr` and `maxLr`, and the momentum the other way. Step it after each batch.
 *
 * Source: Smith, "Cyclical Learning Rates for Training Neural Networks", 2017, arXiv:1506.01186.
 * @param baseLr - lowest rate; one for all param groups or one a group.
 * @param maxLr - highest rate.
 * @param options - see CyclicLROptions.
 * @throws ArgumentError if the momentum is to be cycled and the optimizer has none.
 * @example new CyclicLR(optimizer, 0.001, 0.1, { stepSizeUp: 500 })
 */
export class CyclicLR extends FormulaLR {
  private readonly maxLrs: readonly number[];
  private readonly totalSize: number;
  private readonly stepRatio: number;
  private readonly scale: (cycle: number) => number;
  private readonly momenta: { readonly base: readonly number[]; readonly max: readonly number[] } | null;

  constructor(optimizer: Optimizer, baseLr: PerGroup, maxLr: PerGroup, options: CyclicLROptions = {}) {
    const names = ["stepSizeUp", "stepSizeDown", "mode", "gamma", "scaleFn", "scaleMode"];
    checkOptions("CyclicLR", options, [...names, "cycleMomentum", "baseMomentum", "maxMomentum"]);
    const baseLrs = perGroup("CyclicLR", "baseLr", optimizer, baseLr);
    const { stepSizeUp = 2000, cycleMomentum = true } = options;
    if (cycleMomentum) checkHasMomentum("CyclicLR", optimizer);
    optimizer.paramGroups.forEach((group, i) => {
      group.lr = baseLrs[i] as number;
    });
    super(optimizer);
    this.baseLrs = [...baseLrs];
    this.maxLrs = perGroup("CyclicLR", "maxLr", optimizer, maxLr);
    this.totalSize = stepSizeUp + (options.stepSizeDown ?? stepSizeUp);
    this.stepRatio = stepSizeUp / this.totalSize;
    this.scale = this.scaling(options);
    this.momenta = cycleMomentum
      ? {
          base: perGroup("CyclicLR", "baseMomentum", optimizer, options.baseMomentum ?? 0.8),
          max: perGroup("CyclicLR", "maxMomentum", optimizer, options.maxMomentum ?? 0.9),
        }
      : null;
    this.start();
  }

  private scaling({ mode = "triangular", gamma = 1, scaleFn, scaleMode = "cycle" }: CyclicLROptions) {
    if (scaleFn) return (cycle: number) => scaleFn(scaleMode === "cycle" ? cycle : this.lastEpoch);
    switch (chosen("CyclicLR", "mode", mode, cyclicModes)) {
      case "triangular":
        return () => 1;
      case "triangular2":
        return (cycle: number) => 1 / 2 ** (cycle - 1);
      case "expRange":
        return () => gamma ** this.lastEpoch;
    }
  }

  protected override first(_lr: number, baseLr: number, group: number): number {
    return this.closedForm(baseLr, group);
  }

  protected next(_lr: number, baseLr: number, group: number): number {
    return this.closedForm(baseLr, group);
  }

  protected closedForm(baseLr: number, i: number): number {
    const { lastEpoch, totalSize, stepRatio } = this;
    const cycle = Math.floor(1 + lastEpoch / totalSize);
    const x = 1 + lastEpoch / totalSize - cycle;
    const height = x <= stepRatio ? x / stepRatio : (x - 1) / (stepRatio - 1);
    if (this.momenta) {
      const [low, high] = [this.momenta.base[i] as number, this.momenta.max[i] as number];
      const group = this.optimizer.paramGroups[i];
      if (group) setMomentum(group, high - (high - low) * height * this.scale(cycle));
    }
    return baseLr + ((this.maxLrs[i] as number) - baseLr) * height * this.scale(cycle);
  }
}

/** Options of `OneCycleLR`. */
export interface OneCycleLROptions {
  /** Steps of the whole run; or give `epochs` and `stepsPerEpoch`. */
  readonly totalSteps?: number;
  /** Epochs of the whole run. */
  readonly epochs?: number;
  /** Batches an epoch. */
  readonly stepsPerEpoch?: number;
  /** Share of the steps in which the rate rises; default 0.3. */
  readonly pctStart?: number;
  /** Default "cos". */
  readonly annealStrategy?: "cos" | "linear";
  /** Move the momentum the other way; default true. */
  readonly cycleMomentum?: boolean;
  /** Default 0.85. */
  readonly baseMomentum?: PerGroup;
  /** Default 0.95. */
  readonly maxMomentum?: PerGroup;
  /** The first rate is maxLr / divFactor; default 25. */
  readonly divFactor?: number;
  /** The last rate is the first / finalDivFactor; default 10000. */
  readonly finalDivFactor?: number;
  /** Fall as long as the rise back to the first rate, then to the last one; default false: fall to the last one at once. */
  readonly threePhase?: boolean;
}

interface Rates {
  readonly initial: number;
  readonly max: number;
  readonly min: number;
}

/** Up to `end`, the rate goes between two of a group's rates, and the momentum between its highest (true) and lowest. */
interface Phase {
  readonly end: number;
  readonly lr: readonly [keyof Rates, keyof Rates];
  readonly isHighMomentum: readonly [boolean, boolean];
}

function phasesOf(totalSteps: number, pctStart: number, threePhase: boolean): readonly Phase[] {
  const rise: Phase = { end: pctStart * totalSteps - 1, lr: ["initial", "max"], isHighMomentum: [true, false] };
  if (!threePhase) return [rise, { end: totalSteps - 1, lr: ["max", "min"], isHighMomentum: [false, true] }];
  return [
    rise,
    { end: 2 * pctStart * totalSteps - 2, lr: ["max", "initial"], isHighMomentum: [false, true] },
    { end: totalSteps - 1, lr: ["initial", "min"], isHighMomentum: [true, true] },
  ];
}

const anneals: Readonly<Record<"cos" | "linear", (start: number, end: number, part: number) => number>> = {
  cos: (start, end, part) => end + ((start - end) / 2) * (Math.cos(Math.PI * part) + 1),
  linear: (start, end, part) => (end - start) * part + start,
};

/**
 * One rise to `maxLr` and one fall far below the first rate over the whole run, with the momentum the other way. Step it after
 * each batch, at most `totalSteps` times.
 *
 * Source: Smith & Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates", 2018,
 * arXiv:1708.07120; the cosine is fast.ai's.
 * @param maxLr - highest rate; one for all param groups or one a group.
 * @param options - see OneCycleLROptions; `totalSteps`, or `epochs` and `stepsPerEpoch`, is needed.
 * @throws ArgumentError for options out of range, and at a step after the last.
 * @example new OneCycleLR(optimizer, 0.1, { epochs: 10, stepsPerEpoch: loader.length })
 */
export class OneCycleLR extends FormulaLR {
  /** Steps of the whole run; one more is an error. */
  readonly totalSteps: number;
  private readonly phases: readonly Phase[];
  private readonly anneal: (start: number, end: number, part: number) => number;
  private readonly rates: readonly Rates[];
  private readonly momenta: { readonly base: readonly number[]; readonly max: readonly number[] } | null;

  constructor(optimizer: Optimizer, maxLr: PerGroup, options: OneCycleLROptions) {
    const names = ["totalSteps", "epochs", "stepsPerEpoch", "pctStart", "annealStrategy", "cycleMomentum"];
    if (typeof options !== "object" || options === null) {
      throw failure("needs { totalSteps }, or { epochs, stepsPerEpoch }, as its third argument");
    }
    checkOptions("OneCycleLR", options, [
      ...names,
      "baseMomentum",
      "maxMomentum",
      "divFactor",
      "finalDivFactor",
      "threePhase",
    ]);
    const totalSteps = stepsOf(options);
    const { pctStart = 0.3, annealStrategy = "cos", cycleMomentum = true, threePhase = false } = options;
    if (!(pctStart >= 0 && pctStart <= 1)) throw failure(`pctStart must be in [0, 1], got ${pctStart}`);
    if (!Object.hasOwn(anneals, annealStrategy)) {
      throw failure(`unknown annealStrategy "${annealStrategy}"; one of cos, linear`);
    }
    if (cycleMomentum) checkHasMomentum("OneCycleLR", optimizer);
    const { divFactor = 25, finalDivFactor = 1e4 } = options;
    const rates = perGroup("OneCycleLR", "maxLr", optimizer, maxLr).map((max): Rates => {
      const initial = max / divFactor;
      return { initial, max, min: initial / finalDivFactor };
    });
    optimizer.paramGroups.forEach((group, i) => {
      group.initialLr = (rates[i] as Rates).initial;
    });
    super(optimizer);
    this.totalSteps = totalSteps;
    this.rates = rates;
    this.phases = phasesOf(totalSteps, pctStart, threePhase);
    this.anneal = anneals[annealStrategy];
    this.momenta = cycleMomentum
      ? {
          base: perGroup("OneCycleLR", "baseMomentum", optimizer, options.baseMomentum ?? 0.85),
          max: perGroup("OneCycleLR", "maxMomentum", optimizer, options.maxMomentum ?? 0.95),
        }
      : null;
    this.start();
  }

  override step(): void {
    if (this.lastEpoch >= this.totalSteps) {
      throw failure(`step ${this.lastEpoch + 1} is beyond the ${this.totalSteps} steps the schedule was made for`);
    }
    super.step();
  }

  protected override first(_lr: number, baseLr: number, group: number): number {
    return this.closedForm(baseLr, group);
  }

  protected next(_lr: number, baseLr: number, group: number): number {
    return this.closedForm(baseLr, group);
  }

  protected closedForm(_baseLr: number, i: number): number {
    const t = this.lastEpoch;
    const found = this.phases.findIndex(({ end }) => t <= end);
    const index = found < 0 ? this.phases.length - 1 : found;
    const phase = this.phases[index] as Phase;
    const start = this.phases[index - 1]?.end ?? 0;
    const part = (t - start) / (phase.end - start);
    if (this.momenta) {
      const { base, max } = this.momenta;
      const [from, to] = phase.isHighMomentum.map((isHigh) => (isHigh ? max : base)[i] as number) as [number, number];
      const group = this.optimizer.paramGroups[i];
      if (group) setMomentum(group, this.anneal(from, to, part));
    }
    const rates = this.rates[i] as Rates;
    return this.anneal(rates[phase.lr[0]], rates[phase.lr[1]], part);
  }
}

function failure(text: string): ArgumentError {
  return new ArgumentError(`OneCycleLR: ${text}`, { op: "OneCycleLR" });
}

function stepsOf({ totalSteps, epochs, stepsPerEpoch }: OneCycleLROptions): number {
  const isCount = (value: number | undefined) => Number.isInteger(value) && (value as number) > 0;
  if (totalSteps !== undefined) {
    if (isCount(totalSteps)) return totalSteps;
    throw failure(`totalSteps must be a positive integer, got ${totalSteps}`);
  }
  if (isCount(epochs) && isCount(stepsPerEpoch)) return (epochs as number) * (stepsPerEpoch as number);
  throw failure(
    `needs totalSteps, or epochs and stepsPerEpoch, as positive integers; got epochs ${epochs}, stepsPerEpoch ${stepsPerEpoch}`,
  );
}
