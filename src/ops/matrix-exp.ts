// The exponential of matrices, by scaling and squaring of a Taylor polynomial.
import type { Node } from "../graph/index.js";
import { apply } from "./apply.js";
import { constantLike, keepDims } from "./composing.js";
import { defineComposite } from "./composite.js";
import { concat } from "./concat.js";
import { eye } from "./creation.js";
import { abs, add, cast, gt, mul, where } from "./elementwise.js";
import { checkSquare } from "./linalg.js";
import { matmul, matrixTranspose } from "./matmul.js";
import { expand, slice } from "./movement.js";
import { amax, sum } from "./reductions.js";
import { squared } from "./squaring-kernels.js";

/** Degree of the polynomial, which is evaluated in blocks of so many powers: Paterson & Stockmeyer, 1973. */
const DEGREE = 18;
const BLOCK = 6;
/**
 * Norms up to which the polynomial is exact to rounding: Bader, Blanes & Casas, "Computing the matrix exponential with an optimized
 * Taylor polynomial approximation", 2019, table 2 (1.09 and 3.01); a little less, since derivatives converge later.
 */
const LIMIT = { float64: 1, float32: 2.5 } as const;
/**
 * Squarings in a program, which cannot ask for the norm: each halves what is exponentiated, if it is still too large. Norms beyond
 * LIMIT 2^20 are halved further first, and squared by a kernel that counts.
 */
const SQUARINGS = 20;
/** Parts of the number of halvings, so that the largest numbers are in reach. */
const HALVINGS = { float64: [512, 256, 128, 64, 32, 16, 8, 4, 2, 1], float32: [64, 32, 16, 8, 4, 2, 1] } as const;

/** Σ xᵏ / k! up to DEGREE. */
function taylor(x: Node): Node {
  const n = x.shape[x.shape.length - 1] as number;
  const powers: Node[] = [expand(eye(n, n, x.dtype), x.shape), x];
  for (let k = 2; k <= BLOCK; k++) {
    const half = k >> 1;
    powers.push(matmul(powers[half] as Node, powers[k - half] as Node));
  }
  const coefficients: number[] = [1];
  for (let k = 1; k <= DEGREE; k++) coefficients.push((coefficients[k - 1] as number) / k);
  const term = (power: number, k: number): Node =>
    mul(powers[power] as Node, constantLike(x, coefficients[k] as number));
  // The highest block is a multiple of xᴮ beside the one before.
  const block = (first: number, count: number): Node =>
    Array.from({ length: count }, (_, power) => term(power, first + power)).reduce((a, b) => add(a, b));
  let result = block(DEGREE - BLOCK, BLOCK + 1);
  for (let first = DEGREE - 2 * BLOCK; first >= 0; first -= BLOCK) {
    result = add(block(first, BLOCK), matmul(powers[BLOCK] as Node, result));
  }
  return result;
}

/** How often `norm` is halved until it is no more than `limit`, and 2^-count. */
function halvings(norm: Node, limit: number, parts: readonly number[]): { readonly count: Node; readonly scale: Node } {
  const number = (value: number): Node => constantLike(norm, value);
  let [rest, count, scale] = [norm, number(0), number(1)];
  for (const part of parts) {
    const isAbove = gt(rest, number(limit * 2 ** (part - 1)));
    const factor = where(isAbove, number(2 ** -part), number(1));
    rest = mul(rest, factor);
    scale = mul(scale, factor);
    count = add(count, where(isAbove, number(part), number(0)));
  }
  return { count, scale };
}

/** Inputs are the matrices `[…, n, n]` and a norm of them, `[…, 1, 1]`, which says how far they are scaled. */
const matrixExpP = defineComposite("matrixExp", {
  compose([given, size]) {
    const [x, norm] = [given as Node, size as Node];
    const dtype = x.dtype === "float64" ? "float64" : "float32";
    const limit = LIMIT[dtype];
    const number = (value: number): Node => constantLike(x, value);
    const far = halvings(mul(norm, number(2 ** -SQUARINGS)), limit, HALVINGS[dtype]);
    const near = mul(norm, far.scale);
    const isAbove = Array.from({ length: SQUARINGS }, (_, k) => gt(near, number(limit * 2 ** k)));
    const scale = isAbove.reduce<Node>((s, above) => mul(s, where(above, number(0.5), number(1))), number(1));
    // One after the other: their product may be below the smallest number.
    const scaled = mul(mul(x, far.scale), scale);
    const result = isAbove.reduce<Node>((y, above) => where(above, matmul(y, y), y), taylor(scaled));
    const times = cast(expand(far.count, [...x.shape.slice(0, -2), 1, 1]), "int32");
    return squared(result, times, 2 * HALVINGS[dtype][0]);
  },
  // The derivative of exp at Xᵀ in direction G is the upper right block of exp([[Xᵀ, G], [0, Xᵀ]]): Mathias, 1996. It is linear in G, so
  // the norm of X alone says how far to scale.
  vjp(node, grad) {
    const [x, norm] = node.inputs as [Node, Node];
    const n = x.shape[x.shape.length - 1] as number;
    const [rows, columns] = [x.shape.length - 2, x.shape.length - 1];
    const turned = matrixTranspose(x);
    const zeros = expand(constantLike(x, 0), x.shape);
    const upper = concat([turned, grad], columns);
    const both = apply(matrixExpP, [concat([upper, concat([zeros, turned], columns)], rows), norm]);
    return [slice(slice(both, rows, 0, n), columns, n, 2 * n), null];
  },
  saves: { inputs: [0, 1], output: false },
});

/** exp(A) = Σ Aᵏ / k! of square matrices `[…, n, n]`. */
export function matrixExp(x: Node): Node {
  checkSquare("matrixExp", x);
  if (x.size === 0) return x;
  const columns = x.shape.length - 1;
  // The largest sum of a column's sizes.
  const norm = amax(sum(abs(x), [columns - 1]), [columns - 1]);
  return apply(matrixExpP, [x, keepDims(norm, x.shape, [columns - 1, columns])]);
}
