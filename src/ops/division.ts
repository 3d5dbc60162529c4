// Division with a whole quotient, and its remainders: rounded down (floorDivide, remainder) or towards zero (truncDivide, fmod).
import { DTypeError, isFloat, NumericError } from "../base/index.js";
import { type Node, nonDifferentiable, type PointwisePrimitive, type ValueCheck } from "../graph/index.js";
import { type Expr, evalBinary, evalUnary, type Scalar, type ScalarValue } from "../ir/index.js";
import { applyBinary, resultType } from "./broadcasting.js";
import { defineElementwise } from "./define.js";
import { div, floor, mul, neg, trunc, zerosLike } from "./elementwise.js";
import { testHost, unlessRefused } from "./value-checks.js";

type Pair = readonly [ScalarValue, ScalarValue];

const isFloatLane = (type: Scalar): boolean => type === "f32" || type === "f64";
const isNegative = (x: ScalarValue): boolean => (typeof x === "bigint" ? x < 0n : (x as number) < 0);
const isNonZero = (x: ScalarValue): boolean => Number(x) !== 0;

/** Whole numbers cannot be divided by 0: an error where the user's function is named, 0 where it is not. */
function divisorChecks(node: Node): readonly ValueCheck[] {
  const { op } = node.attrs;
  if (typeof op !== "string" || node.size === 0) return [];
  const error = () =>
    new NumericError(`${op}: integer division by zero; divide floats for Infinity, or mask the zeros with where(…)`, {
      op,
    });
  return [{ input: 1, except: 0, error }];
}

function divided(primitive: PointwisePrimitive, a: Node, b: Node, op: string | undefined): Node {
  const dtype = resultType(a, b);
  if (dtype === "bool") {
    throw new DTypeError(`${op ?? primitive.name}: bool tensors cannot be divided; convert them with .to("int32")`, {
      op: op ?? primitive.name,
    });
  }
  if (op === undefined || isFloat(dtype)) return applyBinary(primitive, a, b, dtype);
  return unlessRefused(
    () => applyBinary(primitive, a, b, dtype, { op }),
    (node) => {
      for (const check of divisorChecks(node)) testHost(b, check); // `b` itself: the node's input may be its expansion
    },
  );
}

const intdivP = defineElementwise("intdiv", {
  cost: 6,
  checks: divisorChecks,
  vjp: nonDifferentiable("intdiv has integer results"),
  lower: (f, [a, b]) => f.div(a as Expr, b as Expr),
  value: (values, type) => evalBinary("div", type, ...(values as Pair)),
});

/** Quotient of integers rounded towards zero; division by 0 is an error where `op` names the function, else gives 0. */
export function intdiv(a: Node, b: Node, op?: string): Node {
  return divided(intdivP, a, b, op);
}

/** Quotient rounded towards zero. */
export function truncDivide(a: Node, b: Node, op?: string): Node {
  return isFloat(resultType(a, b)) ? trunc(div(a, b)) : intdiv(a, b, op);
}

const remP = defineElementwise("rem", {
  cost: 6,
  checks: divisorChecks,
  saves: { inputs: [0, 1] },
  vjp: ({ inputs }, grad, needs) => {
    const [a, b] = inputs as [Node, Node];
    return [needs[0] ? grad : null, needs[1] ? neg(mul(grad, trunc(div(a, b)))) : null];
  },
  lower: (f, [a, b]) => f.rem(a as Expr, b as Expr),
  value: (values, type) => evalBinary("rem", type, ...(values as Pair)),
});

/** Remainder with the dividend's sign (C's fmod); integers modulo 0 as in `intdiv`. */
export function rem(a: Node, b: Node, op?: string): Node {
  return divided(remP, a, b, op);
}

/** Remainder with the dividend's sign. */
export const fmod = rem;

/** Where the quotient has to go down by one: a remainder is left, and its sign is not the divisor's. */
const modP = defineElementwise("mod", {
  cost: 9,
  checks: divisorChecks,
  saves: { inputs: [0, 1] },
  vjp: ({ inputs }, grad, needs) => {
    const [a, b] = inputs as [Node, Node];
    return [needs[0] ? grad : null, needs[1] ? neg(mul(grad, floor(div(a, b)))) : null];
  },
  lower: (f, [a, b]) => {
    const rest = f.rem(a as Expr, b as Expr);
    const zero = f.const(rest.type, 0);
    const differs = f.binary("xor", f.lt(rest, zero), f.lt(b as Expr, zero));
    return f.select(f.and(f.binary("ne", rest, zero), differs), f.add(rest, b as Expr), rest);
  },
  value: (values, type) => {
    const [a, b] = values as Pair;
    const rest = evalBinary("rem", type, a, b);
    return isNonZero(rest) && isNegative(rest) !== isNegative(b) ? evalBinary("add", type, rest, b) : rest;
  },
});

/** Remainder with the divisor's sign (Python's %); integers modulo 0 as in `intdiv`. */
export function remainder(a: Node, b: Node, op?: string): Node {
  return divided(modP, a, b, op);
}

// From the exact remainder rather than floor(a / b): 1 / 0.1 rounds to 10, but 0.1 goes into 1 nine times, as in Python and
// PyTorch. The quotient of the rest is whole up to rounding.
const floorDivideP = defineElementwise("floor_divide", {
  cost: 12,
  checks: divisorChecks,
  vjp: (_, grad) => [zerosLike(grad), zerosLike(grad)],
  lower: (f, [a0, b0]) => {
    const [a, b] = [a0 as Expr, b0 as Expr];
    const rest = f.rem(a, b);
    const zero = f.const(a.type, 0);
    const one = f.const(a.type, 1);
    const isLower = f.and(f.binary("ne", rest, zero), f.binary("xor", f.lt(rest, zero), f.lt(b, zero)));
    if (!isFloatLane(a.type)) {
      const quotient = f.div(a, b);
      return f.select(isLower, f.sub(quotient, one), quotient);
    }
    const exact = f.div(f.sub(a, rest), b);
    const whole = f.unary("nearest", f.select(isLower, f.sub(exact, one), exact));
    return f.select(f.eq(b, zero), f.div(a, b), whole);
  },
  value: (values, type) => {
    const [a, b] = values as Pair;
    const rest = evalBinary("rem", type, a, b);
    const one = type === "i64" ? 1n : 1;
    const isLower = isNonZero(rest) && isNegative(rest) !== isNegative(b);
    const down = (x: ScalarValue): ScalarValue => (isLower ? evalBinary("sub", type, x, one) : x);
    if (!isFloatLane(type)) return down(evalBinary("div", type, a, b));
    if (b === 0) return evalBinary("div", type, a, b);
    const exact = evalBinary("div", type, evalBinary("sub", type, a, rest), b);
    return evalUnary("nearest", type, down(exact));
  },
});

/** Quotient rounded down; of integers by 0 as in `intdiv`. */
export function floorDivide(a: Node, b: Node, op?: string): Node {
  return divided(floorDivideP, a, b, op);
}
