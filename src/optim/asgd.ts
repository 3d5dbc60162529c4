// Averaged SGD, with PyTorch's order of operations.
import { checkOptions, kindsOf } from "../base/index.js";
import { full, ones, type Tensor, where, zerosLike } from "../tensor/index.js";
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

/** Options of `ASGD`. */
export interface ASGDOptions extends BaseOptions {
  /** Decay of the weights and of the rate. */
  lambd: number;
  /** Power of the rate's decay. */
  alpha: number;
  /** The step at which averaging begins. */
  t0: number;
  /** L2: added to the gradient. */
  weightDecay: number;
}

const asgdDefaults: ASGDOptions = { lr: 0.01, lambd: 1e-4, alpha: 0.75, t0: 1e6, weightDecay: 0, maximize: false };

/**
 * SGD with a falling rate that also averages the weights, in the state `ax`, from step `t0` on.
 *
 * θ ← θ (1 - λ η) - η g;  ax ← ax + μ (θ - ax);  η ← lr / (1 + λ lr t)^α;  μ ← 1 / max(1, t - t0)
 *
 * Source: Polyak & Juditsky, "Acceleration of stochastic approximation by averaging", 1992.
 * State: `ax`, of the parameter's shape, and the numbers `eta` and `mu`, `[]`.
 * @param options - `lr` (0.01), `lambd` (1e-4), `alpha` (0.75), `t0` (1e6), `weightDecay` (0), `maximize` (false).
 * @throws ArgumentError if `lr`, `lambd`, `alpha` or `weightDecay` is negative, or the parameters are none, no leaves, or given twice.
 * @example new optim.ASGD(model.parameters(), { lr: 0.01 })
 */
export class ASGD extends Optimizer<ASGDOptions> {
  constructor(params: ParamsInput<ASGDOptions>, options: Partial<ASGDOptions> = {}, ...surplus: []) {
    checkOptions("ASGD", options, kindsOf(asgdDefaults));
    super(params, withDefaults(asgdDefaults, options), ...surplus);
  }

  protected override checkGroup(options: Readonly<ASGDOptions>): void {
    super.checkGroup(options);
    for (const name of ["lambd", "alpha", "weightDecay"] as const) this.checkAtLeastZero(name, options[name]);
  }

  protected newTensors(param: Tensor, group: ParamGroup<ASGDOptions>): Record<string, Tensor> {
    // The rate and the weight of the next step, in float32 whatever the parameter's dtype, as PyTorch keeps them.
    const options = { dtype: "float32" } as const;
    return { eta: full([], group.lr, options), mu: ones([], options), ax: zerosLike(param) };
  }

  protected update(group: ParamGroup<ASGDOptions>, updates: readonly Update[]): void {
    const { lambd, weightDecay } = constants(group, ["alpha", "t0"]);
    const numbers = new StepNumbers();
    for (const { param, grad, state } of updates) {
      const { eta, mu, ax } = state.tensors as { eta: Tensor; mu: Tensor; ax: Tensor };
      const [rate, weight] = [eta.to(param.dtype), mu.to(param.dtype)];
      const g = weightDecay === 0 ? grad : grad.add(param.mul(weightDecay));
      const theta = param.mul(rate.mul(-lambd).add(1)).sub(g.mul(rate));
      param.copy_(theta);
      ax.copy_(where(mu.eq(1), theta, ax.add(theta.sub(ax).mul(weight))));
      const nextRate = (t: number) => group.lr / (1 + group.lambd * group.lr * t) ** group.alpha;
      eta.copy_(numbers.as("η", "float32", state, nextRate));
      mu.copy_(numbers.as("μ", "float32", state, (t) => 1 / Math.max(1, t - group.t0)));
    }
  }
}
