// Losses of margins: rankings, hinges, triplets.
import { ArgumentError, checkOptions, formatShape, noMore, ShapeError } from "../../base/index.js";
import { nodeOf } from "../args.js";
import { arange } from "../creation.js";
import { checkHostIndices } from "../index-checks.js";
import type { Tensor } from "../tensor.js";
import { logSigmoid } from "./activation.js";
import { where } from "./arithmetic.js";
import { composed } from "./composed.js";
import { pairwiseDistance } from "./distance.js";
import type { Reduction } from "./loss.js";

interface ReductionOption {
  /** Default "mean". */
  readonly reduction?: Reduction;
}

/** Checks the tensors, then computes each element's loss and reduces. */
export function reduced(
  op: string,
  tensors: Readonly<Record<string, Tensor>>,
  options: ReductionOption,
  loss: () => Tensor,
): Tensor {
  for (const [name, value] of Object.entries(tensors)) nodeOf(op, name, value);
  const { reduction = "mean" } = options;
  if (!["none", "mean", "sum"].includes(reduction)) {
    throw new ArgumentError(`${op}: reduction must be "none", "mean" or "sum", got ${JSON.stringify(reduction)}`, {
      op,
    });
  }
  return composed(op, () => {
    const each = loss();
    if (reduction === "none") return each;
    return reduction === "mean" ? each.mean() : each.sum();
  });
}

function shapeProblem(op: string, text: string, ...tensors: Tensor[]): ShapeError {
  const shapes = tensors.map(({ shape }) => shape);
  return new ShapeError(`${op}: ${text} (shapes ${shapes.map(formatShape).join(", ")})`, { op, shapes });
}

const positive = (x: Tensor): Tensor => x.clamp({ min: 0 });

/**
 * max(0, -target · (input1 - input2) + margin): target 1 where input1 should rank higher, -1 where lower.
 *
 * Shapes: three that broadcast → `[]`, or the common shape with `reduction: "none"`.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws DTypeError if one is bool, or for a mean none a float tensor.
 * @throws ArgumentError if `reduction` is another name.
 */
export function marginRankingLoss(
  input1: Tensor,
  input2: Tensor,
  target: Tensor,
  options: ReductionOption & { readonly margin?: number } = {},
  ...surplus: []
): Tensor {
  const op = "marginRankingLoss";
  noMore(op, surplus);
  checkOptions(op, options, ["margin", "reduction"]);
  const { margin = 0 } = options;
  return reduced(op, { input1, input2, target }, options, () =>
    positive(target.neg().mul(input1.sub(input2)).add(margin)),
  );
}

/**
 * input where target is 1, max(0, margin - input) where it is -1. For distances.
 *
 * Shapes: two that broadcast → `[]`, or the common shape with `reduction: "none"`.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws DTypeError if the input is bool, or for a mean no float tensor.
 * @throws ArgumentError if `reduction` is another name.
 */
export function hingeEmbeddingLoss(
  input: Tensor,
  target: Tensor,
  options: ReductionOption & { readonly margin?: number } = {},
  ...surplus: []
): Tensor {
  const op = "hingeEmbeddingLoss";
  noMore(op, surplus);
  checkOptions(op, options, ["margin", "reduction"]);
  const { margin = 1 } = options;
  return reduced(op, { input, target }, options, () => {
    const apart = where(target.ne(1), positive(input.neg().add(margin)), input.mul(0));
    return apart.add(where(target.ne(-1), input, input.mul(0)));
  });
}

/**
 * log(1 + exp(-target · input)), target 1 or -1.
 *
 * Shapes: two that broadcast → `[]`, or the common shape with `reduction: "none"`.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws DTypeError if the target is bool.
 * @throws ArgumentError if `reduction` is another name.
 */
export function softMarginLoss(input: Tensor, target: Tensor, options: ReductionOption = {}, ...surplus: []): Tensor {
  const op = "softMarginLoss";
  noMore(op, surplus);
  checkOptions(op, options, ["reduction"]);
  return reduced(op, { input, target }, options, () => target.neg().mul(input).exp().log1p());
}

/** `[N, C]` and `[N]`, of `[C]` and a 0-d target too. */
function batched(op: string, input: Tensor, target: Tensor, targetRank: number): [Tensor, Tensor] {
  const rank = input.shape.length;
  if (rank !== 1 && rank !== 2) throw shapeProblem(op, "input must be [N, C] or [C]", input, target);
  const isSingle = rank === 1;
  const [x, y] = isSingle ? [input.unsqueeze(0), target.reshape(targetRank === 2 ? [1, -1] : [1])] : [input, target];
  const fits = targetRank === 1 ? y.shape.length === 1 : y.shape.length === 2 && y.shape[1] === x.shape[1];
  if (!fits || y.shape[0] !== x.shape[0]) throw shapeProblem(op, "target does not fit the input", input, target);
  return [x, y];
}

export interface MultiMarginLossOptions extends ReductionOption {
  /** Power, 1 or 2; default 1. */
  readonly p?: 1 | 2;
  /** Default 1. */
  readonly margin?: number;
  /** One factor a class. */
  readonly weight?: Tensor | null;
}

/**
 * Σ_{i ≠ y} max(0, margin - x[y] + x[i])^p / C, times weight[y].
 *
 * Shapes: input `[N, C]` or `[C]`, target `[N]` or `[]` of class indices, weight `[C]` → `[]`, or target's with
 * `reduction: "none"`.
 * @throws ShapeError if the shapes do not fit.
 * @throws IndexError if a class is out of range: at the call where its value is known, else at the read or step that
 * computes it.
 * @throws DTypeError if the input is bool, or the target no integer tensor.
 * @throws ArgumentError unless `p` is 1 or 2, and if `reduction` is another name.
 */
export function multiMarginLoss(
  input: Tensor,
  target: Tensor,
  options: MultiMarginLossOptions = {},
  ...surplus: []
): Tensor {
  const op = "multiMarginLoss";
  noMore(op, surplus);
  checkOptions(op, options, ["p", "margin", "weight", "reduction"]);
  const { p = 1, margin = 1, weight = null } = options;
  if (p !== 1 && p !== 2) throw new ArgumentError(`${op}: p must be 1 or 2, got ${p}`, { op });
  return reduced(op, { input, target }, options, () => {
    const [x, y] = batched(op, input, target, 1);
    const classes = x.shape[1] as number;
    if (weight && (weight.shape.length !== 1 || weight.shape[0] !== classes)) {
      throw new ShapeError(
        `${op}: weight must have one element for each of the ${classes} classes (input ${formatShape(input.shape)}, weight ${formatShape(weight.shape)})`,
        { op, shapes: [input.shape, weight.shape] },
      );
    }
    checkHostIndices(op, "class index", y.node, 0, classes - 1);
    const index = y.unsqueeze(1);
    const excess = positive(x.sub(x.gather(1, index)).add(margin));
    const powered = p === 1 ? excess : excess.square();
    const weighted = weight ? powered.mul(weight.indexSelect(0, y).unsqueeze(1)) : powered;
    const others = arange(classes).ne(index);
    const each = where(others, weighted, weighted.mul(0)).sum(1).div(classes);
    return input.shape.length === 1 ? each.squeeze(0) : each;
  });
}

/**
 * Σ_{j target} Σ_{i no target} max(0, 1 - (x[y_j] - x[i])) / C.
 *
 * Shapes: input `[N, C]` or `[C]`, target of the same shape: class indices, ended by the first -1 → `[]`, or `[N]`
 * (`[]`) with `reduction: "none"`.
 * @throws ShapeError if the shapes do not fit.
 * @throws IndexError if a class is out of range: at the call where its value is known, else at the read or step that
 * computes it.
 * @throws DTypeError if the input is bool.
 * @throws ArgumentError if `reduction` is another name.
 */
export function multilabelMarginLoss(
  input: Tensor,
  target: Tensor,
  options: ReductionOption = {},
  ...surplus: []
): Tensor {
  const op = "multilabelMarginLoss";
  noMore(op, surplus);
  checkOptions(op, options, ["reduction"]);
  return reduced(op, { input, target }, options, () => {
    const [x, y] = batched(op, input, target, 2);
    const classes = x.shape[1] as number;
    checkHostIndices(op, "class index", y.node, -1, classes - 1);
    const isListed = y.ge(0).to("int32").cumprod(1).ne(0); // [N, J]: before the first -1
    const matches = y.unsqueeze(2).eq(arange(classes)).logicalAnd(isListed.unsqueeze(2)); // [N, J, C]
    const isTarget = matches.any(1); // [N, C]
    const listed = x.gather(1, y.clamp({ min: 0 }).to("int64")); // [N, J]
    const excess = positive(x.unsqueeze(1).sub(listed.unsqueeze(2)).add(1)); // [N, J, C]
    const counts = isListed.unsqueeze(2).logicalAnd(isTarget.logicalNot().unsqueeze(1));
    const each = where(counts, excess, excess.mul(0)).sum([1, 2]).div(classes);
    return input.shape.length === 1 ? each.squeeze(0) : each;
  });
}

/**
 * Mean over classes of the binary cross-entropy of sigmoid(input) with targets 0 or 1.
 *
 * Shapes: input and target `[N, C]` or `[C]`, weight that broadcasts → `[]`, or `[N]` (`[]`) with `reduction: "none"`.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws DTypeError if the input is no float tensor, or the target bool.
 * @throws ArgumentError if `reduction` is another name.
 */
export function multilabelSoftMarginLoss(
  input: Tensor,
  target: Tensor,
  options: ReductionOption & { readonly weight?: Tensor | null } = {},
  ...surplus: []
): Tensor {
  const op = "multilabelSoftMarginLoss";
  noMore(op, surplus);
  checkOptions(op, options, ["weight", "reduction"]);
  const { weight = null } = options;
  return reduced(op, { input, target }, options, () => {
    const yes = target.mul(logSigmoid(input));
    const loss = yes.add(target.neg().add(1).mul(logSigmoid(input.neg()))).neg();
    return (weight ? loss.mul(weight) : loss).mean(-1);
  });
}

/** Added to squared norms, so that zero vectors have a finite gradient: PyTorch's constant. */
const LEAST_SQUARE = 1e-12;

/**
 * 1 - cos(x1, x2) where target is 1, max(0, cos(x1, x2) - margin) where it is -1.
 *
 * Shapes: inputs `[N, D]` or `[D]`, target `[N]` or `[]` → `[]`, or target's with `reduction: "none"`.
 * @throws ShapeError unless the target has one dim fewer than the inputs, and all broadcast.
 * @throws DTypeError for a mean of no float tensors.
 * @throws ArgumentError if `reduction` is another name.
 */
export function cosineEmbeddingLoss(
  input1: Tensor,
  input2: Tensor,
  target: Tensor,
  options: ReductionOption & { readonly margin?: number } = {},
  ...surplus: []
): Tensor {
  const op = "cosineEmbeddingLoss";
  noMore(op, surplus);
  checkOptions(op, options, ["margin", "reduction"]);
  const { margin = 0 } = options;
  return reduced(op, { input1, input2, target }, options, () => {
    if (target.shape.length !== input1.shape.length - 1) {
      throw shapeProblem(op, "the target needs one dim fewer than the inputs", input1, input2, target);
    }
    const square = (x: Tensor) => x.mul(x).sum(-1).add(LEAST_SQUARE);
    const cosine = input1
      .mul(input2)
      .sum(-1)
      .div(square(input1).mul(square(input2)).sqrt());
    const zero = cosine.mul(0);
    const alike = where(target.eq(1), cosine.neg().add(1), zero);
    return alike.add(where(target.eq(-1), positive(cosine.sub(margin)), zero));
  });
}

export interface TripletMarginLossOptions extends ReductionOption {
  /** Default 1. */
  readonly margin?: number;
  /** Which norm; default 2. */
  readonly p?: number;
  /** Added to each difference; default 1e-6. */
  readonly eps?: number;
  /** Use the distance of positive and negative where it is the smaller one; default false. */
  readonly swap?: boolean;
}

/**
 * max(0, margin + d(anchor, positive) - d(anchor, negative)) over the last dim. Balntas et al., 2016.
 *
 * Shapes: three `[N, D]` or `[D]` that broadcast → `[]`, or `[N]` (`[]`) with `reduction: "none"`.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws DTypeError if one is bool, or none a float tensor.
 * @throws ArgumentError unless `margin` > 0, and if `reduction` is another name.
 */
export function tripletMarginLoss(
  anchor: Tensor,
  positive: Tensor,
  negative: Tensor,
  options: TripletMarginLossOptions = {},
  ...surplus: []
): Tensor {
  const op = "tripletMarginLoss";
  noMore(op, surplus);
  checkOptions(op, options, ["margin", "p", "eps", "swap", "reduction"]);
  const { p = 2, eps = 1e-6, ...rest } = options;
  const distanceFunction = (a: Tensor, b: Tensor) => pairwiseDistance(a, b, { p, eps });
  return tripletLoss(op, anchor, positive, negative, { ...rest, distanceFunction });
}

export interface TripletMarginWithDistanceLossOptions extends Omit<TripletMarginLossOptions, "p" | "eps"> {
  /** Default: pairwiseDistance. */
  readonly distanceFunction?: (a: Tensor, b: Tensor) => Tensor;
}

/**
 * As {@link tripletMarginLoss}, with any distance.
 *
 * Shapes: three that the distance takes → `[]`, or that of its result with `reduction: "none"`.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws DTypeError with the distance of tripletMarginLoss, if one is bool, or none a float tensor.
 * @throws ArgumentError unless `margin` > 0, and if `reduction` is another name.
 */
export function tripletMarginWithDistanceLoss(
  anchor: Tensor,
  positive: Tensor,
  negative: Tensor,
  options: TripletMarginWithDistanceLossOptions = {},
  ...surplus: []
): Tensor {
  const op = "tripletMarginWithDistanceLoss";
  noMore(op, surplus);
  checkOptions(op, options, ["distanceFunction", "margin", "swap", "reduction"]);
  return tripletLoss(op, anchor, positive, negative, options);
}

function tripletLoss(
  op: string,
  anchor: Tensor,
  near: Tensor,
  far: Tensor,
  options: TripletMarginWithDistanceLossOptions,
): Tensor {
  const { distanceFunction = pairwiseDistance, margin = 1, swap = false } = options;
  if (!(margin > 0)) throw new ArgumentError(`${op}: margin must be > 0, got ${margin}`, { op });
  return reduced(op, { anchor, positive: near, negative: far }, options, () => {
    const apart = distanceFunction(anchor, far);
    const negative = swap ? apart.minimum(distanceFunction(near, far)) : apart;
    return positive(distanceFunction(anchor, near).sub(negative).add(margin));
  });
}
