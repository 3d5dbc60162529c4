// Powers: products for small whole exponents, repeated squaring for integers, else the function.
import { ArgumentError, type DType, DTypeError, isFloat } from "../base/index.js";
import { type Node, nonDifferentiable } from "../graph/index.js";
import { type Expr, type ExprFactory, evalBinary, type Scalar, type ScalarValue } from "../ir/index.js";
import { applyBinary, resultType } from "./broadcasting.js";
import { defineElementwise } from "./define.js";
import { and, cast, eq, le, log, mul, reciprocal, rsqrt, sqrt, sub, where } from "./elementwise.js";
import { constant } from "./leaves.js";

const powP = defineElementwise("pow", {
  cost: 40,
  saves: { inputs: [0, 1], output: true },
  vjp: (node, grad, needs) => {
    const [a, b] = node.inputs as [Node, Node];
    return [needs[0] ? mul(grad, baseSlope(a, b)) : null, needs[1] ? mul(grad, exponentSlope(node, a, b)) : null];
  },
  lower: (f, [a, b]) => f.binary("pow", a as Expr, b as Expr),
  value: ([a, b], type) => evalBinary("pow", type, a as ScalarValue, b as ScalarValue),
});

/** b a^(b-1). x^0 is 1 everywhere, so its slope is 0 even where a^-1 is infinite. */
function baseSlope(a: Node, b: Node): Node {
  if (b.primitive.kind === "constant") {
    const exponent = Number(b.value);
    return mul(pow(a, constant(exponent === 0 ? 0 : exponent - 1, b.dtype)), b);
  }
  const one = constant(1, b.dtype);
  const isZero = eq(b, constant(0, b.dtype));
  return mul(b, pow(a, sub(where(isZero, one, b), one)));
}

/** a^b log a, where 0^b is flat for b >= 0 whatever log 0 says. */
function exponentSlope(node: Node, a: Node, b: Node): Node {
  const zero = constant(0, a.dtype);
  const isFlat = and(eq(a, zero), le(zero, b));
  return where(isFlat, zero, mul(node, log(where(isFlat, constant(1, a.dtype), a))));
}

/** Squarings that cover every exponent of a lane type. */
const bitsOf = (type: Scalar): number => (type === "i64" ? 63 : 31);

// Wraps as integer products do; negative exponents give 0, or ±1 for a base of ±1 (their true values, rounded to zero).
const intpowP = defineElementwise("intpow", {
  cost: 60,
  vjp: nonDifferentiable("integer powers are integers"),
  lower: (f, [a, b]) => lowerIntegerPower(f, a as Expr, b as Expr),
  value: ([a, b], type) => {
    const [base, exponent] = [BigInt(a as number | bigint), BigInt(b as number | bigint)];
    const wrapped = BigInt.asIntN(type === "i64" ? 64 : 32, integerPower(base, exponent));
    return type === "i64" ? wrapped : Number(wrapped);
  },
});

function lowerIntegerPower(f: ExprFactory, a: Expr, b: Expr): Expr {
  const word = (value: number): Expr => f.const(a.type, value);
  const [zero, one] = [word(0), word(1)];
  let result: Expr = one;
  let square = a;
  for (let bit = 0; bit < bitsOf(a.type); bit++) {
    const isSet = f.eq(f.binary("and", f.binary("shr", b, word(bit)), one), one);
    result = f.select(isSet, f.mul(result, square), result);
    square = f.mul(square, square);
  }
  const isOdd = f.eq(f.binary("and", b, one), one);
  const inverse = f.select(f.eq(a, one), one, f.select(f.eq(a, word(-1)), f.select(isOdd, word(-1), one), zero));
  return f.select(f.lt(b, zero), inverse, result);
}

function integerPower(base: bigint, exponent: bigint): bigint {
  if (exponent < 0n) return base === 1n ? 1n : base === -1n ? (exponent % 2n === 0n ? 1n : -1n) : 0n;
  let [result, square] = [1n, base];
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = BigInt.asIntN(64, result * square);
    square = BigInt.asIntN(64, square * square);
  }
  return result;
}

/** a^b. Small whole exponents known at the call become products. */
export function pow(a: Node, b: Node): Node {
  const dtype = resultType(a, b);
  if (dtype === "bool") throw new DTypeError('pow: bool tensors have no pow; cast with .to("int32")', { op: "pow" });
  const isKnown = b.primitive.kind === "constant";
  if (isKnown) {
    const product = smallPower(cast(a, dtype), Number(b.value), dtype);
    if (product) return product;
  }
  if (isFloat(dtype)) return applyBinary(powP, a, b);
  if (isKnown && Number(b.value) < 0) {
    throw new ArgumentError(
      `pow: an integer tensor to the power ${b.value} has no integer values; convert it with .to("float32")`,
      { op: "pow" },
    );
  }
  return applyBinary(intpowP, a, b, dtype);
}

function smallPower(x: Node, exponent: number, dtype: DType): Node | null {
  switch (exponent) {
    case 1:
      return x;
    case 2:
      return mul(x, x);
    case 3:
      return mul(mul(x, x), x);
    case 4: {
      const square = mul(x, x);
      return mul(square, square);
    }
  }
  if (!isFloat(dtype)) return null;
  if (exponent === -1) return reciprocal(x);
  if (exponent === -2) return reciprocal(mul(x, x));
  if (exponent === 0.5) return sqrt(x);
  return exponent === -0.5 ? rsqrt(x) : null;
}
