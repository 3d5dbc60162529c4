// Tensors as PyTorch pickles them: storages of one type, and views of them by offset, sizes and strides.
import { type DType, FormatError, numel, typedArray } from "../base/index.js";
import { type Tensor, tensor } from "../tensor/index.js";

/** How the elements of an array are read; types that tensors do not have are widened, which is exact. */
export interface ElementType {
  readonly size: number;
  readonly dtype: DType;
  readonly widen?: (view: DataView, at: number) => number;
}

/** By PyTorch's dtype. */
export const elementTypes: Readonly<Record<string, ElementType>> = {
  float64: { size: 8, dtype: "float64" },
  float32: { size: 4, dtype: "float32" },
  float16: { size: 2, dtype: "float16" },
  bfloat16: { size: 2, dtype: "bfloat16" },
  int64: { size: 8, dtype: "int64" },
  int32: { size: 4, dtype: "int32" },
  int16: { size: 2, dtype: "int16" },
  int8: { size: 1, dtype: "int8" },
  uint8: { size: 1, dtype: "uint8" },
  bool: { size: 1, dtype: "bool" },
};

/** dtype by the name of the storage class; "" for storages without type. */
export const storageDTypes: Readonly<Record<string, string>> = {
  DoubleStorage: "float64",
  FloatStorage: "float32",
  HalfStorage: "float16",
  BFloat16Storage: "bfloat16",
  LongStorage: "int64",
  IntStorage: "int32",
  ShortStorage: "int16",
  CharStorage: "int8",
  ByteStorage: "uint8",
  BoolStorage: "bool",
  UntypedStorage: "",
};

/** The bytes of a storage; null while they are not known (a first pass over a legacy file). */
export class TorchStorage {
  constructor(
    readonly dtype: string,
    readonly bytes: Uint8Array | null,
    /** Elements by which a view of another storage begins later. */
    readonly offset = 0,
  ) {}
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}

/**
 * The tensor that views `storage`; its elements are copied, so tensors that shared memory do not afterwards.
 * @throws FormatError if it reaches beyond the storage or its type is unknown.
 */
export function rebuildTensor(
  name: string,
  storage: unknown,
  offset: unknown,
  sizes: unknown,
  strides: unknown,
  dtype?: string,
): Tensor | null {
  const fail = (text: string) => new FormatError(`torch: ${name} ${text}`, { op: "torch" });
  if (!(storage instanceof TorchStorage)) throw fail("has a tensor without storage");
  if (!isSizes(sizes) || !isSizes(strides) || sizes.length !== strides.length || !isSizes([offset])) {
    throw fail("has a tensor without valid sizes and strides");
  }
  const type = elementTypes[dtype ?? storage.dtype];
  if (!type)
    throw fail(`has a tensor of dtype ${dtype ?? storage.dtype}; readable are ${Object.keys(elementTypes).join(", ")}`);
  if (!storage.bytes) return null;
  const count = numel(sizes);
  const start = (offset as number) + storage.offset;
  const last = sizes.reduce((at, size, d) => at + Math.max(0, size - 1) * (strides[d] as number), start);
  if (count > 0 && !((last + 1) * type.size <= storage.bytes.length)) {
    throw fail(
      `has a tensor [${sizes.join(", ")}] that reaches to element ${last} of a storage of ${storage.bytes.length / type.size}`,
    );
  }
  // A tensor that repeats elements (strides of 0) must not ask for more memory than the file could hold.
  if (count > Math.max(storage.bytes.length, 1))
    throw fail(`has a tensor [${sizes.join(", ")}] larger than its storage`);
  return tensor(elementsOf(storage.bytes, type, start, sizes, strides), { dtype: type.dtype }).reshape(sizes);
}

function elementsOf(
  bytes: Uint8Array,
  type: ElementType,
  start: number,
  sizes: readonly number[],
  strides: readonly number[],
) {
  const count = numel(sizes);
  const place = placesOf(sizes, strides, start);
  const raw = new Uint8Array(count * type.size);
  if (isContiguous(sizes, strides)) raw.set(bytes.subarray(start * type.size, (start + count) * type.size));
  else {
    for (let i = 0; i < count; i++) {
      const at = place(i) * type.size;
      raw.set(bytes.subarray(at, at + type.size), i * type.size);
    }
  }
  return typedArray(type.dtype, raw.buffer, 0, count);
}

function isContiguous(sizes: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let d = sizes.length - 1; d >= 0; d--) {
    if (sizes[d] !== 1 && strides[d] !== expected) return false;
    expected *= sizes[d] as number;
  }
  return true;
}

/** The storage's element for each element in row-major order. */
function placesOf(sizes: readonly number[], strides: readonly number[], start: number): (i: number) => number {
  return (i) => {
    let [rest, at] = [i, start];
    for (let d = sizes.length - 1; d >= 0; d--) {
      const size = sizes[d] as number;
      at += (rest % size) * (strides[d] as number);
      rest = Math.floor(rest / size);
    }
    return at;
  };
}
