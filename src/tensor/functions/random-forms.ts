// In-place random forms: names end in _ as PyTorch's.
import { ArgumentError, checkNumber, checkOptions, type Shape } from "../../base/index.js";
import type { Node } from "../../graph/index.js";
import * as ops from "../../ops/index.js";
import { nodeOf, noMore, optionsWith } from "../args.js";
import { checkRandomDType, drawByChance, drawIntegers, drawTrue, fillNormal, fillUniform } from "../draws.js";
import type { Generator } from "../generator.js";
import { overwrite } from "../in-place.js";
import { isTensor, type Tensor } from "../tensor.js";

export interface GeneratorOptions {
  /** Default: the shared generator, which `manualSeed` seeds. */
  readonly generator?: Generator;
}

/** Uniform in [from, to). */
export function uniform_(input: Tensor, from = 0, to = 1, options: GeneratorOptions = {}, ...surplus: []): Tensor {
  noMore("uniform_", surplus);
  checkOptions("uniform_", options, ["generator"]);
  checkRandomDType("uniform_", input.dtype);
  checkNumber("uniform_", "from", from);
  checkNumber("uniform_", "to", to);
  if (!(from <= to)) throw new ArgumentError(`uniform_: from ${from} must not be above to ${to}`, { op: "uniform_" });
  return overwrite("uniform_", input, (x) => fillUniform(x.shape, x.dtype, from, to, options.generator));
}

/** Normal with the given mean and standard deviation. */
export function normal_(input: Tensor, mean = 0, std = 1, options: GeneratorOptions = {}, ...surplus: []): Tensor {
  noMore("normal_", surplus);
  checkOptions("normal_", options, ["generator"]);
  checkRandomDType("normal_", input.dtype);
  checkNumber("normal_", "mean", mean);
  checkNumber("normal_", "std", std);
  if (!(std >= 0)) throw new ArgumentError(`normal_: std must be >= 0, got ${std}`, { op: "normal_" });
  return overwrite("normal_", input, (x) => fillNormal(x.shape, x.dtype, mean, std, options.generator));
}

/** 1 with probability `p` (0.5), a number or a tensor of this shape; else 0. */
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

/** Whole numbers in [from, to). */
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
