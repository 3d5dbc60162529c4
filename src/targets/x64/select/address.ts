// Addresses of loads and stores: an index expression becomes base + Σ scale·term + constant, of which the constant and one
// scaled term fit the addressing mode. Sums are computed in 64 bits, once in a block.
import { itemSize } from "../../../base/index.js";
import { type Buffer, children, type Expr } from "../../../ir/index.js";
import { imm, type LinkSymbol, type Mem, mem, type Reg } from "../asm/operands.js";
import type { Base, KernelContext, Loop } from "./context.js";
import { isInt32 } from "./shape.js";

/** Part of an address: an i32 scalar times a number of bytes. */
export interface Term {
  readonly x: Expr;
  readonly scale: number;
}

export interface Address {
  readonly base: Base;
  readonly terms: readonly Term[];
  /** Bytes to add to base and terms. */
  readonly constant: number;
  /** Known where the code is linked, and added as well. */
  readonly symbol: LinkSymbol | null;
}

/** The memory operand of an element (and of those that follow it). */
export function addressOf(context: KernelContext, buffer: Buffer, index: Expr): Mem {
  const address = splitAddress(context, buffer, index);
  const memory = operandOfAddress(context, address);
  if (!context.checksBounds) return memory;
  const { name, size, dtype } = context.actual(buffer);
  const start = address.base.register();
  return { ...memory, bounds: { name, start, offset: address.base.offset, bytes: size * itemSize(dtype) } };
}

function operandOfAddress(context: KernelContext, address: Address): Mem {
  const memory = withoutSymbol(context, address);
  return address.symbol === null ? memory : { ...memory, symbol: address.symbol };
}

function withoutSymbol(context: KernelContext, address: Address): Mem {
  const { loop } = context;
  if (loop) {
    const { fixed, stride, others } = divide(context, loop, address.terms);
    const moving = stride === 0 ? undefined : loop.pointers.get(pointerKey(address.base, fixed, stride));
    if (moving) return operandOf(context, "", moving, others, address.constant);
    const standing = loop.pointers.get(pointerKey(address.base, fixed, 0));
    if (standing) {
      const rest = stride === 0 ? others : [...others, { x: loop.v, scale: stride }];
      return operandOf(context, pointerKey(address.base, fixed, 0), standing, rest, address.constant);
    }
  }
  return operandOf(context, address.base.key, address.base.register(), address.terms, address.constant);
}

export function splitAddress(context: KernelContext, buffer: Buffer, index: Expr): Address {
  const base = context.base(buffer);
  const terms = new Map<Expr, number>();
  const constant = collect(context, index, itemSize(buffer.dtype), terms);
  const list = [...terms].filter(([, scale]) => scale !== 0).map(([x, scale]) => ({ x, scale }));
  list.sort((p, q) => p.x.id - q.x.id);
  return { base, terms: list, constant: base.offset + constant, symbol: base.symbol };
}

/**
 * Adds the non-constant terms of scale * x; returns the constant part. Sums whose range is known cannot wrap in 32 bits,
 * so they may be taken apart; others are worked out as the 32-bit numbers they are.
 */
function collect(context: KernelContext, x: Expr, scale: number, terms: Map<Expr, number>): number {
  if (x.kind === "const") return Number(x.value) * scale;
  if (x.kind === "var") {
    const known = context.constant(x);
    if (known !== undefined) return known * scale;
    const sum = context.sum(x);
    if (sum) return collect(context, sum, scale, terms);
    terms.set(x, (terms.get(x) ?? 0) + scale);
    return context.offset(x) * scale;
  }
  if (x.kind === "binary" && Number.isFinite(x.min) && Number.isFinite(x.max)) {
    const factor = x.b.kind === "const" ? Number(x.b.value) : x.a.kind === "const" ? Number(x.a.value) : null;
    if (x.op === "add") return collect(context, x.a, scale, terms) + collect(context, x.b, scale, terms);
    if (x.op === "sub") return collect(context, x.a, scale, terms) + collect(context, x.b, -scale, terms);
    if (x.op === "mul" && factor !== null) {
      return collect(context, x.b.kind === "const" ? x.a : x.b, scale * factor, terms);
    }
  }
  if (x.kind === "linear" && Number.isFinite(x.min) && Number.isFinite(x.max)) {
    return x.terms.reduce(
      (sum, term, i) => sum + collect(context, term, scale * (x.coefficients[i] as number), terms),
      x.constant * scale,
    );
  }
  terms.set(x, (terms.get(x) ?? 0) + scale);
  return 0;
}

/** What stays fixed while a loop runs, bytes for each unit of its variable, and the other terms. */
export function divide(context: KernelContext, loop: Loop, terms: readonly Term[]) {
  const fixed: Term[] = [];
  const others: Term[] = [];
  let stride = 0;
  for (const term of terms) {
    if (term.x === loop.v) stride = term.scale;
    else if (isFixed(context, loop, term.x)) fixed.push(term);
    else others.push(term);
  }
  return { fixed, stride, others };
}

function isFixed(context: KernelContext, loop: Loop, x: Expr): boolean {
  if (x.kind === "load") return false;
  if (x.kind === "var") return context.isFixed(x, loop);
  return children(x).every((child) => isFixed(context, loop, child));
}

export function pointerKey(base: Base, fixed: readonly Term[], stride: number): string {
  return `${sumKey(base.key, fixed)}~${stride}`;
}

function sumKey(key: string, terms: readonly Term[]): string {
  return terms.reduce((text, { x, scale }) => `${text}+${x.id}*${scale}`, key);
}

export function isDirectScale(scale: number): scale is Mem["scale"] {
  return scale === 1 || scale === 2 || scale === 4 || scale === 8;
}

/** base + terms + constant as a memory operand: one term is left to the addressing mode, the others are added up before. */
function operandOf(context: KernelContext, key: string, base: Reg, terms: readonly Term[], constant: number): Mem {
  const index = terms.findLast(({ scale }) => isDirectScale(scale)) ?? null;
  const rest = terms.filter((term) => term !== index);
  let sum = addTerms(context, key, base, rest);
  let disp = constant;
  if (!isInt32(constant)) {
    sum = context.gp("lea", 64, mem(sum, 0, context.gp("mov", 64, imm(BigInt(constant)))));
    disp = 0;
  }
  if (!index) return mem(sum, disp);
  return mem(sum, disp, index64(context, index.x), index.scale as Mem["scale"]);
}

/** The 64-bit sum; computed once in a block where all terms keep their value there. An empty key is never kept. */
export function addTerms(context: KernelContext, key: string, base: Reg, terms: readonly Term[]): Reg {
  if (terms.length === 0) return base;
  const make = () => terms.reduce((sum, term) => addTerm(context, sum, term), base);
  const keeps = key !== "" && terms.every(({ x }) => isSteady(x));
  return keeps ? context.cached(sumKey(key, terms), make) : make();
}

function addTerm(context: KernelContext, sum: Reg, { x, scale }: Term): Reg {
  if (isDirectScale(scale)) return context.gp("lea", 64, mem(sum, 0, index64(context, x), scale));
  const make = () => {
    const shift = Math.log2(scale);
    if (Number.isInteger(shift)) {
      const scaled = context.f.copyOf(index64(context, x));
      context.emit("shl", 64, scaled, imm(shift));
      return scaled;
    }
    if (isInt32(scale)) return context.gp("imul", 64, index64(context, x), imm(scale));
    const factor = context.gp("mov", 64, imm(BigInt(scale)));
    context.emit("imul", 64, factor, index64(context, x));
    return factor;
  };
  const scaled = isSteady(x) ? context.cached(`${x.id}*${scale}`, make) : make();
  return context.gp("lea", 64, mem(sum, 0, scaled));
}

/** An i32 scalar as a 64-bit number. 32-bit results have the upper half zero, so only possible negatives are extended. */
export function index64(context: KernelContext, x: Expr): Reg {
  // Sums name variables by their registers, and what is to be added to those as a constant (see `collect`).
  const value = () => (x.kind === "var" ? context.register(x) : context.value(x));
  if (x.min >= 0) return isSteady(x) && x.kind !== "var" ? context.cached(`${x.id}`, value) : value();
  const extend = () => context.gp("movsxd", 64, value());
  return isSteady(x) ? context.cached(`${x.id}*1`, extend) : extend();
}

const steadyMemo = new WeakMap<Expr, boolean>();

/** True if an expression has one value for as long as its variables are in scope. */
export function isSteady(x: Expr): boolean {
  const known = steadyMemo.get(x);
  if (known !== undefined) return known;
  const result = x.kind !== "load" && !(x.kind === "var" && x.mutable) && children(x).every(isSteady);
  steadyMemo.set(x, result);
  return result;
}
