// Squares matrices as often as a value says, as a kernel, one matrix a tile: for the rare ones that need it more often than a program
// can afford to do for all.
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
import { assign, declare, loop } from "./kernel-text.js";
import { assemble, batchOf, held, matrix, type Rows, rows, rowsAt } from "./matrix-kernels.js";
import { slice } from "./movement.js";

// Beside each result lies the room that squaring it needs: `[…, n, 2n]`.
const squaredP: RoutinePrimitive = {
  kind: "routine",
  name: "squared",
  hash: hashText("squared"),
  vjp: nonDifferentiable("what is computed with it has a rule of its own"),
  saves: { inputs: [], output: false },
  infer: ([x]) => ({ shape: [...(x as Node).shape.slice(0, -1), 2 * rows(x as Node)], dtype: (x as Node).dtype }),
  build: (context, node) => buildSquared(context, rows(node), batchOf(node), attr<number>(node, "most")),
  reference: (node, [x, times]) =>
    assemble(node, (index) => {
      const count = Math.min(attr<number>(node, "most"), Number((times as NdArray).data[index]));
      let result = rowsAt(x as NdArray, index);
      for (let s = 0; s < count; s++) result = product(result, result);
      return result.map((row) => [...row, ...row.map(() => 0)]);
    }),
};

function product(a: Rows, b: Rows): Rows {
  return a.map((row) => row.map((_, j) => row.reduce((sum, x, k) => sum + x * ((b[k] as number[])[j] as number), 0)));
}

function buildSquared({ f, inputs, output, kernel }: RoutineContext, n: number, batch: number, most: number): void {
  const type = scalarOf(output.dtype);
  const size = f.int(n);
  kernel("squared", batch, (tile) => {
    const given = matrix(f, inputs[0] as Buffer, f.mul(tile, f.int(n * n)), n);
    const result = matrix(f, output, f.mul(tile, f.int(2 * n * n)), 2 * n);
    const times = held(f, "times", f.max(f.int(0), f.min(f.int(most), f.load(inputs[1] as Buffer, tile))));
    const each = (body: (i: Expr, j: Expr, beside: Expr) => Stmt[]): Stmt =>
      loop(f, "i", size, (i) => [loop(f, "j", size, (j) => body(i, j, f.add(size, j)))]);
    return [
      times.statement,
      each((i, j, beside) => [result.set(i, j, given.at(i, j)), result.set(i, beside, f.const(type, 0))]),
      loop(
        f,
        "s",
        times.v,
        () => [
          each((i, j, beside) => {
            const sum = f.variable("sum", type, { mutable: true });
            return [
              declare(sum, f.const(type, 0)),
              loop(f, "k", size, (k) => [assign(sum, f.add(sum, f.mul(result.at(i, k), result.at(k, j))))]),
              result.set(i, beside, sum),
            ];
          }),
          each((i, j, beside) => [result.set(i, j, result.at(i, beside))]),
        ],
        { most },
      ),
    ];
  });
}

/** `x` `[…, n, n]` squared `times` `[…, 1, 1]` (int32) times, at most `most` times. */
export function squared(x: Node, times: Node, most: number): Node {
  return slice(apply(squaredP, [x, times], { most }), x.shape.length - 1, 0, rows(x));
}
