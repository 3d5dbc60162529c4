// Random chains of views, with in-place writes through them, against a model on plain arrays.
import fc from "fast-check";
import { ShapeError, setTarget, type Tensor, tensor } from "gradus";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { count, fits, fresh, type Model, overlaps, reshaped, spreadTo, valuesIn, viewBy, write } from "./view-model.js";

/** A tensor and what it should be. */
interface Pair {
  readonly x: Tensor;
  readonly model: Model;
}

/** Makes a new pair from one; null where it does not apply. */
type Viewing = (pair: Pair, p: number, q: number) => Pair | null;
/** Writes to the first pair; the second one's values fit its shape. */
type Writing = (pair: Pair, other: Pair, p: number, q: number) => void;

const mostElements = 300;

function pickDim({ model: { shape } }: Pair, p: number): { dim: number; size: number } | null {
  const dim = p % Math.max(1, shape.length);
  return shape.length === 0 ? null : { dim, size: shape[dim] as number };
}

const views: Record<string, Viewing> = {
  slice: (pair, p, q) => {
    const picked = pickDim(pair, p);
    if (!picked) return null;
    const { dim, size } = picked;
    const [start, step] = [q % (size + 1), 1 + (p % 3)];
    const { shape } = pair.model;
    const x = pair.x.at(...shape.slice(0, dim).map(() => ":"), `${start}::${step}`);
    const sliced = shape.with(dim, Math.ceil((size - start) / step));
    return { x, model: viewBy(pair.model, sliced, (index) => index.with(dim, start + (index[dim] as number) * step)) };
  },
  select: (pair, p, q) => {
    const picked = pickDim(pair, p);
    if (!picked || picked.size === 0) return null;
    const at = q % picked.size;
    const rest = pair.model.shape.toSpliced(picked.dim, 1);
    const model = viewBy(pair.model, rest, (index) => index.toSpliced(picked.dim, 0, at));
    return { x: pair.x.select(picked.dim, at - (p % 2 === 0 ? 0 : picked.size)), model };
  },
  transpose: (pair, p, q) => {
    const [a, b] = [pickDim(pair, p), pickDim(pair, q)];
    if (!a || !b) return null;
    const swap = <T>(items: readonly T[]) => items.with(a.dim, items[b.dim] as T).with(b.dim, items[a.dim] as T);
    return { x: pair.x.transpose(a.dim, b.dim), model: viewBy(pair.model, swap(pair.model.shape), swap) };
  },
  expand: (pair, p) => {
    const { shape } = pair.model;
    const wide = [1 + (p % 3), ...shape.map((size, d) => (size === 1 ? 1 + ((p >> d) % 3) : size))];
    if (count(wide) > mostElements || wide.length > 5) return null;
    const source = (index: readonly number[]) => shape.map((size, d) => (size === 1 ? 0 : (index[d + 1] as number)));
    return { x: pair.x.expand(wide), model: viewBy(pair.model, wide, source) };
  },
  unsqueeze: (pair, p) => {
    const { shape } = pair.model;
    if (shape.length > 3) return null;
    const dim = p % (shape.length + 1);
    return {
      x: pair.x.unsqueeze(dim),
      model: viewBy(pair.model, shape.toSpliced(dim, 0, 1), (i) => i.toSpliced(dim, 1)),
    };
  },
  diagonal: (pair, p) => {
    const [rows, columns] = pair.model.shape;
    if (rows === undefined || columns === undefined) return null;
    const offset = (p % 3) - 1;
    const size = Math.max(0, offset < 0 ? Math.min(rows - 1, columns) : Math.min(rows, columns - offset));
    const shape = [...pair.model.shape.slice(2), size];
    const model = viewBy(pair.model, shape, (index) => {
      const at = index.at(-1) as number;
      return [at - Math.min(0, offset), at + Math.max(0, offset), ...index.slice(0, -1)];
    });
    return { x: pair.x.diagonal({ offset }), model };
  },
  flatten: (pair) => ({ x: pair.x.reshape(-1), model: reshaped(pair.model, [count(pair.model.shape)]) }),
  reshape: (pair, p) => {
    const size = count(pair.model.shape);
    const divisor = [2, 3, 4, 5].find((d, i) => i >= p % 4 && size % d === 0);
    if (size === 0 || divisor === undefined) return null;
    const shape = [divisor, size / divisor];
    return { x: pair.x.reshape(shape), model: reshaped(pair.model, shape) };
  },
  detach: ({ x, model }) => ({ x: x.detach(), model }),
  flip: (pair, p) => {
    const picked = pickDim(pair, p);
    if (!picked) return null;
    const { dim, size } = picked;
    const turned = viewBy(pair.model, pair.model.shape, (index) => index.with(dim, size - 1 - (index[dim] as number)));
    return { x: pair.x.flip(dim), model: fresh(valuesIn(turned), turned.shape) };
  },
  compute: ({ x, model }) => ({
    x: x.mul(2).add(1),
    model: fresh(
      valuesIn(model).map((v) => Math.fround(v * 2 + 1)),
      model.shape,
    ),
  }),
  clone: ({ x, model }) => ({ x: x.clone(), model: fresh(valuesIn(model), model.shape) }),
};

/** The sign of zero is free. */
const numbersOf = (x: Tensor): number[] => Array.from(x.toTypedArray() as ArrayLike<number>, (v) => v + 0);

const elementwise = (model: Model, f: (value: number, i: number) => number) => write(model, valuesIn(model).map(f));

const writes: Record<string, Writing> = {
  fill_: ({ x, model }, _, p) => {
    x.fill_(p);
    elementwise(model, () => p);
  },
  add_: ({ x, model }, _, p) => {
    x.add_(p);
    elementwise(model, (v) => v + p);
  },
  neg_: ({ x, model }) => {
    x.neg_();
    elementwise(model, (v) => -v);
  },
  copy_: ({ x, model }, other) => {
    x.copy_(other.x);
    write(model, spreadTo(other.model, model.shape));
  },
  addTensor_: ({ x, model }, other) => {
    x.add_(other.x);
    const terms = spreadTo(other.model, model.shape);
    elementwise(model, (v, i) => v + (terms[i] as number));
  },
  maximum_: ({ x, model }, other) => {
    x.maskedFill_(x.lt(other.x), 3);
    const bounds = spreadTo(other.model, model.shape);
    elementwise(model, (v, i) => (v < (bounds[i] as number) ? 3 : v));
  },
  setAt: (pair, _, p, q) => {
    const part = (views.select as Viewing)(pair, p, q);
    const { dim, size } = pickDim(pair, p) ?? { dim: 0, size: 0 };
    if (!part) return;
    pair.x.setAt([...pair.model.shape.slice(0, dim).map(() => ":"), q % size], 7);
    elementwise(part.model, () => 7);
  },
  read: ({ x, model }) => {
    expect(numbersOf(x)).toEqual(valuesIn(model).map((v) => v + 0));
  },
};

const recent = fc.constantFrom(0, 0, 0, 1, 2, 3, 5, 8);
const choice = fc.nat({ max: 59 });
const chain = fc.noBias(
  fc.record({
    /** Tensors to begin with, and whether they are computed before the rest. */
    bases: fc.integer({ min: 1, max: 3 }),
    stored: fc.boolean(),
    shape: fc
      .array(fc.constantFrom(0, 1, 1, 2, 3, 4, 4, 5, 6), { maxLength: 4 })
      .filter((s) => count(s) <= mostElements),
    steps: fc.array(
      fc.record({
        op: fc.oneof(fc.constantFrom(...Object.keys(views)), fc.constantFrom(...Object.keys(writes), "read")),
        x: recent,
        y: recent,
        p: choice,
        q: choice,
      }),
      { minLength: 1, maxLength: 20 },
    ),
  }),
);
type Chain = typeof chain extends fc.Arbitrary<infer T> ? T : never;

function start(shape: readonly number[], seed: number): Pair {
  const values = Array.from({ length: count(shape) }, (_, i) => ((i * 37 + seed * 11) % 101) - 50);
  return { x: tensor(values).reshape(shape).clone(), model: fresh(values, shape) };
}

/** Writes, unless elements share a place: then the write is refused and changes nothing. */
function applyWrite(op: string, pair: Pair, all: readonly Pair[], y: number, p: number, q: number): void {
  const { model } = pair;
  const partners = all.map((_, i) => all.at(-1 - ((y + i) % all.length)) as Pair);
  const other = partners.find((partner) => fits(partner.model.shape, model.shape)) ?? pair;
  const apply = () => (writes[op] as Writing)(pair, other, p, q);
  // An empty tensor has nothing to write; what it may be asked is left open.
  if (op === "read" || !overlaps(model)) apply();
  else if (op !== "setAt") expect(apply).toThrow(ShapeError);
}

function runChain({ bases, stored, shape, steps }: Chain): void {
  const all = Array.from({ length: bases }, (_, i) => start(shape, i));
  if (stored) for (const { x } of all) x.toTypedArray();
  for (const { op, x, y, p, q } of steps) {
    const pair = all.at(-1 - (x % all.length)) as Pair;
    const viewing = views[op];
    if (!viewing) {
      if (op === "read" || count(pair.model.shape) > 0) applyWrite(op, pair, all, y, p, q);
      continue;
    }
    const made = viewing(pair, p, q);
    if (made) all.push(made);
  }
  for (const { x, model } of all) {
    expect(x.shape).toEqual(model.shape);
    expect(numbersOf(x)).toEqual(valuesIn(model).map((v) => v + 0));
  }
}

describe.each(["wasm", "reference"])("chains of views and in-place writes on %s", { timeout: 120_000 }, (target) => {
  let previous: string;
  beforeEach(() => {
    previous = setTarget(target);
  });
  afterEach(() => {
    setTarget(previous);
  });

  it("given random views, writes and reads, every tensor has the values of the model", () => {
    fc.assert(fc.property(chain, runChain), { seed: 2026, numRuns: 100 });
  });

  it("given parts of an expanded tensor that share no memory, writes reach the base", () => {
    const x = tensor([1, 2, 3, 4]);

    x.expand(3, 4).select(0, 1).mul_(2);
    x.expand(2, 4)
      .diagonal()
      .copy_(tensor([-1, -2]));
    x.bool().expand(2, 4).select(0, 1).fill_(false);

    expect(x.toArray()).toEqual([-1, -2, 6, 8]);
  });

  it("given one value for two tensors, made by a kernel that also writes in place, both have it", () => {
    const base = tensor([-50]).reshape([]).clone();
    base.item();

    const view = base.unsqueeze(0);
    view.fill_(0);
    const first = view.clone();
    const second = first.clone();
    second.copy_(first);

    expect([second.item(), first.item(), base.item()]).toEqual([0, 0, 0]);
  });
});
