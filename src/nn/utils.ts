// PyTorch's nn.utils: gradient clipping, and what the files beside it have.
import { ArgumentError, checkOptions, NumericError, noMore } from "../base/index.js";
import { cat, checkTensor, noGrad, stack, Tensor, zeros } from "../tensor/index.js";

export { fuseConvBnEval, fuseConvBnWeights, fuseLinearBnEval, fuseLinearBnWeights } from "./fusion.js";
export { type OrthogonalMap, type OrthogonalOptions, orthogonal } from "./orthogonal.js";
export { spectralNorm, weightNorm } from "./parametrizations.js";
export {
  isParametrized,
  type Parametrization,
  registerParametrization,
  removeParametrizations,
} from "./parametrize.js";
export { padSequence, unpadSequence } from "./sequences.js";

type Parameters = Tensor | Iterable<Tensor>;

/** Options of `clipGradNorm_`. */
export interface ClipGradNormOptions {
  /** Which norm; Infinity takes the largest magnitude. Default 2. */
  readonly normType?: number;
  /** Throw if the norm is NaN or infinite, which reads it; default false. */
  readonly errorIfNonfinite?: boolean;
}

function listOf(op: string, parameters: Parameters): Tensor[] {
  if (parameters instanceof Tensor) return [parameters];
  const isList = typeof parameters === "object" && parameters !== null && Symbol.iterator in parameters;
  const list = isList ? [...parameters] : null;
  if (list?.every((x) => x instanceof Tensor)) return list;
  throw new ArgumentError(`${op}: takes a tensor or an array of tensors, as model.parameters() gives`, { op });
}

function gradsOf(op: string, parameters: Parameters): Tensor[] {
  const list = listOf(op, parameters);
  return list.flatMap(({ grad }) => (grad === null ? [] : [grad]));
}

/**
 * The norm of all tensors as if they were one vector; 0 of none. Shapes: any → `[]`.
 * @param options - `normType` (default 2): which norm; Infinity takes the largest magnitude.
 * @throws ArgumentError if they are no tensors, as when a model is passed.
 * @throws DTypeError if a tensor is no float one.
 * @example nn.utils.getTotalNorm([tensor([3]), tensor([4])]).item() // 5
 */
export function getTotalNorm(
  tensors: readonly Tensor[],
  options: { readonly normType?: number } = {},
  ...surplus: []
): Tensor {
  noMore("getTotalNorm", surplus);
  checkOptions("getTotalNorm", options, ["normType"]);
  const { normType = 2 } = options;
  const list = listOf("getTotalNorm", tensors);
  if (list.length === 0) return zeros([]);
  return stack(list.map((t) => t.norm({ p: normType }))).norm({ p: normType });
}

/**
 * Scales the gradients in place by min(1, maxNorm / (norm + 1e-6)), so that their common norm is at most `maxNorm`; returns the norm from
 * before.
 *
 * Shapes: parameters of any shape, those without gradient do not count → `[]`. Everything stays lazy, so it costs no extra program.
 * @throws NumericError with `errorIfNonfinite` if the norm is NaN or infinite.
 * @throws ArgumentError if the parameters are no tensors, as when a model is passed.
 * @example nn.utils.clipGradNorm_(model.parameters(), 1.0)
 */
export function clipGradNorm_(
  parameters: Parameters,
  maxNorm: number,
  options: ClipGradNormOptions = {},
  ...surplus: []
): Tensor {
  noMore("clipGradNorm_", surplus);
  checkOptions("clipGradNorm_", options, ["normType", "errorIfNonfinite"]);
  const grads = gradsOf("clipGradNorm_", parameters);
  return noGrad(() => {
    const total = getTotalNorm(grads, { normType: options.normType ?? 2 });
    if (options.errorIfNonfinite && !Number.isFinite(total.item())) {
      throw new NumericError(`clipGradNorm_: the norm of the gradients is ${total.item()}, so they cannot be clipped`, {
        op: "clipGradNorm_",
      });
    }
    const factor = total.add(1e-6).reciprocal().mul(maxNorm).clamp({ max: 1 });
    for (const grad of grads) grad.mul_(factor);
    return total;
  });
}

/**
 * Scales the gradients in place by min(1, maxNorm / (totalNorm + 1e-6)), with a norm from getTotalNorm.
 *
 * Shapes: parameters of any shape, those without gradient do not count; `totalNorm` `[]`.
 * @throws ArgumentError if the parameters are no tensors, as when a model is passed.
 */
export function clipGradsWithNorm_(parameters: Parameters, maxNorm: number, totalNorm: Tensor, ...surplus: []): void {
  noMore("clipGradsWithNorm_", surplus);
  checkTensor("clipGradsWithNorm_", "totalNorm", totalNorm);
  const grads = gradsOf("clipGradsWithNorm_", parameters);
  noGrad(() => {
    const factor = totalNorm.add(1e-6).reciprocal().mul(maxNorm).clamp({ max: 1 });
    for (const grad of grads) grad.mul_(factor);
  });
}

/**
 * Limits every element of the gradients to ±`clipValue`, in place. Shapes: parameters of any shape, those without gradient do not count.
 * @throws ArgumentError if `clipValue` is negative, or the parameters are no tensors, as when a model is passed.
 * @example nn.utils.clipGradValue_(model.parameters(), 0.5)
 */
export function clipGradValue_(parameters: Parameters, clipValue: number, ...surplus: []): void {
  noMore("clipGradValue_", surplus);
  if (!(clipValue >= 0)) {
    throw new ArgumentError(`clipGradValue_: clipValue must be >= 0, got ${clipValue}`, { op: "clipGradValue_" });
  }
  const grads = gradsOf("clipGradValue_", parameters);
  noGrad(() => {
    for (const grad of grads) grad.clamp_(-clipValue, clipValue);
  });
}

/**
 * All parameters, one after the other, as one vector; gradients flow through it. Shapes: any → `[total number of elements]`.
 * @throws ArgumentError if there are no parameters.
 * @example nn.utils.parametersToVector(new nn.Linear(10, 2).parameters()).shape // [22]
 */
export function parametersToVector(parameters: Iterable<Tensor>, ...surplus: []): Tensor {
  noMore("parametersToVector", surplus);
  const parts = listOf("parametersToVector", parameters).map((parameter) => parameter.reshape([-1]));
  if (parts.length > 0) return cat(parts);
  throw new ArgumentError("parametersToVector: got no parameters", { op: "parametersToVector" });
}

/**
 * Copies parts of a vector into the parameters, the inverse of parametersToVector. Shapes: vector `[total number of elements]`, parameters
 * of any shape.
 * @throws ArgumentError if the vector has not as many elements as the parameters.
 */
export function vectorToParameters(vector: Tensor, parameters: Iterable<Tensor>, ...surplus: []): void {
  noMore("vectorToParameters", surplus);
  checkTensor("vectorToParameters", "vector", vector);
  const list = listOf("vectorToParameters", parameters);
  const size = list.reduce((sum, parameter) => sum + parameter.numel(), 0);
  if (vector.shape.length !== 1 || vector.numel() !== size) {
    throw new ArgumentError(
      `vectorToParameters: the vector must have shape [${size}], as many elements as the parameters, got [${vector.shape.join(", ")}]`,
      { op: "vectorToParameters" },
    );
  }
  let at = 0;
  noGrad(() => {
    for (const parameter of list) {
      parameter.copy_(vector.narrow(0, at, parameter.numel()).reshape(parameter.shape));
      at += parameter.numel();
    }
  });
}
