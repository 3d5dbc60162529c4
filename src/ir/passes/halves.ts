// Spells float16 and bfloat16 out: what lies in memory is loaded and stored as bits, conversions and roundings become what
// the target has.
import { children, type ExprFactory } from "../expr.js";
import { fromBfloatBits, fromHalfBits, roundToBfloat, roundToHalf, toBfloatBits, toHalfBits } from "../math/half.js";
import { mapStatements } from "../statements.js";
import type { Expr, Stmt } from "../types.js";

/** The same statements without f32 accesses to buffers of 16 bits; `isNative`: the target converts float16. */
export function spellHalves(f: ExprFactory, body: readonly Stmt[], isNative: boolean): Stmt[] {
  if (!f.hasHalves) return [...body];
  const spell = speller(f, isNative);
  const toHalf = (x: Expr): Expr => (isNative ? f.unary("toHalf", x) : toHalfBits(f, x));
  const stores = (stmts: readonly Stmt[]): Stmt[] =>
    stmts.map((stmt): Stmt => {
      switch (stmt.kind) {
        case "store": {
          const { dtype } = stmt.buffer;
          if (dtype !== "float16" && dtype !== "bfloat16") return stmt;
          const given = stmt.value;
          // A copy keeps every bit, also of a signalling NaN.
          if (given.kind === "load" && given.buffer.dtype === dtype) return { ...stmt, value: f.rawLoad(given) };
          const value = spell(unrounded(given, dtype));
          return { ...stmt, value: dtype === "float16" ? toHalf(value) : toBfloatBits(f, value) };
        }
        case "for":
        case "while":
          return { ...stmt, body: stores(stmt.body) };
        case "if":
          return { ...stmt, then: stores(stmt.then), else: stores(stmt.else) };
        default:
          return stmt;
      }
    });
  return mapStatements(stores(body), spell);
}

/** A store rounds by itself. */
function unrounded(x: Expr, dtype: "float16" | "bfloat16"): Expr {
  return x.kind === "unary" && x.op === (dtype === "float16" ? "roundHalf" : "roundBfloat") ? x.x : x;
}

function speller(f: ExprFactory, isNative: boolean): (x: Expr) => Expr {
  const fromHalf = (bits: Expr): Expr => (isNative ? f.unary("fromHalf", bits) : fromHalfBits(f, bits));
  const done = new Map<Expr, Expr>();
  const spell = (x: Expr): Expr => {
    const known = done.get(x);
    if (known) return known;
    const inner = children(x).length === 0 ? x : f.rebuildPlain(x, spell);
    const result = spelled(inner);
    done.set(x, result);
    done.set(result, result);
    return result;
  };
  const spelled = (x: Expr): Expr => {
    if (x.kind === "load" && x.type === "f32" && x.buffer.dtype === "float16") return fromHalf(f.rawLoad(x));
    if (x.kind === "load" && x.type === "f32" && x.buffer.dtype === "bfloat16") return fromBfloatBits(f, f.rawLoad(x));
    if (x.kind !== "unary") return x;
    if (x.op === "roundBfloat") return roundToBfloat(f, x.x);
    if (x.op !== "roundHalf") return x;
    return isNative ? f.unary("fromHalf", f.unary("toHalf", x.x)) : roundToHalf(f, x.x);
  };
  return spell;
}
