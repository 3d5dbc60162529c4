// RMSprop, with PyTorch's order of operations.
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

/** Options of `RMSprop`. */
export interface RMSpropOptions extends BaseOptions {
  /** Decay rate of the running averages. */
  alpha: number;
  /** Added to the denominator, outside the root. */
  eps: number;
  /** L2: added to the gradient. */
  weightDecay: number;
  /** Decay of the running average of steps; 0 for none. */
  momentum: number;
  /** Divide by the standard deviation of the gradient in place of its root mean square. */
  centered: boolean;
}

const rmspropDefaults: RMSpropOptions = {
  lr: 0.01,
  alpha: 0.99,
  eps: 1e-8,
  weightDecay: 0,
  momentum: 0,
  centered: false,
  maximize: false,
};

/**
 * Divides the gradient by the root of a running average of its square.
 *
 * v ← α v + (1 - α) g²;  b ← momentum · b + g / (√v + ε);  θ ← θ - lr b; centred: √(v - ḡ²) in place of √v.
 *
 * Source: Tieleman & Hinton, "Neural Networks for Machine Learning", lecture 6.5, 2012; centred: Graves, 2013,
 * arXiv:1308.0850. TensorFlow adds ε before the root.
 * State: `squareAvg`, with `momentum` also `momentumBuffer`, with `centered` also `gradAvg`, each of the parameter's shape.
 * @param options - `lr` (0.01), `alpha` (0.99), `eps` (1e-8), `weightDecay`, `momentum` (0), `centered`, `maximize` (false).
 * @throws ArgumentError if `lr`, `alpha`, `eps`, `weightDecay` or `momentum` is negative, or the parameters are none, no leaves, or given
 * twice.
 * @example new optim.RMSprop(model.parameters(), { lr: 0.01, momentum: 0.9 })
 */
export class RMSprop extends Optimizer<RMSpropOptions> {
  constructor(params: ParamsInput<RMSpropOptions>, options: Partial<RMSpropOptions> = {}, ...surplus: []) {
    checkOptions("RMSprop", options, kindsOf(rmspropDefaults));
    super(params, withDefaults(rmspropDefaults, options), ...surplus);
  }

  protected override checkGroup(options: Readonly<RMSpropOptions>): void {
    super.checkGroup(options);
    for (const name of ["alpha", "eps", "weightDecay", "momentum"] as const) this.checkAtLeastZero(name, options[name]);
  }

  protected newTensors(param: Tensor, group: ParamGroup<RMSpropOptions>): Record<string, Tensor> {
    return {
      squareAvg: zerosLike(param),
      ...(group.momentum > 0 && { momentumBuffer: zerosLike(param) }),
      ...(group.centered && { gradAvg: zerosLike(param) }),
    };
  }

  protected update(group: ParamGroup<RMSpropOptions>, updates: readonly Update[]): void {
    const { alpha, eps, weightDecay } = constants(group, ["momentum"]);
    const numbers = new StepNumbers();
    for (const update of updates) {
      const { param, grad } = update;
      const { squareAvg, momentumBuffer, gradAvg } = update.state.tensors as {
        squareAvg: Tensor;
        momentumBuffer?: Tensor;
        gradAvg?: Tensor;
      };
      const g = weightDecay === 0 ? grad : grad.add(param.mul(weightDecay));
      const v = squareAvg.mul(alpha).add(g.mul(1 - alpha).mul(g));
      const mean = gradAvg?.add(g.sub(gradAvg).mul(1 - alpha));
      const direction = g.div((mean ? v.sub(mean.mul(mean)) : v).sqrt().add(eps));
      const buffer = momentumBuffer?.mul(numbers.of("momentum", update, () => group.momentum)).add(direction);
      param.copy_(param.add((buffer ?? direction).mul(numbers.of("rate", update, () => -group.lr))));
      squareAvg.copy_(v);
      if (mean) gradAvg?.copy_(mean);
      if (buffer) momentumBuffer?.copy_(buffer);
    }
  }
}
