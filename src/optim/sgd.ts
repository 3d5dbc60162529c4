// Stochastic gradient descent with momentum, with PyTorch's order of operations.
import { checkOptions, kindsOf } from "../base/index.js";
import { guarded, type Tensor, zerosLike } from "../tensor/index.js";
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

/** Options of `SGD`. */
export interface SGDOptions extends BaseOptions {
  /** Decay of the running sum of gradients; 0 for none. */
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
 * State: with `momentum` `momentumBuffer`, of the parameter's shape.
 * @param options - `lr` (0.001), `momentum`, `dampening`, `weightDecay` (0), `nesterov`, `maximize` (false).
 * @throws ArgumentError if `lr`, `momentum` or `weightDecay` is negative, `nesterov` is set without momentum or with dampening, or the
 * parameters are none, no leaves, or given twice.
 * @example new optim.SGD(model.parameters(), { lr: 0.1, momentum: 0.9 })
 */
export class SGD extends Optimizer<SGDOptions> {
  constructor(params: ParamsInput<SGDOptions>, options: Partial<SGDOptions> = {}, ...surplus: []) {
    checkOptions("SGD", options, kindsOf(sgdDefaults));
    super(params, withDefaults(sgdDefaults, options), ...surplus);
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
    // Schedules of one cycle move the momentum.
    const { weightDecay } = constants(group, ["momentum"]);
    const numbers = new StepNumbers();
    for (const update of updates) {
      const { param, grad } = update;
      const g = weightDecay === 0 ? grad : grad.add(param.mul(weightDecay));
      const hasMomentum = guarded(() => group.momentum !== 0);
      const direction = hasMomentum ? this.withMomentum(group, g, update, numbers) : g;
      param.copy_(param.add(direction.mul(numbers.of("rate", update, () => -group.lr))));
    }
  }

  private withMomentum(group: ParamGroup<SGDOptions>, g: Tensor, update: Update, numbers: StepNumbers): Tensor {
    const { dampening, nesterov } = group;
    const { tensors } = update.state;
    // Missing only if the momentum was 0 when the group was added.
    tensors.momentumBuffer ??= zerosLike(update.param);
    const buffer = tensors.momentumBuffer;
    const momentum = numbers.of("momentum", update, () => group.momentum);
    // The buffer starts as zeros, so the first gradient must come in undamped: a run-time number, not another program.
    const share = () => numbers.of("share", update, (t) => (t === 1 ? 1 : 1 - group.dampening));
    const next = buffer.mul(momentum).add(dampening === 0 ? g : g.mul(share()));
    buffer.copy_(next);
    return nesterov ? g.add(next.mul(momentum)) : next;
  }
}
