// Adagrad, with PyTorch's order of operations.
import { checkOptions, kindsOf } from "../base/index.js";
import { fullLike, type Tensor } from "../tensor/index.js";
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

/** Options of `Adagrad`. */
export interface AdagradOptions extends BaseOptions {
  /** The rate falls as 1 / (1 + (t - 1) lrDecay). */
  lrDecay: number;
  /** L2: added to the gradient. */
  weightDecay: number;
  /** What the sums of squares start from. */
  initialAccumulatorValue: number;
  /** Added to the denominator. */
  eps: number;
}

const adagradDefaults: AdagradOptions = {
  lr: 0.01,
  lrDecay: 0,
  weightDecay: 0,
  initialAccumulatorValue: 0,
  eps: 1e-10,
  maximize: false,
};

/**
 * Each weight's rate falls with the sum of its squared gradients: s ← s + g²;  θ ← θ - lr / (1 + (t - 1) η) · g / (√s + ε)
 *
 * Source: Duchi, Hazan & Singer, "Adaptive Subgradient Methods for Online Learning", JMLR 2011.
 * State: `sum`, of the parameter's shape.
 * @param options - `lr` (0.01), `lrDecay` η, `weightDecay`, `initialAccumulatorValue` (0), `eps` (1e-10), `maximize` (false).
 * @throws ArgumentError if `lr`, `lrDecay`, `weightDecay`, `initialAccumulatorValue` or `eps` is negative, or the parameters are none, no
 * leaves, or given twice.
 * @example new optim.Adagrad(model.parameters(), { lr: 0.01 })
 */
export class Adagrad extends Optimizer<AdagradOptions> {
  constructor(params: ParamsInput<AdagradOptions>, options: Partial<AdagradOptions> = {}, ...surplus: []) {
    checkOptions("Adagrad", options, kindsOf(adagradDefaults));
    super(params, withDefaults(adagradDefaults, options), ...surplus);
  }

  protected override checkGroup(options: Readonly<AdagradOptions>): void {
    super.checkGroup(options);
    for (const name of ["lrDecay", "weightDecay", "initialAccumulatorValue", "eps"] as const) {
      this.checkAtLeastZero(name, options[name]);
    }
  }

  protected newTensors(param: Tensor, group: ParamGroup<AdagradOptions>): Record<string, Tensor> {
    return { sum: fullLike(param, group.initialAccumulatorValue) };
  }

  protected update(group: ParamGroup<AdagradOptions>, updates: readonly Update[]): void {
    const { eps, weightDecay } = constants(group, ["lrDecay"]);
    const numbers = new StepNumbers();
    for (const update of updates) {
      const { param, grad } = update;
      const sum = update.state.tensors.sum as Tensor;
      const g = weightDecay === 0 ? grad : grad.add(param.mul(weightDecay));
      const s = sum.add(g.mul(g));
      const rate = numbers.of("rate", update, (t) => -group.lr / (1 + (t - 1) * group.lrDecay));
      param.copy_(param.add(g.mul(rate).div(s.sqrt().add(eps))));
      sum.copy_(s);
    }
  }
}
