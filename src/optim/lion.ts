// Lion.
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

/** Options of `Lion`. */
export interface LionOptions extends BaseOptions {
  /** Share of the momentum in the step's direction, and its decay rate. */
  betas: readonly [number, number];
  /** Decay of the weights themselves, in parts of the rate. */
  weightDecay: number;
}

const lionDefaults: LionOptions = { lr: 1e-4, betas: [0.9, 0.99], weightDecay: 0, maximize: false };

/**
 * Steps by the sign of an interpolation between momentum and gradient; state is half of Adam's. PyTorch has no Lion; the
 * options are those of its authors' code. Its rate is usually 3 to 10 times smaller than AdamW's.
 *
 * θ ← θ (1 - lr λ) - lr · sign(β₁ m + (1 - β₁) g);  m ← β₂ m + (1 - β₂) g
 *
 * Source: Chen et al., "Symbolic Discovery of Optimization Algorithms", 2023, arXiv:2302.06675, algorithm 2.
 * State: `expAvg`, of the parameter's shape.
 * @param options - `lr` (1e-4), `betas` ([0.9, 0.99]), `weightDecay` λ (0), `maximize` (false).
 * @throws ArgumentError if `lr` or `weightDecay` is negative, a beta is not in [0, 1), or the parameters are none, no leaves, or given
 * twice.
 * @example new optim.Lion(model.parameters(), { lr: 1e-4, weightDecay: 0.1 })
 */
export class Lion extends Optimizer<LionOptions> {
  constructor(params: ParamsInput<LionOptions>, options: Partial<LionOptions> = {}, ...surplus: []) {
    checkOptions("Lion", options, kindsOf(lionDefaults));
    super(params, withDefaults(lionDefaults, options), ...surplus);
  }

  protected override checkGroup(options: Readonly<LionOptions>): void {
    super.checkGroup(options);
    this.checkAtLeastZero("weightDecay", options.weightDecay);
    this.checkBetas(options.betas);
  }

  protected newTensors(param: Tensor): Record<string, Tensor> {
    return { expAvg: zerosLike(param) };
  }

  protected update(group: ParamGroup<LionOptions>, updates: readonly Update[]): void {
    const { weightDecay } = constants(group, ["betas"]);
    const numbers = new StepNumbers();
    for (const update of updates) {
      const { param, grad } = update;
      const expAvg = update.state.tensors.expAvg as Tensor;
      const beta = (i: 0 | 1) => numbers.of(`β${i}`, update, () => group.betas[i]);
      const rest = (i: 0 | 1) => numbers.of(`1 - β${i}`, update, () => 1 - group.betas[i]);
      const direction = expAvg
        .mul(beta(0))
        .add(grad.mul(rest(0)))
        .sign();
      const decay = () => numbers.of("decay", update, () => 1 - group.lr * group.weightDecay);
      const theta = weightDecay === 0 ? param : param.mul(decay());
      param.copy_(theta.add(direction.mul(numbers.of("rate", update, () => -group.lr))));
      expAvg.copy_(expAvg.mul(beta(1)).add(grad.mul(rest(1))));
    }
  }
}
