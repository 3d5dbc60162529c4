// Mixed precision: inside `autocast`, functions take their float operands in the dtype that suits them. The lists are PyTorch's
// for the CPU (aten/src/ATen/autocast_mode.h, AT_FORALL_LOWER_PRECISION_FP and AT_FORALL_FP32 of the CPU backend).
import {
  ArgumentError,
  checkOptions,
  type HalfType,
  isFloat,
  isHalf,
  noMore,
  type ScopeHandle,
  scope,
  scopeValues,
} from "../base/index.js";
import type { Node } from "../graph/index.js";
import { cast } from "../ops/index.js";

/** Products of many terms: fast in a half dtype, and summed in float32. */
const lowered: ReadonlySet<string> = new Set([
  ...["matmul", "mm", "bmm", "linear", "addmm", "addbmm", "baddbmm", "einsum", "inner", "tensordot", "chainMatmul"],
  ...["multiDot", "matrixPower", "conv1d", "conv2d", "conv3d", "convTranspose1d", "convTranspose2d", "convTranspose3d"],
  ...["scaledDotProductAttention", "prelu"],
]);

/** What needs the digits of float32: losses, decompositions, long products, sampling positions. */
const raised: ReadonlySet<string> = new Set([
  ...[
    "avgPool3d",
    "adaptiveAvgPool3d",
    "adaptiveMaxPool3d",
    "adaptiveMaxPool3dWithIndices",
    "lpPool3d",
    "maxUnpool1d",
    "maxUnpool2d",
    "maxUnpool3d",
    "gridSample",
    "prod",
    "quantile",
    "nanquantile",
    "cdist",
  ],
  ...["trace", "ctcLoss", "klDiv", "mseLoss", "l1Loss", "smoothL1Loss", "huberLoss", "nllLoss", "crossEntropy"],
  ...["binaryCrossEntropy", "binaryCrossEntropyWithLogits", "cosineEmbeddingLoss", "poissonNllLoss", "softMarginLoss"],
  ...["hingeEmbeddingLoss", "tripletMarginLoss", "multiMarginLoss", "marginRankingLoss", "multilabelMarginLoss"],
  ...["inv", "solve", "solveTriangular", "det", "slogdet", "logdet", "cholesky", "eigh", "eigvalsh", "pdist"],
]);

/** Options of `autocast`. */
export interface AutocastOptions {
  /** The half dtype of products. Default bfloat16, as PyTorch's on the CPU. */
  readonly dtype?: HalfType;
  /** Where the functions inside compute; there is one device. */
  readonly device?: "cpu";
  /** With false the functions inside take what they are given. */
  readonly enabled?: boolean;
}

/**
 * Matrix products, convolutions and attention inside compute on operands in a half dtype, losses and decompositions on float32;
 * the other functions take what they are given. float64 and integers stay. Parameters keep their dtype and get their gradients in
 * it; a weight used twice in a step is converted once. Run backward() outside.
 *
 * Forms: `autocast(fn)`, `autocast({ dtype: "float16" }, fn)`, `using _ = autocast()`. A callback that returns a promise keeps the
 * mode until it settles.
 * @throws ArgumentError if `dtype` is no half dtype.
 * @example const loss = autocast(() => criterion(model(images), labels))
 */
export function autocast<R>(fn: () => R): R;
export function autocast<R>(options: AutocastOptions, fn: () => R): R;
export function autocast(options?: AutocastOptions): ScopeHandle;
export function autocast<R>(first?: AutocastOptions | (() => R), second?: () => R, ...surplus: []): R | ScopeHandle {
  noMore("autocast", surplus);
  const [options, fn] = typeof first === "function" ? [{}, first] : [first ?? {}, second];
  checkOptions("autocast", options, ["dtype", "device", "enabled"]);
  const { dtype = "bfloat16", device = "cpu", enabled = true } = options;
  if (!isHalf(dtype)) {
    throw new ArgumentError(`autocast: dtype must be "float16" or "bfloat16", got ${JSON.stringify(dtype)}`, {
      op: "autocast",
    });
  }
  if (device !== "cpu") {
    throw new ArgumentError(`autocast: device must be "cpu", got ${JSON.stringify(device)}`, { op: "autocast" });
  }
  return scope({ autocast: enabled ? dtype : null }, fn);
}

/** Whether this is inside an enabled `autocast`. */
export function isAutocastEnabled(...surplus: []): boolean {
  noMore("isAutocastEnabled", surplus);
  return scopeValues().autocast !== null;
}

/** The half dtype of the `autocast` around; null outside. */
export function getAutocastDtype(...surplus: []): HalfType | null {
  noMore("getAutocastDtype", surplus);
  return scopeValues().autocast;
}

/** An operand of `op` in the dtype that the autocast around, if there is one, wants for it. */
export function autocasted(op: string, x: Node): Node {
  const { autocast: half } = scopeValues();
  if (half === null || x.dtype === "float64" || !isFloat(x.dtype)) return x;
  if (lowered.has(op)) return cast(x, half);
  return raised.has(op) ? cast(x, "float32") : x;
}
