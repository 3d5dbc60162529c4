// Shorthands for building floating-point formulas: constants of one type and lane count, bit patterns, polynomials.
import type { ExprFactory } from "../expr.js";
import type { BinaryOp, Expr } from "../types.js";

type FloatType = "f32" | "f64";

/** Constants of a formula in float32 and in float64. */
export type PerType<T> = Readonly<Record<FloatType, T>>;

export class FloatBuilder {
  readonly type: FloatType;
  readonly bitsType: "i32" | "i64";
  readonly lanes: number;
  /** Bits of the fraction. */
  readonly fractionBits: number;
  readonly bias: number;
  /** 1.5 · 2^fractionBits: adding it rounds to an integer, which then stands in the lowest bits. */
  readonly roundingConstant: number;

  /** Builds formulas of the type and lanes of `x`. */
  constructor(
    readonly f: ExprFactory,
    x: Expr,
  ) {
    this.type = x.type === "f32" ? "f32" : "f64";
    this.lanes = x.lanes;
    const single = this.type === "f32";
    this.bitsType = single ? "i32" : "i64";
    this.fractionBits = single ? 23 : 52;
    this.bias = single ? 127 : 1023;
    this.roundingConstant = 1.5 * 2 ** this.fractionBits;
  }

  num(value: number): Expr {
    return this.f.const(this.type, value, this.lanes);
  }

  /** A constant of the integer type as wide as the floats. */
  int(value: number | bigint): Expr {
    return this.f.const(this.bitsType, value, this.lanes);
  }

  bits(x: Expr): Expr {
    return this.f.bitcast(x, this.bitsType);
  }

  float(bits: Expr): Expr {
    return this.f.bitcast(bits, this.type);
  }

  add(a: Expr, b: Expr | number): Expr {
    return this.f.add(a, this.#operand(b));
  }
  sub(a: Expr, b: Expr | number): Expr {
    return this.f.sub(a, this.#operand(b));
  }
  mul(a: Expr, b: Expr | number): Expr {
    return this.f.mul(a, this.#operand(b));
  }
  fma(a: Expr, b: Expr | number, c: Expr | number): Expr {
    return this.f.fma(a, this.#operand(b), this.#operand(c));
  }
  select(cond: Expr, a: Expr | number, b: Expr | number): Expr {
    return this.f.select(cond, this.#operand(a), this.#operand(b));
  }
  lt(a: Expr | number, b: Expr | number): Expr {
    return this.f.lt(this.#operand(a), this.#operand(b));
  }
  eq(a: Expr, b: number): Expr {
    return this.f.eq(a, this.#operand(b));
  }
  abs(x: Expr): Expr {
    return this.f.unary("abs", x);
  }

  /** An operator on bit patterns and an integer constant. */
  onBits(op: BinaryOp, a: Expr, b: number | bigint): Expr {
    return this.f.binary(op, a, this.int(b));
  }

  #operand(x: Expr | number): Expr {
    return typeof x === "number" ? this.num(x) : x;
  }

  /** c[0] + c[1] x + c[2] x² … by Horner's rule; a coefficient may be an expression. */
  polynomial(x: Expr, coefficients: readonly number[]): Expr {
    let sum = this.num(coefficients.at(-1) as number);
    for (const c of coefficients.slice(0, -1).reverse()) sum = this.fma(sum, x, c);
    return sum;
  }

  /**
   * x - n · Σ parts. The parts but the last have so many trailing zero bits that their products with `n` are exact, hence
   * the result is right whether or not the target contracts (Cody & Waite).
   */
  subtractMultiple(x: Expr, n: Expr, parts: readonly number[]): Expr {
    return parts.reduce((rest, part) => this.fma(n, -part, rest), x);
  }

  /** 1.0 as an integer: 2^k has this pattern plus k << fractionBits. */
  get oneBits(): bigint {
    return BigInt(this.bias) << BigInt(this.fractionBits);
  }

  /** 2^k for the integer k that stands in the lowest bits of `rounded` (a sum with `roundingConstant`). */
  powerOfTwo(rounded: Expr): Expr {
    const shifted = this.onBits("shl", this.bits(rounded), this.fractionBits);
    return this.float(this.onBits("add", shifted, this.oneBits));
  }

  /** Bit `bit` of a bit pattern as the sign bit, all others 0; for `flipSign`. */
  bitAsSign(pattern: Expr, bit: number): Expr {
    const sign = this.type === "f32" ? 31 : 63;
    return this.#signOf(this.onBits("shl", pattern, sign - bit));
  }

  /** `x` with the sign flipped where `signBits` has the sign bit set. */
  flipSign(x: Expr, signBits: Expr): Expr {
    return this.float(this.f.binary("xor", this.bits(x), signBits));
  }

  /** |magnitude| with the sign of `sign`; `magnitude` must not be negative. */
  withSignOf(magnitude: Expr, sign: Expr): Expr {
    return this.flipSign(magnitude, this.#signOf(this.bits(sign)));
  }

  #signOf(pattern: Expr): Expr {
    return this.onBits("and", pattern, this.type === "f32" ? -(2 ** 31) : -(2n ** 63n));
  }

  /** An integer of few bits as a float, without a conversion of int64, which targets lack. */
  smallIntToFloat(k: Expr): Expr {
    if (this.type === "f32") return this.f.cast(k, "f32");
    const pattern = 0x4338000000000000n; // roundingConstant
    return this.sub(this.float(this.onBits("add", k, pattern)), this.roundingConstant);
  }
}

/**
 * Evaluates a float32 formula in float64: `compute` gets the operands as float64 and its results are rounded once. Vectors
 * are taken in halves, since a float64 vector has half as many lanes.
 */
export function inFloat64(
  f: ExprFactory,
  operands: readonly Expr[],
  compute: (...wide: Expr[]) => readonly Expr[],
): readonly Expr[] {
  const lanes = (operands[0] as Expr).lanes;
  const convert = (part: readonly Expr[]): Expr[] =>
    compute(...part.map((x) => f.cast(x, "f64"))).map((y) => f.cast(y, "f32"));
  if (lanes <= 2) return convert(operands);
  const half = lanes / 2;
  const slice = (x: Expr, first: number): Expr[] => Array.from({ length: half }, (_, i) => f.extract(x, first + i));
  const low = convert(operands.map((x) => f.lanes(slice(x, 0))));
  const high = convert(operands.map((x) => f.lanes(slice(x, half))));
  return low.map((y, i) => f.lanes([...slice(y, 0), ...slice(high[i] as Expr, 0)]));
}
