// In-place random forms: names end in _ as PyTorch's.
import { ArgumentError, checkNumber, checkOptions, noMore, type Shape } from "../../base/index.js";
import type { Node } from "../../graph/index.js";
import * as ops from "../../ops/index.js";
import { nodeOf, optionsWith } from "../args.js";
import { checkRandomDType, drawByChance, drawIntegers, drawTrue, fillNormal, fillUniform } from "../draws.js";
import type { Generator } from "../generator.js";
import { overwrite } from "../in-place.js";
import { isTensor, type Tensor } from "../tensor.js";

export interface GeneratorOptions {
  /** Default: the shared generator, which `manualSeed` seeds. */
  readonly generator?: Generator;
}

/**
 * Overwrites with uniform numbers in [from, to), by default [0, 1). Shapes: any → the same.
 * @throws ArgumentError if `from` is above `to`, or the dtype no float.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export function uniform_(input: Tensor, from = 0, to = 1, options: GeneratorOptions = {}, ...surplus: []): Tensor {
  noMore("uniform_", surplus);
  checkOptions("uniform_", options, ["generator"]);
  checkRandomDType("uniform_", input.dtype);
  checkNumber("uniform_", "from", from);
  checkNumber("uniform_", "to", to);
  if (!(from <= to)) throw new ArgumentError(`uniform_: from ${from} must not be above to ${to}`, { op: "uniform_" });
  return overwrite("uniform_", input, (x) => fillUniform(x.shape, x.dtype, from, to, options.generator));
}

/**
 * Overwrites with normal numbers of the given mean (0) and standard deviation (1). Shapes: any → the same.
 * @throws ArgumentError if `std` is negative, or the dtype no float.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export function normal_(input: Tensor, mean = 0, std = 1, options: GeneratorOptions = {}, ...surplus: []): Tensor {
  noMore("normal_", surplus);
  checkOptions("normal_", options, ["generator"]);
  checkRandomDType("normal_", input.dtype);
  checkNumber("normal_", "mean", mean);
  checkNumber("normal_", "std", std);
  if (!(std >= 0)) throw new ArgumentError(`normal_: std must be >= 0, got ${std}`, { op: "normal_" });
  return overwrite("normal_", input, (x) => fillNormal(x.shape, x.dtype, mean, std, options.generator));
}

/**
 * Overwrites with 1 with probability `p` (0.5), a number or a tensor; else 0.
 *
 * Shapes: any, p that broadcasts to it → the same.
 * @throws ArgumentError unless `p` lies in [0, 1], and if options are given twice.
 * @throws NumericError if a probability in a tensor lies outside of [0, 1]: at the call where its value is known, else
 * at the read or step that computes it.
 * @throws ShapeError if `p` does not broadcast to this shape, or elements share memory (`expand`).
 * @throws DTypeError if `p` is no float tensor.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export function bernoulli_(
  input: Tensor,
  p?: number | Tensor | (GeneratorOptions & { readonly p?: number | Tensor }),
  options?: GeneratorOptions,
  ...surplus: []
): Tensor {
  const op = "bernoulli_";
  const first = isTensor(p) || typeof p === "number" ? undefined : p;
  const given = optionsWith<GeneratorOptions & { p?: number | Tensor }>(
    op,
    "p",
    first,
    options,
    ["p", "generator"],
    surplus,
  );
  const chance = isTensor(p) || typeof p === "number" ? p : (given.p ?? 0.5);
  if (typeof chance === "number" && !(chance >= 0 && chance <= 1)) {
    throw new ArgumentError(`${op}: p must be in [0, 1], got ${chance}`, { op });
  }
  const probability = typeof chance === "number" ? chance : nodeOf(op, "p", chance);
  const draw = (shape: Shape): Node =>
    typeof probability === "number"
      ? drawTrue(shape, probability, given.generator)
      : drawByChance(op, shape, probability, given.generator);
  return overwrite(op, input, (x) => ops.cast(draw(x.shape), x.dtype));
}

/**
 * Overwrites with whole numbers in [from, to). Shapes: any → the same.
 * @throws ArgumentError if the bounds are no integers or leave nothing.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export function random_(
  input: Tensor,
  from: number,
  to: number,
  options: GeneratorOptions = {},
  ...surplus: []
): Tensor {
  noMore("random_", surplus);
  checkOptions("random_", options, ["generator"]);
  return overwrite("random_", input, (x) => drawIntegers(x.shape, x.dtype, from, to, options.generator));
}
