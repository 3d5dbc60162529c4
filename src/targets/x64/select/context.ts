// State while one kernel is translated: registers of variables, values known in the current block, the innermost loop.
import { InternalError } from "../../../base/index.js";
import { actualBuffer, type Buffer, type Expr, type Kernel, type Var } from "../../../ir/index.js";
import type { Mnemonic } from "../asm/instructions.js";
import type { Features, Label, LinkSymbol, Mem, Operand, OperandSize, Reg } from "../asm/operands.js";
import type { MachineFunction, MachineItem } from "../machine.js";
import type { Places } from "../places.js";

/** The innermost loop under way. */
export interface Loop {
  readonly v: Var;
  /** Declarations seen before it. */
  readonly start: number;
  /** Addresses kept in registers while it runs, by key (see pointers.ts). */
  readonly pointers: ReadonlyMap<string, Reg>;
}

/** Base register of a buffer, named so that equal bases are found again, and the bytes from there to the buffer. */
export interface Base {
  readonly key: string;
  readonly offset: number;
  /** Bytes more, known where the code is linked. */
  readonly symbol: LinkSymbol | null;
  readonly register: () => Reg;
}

/** The translators of expressions; passed in, because they call each other through the context. */
export interface Emitters {
  /** The value in a register: general for integer and bool scalars, vector for floats and numeric vectors. */
  value(context: KernelContext, x: Expr): Reg;
  /** A bool vector: an opmask, or on AVX2 a vector whose lanes of `bits` bits are all ones or all zeros. */
  mask(context: KernelContext, x: Expr, bits: 32 | 64): Reg;
  /** Jumps where the bool scalar `cond` is `when`. */
  jumpIf(context: KernelContext, cond: Expr, when: boolean, to: Label): void;
}

export class KernelContext {
  readonly avx512: boolean;
  loop: Loop | null = null;
  /** In a loop whose rounds are copied: how far the variable of this copy is beyond the loop's register. */
  loopOffset = 0;
  #declarations = 0;
  /** Variables in scope, with the number of declarations before theirs. */
  readonly #inScope = new Map<Var, number>();
  readonly #registers = new Map<Var, Reg>();
  readonly #constants = new Map<Var, number>();
  readonly #sums = new Map<Var, Expr>();
  /** Registers that outlive the instruction that reads them. */
  readonly #pinned = new Set<Reg>();
  /** Registers of variables that are assigned again. */
  readonly #mutable = new Set<Reg>();
  readonly #scopes: Map<string, Reg>[] = [new Map()];
  readonly #vectors = new Map<string, Reg>();
  /** The instructions that make them. */
  readonly #prelude: MachineItem[] = [];

  constructor(
    readonly f: MachineFunction,
    features: Features,
    private readonly kernel: Kernel,
    private readonly places: Places,
    private readonly tableRegister: Reg,
    private readonly scratchRegister: Reg,
    private readonly emitters: Emitters,
    /** Memory operands say which buffer they belong to. */
    readonly checksBounds = false,
  ) {
    this.avx512 = features === "avx512";
    this.pin(tableRegister);
    this.pin(scratchRegister);
  }

  // ---- translating ----------------------------------------------------------------------------------------------

  value(x: Expr): Reg {
    return this.emitters.value(this, x);
  }

  mask(x: Expr, bits: 32 | 64): Reg {
    return this.emitters.mask(this, x, bits);
  }

  jumpIf(cond: Expr, when: boolean, to: Label): void {
    this.emitters.jumpIf(this, cond, when, to);
  }

  // ---- instructions ---------------------------------------------------------------------------------------------

  emit(op: Mnemonic, size: OperandSize, ...operands: readonly Operand[]): void {
    this.f.emit(op, size, operands);
  }

  /** Emits an instruction whose first operand is a new vector register. */
  vec(op: Mnemonic, size: OperandSize, ...sources: readonly Operand[]): Reg {
    const to = this.f.vec();
    this.f.emit(op, size, [to, ...sources]);
    return to;
  }

  /** Emits an instruction whose first operand is a new general register. */
  gp(op: Mnemonic, size: OperandSize, ...sources: readonly Operand[]): Reg {
    const to = this.f.gp();
    this.f.emit(op, size, [to, ...sources]);
    return to;
  }

  /**
   * The vector that `op` makes of `source`, a place in the pool: made once, in front of everything, and for the allocator the first to
   * be made again where registers are few. Loaded at each use it would take the time of other loads.
   */
  constantVector(op: Mnemonic, size: OperandSize, source: Mem): Reg {
    const key = `${op} ${size} ${source.label?.id}`;
    let known = this.#vectors.get(key);
    if (known === undefined) {
      known = this.pin(this.f.vec());
      this.#vectors.set(key, known);
      this.#prelude.push({ op, size, operands: [known, source] });
    }
    return known;
  }

  /** Puts the constants in their place, `at` in the function's code. */
  placeConstants(at: number): void {
    this.f.code.splice(at, 0, ...this.#prelude);
  }

  zeroVector(): Reg {
    const to = this.f.vec();
    this.f.emit("vxorps", 128, [to, to, to]); // the rest of a wider register becomes 0 too
    return to;
  }

  // ---- registers ------------------------------------------------------------------------------------------------

  /** Marks a register as belonging to a variable or cache: instructions that overwrite an operand work on a copy. */
  pin(reg: Reg): Reg {
    this.#pinned.add(reg);
    return reg;
  }

  isTemporary(reg: Reg): boolean {
    return !this.#pinned.has(reg);
  }

  /** True if the register keeps its contents for as long as the block runs. */
  isSteady(reg: Reg): boolean {
    return !this.#mutable.has(reg);
  }

  /** A register with the contents of `reg` that may be overwritten. */
  own(reg: Reg): Reg {
    return this.isTemporary(reg) ? reg : this.f.copyOf(reg);
  }

  // ---- variables ------------------------------------------------------------------------------------------------

  /** Opens a variable's scope; it lives in `reg` from now on. */
  declare(v: Var, reg: Reg): void {
    if (v.mutable) this.#mutable.add(reg);
    this.#registers.set(v, this.pin(reg));
    this.#inScope.set(v, this.#declarations++);
  }

  /** Opens the scope of a variable that is always `value`. */
  declareConstant(v: Var, value: number): void {
    this.#constants.set(v, value);
    this.#inScope.set(v, this.#declarations++);
  }

  leave(v: Var): void {
    this.#inScope.delete(v);
    this.#constants.delete(v);
  }

  constant(v: Var): number | undefined {
    return this.#constants.get(v);
  }

  /** From now on `v` stands for an index sum, which is computed only where its addresses are not enough. */
  declareSum(v: Var, sum: Expr): void {
    this.#sums.set(v, sum);
  }

  forgetSum(v: Var): void {
    this.#sums.delete(v);
  }

  /** The sum that a variable stands for. */
  sum(v: Var): Expr | undefined {
    return this.#sums.get(v);
  }

  /** What to add to a variable's register. */
  offset(v: Var): number {
    return this.loop?.v === v ? this.loopOffset : 0;
  }

  register(v: Var): Reg {
    const reg = this.#registers.get(v);
    if (!reg) throw new InternalError(`x64: variable ${v.name} has no register`);
    return reg;
  }

  /** True if the variable keeps its value for as long as `loop` runs. */
  isFixed(v: Var, loop: Loop): boolean {
    return !v.mutable && (this.#inScope.get(v) ?? Number.POSITIVE_INFINITY) < loop.start;
  }

  /** Runs `emitBody` as a loop over `v`; `prepare` makes the loop's pointers, in front of it. */
  inLoop(v: Var, reg: Reg, prepare: (loop: Loop) => ReadonlyMap<string, Reg>, emitBody: () => void): void {
    const outer = this.loop;
    const start = this.#declarations;
    this.declare(v, reg);
    const pointers = prepare({ v, start, pointers: new Map() });
    this.loop = { v, start, pointers };
    this.inScope(emitBody);
    this.leave(v);
    this.loop = outer;
  }

  // ---- values known in a block ----------------------------------------------------------------------------------

  /** Runs code that may be skipped or repeated: what it computes is forgotten afterwards. */
  inScope<T>(body: () => T): T {
    this.#scopes.push(new Map());
    try {
      return body();
    } finally {
      this.#scopes.pop();
    }
  }

  /** The register with the value called `key`, made at most once in a block. */
  cached(key: string, make: () => Reg): Reg {
    for (let i = this.#scopes.length - 1; i >= 0; i--) {
      const known = this.#scopes[i]?.get(key);
      if (known) return known;
    }
    const made = this.pin(make());
    this.#scopes[this.#scopes.length - 1]?.set(key, made);
    return made;
  }

  // ---- memory ---------------------------------------------------------------------------------------------------

  /** The buffer that the kernel's body calls `named`. */
  actual(named: Buffer): Buffer {
    return actualBuffer(this.kernel, named);
  }

  base(named: Buffer): Base {
    const { arena, arenaAddress, bound, local } = this.places;
    if (named.space === "local") {
      return { key: "scratch", offset: local(named), symbol: null, register: () => this.scratchRegister };
    }
    const buffer = this.actual(named);
    const slot = bound(buffer);
    if (slot !== null) return this.#tableBase(`bound${slot.key}`, slot.place, slot.offset, slot.symbol);
    const { offset, symbol } = arena(buffer);
    return this.#tableBase("arena", arenaAddress, offset, symbol);
  }

  /** Where run-time scalar `named` is. */
  scalar(named: number): Mem {
    return { ...this.places.scalar(named), base: this.tableRegister };
  }

  #tableBase(key: string, entry: Mem, offset: number, symbol: LinkSymbol | null): Base {
    const place = { ...entry, base: this.tableRegister };
    const register = () => this.cached(key, () => this.gp("mov", 64, place));
    return { key, offset, symbol, register };
  }
}

export function unsupported(what: string): InternalError {
  return new InternalError(`x64: ${what} must be expanded before code generation`);
}
