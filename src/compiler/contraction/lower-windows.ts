// Kernels for windows that few rows meet (windows.ts): boxes of windows are staged, and all products of some rows of
// positions are written out, so that what is loaded once serves every tap that needs it while it is in a register.
import type { Node } from "../../graph/index.js";
import { type Buffer, type Expr, type KernelDraft, type Stmt, scalarOf, type Var } from "../../ir/index.js";
import { Evaluator } from "../evaluate.js";
import type { KernelEnv } from "../kernel-env.js";
import { digitsOf, offsetOf } from "./axes.js";
import { type Box, fillBox, freeMiddle } from "./box.js";
import type { Finish } from "./finish.js";
import { type Axis, extentOf } from "./form.js";
import { joinParts } from "./join.js";
import type { Move } from "./stage.js";
import { branch, loop } from "./statements.js";
import { cutWindows, type WindowCuts, type Windows, windowBox } from "./windows.js";

/** Work of one tile, and most tiles: as for plain loops. */
const TILE_WORK = 1 << 15;
const MAX_TILES = 128;
/** With fewer sums than this, long ones are cut into parts for the threads. */
const ENOUGH_SUMS = 12;
const PARTS = 32;

export function lowerWindows(
  env: KernelEnv,
  node: Node,
  w: Windows,
  finish: Finish,
  partialFinish: (buffer: Buffer, base: Expr) => Finish,
): KernelDraft[] {
  const lowering = new WindowLowering(env, node, w);
  if (w.sums === "taps") return [lowering.sumsOfTaps(finish)];
  const parts = lowering.partsOfSum();
  if (parts === 1) return [lowering.sumsOfPositions(() => finish, 1)];
  const partial = env.temporary("partial", node.dtype, parts * node.size);
  const toPart = (part: Expr): Finish => partialFinish(partial, env.f.mul(part, env.f.int(node.size)));
  return [lowering.sumsOfPositions(toPart, parts), joinParts(env, node, partial, parts, finish)];
}

/** Digits of the loops around a box, and the step of the outermost loop of positions at which it begins. */
interface BoxPlace {
  readonly around: readonly Expr[];
  readonly first: Expr;
}

class WindowLowering {
  readonly #cuts: WindowCuts;
  readonly #box: Box;
  readonly #memory: Buffer;
  readonly #bytes: 4 | 8;
  readonly #lanes: number;
  readonly #evaluator: Evaluator;
  /** Offset in the box of each tap, and its digits. */
  readonly #taps: readonly { readonly at: number; readonly digits: readonly number[] }[];

  constructor(
    private readonly env: KernelEnv,
    private readonly node: Node,
    private readonly w: Windows,
  ) {
    this.#bytes = node.dtype === "float64" ? 8 : 4;
    this.#lanes = env.info.lanes(this.#bytes);
    const inMemory = (x: Node): boolean => env.bufferOf(x) !== null;
    this.#cuts = cutWindows(w, env.info, this.#bytes, inMemory);
    this.#box = windowBox(w, this.#cuts.strip, this.#lanes);
    this.#memory = env.f.buffer("box", node.dtype, this.#box.size, "local");
    this.#evaluator = new Evaluator(env.f, { bufferOf: (x) => env.bufferOf(x), slotOf: (x) => env.slotOf(x) });
    this.#taps = tapOffsets(this.#box);
  }

  // ---- each position sums its taps ------------------------------------------------------------------------------

  sumsOfTaps(finish: Finish): KernelDraft {
    const { f } = this.env;
    const { around, form } = this.w;
    const { strips } = this.#cuts;
    const boxes = extentOf(around) * strips;
    const each = Math.ceil(boxes / this.#tilesWished());
    const tiles = Math.ceil(boxes / each);
    const tile = f.variable("tile", "i32", { min: 0, max: tiles - 1 });
    const n = f.variable("n", "i32", { min: 0, max: each - 1 });
    const box = f.variable("at", "i32", { min: 0, max: boxes - 1 });
    const start = f.mul(tile, f.int(each));
    const place = this.#placeOf(box);
    const row = f.variable("m", "i32", { min: 0, max: extentOf(form.rows) - 1 });
    const body: Stmt[] = [
      { kind: "let", v: box, value: f.add(start, n) },
      ...(this.#cuts.isDirect ? [] : this.#fill(place)),
      loop(f, row, f.int(extentOf(form.rows)), this.#rowOfSums(place, row, finish)),
    ];
    const to = f.min(f.int(each), f.sub(f.int(boxes), start));
    return { ...this.#draft(finish.name), tiles, tile, body: [loop(f, n, to, body)] };
  }

  /** All positions of a box for one row of the other operand. */
  #rowOfSums(place: BoxPlace, row: Expr, finish: Finish): Stmt[] {
    const { f } = this.env;
    const { form, around, positions } = this.w;
    const rowDigits = digitsOf(f, form.rows, row);
    const type = scalarOf(this.node.dtype);
    const weights = this.#taps.map((_, t) => f.variable(`w${t}`, type));
    const lets = this.#taps.map(({ digits }, t): Stmt => {
      const at = this.#otherAt(
        place.around,
        rowDigits,
        digits.map((d) => f.int(d)),
      );
      return { kind: "let", v: weights[t] as Var, value: this.#other(at) };
    });
    const base = f.add(offsetOf(f, around, place.around, "out"), offsetOf(f, form.rows, rowDigits, "out"));
    const outAt = (at: readonly Expr[]): Expr => f.add(base, offsetOf(f, positions, at, "out"));
    const inner = positions.at(-1) as Axis;
    const rounded = Math.ceil(inner.extent / this.#lanes) * this.#lanes;
    const block = f.buffer("sums", this.node.dtype, this.#cuts.rows * rounded, "local");
    const blocks = this.#blocks(place, (rows, outer) => {
      const sums = (v: Expr, load: Load): Stmt[] =>
        this.#sumsOfRows(rows, weights, load, (r, sum) => finish.element(outAt(stepped(f, outer, r, v)), sum));
      if (this.#cuts.isDirect) return this.#directly(place, outer, sums);
      if (!this.#isGathered()) {
        return this.#alongInner(place, outer, (v, from) => sums(v, this.#fromBox(from, v)));
      }
      const v = f.variable("v", "i32", { min: 0, max: rounded - 1 });
      const from = this.#boxAt(place, [...outer, f.int(0)]);
      const keep = (r: number, sum: Expr): Stmt[] => [
        { kind: "store", buffer: block, index: f.add(f.int(r * rounded), v), value: sum, guard: null },
      ];
      const gathered = this.#sumsOfRows(rows, weights, this.#fromBox(from, v), keep);
      const finished = Array.from({ length: rows }, (_, r): Stmt => {
        const i = f.variable("i", "i32", { min: 0, max: inner.extent - 1 });
        const sum = f.freshLoad(block, f.add(f.int(r * rounded), i));
        return loop(f, i, f.int(inner.extent), finish.element(outAt(stepped(f, outer, r, i)), sum), "vectorize");
      });
      return [loop(f, v, f.int(rounded), gathered, "vectorize"), ...finished];
    });
    return [...lets, ...blocks];
  }

  /** True if whole vectors are summed before what exists of them is finished: the target cannot leave lanes out. */
  #isGathered(): boolean {
    const { positions } = this.w;
    return !this.env.info.masks && positions.length > 1 && (positions.at(-1) as Axis).extent % this.#lanes !== 0;
  }

  #sumsOfRows(rows: number, weights: readonly Var[], load: Load, keep: (r: number, sum: Expr) => Stmt[]): Stmt[] {
    const { f } = this.env;
    const type = scalarOf(this.node.dtype);
    const acc = Array.from({ length: rows }, (_, r) => f.variable(`acc${r}`, type, { mutable: true }));
    const chains = acc.map((_, r) => this.#taps.map(({ at }) => at + r * this.#rowStride()));
    // A row is finished as soon as it is summed, so that its register is free for one of the next.
    return this.#eachLoad(chains, load, (x, r, t): Stmt[] => {
      const [sum, weight] = [acc[r] as Var, weights[t] as Var];
      const add: Stmt =
        t === 0
          ? { kind: "let", v: sum, value: f.mul(x, weight) }
          : { kind: "assign", v: sum, value: f.fma(x, weight, sum) };
      return t === weights.length - 1 ? [add, ...keep(r, sum)] : [add];
    });
  }

  #fromBox(from: Expr, v: Expr): Load {
    const { f } = this.env;
    return (at) => f.freshLoad(this.#memory, f.add(f.add(from, f.int(at)), v));
  }

  /** Windows read where they lie: the ends of rows, where a padding's guard depends on the position, apart from the middle. */
  #directly(place: BoxPlace, outer: readonly Expr[], body: (v: Expr, load: Load) => Stmt[]): Stmt[] {
    const { f } = this.env;
    const { extent } = this.w.positions.at(-1) as Axis;
    const loadAt =
      (v: Expr): Load =>
      (_, r, t) =>
        this.#evaluator.value(this.w.plan.base, this.#indexOf(place, stepped(f, outer, r, v), t));
    const ends = freeMiddle(f, extent, (v) => this.#taps.map((_, t) => loadAt(v)(0, 0, t)));
    return ends.slice(1).map((to, i): Stmt => {
      const from = ends[i] as number;
      const v = f.variable("v", "i32", { min: from, max: to - 1 });
      return { kind: "for", v, from: f.int(from), to: f.int(to), step: 1, body: body(v, loadAt(v)), hint: "vectorize" };
    });
  }

  /** Index in the windows' base of tap `t` of the position with these digits. */
  #indexOf(place: BoxPlace, position: readonly Expr[], t: number): Expr[] {
    const { f } = this.env;
    const { plan } = this.w;
    const index = plan.origin.map((at): Expr => f.int(at));
    const move = (by: Move | null, digit: Expr): void => {
      if (by) index[by.dim] = f.add(index[by.dim] as Expr, f.mul(digit, f.int(by.step)));
    };
    const digits = [...place.around, ...position, ...(this.#taps[t]?.digits ?? []).map((at) => f.int(at))];
    for (const [i, by] of [...plan.batch, ...plan.own, ...plan.summed].entries()) move(by, digits[i] as Expr);
    return index;
  }

  // ---- each tap sums over positions -----------------------------------------------------------------------------

  /** Pieces of the sums, if there are too few of those for the threads. */
  partsOfSum(): number {
    const sums = extentOf(this.w.form.batch) * extentOf(this.w.form.rows);
    return sums >= ENOUGH_SUMS ? 1 : Math.min(PARTS, this.#boxesOfSum());
  }

  /** Boxes that the windows of one sum are in. */
  #boxesOfSum(): number {
    return extentOf(this.w.around.slice(this.w.form.batch.length)) * this.#cuts.strips;
  }

  sumsOfPositions(finish: (part: Expr) => Finish, parts: number): KernelDraft {
    const { f } = this.env;
    const { form } = this.w;
    const boxes = this.#boxesOfSum();
    const each = Math.ceil(boxes / parts);
    const [batches, rows] = [extentOf(form.batch), extentOf(form.rows)];
    const tiles = batches * rows * parts;
    const tile = f.variable("tile", "i32", { min: 0, max: tiles - 1 });
    const part = f.rem(tile, f.int(parts));
    const rest = f.div(tile, f.int(parts));
    const rowDigits = digitsOf(f, form.rows, f.rem(rest, f.int(rows)));
    const batch = digitsOf(f, form.batch, f.div(rest, f.int(rows)));
    const done = finish(part);
    const body: Stmt[] = [];
    for (let from = 0; from < this.#taps.length; from += this.#cuts.taps) {
      const taps = this.#taps.slice(from, from + this.#cuts.taps);
      const n = f.variable("n", "i32", { min: 0, max: each - 1 });
      const box = f.variable("at", "i32", { min: 0, max: boxes - 1 });
      const start = f.mul(part, f.int(each));
      const acc = taps.map((_, t) => f.variable(`acc${t}`, scalarOf(this.node.dtype), { mutable: true }));
      const place = this.#placeOf(box, batch);
      const to = f.max(f.int(0), f.min(f.int(each), f.sub(f.int(boxes), start)));
      body.push(
        ...acc.map((v): Stmt => ({ kind: "let", v, value: f.const(v.type, 0) })),
        loop(f, n, to, [
          { kind: "let", v: box, value: f.add(start, n) },
          ...this.#fill(place),
          ...this.#addPositions(place, rowDigits, acc, taps),
        ]),
        ...acc.flatMap((sum, t) => {
          const digits = (taps[t] as (typeof taps)[number]).digits.map((d) => f.int(d));
          const own = f.add(offsetOf(f, form.batch, batch, "out"), offsetOf(f, form.rows, rowDigits, "out"));
          return done.element(f.add(own, offsetOf(f, this.w.taps, digits, "out")), sum);
        }),
      );
    }
    return { ...this.#draft(done.name), tiles, tile, body };
  }

  #addPositions(
    place: BoxPlace,
    rowDigits: readonly Expr[],
    acc: readonly Var[],
    taps: readonly { readonly at: number }[],
  ): Stmt[] {
    const { f } = this.env;
    const type = scalarOf(this.node.dtype);
    return this.#blocks(place, (rows, outer) =>
      this.#alongInner(place, outer, (v, from) => {
        const factors = Array.from({ length: rows }, (_, r) => f.variable(`y${r}`, type));
        const lets = factors.map((factor, r): Stmt => {
          const at = this.#otherAt(place.around, rowDigits, stepped(f, outer, r, v));
          return { kind: "let", v: factor, value: this.#other(at) };
        });
        const chains = acc.map((_, t) => factors.map((_, r) => (taps[t] as { at: number }).at + r * this.#rowStride()));
        const products = this.#eachLoad(chains, this.#fromBox(from, v), (x, t, r): Stmt[] => {
          const sum = acc[t] as Var;
          return [{ kind: "assign", v: sum, value: f.fma(x, factors[r] as Var, sum) }];
        });
        return [...lets, ...products];
      }),
    );
  }

  // ---- what both share ------------------------------------------------------------------------------------------

  #draft(name: string): Pick<KernelDraft, "name" | "flops" | "bytes"> {
    const { form, positions, taps, around } = this.w;
    const points = extentOf(around) * extentOf(positions);
    const rows = extentOf(form.rows);
    return { name, flops: 2 * points * extentOf(taps) * rows, bytes: this.#bytes * points * (1 + rows) };
  }

  #tilesWished(): number {
    return Math.max(1, Math.min(MAX_TILES, Math.floor(this.#draft("").flops / TILE_WORK)));
  }

  /** Box number `flat`; the digits of some of the loops around it may be known. */
  #placeOf(flat: Expr, known: readonly Expr[] = []): BoxPlace {
    const { f } = this.env;
    const { strips, strip } = this.#cuts;
    const rest = this.w.around.slice(known.length);
    return {
      around: [...known, ...digitsOf(f, rest, f.div(flat, f.int(strips)))],
      first: f.mul(f.rem(flat, f.int(strips)), f.int(strip)),
    };
  }

  /** Steps of the outermost loop of positions in a box. */
  #lengthOf({ first }: BoxPlace): Expr {
    const { f } = this.env;
    return f.min(f.int(this.#cuts.strip), f.sub(f.int((this.w.positions[0] as Axis).extent), first));
  }

  #fill(place: BoxPlace): Stmt[] {
    const { f } = this.env;
    const { plan, taps } = this.w;
    const origin: Expr[] = plan.origin.map((at) => f.int(at));
    const move = (by: Move | null, digit: Expr): void => {
      if (by) origin[by.dim] = f.add(origin[by.dim] as Expr, f.mul(digit, f.int(by.step)));
    };
    plan.batch.forEach((by, i) => {
      move(by, place.around[i] as Expr);
    });
    move(plan.own[0] as Move, place.first);
    const axes = taps.map((axis) => ({ axis, length: f.int(axis.extent) }));
    return fillBox(this.env, this.#box, this.#memory, { origin, length: this.#lengthOf(place), axes });
  }

  #rowStride(): number {
    return this.#box.ownStrides.at(-2) ?? 0;
  }

  /** Where the windows of a position begin in the box. */
  #boxAt({ first }: BoxPlace, at: readonly Expr[]): Expr {
    const { f } = this.env;
    return at.reduce<Expr>((sum, digit, i) => {
      const step = i === 0 ? f.sub(digit, first) : digit;
      return f.add(sum, f.mul(step, f.int(this.#box.ownStrides[i] as number)));
    }, f.int(0));
  }

  /** Loops over all positions of a box but the innermost: `body` takes how many rows at once, and the first one's digits. */
  #blocks(place: BoxPlace, body: (rows: number, outer: readonly Expr[]) => Stmt[]): Stmt[] {
    const { f } = this.env;
    const { positions } = this.w;
    const { rows } = this.#cuts;
    const last = positions.length - 2;
    const emit = (i: number, outer: readonly Expr[]): Stmt[] => {
      if (i > last) return body(1, outer);
      const { extent } = positions[i] as Axis;
      const [first, length] = i === 0 ? [place.first, this.#lengthOf(place)] : [f.int(0), f.int(extent)];
      const atOnce = i === last ? rows : 1;
      const step = f.variable(`s${i}`, "i32", { min: 0, max: Math.max(0, Math.ceil(length.max / atOnce) - 1) });
      const digit = f.variable(`p${i}`, "i32", { min: 0, max: extent - atOnce });
      const inside = (at: Expr, count: number): Stmt[] =>
        i === last ? body(count, [...outer, at]) : emit(i + 1, [...outer, at]);
      const whole = loop(f, step, f.div(length, f.int(atOnce)), [
        { kind: "let", v: digit, value: f.add(first, f.mul(step, f.int(atOnce))) },
        ...inside(digit, atOnce),
      ]);
      const rest = extent % atOnce;
      if (rest === 0) return [whole];
      // Boxes hold whole blocks of rows, but for the last one.
      const left = inside(f.int(extent - rest), rest);
      return [whole, ...branch(f.eq(f.add(first, length), f.int(extent)), left, [])];
    };
    return emit(0, []);
  }

  /** The innermost loop in vectors; `body` takes its digit and where its first position's windows begin in the box. */
  #alongInner(place: BoxPlace, outer: readonly Expr[], body: (v: Expr, from: Expr) => Stmt[]): Stmt[] {
    const { f } = this.env;
    const { extent } = this.w.positions.at(-1) as Axis;
    const v = f.variable("v", "i32", { min: 0, max: extent - 1 });
    const isOnly = outer.length === 0;
    const from = isOnly ? f.sub(f.int(0), place.first) : this.#boxAt(place, [...outer, f.int(0)]);
    const [start, length] = isOnly ? [place.first, this.#lengthOf(place)] : [f.int(0), f.int(extent)];
    return [{ kind: "for", v, from: start, to: f.add(start, length), step: 1, body: body(v, from), hint: "vectorize" }];
  }

  /** Offset of an element of the other operand: `inner` are digits of what it shares with the windows. */
  #otherAt(around: readonly Expr[], rows: readonly Expr[], inner: readonly Expr[]): Expr {
    const { f } = this.env;
    const { form, taps, positions, sums } = this.w;
    const shared = sums === "taps" ? taps : positions;
    const outside = f.add(offsetOf(f, this.w.around, around, "a"), offsetOf(f, form.rows, rows, "a"));
    return f.add(f.add(f.int(form.a.offset), outside), offsetOf(f, shared, inner, "a"));
  }

  #other(offset: Expr): Expr {
    const { f } = this.env;
    const { base } = this.w.form.a;
    const buffer = this.env.bufferOf(base);
    if (buffer) return f.load(buffer, offset);
    const dims = base.shape.map((extent) => ({ extent, a: 0, b: 0, out: 0 }));
    return this.#evaluator.value(base, digitsOf(f, dims, offset));
  }

  /**
   * Loads from the box for several sums, `chains[s]` the places that sum s takes, in its order. A place is loaded when all
   * sums that need it have come to it, so nearly each is loaded once.
   */
  #eachLoad(
    chains: readonly (readonly number[])[],
    load: Load,
    use: (x: Expr, sum: number, step: number) => Stmt[],
  ): Stmt[] {
    const { f } = this.env;
    const type = scalarOf(this.node.dtype);
    return loadOrder(chains).flatMap(({ at, sums }, i) => {
      const x = f.variable(`x${i}`, type);
      const { sum, step } = sums[0] as SharedLoad["sums"][number];
      const value = load(at, sum, step);
      return [{ kind: "let", v: x, value } as Stmt, ...sums.flatMap((each) => use(x, each.sum, each.step))];
    });
  }
}

/** The value at place `at` of the box, which step `step` of sum `sum` takes. */
type Load = (at: number, sum: number, step: number) => Expr;

/** Digits of the position `r` rows further, `v` along the innermost loop. */
function stepped(f: KernelEnv["f"], outer: readonly Expr[], r: number, v: Expr): Expr[] {
  return [...outer.map((digit, i) => (i === outer.length - 1 ? f.add(digit, f.int(r)) : digit)), v];
}

/** Each tap's place in the box, in the order of the sum. */
function tapOffsets({ depth, dims }: Box): { at: number; digits: number[] }[] {
  const count = depth.reduce((n, { length }) => n * length, 1);
  return Array.from({ length: count }, (_, flat) => {
    const moved = dims.map(() => 0);
    const digits = new Array<number>(depth.length);
    let rest = flat;
    for (let i = depth.length - 1; i >= 0; i--) {
      const { length, move } = depth[i] as Box["depth"][number];
      digits[i] = rest % length;
      rest = Math.floor(rest / length);
      moved[move.dim] = (moved[move.dim] as number) + (digits[i] as number) * move.step;
    }
    const at = dims.reduce((sum, { step, stride, phaseStride }, d) => {
      const by = moved[d] as number;
      return sum + Math.floor(by / step) * stride + (by % step) * phaseStride;
    }, 0);
    return { at, digits };
  });
}

/** One load, and the sums whose next step takes it. */
interface SharedLoad {
  readonly at: number;
  readonly sums: readonly { readonly sum: number; readonly step: number }[];
}

function loadOrder(chains: readonly (readonly number[])[]): SharedLoad[] {
  const next = chains.map(() => 0);
  const left = new Map<number, number>();
  for (const at of chains.flat()) left.set(at, (left.get(at) ?? 0) + 1);
  const order: SharedLoad[] = [];
  for (;;) {
    const heads = new Map<number, { sum: number; step: number }[]>();
    chains.forEach((chain, sum) => {
      const step = next[sum] as number;
      if (step === chain.length) return;
      const at = chain[step] as number;
      heads.set(at, [...(heads.get(at) ?? []), { sum, step }]);
    });
    if (heads.size === 0) return order;
    const due =
      [...heads].find(([at, sums]) => sums.length === left.get(at)) ?? ([...heads][0] as [number, SharedLoad["sums"]]);
    const [at, sums] = due;
    for (const { sum } of sums) next[sum] = (next[sum] as number) + 1;
    left.set(at, (left.get(at) as number) - sums.length);
    order.push({ at, sums });
  }
}
