// Adam and AdamW, with PyTorch's order of operations.
import { checkOptions, type DType } from "../base/index.js";
import { runtimeScalar, type Tensor, zerosLike } from "../tensor/index.js";
import {
  type BaseOptions,
  constants,
  Optimizer,
  type ParamGroup,
  type ParamState,
  type ParamsInput,
  type Update,
  withDefaults,
} from "./optimizer.js";

/** Options of Adam and AdamW. */
export interface AdamOptions extends BaseOptions {
  /** Decay rates of the averages of gradient and squared gradient. */
  betas: readonly [number, number];
  /** Added to the denominator. */
  eps: number;
  weightDecay: number;
  /** Divide by the largest average so far. */
  amsgrad: boolean;
}

const adamDefaults: AdamOptions = {
  lr: 0.001,
  betas: [0.9, 0.999],
  eps: 1e-8,
  weightDecay: 0,
  amsgrad: false,
  maximize: false,
};

/** The numbers of one step that change from step to step: inputs of the program, so that they never compile anew. */
interface StepScalars {
  /** -lr / (1 - β₁^t) */
  readonly negativeStepSize: Tensor;
  /** √(1 - β₂^t) */
  readonly correction: Tensor;
  /** 1 - lr · weightDecay */
  readonly decay: Tensor | null;
}

/** Both variants; they differ in where weight decay goes. */
abstract class AdamBase extends Optimizer<AdamOptions> {
  protected abstract readonly decouplesDecay: boolean;

  protected override checkGroup(options: Readonly<AdamOptions>): void {
    super.checkGroup(options);
    this.checkAtLeastZero("eps", options.eps);
    this.checkAtLeastZero("weightDecay", options.weightDecay);
    const { betas } = options;
    if (!Array.isArray(betas) || betas.length !== 2 || !betas.every((beta) => beta >= 0 && beta < 1)) {
      throw this.error(`betas must be two numbers in [0, 1), got ${JSON.stringify(betas)}`);
    }
  }

  protected newTensors(param: Tensor, group: ParamGroup<AdamOptions>): Record<string, Tensor> {
    const tensors: Record<string, Tensor> = { expAvg: zerosLike(param), expAvgSq: zerosLike(param) };
    if (group.amsgrad) tensors.maxExpAvgSq = zerosLike(param);
    return tensors;
  }

  protected update(group: ParamGroup<AdamOptions>, updates: readonly Update[]): void {
    const known = new Map<string, StepScalars>();
    const options = constants(group);
    for (const { param, grad, state } of updates) {
      // Parameters that joined later count their own steps.
      const key = `${state.step} ${param.dtype}`;
      const scalars = known.get(key) ?? this.scalars(group, state, param.dtype);
      known.set(key, scalars);
      this.updateOne(options, param, grad, state, scalars);
    }
  }

  private scalars(group: ParamGroup<AdamOptions>, state: ParamState, dtype: DType): StepScalars {
    const decays = this.decouplesDecay && group.weightDecay !== 0;
    return {
      negativeStepSize: runtimeScalar(() => -group.lr / (1 - group.betas[0] ** state.step), dtype),
      correction: runtimeScalar(() => Math.sqrt(1 - group.betas[1] ** state.step), dtype),
      decay: decays ? runtimeScalar(() => 1 - group.lr * group.weightDecay, dtype) : null,
    };
  }

  // m ← m + (1 - β₁)(g - m);  v ← β₂ v + (1 - β₂) g²;  θ ← θ - lr / (1 - β₁^t) · m / (√v / √(1 - β₂^t) + ε)
  private updateOne(
    { betas: [beta1, beta2], eps, weightDecay }: AdamOptions,
    param: Tensor,
    grad: Tensor,
    { tensors }: ParamState,
    scalars: StepScalars,
  ): void {
    const { expAvg, expAvgSq, maxExpAvgSq } = tensors as { expAvg: Tensor; expAvgSq: Tensor; maxExpAvgSq?: Tensor };
    const theta = scalars.decay ? param.mul(scalars.decay) : param;
    const g = weightDecay !== 0 && !this.decouplesDecay ? grad.add(param.mul(weightDecay)) : grad;
    const m = expAvg.add(g.sub(expAvg).mul(1 - beta1));
    const v = expAvgSq.mul(beta2).add(g.mul(1 - beta2).mul(g));
    const largest = maxExpAvgSq ? maxExpAvgSq.maximum(v) : v;
    const denominator = largest.sqrt().div(scalars.correction).add(eps);
    param.copy_(theta.add(m.mul(scalars.negativeStepSize).div(denominator)));
    expAvg.copy_(m);
    expAvgSq.copy_(v);
    maxExpAvgSq?.copy_(largest);
  }
}

/**
 * Adam: steps along the running mean of the gradient over the root of the running mean of its square.
 *
 * `weightDecay` is added to the gradient (L2); AdamW decays the weights themselves.
 * Source: Kingma & Ba, 2015, arXiv:1412.6980, algorithm 1; amsgrad: Reddi et al., 2018, arXiv:1904.09237.
 * @param options - `lr` (0.001), `betas` ([0.9, 0.999]), `eps` (1e-8), `weightDecay` (0), `amsgrad`, `maximize` (false).
 * @example new optim.Adam(model.parameters(), { lr: 0.001 })
 */
export class Adam extends AdamBase {
  protected readonly decouplesDecay = false;

  constructor(params: ParamsInput<AdamOptions>, options: Partial<AdamOptions> = {}) {
    checkOptions("Adam", options, Object.keys(adamDefaults));
    super(params, withDefaults(adamDefaults, options));
  }
}

/**
 * Adam with decoupled weight decay: θ ← θ (1 - lr · weightDecay) before the step.
 *
 * Source: Loshchilov & Hutter, 2019, arXiv:1711.05101, algorithm 2.
 * @param options - as Adam's; `weightDecay` is 0.01 by default.
 */
export class AdamW extends AdamBase {
  protected readonly decouplesDecay = true;

  constructor(params: ParamsInput<AdamOptions>, options: Partial<AdamOptions> = {}) {
    checkOptions("AdamW", options, Object.keys(adamDefaults));
    super(params, withDefaults({ ...adamDefaults, weightDecay: 0.01 }, options));
  }
}
