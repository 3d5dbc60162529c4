// softmax, logSoftmax and logsumexp: stable for any finite input, with the gradients in their short form.
import { largestFinite, normalizeDim } from "../base/index.js";
import { attr, type Node } from "../graph/index.js";
import { apply } from "./apply.js";
import { clamp } from "./clamp.js";
import { constantLike, dimList, keepDims, keptShape, toFloat } from "./composing.js";
import { defineComposite } from "./composite.js";
import { add, div, eq, exp, log, mul, sub, where } from "./elementwise.js";
import { expand, reshape } from "./movement.js";
import { amax, sum } from "./reductions.js";

function rowSum(x: Node, dims: readonly number[]): Node {
  return keepDims(sum(x, dims), x.shape, dims);
}

// y = e / Σe with e = exp(x - max); the gradient is y (g - Σ g y), which reads the result alone.
const softmaxPrimitive = defineComposite("softmax", {
  compose([x], attrs) {
    const dims = [attrs.dim as number];
    const input = x as Node;
    const e = exp(sub(input, keepDims(amax(input, dims), input.shape, dims)));
    // One quotient a row: a processor does a product of vectors in the time of a sixteenth of a quotient.
    const total = rowSum(e, dims);
    return mul(e, div(constantLike(total, 1), total));
  },
  vjp(y, grad) {
    const dims = [attr<number>(y, "dim")];
    return [mul(y, sub(grad, rowSum(mul(grad, y), dims)))];
  },
  saves: { inputs: [], output: true },
});

// As softmax of what `mask` shows, and 0 elsewhere. All of it says so, sums and gradient too: loops can leave the rest out.
const maskedSoftmaxPrimitive = defineComposite("maskedSoftmax", {
  compose([x, mask], attrs) {
    const dims = [attrs.dim as number];
    const [input, shown] = [x as Node, mask as Node];
    const zero = constantLike(input, 0);
    const hidden = constantLike(input, Number.NEGATIVE_INFINITY);
    const max = keepDims(amax(where(shown, input, hidden), dims), input.shape, dims);
    const e = exp(where(shown, sub(input, max), hidden));
    const total = rowSum(e, dims);
    return where(shown, mul(e, div(constantLike(total, 1), total)), zero);
  },
  vjp(y, grad) {
    const shown = y.inputs[1] as Node;
    const zero = constantLike(y, 0);
    const mean = rowSum(where(shown, mul(grad, y), zero), [attr<number>(y, "dim")]);
    return [where(shown, mul(y, sub(grad, mean)), zero), null];
  },
  saves: { inputs: [1], output: true },
});

// y = (x - max) - log Σ exp(x - max); the gradient is g - exp(y) Σ g.
const logSoftmaxPrimitive = defineComposite("logSoftmax", {
  compose([x], attrs) {
    const dims = [attrs.dim as number];
    const input = x as Node;
    const shifted = sub(input, keepDims(amax(input, dims), input.shape, dims));
    return sub(shifted, log(rowSum(exp(shifted), dims)));
  },
  vjp(y, grad) {
    const dims = [attr<number>(y, "dim")];
    return [sub(grad, mul(exp(y), rowSum(grad, dims)))];
  },
  saves: { inputs: [], output: true },
});

/** The row maximum, finite even for rows of -Infinity (whose terms then are exp(-Infinity) = 0) or with +Infinity. */
function finiteMax(x: Node, dims: readonly number[]): Node {
  const limit = largestFinite(x.dtype);
  return keepDims(clamp(amax(x, dims), -limit, limit), x.shape, dims);
}

// log Σ exp(x - m) + m; the gradient is g exp(x - y), NaN for a row of -Infinity as in PyTorch.
const logsumexpPrimitive = defineComposite("logsumexp", {
  infer([x], attrs) {
    const { shape, dtype } = x as Node;
    const dims = attrs.dims as readonly number[];
    return { shape: shape.filter((_, d) => !dims.includes(d)), dtype };
  },
  compose([x], attrs) {
    const input = x as Node;
    const dims = attrs.dims as readonly number[];
    const max = finiteMax(input, dims);
    const total = log(sum(exp(sub(input, max)), dims));
    return add(total, reshape(max, total.shape));
  },
  vjp(y, grad) {
    const x = y.inputs[0] as Node;
    const dims = attr<readonly number[]>(y, "dims");
    return [mul(keepDims(grad, x.shape, dims), exp(sub(x, keepDims(y, x.shape, dims))))];
  },
  saves: { inputs: [0], output: true },
});

/** Applies a function of rows; 0-d and empty inputs have no rows to speak of. */
function overRows(op: string, x: Node, dim: number, rows: (x: Node, dim: number) => Node): Node {
  const d = normalizeDim(op, dim, x.shape.length);
  if (x.shape.length === 0) return reshape(rows(reshape(x, [1]), 0), []);
  return x.size === 0 ? x : rows(x, d);
}

/** exp(x) / Σ exp(x) along `dim`; a row of -Infinity gives NaN, as in PyTorch. */
export function softmax(x: Node, dim: number): Node {
  return overRows("softmax", toFloat(x), dim, (input, d) => apply(softmaxPrimitive, [input], { dim: d }));
}

/** softmax along `dim` of what the bool `mask` (of the shape of `x`, or broadcast to it) shows; 0 elsewhere, and in rows that it hides. */
export function maskedSoftmax(x: Node, mask: Node, dim: number): Node {
  const input = toFloat(x);
  if (input.size === 0) return input;
  const shown = expand(mask, input.shape);
  return apply(maskedSoftmaxPrimitive, [input, shown], { dim: normalizeDim("softmax", dim, input.shape.length) });
}

/** softmax(-x) along `dim`. */
export function softmin(x: Node, dim: number): Node {
  return softmax(mul(x, constantLike(x, -1)), dim);
}

/** log(softmax(x)) along `dim`, without the cancellation of taking the log afterwards. */
export function logSoftmax(x: Node, dim: number): Node {
  return overRows("logSoftmax", toFloat(x), dim, (input, d) => apply(logSoftmaxPrimitive, [input], { dim: d }));
}

/** log Σ exp(x) along dims (all by default); rows of -Infinity, and empty rows, give -Infinity. */
export function logsumexp(x: Node, dim: number | readonly number[] | null = null, keepdim = false): Node {
  const input = toFloat(x);
  const dims = dimList("logsumexp", dim, input.shape.length);
  if (dims.length === 0) return input;
  const isEmpty = dims.some((d) => input.shape[d] === 0);
  const reduced = isEmpty ? log(sum(exp(input), dims)) : apply(logsumexpPrimitive, [input], { dims });
  return keepdim ? keepDims(reduced, input.shape, dims) : reduced;
}

/** softmax where a row of -Infinity (every key masked) gives zeros instead of NaN; for attention. */
export function safeSoftmax(x: Node, dim: number): Node {
  const input = toFloat(x);
  const d = normalizeDim("softmax", dim, input.shape.length);
  if (input.size === 0) return input;
  const dims = [d];
  const isMasked = eq(amax(input, dims), constantLike(input, Number.NEGATIVE_INFINITY));
  const masked = expand(reshape(isMasked, keptShape(input.shape, dims)), input.shape);
  const zero = constantLike(input, 0);
  return where(masked, zero, softmax(where(masked, zero, input), d));
}
