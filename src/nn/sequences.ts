// Sequences of different lengths in one tensor.
import { ArgumentError, checkOptions } from "../base/index.js";
import { stack, Tensor } from "../tensor/index.js";
import { pad } from "./functional.js";

export interface PadSequenceOptions {
  /** Give `[N, L, …]` in place of `[L, N, …]`; default false. */
  readonly batchFirst?: boolean;
  /** Default 0. */
  readonly paddingValue?: number;
  /** Default "right". */
  readonly paddingSide?: "left" | "right";
}

/**
 * Pads sequences `[Lᵢ, …]` to the longest and stacks them.
 * @throws ArgumentError for an empty list.
 * @example nn.utils.padSequence([ones([3]), ones([1])], { batchFirst: true }).shape // [2, 3]
 */
export function padSequence(sequences: readonly Tensor[], options: PadSequenceOptions = {}): Tensor {
  checkOptions("padSequence", options, ["batchFirst", "paddingValue", "paddingSide"]);
  const { batchFirst = false, paddingValue: value = 0, paddingSide = "right" } = options;
  if (!Array.isArray(sequences) || !sequences.every((x) => x instanceof Tensor)) {
    throw new ArgumentError("padSequence: takes an array of tensors", { op: "padSequence" });
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

/** The sequences of a padded tensor, cut to their lengths: the inverse of padSequence. */
export function unpadSequence(
  padded: Tensor,
  lengths: readonly number[] | Tensor,
  options: { readonly batchFirst?: boolean } = {},
): Tensor[] {
  checkOptions("unpadSequence", options, ["batchFirst"]);
  const sizes = lengths instanceof Tensor ? Array.from(lengths.toTypedArray(), Number) : lengths;
  const first = options.batchFirst ? padded : padded.transpose(0, 1);
  if (sizes.length !== first.size(0)) {
    throw new ArgumentError(`unpadSequence: got ${sizes.length} lengths for ${first.size(0)} sequences`, {
      op: "unpadSequence",
    });
  }
  return sizes.map((size, i) => first.select(0, i).narrow(0, 0, size));
}
