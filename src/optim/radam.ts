// RAdam, with PyTorch's order of operations.
import { checkOptions, kindsOf } from "../base/index.js";
import { type Tensor, where, zerosLike } from "../tensor/index.js";
import {
  type BaseOptions,
  constants,
  Optimizer,
  type ParamGroup,
  type ParamsInput,
  type Update,
  withDefaults,
} from "./optimizer.js";
import { StepNumbers } from "./step-numbers.js";

/** Options of `RAdam`. */
export interface RAdamOptions extends BaseOptions {
  /** Decay rates of the averages of gradient and squared gradient, in [0, 1). */
  betas: readonly [number, number];
  /** Added to the denominator. */
  eps: number;
  /**
   * Share of the weights added to the gradient (L2), or taken off the weights themselves with `decoupledWeightDecay`.
   */
  weightDecay: number;
  /** Decay the weights themselves in place of adding to the gradient. */
  decoupledWeightDecay: boolean;
}

const radamDefaults: RAdamOptions = {
  lr: 0.001,
  betas: [0.9, 0.999],
  eps: 1e-8,
  weightDecay: 0,
  decoupledWeightDecay: false,
  maximize: false,
};

/** The length of the moving average's approximation by a simple one, at step t and in the limit. */
function averageLength(beta2: number, t: number): { now: number; limit: number } {
  const limit = 2 / (1 - beta2) - 1;
  return { now: limit - (2 * t * beta2 ** t) / (1 - beta2 ** t), limit };
}

/** The factor on the adaptive step, r_t √(1 - β₂^t); 0 while the variance of the step is not tractable (ρ_t ≤ 5). */
function rectification(beta2: number, t: number): number {
  const { now, limit } = averageLength(beta2, t);
  if (!(now > 5)) return 0;
  const r = Math.sqrt(((now - 4) * (now - 2) * limit) / ((limit - 4) * (limit - 2) * now));
  return r * Math.sqrt(1 - beta2 ** t);
}

/**
 * Adam that warms itself up: the adaptive step is scaled by how certain its denominator is, and left out at first.
 *
 * Source: Liu et al., "On the Variance of the Adaptive Learning Rate and Beyond", 2020, arXiv:1908.03265, algorithm 2.
 * State: `expAvg` and `expAvgSq`, each of the parameter's shape.
 * @param options - `lr` (0.001), `betas` ([0.9, 0.999]), `eps` (1e-8), `weightDecay` (0), `decoupledWeightDecay`,
 * `maximize` (false).
 * @throws ArgumentError if `lr`, `eps` or `weightDecay` is negative, a beta is not in [0, 1), or the parameters are none, no leaves, or
 * given twice.
 * @example new optim.RAdam(model.parameters(), { lr: 0.001 })
 */
export class RAdam extends Optimizer<RAdamOptions> {
  constructor(params: ParamsInput<RAdamOptions>, options: Partial<RAdamOptions> = {}, ...surplus: []) {
    checkOptions("RAdam", options, kindsOf(radamDefaults));
    super(params, withDefaults(radamDefaults, options), ...surplus);
  }

  protected override checkGroup(options: Readonly<RAdamOptions>): void {
    super.checkGroup(options);
    this.checkAtLeastZero("eps", options.eps);
    this.checkAtLeastZero("weightDecay", options.weightDecay);
    this.checkBetas(options.betas);
  }

  protected newTensors(param: Tensor): Record<string, Tensor> {
    return { expAvg: zerosLike(param), expAvgSq: zerosLike(param) };
  }

  protected update(group: ParamGroup<RAdamOptions>, updates: readonly Update[]): void {
    const { eps, weightDecay, decoupledWeightDecay } = constants(group, ["betas"]);
    const numbers = new StepNumbers();
    for (const update of updates) {
      const { param, grad } = update;
      const { expAvg, expAvgSq } = update.state.tensors as { expAvg: Tensor; expAvgSq: Tensor };
      const decays = weightDecay !== 0;
      const decay = () => numbers.of("decay", update, () => 1 - group.lr * group.weightDecay);
      const theta = decays && decoupledWeightDecay ? param.mul(decay()) : param;
      const g = decays && !decoupledWeightDecay ? grad.add(param.mul(weightDecay)) : grad;
      const m = expAvg.add(g.sub(expAvg).mul(numbers.of("1 - β₁", update, () => 1 - group.betas[0])));
      const share = numbers.of("1 - β₂", update, () => 1 - group.betas[1]);
      const v = expAvgSq.mul(numbers.of("β₂", update, () => group.betas[1])).add(g.mul(share).mul(g));
      const rate = numbers.of("rate", update, (t) => -group.lr / (1 - group.betas[0] ** t));
      // One program for the steps before and after the variance becomes tractable.
      const factor = numbers.of("rectification", update, (t) => rectification(group.betas[1], t));
      const adaptive = where(factor.gt(0), factor.div(v.sqrt().add(eps)), 1);
      param.copy_(theta.add(m.mul(rate).mul(adaptive)));
      expAvg.copy_(m);
      expAvgSq.copy_(v);
    }
  }
}
