// Interned, simplifying constructors of IR expressions. One factory serves one kernel (or one compile): equal pure
// expressions are the same object, so identity is equality and common subexpressions come for free.

import type { DType } from "../base/index.js";
import { InternalError, integerRange, isHalf } from "../base/index.js";
import { isExactIn } from "./exact.js";
import { evalBinary, evalCast, evalUnary, unaryType } from "./semantics.js";
import type { BinaryOp, Buffer, Const, Expr, Load, Scalar, UnaryOp, Var } from "./types.js";

const I32_MIN = -(2 ** 31);
const I32_MAX = 2 ** 31 - 1;

/** The value type a load of `dtype` gives. */
export function scalarOf(dtype: DType): Scalar {
  switch (dtype) {
    case "float32":
    case "float16":
    case "bfloat16":
      return "f32";
    case "float64":
      return "f64";
    case "int64":
      return "i64";
    case "bool":
      return "bool";
    default:
      return "i32";
  }
}

const comparisons: ReadonlySet<string> = new Set(["eq", "ne", "lt", "le"]);
const commutative: ReadonlySet<string> = new Set(["add", "mul", "min", "max", "and", "or", "xor", "eq", "ne"]);

/** Ids stay below this in one compile; an operator and two ids make an exact double. */
const MAX_IDS = 2 ** 24;
const operators: Partial<Record<BinaryOp, number>> = {};
let operatorCount = 0;

function operatorNumber(op: BinaryOp): number {
  operators[op] ??= operatorCount++;
  return operators[op];
}

type Draft = { readonly kind: Expr["kind"]; readonly type: Scalar; readonly lanes: number } & Record<string, unknown>;

export class ExprFactory {
  readonly #interned = new Map<string, Expr>();
  readonly #binaries = new Map<number, Expr>();
  #nextId = 0;

  /** @param buffers - notes the buffers there are: one for all factories whose kernels meet in a program. */
  constructor(private readonly buffers: { next: number; hasHalves: boolean } = { next: 0, hasHalves: false }) {}

  // ---- leaves -------------------------------------------------------------------------------------------------

  const(type: Scalar, value: number | bigint | boolean, lanes = 1): Const {
    const number = type === "f32" ? Math.fround(Number(value)) : value;
    const v = type === "bool" ? Boolean(value) : type === "i64" ? BigInt(value) : Number(number);
    const text = Object.is(v, -0) ? "-0" : String(v);
    const known = type === "i32" && lanes === 1 ? (v as number) : null;
    const draft = { kind: "const", type, lanes, value: v } as const;
    return this.#intern(`c${type}${lanes}:${text}`, draft, known ?? -Infinity, known ?? Infinity) as Const;
  }

  /** An i32 constant. */
  int(value: number): Const {
    return this.const("i32", value);
  }

  bool(value: boolean): Const {
    return this.const("bool", value);
  }

  /** A fresh variable; `min`/`max` bound it for the index simplifier. */
  variable(
    name: string,
    type: Scalar = "i32",
    options: { lanes?: number; mutable?: boolean; min?: number; max?: number } = {},
  ): Var {
    const { lanes = 1, mutable = false, min = -Infinity, max = Infinity } = options;
    return this.#make({ kind: "var", type, lanes, name, mutable }, min, max) as Var;
  }

  buffer(name: string, dtype: DType, size: number, space: Buffer["space"] = "global"): Buffer {
    if (isHalf(dtype)) this.buffers.hasHalves = true;
    return { id: this.buffers.next++, name, dtype, size, space };
  }

  /** False if no kernel of this factory can have anything to do with float16 or bfloat16. */
  get hasHalves(): boolean {
    return this.buffers.hasHalves;
  }

  /** Run-time scalar `slot` of the program, as `type`. */
  param(slot: number, type: Scalar): Expr {
    return this.#intern(`p${slot}:${type}`, { kind: "param", type, lanes: 1, slot });
  }

  /** Where the scalar or lane-wise `guard` does not hold, nothing is read and the value is 0. */
  load(buffer: Buffer, index: Expr, lanes = 1, guard: Expr | null = null): Expr {
    const type = scalarOf(buffer.dtype);
    if (guard?.kind === "const") {
      if (guard.value) return this.load(buffer, index, lanes);
      return this.const(type, 0, lanes);
    }
    const key = `l${buffer.id}[${index.id}]${lanes}?${guard?.id ?? ""}`;
    return this.#intern(key, { kind: "load", type, lanes, buffer, index, guard }, ...loadRange(buffer, lanes));
  }

  /** Another load of the buffer of `x`, of its type. */
  loadLike(x: Load, index: Expr, lanes: number, guard: Expr | null): Expr {
    const made = this.load(x.buffer, index, lanes, guard);
    if (made.kind === "load" && x.type !== made.type) return this.rawLoad(made);
    return made.kind === "const" ? this.const(x.type, 0, lanes) : made;
  }

  /** A part of a buffer: its elements from number `from` on. */
  partOf(buffer: Buffer, from: number): Buffer {
    const { dtype, size, space } = buffer;
    const part = { of: buffer, from };
    return { id: this.buffers.next++, name: `${buffer.name}+${from}`, dtype, size: size - from, space, part };
  }

  /** The load `x` as one of another buffer; loads that are apart stay apart. */
  moveLoad(x: Load, buffer: Buffer, index: Expr, guard: Expr | null): Expr {
    const key = `m${x.id}:${buffer.id}[${index.id}]?${guard?.id ?? ""}`;
    return this.#intern(key, { ...x, buffer, index, guard }, x.min, x.max);
  }

  /** The 16 bits of what `x` loads, as i32. */
  rawLoad(x: Load): Load {
    const { buffer, index, lanes, guard } = x;
    const range: [number, number] = lanes === 1 ? [0, 0xffff] : [-Infinity, Infinity];
    return this.#intern(`w${x.id}`, { kind: "load", type: "i32", lanes, buffer, index, guard }, ...range) as Load;
  }

  /** A load that is not interned: each is an access of its own, for buffers that the kernel also writes. */
  freshLoad(buffer: Buffer, index: Expr, lanes = 1): Load {
    const draft = { kind: "load", type: scalarOf(buffer.dtype), lanes, buffer, index, guard: null } as const;
    return this.#make(draft, ...loadRange(buffer, lanes)) as Load;
  }

  // ---- arithmetic ---------------------------------------------------------------------------------------------

  unary(op: UnaryOp, x: Expr): Expr {
    const type = unaryType(op, x.type);
    if (x.kind === "const") return this.const(type, evalUnary(op, x.type, x.value), x.lanes);
    if (op === "roundHalf" || op === "roundBfloat") {
      if (isExactIn(op === "roundHalf" ? "float16" : "bfloat16", x)) return x;
      this.buffers.hasHalves = true;
    }
    if (op === "not" && x.kind === "unary" && x.op === "not") return x.x;
    if (op === "neg" && isIndex(x)) return this.mul(x, this.int(-1));
    const range: [number, number] = op === "toHalf" && x.lanes === 1 ? [0, 0xffff] : [-Infinity, Infinity];
    return this.#intern(`u${op}${x.id}`, { kind: "unary", type, lanes: x.lanes, op, x }, ...range);
  }

  binary(op: BinaryOp, a0: Expr, b0: Expr): Expr {
    let [a, b] = this.#sameLanes(a0, b0);
    if (a.type !== b.type) throw new InternalError(`binary ${op}: operand types ${a.type} and ${b.type} differ`);
    if (commutative.has(op) && a.id > b.id) [a, b] = [b, a];
    // Index arithmetic asks the same questions over and over: answers are kept by operator and operands.
    const key = (operatorNumber(op) * MAX_IDS + a.id) * MAX_IDS + b.id;
    const known = this.#binaries.get(key);
    if (known) return known;
    const made = this.#makeBinary(op, a, b);
    this.#binaries.set(key, made);
    return made;
  }

  #makeBinary(op: BinaryOp, a: Expr, b: Expr): Expr {
    const type = comparisons.has(op) ? "bool" : a.type;
    if (a.kind === "const" && b.kind === "const")
      return this.const(type, evalBinary(op, a.type, a.value, b.value), a.lanes);
    const simple = this.#simplifyBinary(op, a, b);
    if (simple) return simple;
    const [min, max] = isIndex(a) && type === "i32" ? binaryRange(op, a, b) : [-Infinity, Infinity];
    return this.#intern(`b${op}${a.id},${b.id}`, { kind: "binary", type, lanes: a.lanes, op, a, b }, min, max);
  }

  add(a: Expr, b: Expr): Expr {
    return this.binary("add", a, b);
  }
  sub(a: Expr, b: Expr): Expr {
    return this.binary("sub", a, b);
  }
  mul(a: Expr, b: Expr): Expr {
    return this.binary("mul", a, b);
  }
  div(a: Expr, b: Expr): Expr {
    return this.binary("div", a, b);
  }
  rem(a: Expr, b: Expr): Expr {
    return this.binary("rem", a, b);
  }
  min(a: Expr, b: Expr): Expr {
    return this.binary("min", a, b);
  }
  max(a: Expr, b: Expr): Expr {
    return this.binary("max", a, b);
  }
  lt(a: Expr, b: Expr): Expr {
    return this.binary("lt", a, b);
  }
  le(a: Expr, b: Expr): Expr {
    return this.binary("le", a, b);
  }
  eq(a: Expr, b: Expr): Expr {
    return this.binary("eq", a, b);
  }
  and(a: Expr, b: Expr): Expr {
    return this.binary("and", a, b);
  }
  or(a: Expr, b: Expr): Expr {
    return this.binary("or", a, b);
  }
  not(a: Expr): Expr {
    return this.unary("not", a);
  }
  /** a * b + c in one rounding where the target can. */
  fma(a0: Expr, b0: Expr, c0: Expr): Expr {
    const lanes = Math.max(a0.lanes, b0.lanes, c0.lanes);
    const [a, b, c] = [this.splat(a0, lanes), this.splat(b0, lanes), this.splat(c0, lanes)];
    return this.#intern(`f${a.id},${b.id},${c.id}`, { kind: "fma", type: c.type, lanes, a, b, c });
  }

  select(cond0: Expr, a0: Expr, b0: Expr): Expr {
    const lanes = Math.max(cond0.lanes, a0.lanes, b0.lanes);
    if (cond0.kind === "const") return this.splat(cond0.value ? a0 : b0, lanes);
    if (a0 === b0) return this.splat(a0, lanes);
    const [cond, a, b] = [this.splat(cond0, lanes), this.splat(a0, lanes), this.splat(b0, lanes)];
    if (a.type !== b.type) throw new InternalError(`select: branch types ${a.type} and ${b.type} differ`);
    const range: [number, number] = [Math.min(a.min, b.min), Math.max(a.max, b.max)];
    return this.#intern(`s${cond.id},${a.id},${b.id}`, { kind: "select", type: a.type, lanes, cond, a, b }, ...range);
  }

  cast(x: Expr, type: Scalar): Expr {
    if (x.type === type) return x;
    if (x.kind === "const") return this.const(type, evalCast(x.type, type, x.value), x.lanes);
    const range: [number, number] = x.type === "bool" && type === "i32" ? [0, 1] : [-Infinity, Infinity];
    return this.#intern(`t${type}${x.id}`, { kind: "cast", type, lanes: x.lanes, x }, ...range);
  }

  bitcast(x: Expr, type: Scalar): Expr {
    if (x.type === type) return x;
    return this.#intern(`r${type}${x.id}`, { kind: "bitcast", type, lanes: x.lanes, x });
  }

  /** An integer operation that is not brought to normal form: how `linear` is spelled out for targets. */
  plain(op: "add" | "mul", a: Expr, b: Expr): Expr {
    const draft = { kind: "binary", type: "i32", lanes: 1, op, a, b } as const;
    return this.#intern(`b${op}${a.id},${b.id}`, draft, ...plainRange(op, a, b));
  }

  // ---- vectors ------------------------------------------------------------------------------------------------

  splat(x: Expr, lanes: number): Expr {
    if (x.lanes === lanes) return x;
    if (x.lanes !== 1) throw new InternalError(`splat: ${x.lanes} lanes to ${lanes}`);
    if (x.kind === "const") return this.const(x.type, x.value, lanes);
    return this.#intern(`v${lanes}:${x.id}`, { kind: "splat", type: x.type, lanes, x });
  }

  lanes(elements: readonly Expr[]): Expr {
    const first = elements[0] as Expr;
    if (elements.length === 1) return first;
    if (elements.every((e) => e === first)) return this.splat(first, elements.length);
    const key = `n${elements.map((e) => e.id).join(",")}`;
    return this.#intern(key, { kind: "lanes", type: first.type, lanes: elements.length, elements });
  }

  extract(x: Expr, lane: number): Expr {
    if (x.lanes === 1) return x;
    if (x.kind === "const") return this.const(x.type, x.value);
    if (x.kind === "splat") return x.x;
    if (x.kind === "lanes") return x.elements[lane] as Expr;
    return this.#intern(`e${x.id}.${lane}`, { kind: "extract", type: x.type, lanes: 1, x, lane });
  }

  shuffle(a: Expr, b: Expr, pattern: readonly number[]): Expr {
    if (pattern.length === a.lanes && pattern.every((p, i) => p === i)) return a;
    const key = `h${a.id},${b.id}:${pattern.join(",")}`;
    return this.#intern(key, { kind: "shuffle", type: a.type, lanes: pattern.length, a, b, pattern });
  }

  /** Combines all lanes of a vector with `op`, pairing the halves: the order is fixed by the lane count. */
  reduceLanes(op: BinaryOp, x: Expr): Expr {
    if (x.type === "bool") return this.#reduceLaneByLane(op, x);
    let sum = x;
    for (let half = x.lanes / 2; half >= 1; half /= 2) {
      const turned = Array.from({ length: x.lanes }, (_, i) => (i + half) % x.lanes);
      sum = this.binary(op, sum, this.shuffle(sum, sum, turned));
    }
    return this.extract(sum, 0);
  }

  /** Bools may lie in mask registers, which have no shuffles. */
  #reduceLaneByLane(op: BinaryOp, x: Expr): Expr {
    let values = Array.from({ length: x.lanes }, (_, lane) => this.extract(x, lane));
    while (values.length > 1) {
      const half = values.length / 2;
      values = values.slice(0, half).map((v, i) => this.binary(op, v, values[i + half] as Expr));
    }
    return values[0] as Expr;
  }

  // ---- index expressions ----------------------------------------------------------------------------------------

  /** Replaces variables (or any subexpressions) and simplifies anew. */
  substitute(root: Expr, replacements: ReadonlyMap<Expr, Expr>): Expr {
    const done = new Map<Expr, Expr>(replacements);
    const visit = (x: Expr): Expr => {
      const known = done.get(x);
      if (known) return known;
      const result = this.rebuild(x, visit);
      done.set(x, result);
      return result;
    };
    return visit(root);
  }

  /** The same expression over mapped children, without simplification and not interned unless unchanged. */
  rebuildPlain(x: Expr, visit: (child: Expr) => Expr): Expr {
    const before = children(x);
    const after = before.map(visit);
    if (after.every((child, i) => child === before[i])) return x;
    const [a, b, c] = after as [Expr, Expr, Expr];
    const key = `=${x.id}:${after.map((child) => child.id).join(",")}`;
    const draft = { ...x, ...namedChildren(x, a, b, c, after) };
    return this.#intern(key, draft as unknown as Draft, x.min, x.max);
  }

  /** The same expression over mapped children. */
  rebuild(x: Expr, visit: (child: Expr) => Expr): Expr {
    switch (x.kind) {
      case "const":
      case "var":
      case "param":
        return x;
      case "linear": {
        let sum: Expr = this.int(x.constant);
        x.terms.forEach((term, i) => {
          sum = this.add(sum, this.mul(visit(term), this.int(x.coefficients[i] as number)));
        });
        return sum;
      }
      case "unary":
        return this.unary(x.op, visit(x.x));
      case "binary":
        return this.binary(x.op, visit(x.a), visit(x.b));
      case "select":
        return this.select(visit(x.cond), visit(x.a), visit(x.b));
      case "cast":
        return this.cast(visit(x.x), x.type);
      case "bitcast":
        return this.bitcast(visit(x.x), x.type);
      case "load":
        return this.loadLike(x, visit(x.index), x.lanes, x.guard && visit(x.guard));
      case "fma":
        return this.fma(visit(x.a), visit(x.b), visit(x.c));
      case "splat":
        return this.splat(visit(x.x), x.lanes);
      case "lanes":
        return this.lanes(x.elements.map(visit));
      case "extract":
        return this.extract(visit(x.x), x.lane);
      case "shuffle":
        return this.shuffle(visit(x.a), visit(x.b), x.pattern);
    }
  }

  #simplifyBinary(op: BinaryOp, a: Expr, b: Expr): Expr | null {
    if (isIndex(a)) {
      const index = this.#simplifyIndex(op, a, b);
      if (index) return index;
    }
    if (a.type === "bool") return this.#simplifyLogic(op, a, b);
    // x * 1 and x + 0 hold for every value, NaN and infinities included (the sign of zero is free).
    const constant = a.kind === "const" ? a : b.kind === "const" ? b : null;
    const other = a.kind === "const" ? b : a;
    if (constant && Number(constant.value) === 0 && op === "add") return other;
    if (constant && Number(constant.value) === 1 && op === "mul") return other;
    if (b.kind === "const" && Number(b.value) === 0 && op === "sub") return a;
    if (b.kind === "const" && Number(b.value) === 1 && op === "div") return a;
    if (a === b && (op === "min" || op === "max" || op === "and" || op === "or")) return a;
    return null;
  }

  #simplifyLogic(op: BinaryOp, a: Expr, b: Expr): Expr | null {
    const constant = a.kind === "const" ? a : b.kind === "const" ? b : null;
    const other = constant === a ? b : a;
    if (a === b && (op === "and" || op === "or")) return a;
    if (!constant) return null;
    if (op === "and") return constant.value ? other : constant;
    if (op === "or") return constant.value ? constant : other;
    return null;
  }

  #simplifyIndex(op: BinaryOp, a: Expr, b: Expr): Expr | null {
    switch (op) {
      case "add":
        return this.#linearSum(a, 1, b, 1);
      case "sub":
        return this.#linearSum(a, 1, b, -1);
      case "mul":
        if (b.kind === "const") return this.#scale(a, b.value as number);
        if (a.kind === "const") return this.#scale(b, a.value as number);
        return null;
      case "div":
        return b.kind === "const" ? this.#divide(a, b.value as number) : null;
      case "rem":
        return b.kind === "const" ? this.#remainder(a, b.value as number) : null;
      case "lt":
        if (a === b) return this.bool(false);
        return a.max < b.min ? this.bool(true) : a.min >= b.max ? this.bool(false) : null;
      case "le":
        if (a === b) return this.bool(true);
        return a.max <= b.min ? this.bool(true) : a.min > b.max ? this.bool(false) : null;
      case "eq":
        if (a === b) return this.bool(true);
        return a.max < b.min || b.max < a.min ? this.bool(false) : null;
      case "ne":
        if (a === b) return this.bool(false);
        return a.max < b.min || b.max < a.min ? this.bool(true) : null;
      case "min":
        if (a.max <= b.min) return a;
        return b.max <= a.min ? b : (this.#minOfChoice(a, b) ?? this.#minOfChoice(b, a));
      case "max":
        return a.min >= b.max ? a : b.min >= a.max ? b : null;
      default:
        return null;
    }
  }

  /** min(c ? k : x, y) with k no larger than y can be (the place of a first hit): c ? k : min(x, y). */
  #minOfChoice(a: Expr, b: Expr): Expr | null {
    if (a.kind !== "select" || a.a.kind !== "const" || a.a.max > b.min) return null;
    return this.select(a.cond, a.a, this.min(a.b, b));
  }

  #scale(x: Expr, factor: number): Expr {
    return this.#linearSum(x, factor, this.int(0), 1);
  }

  /** a*ca + b*cb in normal form: terms sorted by id, (x / c) * c·s + (x % c) * s joined to x * s. */
  #linearSum(a: Expr, ca: number, b: Expr, cb: number): Expr {
    const sums = new Map<Expr, number>();
    let constant = 0;
    const collect = (x: Expr, factor: number): void => {
      if (x.kind === "const") constant += (x.value as number) * factor;
      else if (x.kind === "linear") {
        constant += x.constant * factor;
        x.terms.forEach((term, i) => {
          sums.set(term, (sums.get(term) ?? 0) + (x.coefficients[i] as number) * factor);
        });
      } else sums.set(x, (sums.get(x) ?? 0) + factor);
    };
    collect(a, ca);
    collect(b, cb);
    this.#joinDivRem(sums, collect);
    const entries = [...sums].filter(([, c]) => c !== 0).sort((p, q) => p[0].id - q[0].id);
    if (entries.some(([, c]) => c < I32_MIN || c > I32_MAX) || constant < I32_MIN || constant > I32_MAX) {
      return this.#wrappedSum(a, ca, b, cb);
    }
    if (entries.length === 0) return this.int(constant);
    if (entries.length === 1 && constant === 0 && entries[0]?.[1] === 1) return entries[0][0];
    return this.#makeLinear(entries, constant);
  }

  /** User arithmetic whose constants leave the int32 range: kept as plain wrapping operations. */
  #wrappedSum(a: Expr, ca: number, b: Expr, cb: number): Expr {
    const scaled = (x: Expr, c: number): Expr => (c === 1 ? x : this.plain("mul", x, this.int(c | 0)));
    return this.plain("add", scaled(a, ca), scaled(b, cb));
  }

  #joinDivRem(sums: Map<Expr, number>, collect: (x: Expr, factor: number) => void): void {
    for (const [rem, s] of [...sums]) {
      if (rem.kind !== "binary" || rem.op !== "rem" || rem.b.kind !== "const" || s === 0) continue;
      const divisor = rem.b.value as number;
      const quotient = this.div(rem.a, rem.b);
      const have = quotient.kind === "const" || quotient.kind === "linear" ? undefined : sums.get(quotient);
      if (have === undefined || have !== s * divisor) continue;
      sums.delete(rem);
      sums.delete(quotient);
      collect(rem.a, s);
    }
  }

  #makeLinear(entries: readonly (readonly [Expr, number])[], constant: number): Expr {
    let min = constant;
    let max = constant;
    for (const [term, c] of entries) {
      min += c > 0 ? c * term.min : c * term.max;
      max += c > 0 ? c * term.max : c * term.min;
    }
    const overflow = !(min >= I32_MIN && max <= I32_MAX);
    const draft = {
      kind: "linear",
      type: "i32",
      lanes: 1,
      terms: entries.map(([term]) => term),
      coefficients: entries.map(([, c]) => c),
      constant,
    } as const;
    const key = `+${entries.map(([t, c]) => `${c}*${t.id}`).join("+")}+${constant}`;
    return this.#intern(key, draft, overflow ? -Infinity : min, overflow ? Infinity : max);
  }

  #divide(a: Expr, c: number): Expr | null {
    if (c === 1) return a;
    if (c <= 0 || !(a.min >= 0) || a.max === Infinity) return null; // truncation is floor only for known non-negatives
    if (a.max < c) return this.int(0);
    if (a.kind === "binary" && a.op === "div" && a.b.kind === "const") {
      return this.div(a.a, this.int((a.b.value as number) * c));
    }
    if (a.kind === "binary" && a.op === "rem" && a.b.kind === "const" && (a.b.value as number) % c === 0) {
      return this.rem(this.div(a.a, this.int(c)), this.int((a.b.value as number) / c));
    }
    const split = this.#splitMultiples(a, c);
    return split && this.add(split.quotient, this.div(split.rest, this.int(c)));
  }

  #remainder(a: Expr, c: number): Expr | null {
    if (c === 1) return this.int(0);
    if (c <= 0 || !(a.min >= 0) || a.max === Infinity) return null;
    if (a.max < c) return a;
    if (a.kind === "binary" && a.op === "rem" && a.b.kind === "const" && (a.b.value as number) % c === 0) {
      return this.rem(a.a, this.int(c));
    }
    const split = this.#splitMultiples(a, c);
    return split && this.rem(split.rest, this.int(c));
  }

  /** a = quotient*c + rest with rest >= 0, taking the terms whose coefficient is a multiple of c; null if there are none. */
  #splitMultiples(a: Expr, c: number): { quotient: Expr; rest: Expr } | null {
    if (a.kind !== "linear") return null;
    let quotient: Expr = this.int(Math.floor(a.constant / c));
    let rest: Expr = this.int(a.constant - Math.floor(a.constant / c) * c);
    let found = a.constant >= c || a.constant < 0;
    a.terms.forEach((term, i) => {
      const coefficient = a.coefficients[i] as number;
      if (coefficient % c === 0) {
        quotient = this.add(quotient, this.mul(term, this.int(coefficient / c)));
        found = true;
      } else rest = this.add(rest, this.mul(term, this.int(coefficient)));
    });
    return found && rest.min >= 0 && quotient.min >= 0 ? { quotient, rest } : null;
  }

  #sameLanes(a: Expr, b: Expr): [Expr, Expr] {
    const lanes = Math.max(a.lanes, b.lanes);
    return [this.splat(a, lanes), this.splat(b, lanes)];
  }

  #intern(key: string, draft: Draft, min = -Infinity, max = Infinity): Expr {
    const known = this.#interned.get(key);
    if (known) return known;
    const made = this.#make(draft, min, max);
    this.#interned.set(key, made);
    return made;
  }

  #make(draft: Draft, min = -Infinity, max = Infinity): Expr {
    // The drafts above are complete members of the union; only id and range are added here.
    return { ...draft, id: this.#nextId++, min, max } as unknown as Expr;
  }
}

/** The fields of `x` that hold its children, with new values in the order of `children(x)`. */
function namedChildren(x: Expr, a: Expr, b: Expr, c: Expr, all: readonly Expr[]): Record<string, unknown> {
  switch (x.kind) {
    case "linear":
      return { terms: all };
    case "binary":
    case "shuffle":
      return { a, b };
    case "select":
      return { cond: a, a: b, b: c };
    case "load":
      return { index: a, guard: x.guard ? b : null };
    case "fma":
      return { a, b, c };
    case "lanes":
      return { elements: all };
    default:
      return { x: a };
  }
}

/** Direct children of an expression. */
export function children(x: Expr): readonly Expr[] {
  switch (x.kind) {
    case "const":
    case "var":
    case "param":
      return [];
    case "linear":
      return x.terms;
    case "unary":
    case "cast":
    case "bitcast":
    case "splat":
    case "extract":
      return [x.x];
    case "binary":
    case "shuffle":
      return [x.a, x.b];
    case "select":
      return [x.cond, x.a, x.b];
    case "load":
      return x.guard ? [x.index, x.guard] : [x.index];
    case "fma":
      return [x.a, x.b, x.c];
    case "lanes":
      return x.elements;
  }
}

/** True for i32 scalars, on which the index simplifier works. */
function isIndex(x: Expr): boolean {
  return x.type === "i32" && x.lanes === 1;
}

function loadRange(buffer: Buffer, lanes: number): [number, number] {
  const range = buffer.dtype !== "int32" && lanes === 1 ? integerRange(buffer.dtype) : undefined;
  return range ? [...range] : [-Infinity, Infinity];
}

/** Bounds of a sum or product; none where it may wrap. */
function plainRange(op: "add" | "mul", a: Expr, b: Expr): [number, number] {
  const ends = op === "add" ? [a.min + b.min, a.max + b.max] : products(a, b);
  const [min, max] = [Math.min(...ends), Math.max(...ends)];
  return min >= I32_MIN && max <= I32_MAX ? [min, max] : [-Infinity, Infinity]; // NaN (0 times Infinity) has none
}

function products(a: Expr, b: Expr): number[] {
  return [a.min * b.min, a.min * b.max, a.max * b.min, a.max * b.max];
}

function binaryRange(op: BinaryOp, a: Expr, b: Expr): [number, number] {
  const divisor = b.kind === "const" ? (b.value as number) : 0;
  if (op === "div" && divisor > 0 && a.min >= 0) return [Math.trunc(a.min / divisor), Math.trunc(a.max / divisor)];
  if (op === "rem" && divisor > 0 && a.min >= 0) return [0, Math.min(divisor - 1, a.max)];
  if (op === "min") return [Math.min(a.min, b.min), Math.min(a.max, b.max)];
  if (op === "max") return [Math.max(a.min, b.min), Math.max(a.max, b.max)];
  if (op === "mul" && a.min >= 0 && b.min >= 0 && a.max * b.max <= I32_MAX) return [a.min * b.min, a.max * b.max];
  return [-Infinity, Infinity];
}
