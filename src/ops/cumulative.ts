// Running extrema and running log-sums of exponentials along a dim.
import { isFloat, valueArray } from "../base/index.js";
import {
  attr,
  hashText,
  type NdArray,
  type Node,
  nonDifferentiable,
  type RoutineContext,
  type RoutinePrimitive,
} from "../graph/index.js";
import { type Buffer, type Expr, type ExprFactory, type Scalar, type Stmt, scalarOf, type Var } from "../ir/index.js";
import { apply } from "./apply.js";
import { isinf } from "./comparison.js";
import { constantLike, toFloat } from "./composing.js";
import { and, eq, exp, mul, sub, where } from "./elementwise.js";
import type { ValuesAndIndices } from "./extrema.js";
import { gatherUnchecked } from "./gathering.js";
import { cat } from "./joining.js";
import { assign, declare, linesOf, loop, planLines, store } from "./kernel-text.js";
import { constant } from "./leaves.js";
import { recurrence } from "./scan.js";
import { narrow } from "./shaping.js";

const dimOf = (node: Node): number => attr<number>(node, "dim");

interface Walk {
  readonly init: Stmt[];
  /** Statements for the element at flat position `at`, number `j` of its line. */
  readonly step: (at: Expr, j: Expr) => Stmt[];
}

/** Walks every line of the input in order. */
function walkLines(context: RoutineContext, node: Node, start: () => Walk): void {
  const { f } = context;
  const lines = linesOf(node.shape, dimOf(node));
  const { count, after } = lines;
  const plan = planLines(f, lines);
  context.kernel(node.primitive.name, plan.tiles, (tile) =>
    plan.emit(tile, (b, first, width) => [
      loop(f, "a", width, (a) => {
        const { init, step } = start();
        const steps = loop(f, "j", f.int(count), (j) => {
          return step(f.add(f.mul(f.add(f.mul(b, f.int(count)), j), f.int(after)), f.add(first, a)), j);
        });
        return [...init, steps];
      }),
    ]),
  );
}

/** The reference's loop over lines: `visit(at, j)` for each element in order, `begin` before each line. */
function forEachInLines(node: Node, begin: () => void, visit: (at: number, j: number) => void): void {
  const { before, count, after } = linesOf(node.shape, dimOf(node));
  for (let line = 0; line < before * after; line++) {
    begin();
    for (let j = 0; j < count; j++) {
      visit((Math.floor(line / after) * count + j) * after + (line % after), j);
    }
  }
}

const isFloatLane = (type: Scalar): boolean => type === "f32" || type === "f64";

/** True where a later `value` takes the place of `best`: ties go to the later one, NaN beats all. */
function takesOver(f: ExprFactory, value: Expr, best: Expr, kind: "max" | "min"): Expr {
  const [low, high] = kind === "max" ? [best, value] : [value, best];
  if (value.type === "bool") return f.le(f.cast(low, "i32"), f.cast(high, "i32"));
  const wins = f.le(low, high);
  if (!isFloatLane(value.type)) return wins;
  const isUnordered = (x: Expr): Expr => f.binary("ne", x, x);
  return f.or(isUnordered(value), f.and(f.not(isUnordered(best)), wins));
}

function defineExtremePlace(kind: "max" | "min"): RoutinePrimitive {
  const name = `cum${kind}`;
  return {
    kind: "routine",
    name,
    hash: hashText(name),
    vjp: nonDifferentiable("positions are integers"),
    saves: { inputs: [], output: false },
    infer: ([x]) => ({ shape: (x as Node).shape, dtype: "int32" }),
    build: (context, node) => {
      const { f, output } = context;
      const x = context.inputs[0] as Buffer;
      const type = scalarOf(x.dtype);
      walkLines(context, node, () => {
        const best = f.variable("best", type, { mutable: true });
        const place = f.variable("place", "i32", { mutable: true });
        return {
          init: [declare(best, f.const(type, 0)), declare(place, f.int(0))],
          step: (at, j) => {
            const value = f.variable("value", type);
            const isTaken = f.variable("taken", "bool");
            return [
              declare(value, f.load(x, at)),
              declare(isTaken, f.or(f.eq(j, f.int(0)), takesOver(f, value, best, kind))),
              assign(best, f.select(isTaken, value, best)),
              assign(place, f.select(isTaken, j, place)),
              store(output, at, place),
            ];
          },
        };
      });
    },
    reference: (node, [x]) => {
      const { data } = x as NdArray;
      const out = valueArray("int32", data.length);
      let [best, place]: [number | bigint, number] = [0, 0];
      forEachInLines(
        node,
        () => {},
        (at, j) => {
          const value = data[at] as number | bigint;
          const wins = kind === "max" ? value >= best : value <= best;
          if (j === 0 || Number.isNaN(value) || (!Number.isNaN(best) && wins)) [best, place] = [value, j];
          out[at] = place;
        },
      );
      return { shape: node.shape, dtype: "int32", data: out };
    },
  };
}

const cummaxP = defineExtremePlace("max");
const cumminP = defineExtremePlace("min");

function cumulativeExtremum(primitive: RoutinePrimitive) {
  return (x: Node, dim: number): ValuesAndIndices => {
    if (x.shape.length === 0) return { values: x, indices: constant(0, "int32") };
    const indices = apply(primitive, [x], { dim });
    return { values: x.size === 0 ? x : gatherUnchecked(x, dim, indices), indices };
  };
}

/** The largest element so far along `dim`, and where the last of them is; a NaN stays. */
export const cummax = cumulativeExtremum(cummaxP);
/** The smallest element so far along `dim`, and where the last of them is; a NaN stays. */
export const cummin = cumulativeExtremum(cumminP);

/** max + log1p(exp(-|a - b|)), with equal infinities kept. */
function logAdd(f: ExprFactory, a: Expr, b: Expr): Expr {
  const isSame = f.eq(a, b);
  const distance = f.select(isSame, f.const(a.type, 0), f.sub(a, b)); // infinities have none
  const gap = f.unary("neg", f.unary("abs", distance));
  return f.add(f.max(a, b), f.unary("log1p", f.unary("exp", gap)));
}

/** a - b, 0 where both are one infinity. */
function difference(a: Node, b: Node): Node {
  return sub(a, where(and(eq(a, b), isinf(a)), constantLike(a, 0), b));
}

const logcumsumexpP: RoutinePrimitive = {
  kind: "routine",
  name: "logcumsumexp",
  hash: hashText("logcumsumexp"),
  saves: { inputs: [0], output: true },
  infer: ([x]) => ({ shape: (x as Node).shape, dtype: (x as Node).dtype }),
  // d x_k = exp(x_k - y_k) s_k with s_k = Σ_{j >= k} g_j exp(y_k - y_j) = g_k + exp(y_k - y_(k+1)) s_(k+1): no term overflows.
  vjp: (node, grad) => {
    const x = node.inputs[0] as Node;
    const dim = dimOf(node);
    const count = x.shape[dim] as number;
    const later = cat([narrow(node, dim, 1, count - 1), narrow(node, dim, count - 1, 1)], dim);
    const sums = recurrence(grad, exp(difference(node, later)), dim, true);
    return [mul(exp(difference(x, node)), sums)];
  },
  build: (context, node) => {
    const { f, output } = context;
    const x = context.inputs[0] as Buffer;
    const type = scalarOf(x.dtype);
    // float32 accumulates in float64, as running sums do.
    walkLines(context, node, () => {
      const sum: Var = f.variable("sum", "f64", { mutable: true });
      return {
        init: [declare(sum, f.const("f64", Number.NEGATIVE_INFINITY))],
        step: (at) => [assign(sum, logAdd(f, sum, f.cast(f.load(x, at), "f64"))), store(output, at, f.cast(sum, type))],
      };
    });
  },
  reference: (node, [x]) => {
    const { data, dtype } = x as NdArray;
    const out = valueArray(dtype, data.length);
    let sum = Number.NEGATIVE_INFINITY;
    forEachInLines(
      node,
      () => {
        sum = Number.NEGATIVE_INFINITY;
      },
      (at) => {
        const value = data[at] as number;
        const gap = sum === value ? 0 : Math.abs(sum - value);
        sum = Math.max(sum, value) + Math.log1p(Math.exp(-gap));
        out[at] = sum;
      },
    );
    return { shape: node.shape, dtype, data: out };
  },
};

/** log Σ exp(x) of all elements up to each along `dim`. */
export function logcumsumexp(input: Node, dim: number): Node {
  const x = isFloat(input.dtype) ? input : toFloat(input);
  return x.shape.length === 0 || x.size === 0 ? x : apply(logcumsumexpP, [x], { dim });
}
