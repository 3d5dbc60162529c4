// Connectionist temporal classification.
import { ArgumentError, checkArray, checkOptions, formatShape, noMore, ShapeError } from "../../base/index.js";
import * as ops from "../../ops/index.js";
import { nodeOf } from "../args.js";
import { arange, full, tensor } from "../creation.js";
import { isTensor, type Tensor, wrap } from "../tensor.js";
import { where } from "./arithmetic.js";
import { cat, pad, stack } from "./arrange.js";
import { composed } from "./composed.js";
import type { Reduction } from "./loss.js";

export interface CtcLossOptions {
  /** Index of the blank label; default 0. */
  readonly blank?: number;
  /** "mean" (default) divides each loss by its target's length first. */
  readonly reduction?: Reduction;
  /** Targets too long for their inputs cost 0 in place of Infinity; default false. */
  readonly zeroInfinity?: boolean;
}

type Lengths = readonly number[] | Tensor;

/** log 0 in sums of probabilities: far below any, but finite, so that differences of two are no NaN. */
const NEVER = -1e30;

/**
 * -log of the probability that a network's labels, with repetitions and blanks removed, are the target: the sum over all
 * alignments, by the forward algorithm.
 *
 * Shapes: input (log-probabilities) `[T, N, C]` (`[T, C]` for one sequence), targets `[N, S]` padded, or `[Σ lengths]` one after the other with
 * `targetLengths` as numbers, or `[S]`; inputLengths and targetLengths `[N]` → `[]`, or `[N]` (`[]`) with `reduction: "none"`. Each T is a
 * program of its own.
 * The gradient is PyTorch's, which takes the input to come from logSoftmax: e^input - (share of the alignments that pass there). Behind
 * logSoftmax it is the derivative; by other inputs the derivative is without e^input, so `gradcheck` fails by them, as in PyTorch.
 * Source: Graves et al., "Connectionist Temporal Classification", ICML 2006, section 4.1.
 * @throws ShapeError for shapes that do not fit.
 * @throws ArgumentError for lengths that do not fit, and if `reduction` is another name.
 * @throws DTypeError if the input is no float tensor, or the targets no integer tensor.
 * @example ctcLoss(scores.logSoftmax(2), transcripts, [50, 43], [10, 8])
 */
export function ctcLoss(
  input: Tensor,
  targets: Tensor,
  inputLengths: Lengths,
  targetLengths: Lengths,
  options: CtcLossOptions = {},
  ...surplus: []
): Tensor {
  const op = "ctcLoss";
  noMore(op, surplus);
  checkOptions(op, options, ["blank", "reduction", "zeroInfinity"]);
  const logProbs = wrap(nodeOf(op, "logProbs", input));
  nodeOf(op, "targets", targets);
  const { blank = 0, reduction = "mean", zeroInfinity = false } = options;
  if (!["none", "mean", "sum"].includes(reduction)) {
    throw new ArgumentError(`${op}: reduction must be "none", "mean" or "sum", got ${JSON.stringify(reduction)}`, {
      op,
    });
  }
  const rank = logProbs.shape.length;
  if (rank !== 2 && rank !== 3) {
    throw new ShapeError(`${op}: logProbs must be [T, N, C] or [T, C], got shape ${formatShape(logProbs.shape)}`, {
      op,
      shapes: [logProbs.shape],
    });
  }
  const classes = logProbs.size(-1);
  if (!Number.isInteger(blank) || blank < 0 || blank >= classes) {
    throw new ArgumentError(`${op}: blank must be one of the ${classes} classes, got ${blank}`, { op });
  }
  return composed(op, () => {
    const isSingle = rank === 2;
    const x = isSingle ? logProbs.unsqueeze(1) : logProbs;
    const batch = x.size(1);
    const lengths = lengthsOf("inputLengths", inputLengths, batch, x.size(0));
    const counts = lengthsOf("targetLengths", targetLengths, batch, Number.MAX_SAFE_INTEGER);
    const labels = padded(targets, targetLengths, batch, isSingle);
    const each = negativeLogLikelihood(x, labels, lengths, counts, blank);
    const loss = zeroInfinity ? where(each.isinf(), 0, each) : each;
    if (reduction === "none") return isSingle ? loss.squeeze(0) : loss;
    if (reduction === "sum") return loss.sum();
    return loss.div(counts.clamp({ min: 1 }).to(loss.dtype)).mean();
  });
}

function lengthsOf(name: string, lengths: Lengths, batch: number, most: number): Tensor {
  if (isTensor(lengths)) {
    const range = `integers from 0${most < Number.MAX_SAFE_INTEGER ? ` to ${most}` : ""}`;
    const error = (value: number) =>
      new ArgumentError(`ctcLoss: ${name} must be ${range}, got ${value}`, { op: "ctcLoss" });
    ops.testHost(nodeOf("ctcLoss", name, lengths), { input: 0, low: 0, high: most, error });
    return lengths.reshape([-1]);
  }
  checkArray("ctcLoss", name, lengths);
  if (lengths.length === batch && lengths.every((n) => Number.isInteger(n) && n >= 0 && n <= most)) {
    return tensor(Int32Array.from(lengths));
  }
  throw new ArgumentError(
    `ctcLoss: ${name} must be ${batch} integers from 0${most < Number.MAX_SAFE_INTEGER ? ` to ${most}` : ""}, got [${lengths.join(", ")}]`,
    { op: "ctcLoss" },
  );
}

/** Targets as `[N, S]`. */
function padded(targets: Tensor, lengths: Lengths, batch: number, isSingle: boolean): Tensor {
  if (targets.shape.length === 2) return targets;
  if (isSingle && targets.shape.length === 1) return targets.unsqueeze(0);
  const sizes = isTensor(lengths) ? Array.from(lengths.toTypedArray(), Number) : lengths;
  const total = sizes.reduce((sum, n) => sum + n, 0);
  if (targets.shape.length !== 1 || targets.size(0) !== total) {
    throw new ShapeError(
      `ctcLoss: targets must be [${batch}, S] or [${total}], the sum of targetLengths, got shape ${formatShape(targets.shape)}`,
      { op: "ctcLoss", shapes: [targets.shape] },
    );
  }
  const longest = Math.max(...sizes, 1);
  let start = 0;
  const places = sizes.flatMap((size) => {
    const row = Array.from({ length: longest }, (_, i) =>
      Math.min(start + Math.min(i, Math.max(size - 1, 0)), total - 1),
    );
    start += size;
    return row;
  });
  return targets.indexSelect(0, tensor(Int32Array.from(places))).reshape([batch, longest]);
}

function negativeLogLikelihood(x: Tensor, labels: Tensor, lengths: Tensor, counts: Tensor, blank: number): Tensor {
  const [steps, batch] = x.shape;
  const size = labels.size(1);
  const types = { dtype: labels.dtype };
  // Blanks around and between the labels: [N, 2S + 1].
  const pairs = stack([full([batch, size], blank, types), labels], 2).reshape([batch, 2 * size]);
  const extended = cat([pairs, full([batch, 1], blank, types)], 1);
  const width = 2 * size + 1;
  const emitted = x.gather(2, extended.unsqueeze(0).expand([steps, batch, width])); // [T, N, 2S + 1]
  const before = pad(extended.narrow(1, 0, Math.max(width - 2, 0)), [Math.min(2, width), 0], { value: blank });
  // A label may follow the one before at once, without blank, unless they are equal.
  const skips = extended.ne(blank).logicalAnd(extended.ne(before));
  const position = arange(width).unsqueeze(0);
  const starts = position.le(1).logicalAnd(position.le(counts.unsqueeze(1).mul(2)));
  let alpha = where(starts, emitted.select(0, 0), NEVER);
  for (let t = 1; t < steps; t++) {
    const shifted = (by: number) => pad(alpha.narrow(1, 0, width - by), [by, 0], { value: NEVER });
    const paths = width < 2 ? [alpha] : [alpha, shifted(1)];
    if (width > 2) paths.push(where(skips, shifted(2), NEVER));
    const next = stack(paths).logsumexp(0).add(emitted.select(0, t));
    alpha = where(lengths.gt(t).unsqueeze(1), next, alpha);
  }
  const last = counts.unsqueeze(1).mul(2).to("int64"); // [N, 1]
  const ends = alpha.gather(1, last);
  const labelEnds = where(counts.unsqueeze(1).gt(0), alpha.gather(1, last.sub(1).clamp({ min: 0 })), NEVER);
  const likelihood = cat([ends, labelEnds], 1).logsumexp(1);
  const loss = where(likelihood.lt(NEVER / 2), Number.POSITIVE_INFINITY, likelihood.neg());
  return loss.add(softmaxTerm(x, lengths));
}

/** Zero, with the gradient exp(logProbs) within the lengths: the part that PyTorch's gradient has from logSoftmax. */
function softmaxTerm(x: Tensor, lengths: Tensor): Tensor {
  const inside = arange(x.size(0)).unsqueeze(1).lt(lengths.unsqueeze(0)).unsqueeze(2); // [T, N, 1]
  const p = where(inside, x.exp(), 0);
  return p.sub(p.detach()).sum([0, 2]);
}
