// Reverse mode as users see it: accumulation, release, hooks, higher orders.
import { describe, expect, test } from "vitest";
import {
  detectAnomaly,
  grad,
  gradcheck,
  gradgradcheck,
  keep,
  matmul,
  noGrad,
  ones,
  rand,
  randn,
  relu,
  type Tensor,
  tensor,
  zeros,
} from "../../src/index.js";
import { crossEntropy } from "../../src/nn/functional.js";
import { Module, Sequential } from "../../src/nn/index.js";

const leaf = (values: Parameters<typeof tensor>[0]) => tensor(values, { requiresGrad: true });

describe("backward", () => {
  test("given a composed function, adds the chain rule's gradient to each leaf", () => {
    const x = leaf([1, 2, 3]);
    const w = leaf([4, 5, 6]);
    x.mul(w).add(x).sum().backward();
    expect(x.grad?.toArray()).toEqual([5, 6, 7]);
    expect(w.grad?.toArray()).toEqual([1, 2, 3]);
  });

  test("given two backward calls, the gradients add up in the same tensor", () => {
    const x = leaf([1, 2]);
    x.mul(2).sum().backward();
    const first = x.grad;
    x.mul(3).sum().backward();
    expect(x.grad).toBe(first);
    expect(first?.toArray()).toEqual([5, 5]);
  });

  test("given one gradient node for two leaves, writing one gradient leaves the other alone", () => {
    const [a, b] = [leaf([1, 2]), leaf([3, 4])];
    a.add(b).sum().backward();
    expect(a.grad?.toArray()).toEqual([1, 1]);
    noGrad(() => a.grad?.mul_(10));
    expect(a.grad?.toArray()).toEqual([10, 10]);
    expect(b.grad?.toArray()).toEqual([1, 1]);
  });

  test("given chunks that are all used, joins their gradients; given a part of them, adds zeros", () => {
    const x = leaf([[1, 2, 3, 4, 5, 6]]);
    const [a, b, c] = x.chunk(3, 1) as [Tensor, Tensor, Tensor];
    a.mul(2).add(b.mul(c)).sum().backward({ retainGraph: true });
    expect(x.grad?.toArray()).toEqual([[2, 2, 5, 6, 3, 4]]);
    const [partial] = grad(c.mul(a).sum(), [x]);
    expect(partial?.toArray()).toEqual([[5, 6, 0, 0, 1, 2]]);
  });

  test("given chunks of chunks and one used twice, adds up what overlaps", () => {
    const x = leaf([1, 2, 3, 4]);
    const [a, b] = x.chunk(2, 0) as [Tensor, Tensor];
    const [c, d] = b.chunk(2, 0) as [Tensor, Tensor];
    a.sum().add(c.mul(d).sum()).add(x.at("1:").mul(3).sum()).backward();
    expect(x.grad?.toArray()).toEqual([1, 4, 7, 6]);
  });

  test("given a second backward without retainGraph, throws and names the remedy", () => {
    const x = leaf([2]);
    const y = x.mul(x).sum();
    y.backward();
    expect(() => y.backward()).toThrow("the graph was released by an earlier backward(); pass { retainGraph: true }");
  });

  test("given retainGraph, a second backward adds the same gradient", () => {
    const x = leaf([2]);
    const y = x.mul(x).sum();
    y.backward({ retainGraph: true });
    y.backward();
    expect(x.grad?.toArray()).toEqual([8]);
  });

  test("given a tensor with several elements, throws unless a gradient is passed", () => {
    const x = leaf([1, 2]);
    expect(() => x.mul(2).backward()).toThrow(
      "only a tensor with one element starts without a gradient, this one has shape [2]",
    );
    x.mul(2).backward(tensor([10, 100]));
    x.mul(2).backward({ gradient: tensor([1, 1]) });
    expect(x.grad?.toArray()).toEqual([22, 202]);
  });

  test("given a tensor without history, throws", () => {
    expect(() => tensor(1).backward()).toThrow("does not require grad and has no history");
  });

  test("given the `inputs` option, only these leaves accumulate", () => {
    const [a, b] = [leaf([1]), leaf([2])];
    a.mul(b)
      .sum()
      .backward({ inputs: [a] });
    expect(a.grad?.toArray()).toEqual([2]);
    expect(b.grad).toBeNull();
  });

  test("given the value was read before, gives the same gradients", () => {
    const [x, w] = [leaf([[1, -2]]), leaf([[3], [4]])];
    const y = relu(matmul(x, w)).add(matmul(x, w).square()).sum();
    expect(y.item()).toBe(25);
    y.backward();
    expect(x.grad?.toArray()).toEqual([[-30, -40]]);
  });

  test("given a parameter changed in place between forward and backward, uses the values of the forward pass", () => {
    const [x, w] = [leaf([2]), leaf([3])];
    const y = x.mul(w).sum();
    expect(y.item()).toBe(6);
    noGrad(() => w.fill_(100));
    expect(w.toArray()).toEqual([100]);
    y.backward();
    expect(x.grad?.toArray()).toEqual([3]);
  });

  test("given a chain of 10,000 operations, neither overflows the stack nor loses the gradient", () => {
    const x = leaf([1]);
    let y: Tensor = x;
    for (let i = 0; i < 10_000; i++) y = y.add(1);
    y.sum().backward();
    expect(x.grad?.toArray()).toEqual([1]);
  }, 60_000);

  test("given a dead branch of a released graph, a kept loss still has its value", () => {
    const x = leaf([3]);
    const loss = x.mul(x).sum();
    loss.backward();
    noGrad(() => x.sub_(x.grad as Tensor));
    expect(loss.item()).toBe(9);
    expect(x.toArray()).toEqual([-3]);
  });
});

describe("grad", () => {
  test("given createGraph, gives derivatives of any order", () => {
    const x = leaf([2]);
    const [first] = grad(x.pow(4).sum(), x, { createGraph: true });
    const [second] = grad((first as Tensor).sum(), x, { createGraph: true });
    const [third] = grad((second as Tensor).sum(), x);
    expect([first, second, third].map((g) => g?.item())).toEqual([32, 48, 48]);
    expect(x.grad).toBeNull();
  });

  test("given an input that the output does not depend on, throws, or gives null with allowUnused", () => {
    const [x, other] = [leaf([1]), leaf([1])];
    expect(() => grad(x.sum(), [x, other])).toThrow("the outputs do not depend on input 1");
    expect(grad(x.sum(), [x, other], { allowUnused: true })[1]).toBeNull();
  });

  test("given an inner tensor as input, stops there and leaves the graph below for later", () => {
    const x = leaf([3]);
    const h = x.mul(x);
    const [g] = grad(h.mul(5).sum(), [h]);
    expect(g?.item()).toBe(5);
    h.backward(g as Tensor);
    expect(x.grad?.item()).toBe(30);
  });
});

describe("leaves and inner tensors", () => {
  test("given detach, no gradient passes and memory is shared", () => {
    const x = leaf([1, 2]);
    const d = x.detach();
    expect(d.requiresGrad).toBe(false);
    x.mul(d).sum().backward();
    expect(x.grad?.toArray()).toEqual([1, 2]);
    d.fill_(7);
    expect(x.toArray()).toEqual([7, 7]);
    expect(x.isLeaf).toBe(true);
  });

  test("given retainGrad, an inner tensor keeps its gradient", () => {
    const x = leaf([2]);
    const h = x.mul(3);
    h.retainGrad();
    h.square().sum().backward();
    expect(h.grad?.toArray()).toEqual([12]);
    expect(h.isLeaf).toBe(false);
    expect(h.gradFn).toBe("mul");
  });

  test("given hooks on a leaf and an inner tensor, they see and replace the gradient", () => {
    const x = leaf([1, 2]);
    const seen: unknown[] = [];
    const h = x.mul(2);
    const handle = h.registerHook((g) => {
      seen.push(g.toArray());
    });
    x.registerHook((g) => g.mul(10));
    h.sum().backward({ retainGraph: true });
    handle.remove();
    h.sum().backward({ retainGraph: true });
    expect(seen).toEqual([[1, 1]]);
    expect(x.grad?.toArray()).toEqual([40, 40]);
  });

  test("given requiresGrad_ on an integer tensor, throws", () => {
    expect(() => tensor([1], { dtype: "int32" }).requiresGrad_()).toThrow("only float tensors can require grad");
  });

  test("given a gradient of another shape, setting grad throws", () => {
    const x = leaf([1, 2]);
    expect(() => {
      x.grad = zeros(3);
    }).toThrow("a gradient must have its tensor's dtype and shape");
  });
});

describe("gradcheck", () => {
  test("given right rules, is true for first and second order", () => {
    const x = rand([3, 2], { dtype: "float64", requiresGrad: true });
    const w = rand([2, 2], { dtype: "float64", requiresGrad: true });
    const fn = (a: Tensor, b: Tensor) => matmul(a, b).tanh().mul(a);
    expect(gradcheck(fn, [x, w])).toBe(true);
    expect(gradgradcheck(fn, [x, w])).toBe(true);
  });

  test("given a function whose gradient is cut, throws with both numbers or returns false", () => {
    const x = tensor([0.5], { dtype: "float64", requiresGrad: true });
    const fn = (a: Tensor) => a.mul(a.detach());
    expect(() => gradcheck(fn, x)).toThrow(
      /gradcheck: d output 0 \[0\] \/ d input 0 \[0\] is (1|0\.99999)\d* by differences but 0\.5/,
    );
    expect(gradcheck(fn, x, { raiseException: false })).toBe(false);
  });

  test("given float32 inputs, throws", () => {
    expect(() => gradcheck((a) => a.exp(), leaf([1]))).toThrow("must be float64");
  });
});

test("given a view of a detached leaf, gradients reach the leaf, and the view cannot be written in place", () => {
  const x = tensor([
    [1, 2],
    [3, 4],
  ])
    .detach()
    .requiresGrad_();
  const part = x.mT.at(0);
  expect(part.requiresGrad).toBe(true);
  part.mul(x.at(0)).sum().backward(); // x00 x00 + x10 x01
  expect(x.grad?.toArray()).toEqual([
    [2, 3],
    [2, 0],
  ]);
  expect(() => part.add_(1)).toThrow("a view of a leaf that requires grad cannot be changed in place");
  expect(x.detach().add_(1).requiresGrad).toBe(false);
  expect(x.at(0).toArray()).toEqual([2, 3]);
});

test("grad: given a leaf whose value was read in between, still finds it", () => {
  const x = randn([2], { dtype: "float64", requiresGrad: true });
  const y = x.pow(2);
  keep(x);
  y.toArray();
  x.toArray();
  const [g] = grad(y.sum(), x);
  expect(g?.toArray()).toEqual(x.mul(2).toArray());
});

test("detectAnomaly: given a gradient that becomes NaN, throws naming the operation", () => {
  const x = leaf([0]);
  expect(() => detectAnomaly(() => x.sqrt().mul(0).sum().backward())).toThrow(
    /^backward: the gradient of sqrt \(result of shape \[1\]\) for its input 0 contains NaN; the forward operation was called at /,
  );
});

class Root extends Module {
  forward(x: Tensor): Tensor {
    return x.sqrt();
  }
}

test.each<[string, (x: Tensor) => Tensor]>([
  ["pow", (x) => x.pow(0.5)],
  ["a loss", (x) => crossEntropy(x.sqrt().mul(0).reshape([1, 1]).expand(1, 3), tensor(Int32Array.of(0)))],
  ["modules in modules", (x) => new Sequential(new Sequential(new Sequential(new Root()))).forward(x)],
])("detectAnomaly: given %s, names the user's line", (_, run) => {
  const x = leaf([0]);
  expect(() => detectAnomaly(() => run(x).mul(0).sum().backward())).toThrow(/called at .*autograd\.test\.ts/);
});

test("given an unknown option of backward, throws with the nearest name", () => {
  const x = leaf([1]);
  expect(() => x.sum().backward({ retaingraph: true } as never)).toThrow(
    'unknown option "retaingraph"; did you mean "retainGraph"?',
  );
});

test("given ones under noGrad, results do not require grad", () => {
  const x = ones([2], { requiresGrad: true });
  expect(noGrad(() => x.mul(2)).requiresGrad).toBe(false);
});
