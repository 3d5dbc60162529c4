// Variables of a loop body that only shorten index sums: addresses look through them, so that equal parts are found.
import type { Expr, Stmt } from "../../../ir/index.js";
import { isSteady } from "./address.js";

type Let = Extract<Stmt, { kind: "let" }>;

/** The declarations of index sums in a loop body, written-out loops and branches included. */
export function indexSums(body: readonly Stmt[]): Let[] {
  return body.flatMap((s): Let[] => {
    switch (s.kind) {
      case "let":
        return !s.v.mutable && isIndexSum(s.value) ? [s] : [];
      case "for":
        return indexSums(s.body);
      case "if":
        return [...indexSums(s.then), ...indexSums(s.else)];
      default:
        return [];
    }
  });
}

/** A sum or multiple whose range is known, so that it may be taken apart (see address.ts). */
function isIndexSum(x: Expr): boolean {
  if (x.kind !== "binary" || x.type !== "i32" || x.lanes !== 1) return false;
  if (!(Number.isFinite(x.min) && Number.isFinite(x.max) && isSteady(x))) return false;
  if (x.op === "mul") return x.a.kind === "const" || x.b.kind === "const";
  return x.op === "add" || x.op === "sub";
}
