// Bounds of float expressions, for formulas that get much shorter when their argument is known to be small.
import type { Binary, Cast, Expr, Scalar } from "../types.js";

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
  // Scalar integers carry their bounds.
  if (x.type === "i32" && Number.isFinite(x.min) && Number.isFinite(x.max)) return { low: x.min, high: x.max };
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
      return x.op === "neg" && isFloat(x.type) ? negated(rangeOf(x.x)) : everything;
    case "binary":
      return x.type === "i32" ? rangeOfInteger(x) : isFloat(x.type) ? rangeOfArithmetic(x) : everything;
    default:
      return everything;
  }
}

function isFloat(type: Scalar): boolean {
  return type === "f32" || type === "f64";
}

function rangeOfCast(x: Cast): Range {
  if (x.x.type === "bool") return { low: 0, high: 1 };
  const { low, high } = rangeOf(x.x);
  if (!isFloat(x.type)) return everything;
  const limit = x.x.type === "i32" ? 2 ** 31 : x.x.type === "i64" ? 2 ** 63 : Infinity;
  return { low: Math.max(low, -limit), high: Math.min(high, limit) };
}

function rangeOfArithmetic({ op, a, b }: Binary): Range {
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

/** Random bits are shifted or masked before they become floats; counters are added, scaled and divided. */
function rangeOfInteger(x: Binary): Range {
  const [p, q] = [rangeOf(x.a), rangeOf(x.b)];
  const amount = q.low === q.high ? q.low : Number.NaN;
  switch (x.op) {
    case "and": {
      const masks = [p, q].filter((range) => range.low >= 0).map((range) => range.high);
      return masks.length > 0 ? { low: 0, high: Math.min(...masks) } : everything;
    }
    case "shru":
      return amount > 0 && amount < 32 ? { low: 0, high: 2 ** (32 - amount) - 1 } : everything;
    case "div":
      return amount > 0 ? { low: Math.trunc(p.low / amount), high: Math.trunc(p.high / amount) } : everything;
    case "rem":
      return amount > 0 ? { low: p.low >= 0 ? 0 : 1 - amount, high: amount - 1 } : everything;
    default: {
      const range = rangeOfArithmetic(x);
      return range.low >= -(2 ** 31) && range.high < 2 ** 31 ? range : everything; // else it may wrap
    }
  }
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
