// A function in machine instructions over virtual registers: what instruction selection writes and register allocation reads.
import { ConstantPool } from "./asm/constants.js";
import type { Mnemonic } from "./asm/instructions.js";
import {
  type Bind,
  FIRST_VIRTUAL,
  type Instr,
  type Label,
  type Mem,
  newLabel,
  type Operand,
  type OperandSize,
  type Reg,
  type RegClass,
  register,
} from "./asm/operands.js";

/** What the allocator puts in place: a whole register moved (it vanishes where both get the same one), and the way out. */
export type Pseudo =
  | { readonly op: "copy"; readonly to: Reg; readonly from: Reg }
  | { readonly op: "return"; readonly uses: readonly Reg[] };

export type MachineItem = Instr | Pseudo | Bind;

/** Bytes in the function's frame. */
export interface Slot {
  readonly size: number;
  readonly align: number;
}

export interface EmitOptions {
  readonly mask?: Reg;
  readonly zeroing?: boolean;
  readonly uses?: readonly Reg[];
  readonly defs?: readonly Reg[];
  readonly note?: string;
}

/**
 * Collects the instructions of one function.
 *
 * Virtual registers are variables: they may be written any number of times. An operand that an instruction both reads and
 * writes is one register, so `a + b` is `copy(sum, a)` and `add sum, b`; the copy vanishes where `a` is not needed any more.
 * Physical registers may be named too, where an instruction or a calling convention wants them: the allocator keeps virtual
 * registers out of them while they hold something. Every label a jump goes to before the jump is the head of a loop, and the
 * loop reaches to the last such jump: nothing else marks loops.
 */
export class MachineFunction {
  readonly entry: Label;
  readonly code: MachineItem[] = [];
  readonly slots: Slot[] = [];
  readonly registers: RegClass[] = [];

  constructor(
    readonly name: string,
    readonly pool: ConstantPool = new ConstantPool(),
  ) {
    this.entry = newLabel(name);
  }

  gp(): Reg {
    return this.#register("gp");
  }

  vec(): Reg {
    return this.#register("vec");
  }

  mask(): Reg {
    return this.#register("mask");
  }

  emit(op: Mnemonic, size: OperandSize, operands: readonly Operand[], options?: EmitOptions): void {
    this.code.push({ op, size, operands, ...options });
  }

  /** Moves a whole register, whatever it holds, between two of one class. */
  copy(to: Reg, from: Reg): void {
    this.code.push({ op: "copy", to, from });
  }

  /** A new register with the same contents. */
  copyOf(from: Reg): Reg {
    const to = this.#register(from.class);
    this.copy(to, from);
    return to;
  }

  label(name?: string): Label {
    return newLabel(name);
  }

  /** The label stands here. */
  bind(label: Label, align = 1): void {
    this.code.push({ op: "bind", label, align });
  }

  jump(label: Label): void {
    this.emit("jmp", 64, [label]);
  }

  /** Leaves the function; `uses` are the physical registers that hold its results. */
  return(uses: readonly Reg[] = []): void {
    this.code.push({ op: "return", uses });
  }

  /** A new place of `size` bytes in the frame, aligned to `align` (a power of two, at most 64). */
  slot(size: number, align = Math.min(64, size)): Mem {
    this.slots.push({ size, align });
    return { kind: "mem", base: null, index: null, scale: 1, disp: 0, slot: this.slots.length - 1 };
  }

  #register(registerClass: RegClass): Reg {
    this.registers.push(registerClass);
    return register(registerClass, FIRST_VIRTUAL + this.registers.length - 1);
  }
}
