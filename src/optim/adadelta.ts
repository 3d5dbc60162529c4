// Adadelta, with PyTorch's order of operations.
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

/** Options of `Adadelta`. */
export interface AdadeltaOptions extends BaseOptions {
  /** Decay rate of both running averages. */
  rho: number;
  /** Added under both roots. */
  eps: number;
  /** L2: added to the gradient. */
  weightDecay: number;
}

const adadeltaDefaults: AdadeltaOptions = { lr: 1, rho: 0.9, eps: 1e-6, weightDecay: 0, maximize: false };

/**
 * Steps in the weights' own unit: the root mean square of past steps over that of gradients.
 *
 * v ← ρ v + (1 - ρ) g²;  Δ = √(a + ε) / √(v + ε) · g;  a ← ρ a + (1 - ρ) Δ²;  θ ← θ - lr Δ
 *
 * Source: Zeiler, "ADADELTA: An Adaptive Learning Rate Method", 2012, arXiv:1212.5701, algorithm 1.
 * State: `squareAvg` and `accDelta`, each of the parameter's shape.
 * @param options - `lr` (1), `rho` (0.9), `eps` (1e-6), `weightDecay` (0), `maximize` (false).
 * @throws ArgumentError if `lr`, `eps` or `weightDecay` is negative, `rho` is not in [0, 1], or the parameters are none, no leaves, or
 * given twice.
 * @example new optim.Adadelta(model.parameters())
 */
export class Adadelta extends Optimizer<AdadeltaOptions> {
  constructor(params: ParamsInput<AdadeltaOptions>, options: Partial<AdadeltaOptions> = {}, ...surplus: []) {
    checkOptions("Adadelta", options, kindsOf(adadeltaDefaults));
    super(params, withDefaults(adadeltaDefaults, options), ...surplus);
  }

  protected override checkGroup(options: Readonly<AdadeltaOptions>): void {
    super.checkGroup(options);
    this.checkAtLeastZero("eps", options.eps);
    this.checkAtLeastZero("weightDecay", options.weightDecay);
    if (!(options.rho >= 0 && options.rho <= 1)) throw this.error(`rho must be in [0, 1], got ${options.rho}`);
  }

  protected newTensors(param: Tensor): Record<string, Tensor> {
    return { squareAvg: zerosLike(param), accDelta: zerosLike(param) };
  }

  protected update(group: ParamGroup<AdadeltaOptions>, updates: readonly Update[]): void {
    const { rho, eps, weightDecay } = constants(group);
    const numbers = new StepNumbers();
    for (const update of updates) {
      const { param, grad } = update;
      const { squareAvg, accDelta } = update.state.tensors as { squareAvg: Tensor; accDelta: Tensor };
      const g = weightDecay === 0 ? grad : grad.add(param.mul(weightDecay));
      const v = squareAvg.mul(rho).add(g.mul(1 - rho).mul(g));
      const delta = accDelta.add(eps).sqrt().div(v.add(eps).sqrt()).mul(g);
      param.copy_(param.add(delta.mul(numbers.of("rate", update, () => -group.lr))));
      squareAvg.copy_(v);
      accDelta.copy_(accDelta.mul(rho).add(delta.mul(1 - rho).mul(delta)));
    }
  }
}
