// PyTorch's nn.utils: gradient clipping, and what the files beside it have.
import { ArgumentError, checkOptions, NumericError } from "../base/index.js";
import { cat, noGrad, stack, Tensor, zeros } from "../tensor/index.js";

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

function listOf(parameters: Iterable<Tensor>): Tensor[] {
  const isList = typeof parameters === "object" && parameters !== null && Symbol.iterator in parameters;
  const list = isList ? [...parameters] : null;
  if (list?.every((x) => x instanceof Tensor)) return list;
  throw new ArgumentError("utils: takes a tensor or an array of parameters: pass model.parameters()");
}

function gradsOf(parameters: Parameters): Tensor[] {
  const list = parameters instanceof Tensor ? [parameters] : listOf(parameters);
  return list.flatMap(({ grad }) => (grad === null ? [] : [grad]));
}

/** The norm of all gradients as if they were one vector. */
export function getTotalNorm(tensors: readonly Tensor[], options: { readonly normType?: number } = {}): Tensor {
  checkOptions("getTotalNorm", options, ["normType"]);
  const { normType = 2 } = options;
  if (tensors.length === 0) return zeros([]);
  return stack(tensors.map((t) => t.norm({ p: normType }))).norm({ p: normType });
}

/**
 * Scales the gradients in place so that their common norm is at most `maxNorm`; returns the norm from before.
 *
 * Everything stays lazy, so it costs no extra program.
 * @example nn.utils.clipGradNorm_(model.parameters(), 1.0)
 */
export function clipGradNorm_(parameters: Parameters, maxNorm: number, options: ClipGradNormOptions = {}): Tensor {
  checkOptions("clipGradNorm_", options, ["normType", "errorIfNonfinite"]);
  const grads = gradsOf(parameters);
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

/** Scales the gradients in place so that `totalNorm`, from getTotalNorm, becomes at most `maxNorm`. */
export function clipGradsWithNorm_(parameters: Parameters, maxNorm: number, totalNorm: Tensor): void {
  noGrad(() => {
    const factor = totalNorm.add(1e-6).reciprocal().mul(maxNorm).clamp({ max: 1 });
    for (const grad of gradsOf(parameters)) grad.mul_(factor);
  });
}

/** Limits every element of the gradients to ±`clipValue`, in place. */
export function clipGradValue_(parameters: Parameters, clipValue: number): void {
  if (!(clipValue >= 0)) {
    throw new ArgumentError(`clipGradValue_: clipValue must be >= 0, got ${clipValue}`, { op: "clipGradValue_" });
  }
  noGrad(() => {
    for (const grad of gradsOf(parameters)) grad.clamp_(-clipValue, clipValue);
  });
}

/** All parameters, one after the other, as one vector; gradients flow through it. */
export function parametersToVector(parameters: Iterable<Tensor>): Tensor {
  const parts = [...parameters].map((parameter) => parameter.reshape([-1]));
  if (parts.length > 0) return cat(parts);
  throw new ArgumentError("parametersToVector: got no parameters", { op: "parametersToVector" });
}

/**
 * Copies parts of a vector into the parameters, the inverse of parametersToVector.
 * @throws ArgumentError unless the vector has as many elements as the parameters.
 */
export function vectorToParameters(vector: Tensor, parameters: Iterable<Tensor>): void {
  const list = [...parameters];
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
