// Muon: steps along the orthogonalised momentum of matrices.
import { checkOptions, chosen, kindsOf, type Spelled } from "../base/index.js";
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

/** How the rate follows the shape of a matrix; see `MuonOptions.adjustLrFn`. */
export type MuonAdjustment = Spelled<keyof typeof adjustments>;

/** Options of `Muon`. */
export interface MuonOptions extends BaseOptions {
  /** Decay of the weights themselves, in parts of the rate. */
  weightDecay: number;
  /** Decay of the running average of gradients. */
  momentum: number;
  /** Look ahead along the momentum. */
  nesterov: boolean;
  /** Of the quintic iteration. */
  nsCoefficients: readonly [number, number, number];
  /** Least norm to divide by. */
  eps: number;
  /** Iterations. */
  nsSteps: number;
  /**
   * How the rate follows the shape [A, B]: "original" √max(1, A/B), "matchRmsAdamw" 0.2 √max(A, B) (rates tuned for AdamW
   * fit), "spectralUnclamped" √(A/B).
   */
  adjustLrFn: MuonAdjustment;
}

const muonDefaults: MuonOptions = {
  lr: 0.001,
  weightDecay: 0.1,
  momentum: 0.95,
  nesterov: true,
  nsCoefficients: [3.4445, -4.775, 2.0315],
  eps: 1e-7,
  nsSteps: 5,
  adjustLrFn: "original",
  maximize: false,
};

const adjustments = {
  original: (a: number, b: number) => Math.sqrt(Math.max(1, a / b)),
  matchRmsAdamw: (a: number, b: number) => 0.2 * Math.sqrt(Math.max(a, b)),
  spectralUnclamped: (a: number, b: number) => Math.sqrt(a / b),
};

function adjustmentOf({ adjustLrFn }: Readonly<MuonOptions>): (a: number, b: number) => number {
  const names = Object.keys(adjustments) as (keyof typeof adjustments)[];
  return adjustments[chosen("Muon", "adjustLrFn", adjustLrFn, names)];
}

/**
 * Replaces the momentum of a weight matrix by its nearest (semi-)orthogonal matrix, so that all directions learn at one rate.
 * For the matrices inside a network; embeddings, the head, biases and norms take another optimizer, such as AdamW.
 *
 * m ← m + (1 - μ)(g - m);  u = g + μ (m - g) if nesterov else m;  θ ← θ (1 - lr λ) - lr · adjust(A, B) · NewtonSchulz(u)
 *
 * Source: Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024,
 * https://kellerjordan.github.io/posts/muon/; rates: Liu et al., 2025, arXiv:2502.16982.
 * Differs from PyTorch in precision: the iteration runs in the parameter's dtype, PyTorch's in bfloat16.
 * State: `momentumBuffer`, of the parameter's shape.
 * @param options - `lr` (0.001), `weightDecay` λ (0.1), `momentum` μ (0.95), `nesterov` (true), `nsCoefficients`
 * ([3.4445, -4.775, 2.0315]), `eps` (1e-7), `nsSteps` (5), `adjustLrFn` ("original"), `maximize` (false).
 * @throws ArgumentError if `lr`, `weightDecay` or `momentum` is negative, `nsSteps` is no integer from 0 to 99, `adjustLrFn` is unknown,
 * a parameter is no matrix, or the parameters are none, no leaves, or given twice.
 * @example new optim.Muon(model.parameters().filter((p) => p.ndim === 2), { lr: 0.02 })
 */
export class Muon extends Optimizer<MuonOptions> {
  constructor(params: ParamsInput<MuonOptions>, options: Partial<MuonOptions> = {}, ...surplus: []) {
    checkOptions("Muon", options, kindsOf(muonDefaults));
    super(params, withDefaults(muonDefaults, options), ...surplus);
  }

  protected override checkGroup(options: Readonly<MuonOptions>): void {
    super.checkGroup(options);
    this.checkAtLeastZero("weightDecay", options.weightDecay);
    this.checkAtLeastZero("momentum", options.momentum);
    if (!Number.isInteger(options.nsSteps) || options.nsSteps < 0 || options.nsSteps >= 100) {
      throw this.error(`nsSteps must be an integer in [0, 100), got ${options.nsSteps}`);
    }
    adjustmentOf(options);
  }

  protected newTensors(param: Tensor): Record<string, Tensor> {
    if (param.shape.length !== 2) {
      throw this.error(
        `takes matrices only, got a parameter of shape [${param.shape.join(", ")}]; give it to another optimizer, such as AdamW`,
      );
    }
    return { momentumBuffer: zerosLike(param) };
  }

  protected update(group: ParamGroup<MuonOptions>, updates: readonly Update[]): void {
    const options = constants(group, ["momentum"]);
    const numbers = new StepNumbers();
    for (const update of updates) {
      const { param, grad } = update;
      const buffer = update.state.tensors.momentumBuffer as Tensor;
      const m = buffer.add(grad.sub(buffer).mul(numbers.of("1 - μ", update, () => 1 - group.momentum)));
      const ahead = () => grad.add(m.sub(grad).mul(numbers.of("μ", update, () => group.momentum)));
      const direction = orthogonalize(options.nesterov ? ahead() : m, options);
      const [a = 1, b = 1] = param.shape;
      const factor = adjustmentOf(options)(a, b);
      const theta = param.mul(numbers.of("decay", update, () => 1 - group.lr * group.weightDecay));
      const rate = numbers.of(`rate ${factor}`, update, () => -group.lr * factor);
      param.copy_(theta.add(direction.mul(rate)));
      buffer.copy_(m);
    }
  }
}

/** Newton–Schulz: drives all singular values of `x` towards 1 by X ← aX + (bA + cA²)X with A = XXᵀ. */
function orthogonalize(x: Tensor, { nsCoefficients: [a, b, c], nsSteps, eps }: Readonly<MuonOptions>): Tensor {
  const [rows = 1, columns = 1] = x.shape;
  const isTall = rows > columns;
  let y = isTall ? x.t() : x;
  y = y.div(y.norm().clamp({ min: eps }));
  for (let i = 0; i < nsSteps; i++) {
    const gram = y.matmul(y.t());
    y = y.mul(a).add(gram.mul(b).add(gram.matmul(gram).mul(c)).matmul(y));
  }
  return isTall ? y.t() : y;
}
