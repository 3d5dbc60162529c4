// Schedules of cycles: CyclicLR and OneCycleLR, which also move the momentum.
import { ArgumentError, checkChoice, checkKind, checkOptions, chosen, type Spelled, snakeCase } from "../base/index.js";
import { checkOptimizer, FormulaLR, type LastEpochOption, notResumed, perGroup } from "./lr-scheduler.js";
import { checkHasMomentum, noteMomenta, setMomentum, usesBetas } from "./momentum-cycle.js";
import type { Optimizer, ScheduleNotes } from "./optimizer.js";
import type { SchedulerState, TorchSchedulerState } from "./scheduler-state.js";
import { camelCase } from "./torch-state.js";

type PerGroup = number | readonly number[];

const cyclicModes = ["triangular", "triangular2", "expRange"] as const;

/** How the cycles of CyclicLR change: see its `mode`. */
export type CyclicMode = (typeof cyclicModes)[number];

const scaleModes = ["cycle", "iterations"] as const;
type ScaleMode = (typeof scaleModes)[number];

function ratesOf(name: string, what: string, optimizer: Optimizer, value: PerGroup): readonly number[] {
  checkKind(name, what, value, "number | numbers");
  return perGroup(name, what, optimizer, value);
}

/** Options of `CyclicLR`. */
export interface CyclicLROptions extends LastEpochOption {
  /** Steps of the rising half; default 2000. */
  readonly stepSizeUp?: number;
  /** Steps of the falling half; default `stepSizeUp`. */
  readonly stepSizeDown?: number;
  /** "triangular": the same each time; "triangular2": half the height each time; "expRange": times gamma^step. */
  readonly mode?: Spelled<CyclicMode>;
  /** The factor a step of "expRange"; default 1. */
  readonly gamma?: number;
  /** A factor on the height, in place of `mode`: of the cycle (1, 2, …) or of the step, as `scaleMode` says. */
  readonly scaleFn?: (x: number) => number;
  /** What `scaleFn` gets: the number of the cycle ("cycle", default) or of the step ("iterations"). */
  readonly scaleMode?: ScaleMode;
  /** Move the momentum the other way; default true. */
  readonly cycleMomentum?: boolean;
  /** Lowest momentum, one for all param groups or one a group; default 0.8. */
  readonly baseMomentum?: PerGroup;
  /** Highest momentum, one for all param groups or one a group; default 0.9. */
  readonly maxMomentum?: PerGroup;
}

/**
 * Moves the rate up and down between `baseLr` and `maxLr`, and the momentum the other way. Step it after each batch.
 *
 * Source: Smith, "Cyclical Learning Rates for Training Neural Networks", 2017, arXiv:1506.01186.
 * @param baseLr - lowest rate; one for all param groups or one a group.
 * @param maxLr - highest rate.
 * @param options - see CyclicLROptions.
 * @throws ArgumentError if the momentum is to be cycled and the optimizer has none, the mode is unknown, or rates or momenta are not one a
 * param group.
 * @example new CyclicLR(optimizer, 0.001, 0.1, { stepSizeUp: 500 })
 */
export class CyclicLR extends FormulaLR<CyclicSettings> {
  private readonly scaleFn: ((x: number) => number) | undefined;

  constructor(optimizer: Optimizer, baseLr: PerGroup, maxLr: PerGroup, options: CyclicLROptions = {}, ...surplus: []) {
    checkOptions("CyclicLR", options, {
      ...{ stepSizeUp: "number", stepSizeDown: "number", mode: "text", gamma: "number", scaleFn: "function" },
      ...{ scaleMode: "text", cycleMomentum: "flag", lastEpoch: "number" },
      ...{ baseMomentum: "number | numbers", maxMomentum: "number | numbers" },
    });
    const lists = {
      baseLrs: ratesOf("CyclicLR", "baseLr", optimizer, baseLr),
      maxLrs: ratesOf("CyclicLR", "maxLr", optimizer, maxLr),
      baseMomentums: perGroup("CyclicLR", "baseMomentum", optimizer, options.baseMomentum ?? 0.8),
      maxMomentums: perGroup("CyclicLR", "maxMomentum", optimizer, options.maxMomentum ?? 0.9),
    };
    const { mode = "triangular", gamma = 1, scaleFn, cycleMomentum = true, lastEpoch = -1 } = options;
    if (cycleMomentum) checkHasMomentum("CyclicLR", optimizer);
    if (lastEpoch === -1) {
      optimizer.paramGroups.forEach((group, i) => {
        group.lr = lists.baseLrs[i] as number;
      });
      if (cycleMomentum) noteMomenta(optimizer, lists);
    }
    const { maxLrs, baseMomentums, maxMomentums } = lists;
    const { stepSizeUp = 2000, stepSizeDown = stepSizeUp } = options;
    const totalSize = stepSizeUp + stepSizeDown;
    if (options.scaleMode !== undefined) checkChoice("CyclicLR", "scaleMode", options.scaleMode, scaleModes);
    const chosenMode = scaleFn ? "triangular" : chosen("CyclicLR", "mode", mode, cyclicModes);
    super(
      optimizer,
      lastEpoch,
      {
        maxLrs,
        totalSize,
        stepRatio: stepSizeUp / totalSize,
        mode: chosenMode,
        gamma,
        scaleMode: scaleFn ? (options.scaleMode ?? "cycle") : scaleModeOf(chosenMode),
        cycleMomentum,
        baseMomentums,
        maxMomentums,
      },
      ...surplus,
    );
    this.baseLrs = [...lists.baseLrs];
    this.scaleFn = scaleFn;
    this.start();
  }

  /** The factor on the height, of the cycle (1, 2, …) or of the step. */
  private scale(cycle: number): number {
    const { mode, gamma, scaleMode } = this.settings;
    const x = scaleMode === "cycle" ? cycle : this.lastEpoch;
    if (this.scaleFn) return this.scaleFn(x);
    switch (mode) {
      case "triangular":
        return 1;
      case "triangular2":
        return 1 / 2 ** (x - 1);
      case "expRange":
        return gamma ** x;
    }
  }

  protected override first(_lr: number, baseLr: number, group: number): number {
    return this.closedForm(baseLr, group);
  }

  protected next(_lr: number, baseLr: number, group: number): number {
    return this.closedForm(baseLr, group);
  }

  protected closedForm(baseLr: number, i: number): number {
    const { totalSize, stepRatio, cycleMomentum } = this.settings;
    const cycle = Math.floor(1 + this.lastEpoch / totalSize);
    const x = 1 + this.lastEpoch / totalSize - cycle;
    const height = x <= stepRatio ? x / stepRatio : (x - 1) / (stepRatio - 1);
    if (cycleMomentum) {
      const [low, high] = [this.groupSetting("baseMomentums", i), this.groupSetting("maxMomentums", i)];
      const group = this.optimizer.paramGroups[i];
      if (group) setMomentum(group, high - (high - low) * height * this.scale(cycle));
    }
    return baseLr + (this.groupSetting("maxLrs", i) - baseLr) * height * this.scale(cycle);
  }

  protected override checkSettings({ mode, scaleMode, cycleMomentum }: CyclicSettings): void {
    checkChoice("CyclicLR.loadStateDict", "mode", mode, cyclicModes);
    checkChoice("CyclicLR.loadStateDict", "scaleMode", scaleMode, scaleModes);
    if (cycleMomentum) checkHasMomentum("CyclicLR.loadStateDict", this.optimizer);
  }

  /** A function of the scale is not saved: PyTorch's states have None in its place. */
  protected override toTorch(state: SchedulerState): Record<string, unknown> {
    const { mode, base_momentums, max_momentums, ...rest } = super.toTorch(state);
    const momenta = { use_beta1: usesBetas(this.optimizer), base_momentums, max_momentums };
    return {
      ...rest,
      mode: snakeCase(String(mode)),
      ...(this.settings.cycleMomentum ? momenta : {}),
      _scale_fn_custom: null,
    };
  }

  protected override fromTorch(state: TorchSchedulerState): Record<string, unknown> {
    return { ...super.fromTorch(state), mode: camelCase(String(state.mode)) };
  }
}

type CyclicSettings = {
  readonly maxLrs: readonly number[];
  readonly totalSize: number;
  readonly stepRatio: number;
  readonly mode: CyclicMode;
  readonly gamma: number;
  readonly scaleMode: ScaleMode;
  readonly cycleMomentum: boolean;
  readonly baseMomentums: readonly number[];
  readonly maxMomentums: readonly number[];
};

const scaleModeOf = (mode: CyclicMode): ScaleMode => (mode === "expRange" ? "iterations" : "cycle");

/** Options of `OneCycleLR`. */
export interface OneCycleLROptions extends LastEpochOption {
  /** Steps of the whole run; or give `epochs` and `stepsPerEpoch`. */
  readonly totalSteps?: number;
  /** Epochs of the whole run. */
  readonly epochs?: number;
  /** Batches an epoch. */
  readonly stepsPerEpoch?: number;
  /** Share of the steps in which the rate rises; default 0.3. */
  readonly pctStart?: number;
  /** Along half a cosine or a line; default "cos". */
  readonly annealStrategy?: AnnealStrategy;
  /** Move the momentum the other way; default true. */
  readonly cycleMomentum?: boolean;
  /** Lowest momentum, one for all param groups or one a group; default 0.85. */
  readonly baseMomentum?: PerGroup;
  /** Highest momentum, one for all param groups or one a group; default 0.95. */
  readonly maxMomentum?: PerGroup;
  /** The first rate is maxLr / divFactor; default 25. */
  readonly divFactor?: number;
  /** The last rate is the first / finalDivFactor; default 10000. */
  readonly finalDivFactor?: number;
  /** Fall as long as the rise back to the first rate, then to the last one; default false: fall to the last one at once. */
  readonly threePhase?: boolean;
}

type AnnealStrategy = "cos" | "linear";

/** Names of a rate and of a momentum among a param group's notes. */
type RateName = "initialLr" | "maxLr" | "minLr";
type MomentumName = "maxMomentum" | "baseMomentum";

/** Up to `endStep`, rate and momentum go between two of their group's. */
type Phase = {
  readonly endStep: number;
  readonly startLr: RateName;
  readonly endLr: RateName;
  readonly startMomentum: MomentumName;
  readonly endMomentum: MomentumName;
};

const falling = { startMomentum: "maxMomentum", endMomentum: "baseMomentum" } as const;
const rising = { startMomentum: "baseMomentum", endMomentum: "maxMomentum" } as const;
const resting = { startMomentum: "maxMomentum", endMomentum: "maxMomentum" } as const;

function phasesOf(totalSteps: number, pctStart: number, threePhase: boolean): readonly Phase[] {
  const rise: Phase = { endStep: pctStart * totalSteps - 1, startLr: "initialLr", endLr: "maxLr", ...falling };
  if (!threePhase) return [rise, { endStep: totalSteps - 1, startLr: "maxLr", endLr: "minLr", ...rising }];
  return [
    rise,
    { endStep: 2 * pctStart * totalSteps - 2, startLr: "maxLr", endLr: "initialLr", ...rising },
    { endStep: totalSteps - 1, startLr: "initialLr", endLr: "minLr", ...resting },
  ];
}

const anneals: Readonly<Record<AnnealStrategy, (start: number, end: number, part: number) => number>> = {
  cos: (start, end, part) => end + ((start - end) / 2) * (Math.cos(Math.PI * part) + 1),
  linear: (start, end, part) => (end - start) * part + start,
};

type OneCycleSettings = {
  readonly totalSteps: number;
  readonly phases: readonly Phase[];
  readonly annealStrategy: AnnealStrategy;
  readonly cycleMomentum: boolean;
};

/** A number that the schedule noted in a param group. */
function noted(group: ScheduleNotes | undefined, name: RateName | MomentumName): number {
  return group?.[name] as number;
}

/**
 * One rise to `maxLr` and one fall far below the first rate over the whole run, with the momentum the other way. Step it after
 * each batch, at most `totalSteps` times.
 *
 * Source: Smith & Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates", 2018,
 * arXiv:1708.07120; the cosine is fast.ai's.
 * @param maxLr - highest rate; one for all param groups or one a group.
 * @param options - see OneCycleLROptions; `totalSteps`, or `epochs` and `stepsPerEpoch`, is needed.
 * @throws ArgumentError if neither `totalSteps` nor `epochs` and `stepsPerEpoch` are given as integers >= 1, `pctStart` is not in [0, 1],
 * the strategy is unknown, the momentum is to be cycled and the optimizer has none, or in a step after the last.
 * @example new OneCycleLR(optimizer, 0.1, { epochs: 10, stepsPerEpoch: loader.length })
 */
export class OneCycleLR extends FormulaLR<OneCycleSettings> {
  constructor(optimizer: Optimizer, maxLr: PerGroup, options: OneCycleLROptions, ...surplus: []) {
    if (typeof options !== "object" || options === null) {
      throw failure("needs { totalSteps }, or { epochs, stepsPerEpoch }, as its third argument");
    }
    checkOptions("OneCycleLR", options, {
      ...{ totalSteps: "number", epochs: "number", stepsPerEpoch: "number", pctStart: "number" },
      ...{ annealStrategy: "text", cycleMomentum: "flag", threePhase: "flag", lastEpoch: "number" },
      ...{ baseMomentum: "number | numbers", maxMomentum: "number | numbers" },
      ...{ divFactor: "number", finalDivFactor: "number" },
    });
    checkOptimizer("OneCycleLR", optimizer);
    const totalSteps = stepsOf(options);
    const { pctStart = 0.3, annealStrategy = "cos", cycleMomentum = true, threePhase = false } = options;
    if (!(pctStart >= 0 && pctStart <= 1)) throw failure(`pctStart must be in [0, 1], got ${pctStart}`);
    if (!Object.hasOwn(anneals, annealStrategy)) {
      throw failure(`unknown annealStrategy "${annealStrategy}"; one of cos, linear`);
    }
    if (cycleMomentum) checkHasMomentum("OneCycleLR", optimizer);
    const { lastEpoch = -1 } = options;
    if (lastEpoch === -1) noteCycle(optimizer, maxLr, options);
    super(
      optimizer,
      lastEpoch,
      {
        totalSteps,
        phases: phasesOf(totalSteps, pctStart, threePhase),
        annealStrategy,
        cycleMomentum,
      },
      ...surplus,
    );
    this.checkNotes("OneCycleLR", lastEpoch);
    this.start();
  }

  /** Steps of the whole run; one more is an error. */
  get totalSteps(): number {
    return this.settings.totalSteps;
  }

  /** Throws unless the param groups have what the phases go between. */
  private checkNotes(name: string, lastEpoch: number): void {
    const { phases, cycleMomentum } = this.settings;
    const names = phases.flatMap((p) => [
      p.startLr,
      p.endLr,
      ...(cycleMomentum ? [p.startMomentum, p.endMomentum] : []),
    ]);
    this.optimizer.paramGroups.forEach((group, i) => {
      const missing = names.find((note) => group[note] === undefined);
      if (missing) throw notResumed(name, lastEpoch, i, missing);
    });
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
    const { phases, annealStrategy, cycleMomentum } = this.settings;
    const t = this.lastEpoch;
    const found = phases.findIndex(({ endStep }) => t <= endStep);
    const index = found < 0 ? phases.length - 1 : found;
    const phase = phases[index] as Phase;
    const start = phases[index - 1]?.endStep ?? 0;
    const part = (t - start) / (phase.endStep - start);
    const anneal = anneals[annealStrategy];
    const group = this.optimizer.paramGroups[i];
    if (group && cycleMomentum) {
      setMomentum(group, anneal(noted(group, phase.startMomentum), noted(group, phase.endMomentum), part));
    }
    return anneal(noted(group, phase.startLr), noted(group, phase.endLr), part);
  }

  protected override checkSettings({ annealStrategy, phases, cycleMomentum }: OneCycleSettings): void {
    const name = "OneCycleLR.loadStateDict";
    checkChoice(name, "annealStrategy", annealStrategy, Object.keys(anneals));
    if (cycleMomentum) checkHasMomentum(name, this.optimizer);
    for (const phase of phases) {
      const isPhase =
        typeof phase === "object" &&
        phase !== null &&
        typeof phase.endStep === "number" &&
        [phase.startLr, phase.endLr].every((rate) => ["initialLr", "maxLr", "minLr"].includes(rate)) &&
        [phase.startMomentum, phase.endMomentum].every((name) => ["maxMomentum", "baseMomentum"].includes(name));
      if (!isPhase) throw new ArgumentError(`${name}: a phase of the state is ${JSON.stringify(phase)}`, { op: name });
    }
  }

  protected override toTorch(state: SchedulerState): Record<string, unknown> {
    const { anneal_strategy, _schedule_phases, ...rest } = super.toTorch(state);
    const phases = this.settings.phases.map((phase) =>
      Object.fromEntries(
        Object.entries(phase).map(([key, value]) => [
          snakeCase(key),
          typeof value === "string" ? snakeCase(value) : value,
        ]),
      ),
    );
    return {
      ...rest,
      _schedule_phases: phases,
      _anneal_func_type: anneal_strategy,
      ...(this.settings.cycleMomentum ? { use_beta1: usesBetas(this.optimizer) } : {}),
    };
  }

  protected override fromTorch(state: TorchSchedulerState): Record<string, unknown> {
    const { phases, ...rest } = super.fromTorch(state);
    const list = Array.isArray(phases) ? phases : [];
    const own = list.map((phase) =>
      Object.fromEntries(
        Object.entries(phase ?? {}).map(([key, value]) => [
          camelCase(key),
          typeof value === "string" ? camelCase(value) : value,
        ]),
      ),
    );
    return { ...rest, phases: own, annealStrategy: state._anneal_func_type };
  }
}

/** Notes in the param groups between which rates and momenta the cycle goes. */
function noteCycle(optimizer: Optimizer, maxLr: PerGroup, options: OneCycleLROptions): void {
  const { divFactor = 25, finalDivFactor = 1e4, cycleMomentum = true } = options;
  const maxLrs = ratesOf("OneCycleLR", "maxLr", optimizer, maxLr);
  const momenta = {
    baseMomentums: perGroup("OneCycleLR", "baseMomentum", optimizer, options.baseMomentum ?? 0.85),
    maxMomentums: perGroup("OneCycleLR", "maxMomentum", optimizer, options.maxMomentum ?? 0.95),
  };
  optimizer.paramGroups.forEach((group, i) => {
    const max = maxLrs[i] as number;
    const initialLr = max / divFactor;
    Object.assign(group, { initialLr, maxLr: max, minLr: initialLr / finalDivFactor });
  });
  if (cycleMomentum) noteMomenta(optimizer, momenta);
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
