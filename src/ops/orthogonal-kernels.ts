// Orthogonal factorisations as kernels, one matrix a tile: QR by Householder's reflections, with LAPACK's signs, and singular values by
// one-sided rotations. After Golub & Van Loan, "Matrix Computations", 4th edition, 5.1 and 8.6.3.
import {
  attr,
  hashText,
  type NdArray,
  type Node,
  nonDifferentiable,
  type RoutineContext,
  type RoutinePrimitive,
} from "../graph/index.js";
import { type Buffer, type Expr, type Stmt, scalarOf } from "../ir/index.js";
import { apply } from "./apply.js";
import { assign, declare, loop, range } from "./kernel-text.js";
import { assemble, batchOf, held, matrix, type Rows, rowsAt, when } from "./matrix-kernels.js";

const ownRule = nonDifferentiable("what is computed with it has a rule of its own");
export const rowsOf = (x: Pick<Node, "shape">): number => x.shape.at(-2) as number;
export const columnsOf = (x: Pick<Node, "shape">): number => x.shape.at(-1) as number;

// ---- QR ---------------------------------------------------------------------------------------------------------

/** `[…, m, n]` to `[…, m, q + n]`: the first q columns of the orthogonal factor, then the upper triangular one. */
const qrP: RoutinePrimitive = {
  kind: "routine",
  name: "qr",
  hash: hashText("qr"),
  vjp: ownRule,
  saves: { inputs: [], output: false },
  infer: ([given], attrs) => {
    const x = given as Node;
    return { shape: [...x.shape.slice(0, -1), (attrs.columns as number) + columnsOf(x)], dtype: x.dtype };
  },
  build(context, node) {
    const x = node.inputs[0] as Node;
    buildQr(context, rowsOf(x), columnsOf(x), attr<number>(node, "columns"), batchOf(node));
  },
  reference: (node, [x]) =>
    assemble(node, (index) => qrRows(rowsAt(x as NdArray, index), attr<number>(node, "columns"))),
};

function buildQr(context: RoutineContext, m: number, n: number, q: number, batch: number): void {
  const { f, inputs, output } = context;
  const type = scalarOf(output.dtype);
  const count = Math.min(m, n);
  const [zero, one] = [f.const(type, 0), f.const(type, 1)];
  const [height, steps] = [f.int(m), f.int(count)];
  const scales = context.temporary("scales", output.dtype, Math.max(1, batch * count));
  context.kernel("qr", batch, (tile) => {
    const source = matrix(f, inputs[0] as Buffer, f.mul(tile, f.int(m * n)), n);
    const out = matrix(f, output, f.mul(tile, f.int(m * (q + n))), q + n);
    const column = (j: Expr): Expr => f.add(j, f.int(q));
    const scale = matrix(f, scales, f.mul(tile, f.int(count)), 1);
    const sum = f.variable("sum", type, { mutable: true });
    const below = (j: Expr, body: (i: Expr) => Stmt[]): Stmt => range(f, "i", f.add(j, f.int(1)), height, m, body);
    const copy = loop(f, "i", height, (i) => [
      loop(f, "j", f.int(q), (j) => [out.set(i, j, f.select(f.eq(i, j), one, zero))]),
      loop(f, "j", f.int(n), (j) => [out.set(i, column(j), source.at(i, j))]),
    ]);
    // Takes the reflection of step j off column c: x -= τ v (vᵀ x), where v is 1 at j and lies below the diagonal.
    const reflect = (j: Expr, c: Expr): Stmt[] => [
      assign(sum, out.at(j, c)),
      below(j, (i) => [assign(sum, f.add(sum, f.mul(out.at(i, column(j)), out.at(i, c))))]),
      assign(sum, f.mul(sum, scale.at(j, f.int(0)))),
      out.set(j, c, f.sub(out.at(j, c), sum)),
      below(j, (i) => [out.set(i, c, f.sub(out.at(i, c), f.mul(sum, out.at(i, column(j)))))]),
    ];
    const eliminate = loop(f, "j", steps, (j) => {
      const alpha = held(f, "alpha", out.at(j, column(j)));
      const size = f.unary("sqrt", f.add(f.mul(alpha.v, alpha.v), sum));
      const beta = held(f, "beta", f.select(f.lt(alpha.v, zero), size, f.unary("neg", size)));
      const factor = held(f, "factor", f.div(one, f.sub(alpha.v, beta.v)));
      return [
        assign(sum, zero),
        below(j, (i) => [assign(sum, f.add(sum, f.mul(out.at(i, column(j)), out.at(i, column(j)))))]),
        scale.set(j, f.int(0), zero),
        // What is zero below the diagonal already is left alone, as LAPACK does: the sign on the diagonal stays.
        when(f.binary("ne", sum, zero), [
          alpha.statement,
          beta.statement,
          factor.statement,
          below(j, (i) => [out.set(i, column(j), f.mul(out.at(i, column(j)), factor.v))]),
          scale.set(j, f.int(0), f.div(f.sub(beta.v, alpha.v), beta.v)),
          out.set(j, column(j), beta.v),
          range(f, "c", f.add(j, f.int(1)), f.int(n), n, (c) => reflect(j, column(c))),
        ]),
      ];
    });
    const collect = loop(f, "step", steps, (step) => {
      const j = f.sub(f.int(count - 1), step);
      return [loop(f, "c", f.int(q), (c) => reflect(j, c))];
    });
    const clear = loop(f, "j", steps, (j) => [below(j, (i) => [out.set(i, column(j), zero)])]);
    return [copy, declare(sum, zero), eliminate, collect, clear];
  });
}

function qrRows(a: Rows, q: number): Rows {
  const [m, n] = [a.length, a[0]?.length ?? 0];
  const count = Math.min(m, n);
  const out = a.map((row, i) => [...Array.from({ length: q }, (_, j) => Number(i === j)), ...row]);
  const at = (i: number, j: number): number => (out[i] as number[])[j] as number;
  const set = (i: number, j: number, value: number): void => {
    (out[i] as number[])[j] = value;
  };
  const scales: number[] = [];
  const reflect = (j: number, c: number): void => {
    let sum = at(j, c);
    for (let i = j + 1; i < m; i++) sum += at(i, q + j) * at(i, c);
    sum *= scales[j] as number;
    set(j, c, at(j, c) - sum);
    for (let i = j + 1; i < m; i++) set(i, c, at(i, c) - sum * at(i, q + j));
  };
  for (let j = 0; j < count; j++) {
    let sum = 0;
    for (let i = j + 1; i < m; i++) sum += at(i, q + j) ** 2;
    scales[j] = 0;
    if (sum === 0) continue;
    const alpha = at(j, q + j);
    const beta = (alpha < 0 ? 1 : -1) * Math.sqrt(alpha * alpha + sum);
    for (let i = j + 1; i < m; i++) set(i, q + j, at(i, q + j) / (alpha - beta));
    scales[j] = (beta - alpha) / beta;
    set(j, q + j, beta);
    for (let c = j + 1; c < n; c++) reflect(j, q + c);
  }
  for (let j = count - 1; j >= 0; j--) for (let c = 0; c < q; c++) reflect(j, c);
  for (let j = 0; j < count; j++) for (let i = j + 1; i < m; i++) set(i, q + j, 0);
  return out;
}

/** Q's first `columns` columns beside R, `[…, m, columns + n]`. */
export function qrPacked(x: Node, columns: number): Node {
  return apply(qrP, [x], { columns });
}

// ---- Singular values --------------------------------------------------------------------------------------------

/** Rounds over all pairs of columns; each at least squares what is off, and a handful suffices. */
const MOST_SWEEPS = 30;
const PRECISION = { float32: 2 ** -23, float64: 2 ** -52 } as const;

function precisionOf(dtype: string): number {
  return dtype === "float64" ? PRECISION.float64 : PRECISION.float32;
}

/**
 * `[…, m, n]` with m ≥ n to `[…, m + n + 1, n]`: left singular vectors (zeros for singular values of 0) above the right ones, both
 * as columns, above the singular values, largest first.
 */
const svdP: RoutinePrimitive = {
  kind: "routine",
  name: "svd",
  hash: hashText("svd"),
  vjp: ownRule,
  saves: { inputs: [], output: false },
  infer: ([given]) => {
    const x = given as Node;
    return { shape: [...x.shape.slice(0, -2), rowsOf(x) + columnsOf(x) + 1, columnsOf(x)], dtype: x.dtype };
  },
  build(context, node) {
    const x = node.inputs[0] as Node;
    buildSvd(context, rowsOf(x), columnsOf(x), batchOf(node), precisionOf(x.dtype));
  },
  reference: (node, [x]) =>
    assemble(node, (index) => svdRows(rowsAt(x as NdArray, index), columnsOf(node), precisionOf(node.dtype))),
};

function buildSvd(
  { f, inputs, output, kernel }: RoutineContext,
  m: number,
  n: number,
  batch: number,
  eps: number,
): void {
  const type = scalarOf(output.dtype);
  const [zero, one] = [f.const(type, 0), f.const(type, 1)];
  const [height, width, values] = [f.int(m), f.int(n), f.int(m + n)];
  kernel("svd", batch, (tile) => {
    const source = matrix(f, inputs[0] as Buffer, f.mul(tile, f.int(m * n)), n);
    const w = matrix(f, output, f.mul(tile, f.int((m + n + 1) * n)), n);
    const [pp, qq, pq] = (["pp", "qq", "pq"] as const).map((name) => f.variable(name, type, { mutable: true })) as [
      ReturnType<typeof f.variable>,
      ReturnType<typeof f.variable>,
      ReturnType<typeof f.variable>,
    ];
    const moved = f.variable("moved", "i32", { mutable: true, min: 0, max: 1 });
    const most = f.variable("most", "i32", { mutable: true, min: 0, max: Math.max(0, n - 1) });
    const copy = [
      loop(f, "i", height, (i) => [loop(f, "j", width, (j) => [w.set(i, j, source.at(i, j))])]),
      loop(f, "i", width, (i) => [
        loop(f, "j", width, (j) => [w.set(f.add(i, height), j, f.select(f.eq(i, j), one, zero))]),
      ]),
    ];
    /** Makes columns p and q orthogonal; the right vectors take the same turn. */
    const rotate = (p: Expr, q: Expr): Stmt[] => {
      const theta = held(f, "theta", f.div(f.sub(qq, pp), f.mul(f.const(type, 2), pq)));
      const root = f.unary("sqrt", f.add(f.mul(theta.v, theta.v), one));
      const size = f.div(one, f.add(f.unary("abs", theta.v), root));
      const t = held(f, "t", f.select(f.lt(theta.v, zero), f.unary("neg", size), size));
      const c = held(f, "c", f.div(one, f.unary("sqrt", f.add(f.mul(t.v, t.v), one))));
      const s = held(f, "s", f.mul(t.v, c.v));
      const limit = f.mul(f.const(type, eps), f.unary("sqrt", f.mul(pp, qq)));
      return [
        ...[pp, qq, pq].map((v) => assign(v, zero)),
        loop(f, "i", height, (i) => {
          const [x, y] = [held(f, "x", w.at(i, p)), held(f, "y", w.at(i, q))];
          return [
            x.statement,
            y.statement,
            assign(pp, f.add(pp, f.mul(x.v, x.v))),
            assign(qq, f.add(qq, f.mul(y.v, y.v))),
            assign(pq, f.add(pq, f.mul(x.v, y.v))),
          ];
        }),
        when(f.lt(limit, f.unary("abs", pq)), [
          assign(moved, f.int(1)),
          ...[theta, t, c, s].map(({ statement }) => statement),
          loop(f, "i", values, (i) => {
            const [x, y] = [held(f, "x", w.at(i, p)), held(f, "y", w.at(i, q))];
            return [
              x.statement,
              y.statement,
              w.set(i, p, f.sub(f.mul(c.v, x.v), f.mul(s.v, y.v))),
              w.set(i, q, f.add(f.mul(s.v, x.v), f.mul(c.v, y.v))),
            ];
          }),
        ]),
      ];
    };
    const sweeps = loop(f, "sweep", f.int(MOST_SWEEPS), () => [
      when(f.binary("ne", moved, f.int(0)), [
        assign(moved, f.int(0)),
        loop(f, "p", width, (p) => [range(f, "q", f.add(p, f.int(1)), width, n, (q) => rotate(p, q))]),
      ]),
    ]);
    const lengths = loop(f, "j", width, (j) => {
      const inverse = held(f, "inverse", f.div(one, pp));
      return [
        assign(pp, zero),
        loop(f, "i", height, (i) => [assign(pp, f.add(pp, f.mul(w.at(i, j), w.at(i, j))))]),
        assign(pp, f.unary("sqrt", pp)),
        w.set(values, j, pp),
        when(f.binary("ne", pp, zero), [
          inverse.statement,
          loop(f, "i", height, (i) => [w.set(i, j, f.mul(w.at(i, j), inverse.v))]),
        ]),
      ];
    });
    const sort = loop(f, "i", width, (i) => [
      assign(most, i),
      range(f, "j", f.add(i, f.int(1)), width, n, (j) => [
        when(f.lt(w.at(values, most), w.at(values, j)), [assign(most, j)]),
      ]),
      when(f.binary("ne", most, i), [
        loop(f, "k", f.int(m + n + 1), (k) => {
          const [x, y] = [held(f, "x", w.at(k, i)), held(f, "y", w.at(k, most))];
          return [x.statement, y.statement, w.set(k, i, y.v), w.set(k, most, x.v)];
        }),
      ]),
    ]);
    const start = [pp, qq, pq].map((v) => declare(v, zero));
    return [...copy, ...start, declare(moved, f.int(1)), sweeps, lengths, declare(most, f.int(0)), sort];
  });
}

function svdRows(a: Rows, n: number, eps: number): Rows {
  const m = a.length;
  const column = (j: number) => [
    ...a.map((row) => row[j] as number),
    ...Array.from({ length: n }, (_, i) => Number(i === j)),
  ];
  const columns = Array.from({ length: n }, (_, j) => column(j));
  const dot = (x: number[], y: number[]) => x.slice(0, m).reduce((sum, value, i) => sum + value * (y[i] as number), 0);
  let moved = true;
  for (let sweep = 0; sweep < MOST_SWEEPS && moved; sweep++) {
    moved = false;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const [x, y] = [columns[p] as number[], columns[q] as number[]];
        const [pp, qq, pq] = [dot(x, x), dot(y, y), dot(x, y)];
        if (!(Math.abs(pq) > eps * Math.sqrt(pp * qq))) continue;
        moved = true;
        const theta = (qq - pp) / (2 * pq);
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
        const c = 1 / Math.sqrt(t * t + 1);
        const s = t * c;
        columns[p] = x.map((value, i) => c * value - s * (y[i] as number));
        columns[q] = x.map((value, i) => s * value + c * (y[i] as number));
      }
    }
  }
  const done = columns.map((x) => {
    const length = Math.sqrt(dot(x, x));
    return [...x.map((value, i) => (i < m && length !== 0 ? value / length : value)), length];
  });
  done.sort((x, y) => (y[m + n] as number) - (x[m + n] as number));
  return Array.from({ length: m + n + 1 }, (_, i) => done.map((x) => x[i] as number));
}

/** Left vectors, right vectors and singular values of `[…, m, n]` with m ≥ n, packed: see `svdP`. */
export function svdPacked(x: Node): Node {
  return apply(svdP, [x]);
}
