// Short loops are written out: their variable becomes a constant of addresses, and the loop around them the innermost.
import type { Stmt } from "../../../ir/index.js";

type For = Extract<Stmt, { kind: "for" }>;

/** Iterations, and statements in all iterations together, of a loop that is written out. */
const mostIterations = 8;
const mostStatements = 160;
/** Statements in all copies of a round: two of a 14 × 2 micro-kernel, four fill more of the decoded-instruction cache than they save. */
const mostCopied = 100;

/** The variable's values in a loop that is written out; empty for one that is not. */
export function unrolledValues(s: For): readonly number[] {
  return isWrittenOut(s) ? valuesOf(s) : [];
}

/** True if a loop is written out, as it runs once, or a few times over little. */
export function isWrittenOut(s: For): boolean {
  if (s.from.kind !== "const" || s.to.kind !== "const") return false;
  const trips = valuesOf(s).length;
  if (trips <= 1) return true;
  return trips <= mostIterations && trips * countStatements(s.body) <= mostStatements;
}

/**
 * Rounds of an innermost loop between two tests: as many as divide their number, while there is little in them. Additions and
 * tests take the ports of multiply-adds: a 14 × 2 micro-kernel goes from 88 to 96 % of what the ports can do.
 */
export function copiesOf(s: For): number {
  if (s.from.kind !== "const" || s.to.kind !== "const" || !isInnermost(s.body)) return 1;
  const trips = Math.ceil((constant(s.to) - constant(s.from)) / s.step);
  const statements = countStatements(s.body);
  return [4, 2].find((copies) => trips % copies === 0 && copies * statements <= mostCopied) ?? 1;
}

function valuesOf({ from, to, step }: For): number[] {
  const [first, end] = [constant(from), constant(to)];
  const trips = Math.max(0, Math.ceil((end - first) / step));
  // Longer loops are not written out, whatever their values.
  return Array.from({ length: Math.min(trips, mostIterations + 1) }, (_, i) => first + i * step);
}

function constant(x: For["from"]): number {
  return x.kind === "const" ? Number(x.value) : Number.NaN;
}

/** Statements with those in nested blocks; Infinity if a loop among them is not written out. */
function countStatements(body: readonly Stmt[]): number {
  return body.reduce((sum, s) => {
    switch (s.kind) {
      case "if":
        return sum + 1 + countStatements(s.then) + countStatements(s.else);
      case "while":
        return Number.POSITIVE_INFINITY;
      case "for":
        return sum + (isWrittenOut(s) ? valuesOf(s).length * countStatements(s.body) : Number.POSITIVE_INFINITY);
      default:
        return sum + 1;
    }
  }, 0);
}

/** True if a loop body has no loop in it, other than those written out. */
export function isInnermost(body: readonly Stmt[]): boolean {
  return body.every((s) => {
    switch (s.kind) {
      case "if":
        return isInnermost(s.then) && isInnermost(s.else);
      case "while":
        return false;
      case "for":
        return isWrittenOut(s) && isInnermost(s.body);
      default:
        return true;
    }
  });
}
