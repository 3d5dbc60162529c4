// What the parts of the code generator share while one kernel is translated.
import { InternalError } from "../../base/index.js";
import {
  actualBuffer,
  actualSlot,
  type Buffer,
  type Expr,
  type Kernel,
  type Program,
  type Scalar,
  type Var,
} from "../../ir/index.js";
import type { Helpers } from "./helpers.js";
import type { TableLayout } from "./layout.js";
import { type FunctionBuilder, valueType } from "./module-builder.js";
import { I32, op } from "./opcodes.js";

/** Base address of a buffer: the value of a local plus a constant. */
export interface Base {
  readonly local: number;
  readonly offset: number;
}

/** A local that follows an address through the rounds of a loop. */
export interface Pointer {
  readonly local: number;
  /** Bytes it moves when the loop variable grows by 1. */
  readonly stride: number;
}

/** Locals of the tile function, in order. */
export const tileParams = { begin: 0, end: 1, table: 2, scratch: 3 } as const;

export class KernelContext {
  /** Pointers of the innermost loop, by key (see address.ts). */
  pointers: ReadonlyMap<string, Pointer> = new Map();
  /** Variable of the innermost loop. */
  loopVar: Var | null = null;
  /** Declarations seen before the innermost loop. */
  #loopStart = 0;
  #declarations = 0;
  /** Variables in scope, with the number of declarations before theirs. */
  readonly #inScope = new Map<Var, number>();
  readonly #locals = new Map<Var, number>();
  readonly #params = new Map<string, number>();
  readonly #bases = new Map<string, number>();

  constructor(
    readonly f: FunctionBuilder,
    readonly kernel: Kernel,
    readonly program: Program,
    readonly table: TableLayout,
    readonly helpers: Helpers,
    readonly relaxed: boolean,
    /** Leaves the value of an expression on the stack. */
    readonly emit: (context: KernelContext, x: Expr) => void,
  ) {}

  /** The local that holds a variable. */
  local(v: Var): number {
    let local = this.#locals.get(v);
    if (local === undefined) {
      local = this.f.local(valueType(v.type, v.lanes));
      this.#locals.set(v, local);
    }
    return local;
  }

  /** Opens a variable's scope, and gives it a local unless the caller has one. */
  declare(v: Var, local = this.local(v)): number {
    this.#locals.set(v, local);
    this.#inScope.set(v, this.#declarations++);
    return local;
  }

  /** Closes a variable's scope. */
  leave(v: Var): void {
    this.#inScope.delete(v);
  }

  /** True if the variable keeps its value for as long as the innermost loop runs. */
  isFixed(v: Var): boolean {
    return !v.mutable && (this.#inScope.get(v) ?? Number.POSITIVE_INFINITY) < this.#loopStart;
  }

  /** Runs `emitBody` as the innermost loop, over `v`; `prepare` makes its pointers before it. */
  inLoop(v: Var, prepare: () => ReadonlyMap<string, Pointer>, emitBody: () => void): void {
    const outer = { pointers: this.pointers, loopVar: this.loopVar, loopStart: this.#loopStart };
    this.#loopStart = this.#declarations;
    this.loopVar = v;
    this.pointers = prepare();
    this.declare(v);
    emitBody();
    this.leave(v);
    this.pointers = outer.pointers;
    this.loopVar = outer.loopVar;
    this.#loopStart = outer.loopStart;
  }

  /** The local with run-time scalar `slot` converted to `type`, read once at the start of the kernel. */
  param(slot: number, type: Scalar): number {
    const key = `${slot}:${type}`;
    const known = this.#params.get(key);
    if (known !== undefined) return known;
    const { f } = this;
    const local = f.local(valueType(type, 1));
    f.prologue(() => {
      f.get(tileParams.table);
      f.memory(op.f64Load, this.table.scalars + actualSlot(this.kernel, slot) * 8, 3);
      convertParam(f, type);
      f.set(local);
    });
    this.#params.set(key, local);
    return local;
  }

  base(buffer: Buffer): Base {
    if (buffer.space === "local") {
      const offset = this.program.localOffsets.get(buffer);
      if (offset === undefined) throw new InternalError(`local buffer ${buffer.name} has no place`);
      return { local: tileParams.scratch, offset };
    }
    const placement = this.program.placements.get(actualBuffer(this.kernel, buffer));
    if (!placement) throw new InternalError(`buffer ${buffer.name} has no placement`);
    if (placement.kind === "arena") return { local: this.#address(this.table.arena), offset: placement.offset };
    return { local: this.#address(placement.slot * 4), offset: placement.offset ?? 0 };
  }

  /** The local with the address at `offset` of the binding table, read once at the start of the kernel. */
  #address(offset: number): number {
    const key = `${offset}`;
    const known = this.#bases.get(key);
    if (known !== undefined) return known;
    const { f } = this;
    const local = f.local(I32);
    f.prologue(() => {
      f.get(tileParams.table);
      f.memory(op.i32Load, offset, 2);
      f.set(local);
    });
    this.#bases.set(key, local);
    return local;
  }
}

function convertParam(f: FunctionBuilder, type: Scalar): void {
  switch (type) {
    case "f64":
      return;
    case "f32":
      return f.op(op.f32DemoteF64);
    case "i32":
      return f.op(op.i32TruncSatF64S);
    case "i64":
      return f.op(op.i64TruncSatF64S);
    case "bool":
      f.f64(0);
      return f.op(op.f64Ne);
  }
}

/** Bits of a lane in a vector of `lanes` lanes: bool masks are as wide as the widest lane the vector has room for. */
export function laneBits(type: Scalar, lanes: number): 32 | 64 {
  if (type === "bool") return lanes === 2 ? 64 : 32;
  return type === "f64" || type === "i64" ? 64 : 32;
}

export function unsupported(what: string): InternalError {
  return new InternalError(`wasm: ${what} must be expanded before code generation`);
}
