// Stochastic gradient descent with momentum, with PyTorch's order of operations.
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

export interface SGDOptions extends BaseOptions {
  momentum: number;
  /** Share of the gradient that does not enter the momentum. */
  dampening: number;
  /** L2: added to the gradient. */
  weightDecay: number;
  /** Look ahead along the momentum. */
  nesterov: boolean;
}

const sgdDefaults: SGDOptions = {
  lr: 0.001,
  momentum: 0,
  dampening: 0,
  weightDecay: 0,
  nesterov: false,
  maximize: false,
};

/**
 * θ ← θ - lr · b, with the momentum b ← momentum · b + (1 - dampening) · g (b = g in the first step), or with
 * g + momentum · b in its place if `nesterov`.
 *
 * Source: Sutskever et al., "On the importance of initialization and momentum in deep learning", ICML 2013, with the
 * learning rate outside the momentum, as PyTorch has it.
 * @param options - `lr` (0.001), `momentum`, `dampening`, `weightDecay` (0), `nesterov`, `maximize` (false).
 * @throws ArgumentError if `nesterov` is set without momentum or with dampening.
 * @example new optim.SGD(model.parameters(), { lr: 0.1, momentum: 0.9 })
 */
export class SGD extends Optimizer<SGDOptions> {
  constructor(params: ParamsInput<SGDOptions>, options: Partial<SGDOptions> = {}) {
    checkOptions("SGD", options, Object.keys(sgdDefaults));
    super(params, withDefaults(sgdDefaults, options));
  }

  protected override checkGroup(options: Readonly<SGDOptions>): void {
    super.checkGroup(options);
    this.checkAtLeastZero("momentum", options.momentum);
    this.checkAtLeastZero("weightDecay", options.weightDecay);
    if (options.nesterov && (options.momentum <= 0 || options.dampening !== 0)) {
      throw this.error("nesterov needs momentum > 0 and dampening = 0");
    }
  }

  protected newTensors(param: Tensor, group: ParamGroup<SGDOptions>): Record<string, Tensor> {
    return group.momentum === 0 ? {} : { momentumBuffer: zerosLike(param) };
  }

  protected update(group: ParamGroup<SGDOptions>, updates: readonly Update[]): void {
    const rates = new Map<DType, Tensor>();
    const { weightDecay, momentum } = constants(group);
    for (const { param, grad, state } of updates) {
      const rate = rates.get(param.dtype) ?? runtimeScalar(() => -group.lr, param.dtype);
      rates.set(param.dtype, rate);
      const g = weightDecay === 0 ? grad : grad.add(param.mul(weightDecay));
      const direction = momentum === 0 ? g : this.withMomentum(group, g, param.dtype, state);
      param.copy_(param.add(direction.mul(rate)));
    }
  }

  private withMomentum(group: ParamGroup<SGDOptions>, g: Tensor, dtype: DType, state: ParamState): Tensor {
    const { momentum, dampening, nesterov } = group;
    const buffer = state.tensors.momentumBuffer as Tensor;
    // The buffer starts as zeros, so the first gradient must come in undamped: a run-time number, not another program.
    const share = dampening === 0 ? null : runtimeScalar(() => (state.step === 1 ? 1 : 1 - group.dampening), dtype);
    const next = buffer.mul(momentum).add(share ? g.mul(share) : g);
    buffer.copy_(next);
    return nesterov ? g.add(next.mul(momentum)) : next;
  }
}
