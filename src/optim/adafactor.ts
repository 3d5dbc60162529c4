// Adafactor, with PyTorch's order of operations.
import { checkOptions, kindsOf, shownValue } from "../base/index.js";
import { type Tensor, zeros, zerosLike } from "../tensor/index.js";
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

/** Options of `Adafactor`. */
export interface AdafactorOptions extends BaseOptions {
  /** The decay rate of step t is 1 - t^beta2Decay. */
  beta2Decay: number;
  /** Least second moment (null: the dtype's machine epsilon) and least scale of a parameter. */
  eps: readonly [number | null, number];
  /** Largest root mean square of a step, before the rate. */
  d: number;
  /** Decay of the weights themselves, in parts of the rate. */
  weightDecay: number;
}

const adafactorDefaults: AdafactorOptions = {
  lr: 0.01,
  beta2Decay: -0.8,
  eps: [null, 1e-3],
  d: 1,
  weightDecay: 0,
  maximize: false,
};

/**
 * Adam without momentum whose second moments of matrices are kept as a row and a column, so that state is nearly free; the
 * rate is relative to the size of the weights.
 *
 * Source: Shazeer & Stern, "Adafactor: Adaptive Learning Rates with Sublinear Memory Cost", 2018, arXiv:1804.04235,
 * algorithms 4 and 5.
 * State: `rowVar` `[…, R, 1]` and `colVar` `[…, 1, C]` of a parameter `[…, R, C]`; `variance`, of the parameter's shape, of vectors and numbers.
 * @param options - `lr` (0.01, the relative rate's upper bound), `beta2Decay` (-0.8), `eps` ([null, 1e-3]), `d` (1),
 * `weightDecay` (0), `maximize` (false).
 * @throws ArgumentError if `lr`, `eps` or `weightDecay` is negative, `beta2Decay` is above 0, `d` is below 1, or the parameters are none,
 * no leaves, or given twice.
 * @example new optim.Adafactor(model.parameters())
 */
export class Adafactor extends Optimizer<AdafactorOptions> {
  constructor(params: ParamsInput<AdafactorOptions>, options: Partial<AdafactorOptions> = {}, ...surplus: []) {
    checkOptions("Adafactor", options, kindsOf(adafactorDefaults));
    super(params, withDefaults(adafactorDefaults, options), ...surplus);
  }

  protected override checkGroup(options: Readonly<AdafactorOptions>): void {
    super.checkGroup(options);
    this.checkAtLeastZero("weightDecay", options.weightDecay);
    if (!Array.isArray(options.eps)) throw this.error(`eps must be two numbers, got ${shownValue(options.eps)}`);
    this.checkAtLeastZero("eps[0]", options.eps[0] ?? 0);
    this.checkAtLeastZero("eps[1]", options.eps[1]);
    if (!(options.beta2Decay <= 0)) throw this.error(`beta2Decay must be <= 0, got ${options.beta2Decay}`);
    if (!(options.d >= 1)) throw this.error(`d must be >= 1, got ${options.d}`);
  }

  protected newTensors(param: Tensor): Record<string, Tensor> {
    const { shape, dtype } = param;
    if (shape.length < 2) return { variance: zerosLike(param) };
    const [rows = 1, columns = 1] = shape.slice(-2);
    const outer = shape.slice(0, -2);
    return { rowVar: zeros([...outer, rows, 1], { dtype }), colVar: zeros([...outer, 1, columns], { dtype }) };
  }

  protected update(group: ParamGroup<AdafactorOptions>, updates: readonly Update[]): void {
    const { d, weightDecay, eps } = constants(group, ["beta2Decay"]);
    const numbers = new StepNumbers();
    for (const update of updates) {
      const { param, grad } = update;
      const eps1 = eps[0] ?? (param.dtype === "float64" ? 2 ** -52 : 2 ** -23);
      const size = Math.sqrt(param.numel());
      const decay = () => numbers.of("decay", update, () => 1 - group.lr * group.weightDecay);
      const share = numbers.of("1 - β₂", update, (t) => t ** group.beta2Decay);
      const rate = numbers.of("rate", update, (t) => -Math.min(group.lr, 1 / Math.sqrt(t)));
      const scale = param.norm().div(size).clamp({ min: eps[1] });
      const variance = secondMoment(update, share, eps1);
      // The root is taken after, so the square keeps eps1's magnitude.
      const direction = variance
        .clamp({ min: eps1 * eps1 })
        .rsqrt()
        .mul(grad);
      const excess = direction
        .norm()
        .div(size * d)
        .clamp({ min: 1 });
      const theta = weightDecay === 0 ? param : param.mul(decay());
      param.copy_(theta.add(direction.mul(scale.mul(rate).div(excess))));
    }
  }
}

/** Moves the running second moment towards the gradient's squares; its estimate for every element. */
function secondMoment({ grad, state }: Update, share: Tensor, eps1: number): Tensor {
  const towards = (average: Tensor, value: Tensor) => {
    const next = average.add(value.sub(average).mul(share));
    average.copy_(next);
    return next;
  };
  const squares = grad.mul(grad);
  const { variance, rowVar, colVar } = state.tensors as Record<string, Tensor | undefined>;
  if (!rowVar || !colVar) return towards(variance as Tensor, squares);
  const row = towards(rowVar, squares.mean(-1, { keepdim: true })); // [..., R, 1]
  const column = towards(colVar, squares.mean(-2, { keepdim: true })); // [..., 1, C]
  return row.mul(column).div(row.mean(-2, { keepdim: true }).clamp({ min: eps1 }));
}
