// The value of a node at a symbolic index, as an IR expression: follows pointwise nodes down to memory.
import { InternalError, numel, type Shape } from "../base/index.js";
import { attr, type Node } from "../graph/index.js";
import { type Buffer, type Expr, type ExprFactory, fitTo, scalarOf } from "../ir/index.js";
import { isPointLike, isPosition } from "./costs.js";

/** Answers where a node's value is to be found. */
export interface ValueSource {
  /** The buffer of a node that lies in memory, or null if its value is to be computed on the spot. */
  bufferOf(node: Node): Buffer | null;
  /** Table slot of a run-time number, -1 for a constant that is none. */
  slotOf(node: Node): number;
  /** Asked first: a value that the kernel under construction already has, or undefined. */
  local?(node: Node, index: readonly Expr[], guard: Expr | undefined): Expr | undefined;
}

/** Σ index[d] * stride[d] of a row-major shape. */
export function linearIndex(f: ExprFactory, shape: Shape, index: readonly Expr[]): Expr {
  let sum: Expr = f.int(0);
  let stride = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    sum = f.add(sum, f.mul(index[d] as Expr, f.int(stride)));
    stride *= shape[d] as number;
  }
  return sum;
}

export class Evaluator {
  readonly #memo = new Map<string, Expr>();

  constructor(
    readonly f: ExprFactory,
    private readonly source: ValueSource,
  ) {}

  value(node: Node, index: readonly Expr[], guard?: Expr): Expr {
    const local = this.source.local?.(node, index, guard);
    if (local) return local;
    const key = `${node.id}[${index.map((i) => i.id).join()}]${guard?.id ?? ""}`;
    const known = this.#memo.get(key);
    if (known) return known;
    const made = this.#evaluate(node, index, guard);
    this.#memo.set(key, made);
    return made;
  }

  /** The value as computed from its inputs, even if the node lies in memory. */
  compute(node: Node, index: readonly Expr[], guard?: Expr): Expr {
    const { f } = this;
    const { primitive } = node;
    if (primitive.kind === "reduction") return this.#unrolledReduction(node, index, guard);
    if (primitive.kind === "contraction") return this.#unrolledContraction(node, index, guard);
    if (primitive.kind !== "pointwise") {
      throw new InternalError(`${primitive.name} has no expression of its own`);
    }
    const context = {
      f,
      input: (i: number, at: readonly Expr[], condition?: Expr): Expr => {
        const both = guard && condition ? f.and(guard, condition) : (condition ?? guard);
        return this.value(node.inputs[i] as Node, at, both);
      },
    };
    return fitTo(f, node.dtype, primitive.lower(context, index, node));
  }

  #evaluate(node: Node, index: readonly Expr[], guard: Expr | undefined): Expr {
    const { f, source } = this;
    const type = scalarOf(node.dtype);
    if (node.primitive.kind === "constant" && source.slotOf(node) < 0) {
      return f.const(type, node.value as number | bigint | boolean);
    }
    if (node.primitive.kind === "constant" || node.primitive.kind === "scalar")
      return fitTo(f, node.dtype, f.param(source.slotOf(node), type));
    const buffer = isPosition(node) ? null : source.bufferOf(node);
    if (!buffer) return this.compute(node, index, guard);
    return f.load(buffer, linearIndex(f, node.shape, index), 1, guard ?? null);
  }

  /** A reduction over a handful of elements is just an expression of them. */
  #unrolledReduction(node: Node, index: readonly Expr[], guard: Expr | undefined): Expr {
    const { f } = this;
    if (!isPointLike(node)) throw new InternalError("a long reduction needs a loop");
    const input = node.inputs[0] as Node;
    const dims = attr<readonly number[]>(node, "dims");
    const sizes = dims.map((d) => input.shape[d] as number);
    let result: Expr | null = null;
    for (let n = 0; n < numel(sizes); n++) {
      const x = this.value(input, insertDims(f, index, dims, sizes, n), guard);
      result = result ? combine(f, node, result, x) : x;
    }
    return result ?? identity(f, node);
  }

  /** A sum of few products, in the order of the first operand's dims. */
  #unrolledContraction(node: Node, index: readonly Expr[], guard: Expr | undefined): Expr {
    const { f } = this;
    const [a, b, out] = ["a", "b", "out"].map((key) => attr<readonly number[]>(node, key)) as [
      number[],
      number[],
      number[],
    ];
    const [x, y] = node.inputs as [Node, Node];
    const summed = a.filter((label) => !out.includes(label));
    const sizes = summed.map((label) => x.shape[a.indexOf(label)] as number);
    const at = new Map<number, Expr>(out.map((label, d) => [label, index[d] as Expr]));
    const pick = (labels: readonly number[]): Expr[] => labels.map((label) => at.get(label) as Expr);
    let sum: Expr | null = null;
    for (let n = 0; n < numel(sizes); n++) {
      let rest = n;
      for (let i = summed.length - 1; i >= 0; i--) {
        at.set(summed[i] as number, f.int(rest % (sizes[i] as number)));
        rest = Math.floor(rest / (sizes[i] as number));
      }
      const [p, q] = [this.value(x, pick(a), guard), this.value(y, pick(b), guard)];
      sum = sum ? f.fma(p, q, sum) : f.mul(p, q);
    }
    return sum ?? f.const(scalarOf(node.dtype), 0);
  }
}

/** The index into a reduction's input for flat position `n` of the reduced dims. */
function insertDims(f: ExprFactory, index: readonly Expr[], dims: readonly number[], sizes: Shape, n: number): Expr[] {
  const out = [...index];
  let rest = n;
  const positions = new Array<number>(dims.length);
  for (let i = dims.length - 1; i >= 0; i--) {
    positions[i] = rest % (sizes[i] as number);
    rest = Math.floor(rest / (sizes[i] as number));
  }
  dims.forEach((d, i) => {
    out.splice(d, 0, f.int(positions[i] as number));
  });
  return out;
}

/** One step of a reduction. */
export function combine(f: ExprFactory, node: Node, a: Expr, b: Expr): Expr {
  const op = reductionOp(node);
  if (a.type !== "bool") return f.binary(op, a, b);
  return op === "add" || op === "max" ? f.or(a, b) : f.and(a, b);
}

/** The value of an empty reduction. */
export function identity(f: ExprFactory, node: Node): Expr {
  const type = scalarOf(node.dtype);
  const op = reductionOp(node);
  if (op === "add") return f.const(type, 0);
  if (op === "mul") return f.const(type, 1);
  if (type === "bool") return f.bool(op === "min");
  const sign = op === "max" ? -1 : 1;
  if (type === "f32" || type === "f64") return f.const(type, sign * Infinity);
  if (type === "i64") return f.const(type, sign < 0 ? -(2n ** 63n) : 2n ** 63n - 1n);
  return f.const(type, sign < 0 ? -(2 ** 31) : 2 ** 31 - 1);
}

function reductionOp(node: Node): "add" | "mul" | "max" | "min" {
  if (node.primitive.kind !== "reduction") throw new InternalError(`${node.primitive.name} is no reduction`);
  return node.primitive.combine;
}
