// Errors that depend on values: at the call where the values are on the host, else when the program has computed them,
// with nothing written.
import {
  arange,
  bernoulli,
  compile,
  eye,
  full,
  GradusError,
  inverse,
  multinomial,
  NumericError,
  normal,
  ones,
  stack,
  type Tensor,
  tensor,
  zeros,
} from "gradus";
import { vmap } from "gradus/func";
import { cholesky, cond, det, inv, matrixPower, solve } from "gradus/linalg";
import * as nn from "gradus/nn";
import { binaryCrossEntropy } from "gradus/nn/functional";
import { SGD } from "gradus/optim";
import { describe, expect, it } from "vitest";
import { forEachTarget } from "../conformance/targets.js";

function errorOf(call: () => unknown): { name: string; message: string } {
  try {
    call();
  } catch (error) {
    if (error instanceof GradusError) return { name: error.name, message: error.message };
    throw error;
  }
  throw new Error("nothing was thrown");
}

const ints = (...values: number[]): Tensor => tensor(Int32Array.from(values));

const byZero = "integer division by zero; divide floats for Infinity, or mask the zeros with where(…)";
const indefinite = tensor([
  [1, 2, 0],
  [2, 1, 0],
  [0, 0, 1],
]);

/** What PyTorch refuses as well: the function, of values known at the call or not, and the error. */
const cases: readonly (readonly [string, (x: Tensor) => Tensor, Tensor, string])[] = [
  ["floorDivide by a tensor with 0", (x) => ints(7, 8, 9).floorDivide(x), ints(1, 0, 2), `floorDivide: ${byZero}`],
  ["remainder by a tensor with 0", (x) => ints(7, 8, 9).remainder(x), ints(1, 2, 0), `remainder: ${byZero}`],
  ["fmod by a 0-d 0", (x) => ints(7, 8, 9).fmod(x), ints(0), `fmod: ${byZero}`],
  [
    "int64 div, rounded",
    (x) => ints(7).to("int64").div(x, { roundingMode: "trunc" }),
    tensor(BigInt64Array.of(0n)),
    `div: ${byZero}`,
  ],
  ["uint8 div, floored", (x) => ints(7).div(x, { roundingMode: "floor" }), tensor(Uint8Array.of(0)), `div: ${byZero}`],
  [
    "bernoulli with p above 1",
    (x) => bernoulli(x),
    tensor([0.5, 1.5, -3]),
    "bernoulli: probabilities must be in [0, 1], got 1.5",
  ],
  [
    "bernoulli with p NaN",
    (x) => bernoulli(x),
    tensor(new Float64Array([Number.NaN, 0.5])),
    "bernoulli: probabilities must be in [0, 1], got NaN",
  ],
  [
    "bernoulli_ with a negative p",
    (x) => zeros([2]).bernoulli_(x),
    tensor([0, -0.25], { dtype: "float16" }),
    "bernoulli_: probabilities must be in [0, 1], got -0.25",
  ],
  ["normal with a negative std", (x) => normal(0, x), tensor([1, -0.5]), "normal: std must be >= 0, got -0.5"],
  [
    "multinomial with a negative weight",
    (x) => multinomial(x, 1),
    tensor([1, -2, 3]),
    "multinomial: weights must be finite and >= 0, got -2",
  ],
  [
    "multinomial with an infinite weight",
    (x) => multinomial(x, 1, { replacement: true }),
    tensor([1, Infinity, 3]),
    "multinomial: weights must be finite and >= 0, got Infinity",
  ],
  [
    "binaryCrossEntropy of scores",
    (x) => binaryCrossEntropy(x, tensor([1, 0])),
    tensor([0.5, 1.25]),
    "binaryCrossEntropy: the input must hold probabilities in [0, 1], got 1.25; apply sigmoid first, or use binaryCrossEntropyWithLogits",
  ],
  [
    "binaryCrossEntropy of other targets",
    (x) => binaryCrossEntropy(tensor([0.5, 0.5]), x),
    tensor([1, 2]),
    "binaryCrossEntropy: the target must be in [0, 1], got 2",
  ],
];

/** What only the computation itself finds. */
const found: readonly (readonly [string, () => Tensor, string])[] = [
  [
    "multinomial of weights that are 0",
    () =>
      multinomial(
        tensor([
          [0, 1],
          [0, 0],
        ]),
        1,
      ),
    "multinomial: row 1 of the weights sums to 0, so there is nothing to draw",
  ],
  [
    "inv of a singular matrix",
    () =>
      inv(
        tensor([
          [1, 2],
          [2, 4],
        ]),
      ),
    "inv: the matrix is singular: element 2 on the diagonal of its factor U is zero; pinv and lstsq take such matrices",
  ],
  [
    "inverse of a batch",
    () => inverse(stack([eye(2), zeros([2, 2])])),
    "inv: the matrix is singular: element 1 on the diagonal of its factor U is zero (matrix 1 of the batch); pinv and lstsq take such matrices",
  ],
  [
    "solve with a singular matrix",
    () => solve(zeros([3, 3]).to("float64"), zeros([3]).to("float64")),
    "solve: the matrix is singular: element 1 on the diagonal of its factor U is zero; pinv and lstsq take such matrices",
  ],
  [
    "a negative power of a singular matrix",
    () => matrixPower(zeros([2, 2]), -1),
    "inv: the matrix is singular: element 1 on the diagonal of its factor U is zero; pinv and lstsq take such matrices",
  ],
  [
    "cholesky of an indefinite matrix",
    () => cholesky(indefinite),
    "cholesky: the matrix is not positive definite: its leading minor of order 2 is not positive",
  ],
  [
    "cholesky of a batch with NaN",
    () => cholesky(stack([eye(3), full([3, 3], Number.NaN)])),
    "cholesky: the matrix is not positive definite: its leading minor of order 1 is not positive (matrix 1 of the batch)",
  ],
];

forEachTarget(() => {
  describe("values that no function takes", () => {
    it.each(cases)("given %s, throws at the call where the values are known", (_, call, x, message) => {
      expect(errorOf(() => call(x))).toEqual({ name: "NumericError", message });
      // What was refused is no part of what comes next.
      expect(ones([2]).add(1).toArray()).toEqual([2, 2]);
    });

    it.each(cases)("given %s computed, throws when it runs", (_, call, x, message) => {
      const pending = call(x.clone());

      expect(errorOf(() => pending.toArray())).toEqual({ name: "NumericError", message });
    });

    it.each(found)("given %s, throws when it runs", (_, call, message) => {
      const pending = call();

      expect(errorOf(() => pending.toArray())).toEqual({ name: "NumericError", message });
    });
  });

  it("given a wrong value among many, names the first", () => {
    const values = arange(100_000).div(1e5);
    const wrong = values.add(values.ge(0.7).mul(3));

    expect(errorOf(() => bernoulli(wrong).toArray()).message).toMatch(/got 3\.7$/);
  });

  it("given a division by zero in a compiled step, writes nothing, and goes on with the next batch", () => {
    const weight = new nn.Parameter(tensor([1, 2]));
    const optimizer = new SGD([weight], { lr: 0.5 });
    const step = compile((divisor: Tensor) => {
      optimizer.zeroGrad();
      const loss = weight.mul(ints(8, 9).floorDivide(divisor)).sum();
      loss.backward();
      optimizer.step();
      return loss;
    });

    step(ints(8, 9)).item();
    const error = errorOf(() => step(ints(8, 0)));

    expect(error).toEqual({ name: "NumericError", message: `floorDivide: ${byZero}` });
    expect(weight.toArray()).toEqual([0.5, 1.5]);
    step(ints(8, 3)).item();
    expect(weight.toArray()).toEqual([0, 0]);
  });

  it("given a wrong value, fails once: what comes after is computed", () => {
    const pending = ints(1, 2).floorDivide(ints(0, 1).clone());
    const other = ints(3, 4).add(1);

    expect(errorOf(() => pending.toArray()).name).toBe("NumericError");
    expect(other.toArray()).toEqual([4, 5]);
    expect(ints(3, 4).add(2).toArray()).toEqual([5, 6]);
  });

  it("given what PyTorch takes, throws nothing", () => {
    const nan = full([2, 2], Number.NaN);

    expect(zeros([0]).to("int32").floorDivide(0).toArray()).toEqual([]);
    expect(tensor([1, -1]).floorDivide(0).toArray()).toEqual([Infinity, -Infinity]);
    expect(inv(nan).isnan().all().item()).toBe(true);
    expect(det(zeros([2, 2])).item()).toBe(0);
    expect(cond(zeros([2, 2]), 1).item()).toBe(Infinity);
    expect(multinomial(tensor([0, 0, 1]), 1).toArray()).toEqual([2]);
  });

  it("given vmap over matrices, tests each", () => {
    const all = vmap((x: Tensor) => inv(x)) as (x: Tensor) => Tensor;

    expect(all(stack([eye(2), eye(2).mul(2)])).toArray()).toEqual([eye(2).toArray(), eye(2).mul(0.5).toArray()]);
    expect(errorOf(() => all(stack([eye(2), zeros([2, 2])])).toArray()).message).toContain(
      "inv: the matrix is singular",
    );
  });
});

it("given a division by the number 0, throws at the call", () => {
  expect(() => ints(1).floorDivide(0)).toThrow(NumericError);
  expect(() => ints(1).remainder_(0)).toThrow(`remainder_: ${byZero}`);
  expect(() => ints(1).fmod(0)).toThrow(`fmod: ${byZero}`);
});
