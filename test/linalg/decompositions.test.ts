// QR, singular values and what is made of them: products, orthogonality, ranks, gradients, errors.
import {
  allclose,
  diagEmbed,
  eye,
  gradcheck,
  gradgradcheck,
  manualSeed,
  randn,
  setTarget,
  type Tensor,
  tensor,
  zeros,
} from "gradus";
import { cond, lstsq, matrixNorm, matrixRank, norm, pinv, qr, svd, svdvals } from "gradus/linalg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CPU_TARGETS } from "../conformance/targets.js";

const matrices = (...shape: number[]) => randn(shape, { dtype: "float64" });
const near = (a: Tensor, b: Tensor, atol = 1e-11) => allclose(a, b, { rtol: 1e-10, atol });
const isOrthonormal = (q: Tensor, atol?: number) =>
  near(q.mT.matmul(q), eye(q.shape.at(-1) as number, { dtype: q.dtype }).expand(q.mT.matmul(q).shape), atol);

let before: string | null = null;
beforeEach(() => {
  manualSeed(5);
});
afterEach(() => {
  if (before) setTarget(before);
  before = null;
});

const shapes = [
  [1, 1],
  [5, 3],
  [3, 5],
  [4, 4],
  [2, 6, 4],
  [3, 1],
  [1, 3],
];

describe("qr", () => {
  test.each(shapes)("given matrices %s %s %s, Q R gives them back in all modes, R is triangular", (...shape) => {
    const a = matrices(...shape);
    for (const mode of ["reduced", "complete"] as const) {
      const { Q, R } = qr(a, { mode });
      expect(near(Q.matmul(R), a)).toBe(true);
      expect(isOrthonormal(Q)).toBe(true);
      expect(near(R.triu(), R, 0)).toBe(true);
      expect([Q.shape.at(-1), R.shape.at(-2)]).toEqual(
        new Array(2).fill(mode === "complete" ? a.shape.at(-2) : Math.min(...a.shape.slice(-2))),
      );
    }
    const { Q, R } = qr(a, { mode: "r" });
    expect(Q.shape).toEqual([0]);
    expect(near(R, qr(a).R, 0)).toBe(true);
  });

  test("given triangular matrices, signs on the diagonal stay, as in LAPACK", () => {
    const { Q, R } = qr(
      tensor([
        [-2, 1],
        [0, 3],
      ]),
    );
    expect([Q.toArray(), R.toArray()]).toEqual([
      [
        [1, 0],
        [0, 1],
      ],
      [
        [-2, 1],
        [0, 3],
      ],
    ]);
  });
});

describe("svd", () => {
  test.each(shapes)("given matrices %s %s %s, U S Vh gives them back, values fall, bases are full", (...shape) => {
    const a = matrices(...shape);
    const { U, S, Vh } = svd(a, { fullMatrices: false });
    expect(near(U.matmul(diagEmbed(S)).matmul(Vh), a)).toBe(true);
    expect(isOrthonormal(U) && isOrthonormal(Vh.mT)).toBe(true);
    const values = S.flatten(0, -1).toArray() as number[];
    const k = S.shape.at(-1) as number;
    expect(values.every((value, i) => i % k === 0 || value <= (values[i - 1] as number))).toBe(true);
    const full = svd(a);
    expect(isOrthonormal(full.U) && isOrthonormal(full.Vh.mT)).toBe(true);
    expect([full.U.shape.at(-1), full.Vh.shape.at(-2)]).toEqual([...a.shape.slice(-2)]);
  });

  test.each(CPU_TARGETS)("given matrices without full rank, vectors of zeros are completed, on %s", (target) => {
    before = setTarget(target);
    const a = matrices(6, 2).matmul(matrices(2, 4));
    const { U, S, Vh } = svd(a, { fullMatrices: false });
    expect(near(U.matmul(diagEmbed(S)).matmul(Vh), a)).toBe(true);
    expect(isOrthonormal(U, 1e-9)).toBe(true);
    expect(matrixRank(a).item()).toBe(2);
    const nothing = svd(zeros([3, 2], { dtype: "float64" }));
    expect(isOrthonormal(nothing.U) && nothing.S.abs().sum().item() === 0).toBe(true);
  });

  test("given singular values of very different sizes, small ones are exact to their own size", () => {
    const { Q } = qr(matrices(5, 5));
    const sizes = tensor([1, 1e-3, 1e-6, 1e-9, 1e-12], { dtype: "float64" });
    const found = svdvals(Q.mul(sizes)).div(sizes).sub(1).abs().max().item() as number;
    expect(found).toBeLessThan(1e-13);
  });
});

describe("what is made of them", () => {
  test("given any rank, pinv meets the four conditions of Penrose", () => {
    for (const a of [matrices(5, 3), matrices(3, 5), matrices(5, 2).matmul(matrices(2, 4))]) {
      const p = pinv(a);
      const [ap, pa] = [a.matmul(p), p.matmul(a)];
      expect([near(ap.matmul(a), a), near(pa.matmul(p), p), near(ap.mT, ap), near(pa.mT, pa)]).toEqual(
        new Array(4).fill(true),
      );
    }
  });

  test("given more equations than unknowns, lstsq leaves a gap that is orthogonal to the columns", () => {
    const [a, b] = [matrices(6, 3), matrices(6, 2)];
    const { solution, residuals, rank, singularValues } = lstsq(a, b);
    const gap = a.matmul(solution).sub(b);
    expect(near(a.mT.matmul(gap), zeros([3, 2], { dtype: "float64" }))).toBe(true);
    expect(near(residuals, gap.square().sum(0))).toBe(true);
    expect([rank.item(), [...singularValues.shape]]).toEqual([3, [3]]);
    expect([...lstsq(a, matrices(6)).solution.shape]).toEqual([3]);
    expect(() => lstsq(a, matrices(5, 2))).toThrow("lstsq: A and B must have as many rows (A [6,3], B [5,2])");
  });

  test("given hand values, norms and condition numbers are theirs", () => {
    const a = tensor(
      [
        [3, 0],
        [0, -4],
      ],
      { dtype: "float64" },
    );
    expect(["nuc", 2, -2, "fro", 1].map((ord) => matrixNorm(a, ord as 2).item())).toEqual([7, 4, 3, 5, 4]);
    expect([cond(a).item(), cond(a, -2).item(), cond(a, 1).item(), cond(a, "fro").item()]).toEqual([
      4 / 3,
      3 / 4,
      4 / 3,
      expect.closeTo((5 * 5) / 12, 12),
    ]);
    expect([norm(a).item(), norm(a, 1).item(), norm(a.flatten(), 1).item(), norm(a, 2, { dim: 1 }).toArray()]).toEqual([
      5,
      4,
      7,
      [3, 4],
    ]);
    expect(() => norm(matrices(2, 2, 2), 1)).toThrow("norm: ord 1 needs a vector or matrix, or dim");
    expect(() => matrixNorm(a, 3)).toThrow(
      'matrixNorm: ord must be "fro", "nuc", 1, -1, 2, -2, Infinity or -Infinity, got 3',
    );
  });
});

const functions: [string, readonly number[], (x: Tensor) => Tensor][] = [
  ["qr of a square", [3, 3], (x) => qr(x).Q.mul(2).add(qr(x).R)],
  ["qr of a tall", [4, 2], (x) => qr(x).Q.sum().add(qr(x).R)],
  ["qr of a wide", [2, 4], (x) => qr(x).R.add(qr(x).Q.sum())],
  ["svd of a square", [3, 3], (x) => svd(x).U.square().add(svd(x).Vh.square())],
  ["svd of a tall", [4, 2], (x) => svd(x, { fullMatrices: false }).U.square()],
  ["svd of a wide", [2, 3], (x) => svd(x, { fullMatrices: false }).Vh.square()],
  ["svdvals", [3, 2], svdvals],
  ["pinv of a tall", [3, 2], (x) => pinv(x)],
  ["pinv of a wide", [2, 3], (x) => pinv(x)],
  ["lstsq", [3, 2], (x) => lstsq(x, x.square()).solution],
  ["nuclear norm", [3, 2], (x) => matrixNorm(x, "nuc")],
  ["cond", [3, 3], (x) => cond(x)],
];

describe("gradients", () => {
  test.each(functions)("%s: agrees with finite differences", (_, shape, f) => {
    expect(gradcheck(f, matrices(...shape).requiresGrad_())).toBe(true);
  });

  test("qr and svd: agree with finite differences in second order", () => {
    expect(gradgradcheck((x: Tensor) => qr(x).R, matrices(2, 2).requiresGrad_())).toBe(true);
    expect(gradgradcheck(svdvals, matrices(3, 2).requiresGrad_())).toBe(true);
  });

  test("given equal singular values, their gradient exists; free vectors have none and say so", () => {
    const x = eye(3, { dtype: "float64" }).requiresGrad_();
    svdvals(x).sum().backward();
    expect(near(x.grad as Tensor, eye(3, { dtype: "float64" }))).toBe(true);
    const tall = matrices(3, 2).requiresGrad_();
    expect(() => svd(tall).U.sum().backward()).toThrow("use { fullMatrices: false }");
    expect(() => qr(tall, { mode: "complete" }).Q.sum().backward()).toThrow('use mode "reduced"');
  });
});
