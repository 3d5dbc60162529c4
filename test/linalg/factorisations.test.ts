// Factorisations by what they are: products give the matrix back; gradients against differences.
import {
  allclose,
  choleskyInverse,
  choleskySolve,
  diagEmbed,
  eye,
  gradcheck,
  gradgradcheck,
  manualSeed,
  randn,
  type Tensor,
} from "gradus";
import {
  cholesky,
  det,
  eigh,
  eigvalsh,
  householderProduct,
  inv,
  matrixExp,
  slogdet,
  solve,
  solveTriangular,
  tensorinv,
  tensorsolve,
} from "gradus/linalg";
import { beforeEach, describe, expect, test } from "vitest";

const matrices = (...shape: number[]) => randn(shape, { dtype: "float64" });
const away = (x: Tensor) => x.add(eye(x.shape.at(-1) as number, { dtype: "float64" }).mul(3));
const symmetric = (x: Tensor) => x.add(x.mT);
const square = (x: Tensor) => x.matmul(x.mT).add(eye(x.shape.at(-1) as number, { dtype: "float64" }));

beforeEach(() => {
  manualSeed(5);
});

describe("eigh", () => {
  test.each([1, 2, 5, 20])(
    "given symmetric matrices of size %i, V Λ Vᵀ gives them back, V is orthogonal, values ascend",
    (n) => {
      const a = symmetric(matrices(3, n, n));
      const { eigenvalues, eigenvectors } = eigh(a);
      const back = eigenvectors.matmul(diagEmbed(eigenvalues)).matmul(eigenvectors.mT);
      expect(allclose(back, a, { rtol: 1e-10, atol: 1e-10 })).toBe(true);
      const identity = eye(n, { dtype: "float64" }).expand(3, n, n);
      expect(allclose(eigenvectors.mT.matmul(eigenvectors), identity, { atol: 1e-12 })).toBe(true);
      const values = eigenvalues.toArray() as number[][];
      expect(values).toEqual(values.map((row) => [...row].sort((x, y) => x - y)));
    },
  );
});

type Case = readonly [string, (x: Tensor) => Tensor];

const functions: Case[] = [
  ["inv", (x) => inv(away(x))],
  ["det", (x) => det(away(x))],
  ["slogdet", (x) => slogdet(away(x)).logabsdet],
  ["solve", (x) => solve(away(x), x)],
  ["solveTriangular", (x) => solveTriangular(away(x), x, { upper: true })],
  ["cholesky", (x) => cholesky(square(x))],
  ["choleskySolve", (x) => choleskySolve(x, cholesky(square(x)))],
  ["choleskyInverse", (x) => choleskyInverse(cholesky(square(x), { upper: true }), { upper: true })],
  ["householderProduct", (x) => householderProduct(x.narrow(1, 0, 2), x.select(0, 0).narrow(0, 0, 2))],
  ["tensorinv", (x) => tensorinv(away(x).reshape([3, 3, 1]), { ind: 1 })],
  ["tensorsolve", (x) => tensorsolve(away(x).reshape([3, 1, 3]), x.select(1, 0).reshape([3, 1]))],
  ["matrixExp", matrixExp],
  ["matrixExp of large matrices", (x) => matrixExp(x.mul(4).sub(eye(3, { dtype: "float64" }).mul(9)))],
  ["eigvalsh", (x) => eigvalsh(symmetric(x))],
  ["eigenvectors, whatever their signs", (x) => eigh(symmetric(x)).eigenvectors.square()],
];

describe("gradients", () => {
  test.each(functions)("%s: given random matrices, agrees with finite differences, also in second order", (_, f) => {
    const x = matrices(3, 3).detach().requiresGrad_();
    expect(gradcheck(f, x)).toBe(true);
    expect(gradgradcheck(f, x)).toBe(true);
  });
});

describe("matrixExp", () => {
  test("given a matrix and its negative, the exponentials are inverse to each other", () => {
    const a = matrices(2, 6, 6).mul(3);
    const product = matrixExp(a).matmul(matrixExp(a.neg()));
    expect(allclose(product, eye(6, { dtype: "float64" }).expand(2, 6, 6), { atol: 1e-6 })).toBe(true);
  });

  test("given a huge gradient, the derivative is that of a small one, scaled", () => {
    const derivative = (scale: number) => {
      const x = eye(3, { dtype: "float64" }).detach().requiresGrad_();
      matrixExp(x).sum().mul(scale).backward();
      return x.grad as Tensor;
    };
    expect(allclose(derivative(1e12).div(1e12), derivative(1), { rtol: 1e-12 })).toBe(true);
  });

  test("given a norm beyond 20 squarings, the result is NaN; given no square matrix, throws", () => {
    expect(Number.isNaN(matrixExp(eye(2).mul(1e9)).select(0, 0).select(0, 0).item())).toBe(true);
    expect(() => matrixExp(randn([2, 3]))).toThrow("matrixExp: takes square matrices (input [2,3])");
  });
});
