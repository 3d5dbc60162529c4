// QR and singular value decompositions with their gradients, and pseudo-inverses.
import { AutogradError } from "../base/index.js";
import type { Node } from "../graph/index.js";
import { apply } from "./apply.js";
import { constantLike } from "./composing.js";
import { defineComposite } from "./composite.js";
import { concat } from "./concat.js";
import { eye } from "./creation.js";
import { add, cast, div, eq, gt, lt, mul, neg, sub, where } from "./elementwise.js";
import { solveTriangular } from "./linalg.js";
import { matmul, matrixTranspose } from "./matmul.js";
import { expand, reshape, slice } from "./movement.js";
import { columnsOf, qrPacked, rowsOf, svdPacked } from "./orthogonal-kernels.js";
import { diagonal } from "./shaping.js";
import { triu } from "./triangular.js";
import { checked } from "./value-checks.js";

/** Columns (of the last dim) and rows (of the one before) from … to … */
const columns = (x: Node, from: number, to: number): Node => slice(x, x.shape.length - 1, from, to);
const rows = (x: Node, from: number, to: number): Node => slice(x, x.shape.length - 2, from, to);

// ---- QR ---------------------------------------------------------------------------------------------------------

interface QrParts {
  readonly q: Node;
  readonly r: Node;
}

function qrParts(packed: Node, q: number, n: number): QrParts {
  return { q: columns(packed, 0, q), r: rows(columns(packed, q, q + n), 0, Math.min(q, rowsOf(packed))) };
}

/**
 * Gradient of A = Q R with R square: (dQ + Q S) R⁻ᵀ, where S is the symmetric matrix with the upper triangle of dR Rᵀ - Qᵀ dQ.
 * Seeger et al., 2017, arXiv:1710.08717.
 */
function qrGradient({ q, r }: QrParts, dq: Node, dr: Node): Node {
  const m = triu(sub(matmul(dr, matrixTranspose(r)), matmul(matrixTranspose(q), dq)));
  const n = columnsOf(r);
  const both = add(m, matrixTranspose(m));
  const symmetric = mul(both, sub(constantLike(both, 1), mul(eye(n, n, both.dtype), constantLike(both, 0.5))));
  // X Rᵀ = Y, which is R Xᵀ = Yᵀ.
  const y = add(dq, matmul(q, symmetric));
  return matrixTranspose(solveTriangular(r, matrixTranspose(y), true, false));
}

const qrReducedP = defineComposite("qrReduced", {
  infer: ([given]) => {
    const x = given as Node;
    return { shape: [...x.shape.slice(0, -1), Math.min(rowsOf(x), columnsOf(x)) + columnsOf(x)], dtype: x.dtype };
  },
  compose: ([given]) => {
    const x = given as Node;
    return qrPacked(x, Math.min(rowsOf(x), columnsOf(x)));
  },
  vjp(node, grad) {
    const [m, n] = [rowsOf(node.inputs[0] as Node), columnsOf(node.inputs[0] as Node)];
    const k = Math.min(m, n);
    const { q, r } = qrParts(node, k, n);
    const g = qrParts(grad, k, n);
    if (m >= n) return [qrGradient({ q, r }, g.q, g.r)];
    // A = [X, Y] = Q [U, V]: Y's gradient is Q dV, and X's sees Y through Q.
    const [u, dv] = [columns(r, 0, m), columns(g.r, m, n)];
    const y = columns(node.inputs[0] as Node, m, n);
    const dq = add(g.q, matmul(y, matrixTranspose(dv)));
    const dx = qrGradient({ q, r: u }, dq, columns(g.r, 0, m));
    return [concat([dx, matmul(q, dv)], node.shape.length - 1)];
  },
  saves: { inputs: [0], output: true },
});

/** Q with orthonormal columns and upper triangular R, both of min(m, n) columns (rows). */
export function qr(x: Node): QrParts {
  const k = Math.min(rowsOf(x), columnsOf(x));
  return qrParts(apply(qrReducedP, [x]), k, columnsOf(x));
}

const qrCompleteP = defineComposite("qrComplete", {
  infer: ([given]) => {
    const x = given as Node;
    return { shape: [...x.shape.slice(0, -1), rowsOf(x) + columnsOf(x)], dtype: x.dtype };
  },
  compose: ([x]) => qrPacked(x as Node, rowsOf(x as Node)),
  vjp() {
    throw new AutogradError('qr: Q has more columns than A, whose direction is free; use mode "reduced"', { op: "qr" });
  },
  saves: { inputs: [], output: false },
});

/** Square Q, and R of A's shape. Without a gradient where A has more rows than columns: Q's further columns are free. */
export function qrComplete(x: Node): QrParts {
  if (rowsOf(x) <= columnsOf(x)) return qr(x);
  return qrParts(apply(qrCompleteP, [x]), rowsOf(x), columnsOf(x));
}

// ---- Singular values --------------------------------------------------------------------------------------------

export interface SvdParts {
  /** `[…, m, k]` */
  readonly u: Node;
  /** `[…, k]`, largest first. */
  readonly s: Node;
  /** `[…, k, n]` */
  readonly vh: Node;
}

/** Of `[…, m + n + 1, n]`. */
function svdParts(packed: Node, m: number): { u: Node; s: Node; v: Node } {
  const n = columnsOf(packed);
  return {
    u: rows(packed, 0, m),
    v: rows(packed, m, m + n),
    s: reshape(rows(packed, m + n, m + n + 1), [...packed.shape.slice(0, -2), n]),
  };
}

/** The first columns that are not zero keep their direction; the rest, and up to `count`, completes them to an orthonormal basis. */
function completed(u: Node, count: number): Node {
  const packed = qrPacked(u, count);
  const n = columnsOf(u);
  const { q, r } = qrParts(packed, count, n);
  const diagonals = diagonal(r, 0, -2, -1); // ±1 of columns there were, 0 of others
  const one = constantLike(u, 1);
  const signs = where(lt(diagonals, constantLike(u, 0)), neg(one), expand(one, diagonals.shape));
  const lead = signs.shape.slice(0, -1);
  const all = count === n ? signs : concat([signs, expand(one, [...lead, count - n])], lead.length);
  return mul(q, reshape(all, [...lead, 1, count]));
}

function singular(x: Node): Node {
  const m = rowsOf(x);
  const packed = svdPacked(x);
  const dim = packed.shape.length - 2;
  return concat([completed(rows(packed, 0, m), columnsOf(x)), rows(packed, m, packed.shape[dim] as number)], dim);
}

const svdTallP = defineComposite("svdAll", {
  infer: ([given]) => {
    const x = given as Node;
    return { shape: [...x.shape.slice(0, -2), rowsOf(x) + columnsOf(x) + 1, columnsOf(x)], dtype: x.dtype };
  },
  compose: ([x]) => singular(x as Node),
  // U ((skew(Uᵀ dU) / E) S + S (skew(Vᵀ dV) / E) + diag(dS)) Vᵀ + (1 - U Uᵀ) dU S⁻¹ Vᵀ with E_ij = s_j² - s_i²: Townsend, "Differentiating
  // the singular value decomposition", 2016.
  vjp(node, grad) {
    const m = rowsOf(node.inputs[0] as Node);
    const n = columnsOf(node);
    const { u, s, v } = svdParts(node, m);
    const g = svdParts(grad, m);
    const lead = s.shape.slice(0, -1);
    const [across, down] = [reshape(s, [...lead, 1, n]), reshape(s, [...lead, n, 1])];
    const gap = sub(mul(across, across), mul(down, down));
    const zero = constantLike(node, 0);
    // What no gradient turns needs no quotient: equal singular values are then no harm.
    const turned = (vectors: Node, d: Node): Node => {
      const inner = matmul(matrixTranspose(vectors), d);
      const skew = sub(inner, matrixTranspose(inner));
      const isStill = eq(skew, zero);
      return where(isStill, zero, div(skew, where(isStill, constantLike(node, 1), gap)));
    };
    const slopes = mul(eye(n, n, node.dtype), reshape(g.s, [...lead, n, 1]));
    const core = add(add(mul(turned(u, g.u), across), mul(down, turned(v, g.v))), slopes);
    const inside = matmul(u, core);
    if (m === n) return [matmul(inside, matrixTranspose(v))];
    const beside = sub(g.u, matmul(u, matmul(matrixTranspose(u), g.u)));
    const isStill = eq(beside, zero);
    const outside = where(isStill, zero, div(beside, where(isStill, constantLike(node, 1), across)));
    return [matmul(add(inside, outside), matrixTranspose(v))];
  },
  saves: { inputs: [0], output: true },
});

/** `x`, and an error of the function `op` where it holds NaN, which has no singular values. */
export function withoutNaN(op: string, x: Node): Node {
  return checked(x, x, { op, says: "nanMatrix", low: Number.NEGATIVE_INFINITY });
}

/** A = U diag(s) Vᵀ with k = min(m, n) columns of U and rows of Vᵀ. Signs are free. */
export function svd(x: Node): SvdParts {
  const [m, n] = [rowsOf(x), columnsOf(x)];
  if (m < n) {
    const { u, s, vh } = svd(matrixTranspose(x));
    return { u: matrixTranspose(vh), s, vh: matrixTranspose(u) };
  }
  const { u, s, v } = svdParts(apply(svdTallP, [x]), m);
  return { u, s, vh: matrixTranspose(v) };
}

const basisP = defineComposite("completeBasis", {
  infer: ([x]) => ({ shape: [...(x as Node).shape.slice(0, -1), rowsOf(x as Node)], dtype: (x as Node).dtype }),
  compose: ([x]) => completed(x as Node, rowsOf(x as Node)),
  vjp() {
    throw new AutogradError("svd: singular vectors beyond min(m, n) are free; use { fullMatrices: false }", {
      op: "svd",
    });
  },
  saves: { inputs: [], output: false },
});

/** As `svd`, with square U and Vᵀ; the larger one has no gradient. */
export function svdFull(x: Node): SvdParts {
  const [m, n] = [rowsOf(x), columnsOf(x)];
  const { u, s, vh } = svd(x);
  if (m > n) return { u: apply(basisP, [u]), s, vh };
  if (m < n) return { u, s, vh: matrixTranspose(apply(basisP, [matrixTranspose(vh)])) };
  return { u, s, vh };
}

/** Singular values `[…, k]` above the largest of atol and rtol times the largest one, as 1 and 0. */
export function significant(s: Node, atol: number | Node, rtol: number | Node): Node {
  const dim = s.shape.length - 1;
  const of = (value: number | Node): Node =>
    typeof value === "number" ? constantLike(s, value) : reshape(value, [...value.shape, 1]);
  const relative = mul(slice(s, dim, 0, 1), of(rtol));
  const absolute = expandTo(of(atol), relative);
  const limit = where(gt(absolute, relative), absolute, relative);
  return cast(gt(s, expandTo(limit, s)), s.dtype);
}

function expandTo(x: Node, like: Node): Node {
  return x.shape.length === 0 ? x : expand(x, like.shape);
}

const pinvP = defineComposite("pinv", {
  infer: ([given]) => {
    const x = given as Node;
    return { shape: [...x.shape.slice(0, -2), columnsOf(x), rowsOf(x)], dtype: x.dtype };
  },
  compose([given], attrs) {
    const x = given as Node;
    const { u, s, vh } = svd(x);
    const isKept = significant(s, attrs.atol as number, attrs.rtol as number);
    const one = constantLike(s, 1);
    const inverse = where(eq(isKept, one), div(one, where(eq(isKept, one), s, one)), constantLike(s, 0));
    return matmul(
      mul(matrixTranspose(vh), reshape(inverse, [...s.shape.slice(0, -1), 1, columnsOf(s)])),
      matrixTranspose(u),
    );
  },
  // Golub & Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares problems", 1973, for matrices of one rank.
  vjp(node, grad) {
    const a = node.inputs[0] as Node;
    const p = node;
    const [pt, dt] = [matrixTranspose(p), matrixTranspose(grad)];
    if (rowsOf(a) <= columnsOf(a)) {
      const k = matmul(dt, p);
      const kp = matmul(k, pt);
      const first = sub(kp, matrixTranspose(matmul(p, k)));
      const second = sub(first, matmul(matmul(a, p), kp));
      return [add(second, matmul(matmul(pt, p), sub(dt, matmul(k, a))))];
    }
    const k = matmul(p, dt);
    const pk = matmul(pt, k);
    const first = sub(pk, matrixTranspose(matmul(k, p)));
    const second = add(first, matmul(matmul(sub(dt, matmul(a, k)), p), pt));
    return [sub(second, matmul(matmul(pk, p), a))];
  },
  saves: { inputs: [0], output: true },
});

/** The Moore–Penrose inverse; singular values up to max(atol, rtol · the largest) count as 0. */
export function pinv(x: Node, atol: number, rtol: number): Node {
  return apply(pinvP, [x], { atol, rtol });
}
