// Adam and AdamW, with PyTorch's order of operations.
import { checkOptions, kindsOf } from "../base/index.js";
import { type Tensor, zerosLike } from "../tensor/index.js";
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

/** Options of Adam and AdamW. */
export interface AdamOptions extends BaseOptions {
  /** Decay rates of the averages of gradient and squared gradient, in [0, 1). */
  betas: readonly [number, number];
  /** Added to the denominator. */
  eps: number;
  /**
   * Share of the weights added to the gradient (L2), or taken off the weights themselves with `decoupledWeightDecay`.
   */
  weightDecay: number;
  /** Divide by the largest average so far. */
  amsgrad: boolean;
  /** Decay the weights themselves, as AdamW does, in place of adding to the gradient. */
  decoupledWeightDecay: boolean;
}

const adamDefaults: AdamOptions = {
  lr: 0.001,
  betas: [0.9, 0.999],
  eps: 1e-8,
  weightDecay: 0,
  amsgrad: false,
  maximize: false,
  decoupledWeightDecay: false,
};

/**
 * Adam: steps along the running mean of the gradient over the root of the running mean of its square.
 *
 * m ← m + (1 - β₁)(g - m);  v ← β₂ v + (1 - β₂) g²;  θ ← θ - lr / (1 - β₁^t) · m / (√v / √(1 - β₂^t) + ε)
 *
 * `weightDecay` is added to the gradient (L2); AdamW decays the weights themselves.
 * Source: Kingma & Ba, 2015, arXiv:1412.6980, algorithm 1; amsgrad: Reddi et al., 2018, arXiv:1904.09237.
 * State: `expAvg` and `expAvgSq`, with `amsgrad` also `maxExpAvgSq`, each of the parameter's shape.
 * @param options - `lr` (0.001), `betas` ([0.9, 0.999]), `eps` (1e-8), `weightDecay` (0), `amsgrad`, `maximize`,
 * `decoupledWeightDecay` (false).
 * @throws ArgumentError if `lr`, `eps` or `weightDecay` is negative, a beta is not in [0, 1), or the parameters are none, no leaves, or
 * given twice.
 * @example new optim.Adam(model.parameters(), { lr: 0.001 })
 */
export class Adam extends Optimizer<AdamOptions> {
  constructor(params: ParamsInput<AdamOptions>, options: Partial<AdamOptions> = {}, ...surplus: []) {
    checkOptions("Adam", options, kindsOf(adamDefaults));
    super(params, withDefaults(adamDefaults, options), ...surplus);
  }

  protected override checkGroup(options: Readonly<AdamOptions>): void {
    super.checkGroup(options);
    this.checkAtLeastZero("eps", options.eps);
    this.checkAtLeastZero("weightDecay", options.weightDecay);
    this.checkBetas(options.betas);
  }

  protected newTensors(param: Tensor, group: ParamGroup<AdamOptions>): Record<string, Tensor> {
    const tensors: Record<string, Tensor> = { expAvg: zerosLike(param), expAvgSq: zerosLike(param) };
    if (group.amsgrad) tensors.maxExpAvgSq = zerosLike(param);
    return tensors;
  }

  protected update(group: ParamGroup<AdamOptions>, updates: readonly Update[]): void {
    // Schedules of one cycle move β₁.
    const { eps, weightDecay, decoupledWeightDecay } = constants(group, ["betas"]);
    const numbers = new StepNumbers();
    for (const update of updates) {
      const { param, grad } = update;
      const { expAvg, expAvgSq, maxExpAvgSq } = update.state.tensors as {
        expAvg: Tensor;
        expAvgSq: Tensor;
        maxExpAvgSq?: Tensor;
      };
      const decays = weightDecay !== 0;
      const decay = () => numbers.of("decay", update, () => 1 - group.lr * group.weightDecay);
      const theta = decays && decoupledWeightDecay ? param.mul(decay()) : param;
      const g = decays && !decoupledWeightDecay ? grad.add(param.mul(weightDecay)) : grad;
      const m = expAvg.add(g.sub(expAvg).mul(numbers.of("1 - β₁", update, () => 1 - group.betas[0])));
      const share = numbers.of("1 - β₂", update, () => 1 - group.betas[1]);
      const v = expAvgSq.mul(numbers.of("β₂", update, () => group.betas[1])).add(g.mul(share).mul(g));
      const largest = maxExpAvgSq ? maxExpAvgSq.maximum(v) : v;
      const correction = numbers.of("correction", update, (t) => Math.sqrt(1 - group.betas[1] ** t));
      const rate = numbers.of("rate", update, (t) => -group.lr / (1 - group.betas[0] ** t));
      param.copy_(theta.add(m.mul(rate).div(largest.sqrt().div(correction).add(eps))));
      expAvg.copy_(m);
      expAvgSq.copy_(v);
      maxExpAvgSq?.copy_(largest);
    }
  }
}

/** Options of `AdamW`. */
export type AdamWOptions = Omit<AdamOptions, "decoupledWeightDecay">;

/**
 * Adam with decoupled weight decay: θ ← θ (1 - lr · weightDecay) before the step.
 *
 * Source: Loshchilov & Hutter, 2019, arXiv:1711.05101, algorithm 2.
 * @param options - as Adam's but `decoupledWeightDecay`; `weightDecay` is 0.01 by default.
 * @throws ArgumentError if `lr`, `eps` or `weightDecay` is negative, a beta is not in [0, 1), or the parameters are none, no leaves, or given twice.
 * @example new optim.AdamW(model.parameters(), { lr: 3e-4, weightDecay: 0.1 })
 */
export class AdamW extends Adam {
  constructor(params: ParamsInput<AdamWOptions>, options: Partial<AdamWOptions> = {}, ...surplus: []) {
    const { decoupledWeightDecay: _, ...known } = kindsOf(adamDefaults);
    checkOptions("AdamW", options, known);
    super(
      params,
      withDefaults<Partial<AdamOptions>>({ weightDecay: 0.01, decoupledWeightDecay: true }, options),
      ...surplus,
    );
  }
}
