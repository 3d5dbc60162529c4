// Adamax, with PyTorch's order of operations.
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

/** Options of `Adamax`. */
export interface AdamaxOptions extends BaseOptions {
  /** Decay rates of the average of the gradient and of the largest magnitude, in [0, 1). */
  betas: readonly [number, number];
  /** Added to the gradient's magnitude. */
  eps: number;
  /** L2: added to the gradient. */
  weightDecay: number;
}

const adamaxDefaults: AdamaxOptions = { lr: 0.002, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, maximize: false };

/**
 * Adam with the infinity norm in place of the root mean square.
 *
 * m ← m + (1 - β₁)(g - m);  u ← max(β₂ u, |g| + ε);  θ ← θ - lr / (1 - β₁^t) · m / u
 *
 * Source: Kingma & Ba, 2015, arXiv:1412.6980, algorithm 2.
 * State: `expAvg` and `expInf`, each of the parameter's shape.
 * @param options - `lr` (0.002), `betas` ([0.9, 0.999]), `eps` (1e-8), `weightDecay` (0), `maximize` (false).
 * @throws ArgumentError if `lr`, `eps` or `weightDecay` is negative, a beta is not in [0, 1), or the parameters are none, no leaves, or
 * given twice.
 * @example new optim.Adamax(model.parameters(), { lr: 0.002 })
 */
export class Adamax extends Optimizer<AdamaxOptions> {
  constructor(params: ParamsInput<AdamaxOptions>, options: Partial<AdamaxOptions> = {}, ...surplus: []) {
    checkOptions("Adamax", options, kindsOf(adamaxDefaults));
    super(params, withDefaults(adamaxDefaults, options), ...surplus);
  }

  protected override checkGroup(options: Readonly<AdamaxOptions>): void {
    super.checkGroup(options);
    this.checkAtLeastZero("eps", options.eps);
    this.checkAtLeastZero("weightDecay", options.weightDecay);
    this.checkBetas(options.betas);
  }

  protected newTensors(param: Tensor): Record<string, Tensor> {
    return { expAvg: zerosLike(param), expInf: zerosLike(param) };
  }

  protected update(group: ParamGroup<AdamaxOptions>, updates: readonly Update[]): void {
    const { eps, weightDecay } = constants(group, ["betas"]);
    const numbers = new StepNumbers();
    for (const update of updates) {
      const { param, grad } = update;
      const { expAvg, expInf } = update.state.tensors as { expAvg: Tensor; expInf: Tensor };
      const g = weightDecay === 0 ? grad : grad.add(param.mul(weightDecay));
      const m = expAvg.add(g.sub(expAvg).mul(numbers.of("1 - β₁", update, () => 1 - group.betas[0])));
      const u = expInf.mul(numbers.of("β₂", update, () => group.betas[1])).maximum(g.abs().add(eps));
      const rate = numbers.of("rate", update, (t) => -group.lr / (1 - group.betas[0] ** t));
      param.copy_(param.add(m.mul(rate).div(u)));
      expAvg.copy_(m);
      expInf.copy_(u);
    }
  }
}
