// Square blocks turned in registers, by shuffles that machines have: within groups of 128 bits first, whole groups after.
import type { Expr, ExprFactory } from "../../ir/index.js";

/** `rows` are n vectors of n lanes; gives the n columns. */
export function transpose(f: ExprFactory, rows: readonly Expr[], elementBytes: number): Expr[] {
  const n = rows.length;
  const group = Math.min(n, 16 / elementBytes);
  let columns: Expr[][] = rows.map((row) => [row]); // after each stage: [rows joined so far][column within a group]
  for (let unit = 1; unit < group; unit *= 2)
    columns = joinPairs(columns, (a, b) => interleave(f, a, b, n, group, unit));
  // What is left is columns[quarter][c] with column g·group + c of the quarter's rows in group g.
  const blocks = Array.from({ length: group }, (_, c) =>
    collectGroups(
      f,
      columns.map((x) => x[c] as Expr),
      n,
      group,
    ),
  );
  return Array.from({ length: n }, (_, i) => (blocks[i % group] as Expr[])[Math.floor(i / group)] as Expr);
}

function joinPairs(rows: readonly Expr[][], join: (a: Expr, b: Expr) => [Expr, Expr]): Expr[][] {
  return Array.from({ length: rows.length / 2 }, (_, i) => {
    const [a, b] = [rows[2 * i] as Expr[], rows[2 * i + 1] as Expr[]];
    return a.flatMap((x, c) => join(x, b[c] as Expr));
  });
}

/** Units of both vectors by turns, the low and the high halves of each group. */
function interleave(f: ExprFactory, a: Expr, b: Expr, n: number, group: number, unit: number): [Expr, Expr] {
  const half = (high: number): Expr =>
    f.shuffle(
      a,
      b,
      Array.from({ length: n }, (_, lane) => {
        const inGroup = lane % group;
        const from = inGroup % (2 * unit) < unit ? 0 : n;
        const place = Math.floor(inGroup / (2 * unit)) * unit + (inGroup % unit) + (high * group) / 2;
        return from + lane - inGroup + place;
      }),
    );
  return [half(0), half(1)];
}

/** From one vector a quarter to one vector a group: the groups' own transposition. */
function collectGroups(f: ExprFactory, parts: readonly Expr[], n: number, group: number): Expr[] {
  if (parts.length === 1) return [...parts];
  const pick = (a: Expr, b: Expr, odd: number): Expr =>
    f.shuffle(
      a,
      b,
      Array.from({ length: n }, (_, lane) => {
        const g = Math.floor(lane / group);
        const half = n / group / 2;
        return (g < half ? 0 : n) + (2 * (g % half) + odd) * group + (lane % group);
      }),
    );
  const pairs = Array.from({ length: parts.length / 2 }, (_, i) => [parts[2 * i], parts[2 * i + 1]] as [Expr, Expr]);
  const even = collectGroups(
    f,
    pairs.map(([a, b]) => pick(a, b, 0)),
    n,
    group,
  );
  const odd = collectGroups(
    f,
    pairs.map(([a, b]) => pick(a, b, 1)),
    n,
    group,
  );
  return even.flatMap((x, i) => [x, odd[i] as Expr]);
}
