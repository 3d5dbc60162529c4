// Gradient clipping: PyTorch's nn.utils.
import { ArgumentError, checkOptions, NumericError } from "../base/index.js";
import { noGrad, stack, Tensor, zeros } from "../tensor/index.js";

type Parameters = Tensor | Iterable<Tensor>;

export interface ClipGradNormOptions {
  /** Which norm; Infinity takes the largest magnitude. Default 2. */
  readonly normType?: number;
  /** Throw if the norm is NaN or infinite, which reads it; default false. */
  readonly errorIfNonfinite?: boolean;
}

function gradsOf(parameters: Parameters): Tensor[] {
  const list = parameters instanceof Tensor ? [parameters] : [...parameters];
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

/** Limits every element of the gradients to ±`clipValue`, in place. */
export function clipGradValue_(parameters: Parameters, clipValue: number): void {
  if (!(clipValue >= 0)) {
    throw new ArgumentError(`clipGradValue_: clipValue must be >= 0, got ${clipValue}`, { op: "clipGradValue_" });
  }
  noGrad(() => {
    for (const grad of gradsOf(parameters)) grad.clamp_(-clipValue, clipValue);
  });
}
