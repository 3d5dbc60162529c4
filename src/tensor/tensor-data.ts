// From JavaScript values to bytes: nested arrays, typed arrays, numbers.
import {
  ArgumentError,
  type DType,
  DTypeError,
  integerRange,
  isFloat,
  isHalf,
  NumericError,
  type Shape,
  ShapeError,
  Storage,
  type TypedArray,
  valueArray,
} from "../base/index.js";

/** What `tensor()` takes: a value, nested arrays of values, or a typed array; nested arrays may end in typed arrays. */
export type TensorData = number | boolean | bigint | ArrayBufferView | readonly TensorData[];

type Plain = number | boolean | bigint;

/** Numbers give float32, booleans bool, bigints int64, typed arrays keep their type: never guessed from the values. */
function dtypeOf(value: Plain | ArrayBufferView): DType {
  if (typeof value === "number") return "float32";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "bigint") return "int64";
  if (value instanceof Float32Array) return "float32";
  if (value instanceof Float64Array) return "float64";
  if (value instanceof Int32Array) return "int32";
  if (value instanceof BigInt64Array) return "int64";
  if (value instanceof Int16Array) return "int16";
  if (value instanceof Int8Array) return "int8";
  if (value instanceof Uint8Array || value instanceof Uint8ClampedArray) return "uint8";
  if (Object.prototype.toString.call(value) === "[object Float16Array]") return "float16"; // where the engine has them
  throw new DTypeError(
    `tensor: ${value.constructor.name} has no dtype of its own; copy it into an Int32Array or Float32Array first, or pass { dtype } for the bits of a float16`,
    { op: "tensor" },
  );
}

function isNested(data: TensorData): data is readonly TensorData[] {
  return Array.isArray(data);
}

/** The shape along first elements; that the rest agrees is checked while the values are copied. */
function shapeOfData(data: TensorData): { shape: number[]; first: Plain | ArrayBufferView | null } {
  const shape: number[] = [];
  let at: TensorData | undefined = data;
  while (at !== undefined && isNested(at)) {
    shape.push(at.length);
    at = at[0];
  }
  if (ArrayBuffer.isView(at)) shape.push((at as unknown as ArrayLike<number>).length);
  return { shape, first: at ?? null };
}

/** Bytes and shape of `data`, in `dtype` or the one that it has. A Uint16Array holds the bits of a float16 or bfloat16. */
export function storageOfData(data: TensorData, dtype?: DType): { storage: Storage; shape: Shape } {
  const { shape, first } = shapeOfData(data);
  if (data === null || data === undefined) throw notData(data);
  if (first !== null && typeof first === "object" && !ArrayBuffer.isView(first)) throw notData(first);
  if (first !== null && !["number", "boolean", "bigint", "object"].includes(typeof first)) throw notData(first);
  if (dtype && isHalf(dtype) && data instanceof Uint16Array) return { storage: Storage.from(dtype, data), shape };
  const own = first === null ? "float32" : dtypeOf(first);
  const to = dtype ?? own;
  const size = shape.reduce((n, length) => n * length, 1);
  if (ArrayBuffer.isView(data) && own === to && !isHalf(own))
    return { storage: Storage.from(to, data as TypedArray), shape };
  const out = valueArray(to, size);
  const put = writer(to, out);
  let at = 0;
  const visit = (value: TensorData, dim: number): void => {
    if (dim === shape.length) {
      if (typeof value !== typeof first) throw mixed(first, value);
      put(at++, value as Plain);
      return;
    }
    const length = isNested(value) || ArrayBuffer.isView(value) ? (value as ArrayLike<TensorData>).length : -1;
    if (length !== shape[dim]) throw ragged(shape, dim, length);
    if (ArrayBuffer.isView(value)) {
      if (dim !== shape.length - 1) throw ragged(shape, dim, length);
      for (const x of value as Float32Array) put(at++, x);
    } else for (const x of value as readonly TensorData[]) visit(x, dim + 1);
  };
  visit(data, 0);
  return { storage: Storage.from(to, out), shape };
}

function ragged(shape: Shape, dim: number, length: number): ShapeError {
  const found = length < 0 ? "a plain value" : `${length} elements`;
  return new ShapeError(
    `tensor: nested arrays must be rectangular; at depth ${dim} the first has ${shape[dim]} elements, another is ${found}`,
    { op: "tensor" },
  );
}

function mixed(first: unknown, other: unknown): ArgumentError {
  if (Array.isArray(other) || ArrayBuffer.isView(other)) {
    return new ArgumentError(
      "tensor: nested arrays must be rectangular; an array stands where a plain value is expected",
      {
        op: "tensor",
      },
    );
  }
  return new ArgumentError(
    `tensor: all values must be of one kind, got ${typeof first} and ${other === null ? "null" : typeof other}`,
    { op: "tensor" },
  );
}

function notData(value: unknown): ArgumentError {
  return new ArgumentError(
    `tensor: cannot make a tensor of ${Object.prototype.toString.call(value)}; pass numbers, booleans, bigints, nested arrays or a typed array`,
    { op: "tensor" },
  );
}

/** Converts one value a call and stores it; integers take no NaN and nothing out of range. */
function writer(dtype: DType, out: TypedArray): (at: number, value: Plain) => void {
  if (isFloat(dtype)) {
    return (at, value) => {
      out[at] = Number(value);
    };
  }
  if (dtype === "bool") {
    return (at, value) => {
      out[at] = value ? 1 : 0;
    };
  }
  if (dtype === "int64") {
    return (at, value) => {
      (out as BigInt64Array)[at] = typeof value === "bigint" ? value : BigInt(wholeNumber(dtype, value));
    };
  }
  const [low, high] = integerRange(dtype) as readonly [number, number];
  return (at, value) => {
    const whole = wholeNumber(dtype, value);
    if (whole < low || whole > high) {
      throw new NumericError(`tensor: ${value} does not fit ${dtype}, which holds ${low} to ${high}`, { op: "tensor" });
    }
    out[at] = whole;
  };
}

function wholeNumber(dtype: DType, value: Plain): number {
  const number = Number(value);
  if (Number.isFinite(number)) return Math.trunc(number);
  throw new NumericError(`tensor: ${number} cannot be stored as ${dtype}; use float32, or replace it first`, {
    op: "tensor",
  });
}
