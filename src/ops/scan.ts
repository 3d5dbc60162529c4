// Running sums and products along a dim. Both are linear recurrences, and so are their gradients, in the other direction.
import { isFloat, normalizeDim, sumDType, valueArray } from "../base/index.js";
import { attr, hashText, type NdArray, type Node, type RoutineContext, type RoutinePrimitive } from "../graph/index.js";
import { type Buffer, type Expr, scalarOf } from "../ir/index.js";
import { apply } from "./apply.js";
import { cast, eq, mul, where } from "./elementwise.js";
import { assign, declare, linesOf, loop, planLines, store } from "./kernel-text.js";
import { constant, iota } from "./leaves.js";
import { pad, reshape } from "./movement.js";

const dimOf = (node: Node): number => attr<number>(node, "dim");
const isReverse = (node: Node): boolean => attr<boolean>(node, "reverse");

/** out[j] = factor[j] * out[j - 1] + x[j], or out[j - 1] + x[j] without a factor; float32 accumulates in float64, as PyTorch does. */
function buildRecurrence(context: RoutineContext, node: Node): void {
  const { f, inputs, output } = context;
  const [x, factor] = inputs as [Buffer, Buffer | undefined];
  const lines = linesOf(node.shape, dimOf(node));
  const { count, after } = lines;
  const type = scalarOf(node.dtype);
  const wide = type === "f32" ? "f64" : type;
  const plan = planLines(f, lines);
  context.kernel(node.primitive.name, plan.tiles, (tile) =>
    plan.emit(tile, (b, start, width) => [
      loop(
        f,
        "a",
        width,
        (a) => {
          const sum = f.variable("sum", wide, { mutable: true });
          const value = (buffer: Buffer, at: Expr): Expr => f.cast(f.load(buffer, at), wide);
          return [
            declare(sum, f.const(wide, 0)),
            loop(f, "j", f.int(count), (j) => {
              const step = isReverse(node) ? f.sub(f.int(count - 1), j) : j;
              const at = f.add(f.mul(f.add(f.mul(b, f.int(count)), step), f.int(after)), f.add(start, a));
              const before = factor ? f.mul(sum, value(factor, at)) : sum;
              return [assign(sum, f.add(before, value(x, at))), store(output, at, f.cast(sum, type))];
            }),
          ];
        },
        { hint: "vectorize" },
      ),
    ]),
  );
}

function recurrenceArray(node: Node, [x, factor]: readonly NdArray[]): NdArray {
  const { dtype, shape, data } = x as NdArray;
  const { before, count, after } = linesOf(shape, dimOf(node));
  const out = valueArray(dtype, data.length);
  for (let line = 0; line < before * after; line++) {
    let sum: number | bigint = dtype === "int64" ? 0n : 0;
    for (let k = 0; k < count; k++) {
      const j = isReverse(node) ? count - 1 - k : k;
      const at = (Math.floor(line / after) * count + j) * after + (line % after);
      const value = data[at] as number | bigint;
      if (typeof sum === "bigint") sum = (factor ? sum * (factor.data[at] as bigint) : sum) + (value as bigint);
      else sum = (factor ? sum * (factor.data[at] as number) : sum) + (value as number);
      out[at] = sum;
    }
  }
  return { shape, dtype, data: out };
}

const common = {
  kind: "routine",
  infer: ([x]: readonly Node[]) => ({ shape: (x as Node).shape, dtype: (x as Node).dtype }),
  build: buildRecurrence,
  reference: recurrenceArray,
} as const;

const cumsumP: RoutinePrimitive = {
  ...common,
  name: "cumsum",
  hash: hashText("cumsum"),
  saves: { inputs: [], output: false },
  vjp: (node, grad) => [apply(cumsumP, [grad], { dim: dimOf(node), reverse: !isReverse(node) })],
};

/**
 * With t the same recurrence over the gradients, backwards and with each factor one place earlier: d x = t, and
 * d factor[j] = t[j] * out[j - 1]. No division, so zeros are no special case.
 */
const recurrenceP: RoutinePrimitive = {
  ...common,
  name: "recurrence",
  hash: hashText("recurrence"),
  saves: { inputs: [1], output: true },
  vjp: (node, grad, needs) => {
    const factor = node.inputs[1] as Node;
    const [dim, reverse] = [dimOf(node), isReverse(node)];
    const total = recurrence(grad, shifted(factor, dim, reverse ? 1 : -1), dim, !reverse);
    return [total, needs[1] ? mul(total, shifted(node, dim, reverse ? -1 : 1)) : null];
  },
};

/** `x` moved by one place along `dim`; a 0 comes in. */
function shifted(x: Node, dim: number, by: 1 | -1): Node {
  const [before, after] = [x.shape.map(() => 0), x.shape.map(() => 0)];
  before[dim] = by;
  after[dim] = -by;
  return pad(x, before, after, 0);
}

/** out[j] = factor[j] out[j - 1] + x[j] along `dim`, from the end (j + 1) if `reverse`. */
export function recurrence(x: Node, factor: Node, dim: number, reverse: boolean): Node {
  return apply(recurrenceP, [x, factor], { dim, reverse });
}

/** Integers and bool accumulate in int64; a 0-d value is its own sum. */
function prepared(op: string, x: Node, dim: number): { x: Node; d: number } {
  const d = normalizeDim(op, dim, x.shape.length);
  return { x: isFloat(x.dtype) ? x : cast(x, sumDType(x.dtype)), d };
}

/** Sums of all elements up to each along `dim`. Integers and bool give int64. */
export function cumsum(input: Node, dim: number): Node {
  const { x, d } = prepared("cumsum", input, dim);
  return x.shape.length === 0 || x.size === 0 ? x : apply(cumsumP, [x], { dim: d, reverse: false });
}

/** Products of all elements up to each along `dim`. Integers and bool give int64. */
export function cumprod(input: Node, dim: number): Node {
  const { x, d } = prepared("cumprod", input, dim);
  if (x.shape.length === 0 || x.size === 0) return x;
  // The recurrence starts from 0: the first element enters as a term, the others as factors.
  const position = reshape(
    iota(x.shape[d] as number),
    x.shape.map((size, k) => (k === d ? size : 1)),
  );
  const first = where(eq(position, constant(0, "int32")), x, constant(0, x.dtype));
  return recurrence(first, x, d, false);
}
