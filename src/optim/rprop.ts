// Rprop, with PyTorch's order of operations.
import { checkOptions, kindsOf } from "../base/index.js";
import { fullLike, type Tensor, where, zerosLike } from "../tensor/index.js";
import {
  type BaseOptions,
  constants,
  Optimizer,
  type ParamGroup,
  type ParamsInput,
  type Update,
  withDefaults,
} from "./optimizer.js";

/** Options of `Rprop`. */
export interface RpropOptions extends BaseOptions {
  /** Factors on the step size where the gradient's sign changed and where it stayed. */
  etas: readonly [number, number];
  /** Smallest and largest step size. */
  stepSizes: readonly [number, number];
}

const rpropDefaults: RpropOptions = { lr: 0.01, etas: [0.5, 1.2], stepSizes: [1e-6, 50], maximize: false };

/**
 * Steps by the gradient's sign only; each weight's step size grows while the sign stays and shrinks when it changes. For full
 * batches. `lr` is the first step size; schedules do not reach it.
 *
 * Source: Riedmiller & Braun, "A Direct Adaptive Method for Faster Backpropagation Learning: The RPROP Algorithm", 1993, in
 * the variant that skips the step after a change of sign.
 * State: `prev` and `stepSize`, each of the parameter's shape.
 * @param options - `lr` (0.01), `etas` ([0.5, 1.2]), `stepSizes` ([1e-6, 50]), `maximize` (false).
 * @throws ArgumentError if `lr` is negative, `etas` are not one number in (0, 1) and one above 1, or the parameters are none, no leaves,
 * or given twice.
 * @example new optim.Rprop(model.parameters())
 */
export class Rprop extends Optimizer<RpropOptions> {
  constructor(params: ParamsInput<RpropOptions>, options: Partial<RpropOptions> = {}, ...surplus: []) {
    checkOptions("Rprop", options, kindsOf(rpropDefaults));
    super(params, withDefaults(rpropDefaults, options), ...surplus);
  }

  protected override checkGroup(options: Readonly<RpropOptions>): void {
    super.checkGroup(options);
    const [minus, plus] = options.etas;
    if (!(minus > 0 && minus < 1 && plus > 1)) {
      throw this.error(`etas must be a number in (0, 1) and one above 1, got ${JSON.stringify(options.etas)}`);
    }
  }

  protected newTensors(param: Tensor, group: ParamGroup<RpropOptions>): Record<string, Tensor> {
    return { prev: zerosLike(param), stepSize: fullLike(param, group.lr) };
  }

  protected update(group: ParamGroup<RpropOptions>, updates: readonly Update[]): void {
    const {
      etas: [minus, plus],
      stepSizes: [smallest, largest],
    } = constants(group);
    for (const { param, grad, state } of updates) {
      const { prev, stepSize } = state.tensors as { prev: Tensor; stepSize: Tensor };
      const agreement = grad.mul(prev);
      const turned = agreement.lt(0);
      const grown = where(agreement.gt(0), stepSize.mul(plus), stepSize);
      const size = where(turned, stepSize.mul(minus), grown).clamp(smallest, largest);
      const g = grad.maskedFill(turned, 0);
      param.copy_(param.sub(g.sign().mul(size)));
      prev.copy_(g);
      stepSize.copy_(size);
    }
  }
}
