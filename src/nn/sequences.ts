// Sequences of different lengths in one tensor.
import { ArgumentError, checkChoice, checkOptions, formatShape, noMore, ShapeError } from "../base/index.js";
import { checkTensor, stack, Tensor } from "../tensor/index.js";
import { pad } from "./functional.js";

/** Options of `padSequence`. */
export interface PadSequenceOptions {
  /** Give `[N, L, …]` in place of `[L, N, …]`; default false. */
  readonly batchFirst?: boolean;
  /** What shorter sequences are filled up with; default 0. */
  readonly paddingValue?: number;
  /** Where they are filled up; default "right". */
  readonly paddingSide?: "left" | "right";
}

/**
 * Pads sequences to the longest and stacks them.
 *
 * Shapes: N sequences `[Lᵢ, …]` → `[L, N, …]`, or `[N, L, …]` with `batchFirst`, where L is the largest Lᵢ.
 * @throws ArgumentError if the list is empty.
 * @throws ShapeError if a sequence has no dims, or they differ in dims other than the first.
 * @example nn.utils.padSequence([ones([3]), ones([1])], { batchFirst: true }).shape // [2, 3]
 */
export function padSequence(sequences: readonly Tensor[], options: PadSequenceOptions = {}, ...surplus: []): Tensor {
  noMore("padSequence", surplus);
  checkOptions("padSequence", options, ["batchFirst", "paddingValue", "paddingSide"]);
  const { batchFirst = false, paddingValue: value = 0, paddingSide = "right" } = options;
  if (!Array.isArray(sequences) || !sequences.every((x) => x instanceof Tensor)) {
    throw new ArgumentError("padSequence: takes an array of tensors", { op: "padSequence" });
  }
  checkChoice("padSequence", "paddingSide", paddingSide, ["left", "right"]);
  const scalar = sequences.findIndex((x) => x.shape.length === 0);
  if (scalar >= 0) {
    throw new ShapeError(`padSequence: sequence ${scalar} has no dims; it needs at least one`, {
      op: "padSequence",
      shapes: [[]],
    });
  }
  if (sequences.length === 0) throw new ArgumentError("padSequence: got no sequences", { op: "padSequence" });
  const longest = Math.max(...sequences.map((sequence) => sequence.size(0)));
  const padded = sequences.map((sequence) => {
    const missing = longest - sequence.size(0);
    if (missing === 0) return sequence;
    const others = sequence.shape.slice(1).flatMap(() => [0, 0]);
    return pad(sequence, [...others, ...(paddingSide === "left" ? [missing, 0] : [0, missing])], { value });
  });
  return stack(padded, batchFirst ? 0 : 1);
}

/**
 * The sequences of a padded tensor, cut to their lengths: the inverse of padSequence.
 *
 * Shapes: padded `[L, N, …]` (`[N, L, …]` with `batchFirst`), lengths `[N]` → N sequences `[Lᵢ, …]`. Reads lengths that are a tensor.
 * @throws ArgumentError if there are not N lengths.
 * @throws ShapeError if `padded` has fewer than 2 dims.
 * @throws IndexError if a length is above L.
 * @example nn.utils.unpadSequence(ones([2, 3]), [3, 1], { batchFirst: true }) // [[1, 1, 1], [1]]
 */
export function unpadSequence(
  padded: Tensor,
  lengths: readonly number[] | Tensor,
  options: { readonly batchFirst?: boolean } = {},
  ...surplus: []
): Tensor[] {
  noMore("unpadSequence", surplus);
  checkOptions("unpadSequence", options, ["batchFirst"]);
  checkTensor("unpadSequence", "padded", padded);
  if (padded.shape.length < 2) {
    throw new ShapeError(`unpadSequence: padded needs at least 2 dims, got shape ${formatShape(padded.shape)}`, {
      op: "unpadSequence",
      shapes: [padded.shape],
    });
  }
  const sizes = lengths instanceof Tensor ? Array.from(lengths.toTypedArray(), Number) : lengths;
  const first = options.batchFirst ? padded : padded.transpose(0, 1);
  if (sizes.length !== first.size(0)) {
    throw new ArgumentError(`unpadSequence: got ${sizes.length} lengths for ${first.size(0)} sequences`, {
      op: "unpadSequence",
    });
  }
  return sizes.map((size, i) => first.select(0, i).narrow(0, 0, size));
}
