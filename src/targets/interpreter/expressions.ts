// Expressions as closures. A vector is an array of its lanes. A node that is used several times is evaluated once a
// statement, so graphs that share much run in the time of their size.
import type { TypedArray } from "../../base/index.js";
import {
  actualBuffer,
  actualSlot,
  type Buffer,
  children,
  type Expr,
  type Kernel,
  type Load,
  type Scalar,
  type ScalarValue,
  type Var,
} from "../../ir/index.js";
import type { BufferMemory, ProgramMemory } from "./memory.js";
import { binaryFunction, bitcastFunction, castFunction, fmaFunction, unaryFunction } from "./operators.js";

export type Value = ScalarValue | readonly ScalarValue[];
export type Evaluate = () => Value;

/** The variables, run-time scalars and memory of a kernel, shared by its closures. */
export class Frame {
  readonly values: Value[] = [];
  scalars: Float64Array = new Float64Array(0);
  /** Changes with each statement: what was evaluated under another number is out of date. */
  epoch = 0;
  readonly #slots = new Map<Var, number>();

  constructor(
    private readonly kernel: Kernel,
    private readonly memory: ProgramMemory,
  ) {}

  memoryOf(buffer: Buffer): BufferMemory {
    return this.memory.of(actualBuffer(this.kernel, buffer));
  }

  scalarSlot(named: number): number {
    return actualSlot(this.kernel, named);
  }

  slot(v: Var): number {
    let slot = this.#slots.get(v);
    if (slot === undefined) {
      slot = this.#slots.size;
      this.#slots.set(v, slot);
    }
    return slot;
  }
}

export class ExpressionCompiler {
  readonly #compiled = new Map<Expr, Evaluate>();

  constructor(private readonly frame: Frame) {}

  compile(x: Expr): Evaluate {
    const known = this.#compiled.get(x);
    if (known) return known;
    const plain = this.#build(x);
    const result = children(x).length > 0 ? this.#once(plain) : plain;
    this.#compiled.set(x, result);
    return result;
  }

  /** At most one evaluation a statement. */
  #once(evaluate: Evaluate): Evaluate {
    const { frame } = this;
    let epoch = -1;
    let value: Value = 0;
    return () => {
      if (epoch !== frame.epoch) {
        value = evaluate();
        epoch = frame.epoch;
      }
      return value;
    };
  }

  #build(x: Expr): Evaluate {
    switch (x.kind) {
      case "const": {
        const value = x.lanes === 1 ? x.value : new Array<ScalarValue>(x.lanes).fill(x.value);
        return () => value;
      }
      case "var": {
        const { values } = this.frame;
        const slot = this.frame.slot(x);
        return () => values[slot] as Value;
      }
      case "param": {
        const { frame } = this;
        const convert = castFunction("f64", x.type);
        const slot = frame.scalarSlot(x.slot);
        return () => convert(frame.scalars[slot] as number);
      }
      case "linear": {
        const terms = x.terms.map((term) => this.compile(term) as () => number);
        return () => {
          let sum = x.constant | 0;
          for (let i = 0; i < terms.length; i++) {
            sum = (sum + Math.imul((terms[i] as () => number)(), x.coefficients[i] as number)) | 0;
          }
          return sum;
        };
      }
      case "unary":
        return this.#lanewise(x, [x.x], unaryFunction(x.op, x.x.type));
      case "binary":
        return this.#lanewise(x, [x.a, x.b], binaryFunction(x.op, x.a.type));
      case "select":
        return this.#lanewise(x, [x.cond, x.a, x.b], (cond, a, b) => (cond ? a : b));
      case "cast":
        return this.#lanewise(x, [x.x], castFunction(x.x.type, x.type));
      case "bitcast":
        return this.#lanewise(x, [x.x], bitcastFunction(x.x.type));
      case "fma":
        return this.#lanewise(x, [x.a, x.b, x.c], fmaFunction(x.type) as LaneFunction);
      case "load":
        return this.#load(x);
      case "splat": {
        const scalar = this.compile(x.x) as () => ScalarValue;
        return () => new Array<ScalarValue>(x.lanes).fill(scalar());
      }
      case "lanes": {
        const elements = x.elements.map((element) => this.compile(element) as () => ScalarValue);
        return () => elements.map((element) => element());
      }
      case "extract": {
        const vector = this.compile(x.x) as () => readonly ScalarValue[];
        return () => vector()[x.lane] as ScalarValue;
      }
      case "shuffle": {
        const [a, b] = [x.a, x.b].map((side) => this.compile(side) as () => readonly ScalarValue[]) as [Lanes, Lanes];
        return () => {
          const both = [...a(), ...b()];
          return x.pattern.map((lane) => both[lane] as ScalarValue);
        };
      }
    }
  }

  #lanewise(x: Expr, operands: readonly Expr[], fn: LaneFunction): Evaluate {
    const [a, b, c] = operands.map((operand) => this.compile(operand)) as [Evaluate, Evaluate, Evaluate];
    if (x.lanes === 1) {
      if (!b) return () => (fn as One)(a() as ScalarValue);
      if (!c) return () => (fn as Two)(a() as ScalarValue, b() as ScalarValue);
      return () => fn(a() as ScalarValue, b() as ScalarValue, c() as ScalarValue);
    }
    const all = (operands.length === 1 ? [a] : operands.length === 2 ? [a, b] : [a, b, c]) as Lanes[];
    return () => {
      const [p, q, r] = all.map((operand) => operand()) as [Vector, Vector | undefined, Vector | undefined];
      const out = new Array<ScalarValue>(p.length);
      for (let i = 0; i < out.length; i++) {
        out[i] = fn(p[i] as ScalarValue, q?.[i] as ScalarValue, r?.[i] as ScalarValue);
      }
      return out;
    };
  }

  #load(x: Load): Evaluate {
    if (x.guard && x.guard.lanes > 1) return this.#maskedLoad(x, x.guard);
    const access = this.#access(x);
    if (!x.guard) return access;
    const guard = this.compile(x.guard);
    const none = zero(x.type, x.lanes);
    return () => (guard() ? access() : none);
  }

  /** Each lane whose guard holds is an access of its own. */
  #maskedLoad({ buffer, index, type }: Load, guard: Expr): Evaluate {
    const memory = this.frame.memoryOf(buffer);
    const at = this.compile(index) as () => number;
    const mask = this.compile(guard) as Lanes;
    const read = elementReader(buffer.dtype === "bool");
    const none = zero(type, 1) as ScalarValue;
    return () => {
      const first = at();
      return mask().map((isTaken, lane) => {
        if (!isTaken) return none;
        memory.check("load", first + lane, 1);
        return read(memory.view, first + lane);
      });
    };
  }

  #access({ buffer, index, lanes }: Load): Evaluate {
    const memory = this.frame.memoryOf(buffer);
    const at = this.compile(index) as () => number;
    const read = elementReader(buffer.dtype === "bool");
    if (lanes === 1) {
      return () => {
        const i = at();
        memory.check("load", i, 1);
        return read(memory.view, i);
      };
    }
    return () => {
      const first = at();
      memory.check("load", first, lanes);
      return Array.from({ length: lanes }, (_, lane) => read(memory.view, first + lane));
    };
  }
}

type Vector = readonly ScalarValue[];
type Lanes = () => Vector;
type One = (a: ScalarValue) => ScalarValue;
type Two = (a: ScalarValue, b: ScalarValue) => ScalarValue;
type LaneFunction = (a: ScalarValue, b: ScalarValue, c: ScalarValue) => ScalarValue;

function elementReader(isBool: boolean): (view: TypedArray, i: number) => ScalarValue {
  return isBool ? (view, i) => view[i] !== 0 : (view, i) => view[i] as ScalarValue;
}

function zero(type: Scalar, lanes: number): Value {
  const value = type === "bool" ? false : type === "i64" ? 0n : 0;
  return lanes === 1 ? value : new Array<ScalarValue>(lanes).fill(value);
}
