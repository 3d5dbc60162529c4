// Exact reduction of large angles (Payne & Hanek): x / 2π modulo 1 as a sum of floats, none of which lost a bit.
import type { Expr } from "../types.js";
import type { FloatBuilder } from "./float-builder.js";

/** 1/2π: digits 3 … 209 after the binary point, the leading two being 0. */
const inverseTwoPi = 0xa2f9836e4e441529fc2757d1f534ddc0db6295993c439041fe51n;
const inverseTwoPiScale = 210;
/** 2π - the float64 2π. */
const twoPiLow = 2.4492935982947064e-16;

/** Consecutive pieces of 1/2π of `bits` bits each. */
function pieces(bits: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => {
    const end = 2 + bits * (i + 1);
    const digits = (inverseTwoPi >> BigInt(inverseTwoPiScale - end)) & ((1n << BigInt(bits)) - 1n);
    return Number(digits) * 2 ** -end;
  });
}

// float32 values have 24 bits: times 29 bits they are exact in float64, and 7 pieces serve all of them. float64 values are
// taken in two parts of up to 27 bits; 7 pieces of 26 bits serve |x| < 2^64.
const singlePieces = pieces(29, 7);
const doublePieces = pieces(26, 7);

/**
 * x / 2π modulo 1 for a float64 `x`, with an error that is small relative to the distance from the nearest quarter turn. With
 * `precision` f32, `x` must be a float32 value, any of them. With f64, |x| < 2^64; beyond that the result is some number in
 * the range. NaN and ±Infinity give NaN.
 */
export class Turns {
  /** x / 2π plus an integer, rounded: |sum| < 8. */
  readonly sum: Expr;
  /** In order of falling weight. */
  readonly #terms: readonly Expr[];

  constructor(
    private readonly b: FloatBuilder,
    x: Expr,
    private readonly precision: "f32" | "f64",
  ) {
    this.#terms =
      precision === "f32" ? this.#products([x], singlePieces) : this.#products(this.#halves(x), doublePieces);
    this.sum = this.#terms.reduce((sum, term) => b.add(sum, term));
  }

  /**
   * The angle in radians from `turns` to x. Cancelling from the largest term down makes the partial sums exact where the
   * result is small; elsewhere float64 results also take what roundings lost. A rounded partial sum exceeds all 53-bit
   * multiples of its term's last place, so that `sum - before` is exact.
   */
  angleFrom(turns: Expr): Expr {
    const { b } = this;
    const [first, ...others] = this.#terms as [Expr, ...Expr[]];
    let sum = b.sub(first, turns);
    let lost: Expr = b.num(0);
    for (const term of others) {
      const before = sum;
      sum = b.add(before, term);
      if (this.precision === "f64") lost = b.add(lost, b.sub(term, b.sub(sum, before)));
    }
    if (this.precision === "f32") return b.mul(sum, 2 * Math.PI);
    return b.add(b.mul(sum, 2 * Math.PI), b.fma(lost, 2 * Math.PI, b.mul(sum, twoPiLow)));
  }

  /** x = high + low, of 27 and 26 bits. */
  #halves(x: Expr): Expr[] {
    const { b } = this;
    const high = b.float(b.onBits("and", b.bits(x), -(1n << 26n)));
    return [high, b.sub(x, high)];
  }

  /** The products of parts and pieces without their whole turns. */
  #products(parts: readonly Expr[], ofInverse: readonly number[]): Expr[] {
    const { b } = this;
    return ofInverse.flatMap((piece) =>
      parts.map((part) => {
        const product = b.mul(part, piece);
        return b.sub(product, b.f.unary("nearest", product));
      }),
    );
  }
}
