// Which f32 expressions have values of float16 or bfloat16 only, so that rounding them to it changes nothing.
import { type HalfType, roundToHalf } from "../base/index.js";
import type { Expr } from "./types.js";

const keepsExact: ReadonlySet<string> = new Set(["neg", "abs", "floor", "ceil", "trunc", "nearest"]);

/** True if every value of `x` is one of `dtype`. */
export function isExactIn(dtype: HalfType, x: Expr): boolean {
  switch (x.kind) {
    case "const":
      return Object.is(roundToHalf(dtype, Number(x.value)), Number(x.value));
    case "load":
      return x.buffer.dtype === dtype && x.type === "f32";
    case "unary":
      if (x.op === (dtype === "float16" ? "roundHalf" : "roundBfloat")) return true;
      return x.op === "fromHalf" ? dtype === "float16" : keepsExact.has(x.op) && isExactIn(dtype, x.x);
    case "binary":
      return (x.op === "min" || x.op === "max") && isExactIn(dtype, x.a) && isExactIn(dtype, x.b);
    case "select":
      return isExactIn(dtype, x.a) && isExactIn(dtype, x.b);
    case "cast":
      return x.x.type === "bool";
    case "splat":
    case "extract":
      return isExactIn(dtype, x.x);
    case "lanes":
      return x.elements.every((element) => isExactIn(dtype, element));
    case "shuffle":
      return isExactIn(dtype, x.a) && isExactIn(dtype, x.b);
    default:
      return false;
  }
}
