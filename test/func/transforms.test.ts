// Functions of functions against closed forms and against PyTorch's known identities.

import * as gradus from "gradus";
import { matmul, randn, type Tensor, tensor } from "gradus";
import { grad, hessian, jacfwd, jacobian, jvp, valueAndGrad, vjp, vmap } from "gradus/func";
import { describe, expect, test } from "vitest";

const f64 = (values: number[] | number[][]) => tensor(values, { dtype: "float64" });
const close = (a: Tensor, b: Tensor) => expect(gradus.allclose(a, b, { rtol: 1e-10, atol: 1e-12 })).toBe(true);
const rand = (...shape: number[]) => randn(shape, { dtype: "float64" });

describe("grad", () => {
  test("given x³, gives 3x² and, applied again, 6x", () => {
    const cube = (x: Tensor) => x.pow(3).sum();
    const x = f64([2, 3]);
    close(grad(cube)(x) as Tensor, f64([12, 27]));
    const second = grad((y) => (grad(cube)(y) as Tensor).sum())(x) as Tensor;
    close(second, f64([12, 18]));
    expect(second.requiresGrad).toBe(false);
  });

  test("given several argnums, gives a gradient for each", () => {
    const [a, b] = grad((x, y) => x.mul(y).sum(), { argnums: [0, 1] })(f64([1, 2]), f64([3, 4])) as Tensor[];
    close(a as Tensor, f64([3, 4]));
    close(b as Tensor, f64([1, 2]));
  });

  test("given an argument that does not matter, gives zeros", () => {
    close(grad((x, _) => x.sum(), { argnums: 1 })(f64([1]), f64([2])) as Tensor, f64([0]));
  });

  test("given a captured parameter, the gradient can be differentiated by it", () => {
    const w = f64([5]).requiresGrad_();
    const g = grad((x) => x.square().mul(w).sum())(f64([3])) as Tensor; // 2 x w
    g.sum().backward();
    close(w.grad as Tensor, f64([6]));
  });

  test("given a function with more than one number, throws and says what to do", () => {
    expect(() => grad((x) => x.mul(2))(f64([1, 2]))).toThrow(
      "grad: the function must give one 0-d tensor, gave a tensor of shape [2]; reduce it (sum, mean)",
    );
  });

  test("valueAndGrad: gives both", () => {
    const [value, slope] = valueAndGrad((x) => x.square().sum())(f64([3, 4]));
    expect(value.item()).toBe(25);
    close(slope as Tensor, f64([6, 8]));
    expect(value.requiresGrad).toBe(false);
  });
});

describe("vjp and jvp", () => {
  test("given a linear map, vjp multiplies by its transpose and jvp by itself", () => {
    const [a, x, u, v] = [rand(3, 4), rand(4), rand(3), rand(4)];
    const map = (y: Tensor) => matmul(a, y);
    const [out, pullback] = vjp(map, x);
    close(out, matmul(a, x));
    close(pullback(u)[0] as Tensor, matmul(a.t(), u));
    const [value, tangent] = jvp(map, [x], [v]);
    close(value, matmul(a, x));
    close(tangent, matmul(a, v));
  });

  test("given any function, v·(J u) = (Jᵀ v)·u", () => {
    const f = (x: Tensor, y: Tensor) => x.sin().mul(y.exp()).logsumexp(1);
    const [x, y, dx, dy, v] = [rand(3, 4), rand(3, 4), rand(3, 4), rand(3, 4), rand(3)];
    const [gx, gy] = vjp(f, x, y)[1](v) as [Tensor, Tensor];
    const [, tangent] = jvp(f, [x, y], [dx, dy]);
    close(tangent.mul(v).sum(), gx.mul(dx).sum().add(gy.mul(dy).sum()));
  });
});

describe("jacobian and hessian", () => {
  test("given an elementwise function, the Jacobian is diagonal, from either side", () => {
    const x = rand(3);
    close(jacobian((y) => y.sin())(x) as Tensor, gradus.diag(x.cos()));
    close(jacfwd((y) => y.sin())(x) as Tensor, gradus.diag(x.cos()));
  });

  test("given a quadratic form, the Hessian is a + aᵀ", () => {
    const a = rand(3, 3);
    close(hessian((x) => x.dot(matmul(a, x)))(rand(3)), a.add(a.t()));
  });
});

type Single = (...x: Tensor[]) => Tensor;

/** What vmap means: each example by itself, stacked. */
function oneByOne(f: Single, args: readonly Tensor[]): Tensor {
  const count = args[0]?.shape[0] as number;
  return gradus.stack(Array.from({ length: count }, (_, i) => f(...args.map((x) => x.select(0, i)))));
}

const functions: [string, Single, ...number[][]][] = [
  ["elementwise", (x) => x.sin().mul(2).add(x), [4, 3]],
  ["two operands that broadcast", (x, y) => x.mul(y.unsqueeze(1)), [4, 3], [4, 2]],
  ["a number each", (x, y) => x.mul(y), [4, 3], [4]],
  ["dot", (x, y) => x.dot(y), [4, 3], [4, 3]],
  ["matmul", (x, y) => x.matmul(y), [4, 3, 2], [4, 2, 5]],
  ["softmax", (x) => x.softmax(0), [4, 3, 2]],
  ["logsumexp", (x) => x.logsumexp(1), [4, 3, 2]],
  ["variance", (x) => x.var(0), [4, 5]],
  ["max with places", (x) => x.max(0).values, [4, 5]],
  ["reshape, permute, flip", (x) => x.reshape(6).flip(0).reshape(2, 3).t().contiguous(), [4, 3, 2]],
  ["slices and padding", (x) => gradus.cat([x.narrow(0, 1, 2), x.at("::2")]), [4, 5]],
  ["cumulative", (x) => x.cumsum(0).add(gradus.cumprod(x, 0)), [4, 5]],
  ["sort", (x) => gradus.sort(x, 0).values, [4, 5]],
  ["roll", (x) => gradus.roll(x, 1, 0), [4, 5]],
  ["mean of squares, with sigmoid", (x) => x.sigmoid().square().mean(), [4, 5]],
  ["conv1d with a kernel of its own", (x, w) => gradus.conv1d(x, w, { padding: 1 }), [3, 1, 2, 5], [3, 2, 2, 3]],
  ["conv1d with one kernel", (x) => gradus.conv1d(x, gradus.ones([2, 2, 3], { dtype: "float64" })), [3, 1, 2, 5]],
  ["pooling", (x) => gradus.maxPool1d(x, 2), [3, 2, 6]],
  ["norm", (x) => x.norm(), [4, 3]],
  ["takes by index", (x) => x.indexSelect(0, tensor([2, 0, 2], { dtype: "int64" })), [4, 3]],
  ["puts by index", (x) => gradus.indexAdd(x, 0, tensor([0, 0], { dtype: "int64" }), x.narrow(0, 1, 2)), [4, 3]],
  ["layer norm", (x) => gradus.layerNorm(x, 5), [3, 2, 5]],
];

describe("vmap", () => {
  test("given a value from outside that the caller differentiates by, the gradient reaches it", () => {
    const [w, xs] = [f64([1, 2, 3]), rand(4, 3)];
    const value = (weight: Tensor) => (vmap((x) => weight.mul(x).sum().sin())(xs) as Tensor).sum();

    close(grad(value)(w) as Tensor, xs.mul(xs.matmul(w).cos().unsqueeze(1)).sum(0));
  });

  test.each(functions)(
    "%s: given a batch, gives each example's result, stacked, and its gradients",
    (_, f, ...shapes) => {
      const [left, right] = [0, 1].map(() => shapes.map((shape) => rand(...shape)));
      right?.forEach((x, i) => void x.copy_(left?.[i] as Tensor).requiresGrad_());
      const args = (left as Tensor[]).map((x) => x.clone().requiresGrad_());
      const mapped = vmap(f)(...args) as Tensor;
      const stacked = oneByOne(f, right as Tensor[]);
      expect(mapped.shape).toEqual(stacked.shape);
      close(mapped, stacked);
      const weights = rand(...mapped.shape);
      mapped.mul(weights).sum().backward();
      stacked.mul(weights).sum().backward();
      for (const [i, x] of args.entries()) close(x.grad as Tensor, right?.[i]?.grad as Tensor);
    },
  );

  test("given a gradient inside, gives one gradient an example", () => {
    const w = rand(3);
    const loss = (p: Tensor, x: Tensor) => p.dot(x).square();
    const xs = rand(5, 3);
    const each = vmap((x) => grad((p) => loss(p, x))(w) as Tensor)(xs) as Tensor;
    close(each, xs.mul(xs.matmul(w).mul(2).unsqueeze(1)));
  });

  test("given inDims and outDims, takes and puts the batch there", () => {
    const [x, y] = [rand(3, 4), rand(3)];
    const out = vmap((a, b) => a.mul(b), { inDims: [1, null], outDims: 1 })(x, y) as Tensor;
    close(out, x.mul(y.unsqueeze(1)));
  });

  test("given itself, maps over two dims", () => {
    const [x, y] = [rand(2, 4), rand(3, 4)];
    const products = vmap((a) => vmap((b) => a.dot(b))(y) as Tensor)(x) as Tensor;
    close(products, x.matmul(y.t()));
  });

  test("given a read inside, throws", () => {
    expect(() => vmap((x) => x.mul(x.sum().item()))(rand(2, 3))).toThrow(
      "values cannot be read inside compile() or vmap()",
    );
  });

  test("given batches of different sizes, throws naming both", () => {
    expect(() => vmap((a, b) => a.add(b))(rand(2, 3), rand(4, 3))).toThrow("vmap: batch sizes differ: 2 and 4");
  });
});
