// C's fmod, exact, on all lanes side by side: subtracts |y|·2^k from |x| for falling k. Each subtraction is exact because the
// rest is below twice the subtrahend, and so are doublings and halvings between |y| and |x|, subnormals included.
import type { Binary } from "../../../ir/index.js";
import type { Mem, Reg } from "../asm/operands.js";
import type { KernelContext } from "./context.js";
import { splatScalar } from "./lanes.js";
import { blend, compare, type Form, jumpIfNone, keep } from "./mask.js";
import { elementBytes, packed, type VectorSize, vectorSize } from "./shape.js";

export function emitFloatRemainder(context: KernelContext, x: Binary): Reg {
  // A scalar is spread out, so that no lane holds something else.
  const form: Form = { type: x.type, lanes: x.lanes === 1 ? 16 / elementBytes(x.type) : x.lanes };
  const get = (side: Binary["a"]): Reg => {
    const value = context.value(side);
    return context.pin(x.lanes === 1 ? splatScalar(context, value, x.type, form.lanes) : value);
  };
  const [a, b] = [get(x.a), get(x.b)];
  return context.inScope(() => new Remainder(context, form).emit(a, b));
}

class Remainder {
  readonly #bytes: 4 | 8;
  readonly #size: VectorSize;
  readonly #suffix: "ps" | "pd";

  constructor(
    private readonly context: KernelContext,
    private readonly form: Form,
  ) {
    this.#bytes = elementBytes(form.type);
    this.#size = vectorSize(form.type, form.lanes);
    this.#suffix = packed(this.#bytes);
  }

  emit(x: Reg, y: Reg): Reg {
    const { context } = this;
    const magnitude = this.#bits(2n ** (this.#bytes === 8 ? 63n : 31n) - 1n);
    const signs = this.#bits(-(2n ** (this.#bytes === 8 ? 63n : 31n)));
    const [ax, ay] = [this.#op("vand", x, magnitude), this.#op("vand", y, magnitude)];
    // NaN unless |y| > 0 and |x| < Infinity; such lanes compute 0 fmod 1 meanwhile.
    const finite = this.#compare(ax, this.#number(Number.POSITIVE_INFINITY));
    const some = this.#compare(context.zeroVector(), ay);
    const rest = keep(context, some, this.#bytes, this.#size, keep(context, finite, this.#bytes, this.#size, ax));
    const divisor = context.pin(blend(context, some, this.#bytes, this.#size, ay, this.#number(1)));
    const step = context.f.copyOf(divisor);
    this.#double(rest, step);
    this.#subtract(rest, step, divisor);
    const result = this.#op("vor", rest, this.#op("vand", x, signs));
    const value = blend(context, finite, this.#bytes, this.#size, result, this.#number(Number.NaN));
    return blend(context, some, this.#bytes, this.#size, value, this.#number(Number.NaN));
  }

  /** while (rest - step >= step) step += step */
  #double(rest: Reg, step: Reg): void {
    const { f } = this.context;
    const [head, end] = [f.label(), f.label()];
    f.bind(head);
    const more = this.#compare(step, this.#op("vsub", rest, step), "le");
    jumpIfNone(this.context, more, this.#bytes, this.form.lanes, end);
    this.#set(step, more, this.#op("vadd", step, step));
    f.jump(head);
    f.bind(end);
  }

  /** do { if (rest >= step) rest -= step } while (step != divisor && (step /= 2, true)) */
  #subtract(rest: Reg, step: Reg, divisor: Reg): void {
    const { f } = this.context;
    const [head, end] = [f.label(), f.label()];
    f.bind(head);
    this.#set(rest, this.#compare(step, rest, "le"), this.#op("vsub", rest, step));
    const more = this.#compare(step, divisor, "ne");
    jumpIfNone(this.context, more, this.#bytes, this.form.lanes, end);
    this.#set(step, more, this.#op("vmul", step, this.#number(0.5)));
    f.jump(head);
    f.bind(end);
  }

  /** Puts `value` in the lanes of `to` where the mask holds. */
  #set(to: Reg, mask: Reg, value: Reg): void {
    const pinned = this.context.pin(to);
    this.context.f.copy(to, blend(this.context, mask, this.#bytes, this.#size, value, pinned));
  }

  #compare(a: Reg, b: Reg, op: "lt" | "le" | "ne" = "lt"): Reg {
    return compare(this.context, op, this.form, a, b);
  }

  #op(op: "vand" | "vor" | "vadd" | "vsub" | "vmul", a: Reg, b: Reg): Reg {
    return this.context.vec(`${op}${this.#suffix}`, this.#size, a, b);
  }

  #number(value: number): Reg {
    const { pool } = this.context.f;
    const one = this.#bytes === 8 ? pool.f64(value) : pool.f32(value);
    return this.#spread(one);
  }

  #bits(value: bigint): Reg {
    const { pool } = this.context.f;
    return this.#spread(this.#bytes === 8 ? pool.i64(value) : pool.i32(Number(value)));
  }

  #spread(one: Mem): Reg {
    return this.context.vec(this.#bytes === 4 ? "vbroadcastss" : "vpbroadcastq", this.#size, one);
  }
}
