// Transforms of functions whose arguments and results are arrays and objects, against torch.func (test/fixtures/func-transforms.py).
import { readFileSync } from "node:fs";
import { arange, isTensor, matmul, type Tensor, tanh, tensor } from "gradus";
import { grad, hessian, jacfwd, jacrev, jvp, type TensorTree, valueAndGrad, vjp, vmap } from "gradus/func";
import { describe, expect, test } from "vitest";

const file = new URL("../fixtures/func-transforms.json", import.meta.url);
const torch = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;

const numbers = (count: number, start: number) => arange(count, { dtype: "float64" }).mul(1.7).add(start).sin();
const number = (value: number) => tensor(value, { dtype: "float64" });

interface Parameters {
  readonly w: Tensor;
  readonly b: readonly [Tensor, Tensor];
}

type Parts = { hidden: Tensor; rest: [Tensor, Tensor] };

const p = {
  w: numbers(6, 0.3).reshape(3, 2),
  b: [numbers(2, 1.1), numbers(1, 2.2).reshape([])],
} as const satisfies TensorTree & Parameters;
const x = numbers(3, 0.7);

type Args = { w: Tensor; b: readonly [Tensor, Tensor] };

function model({ w, b }: Args, y: Tensor): Parts {
  const hidden = tanh(matmul(y, w).add(b[0]));
  return { hidden, rest: [hidden.mul(b[1]).sum(), y.square().mul(w.select(1, 0))] };
}

function loss(q: Args, y: Tensor): Tensor {
  const { hidden, rest } = model(q, y);
  return rest[0].square().add(hidden.prod()).add(rest[1].sin().sum());
}

function withAux<R>(fn: (q: Args, y: Tensor) => R) {
  return (q: Args, y: Tensor): [R, { seen: Tensor; note: string }] => [
    fn(q, y),
    { seen: model(q, y).hidden, note: "a" },
  ];
}

/** Both trees have the same keys and lengths, and numbers equal to 1e-12 of what float64 gives elsewhere. */
function same(found: unknown, expected: unknown, path = "result"): void {
  const value = isTensor(found) ? found.toArray() : found;
  if (typeof expected === "number") {
    expect(Math.abs((value as number) - expected), path).toBeLessThan(1e-12 * (1 + Math.abs(expected)));
    return;
  }
  expect(Object.keys(value as object), path).toEqual(Object.keys(expected as object));
  for (const [key, part] of Object.entries(expected as object)) {
    same((value as Record<string, unknown>)[key], part, `${path}.${key}`);
  }
}

describe("functions of trees, as torch.func gives them", () => {
  test("grad: by the first tree, and by several in the order of argnums", () => {
    same(grad(loss)(p, x), torch.grad);
    same(grad(loss, { argnums: [1, 0] })(p, x), torch.gradBoth);
  });

  test("grad and valueAndGrad with hasAux: hand the rest out, without history", () => {
    const [gradient, aux] = grad(withAux(loss), { hasAux: true })(p, x);
    expect(aux.note).toBe("a");
    expect(aux.seen.requiresGrad).toBe(false);
    same([gradient, { seen: aux.seen }], torch.gradAux);
    const [[value, { seen }], slope] = valueAndGrad(withAux(loss), { hasAux: true })(p, x);
    same([slope, [value, { seen }]], torch.valueAndGradAux);
  });

  test("vjp: takes cotangents and gives gradients as trees; jvp: tangents", () => {
    const cotangents = { hidden: numbers(2, 6), rest: [number(0.5), numbers(3, 7)] as [Tensor, Tensor] };
    const [outputs, pullback] = vjp(model, p, x);
    same(outputs, torch.outputs);
    same(pullback(cotangents), torch.vjp);
    // Keys may come in any order.
    same(pullback({ rest: cotangents.rest, hidden: cotangents.hidden }), torch.vjp);
    const along = { w: numbers(6, 3).reshape(3, 2), b: [numbers(2, 4), number(0.25)] as const };
    const [same1, tangents] = jvp(model, [p, x], [along, numbers(3, 5)]);
    same(same1, torch.outputs);
    same(tangents, torch.jvp);
  });

  test("vjp and jvp with hasAux: the rest comes third", () => {
    const [outputs, pullback, aux] = vjp(withAux(model), p, x, { hasAux: true });
    same(outputs, torch.outputs);
    expect(aux.note).toBe("a");
    expect(pullback(outputs)).toHaveLength(2);
    const [, , other] = jvp(withAux(model), [p, x], [p, x], { hasAux: true });
    same(other.seen, (torch.outputs as { hidden: unknown }).hidden);
  });

  test("jacrev and jacfwd: the tree of the results, with the tree of the arguments at each leaf", () => {
    same(jacrev(model)(p, x), torch.jacrev);
    same(jacrev(model, { argnums: [0, 1] })(p, x), torch.jacrevBoth);
    same(jacfwd(model)(p, x), torch.jacfwd);
    same(jacfwd(model, { argnums: [0, 1] })(p, x), torch.jacrevBoth);
    for (const chunkSize of [2, 100]) {
      same(jacrev(model, { argnums: [0, 1], chunkSize })(p, x), torch.jacrevBoth);
      same(jacfwd(model, { argnums: [0, 1], chunkSize })(p, x), torch.jacrevBoth);
    }
    const [jacobian, { seen }] = jacrev(withAux(model), { argnums: 1, hasAux: true })(p, x);
    same([jacobian, { seen }], torch.jacrevAux);
    const [forward, aux] = jacfwd(withAux(model), { argnums: 1, hasAux: true })(p, x);
    same([forward, { seen: aux.seen }], torch.jacrevAux);
  });

  test("hessian: by each pair of leaves, of one argument, of several, of a tree of results", () => {
    same(hessian(loss)(p, x), torch.hessian);
    same(hessian(loss, { argnums: [0, 1] })(p, x), torch.hessianBoth);
    same(hessian(model, { argnums: 1 })(p, x), torch.hessianOfTree);
  });

  test("vmap: dims of trees, one in the place of a tree for all of it, null for what is the same for all", () => {
    const rows = numbers(12, 0.2).reshape(4, 3);
    const many = { w: numbers(24, 0.3).reshape(3, 2, 4), b: p.b };
    const run = (q: Args, y: Tensor) => ({ ...model(q, y), same: q.b[1].mul(2) });
    const inDims = [{ w: 2, b: null }, 0];
    for (const chunkSize of [null, 3]) {
      const outDims = { hidden: 1, rest: [0, -1], same: null };
      same(vmap(run, { inDims, outDims, chunkSize })(many, rows), torch.vmapOfTrees);
    }
    const failing = (outDims: unknown) => () => vmap(run, { inDims, outDims: outDims as number })(many, rows);
    expect(failing({ hidden: null, rest: 0, same: 0 })).toThrow(
      "vmap: result 0 differs between examples, so its entry in outDims must be a dim, not null",
    );
    expect(failing({ hidden: 0, rest: 0 })).toThrow("vmap: outDims lacks same");
    expect(failing({ hidden: 0, rest: [0], same: 0 })).toThrow("vmap: outDims.rest has 1 entries for 2 values");
    expect(failing({ hidden: 0, rest: 0, same: 0, more: 1 })).toThrow(
      "vmap: outDims has more, which the results have not: hidden, rest, same",
    );
    expect(failing("0")).toThrow('vmap: outDims must be a dim, null, or built as the results, got "0"');
    expect(() => vmap(run, { inDims: [0] })(many, rows)).toThrow("vmap: inDims has 1 entries for 2 arguments");
    expect(() => jacrev(model, { chunkSize: 0 } as never)).toThrow("jacrev: chunkSize must be an integer >= 1, got 0");
  });

  test("given something else than trees of tensors, throws and names where", () => {
    const one = tensor([1, 2]);
    const [, pullback] = vjp((y: Tensor) => ({ a: y.sin() }), one);
    expect(() => pullback({ b: one } as never)).toThrow(
      "vjp: cotangents must be an object { a }, built as what it belongs to",
    );
    expect(() => pullback({ a: tensor([1]) })).toThrow("vjp: cotangents.a has shape [1] but [2] is needed");
    expect(() => jvp((y: Tensor) => y, [one], [3 as never])).toThrow("jvp: tangents[0] must be a Tensor");
    expect(() => jacrev((() => 3) as never)(one)).toThrow("jacrev: the function must return tensors");
    expect(() => hessian((y: Tensor) => y.sum())(3 as never)).toThrow("hessian: argument 0 must be a Tensor");
    expect(() => jacfwd((y) => y, { argnums: 1 })(one)).toThrow("jacfwd: argnums names argument 1 of 1");
    expect(() => grad(((y: Tensor) => y.sum()) as never, { hasAux: true })(one as never)).toThrow(
      "grad: with hasAux the function must return [results, aux]",
    );
  });
});
