// LU factors with row exchanges as kernels, one matrix a tile. After Golub & Van Loan, "Matrix Computations", 4th edition, 3.4.
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
import { type Buffer, scalarOf } from "../ir/index.js";
import { apply } from "./apply.js";
import { assign, declare, loop, range, store } from "./kernel-text.js";
import { assemble, batchOf, columns, held, matrix, type Rows, rows, rowsAt, when } from "./matrix-kernels.js";

/**
 * `[…, m, n]` to `[…, m, n + 2]`: U above, L's multipliers below the diagonal; the last columns say which row came here, and with which
 * row (from 1) this one was exchanged, as LAPACK has it.
 */
const luP: RoutinePrimitive = {
  kind: "routine",
  name: "lu",
  hash: hashText("lu"),
  vjp: nonDifferentiable("what is computed with it has a rule of its own"),
  saves: { inputs: [], output: false },
  infer: ([x]) => ({ shape: [...(x as Node).shape.slice(0, -1), columns(x as Node) + 2], dtype: (x as Node).dtype }),
  build: (context, node) => buildLu(context, rows(node), columns(node) - 2, batchOf(node)),
  reference: (node, [x]) => assemble(node, (index) => luRows(rowsAt(x as NdArray, index), columns(node) - 2)),
};

function buildLu({ f, inputs, output, kernel }: RoutineContext, m: number, n: number, batch: number): void {
  const type = scalarOf(output.dtype);
  const [height, width] = [f.int(m), f.int(n)];
  kernel("lu", batch, (tile) => {
    const a = matrix(f, inputs[0] as Buffer, f.mul(tile, f.int(m * n)), n);
    const lu = matrix(f, output, f.mul(tile, f.int(m * (n + 2))), n + 2);
    const pivot = f.variable("pivot", "i32", { mutable: true, min: 0, max: Math.max(0, m - 1) });
    const best = f.variable("best", type, { mutable: true });
    return [
      loop(f, "i", height, (i) => [
        loop(f, "j", width, (j) => [lu.set(i, j, a.at(i, j))]),
        lu.set(i, width, f.cast(i, type)),
        lu.set(i, f.int(n + 1), f.cast(f.add(i, f.int(1)), type)),
      ]),
      declare(pivot, f.int(0)),
      declare(best, f.const(type, 0)),
      loop(f, "k", f.int(Math.min(m, n)), (k) => {
        const after = f.add(k, f.int(1));
        const diagonal = held(f, "diagonal", lu.at(k, k));
        return [
          assign(pivot, k),
          assign(best, f.unary("abs", lu.at(k, k))),
          range(f, "i", after, height, m, (i) => {
            const value = held(f, "value", f.unary("abs", lu.at(i, k)));
            return [value.statement, when(f.lt(best, value.v), [assign(best, value.v), assign(pivot, i)])];
          }),
          when(f.binary("ne", pivot, k), [
            loop(f, "j", f.int(n + 1), (j) => {
              const [upper, lower] = [held(f, "upper", lu.at(k, j)), held(f, "lower", lu.at(pivot, j))];
              return [upper.statement, lower.statement, lu.set(k, j, lower.v), lu.set(pivot, j, upper.v)];
            }),
            lu.set(k, f.int(n + 1), f.cast(f.add(pivot, f.int(1)), type)),
          ]),
          diagonal.statement,
          range(f, "i", after, height, m, (i) => {
            // A column of zeros stays: U is singular then.
            const isZero = f.eq(diagonal.v, f.const(type, 0));
            const factor = held(f, "factor", f.select(isZero, f.const(type, 0), f.div(lu.at(i, k), diagonal.v)));
            return [
              factor.statement,
              lu.set(i, k, factor.v),
              range(f, "j", after, width, n, (j) => [lu.set(i, j, f.sub(lu.at(i, j), f.mul(factor.v, lu.at(k, j))))]),
            ];
          }),
        ];
      }),
    ];
  });
}

function luRows(a: Rows, n: number): Rows {
  const m = a.length;
  const lu = a.map((row, i) => [...row, i]);
  const pivots = a.map((_, i) => i + 1);
  const get = (i: number, j: number): number => (lu[i] as number[])[j] as number;
  for (let k = 0; k < Math.min(m, n); k++) {
    let pivot = k;
    for (let i = k + 1; i < m; i++) if (Math.abs(get(i, k)) > Math.abs(get(pivot, k))) pivot = i;
    [lu[k], lu[pivot]] = [lu[pivot] as number[], lu[k] as number[]];
    pivots[k] = pivot + 1;
    for (let i = k + 1; i < m; i++) {
      const row = lu[i] as number[];
      const factor = get(k, k) === 0 ? 0 : get(i, k) / get(k, k);
      row[k] = factor;
      for (let j = k + 1; j < n; j++) row[j] = get(i, j) - factor * get(k, j);
    }
  }
  return lu.map((row, i) => [...row, pivots[i] as number]);
}

/** LU factors with row exchanges, packed: see `luP`. */
export function luPacked(x: Node): Node {
  return apply(luP, [x]);
}

/**
 * Exchanges `[…, k]` int32, from 1, to the order of `m` rows that they make, `[…, m]` int32; or with `isInverse` to the order that takes
 * them back. Exchanges with a row that is not there are kept inside.
 */
const orderP: RoutinePrimitive = {
  kind: "routine",
  name: "order_of_exchanges",
  hash: hashText("order_of_exchanges"),
  vjp: nonDifferentiable("its results are integers"),
  saves: { inputs: [], output: false },
  infer: ([pivots], { m }) => ({ shape: [...(pivots as Node).shape.slice(0, -1), m as number], dtype: "int32" }),
  build: ({ f, inputs, output, kernel }, node) => {
    const [m, k] = [attr<number>(node, "m"), columns(node.inputs[0] as Node)];
    kernel("order", numel(node.shape.slice(0, -1)), (tile) => {
      const base = f.mul(tile, f.int(m));
      const [pivots, order] = [inputs[0] as Buffer, output];
      return [
        loop(f, "i", f.int(m), (i) => [store(order, f.add(base, i), i)]),
        loop(f, "s", f.int(k), (s) => {
          const at = attr<boolean>(node, "isInverse") ? f.sub(f.int(k - 1), s) : s;
          const given = f.sub(f.load(pivots, f.add(f.mul(tile, f.int(k)), at)), f.int(1));
          const other = held(f, "other", f.max(f.int(0), f.min(f.int(m - 1), given)));
          const [mine, theirs] = [f.add(base, at), f.add(base, other.v)];
          const x = held(f, "x", f.freshLoad(order, mine));
          const y = held(f, "y", f.freshLoad(order, theirs));
          return [other.statement, x.statement, y.statement, store(order, mine, y.v), store(order, theirs, x.v)];
        }),
      ];
    });
  },
  reference: (node, [pivots]) => {
    const [m, k] = [attr<number>(node, "m"), (pivots as NdArray).shape.at(-1) as number];
    const data = valueArray("int32", node.size);
    for (let b = 0; b < node.size / m; b++) {
      for (let i = 0; i < m; i++) data[b * m + i] = i;
      for (let s = 0; s < k; s++) {
        const at = attr<boolean>(node, "isInverse") ? k - 1 - s : s;
        const other = Math.max(0, Math.min(m - 1, Number((pivots as NdArray).data[b * k + at]) - 1));
        const x = data[b * m + at] as number;
        data[b * m + at] = data[b * m + other] as number;
        data[b * m + other] = x;
      }
    }
    return { shape: node.shape, dtype: "int32", data };
  },
};

/** The order of `m` rows that exchanges make: see `orderP`. */
export function orderOfExchanges(pivots: Node, m: number, isInverse: boolean): Node {
  return apply(orderP, [pivots], { m, isInverse });
}
