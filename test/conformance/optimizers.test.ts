// Trajectories of optimizers over 20 steps and learning rates of schedulers over 50 are PyTorch's.
import type { DType, Tensor } from "gradus";
import type { LRScheduler, Optimizer } from "gradus/optim";
import { describe, expect, test } from "vitest";
import { makeOptim, makeTensor } from "./api.js";
import { Inputs } from "./build.js";
import { loadFamily, type Place, type Tolerance } from "./fixtures.js";
import { Report } from "./run-op.js";
import { forEachTarget } from "./targets.js";

interface OptimizerCase {
  readonly id: string;
  readonly optimizer: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly shapes: readonly (readonly number[])[];
  /** Steps after which the parameters are compared. */
  readonly snapshots: readonly number[];
  /** Options of a second group, which takes over the last parameter after five steps. */
  readonly laterGroup?: Readonly<Record<string, unknown>>;
  readonly tol: Tolerance;
  readonly expect: readonly (readonly Place[])[];
}

type Schedule = readonly [name: string, args: readonly unknown[], options: Readonly<Record<string, unknown>>];

interface SchedulerCase {
  readonly id: string;
  readonly scheduler: string;
  readonly lr: number;
  /** One schedule; or several and, last, the milestones of a SequentialLR. */
  readonly chain: readonly (Schedule | readonly number[])[];
  readonly rates: readonly number[];
}

const family = loadFamily<OptimizerCase | SchedulerCase>("optimizers");
const trajectories = family.cases.filter((item): item is OptimizerCase => "optimizer" in item);
const schedules = family.cases.filter((item): item is SchedulerCase => "scheduler" in item);

/** A loss whose gradient depends on the parameter and on the step: Σ p·g_t + p²/2. */
function stepLoss(inputs: Inputs, parameters: readonly Tensor[], step: number): Tensor {
  const parts = parameters.map((p, k) => {
    const noise = inputs.leaf(p.shape, `g${step}:${k}`);
    return p.mul(noise).sum().add(p.mul(p).sum().mul(0.5));
  });
  return parts.reduce((total, part) => total.add(part));
}

function compareTrajectory(item: OptimizerCase, dtype: DType): string[] {
  const inputs = new Inputs(item.id, dtype, true);
  const report = new Report(family, dtype, item.tol);
  const parameters = item.shapes.map((shape, k) => inputs.leaf(shape, `p${k}`, true));
  const first = item.laterGroup ? parameters.slice(0, 2) : parameters;
  const optimizer = makeOptim(item.optimizer, [first, item.options]) as Optimizer;
  for (let step = 1; step <= Math.max(...item.snapshots); step++) {
    if (item.laterGroup && step === 6)
      optimizer.addParamGroup({ params: [parameters[2] as Tensor], ...item.laterGroup });
    optimizer.zeroGrad();
    stepLoss(inputs, parameters, step).backward();
    optimizer.step();
    item.expect[item.snapshots.indexOf(step)]?.forEach((place, k) => {
      report.tensor(`parameter ${k} after step ${step}`, parameters[k], place);
    });
  }
  return report.problems;
}

function makeScheduler(optimizer: Optimizer, chain: SchedulerCase["chain"]): LRScheduler {
  const parts = chain.filter((part): part is Schedule => typeof part[0] === "string");
  const schedulers = parts.map(
    ([name, args, options]) => makeOptim(name, [optimizer, ...args, options]) as LRScheduler,
  );
  if (parts.length === chain.length) return schedulers[0] as LRScheduler;
  return makeOptim("SequentialLR", [optimizer, schedulers, chain.at(-1)]) as LRScheduler;
}

forEachTarget(() => {
  test.each(trajectories)("$optimizer: given $options, 20 steps of $id give PyTorch's parameters", (item) => {
    const problems = (["float64", "float32"] as const).flatMap((dtype) =>
      compareTrajectory(item, dtype).map((problem) => `${dtype} ${problem}`),
    );

    expect(problems).toEqual([]);
  });
});

describe("schedulers", () => {
  test.each(schedules)("$scheduler: given $chain, 50 steps give PyTorch's learning rates", ({ lr, chain, rates }) => {
    const optimizer = makeOptim("SGD", [[makeTensor(new Float64Array(1), [1], "float32", true)], { lr }]) as Optimizer;
    const scheduler = makeScheduler(optimizer, chain);

    const actual = rates.map(() => {
      const rate = optimizer.paramGroups[0]?.lr as number;
      optimizer.step();
      scheduler.step();
      return rate;
    });

    // Both follow the same recurrence in doubles; pow and cos differ in the last places.
    rates.forEach((rate, i) => {
      expect(Math.abs((actual[i] as number) - rate), `step ${i}`).toBeLessThanOrEqual(1e-13 + 1e-12 * rate);
    });
  });
});
