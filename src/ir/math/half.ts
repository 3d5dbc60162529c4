// float16 and bfloat16 in bits: conversions in plain IR of any lane count, for targets that lack them.
import type { ExprFactory } from "../expr.js";
import type { Expr } from "../types.js";

/** Bits of float32 numbers: infinity, the smallest that float16 rounds to infinity (65520), its smallest normal one (2^-14). */
const INFINITE = 0x7f800000;
const TOO_LARGE = 0x477ff000;
const NORMAL = 0x38800000;

class Bits {
  constructor(
    private readonly f: ExprFactory,
    private readonly lanes: number,
  ) {}

  int(value: number): Expr {
    return this.f.const("i32", value | 0, this.lanes);
  }
  num(value: number): Expr {
    return this.f.const("f32", value, this.lanes);
  }
  of(x: Expr): Expr {
    return this.f.bitcast(x, "i32");
  }
  float(bits: Expr): Expr {
    return this.f.bitcast(bits, "f32");
  }
  and(a: Expr, mask: number): Expr {
    return this.f.binary("and", a, this.int(mask));
  }
  shifted(op: "shl" | "shru", a: Expr, by: number): Expr {
    return this.f.binary(op, a, this.int(by));
  }
  /** `bits` with what rounds its lowest `dropped` bits away, half to even. */
  rounding(bits: Expr, dropped: number): Expr {
    const odd = this.and(this.shifted("shru", bits, dropped), 1);
    return this.f.binary("add", bits, this.f.binary("add", odd, this.int(2 ** (dropped - 1) - 1)));
  }
}

/** The bits as i32 of the bfloat16 nearest to `x`; NaN becomes a quiet one, which rounding could make infinite. */
export function toBfloatBits(f: ExprFactory, x: Expr): Expr {
  const b = new Bits(f, x.lanes);
  const bits = b.of(x);
  const quiet = f.binary("or", b.shifted("shru", bits, 16), b.int(0x40));
  return f.select(f.binary("ne", x, x), quiet, b.shifted("shru", b.rounding(bits, 16), 16));
}

export function fromBfloatBits(f: ExprFactory, bits: Expr): Expr {
  const b = new Bits(f, bits.lanes);
  return b.float(b.shifted("shl", bits, 16));
}

export function roundToBfloat(f: ExprFactory, x: Expr): Expr {
  const b = new Bits(f, x.lanes);
  return f.select(f.binary("ne", x, x), x, b.float(b.and(b.rounding(b.of(x), 16), ~0xffff)));
}

/** The f32 of float16 bits. The exponent's offset is made up by a product with 2^112, exact for subnormal numbers too. */
export function fromHalfBits(f: ExprFactory, half: Expr): Expr {
  const b = new Bits(f, half.lanes);
  const size = b.shifted("shl", b.and(half, 0x7fff), 13);
  const scaled = b.of(f.mul(b.float(size), b.num(2 ** 112)));
  const isNumber = f.lt(size, b.int(0x1f << 23));
  const all = f.select(isNumber, scaled, f.binary("or", size, b.int(INFINITE)));
  return b.float(f.binary("or", all, b.shifted("shl", b.and(half, 0x8000), 16)));
}

/** The bits as i32 of the float16 nearest to `x`. */
export function toHalfBits(f: ExprFactory, x: Expr): Expr {
  const b = new Bits(f, x.lanes);
  const bits = b.of(x);
  const size = b.and(bits, 0x7fffffff);
  const normal = b.shifted("shru", f.binary("sub", b.rounding(size, 13), b.int(112 << 23)), 13);
  // 0.5 has steps of 2^-24, as subnormal numbers: the sum rounds to them, and counts them in its lowest bits.
  const subnormal = f.binary("sub", b.of(f.add(b.float(size), b.num(0.5))), b.of(b.num(0.5)));
  const finite = f.select(f.lt(size, b.int(NORMAL)), subnormal, f.min(normal, b.int(0x7c00)));
  const all = f.select(f.lt(b.int(INFINITE), size), b.int(0x7e00), finite);
  return f.binary("or", all, b.and(b.shifted("shru", bits, 16), 0x8000));
}

export function roundToHalf(f: ExprFactory, x: Expr): Expr {
  const b = new Bits(f, x.lanes);
  const bits = b.of(x);
  const size = b.and(bits, 0x7fffffff);
  const normal = b.and(b.rounding(size, 13), ~0x1fff);
  const subnormal = b.of(f.sub(f.add(b.float(size), b.num(0.5)), b.num(0.5)));
  const finite = f.select(f.lt(size, b.int(NORMAL)), subnormal, normal);
  const infinite = f.select(f.lt(b.int(INFINITE), size), size, b.int(INFINITE)); // or NaN
  const all = f.select(f.lt(size, b.int(TOO_LARGE)), finite, infinite);
  return b.float(f.binary("or", all, b.and(bits, 1 << 31)));
}
