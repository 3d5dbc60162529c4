// Products of vectors and matrices, distances, decompositions.
import * as gradus from "gradus";
import * as linalg from "gradus/linalg";
import * as functional from "gradus/nn/functional";
import { between, type Cases, like } from "./inputs.js";

const symmetric = (x: gradus.Tensor): gradus.Tensor => x.add(x.mT);
/** Positive definite, with eigenvalues far from 0. */
const definite = (x: gradus.Tensor): gradus.Tensor =>
  x.matmul(x.mT).add(gradus.eye(x.shape.at(-1) as number, { dtype: "float64" }));

export const products: Cases = {
  addbmm: [(x, a, b) => gradus.addbmm(x, a, b, { beta: 0.5, alpha: 2 }), like(2, 1), like(2, 2, 2), like(2, 2, 1)],
  addmm: [(x, a, b) => gradus.addmm(x, a, b, { beta: 0.5 }), like(2), like(2, 3), like(3, 2)],
  addmv: [(x, a, b) => gradus.addmv(x, a, b, { alpha: 2 }), like(2), like(2, 3), like(3)],
  addr: [(x, a, b) => gradus.addr(x, a, b), like(2, 3), like(2), like(3)],
  baddbmm: [(x, a, b) => gradus.baddbmm(x, a, b, { beta: 0.5, alpha: 2 }), like(2, 2, 2), like(2, 2, 1), like(2, 1, 2)],
  bilinear: [(a, b, w, c) => gradus.bilinear(a, b, w, c), like(2, 2), like(2, 1), like(2, 2, 1), like(2)],
  bmm: [gradus.bmm, like(2, 1, 2), like(2, 2, 1)],
  cdist: [(a, b) => gradus.cdist(a, b), like(2, 2), like(2, 2)],
  chainMatmul: [(a, b, c) => gradus.chainMatmul(a, b, c), like(2, 1), like(1, 2), like(2, 2)],
  choleskyInverse: [(x) => gradus.choleskyInverse(gradus.tril(x)), between(0.5, 2, 2, 2)],
  choleskySolve: [(b, x) => gradus.choleskySolve(b, gradus.tril(x)), like(2, 1), between(0.5, 2, 2, 2)],
  cosineSimilarity: [(a, b) => gradus.cosineSimilarity(a, b), like(2, 3), like(2, 3)],
  cross: [(a, b) => gradus.cross(a, b), like(1, 3), like(2, 3)],
  det: [gradus.det, like(2, 2)],
  dot: [gradus.dot, like(3), like(3)],
  einsum: [(a, b) => gradus.einsum("ij,jk->ki", a, b), like(2, 2), like(2, 3)],
  inner: [gradus.inner, like(2, 2), like(2)],
  kron: [(a, b) => gradus.kron(a, b), like(2, 2), like(2, 1)],
  linear: [(x, w, b) => functional.linear(x, w, b), like(2, 3), like(2, 3), like(2)],
  logdet: [(x) => gradus.logdet(definite(x)), like(2, 2)],
  luUnpack: [
    (x) => {
      const { L, U } = gradus.luUnpack(x, gradus.tensor(Int32Array.of(2, 2)));
      return [L, U];
    },
    like(2, 3),
  ],
  matmul: [gradus.matmul, like(2, 2, 1), like(1, 3)],
  matrixExp: [gradus.matrixExp, like(2, 2)],
  matrixPower: [(x) => gradus.matrixPower(x, 3), like(2, 2)],
  mm: [gradus.mm, like(2, 3), like(3, 1)],
  multiDot: [(a, b, c) => gradus.multiDot([a, b, c]), like(2, 3), like(3, 2), like(2, 1)],
  mv: [gradus.mv, like(2, 3), like(3)],
  outer: [gradus.outer, like(2), like(3)],
  pairwiseDistance: [(a, b) => gradus.pairwiseDistance(a, b), like(2, 3), like(2, 3)],
  pdist: [(x) => gradus.pdist(x, 3), like(3, 2)],
  slogdet: [(x) => gradus.slogdet(x).logabsdet, like(2, 2)],
  tensordot: [(a, b) => gradus.tensordot(a, b, 1), like(2, 3), like(3, 2)],
  trace: [gradus.trace, like(2, 3)],
  vecdot: [(a, b) => gradus.vecdot(a, b), like(2, 2), like(2, 2)],
  "linalg.cholesky": [(x) => linalg.cholesky(definite(x)), like(2, 2)],
  "linalg.cond": [(x) => linalg.cond(x), like(2, 2)],
  // Vectors are known but for their signs.
  "linalg.eigh": [
    (x) => {
      const { eigenvalues, eigenvectors } = linalg.eigh(symmetric(x));
      return [eigenvalues, eigenvectors.square()];
    },
    like(2, 2),
  ],
  "linalg.eigvalsh": [(x) => linalg.eigvalsh(symmetric(x)), like(2, 2)],
  "linalg.householderProduct": [(x, tau) => linalg.householderProduct(x, tau), like(3, 2), like(2)],
  "linalg.inv": [(x) => linalg.inv(definite(x)), like(2, 2)],
  "linalg.lstsq": [(a, b) => linalg.lstsq(a, b).solution, like(3, 2), like(3, 1)],
  "linalg.lu wide": [(x) => Object.values(linalg.lu(x)).slice(1), like(2, 3)],
  "linalg.lu tall": [(x) => Object.values(linalg.lu(x)).slice(1), like(3, 2)],
  "linalg.luFactor": [(x) => linalg.luFactor(x).LU, like(2, 2)],
  "linalg.luSolve": [
    (a, b) => {
      const { LU, pivots } = linalg.luFactor(definite(a));
      return [linalg.luSolve(LU, pivots, b), linalg.luSolve(LU, pivots, b, { adjoint: true })];
    },
    like(2, 2),
    like(2, 1),
  ],
  "linalg.matrixNorm": [(x) => linalg.matrixNorm(x, "nuc"), like(2, 2)],
  "linalg.norm": [(x) => linalg.norm(x, 1), like(2, 2)],
  "linalg.pinv": [(x) => linalg.pinv(x), like(3, 2)],
  "linalg.qr": [(x) => Object.values(linalg.qr(x)), like(3, 2)],
  "linalg.solve": [(a, b) => linalg.solve(definite(a), b), like(2, 2), like(2, 1)],
  "linalg.solveTriangular": [
    (a, b) => linalg.solveTriangular(a, b, { upper: true }),
    between(0.5, 2, 2, 2),
    like(2, 1),
  ],
  "linalg.svd": [
    (x) => {
      const { U, S, Vh } = linalg.svd(x, { fullMatrices: false });
      return [U.square(), S, Vh.square()];
    },
    like(3, 2),
  ],
  "linalg.svdvals": [(x) => linalg.svdvals(x), like(3, 2)],
  "linalg.tensorinv": [(x) => linalg.tensorinv(definite(x).reshape(2, 2, 4)), like(4, 4)],
  "linalg.tensorsolve": [(a, b) => linalg.tensorsolve(definite(a).reshape(2, 1, 2, 1), b), like(2, 2), like(2, 1)],
  "linalg.vectorNorm": [(x) => linalg.vectorNorm(x, 3), like(4)],
};
