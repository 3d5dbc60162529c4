// What brings a value in a lane to the range of its dtype, where the lane is wider.
import { type DType, integerRange } from "../base/index.js";
import type { ExprFactory } from "./expr.js";
import type { Expr } from "./types.js";

/** `x`, a lane of `dtype`, wrapped or rounded to the nearest of its values; the other dtypes fill their lanes. */
export function fitTo(f: ExprFactory, dtype: DType, x: Expr): Expr {
  if (dtype === "float16") return f.unary("roundHalf", x);
  if (dtype === "bfloat16") return f.unary("roundBfloat", x);
  if (dtype !== "uint8" && dtype !== "int8" && dtype !== "int16") return x;
  const [low, high] = integerRange(dtype) as readonly [number, number];
  if (x.min >= low && x.max <= high) return x;
  if (dtype === "uint8") return f.binary("and", x, f.int(255));
  const unused = f.int(dtype === "int8" ? 24 : 16); // its sign bit to the top of the lane and back
  return f.binary("shr", f.binary("shl", x, unused), unused);
}
