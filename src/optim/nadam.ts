// NAdam, with PyTorch's order of operations.
import { checkOptions, kindsOf } from "../base/index.js";
import { ones, type Tensor, zerosLike } from "../tensor/index.js";
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

/** Options of `NAdam`. */
export interface NAdamOptions extends BaseOptions {
  /** Decay rates of the averages of gradient and squared gradient, in [0, 1). */
  betas: readonly [number, number];
  /** Added to the denominator. */
  eps: number;
  /**
   * Share of the weights added to the gradient (L2), or taken off the weights themselves with `decoupledWeightDecay`.
   */
  weightDecay: number;
  /** How fast the momentum rises to β₁. */
  momentumDecay: number;
  /** Decay the weights themselves in place of adding to the gradient. */
  decoupledWeightDecay: boolean;
}

const nadamDefaults: NAdamOptions = {
  lr: 0.002,
  betas: [0.9, 0.999],
  eps: 1e-8,
  weightDecay: 0,
  momentumDecay: 0.004,
  decoupledWeightDecay: false,
  maximize: false,
};

/**
 * Adam with Nesterov momentum.
 *
 * With μ_t = β₁ (1 - 0.96^(t ψ) / 2) and v as in Adam:
 * θ ← θ - lr / (√(v / (1 - β₂^t)) + ε) · ((1 - μ_t) / (1 - Π μ_i) · g + μ_{t+1} / (1 - μ_{t+1} Π μ_i) · m)
 *
 * Source: Dozat, "Incorporating Nesterov Momentum into Adam", ICLR workshop 2016.
 * State: `expAvg` and `expAvgSq`, each of the parameter's shape.
 * @param options - `lr` (0.002), `betas` ([0.9, 0.999]), `eps` (1e-8), `weightDecay` (0), `momentumDecay` ψ (0.004),
 * `decoupledWeightDecay`, `maximize` (false).
 * @throws ArgumentError if `lr`, `eps`, `weightDecay` or `momentumDecay` is negative, a beta is not in [0, 1), or the parameters are
 * none, no leaves, or given twice.
 * @example new optim.NAdam(model.parameters(), { lr: 0.002 })
 */
export class NAdam extends Optimizer<NAdamOptions> {
  constructor(params: ParamsInput<NAdamOptions>, options: Partial<NAdamOptions> = {}, ...surplus: []) {
    checkOptions("NAdam", options, kindsOf(nadamDefaults));
    super(params, withDefaults(nadamDefaults, options), ...surplus);
  }

  protected override checkGroup(options: Readonly<NAdamOptions>): void {
    super.checkGroup(options);
    this.checkAtLeastZero("eps", options.eps);
    this.checkAtLeastZero("weightDecay", options.weightDecay);
    this.checkAtLeastZero("momentumDecay", options.momentumDecay);
    this.checkBetas(options.betas);
  }

  protected newTensors(param: Tensor): Record<string, Tensor> {
    // The product of the momenta so far, in float32 whatever the parameter's dtype, as PyTorch keeps it.
    return { muProduct: ones([], { dtype: "float32" }), expAvg: zerosLike(param), expAvgSq: zerosLike(param) };
  }

  protected update(group: ParamGroup<NAdamOptions>, updates: readonly Update[]): void {
    const { eps, weightDecay, decoupledWeightDecay } = constants(group, ["betas", "momentumDecay"]);
    const numbers = new StepNumbers();
    const momentum = (step: number) => group.betas[0] * (1 - 0.5 * 0.96 ** (step * group.momentumDecay));
    for (const update of updates) {
      const { param, grad, state } = update;
      const { muProduct, expAvg, expAvgSq } = state.tensors as Record<"muProduct" | "expAvg" | "expAvgSq", Tensor>;
      const decays = weightDecay !== 0;
      const decay = () => numbers.of("decay", update, () => 1 - group.lr * group.weightDecay);
      const theta = decays && decoupledWeightDecay ? param.mul(decay()) : param;
      const g = decays && !decoupledWeightDecay ? grad.add(param.mul(weightDecay)) : grad;
      const m = expAvg.add(g.sub(expAvg).mul(numbers.of("1 - β₁", update, () => 1 - group.betas[0])));
      const share = numbers.of("1 - β₂", update, () => 1 - group.betas[1]);
      const v = expAvgSq.mul(numbers.of("β₂", update, () => group.betas[1])).add(g.mul(share).mul(g));
      const denominator = v
        .div(numbers.of("1 - β₂^t", update, (t) => 1 - group.betas[1] ** t))
        .sqrt()
        .add(eps);
      const product = muProduct.mul(numbers.as("μ", "float32", state, momentum));
      const own = product.to(param.dtype);
      const ahead = own.mul(numbers.of("next μ", update, (t) => momentum(t + 1)));
      const ofGradient = numbers.of("g", update, (t) => -group.lr * (1 - momentum(t))).div(own.neg().add(1));
      const ofMean = numbers.of("m", update, (t) => -group.lr * momentum(t + 1)).div(ahead.neg().add(1));
      param.copy_(theta.add(g.mul(ofGradient).div(denominator)).add(m.mul(ofMean).div(denominator)));
      muProduct.copy_(product);
      expAvg.copy_(m);
      expAvgSq.copy_(v);
    }
  }
}
