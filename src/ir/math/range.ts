// Bounds of float expressions, for formulas that get much shorter when their argument is known to be small.
import type { Binary, Cast, Expr } from "../types.js";

interface Range {
  readonly low: number;
  readonly high: number;
}

const everything: Range = { low: -Infinity, high: Infinity };
const memo = new WeakMap<Expr, Range>();

/** True if |x| <= limit wherever `x` is not NaN, up to rounding. */
export function isBoundedBy(x: Expr, limit: number): boolean {
  const { low, high } = rangeOf(x);
  return low >= -limit && high <= limit;
}

function rangeOf(x: Expr): Range {
  const known = memo.get(x);
  if (known) return known;
  const found = findRange(x);
  const range = Number.isNaN(found.low) || Number.isNaN(found.high) ? everything : found;
  memo.set(x, range);
  return range;
}

function findRange(x: Expr): Range {
  switch (x.kind) {
    case "const":
      return { low: Number(x.value), high: Number(x.value) };
    case "splat":
    case "extract":
      return rangeOf(x.x);
    case "lanes":
      return x.elements.map(rangeOf).reduce(union);
    case "select":
      return union(rangeOf(x.a), rangeOf(x.b));
    case "cast":
      return rangeOfCast(x);
    case "fma":
      return sum(product(rangeOf(x.a), rangeOf(x.b)), rangeOf(x.c));
    case "unary":
      if (x.op === "sin" || x.op === "cos" || x.op === "tanh" || x.op === "erf") return { low: -1, high: 1 };
      return x.op === "neg" ? negated(rangeOf(x.x)) : everything;
    case "binary":
      return rangeOfBinary(x);
    default:
      return x.type === "i32" ? { low: x.min, high: x.max } : everything;
  }
}

function rangeOfCast(x: Cast): Range {
  if (x.x.type === "bool") return { low: 0, high: 1 };
  const { low, high } = rangeOf(x.x);
  if (x.type !== "f32" && x.type !== "f64") return everything;
  const limit = x.x.type === "i32" ? 2 ** 31 : x.x.type === "i64" ? 2 ** 63 : Infinity;
  return { low: Math.max(low, -limit), high: Math.min(high, limit) };
}

function rangeOfBinary({ op, type, a, b }: Binary): Range {
  if (type === "i32") return rangeOfBits(op, b);
  if (type !== "f32" && type !== "f64") return everything;
  const [p, q] = [rangeOf(a), rangeOf(b)];
  switch (op) {
    case "add":
      return sum(p, q);
    case "sub":
      return sum(p, negated(q));
    case "mul":
      return product(p, q);
    case "min":
      return { low: Math.min(p.low, q.low), high: Math.min(p.high, q.high) };
    case "max":
      return { low: Math.max(p.low, q.low), high: Math.max(p.high, q.high) };
    default:
      return everything;
  }
}

/** Random bits are shifted or masked before they become floats. Other integer arithmetic may wrap. */
function rangeOfBits(op: Binary["op"], b: Expr): Range {
  const amount = rangeOf(b);
  if (amount.low !== amount.high) return everything;
  if (op === "shru" && amount.low > 0 && amount.low < 32) return { low: 0, high: 2 ** (32 - amount.low) - 1 };
  return op === "and" && amount.low >= 0 ? { low: 0, high: amount.low } : everything;
}

function sum(p: Range, q: Range): Range {
  return { low: p.low + q.low, high: p.high + q.high };
}

function product(p: Range, q: Range): Range {
  const corners = [p.low * q.low, p.low * q.high, p.high * q.low, p.high * q.high];
  return { low: Math.min(...corners), high: Math.max(...corners) };
}

function negated({ low, high }: Range): Range {
  return { low: -high, high: -low };
}

function union(p: Range, q: Range): Range {
  return { low: Math.min(p.low, q.low), high: Math.max(p.high, q.high) };
}
