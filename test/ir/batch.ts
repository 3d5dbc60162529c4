// Evaluates a scalar expression for many values of its variables at once, one array pass per node: fast enough to test
// formulas on millions of values, with multiply-adds rounded twice or once.
import { children } from "../../src/ir/expr.js";
import { evalBinary, evalCast, evalUnary, type ScalarValue } from "../../src/ir/semantics.js";
import type { Expr, Scalar, Var } from "../../src/ir/types.js";

export type Column = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;

export function column(type: Scalar, length: number): Column {
  switch (type) {
    case "f32":
      return new Float32Array(length);
    case "f64":
      return new Float64Array(length);
    case "i32":
      return new Int32Array(length);
    case "i64":
      return new BigInt64Array(length);
    case "bool":
      return new Uint8Array(length);
  }
}

export interface BatchOptions {
  /** Round multiply-adds once, as targets with such an instruction do. */
  readonly contract: boolean;
}

export function evaluateBatch(root: Expr, inputs: ReadonlyMap<Var, Column>, options: BatchOptions): Column {
  const done = new Map<Expr, Column>(inputs);
  const visit = (x: Expr): Column => {
    const known = done.get(x);
    if (known) return known;
    const operands = children(x).map(visit);
    const length = [...inputs.values()][0]?.length ?? 1;
    const out = column(x.type, length);
    fill(x, operands, out, options);
    done.set(x, out);
    return out;
  };
  return visit(root);
}

type Numbers = Float32Array | Float64Array;

function fill(x: Expr, operands: readonly Column[], out: Column, { contract }: BatchOptions): void {
  const [a, b, c] = operands as [Column, Column, Column];
  switch (x.kind) {
    case "const":
      for (let i = 0; i < out.length; i++) out[i] = x.type === "bool" ? Number(x.value) : (x.value as number);
      return;
    case "bitcast":
      new Uint8Array(out.buffer).set(new Uint8Array(a.buffer));
      return;
    case "select":
      for (let i = 0; i < out.length; i++) out[i] = (a[i] ? b[i] : c[i]) as number;
      return;
    case "fma":
      fillFma(a as Numbers, b as Numbers, c as Numbers, out as Numbers, contract && x.type);
      return;
    case "binary":
      if (fillFast(x.op, a as Numbers, b as Numbers, out as Numbers, x.a.type)) return;
      for (let i = 0; i < out.length; i++) {
        store(out, i, evalBinary(x.op, x.a.type, value(x.a.type, a, i), value(x.a.type, b, i)));
      }
      return;
    case "unary":
      for (let i = 0; i < out.length; i++) store(out, i, evalUnary(x.op, x.type, value(x.type, a, i)));
      return;
    case "cast":
      for (let i = 0; i < out.length; i++) store(out, i, evalCast(x.x.type, x.type, value(x.x.type, a, i)));
      return;
    case "linear":
      for (let i = 0; i < out.length; i++) {
        let sum = x.constant;
        x.coefficients.forEach((k, t) => {
          sum = (sum + Math.imul(k, (operands[t] as Int32Array)[i] as number)) | 0;
        });
        out[i] = sum;
      }
      return;
    default:
      throw new Error(`batch: no ${x.kind}`);
  }
}

function value(type: Scalar, from: Column, i: number): ScalarValue {
  return type === "bool" ? from[i] === 1 : (from[i] as number);
}

function store(out: Column, i: number, v: ScalarValue): void {
  out[i] = (typeof v === "boolean" ? Number(v) : v) as number;
}

/** Float arithmetic without a call an element; the arrays round to their type. */
function fillFast(op: string, a: Numbers, b: Numbers, out: Numbers, type: Scalar): boolean {
  if (type !== "f32" && type !== "f64") return false;
  const n = out.length;
  if (op === "add") for (let i = 0; i < n; i++) out[i] = (a[i] as number) + (b[i] as number);
  else if (op === "sub") for (let i = 0; i < n; i++) out[i] = (a[i] as number) - (b[i] as number);
  else if (op === "mul") for (let i = 0; i < n; i++) out[i] = (a[i] as number) * (b[i] as number);
  else if (op === "div") for (let i = 0; i < n; i++) out[i] = (a[i] as number) / (b[i] as number);
  else return false;
  return true;
}

function fillFma(a: Numbers, b: Numbers, c: Numbers, out: Numbers, once: Scalar | false): void {
  for (let i = 0; i < out.length; i++) {
    const [x, y, z] = [a[i] as number, b[i] as number, c[i] as number];
    // The product of two float32 values is exact in float64, the rounding of the sum to float64 is all but harmless.
    if (once === "f64") out[i] = fma64(x, y, z);
    else if (once === "f32") out[i] = x * y + z;
    else out[i] = (out instanceof Float32Array ? Math.fround(x * y) : x * y) + z;
  }
}

/** x * y + z rounded about once: Dekker's product and Knuth's sum. */
function fma64(x: number, y: number, z: number): number {
  const p = x * y;
  const plain = p + z;
  const error = productError(x, y, p);
  if (!Number.isFinite(plain) || !Number.isFinite(error)) return plain;
  const back = plain - p;
  return plain + (p - (plain - back) + (z - back) + error);
}

function productError(x: number, y: number, p: number): number {
  const [xh, yh] = [upperHalf(x), upperHalf(y)];
  const [xl, yl] = [x - xh, y - yh];
  return xh * yh - p + xh * yl + xl * yh + xl * yl;
}

function upperHalf(x: number): number {
  const c = x * 134217729;
  return c - (c - x);
}
