// Schedules as test/fixtures/scheduler-state.py has them: made with some options, and with others, which a loaded state replaces.
import { zeros } from "gradus";
import * as optim from "gradus/optim";

/** The two kinds of momentum that schedules move. */
export type Groups = optim.SGD | optim.Adam;
type Schedule = optim.LRScheduler | optim.ReduceLROnPlateau;

export interface ScheduleCase {
  readonly optimizer?: "Adam";
  readonly make: (o: Groups) => Schedule;
  readonly other: (o: Groups) => Schedule;
  /** Made for a run that goes on. */
  readonly resumed?: (o: Groups) => Schedule;
}

const decay = (t: number) => 0.9 ** t;
const oneCycle = { totalSteps: 14, pctStart: 0.4 };

export const schedules: Readonly<Record<string, ScheduleCase>> = {
  LambdaLR: {
    make: (o) => new optim.LambdaLR(o, decay),
    other: (o) => new optim.LambdaLR(o, [decay, decay]),
    resumed: (o) => new optim.LambdaLR(o, decay, { lastEpoch: 3 }),
  },
  MultiplicativeLR: {
    make: (o) => new optim.MultiplicativeLR(o, decay),
    other: (o) => new optim.MultiplicativeLR(o, [decay, decay]),
    resumed: (o) => new optim.MultiplicativeLR(o, decay, { lastEpoch: 3 }),
  },
  StepLR: {
    make: (o) => new optim.StepLR(o, 2, { gamma: 0.5 }),
    other: (o) => new optim.StepLR(o, 5),
    resumed: (o) => new optim.StepLR(o, 2, { gamma: 0.5, lastEpoch: 3 }),
  },
  MultiStepLR: {
    make: (o) => new optim.MultiStepLR(o, [2, 5, 5, 7], { gamma: 0.5 }),
    other: (o) => new optim.MultiStepLR(o, [6]),
    resumed: (o) => new optim.MultiStepLR(o, [4, 5, 5, 7], { gamma: 0.5, lastEpoch: 3 }),
  },
  ConstantLR: {
    make: (o) => new optim.ConstantLR(o, { factor: 0.25, totalIters: 6 }),
    other: (o) => new optim.ConstantLR(o),
    resumed: (o) => new optim.ConstantLR(o, { factor: 0.25, totalIters: 6, lastEpoch: 3 }),
  },
  LinearLR: {
    make: (o) => new optim.LinearLR(o, { startFactor: 0.2, endFactor: 0.8, totalIters: 7 }),
    other: (o) => new optim.LinearLR(o),
    resumed: (o) => new optim.LinearLR(o, { startFactor: 0.2, endFactor: 0.8, totalIters: 7, lastEpoch: 3 }),
  },
  ExponentialLR: {
    make: (o) => new optim.ExponentialLR(o, 0.8),
    other: (o) => new optim.ExponentialLR(o, 0.1),
    resumed: (o) => new optim.ExponentialLR(o, 0.8, { lastEpoch: 3 }),
  },
  PolynomialLR: {
    make: (o) => new optim.PolynomialLR(o, { totalIters: 9, power: 2 }),
    other: (o) => new optim.PolynomialLR(o),
    resumed: (o) => new optim.PolynomialLR(o, { totalIters: 9, power: 2, lastEpoch: 3 }),
  },
  CosineAnnealingLR: {
    make: (o) => new optim.CosineAnnealingLR(o, 6, { etaMin: 0.01 }),
    other: (o) => new optim.CosineAnnealingLR(o, 3),
    resumed: (o) => new optim.CosineAnnealingLR(o, 6, { etaMin: 0.01, lastEpoch: 3 }),
  },
  CosineAnnealingWarmRestarts: {
    make: (o) => new optim.CosineAnnealingWarmRestarts(o, 3, { tMult: 2, etaMin: 0.01 }),
    other: (o) => new optim.CosineAnnealingWarmRestarts(o, 5),
    resumed: (o) => new optim.CosineAnnealingWarmRestarts(o, 3, { tMult: 2, etaMin: 0.01, lastEpoch: 3 }),
  },
  CyclicLR: {
    make: (o) => new optim.CyclicLR(o, [0.01, 0.02], 0.2, { stepSizeUp: 3, mode: "expRange", gamma: 0.9 }),
    other: (o) => new optim.CyclicLR(o, 0.05, 0.1, { cycleMomentum: false }),
    resumed: (o) =>
      new optim.CyclicLR(o, [0.01, 0.02], 0.2, { stepSizeUp: 3, mode: "expRange", gamma: 0.9, lastEpoch: 3 }),
  },
  "CyclicLR of Adam": {
    optimizer: "Adam",
    make: (o) => new optim.CyclicLR(o, 0.01, 0.2, { stepSizeUp: 2, stepSizeDown: 4, mode: "triangular2" }),
    other: (o) => new optim.CyclicLR(o, 0.05, 0.1),
  },
  "CyclicLR of rates only": {
    make: (o) => new optim.CyclicLR(o, 0.01, 0.2, { stepSizeUp: 3, cycleMomentum: false }),
    other: (o) => new optim.CyclicLR(o, 0.05, 0.1, { cycleMomentum: false }),
  },
  OneCycleLR: {
    make: (o) => new optim.OneCycleLR(o, [0.3, 0.1], oneCycle),
    other: (o) =>
      new optim.OneCycleLR(o, 1, { epochs: 3, stepsPerEpoch: 10, annealStrategy: "linear", threePhase: true }),
    resumed: (o) => new optim.OneCycleLR(o, [0.3, 0.1], { ...oneCycle, lastEpoch: 3 }),
  },
  "OneCycleLR of Adam": {
    optimizer: "Adam",
    make: (o) => new optim.OneCycleLR(o, 0.3, { ...oneCycle, threePhase: true, annealStrategy: "linear" }),
    other: (o) => new optim.OneCycleLR(o, 1, { totalSteps: 30 }),
  },
  SWALR: {
    make: (o) => new optim.SWALR(o, [0.02, 0.01], { annealEpochs: 6 }),
    other: (o) => new optim.SWALR(o, 0.5, { annealStrategy: "linear" }),
    resumed: (o) => new optim.SWALR(o, [0.02, 0.01], { annealEpochs: 6, lastEpoch: 3 }),
  },
  SequentialLR: {
    make: (o) =>
      new optim.SequentialLR(
        o,
        [new optim.LinearLR(o, { totalIters: 3 }), new optim.CosineAnnealingLR(o, 6), new optim.StepLR(o, 2)],
        [3, 7],
      ),
    other: (o) =>
      new optim.SequentialLR(
        o,
        [new optim.LinearLR(o), new optim.CosineAnnealingLR(o, 2), new optim.StepLR(o, 1, { gamma: 0.3 })],
        [1, 2],
      ),
    resumed: (o) =>
      new optim.SequentialLR(o, [new optim.LinearLR(o, { totalIters: 3 }), new optim.ExponentialLR(o, 0.8)], [6], {
        lastEpoch: 3,
      }),
  },
  ChainedScheduler: {
    make: (o) =>
      new optim.ChainedScheduler([
        new optim.ConstantLR(o, { factor: 0.1, totalIters: 6 }),
        new optim.ExponentialLR(o, 0.9),
      ]),
    other: (o) => new optim.ChainedScheduler([new optim.ConstantLR(o), new optim.ExponentialLR(o, 0.5)]),
  },
  ReduceLROnPlateau: {
    make: (o) => new optim.ReduceLROnPlateau(o, { patience: 1, factor: 0.5, cooldown: 1, minLr: [0.02, 0.001] }),
    other: (o) => new optim.ReduceLROnPlateau(o, { mode: "max" }),
  },
};

/** An optimizer with two groups of different rates. */
export function newOptimizer({ optimizer }: ScheduleCase): Groups {
  const groups = [0.1, 0.05].map((lr) => ({ params: [zeros([1], { dtype: "float64", requiresGrad: true })], lr }));
  return optimizer === "Adam" ? new optim.Adam(groups) : new optim.SGD(groups, { momentum: 0.9 });
}

/** What ReduceLROnPlateau sees: it falls, then rests. */
const metric = (t: number): number => Math.max(0.5, 1 / (1 + t));

/** Steps from `from` up to `to`; gives rates and momenta of all groups after each. */
export function advance(optimizer: Groups, schedule: Schedule, from: number, to: number): number[][] {
  const seen: number[][] = [];
  for (let t = from; t < to; t++) {
    if (schedule instanceof optim.ReduceLROnPlateau) schedule.step(metric(t));
    else schedule.step();
    seen.push(optimizer.paramGroups.flatMap((group) => [group.lr, "betas" in group ? group.betas[0] : group.momentum]));
  }
  return seen;
}
