// Runs loops marked "vectorize" side by side: `lanes` iterations in a vector, and `unroll` vectors at a time so that
// independent chains overlap. Reductions into a variable of an outer block get one accumulator a vector, combined in a
// fixed order afterwards. What is left over runs as one vector with a mask where the target has masks, else one by one.
// A loop whose body branches on the loop variable stays scalar.
import { children, type ExprFactory, scalarOf } from "../expr.js";
import { visitExpressions, visitStatements } from "../statements.js";
import type { BinaryOp, Buffer, Expr, Scalar, Stmt, Var } from "../types.js";
import { clustersOf, type Member } from "./even-loads.js";
import { type InStep, Lockstep } from "./lockstep.js";
import { renameDeclared } from "./rename.js";
import { splitAtBound } from "./split.js";

export interface VectorizeOptions {
  /** Lanes for a loop whose widest element has `bytes` bytes. */
  readonly lanes: (bytes: 4 | 8) => number;
  /** Upper bound of vectors in flight. */
  readonly maxUnroll: number;
  /** Loads and stores may be guarded lane by lane. */
  readonly masks: boolean;
  /** Spells out elementary functions. */
  readonly expand: (x: Expr) => Expr;
  /** How many vectors' long computations are written in step. */
  readonly chains: number;
}

type ForStmt = Extract<Stmt, { kind: "for" }>;

/** Applies the pass to all marked loops, innermost marks first. */
export function vectorize(f: ExprFactory, body: readonly Stmt[], options: VectorizeOptions): Stmt[] {
  return body.flatMap((stmt): Stmt[] => {
    switch (stmt.kind) {
      case "for": {
        const { before, loops, after } = vectorizeNest(f, stmt, options);
        return [...before, ...loops, ...after];
      }
      case "if":
        return [{ ...stmt, then: vectorize(f, stmt.then, options), else: vectorize(f, stmt.else, options) }];
      case "while":
        return [{ ...stmt, body: vectorize(f, stmt.body, options) }];
      default:
        return [stmt];
    }
  });
}

/** A loop in vectors, with what its accumulators need before and after. */
interface Vectorized {
  readonly before: readonly Stmt[];
  readonly loops: readonly Stmt[];
  readonly after: readonly Stmt[];
}

/** Loops around a marked one that hold nothing else share its accumulators: lanes are combined once for the whole nest. */
function vectorizeNest(f: ExprFactory, loop: ForStmt, options: VectorizeOptions): Vectorized {
  const [only] = loop.body;
  if (loop.hint !== "vectorize" && loop.body.length === 1 && only?.kind === "for") {
    const inner = vectorizeNest(f, only, options);
    return { ...inner, loops: [{ ...loop, body: [...inner.loops] }] };
  }
  const inner: ForStmt = { ...loop, body: vectorize(f, loop.body, options) };
  return loop.hint === "vectorize" ? vectorizeLoop(f, inner, options) : { before: [], loops: [inner], after: [] };
}

function vectorizeLoop(f: ExprFactory, loop: ForStmt, options: VectorizeOptions): Vectorized {
  const scalar: ForStmt = { kind: "for", v: loop.v, from: loop.from, to: loop.to, step: loop.step, body: loop.body };
  const plain: Vectorized = { before: [], loops: [scalar], after: [] };
  const lanes = options.lanes(widestBytes(loop.body));
  const trips = f.sub(loop.to, loop.from);
  const fewest = options.masks ? Math.min(lanes, MIN_MASKED) : lanes;
  if (lanes === 1 || trips.max < fewest || loop.step !== 1) return plain;
  const sums = new Accumulators(f, lanes);
  const loops: Stmt[] = [];
  for (const part of splitAtBound(f, loop, lanes)) {
    const own = part === loop || loops.length === 0 ? part : { ...part, body: renameDeclared(f, part.body) };
    const made = vectorLoops(f, own, sums, lanes, options);
    if (!made) return plain;
    loops.push(...made);
  }
  return { before: sums.before(), loops, after: sums.after() };
}

/** A loop as loops over vectors; null if it cannot be vectorised. */
function vectorLoops(
  f: ExprFactory,
  loop: ForStmt,
  sums: Accumulators,
  lanes: number,
  options: VectorizeOptions,
): Stmt[] | null {
  const trips = f.sub(loop.to, loop.from);
  const vectors = Math.floor(trips.max / lanes);
  const unroll = vectors > 0 ? chooseUnroll(loop, lanes, options.maxUnroll, vectors) : 1;
  const out: Stmt[] = [];
  // Blocks of one round stand outside a loop, so a shared variable would live at two depths.
  const copy = (): ForStmt => (out.length === 0 ? loop : { ...loop, body: renameDeclared(f, loop.body) });
  let done: Expr = f.int(0); // iterations already emitted
  for (const width of new Set([unroll, 1])) {
    const step = lanes * width;
    const blocks = f.div(f.sub(trips, done), f.int(step));
    if (blocks.max < 1) continue;
    const made = new LoopVectorizer(f, copy(), sums, { ...options, lanes, width }).emit(f.add(loop.from, done), blocks);
    if (!made) return null;
    out.push(...made);
    done = f.add(done, f.mul(blocks, f.int(step)));
  }
  const from = f.add(loop.from, done);
  const rest = trips.min >= 0 ? f.rem(trips, f.int(lanes)) : f.sub(loop.to, from);
  if (options.masks && rest.max > 0) {
    const made = new LoopVectorizer(f, copy(), sums, { ...options, lanes, width: 1 }).emitMasked(from, rest);
    if (!made) return null;
    out.push(...made);
  }
  if (!options.masks && rest.max > 0) {
    const { v, to, step } = loop;
    const tail: ForStmt = { kind: "for", v, from, to, step, body: renameDeclared(f, loop.body) };
    if (rest.kind === "const" && rest.max <= SHORT_TAIL) out.push(...writeOut(f, tail, from, rest.max));
    else out.push(tail);
  }
  return out;
}

/** Vectors of a period that are run side by side. */
const MAX_PERIOD = 4;
/** Iterations of a scalar rest that are written out. */
const SHORT_TAIL = 3;
/** Fewer iterations than this are not worth a masked vector and the combination of its lanes. */
const MIN_MASKED = 4;

/** The body for `count` iterations from `from`, one after the other. Only for bodies of stores and assignments. */
function writeOut(f: ExprFactory, loop: ForStmt, from: Expr, count: number): Stmt[] {
  if (!loop.body.every((stmt) => stmt.kind === "store" || stmt.kind === "assign")) return [{ ...loop, from }];
  return Array.from({ length: count }, (_, i) => {
    const at = (x: Expr): Expr => f.substitute(x, new Map([[loop.v, f.add(from, f.int(i))]]));
    return loop.body.map((stmt): Stmt => {
      if (stmt.kind === "assign") return { ...stmt, value: at(stmt.value) };
      if (stmt.kind !== "store") return stmt;
      return { ...stmt, index: at(stmt.index), value: at(stmt.value), guard: stmt.guard && at(stmt.guard) };
    });
  }).flat();
}

/**
 * More vectors in flight for small bodies: latency hides, and big bodies would only spill. Where positions repeat with a
 * short period (words of a random block), whole periods, so that the vectors share what a period has in common.
 */
function chooseUnroll(loop: ForStmt, lanes: number, maxUnroll: number, vectors: number): number {
  // What asks for memory ahead must not decide how many accumulators a sum has.
  const body = loop.body.filter((stmt) => stmt.kind !== "prefetch");
  const inner = innerLoops(body);
  // A loop inside is where the time goes: rows that are added up are read in runs as long as the vectors side by side.
  const size = countExprs(inner.length > 0 ? inner : body);
  const wish = Math.max(size <= 12 ? 4 : size <= 30 ? 2 : 1, vectorsOfPeriod(loop, lanes));
  let unroll = 1;
  while (unroll * 2 <= Math.min(wish, maxUnroll, vectors)) unroll *= 2;
  return unroll;
}

/** The statements of the loops within a body. */
function innerLoops(body: readonly Stmt[]): Stmt[] {
  return body.flatMap((stmt) => (stmt.kind === "for" ? [...stmt.body] : []));
}

function vectorsOfPeriod(loop: ForStmt, lanes: number): number {
  let vectors = 1;
  visitExpressions(loop.body, (x) => {
    if (x.kind !== "binary" || (x.op !== "rem" && x.op !== "div")) return;
    if (x.b.kind !== "const" || !isIndexArithmetic(x.a)) return;
    const period = Number(x.b.value) / lanes;
    if (Number.isInteger(period) && period <= MAX_PERIOD) vectors = Math.max(vectors, period);
  });
  return vectors;
}

function countExprs(body: readonly Stmt[]): number {
  const seen = new Set<Expr>();
  visitExpressions(body, (x) => seen.add(x));
  return seen.size;
}

function widestBytes(body: readonly Stmt[]): 4 | 8 {
  let widest: 4 | 8 = 4;
  visitExpressions(body, (x) => {
    if (x.type === "f64" || x.type === "i64") widest = 8;
  });
  for (const stmt of body) if (stmt.kind === "store" && wide(scalarOf(stmt.buffer.dtype))) widest = 8;
  return widest;
}

function wide(type: Scalar): boolean {
  return type === "f64" || type === "i64";
}

const identities: Partial<Record<BinaryOp, (type: Scalar) => number | boolean>> = {
  add: () => 0,
  mul: () => 1,
  or: () => false,
  and: () => true,
};

const reducible: ReadonlySet<BinaryOp> = new Set(["add", "mul", "min", "max", "and", "or"]);

/** Operators that give 0 for zeros. */
const keepsZero: ReadonlySet<string> = new Set(["neg", "abs", "sqrt", "add", "sub", "mul", "min", "max", "fromHalf"]);

/** Sums, products, quotients and remainders of loop variables and constants. */
function isIndexArithmetic(x: Expr): boolean {
  if (x.type !== "i32" || x.lanes !== 1) return false;
  if (x.kind === "const") return true;
  if (x.kind === "var") return !x.mutable && x.max !== Infinity;
  if (x.kind === "linear") return x.terms.every(isIndexArithmetic);
  return x.kind === "binary" && (x.op === "div" || x.op === "rem") && isIndexArithmetic(x.a) && isIndexArithmetic(x.b);
}

class NotVectorizable extends Error {}

/** The reductions of a loop: vectors that collect, shared by all its pieces, and the variables that get the result. */
class Accumulators {
  readonly #reductions = new Map<Var, { readonly op: BinaryOp; readonly parts: Var[] }>();

  constructor(
    private readonly f: ExprFactory,
    private readonly lanes: number,
  ) {}

  /** The first `width` accumulators of `v`. */
  of(v: Var, op: BinaryOp, width: number): readonly Var[] {
    const { parts } = this.#reductions.get(v) ?? { parts: [] as Var[] };
    this.#reductions.set(v, { op, parts });
    const { lanes } = this;
    while (parts.length < width) {
      parts.push(this.f.variable(`${v.name}${parts.length}`, v.type, { lanes, mutable: true }));
    }
    return parts.slice(0, width);
  }

  before(): Stmt[] {
    return [...this.#reductions].flatMap(([v, { op, parts }]) =>
      parts.map((part): Stmt => ({ kind: "let", v: part, value: this.#identity(op, v) })),
    );
  }

  after(): Stmt[] {
    const { f } = this;
    return [...this.#reductions].map(([v, { op, parts }]): Stmt => {
      let all: Expr = parts[0] as Var;
      for (const part of parts.slice(1)) all = f.binary(op, all, part);
      return { kind: "assign", v, value: f.binary(op, v, f.reduceLanes(op, all)) };
    });
  }

  /** min and max start from the running value: it takes part anyway, and needs no infinity of an integer type. */
  #identity(op: BinaryOp, v: Var): Expr {
    const neutral = identities[op];
    return neutral ? this.f.const(v.type, neutral(v.type), this.lanes) : this.f.splat(v, this.lanes);
  }
}

interface PieceOptions extends Pick<VectorizeOptions, "masks" | "expand" | "chains"> {
  readonly lanes: number;
  /** Vectors side by side. */
  readonly width: number;
}

/** Writes one piece of a loop: blocks of whole vectors, or what is left over. */
class LoopVectorizer {
  readonly #vectorVars = new Map<Var, readonly Var[]>();
  readonly #memo: Map<Expr, Expr>[];
  /** The memo of what reads mutable variables. */
  readonly #volatile: Map<Expr, Expr>[];
  readonly #reads = new Map<Expr, boolean>();
  readonly #depends = new Map<Expr, boolean>();
  readonly #reductions = new Set<Var>();
  /** Variables that are 0 in lanes that take no part. */
  readonly #zeroOutside = new Set<Var>();
  readonly lanes: number;
  readonly width: number;
  /** Buffers that the loop stores to. */
  readonly #stored = new Set<Buffer>();
  readonly #readsStores = new Map<Expr, boolean>();
  #clusters: ReadonlyMap<Expr, Member> | null = null;
  #lockstep: Lockstep;
  #block: Var;
  #base: Expr;
  /** How many lanes take part; null for all. */
  #count: Expr | null = null;

  constructor(
    private readonly f: ExprFactory,
    private readonly loop: ForStmt,
    private readonly sums: Accumulators,
    private readonly options: PieceOptions,
  ) {
    this.lanes = options.lanes;
    this.width = options.width;
    this.#memo = Array.from({ length: this.width }, () => new Map<Expr, Expr>());
    this.#volatile = Array.from({ length: this.width }, () => new Map<Expr, Expr>());
    this.#block = loop.v;
    this.#base = loop.v;
    visitStatements(loop.body, (stmt) => {
      if (stmt.kind === "store") this.#stored.add(stmt.buffer);
    });
    this.#lockstep = this.#newLockstep();
  }

  /** The loop over `blocks` blocks from iteration `from`, or null if it cannot be vectorised. */
  emit(from: Expr, blocks: Expr): Stmt[] | null {
    const { f, lanes, width } = this;
    this.#block = f.variable(`${this.loop.v.name}q`, "i32", { min: 0, max: Math.max(0, blocks.max - 1) });
    const isOnce = blocks.kind === "const" && blocks.value === 1;
    this.#base = isOnce ? from : f.add(from, f.mul(this.#block, f.int(lanes * width)));
    const body = this.#tryStatements();
    if (!body || isOnce) return body;
    return [{ kind: "for", v: this.#block, from: f.int(0), to: blocks, step: 1, body }];
  }

  /** The `count` iterations from `from`, fewer than lanes, as one vector; null if it cannot be vectorised. */
  emitMasked(from: Expr, count: Expr): Stmt[] | null {
    const { f } = this;
    this.#base = from;
    this.#count = count;
    const body = this.#tryStatements();
    if (!body || count.min > 0) return body;
    return [{ kind: "if", cond: f.lt(f.int(0), count), then: body, else: [] }];
  }

  #tryStatements(): Stmt[] | null {
    try {
      return this.#statementsOfBlock(this.loop.body);
    } catch (error) {
      if (error instanceof NotVectorizable) return null;
      throw error;
    }
  }

  /** What a block computed is not known outside of it. */
  #statementsOfBlock(body: readonly Stmt[]): Stmt[] {
    const outer = this.#lockstep;
    this.#lockstep = this.#newLockstep();
    const made = this.#statements(body);
    this.#lockstep = outer;
    return made;
  }

  #newLockstep(): Lockstep {
    return new Lockstep(this.f, this.options.chains, (x) => !this.#isVolatile(x) && !this.#readsStored(x));
  }

  #statements(body: readonly Stmt[]): Stmt[] {
    const out: Stmt[] = [];
    for (let i = 0; i < body.length; i++) {
      const [stmt, next] = [body[i] as Stmt, body[i + 1]];
      const pair = next && this.#interleavedStores(stmt, next);
      if (pair) i++;
      out.push(...(pair ?? this.#statement(stmt)));
    }
    return out;
  }

  /** Two stores to every other element, one beside the other: their lanes interleave into whole vectors. */
  #interleavedStores(a: Stmt, b: Stmt): Stmt[] | null {
    const { f, lanes } = this;
    if (a.kind !== "store" || b.kind !== "store" || a.buffer !== b.buffer || a.guard || b.guard) return null;
    const apart = f.sub(b.index, a.index);
    if (apart.kind !== "const" || apart.value !== 1 || lanes < 2) return null;
    const copies = this.#copies((u) => this.#walk(a.index, u));
    if (!copies.every(({ deltas }) => deltas?.every((d, j) => d === 2 * j))) return null;
    return copies.flatMap(({ first }, u): Stmt[] => {
      const [x, y] = [this.#spread(a.value, u), this.#spread(b.value, u)];
      return [0, 1].map((half): Stmt => {
        const pattern = Array.from({ length: lanes }, (_, j) => (half * lanes) / 2 + (j >> 1) + (j % 2) * lanes);
        const index = f.add(first, f.int(half * lanes));
        const guard = this.#taking(pattern.map((lane) => lane % lanes));
        return { kind: "store", buffer: a.buffer, index, value: f.shuffle(x, y, pattern), guard };
      });
    });
  }

  #statement(stmt: Stmt): Stmt[] {
    switch (stmt.kind) {
      case "let":
        return this.#declare(stmt);
      case "assign":
        return this.#assign(stmt);
      case "store":
        return this.#stores(stmt);
      case "prefetch":
        return this.#copies((u) => ({ ...stmt, index: this.#walk(stmt.index, u).first }));
      case "for":
        if (this.#dependsOnLoop(stmt.from) || this.#dependsOnLoop(stmt.to)) throw new NotVectorizable();
        return [{ ...stmt, body: this.#statementsOfBlock(stmt.body) }];
      case "if":
        if (this.#dependsOnLoop(stmt.cond)) throw new NotVectorizable();
        return [{ ...stmt, then: this.#statementsOfBlock(stmt.then), else: this.#statementsOfBlock(stmt.else) }];
      case "while":
        throw new NotVectorizable();
    }
  }

  #declare(stmt: Extract<Stmt, { kind: "let" }>): Stmt[] {
    if (!stmt.v.mutable && !this.#dependsOnLoop(stmt.value)) return [stmt];
    const parts = this.#newParts(stmt.v);
    this.#vectorVars.set(stmt.v, parts);
    this.#depends.set(stmt.v, true);
    if (!stmt.v.mutable && this.#isZeroOutside(stmt.value)) this.#zeroOutside.add(stmt.v);
    const { before, values } = this.#inStep(this.#copies((u) => this.#spread(stmt.value, u)));
    return [...before, ...parts.map((v, u): Stmt => ({ kind: "let", v, value: values[u] as Expr }))];
  }

  #assign(stmt: Extract<Stmt, { kind: "assign" }>): Stmt[] {
    const parts = this.#vectorVars.get(stmt.v) ?? this.#reductionParts(stmt);
    const { before, values } = this.#inStep(this.#copies((u) => this.#spread(stmt.value, u)));
    for (const memo of this.#volatile) memo.clear(); // the variable changed: nothing computed from it may be reused
    const isMasked = this.#reductions.has(stmt.v) && !this.#addsNothing(stmt);
    const mask = isMasked ? this.#taking(this.#iota()) : null;
    const assigned = parts.map((v, u): Stmt => {
      const value = values[u] as Expr;
      return { kind: "assign", v, value: mask ? this.f.select(mask, value, v) : value };
    });
    return [...before, ...assigned];
  }

  /** True if a lane that takes no part adds 0, because what it loads is 0. */
  #addsNothing({ v, value }: Extract<Stmt, { kind: "assign" }>): boolean {
    if (value.kind === "fma") return value.c === v && [value.a, value.b].every((x) => this.#isZeroOutside(x));
    if (value.kind !== "binary" || value.op !== "add") return false;
    return this.#isZeroOutside(value.a === v ? value.b : value.a);
  }

  #isZeroOutside(x: Expr): boolean {
    switch (x.kind) {
      case "const":
        return Number(x.value) === 0;
      case "var":
        return this.#zeroOutside.has(x);
      case "load":
        return this.#dependsOnLoop(x); // then each lane has a place of its own, and its guard
      case "cast":
        return this.#isZeroOutside(x.x);
      case "unary":
        return keepsZero.has(x.op) && this.#isZeroOutside(x.x);
      case "select":
        return this.#isZeroOutside(x.a) && this.#isZeroOutside(x.b);
      case "binary":
        return keepsZero.has(x.op) && this.#isZeroOutside(x.a) && this.#isZeroOutside(x.b);
      case "fma":
        return [x.a, x.b, x.c].every((part) => this.#isZeroOutside(part));
      default:
        return false;
    }
  }

  /** For a vector whose lane j belongs to iteration `iterations[j]`: which lanes take part. Null: all. */
  #taking(iterations: readonly number[]): Expr | null {
    const { f, lanes } = this;
    const count = this.#count;
    if (!count) return null;
    const numbers = iterations.map((i) => f.int(i));
    if (count.kind === "const") return f.lanes(numbers.map((i) => f.lt(i, count)));
    return f.lt(f.lanes(numbers), f.splat(count, lanes));
  }

  #iota(): number[] {
    return Array.from({ length: this.lanes }, (_, j) => j);
  }

  /** The guard of an access to consecutive elements, lane j for iteration `iterations[j]`; `guard` does not vary. */
  #wideGuard(guard: Expr | null, iterations: readonly number[]): Expr | null {
    const taking = this.#taking(iterations);
    return taking && guard ? this.f.and(taking, guard) : (taking ?? guard);
  }

  /** The guard of an access by lane `j` alone. */
  #laneGuard(guard: Expr | null, u: number, j: number): Expr | null {
    const { f } = this;
    const own = guard && this.#lane(guard, u, j);
    const takes = this.#count && f.lt(f.int(j), this.#count);
    return own && takes ? f.and(own, takes) : (own ?? takes);
  }

  /** `v = op(v, x)` with v of an outer block: one accumulator a vector. */
  #reductionParts({ v, value }: Extract<Stmt, { kind: "assign" }>): readonly Var[] {
    const op =
      value.kind === "binary" && (value.a === v || value.b === v) ? value.op : value.kind === "fma" ? "add" : null;
    if (!op || !reducible.has(op) || (value.kind === "fma" && value.c !== v)) throw new NotVectorizable();
    const parts = this.sums.of(v, op, this.width);
    this.#vectorVars.set(v, parts);
    this.#depends.set(v, true);
    this.#reductions.add(v);
    this.#depends.delete(value);
    return parts;
  }

  #newParts(v: Var): Var[] {
    const { f, lanes } = this;
    return this.#copies((u) => f.variable(`${v.name}${u}`, v.type, { lanes, mutable: v.mutable }));
  }

  #copies<T>(make: (u: number) => T): T[] {
    return Array.from({ length: this.width }, (_, u) => make(u));
  }

  /** The vectors are independent: all may be computed before the first is stored. */
  #stores(stmt: Extract<Stmt, { kind: "store" }>): Stmt[] {
    const { before, values } = this.#inStep(this.#copies((u) => this.#spread(stmt.value, u)));
    return [...before, ...values.flatMap((value, u) => this.#store(stmt, value, u))];
  }

  /** The same value of each copy, long computations of several copies in step. */
  #inStep(values: readonly Expr[]): InStep {
    return this.width < 2 ? { before: [], values } : this.#lockstep.inStep(values.map(this.options.expand));
  }

  #store(stmt: Extract<Stmt, { kind: "store" }>, value: Expr, u: number): Stmt[] {
    const { f } = this;
    const guardVaries = stmt.guard !== null && this.#dependsOnLoop(stmt.guard);
    if (guardVaries && !this.options.masks) throw new NotVectorizable();
    const { first, deltas } = this.#walk(stmt.index, u);
    if (deltas?.every((d, j) => d === j)) {
      const own = guardVaries ? this.#spread(stmt.guard as Expr, u) : stmt.guard;
      return [{ ...stmt, index: first, value, guard: this.#wideGuard(own, this.#iota()) }];
    }
    if (deltas?.every((d) => d === 0)) throw new NotVectorizable(); // all iterations write one element
    return this.#laneIndices(stmt.index, u).flatMap((index, j): Stmt[] => {
      const guard = this.#laneGuard(stmt.guard, u, j);
      if (guard?.kind === "const" && !guard.value) return [];
      return [{ ...stmt, index, value: f.extract(value, j), guard: guard?.kind === "const" ? null : guard }];
    });
  }

  #dependsOnLoop(x: Expr): boolean {
    if (x === this.loop.v) return true;
    const known = this.#depends.get(x);
    if (known !== undefined) return known;
    const result = children(x).some((child) => this.#dependsOnLoop(child));
    this.#depends.set(x, result);
    return result;
  }

  /** True if the value may change with an assignment. */
  #isVolatile(x: Expr): boolean {
    if (x.kind === "var") return x.mutable;
    const known = this.#reads.get(x);
    if (known !== undefined) return known;
    const result = children(x).some((child) => this.#isVolatile(child));
    this.#reads.set(x, result);
    return result;
  }

  /** True if the value may change with a store. */
  #readsStored(x: Expr): boolean {
    const known = this.#readsStores.get(x);
    if (known !== undefined) return known;
    const result = (x.kind === "load" && this.#stored.has(x.buffer)) || children(x).some((c) => this.#readsStored(c));
    this.#readsStores.set(x, result);
    return result;
  }

  /** `x` as a vector, whether or not its lanes differ. */
  #spread(x: Expr, u: number): Expr {
    return this.f.splat(this.#vector(x, u), this.lanes);
  }

  /** `x` for the lanes of copy `u`: scalar where all lanes agree. */
  #vector(x: Expr, u: number): Expr {
    if (!this.#dependsOnLoop(x)) return x;
    const memo = (this.#isVolatile(x) ? this.#volatile : this.#memo)[u] as Map<Expr, Expr>;
    const known = memo.get(x);
    if (known) return known;
    const made = this.#makeVector(x, u);
    memo.set(x, made);
    return made;
  }

  #makeVector(x: Expr, u: number): Expr {
    const { f, lanes } = this;
    const index = this.#indexVector(x, u);
    if (index) return index;
    if (x === this.loop.v) return f.add(f.splat(this.#first(u), lanes), iota(f, lanes));
    switch (x.kind) {
      case "var":
        return (this.#vectorVars.get(x) as readonly Var[])[u] as Var;
      case "linear": {
        let sum: Expr = f.splat(f.int(x.constant), lanes);
        x.terms.forEach((term, i) => {
          const factor = f.int(x.coefficients[i] as number);
          const part = f.splat(this.#vector(term, u), lanes);
          sum = f.binary("add", sum, f.binary("mul", part, f.splat(factor, lanes)));
        });
        return sum;
      }
      case "load":
        return this.#load(x, u);
      case "splat":
      case "lanes":
      case "extract":
      case "shuffle":
        throw new NotVectorizable();
      default: {
        return f.rebuild(x, (child) => this.#vector(child, u));
      }
    }
  }

  /** Index arithmetic whose lanes lie a constant apart: worked out lane by lane, where divisions simplify away. */
  #indexVector(x: Expr, u: number): Expr | null {
    if (!isIndexArithmetic(x)) return null;
    const { first, deltas } = this.#walk(x, u);
    if (!deltas) return null;
    const all = this.f.splat(first, this.lanes);
    if (deltas.every((d) => d === 0)) return all;
    return this.f.add(all, this.f.lanes(deltas.map((d) => this.f.int(d))));
  }

  /** The loop variable's value in lane 0 of copy `u`. */
  #first(u: number): Expr {
    return this.f.add(this.#base, this.f.int(this.lanes * u));
  }

  #laneIndices(index: Expr, u: number): Expr[] {
    return Array.from({ length: this.lanes }, (_, j) => this.#lane(index, u, j));
  }

  /** Scalar `x` of lane `j`. */
  #lane(x: Expr, u: number, j: number): Expr {
    const { f } = this;
    const replacements = new Map<Expr, Expr>([[this.loop.v, f.add(this.#first(u), f.int(j))]]);
    for (const [v, parts] of this.#vectorVars) replacements.set(v, f.extract(parts[u] as Var, j));
    return this.f.substitute(x, replacements);
  }

  /** Where lane 0 of an index is, and how far from it each lane is if those are constants. */
  #walk(index: Expr, u: number): { readonly first: Expr; readonly deltas: readonly number[] | null } {
    const first = this.#lane(index, u, 0);
    const step = this.#stepOf(index);
    if (step !== null) return { first, deltas: this.#iota().map((j) => j * step) };
    const deltas: number[] = [];
    for (let j = 0; j < this.lanes; j++) {
      const delta = this.f.sub(this.#lane(index, u, j), first);
      if (delta.kind !== "const") return { first, deltas: null };
      deltas.push(delta.value as number);
    }
    return { first, deltas };
  }

  /** By how much an index grows with the loop variable, if it is a sum that shows it; null if it may not be constant. */
  #stepOf(index: Expr): number | null {
    if (index === this.loop.v) return 1;
    if (!this.#dependsOnLoop(index)) return 0;
    if (index.kind !== "linear") return null;
    let step = 0;
    for (const [i, term] of index.terms.entries()) {
      if (term === this.loop.v) step += index.coefficients[i] as number;
      else if (this.#dependsOnLoop(term)) return null;
    }
    return step;
  }

  #load(x: Extract<Expr, { kind: "load" }>, u: number): Expr {
    const { f } = this;
    const guardVaries = x.guard !== null && this.#dependsOnLoop(x.guard);
    const { first, deltas } = this.#walk(x.index, u);
    if (deltas && !guardVaries) {
      const wideLoad = this.#patternLoad(x, first, deltas);
      if (wideLoad) return wideLoad;
    }
    if (guardVaries && this.options.masks && deltas?.every((d, j) => d === j)) {
      const guard = this.#wideGuard(this.#spread(x.guard as Expr, u), this.#iota());
      return f.loadLike(x, first, this.lanes, guard);
    }
    return f.lanes(
      this.#laneIndices(x.index, u).map((index, j) => f.loadLike(x, index, 1, this.#laneGuard(x.guard, u, j))),
    );
  }

  #patternLoad(x: Extract<Expr, { kind: "load" }>, first: Expr, deltas: readonly number[]): Expr | null {
    const { f, lanes } = this;
    const wide = (index: Expr, iterations: readonly number[]): Expr =>
      f.loadLike(x, index, lanes, this.#wideGuard(x.guard, iterations));
    if (deltas.every((d, j) => d === j)) return wide(first, deltas);
    if (deltas.every((d, j) => d === -j)) {
      const reversed = deltas.map((_, j) => lanes - 1 - j);
      const loaded = wide(f.sub(first, f.int(lanes - 1)), reversed);
      return f.shuffle(loaded, loaded, reversed);
    }
    if (deltas.every((d, j) => d === 2 * j)) {
      const close = this.#evenElements(x, first, deltas);
      if (close) return close;
      // Even elements of two overlapping vectors: the second ends at the last element needed, never beyond it.
      const pattern = deltas.map((d) => (d < lanes ? d : d - (lanes - 1) + lanes));
      // An element between two that are needed is read with the later one.
      const iterations = (from: number): number[] => this.#iota().map((j) => Math.ceil((from + j) / 2));
      const upper = wide(f.add(first, f.int(lanes - 1)), iterations(lanes - 1));
      return f.shuffle(wide(first, iterations(0)), upper, pattern);
    }
    return null;
  }

  /**
   * Even elements, from the two vectors that hold those of all loads close by. Lanes that take no part are 0, as the second
   * vector is beyond the last element needed. Null for a load that is alone, or where it is not known how many lanes take part.
   */
  #evenElements(x: Extract<Expr, { kind: "load" }>, first: Expr, deltas: readonly number[]): Expr | null {
    const { f, lanes } = this;
    const count = this.#count ?? f.int(lanes);
    if (x.guard !== null || count.kind !== "const" || this.#stored.has(x.buffer)) return null;
    const takes = Number(count.value);
    /** Elements that one load needs, the odd ones between included. */
    const needed = 2 * takes - 1;
    const most = takes < lanes ? 2 * lanes - 1 : 2 * lanes;
    if (needed > most) return null;
    this.#clusters ??= clustersOf(f, this.loop.body, most - needed, (load) => this.#stepOf(load.index) === 2);
    const member = this.#clusters.get(x);
    if (!member || member.cluster.reach === 0) return null;
    const { cluster, offset } = member;
    const span = cluster.reach + needed;
    if (span <= lanes) return null;
    const start = f.sub(first, f.int(offset));
    const lower = f.loadLike(x, start, lanes, null);
    if (takes === lanes) {
      const from = span - lanes;
      const upper = f.loadLike(x, f.add(start, f.int(from)), lanes, null);
      return f.shuffle(
        lower,
        upper,
        deltas.map((d) => (offset + d < lanes ? offset + d : lanes + offset + d - from)),
      );
    }
    const isNeeded = f.lanes(this.#iota().map((j) => f.bool(lanes + j < span)));
    const upper = f.loadLike(x, f.add(start, f.int(lanes)), lanes, isNeeded);
    return f.shuffle(
      lower,
      upper,
      deltas.map((d, j) => (j < takes ? offset + d : 2 * lanes - 1)),
    );
  }
}

function iota(f: ExprFactory, lanes: number): Expr {
  return f.lanes(Array.from({ length: lanes }, (_, j) => f.int(j)));
}
