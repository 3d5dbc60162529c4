// Factorisations of matrices as kernels, one matrix a tile: Cholesky, substitution, symmetric eigenvectors by Jacobi's
// rotations. After Golub & Van Loan, "Matrix Computations", 4th edition, 4.2, 3.1, 8.5.
import { numel, valueArray } from "../base/index.js";
import {
  attr,
  hashText,
  type NdArray,
  type Node,
  nonDifferentiable,
  type RoutineContext,
  type RoutinePrimitive,
} from "../graph/index.js";
import { type Buffer, type Expr, type ExprFactory, type Stmt, scalarOf, type Var } from "../ir/index.js";
import { apply } from "./apply.js";
import { assign, declare, loop, range, store } from "./kernel-text.js";

const flag = (node: Pick<Node, "attrs">, key: string): boolean => attr<boolean>(node, key);
export const columns = (x: Pick<Node, "shape">): number => x.shape[x.shape.length - 1] as number;
export const rows = (x: Pick<Node, "shape">): number => x.shape[x.shape.length - 2] as number;
export const batchOf = (x: Pick<Node, "shape">): number => numel(x.shape.slice(0, -2));

/** A matrix in memory. */
export interface Matrix {
  at(i: Expr, j: Expr): Expr;
  set(i: Expr, j: Expr, value: Expr): Stmt;
}

export function matrix(f: ExprFactory, buffer: Buffer, base: Expr, stride: number): Matrix {
  const place = (i: Expr, j: Expr): Expr => f.add(base, f.add(f.mul(i, f.int(stride)), j));
  // Fresh loads: kernels write what they read.
  return {
    at: (i, j) => f.freshLoad(buffer, place(i, j)),
    set: (i, j, value) => store(buffer, place(i, j), value),
  };
}

export const when = (cond: Expr, then: Stmt[], otherwise: Stmt[] = []): Stmt => ({
  kind: "if",
  cond,
  then,
  else: otherwise,
});

/** Declares what `value` is now. */
export function held(f: ExprFactory, name: string, value: Expr): { v: Var; statement: Stmt } {
  const v = f.variable(name, value.type);
  return { v, statement: declare(v, value) };
}

/** What the reference members compute with: one matrix as rows of numbers. */
export type Rows = number[][];

export function rowsAt({ data, shape }: NdArray, index: number): Rows {
  const [m, n] = [shape[shape.length - 2] as number, shape[shape.length - 1] as number];
  return Array.from({ length: m }, (_, i) =>
    Array.from({ length: n }, (_, j) => Number(data[(index * m + i) * n + j])),
  );
}

export function assemble(node: Node, one: (index: number) => Rows): NdArray {
  const out = valueArray(node.dtype, node.size);
  let at = 0;
  for (let b = 0; b < batchOf(node); b++) for (const row of one(b)) for (const value of row) out[at++] = value;
  return { shape: node.shape, dtype: node.dtype, data: out };
}

// ---- substitution -----------------------------------------------------------------------------------------------

/** A⁻¹ B for triangular A `[…, n, n]` and B `[…, n, m]` with the same leading dims. */
const substituteP: RoutinePrimitive = {
  kind: "routine",
  name: "substitute",
  hash: hashText("substitute"),
  vjp: nonDifferentiable("what is computed with it has a rule of its own"),
  saves: { inputs: [], output: false },
  infer: ([, b]) => ({ shape: (b as Node).shape, dtype: (b as Node).dtype }),
  build: ({ f, inputs, output, kernel }, node) => {
    const [n, m] = [rows(node), columns(node)];
    const [upper, unit] = [flag(node, "upper"), flag(node, "unit")];
    const type = scalarOf(node.dtype);
    kernel("substitute", batchOf(node), (tile) => {
      const a = matrix(f, inputs[0] as Buffer, f.mul(tile, f.int(n * n)), n);
      const b = matrix(f, inputs[1] as Buffer, f.mul(tile, f.int(n * m)), m);
      const x = matrix(f, output, f.mul(tile, f.int(n * m)), m);
      return [
        loop(f, "s", f.int(n), (s) => {
          const i = upper ? f.sub(f.int(n - 1), s) : s;
          const [from, to] = upper ? [f.add(i, f.int(1)), f.int(n)] : [f.int(0), i];
          return [
            loop(f, "c", f.int(m), (c) => {
              const sum = f.variable("sum", type, { mutable: true });
              return [
                declare(sum, b.at(i, c)),
                range(f, "j", from, to, n, (j) => [assign(sum, f.sub(sum, f.mul(a.at(i, j), x.at(j, c))))]),
                x.set(i, c, unit ? sum : f.div(sum, a.at(i, i))),
              ];
            }),
          ];
        }),
      ];
    });
  },
  reference: (node, [a, b]) =>
    assemble(node, (index) => {
      const [left, right] = [rowsAt(a as NdArray, index), rowsAt(b as NdArray, index)];
      const [upper, unit] = [flag(node, "upper"), flag(node, "unit")];
      const n = right.length;
      const x: Rows = right.map((row) => [...row]);
      for (let s = 0; s < n; s++) {
        const i = upper ? n - 1 - s : s;
        const [own, result] = [left[i] as number[], x[i] as number[]];
        for (let c = 0; c < result.length; c++) {
          let sum = result[c] as number;
          for (let j = upper ? i + 1 : 0; j < (upper ? n : i); j++)
            sum -= (own[j] as number) * ((x[j] as number[])[c] as number);
          result[c] = unit ? sum : sum / (own[i] as number);
        }
      }
      return x;
    }),
};

/** A⁻¹ B for triangular A; only the named triangle is read. */
export function substitute(a: Node, b: Node, upper: boolean, unit: boolean): Node {
  return apply(substituteP, [a, b], { upper, unit });
}

// ---- Cholesky ---------------------------------------------------------------------------------------------------

const choleskyP: RoutinePrimitive = {
  kind: "routine",
  name: "cholesky_factor",
  hash: hashText("cholesky_factor"),
  vjp: nonDifferentiable("what is computed with it has a rule of its own"),
  saves: { inputs: [], output: false },
  infer: ([x]) => ({ shape: (x as Node).shape, dtype: (x as Node).dtype }),
  build: ({ f, inputs, output, kernel }, node) => {
    const n = columns(node);
    const type = scalarOf(node.dtype);
    kernel("cholesky", batchOf(node), (tile) => {
      const base = f.mul(tile, f.int(n * n));
      const [a, l] = [matrix(f, inputs[0] as Buffer, base, n), matrix(f, output, base, n)];
      return [
        loop(f, "j", f.int(n), (j) => [
          range(f, "z", f.int(0), j, n, (z) => [l.set(z, j, f.const(type, 0))]),
          range(f, "i", j, f.int(n), n, (i) => {
            const sum = f.variable("sum", type, { mutable: true });
            return [
              declare(sum, a.at(i, j)),
              range(f, "k", f.int(0), j, n, (k) => [assign(sum, f.sub(sum, f.mul(l.at(i, k), l.at(j, k))))]),
              when(f.eq(i, j), [l.set(i, j, f.unary("sqrt", sum))], [l.set(i, j, f.div(sum, l.at(j, j)))]),
            ];
          }),
        ]),
      ];
    });
  },
  reference: (node, [x]) =>
    assemble(node, (index) => {
      const a = rowsAt(x as NdArray, index);
      const l: Rows = a.map((row) => row.map(() => 0));
      for (let j = 0; j < a.length; j++) {
        for (let i = j; i < a.length; i++) {
          const [own, other] = [l[i] as number[], l[j] as number[]];
          let sum = (a[i] as number[])[j] as number;
          for (let k = 0; k < j; k++) sum -= (own[k] as number) * (other[k] as number);
          own[j] = i === j ? Math.sqrt(sum) : sum / (other[j] as number);
        }
      }
      return l;
    }),
};

/** The lower triangular L with L Lᵀ = A, of which the lower triangle is read; NaN where A is not positive definite. */
export function choleskyFactor(x: Node): Node {
  return apply(choleskyP, [x]);
}

// ---- symmetric eigenvectors -------------------------------------------------------------------------------------

/** Rotations converge quadratically: about log n sweeps and a few, whatever the matrix. */
const SWEEPS = 14;

/** `[…, n, n]` to `[…, n, n + 1]`: eigenvectors as columns, eigenvalues (ascending) as the last column. */
const eighP: RoutinePrimitive = {
  kind: "routine",
  name: "eigh",
  hash: hashText("eigh"),
  vjp: nonDifferentiable("what is computed with it has a rule of its own"),
  saves: { inputs: [], output: false },
  infer: ([x]) => ({ shape: [...(x as Node).shape.slice(0, -1), columns(x as Node) + 1], dtype: (x as Node).dtype }),
  build: (context, node) => buildEigh(context, columns(node.inputs[0] as Node), batchOf(node)),
  reference: (node, [x]) => assemble(node, (index) => eighRows(rowsAt(x as NdArray, index))),
};

/** Turns elements x and y by the angle of cosine c and sine s. */
function turned(f: ExprFactory, x: Expr, y: Expr, c: Expr, s: Expr): [Expr, Expr] {
  return [f.sub(f.mul(c, x), f.mul(s, y)), f.add(f.mul(s, x), f.mul(c, y))];
}

function buildEigh(context: RoutineContext, n: number, batch: number): void {
  const { f, inputs, output } = context;
  const type = scalarOf(output.dtype);
  const work = context.temporary("rotated", output.dtype, Math.max(1, batch * n * n));
  const [size, zero, one] = [f.int(n), f.const(type, 0), f.const(type, 1)];
  context.kernel("eigh", batch, (tile) => {
    const base = f.mul(tile, f.int(n * n));
    const [source, a] = [matrix(f, inputs[0] as Buffer, base, n), matrix(f, work, base, n)];
    const v = matrix(f, output, f.mul(tile, f.int(n * (n + 1))), n + 1);
    const copy = loop(f, "i", size, (i) => [
      loop(f, "j", size, (j) => [
        a.set(i, j, f.select(f.le(j, i), source.at(i, j), source.at(j, i))),
        v.set(i, j, f.select(f.eq(i, j), one, zero)),
      ]),
    ]);
    const rotate = (p: Expr, q: Expr): Stmt[] => {
      const [app, aqq, apq] = [held(f, "app", a.at(p, p)), held(f, "aqq", a.at(q, q)), held(f, "apq", a.at(p, q))];
      const theta = f.div(f.sub(aqq.v, app.v), f.mul(f.const(type, 2), apq.v));
      const th = held(f, "theta", theta);
      const root = f.unary("sqrt", f.add(f.mul(th.v, th.v), one));
      const size1 = f.div(one, f.add(f.unary("abs", th.v), root));
      const t = held(f, "t", f.select(f.lt(th.v, zero), f.unary("neg", size1), size1));
      const c = held(f, "c", f.div(one, f.unary("sqrt", f.add(f.mul(t.v, t.v), one))));
      const s = held(f, "s", f.mul(t.v, c.v));
      const turnBoth = (
        m: Matrix,
        left: (k: Expr) => [Expr, Expr],
        right: (k: Expr) => [Expr, Expr],
        k: Expr,
      ): Stmt[] => {
        const [x, y] = [held(f, "x", m.at(...left(k))), held(f, "y", m.at(...right(k)))];
        const [nx, ny] = turned(f, x.v, y.v, c.v, s.v);
        return [x.statement, y.statement, m.set(...left(k), nx), m.set(...right(k), ny)];
      };
      const apply3: Stmt[] = [
        th.statement,
        t.statement,
        c.statement,
        s.statement,
        loop(f, "k", size, (k) =>
          turnBoth(
            a,
            (r) => [r, p],
            (r) => [r, q],
            k,
          ),
        ),
        loop(f, "k", size, (k) =>
          turnBoth(
            a,
            (r) => [p, r],
            (r) => [q, r],
            k,
          ),
        ),
        loop(f, "k", size, (k) =>
          turnBoth(
            v,
            (r) => [r, p],
            (r) => [r, q],
            k,
          ),
        ),
      ];
      return [app.statement, aqq.statement, apq.statement, when(f.binary("ne", apq.v, zero), apply3)];
    };
    const sweep = loop(f, "sweep", f.int(SWEEPS), () => [
      loop(f, "p", size, (p) => [range(f, "q", f.add(p, f.int(1)), size, n, (q) => rotate(p, q))]),
    ]);
    const take = loop(f, "i", size, (i) => [v.set(i, size, a.at(i, i))]);
    // Selection sort of the values with their columns.
    const least = f.variable("least", "i32", { mutable: true, min: 0, max: Math.max(0, n - 1) });
    const sort = loop(f, "i", size, (i) => [
      assign(least, i),
      range(f, "j", f.add(i, f.int(1)), size, n, (j) => [
        when(f.lt(v.at(j, size), v.at(least, size)), [assign(least, j)]),
      ]),
      when(f.binary("ne", least, i), [
        loop(f, "k", size, (k) => {
          const [x, y] = [held(f, "x", v.at(k, i)), held(f, "y", v.at(k, least))];
          return [x.statement, y.statement, v.set(k, i, y.v), v.set(k, least, x.v)];
        }),
        ...(() => {
          const [x, y] = [held(f, "x", v.at(i, size)), held(f, "y", v.at(least, size))];
          return [x.statement, y.statement, v.set(i, size, y.v), v.set(least, size, x.v)];
        })(),
      ]),
    ]);
    return [copy, sweep, take, declare(least, f.int(0)), sort];
  });
}

function eighRows(given: Rows): Rows {
  const n = given.length;
  const a = given.map((row, i) => row.map((value, j) => (j <= i ? value : ((given[j] as number[])[i] as number))));
  const v: Rows = given.map((row, i) => row.map((_, j) => Number(i === j)));
  const get = (m: Rows, i: number, j: number): number => (m[i] as number[])[j] as number;
  const set = (m: Rows, i: number, j: number, value: number): void => {
    (m[i] as number[])[j] = value;
  };
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        if (get(a, p, q) === 0) continue;
        const theta = (get(a, q, q) - get(a, p, p)) / (2 * get(a, p, q));
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
        const c = 1 / Math.sqrt(t * t + 1);
        const s = t * c;
        const turn = (m: Rows, i: number, j: number, k: number, l: number): void => {
          const [x, y] = [get(m, i, j), get(m, k, l)];
          set(m, i, j, c * x - s * y);
          set(m, k, l, s * x + c * y);
        };
        for (let k = 0; k < n; k++) turn(a, k, p, k, q);
        for (let k = 0; k < n; k++) turn(a, p, k, q, k);
        for (let k = 0; k < n; k++) turn(v, k, p, k, q);
      }
    }
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => get(a, i, i) - get(a, j, j));
  return v.map((row, i) => [...order.map((j) => row[j] as number), get(a, order[i] as number, order[i] as number)]);
}

/** Eigenvectors of symmetric matrices (the lower triangle is read) and eigenvalues, packed: see `eighP`. */
export function eighPacked(x: Node): Node {
  return apply(eighP, [x]);
}
