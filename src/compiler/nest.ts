// Loop structure of a group: which neighbouring dims become one loop, which loops are split so that divisions by a
// constant (pooling windows, interleaved phases) disappear from the index expressions.
import { children, type Expr, type ExprFactory } from "../ir/index.js";

/** One loop. It runs over several merged dims, or over a part of a split one. */
export interface Loop {
  /** Dims (numbers of the unsplit list) that the loop covers; several when merged. */
  readonly dims: readonly number[];
  readonly extent: number;
  /** One part of a split dim: index = outerPart * factor + innerPart. Inner parts are written out; a whole short dim may be one. */
  readonly part?: "outer" | "inner";
  /** Runs inside the vector loop: what the vectors load does not depend on it. */
  readonly isInside?: boolean;
}

export type Nest = readonly Loop[];

export function plainNest(sizes: readonly number[]): Nest {
  return sizes.map((extent, dim) => ({ dims: [dim], extent }));
}

/** Index expressions of the dims, given one expression a loop. */
export function dimIndices(f: ExprFactory, nest: Nest, sizes: readonly number[], vars: readonly Expr[]): Expr[] {
  const out = new Array<Expr>(sizes.length).fill(f.int(0));
  nest.forEach((loop, k) => {
    const v = vars[k] as Expr;
    if (loop.part) {
      const dim = loop.dims[0] as number;
      const factor = loop.part === "outer" ? (sizes[dim] as number) / loop.extent : 1;
      out[dim] = f.add(out[dim] as Expr, f.mul(v, f.int(factor)));
      return;
    }
    let rest: Expr = v;
    for (let i = loop.dims.length - 1; i >= 0; i--) {
      const dim = loop.dims[i] as number;
      const size = f.int(sizes[dim] as number);
      out[dim] = i === 0 ? rest : f.rem(rest, size);
      rest = f.div(rest, size);
    }
  });
  return out;
}

/** What the expressions of a kernel are for a given nest: one variable a loop, and everything computed with them. */
export type Probe = (nest: Nest) => { readonly vars: readonly Expr[]; readonly exprs: readonly Expr[] };

/** Splits dims that are divided by a constant, then merges neighbours as long as no division appears. */
export function improveNest(start: Nest, probe: Probe, keepFlat: boolean): Nest {
  if (keepFlat) return mergeAll(start);
  let nest = splitDivided(start, probe);
  let count = countDivisions(probe(nest).exprs);
  for (let k = nest.length - 2; k >= 0; k--) {
    const [a, b] = [nest[k] as Loop, nest[k + 1] as Loop];
    if (a.part || b.part) continue;
    const merged: Loop = { dims: [...a.dims, ...b.dims], extent: a.extent * b.extent };
    const candidate = [...nest.slice(0, k), merged, ...nest.slice(k + 2)];
    const divisions = countDivisions(probe(candidate).exprs);
    if (divisions > count) continue;
    nest = candidate;
    count = divisions;
  }
  return writeOutShort(nest);
}

/** A last loop this short is written out, so that a longer one runs in vectors. */
const SHORT = 4;

function writeOutShort(nest: Nest): Nest {
  const last = nest[nest.length - 1];
  if (!last || last.part || last.dims.length > 1 || last.extent > SHORT) return nest;
  const hasLonger = nest.some((loop) => loop.part !== "inner" && loop.extent > SHORT);
  return hasLonger ? [...nest.slice(0, -1), { ...last, part: "inner" }] : nest;
}

/** The last loop that is not written out: the one to run in vectors; -1 if there is none. */
export function lastLoop(nest: Nest): number {
  return nest.findLastIndex((loop) => loop.part !== "inner" && !loop.isInside);
}

/** Loops that are written out moved inside all others, for loops whose order is free. */
export function writtenOutLast(nest: Nest): Nest {
  return [...nest.filter((loop) => loop.part !== "inner"), ...nest.filter((loop) => loop.part === "inner")];
}

function mergeAll(nest: Nest): Nest {
  if (nest.length < 2) return nest;
  return [{ dims: nest.flatMap((l) => l.dims), extent: nest.reduce((n, l) => n * l.extent, 1) }];
}

function splitDivided(start: Nest, probe: Probe): Nest {
  const { vars, exprs } = probe(start);
  const factors = new Map<number, number>();
  visitAll(exprs, (x) => {
    if (x.kind !== "binary" || (x.op !== "div" && x.op !== "rem") || x.b.kind !== "const") return;
    const k = vars.indexOf(shifted(x.a));
    const factor = Number(x.b.value);
    if (k < 0 || factor < 2 || factor > 8 || (start[k] as Loop).extent % factor !== 0) return;
    if (!factors.has(k)) factors.set(k, factor);
  });
  return start.flatMap((loop, k): Loop[] => {
    const factor = factors.get(k);
    if (!factor) return [loop];
    return [
      { dims: loop.dims, extent: loop.extent / factor, part: "outer" },
      { dims: loop.dims, extent: factor, part: "inner" },
    ];
  });
}

/** What `x` is by a constant more than, or `x` itself. */
function shifted(x: Expr): Expr {
  return x.kind === "linear" && x.terms.length === 1 && x.coefficients[0] === 1 ? (x.terms[0] as Expr) : x;
}

/** Calls `visit` once for each distinct subexpression. */
export function visitAll(roots: readonly Expr[], visit: (x: Expr) => void): void {
  const seen = new Set<Expr>();
  const walk = (x: Expr): void => {
    if (seen.has(x)) return;
    seen.add(x);
    visit(x);
    for (const child of children(x)) walk(child);
  };
  roots.forEach(walk);
}

function countDivisions(exprs: readonly Expr[]): number {
  let count = 0;
  visitAll(exprs, (x) => {
    if (x.kind === "binary" && x.type === "i32" && (x.op === "div" || x.op === "rem") && x.b.kind === "const") count++;
  });
  return count;
}

/** How `index` changes when `v` grows by one: a number, or null if that is no constant. */
export function stride(f: ExprFactory, index: Expr, v: Expr): number | null {
  const next = f.substitute(index, new Map([[v, f.add(v, f.int(1))]]));
  const delta = f.sub(next, index);
  return delta.kind === "const" ? Number(delta.value) : null;
}
