// Functions that generated code calls for operators WebAssembly lacks or traps on: guarded integer division, fmod.
import { FunctionBuilder, type ModuleBuilder } from "./module-builder.js";
import { F32, F64, I32, I64, op } from "./opcodes.js";

export type HelperName = "i32.div" | "i32.rem" | "i64.div" | "i64.rem" | "f32.rem" | "f64.rem";

/** Adds helpers to a module when they are first asked for. */
export class Helpers {
  readonly #indices = new Map<HelperName, number>();
  readonly #module: ModuleBuilder;

  constructor(module: ModuleBuilder) {
    this.#module = module;
  }

  /** Function index of a helper: two operands of its type to one. */
  index(name: HelperName): number {
    const known = this.#indices.get(name);
    if (known !== undefined) return known;
    const index = this.#module.add(this.#build(name));
    this.#indices.set(name, index);
    return index;
  }

  #build(name: HelperName): FunctionBuilder {
    switch (name) {
      case "i32.div":
        return guardedDiv(I32);
      case "i32.rem":
        return guardedRem(I32);
      case "i64.div":
        return guardedDiv(I64);
      case "i64.rem":
        return guardedRem(I64);
      case "f64.rem":
        return fmod();
      case "f32.rem":
        return this.#fmodf();
    }
  }

  /** Remainders of float32 values are float32 values, so the double function is exact. */
  #fmodf(): FunctionBuilder {
    const fmodIndex = this.index("f64.rem");
    const f = new FunctionBuilder([F32, F32], [F32]);
    f.get(0);
    f.op(op.f64PromoteF32);
    f.get(1);
    f.op(op.f64PromoteF32);
    f.call(fmodIndex);
    f.op(op.f32DemoteF64);
    return f;
  }
}

/** a / b; 0 for b = 0; -a for b = -1, which wraps where div_s would trap. */
function guardedDiv(type: number): FunctionBuilder {
  const wide = type === I64;
  const f = new FunctionBuilder([type, type], [type]);
  const constant = (value: number) => (wide ? f.i64(BigInt(value)) : f.i32(value));
  f.get(1);
  f.op(wide ? op.i64Eqz : op.i32Eqz);
  f.if();
  constant(0);
  f.op(op.return);
  f.end();
  f.get(1);
  constant(-1);
  f.op(wide ? op.i64Eq : op.i32Eq);
  f.if();
  constant(0);
  f.get(0);
  f.op(wide ? op.i64Sub : op.i32Sub);
  f.op(op.return);
  f.end();
  f.get(0);
  f.get(1);
  f.op(wide ? op.i64DivS : op.i32DivS);
  return f;
}

/** a % b with the sign of a; 0 for b = 0. */
function guardedRem(type: number): FunctionBuilder {
  const wide = type === I64;
  const f = new FunctionBuilder([type, type], [type]);
  f.get(1);
  f.op(wide ? op.i64Eqz : op.i32Eqz);
  f.if();
  if (wide) f.i64(0n);
  else f.i32(0);
  f.op(op.return);
  f.end();
  f.get(0);
  f.get(1);
  f.op(wide ? op.i64RemS : op.i32RemS);
  return f;
}

/**
 * C's fmod, exact: subtracts b·2^k from |x| for falling k. Each subtraction is exact because the rest is below
 * twice the subtrahend, and doublings and halvings between b and |x| are exact, subnormals included.
 */
function fmod(): FunctionBuilder {
  const f = new FunctionBuilder([F64, F64], [F64]);
  const [x, y] = [0, 1];
  const rest = f.local(F64);
  const step = f.local(F64);
  f.get(x);
  f.op(op.f64Abs);
  f.set(rest);
  f.get(y);
  f.op(op.f64Abs);
  f.tee(step);
  f.set(y);

  // NaN unless |y| > 0 and |x| < Infinity.
  f.get(y);
  f.f64(0);
  f.op(op.f64Gt);
  f.get(rest);
  f.f64(Number.POSITIVE_INFINITY);
  f.op(op.f64Lt);
  f.op(op.i32And);
  f.op(op.i32Eqz);
  f.if();
  f.f64(Number.NaN);
  f.op(op.return);
  f.end();

  f.get(rest);
  f.get(y);
  f.op(op.f64Lt);
  f.if();
  f.get(x);
  f.op(op.return);
  f.end();

  // while (rest - step >= step) step += step
  f.block();
  f.loop();
  f.get(rest);
  f.get(step);
  f.op(op.f64Sub);
  f.get(step);
  f.op(op.f64Ge);
  f.op(op.i32Eqz);
  f.brIf(1);
  f.get(step);
  f.get(step);
  f.op(op.f64Add);
  f.set(step);
  f.br(0);
  f.end();
  f.end();

  // do { if (rest >= step) rest -= step } while (step != y && (step /= 2, true))
  f.loop();
  f.get(rest);
  f.get(step);
  f.op(op.f64Ge);
  f.if();
  f.get(rest);
  f.get(step);
  f.op(op.f64Sub);
  f.set(rest);
  f.end();
  f.get(step);
  f.get(y);
  f.op(op.f64Ne);
  f.if();
  f.get(step);
  f.f64(0.5);
  f.op(op.f64Mul);
  f.set(step);
  f.br(1);
  f.end();
  f.end();

  f.get(rest);
  f.get(x);
  f.op(op.f64Copysign);
  return f;
}
