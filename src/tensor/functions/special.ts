// Special functions that are short compositions of others.
import { ArgumentError, noMore } from "../../base/index.js";
import type { Node } from "../../graph/index.js";
import * as ops from "../../ops/index.js";
import { nodeOf } from "../args.js";
import type { Tensor } from "../tensor.js";
import { type Binary, binary, made, type Unary, unary } from "./define.js";

const number = ops.constantLike;

/**
 * -x log x: the terms of an entropy; 0 at 0, -Infinity below. Integers and bool give float32.
 *
 * Shapes: any → the same.
 */
export const entr: Unary = unary("entr", ops.entr);

/**
 * input log(1 + other); 0 where input is 0, unless other is NaN. Integers and bool give float32.
 *
 * Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws ArgumentError if neither is a tensor.
 */
export const xlog1py: Binary = binary("xlog1py", (a, b) => {
  const [x, y] = [ops.toFloat(a), ops.toFloat(b)];
  // Where the logarithm is infinite or none.
  const isEnd = ops.or(ops.le(y, number(y, -1)), ops.isposinf(y));
  const safe = ops.where(ops.and(ops.eq(x, number(x, 0)), isEnd), number(y, 0), y);
  return ops.mul(x, ops.log1p(safe));
});

/**
 * input · 2^other. Integers and bool give float32. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws ArgumentError if neither is a tensor.
 */
export const ldexp: Binary = binary("ldexp", (a, b) => {
  const exponent = ops.toFloat(b);
  return ops.mul(a, ops.pow(number(exponent, 2), exponent));
});

function multigamma(x: Node, p: number): Node {
  let sum = number(x, (p * (p - 1) * Math.log(Math.PI)) / 4);
  for (let j = 0; j < p; j++) sum = ops.add(sum, ops.lgamma(ops.sub(x, number(x, j / 2))));
  return sum;
}

/**
 * The logarithm of the multivariate gamma function of dimension `p`: p (p - 1) / 4 log π + Σ lgamma(x - j / 2), for x >
 * (p - 1) / 2. Integers and bool give float32.
 *
 * Shapes: any → the same.
 * @throws ArgumentError unless `p` is a positive integer.
 */
export function mvlgamma(input: Tensor, p: number, ...surplus: []): Tensor {
  const op = "mvlgamma";
  noMore(op, surplus);
  if (!Number.isInteger(p) || p < 1) throw new ArgumentError(`${op}: p must be a positive integer, got ${p}`, { op });
  const x = ops.toFloat(nodeOf(op, "input", input));
  return made(op, () => multigamma(x, p));
}

/**
 * As {@link mvlgamma}: the logarithm of the multivariate gamma function. Shapes: any → the same.
 * @throws ArgumentError unless `p` is a positive integer.
 */
export const multigammaln = mvlgamma;
