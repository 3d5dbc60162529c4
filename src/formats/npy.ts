// NumPy's files: one array (.npy), or several in a zip archive (.npz).
// Specification: numpy/lib/format.py, versions 1.0 to 3.0.
import { checkBytes, checkText, type DType, FormatError, memoryOf, noMore, numel, typedArray } from "../base/index.js";
import { checkTensor, type Tensor, tensor } from "../tensor/index.js";
import { checkNamedTensors } from "./named-tensors.js";
import { type ElementType, elementTypes } from "./torch-tensors.js";
import { readZip, writeZip } from "./zip.js";

/** By NumPy's type code, without byte order. */
const types: Readonly<Record<string, ElementType>> = {
  f8: elementTypes.float64 as ElementType,
  f4: elementTypes.float32 as ElementType,
  f2: elementTypes.float16 as ElementType,
  i8: elementTypes.int64 as ElementType,
  i4: elementTypes.int32 as ElementType,
  i2: elementTypes.int16 as ElementType,
  i1: elementTypes.int8 as ElementType,
  u1: elementTypes.uint8 as ElementType,
  b1: elementTypes.bool as ElementType,
  u2: { size: 2, dtype: "int32", widen: (view, at) => view.getUint16(at, true) },
};

const codes: Readonly<Partial<Record<DType, string>>> = {
  float64: "<f8",
  float32: "<f4",
  float16: "<f2",
  int64: "<i8",
  int32: "<i4",
  int16: "<i2",
  int8: "|i1",
  uint8: "|u1",
  bool: "|b1",
};

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

function fail(name: string, text: string): FormatError {
  return new FormatError(`npy: ${name} ${text}`, { op: "npy" });
}

/**
 * Reads the bytes of a .npy file. 16-bit integers without sign become int32; Fortran order is undone. Shapes: that of the array.
 * @param name - the file, for error messages.
 * @throws FormatError if it is truncated, damaged, or of a dtype that tensors do not have.
 * @throws ArgumentError unless it is given a Uint8Array.
 */
export function decodeNpy(bytes: Uint8Array, name = "bytes", ...surplus: []): Tensor {
  noMore("decodeNpy", surplus);
  checkBytes("decodeNpy", "bytes", bytes);
  checkText("decodeNpy", "name", name);
  if (bytes.length < 10 || MAGIC.some((byte, i) => bytes[i] !== byte)) throw fail(name, "is no file of NumPy");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isLong = (bytes[6] as number) >= 2;
  const start = isLong ? 12 : 10;
  if (bytes.length < start) throw fail(name, "is truncated");
  const length = isLong ? view.getUint32(8, true) : view.getUint16(8, true);
  if (start + length > bytes.length) throw fail(name, "is truncated in its header");
  const header = new TextDecoder().decode(bytes.subarray(start, start + length));
  const descr = /'descr':\s*'([<>|=])([a-z]\d+)'/.exec(header);
  const order = /'fortran_order':\s*(True|False)/.exec(header);
  const sizes = /'shape':\s*\(([\d,\s]*)\)/.exec(header);
  if (!descr || !order || !sizes)
    throw fail(name, `has an unreadable header (arrays of objects and records are not read)`);
  const [, byteOrder, code] = descr as unknown as [string, string, string];
  const type = types[code];
  if (!type) throw fail(name, `has dtype ${code}; readable are ${Object.keys(types).join(", ")}`);
  if (byteOrder === ">") throw fail(name, "is big-endian; save it with the machine's byte order");
  const shape = (sizes[1] as string).split(",").flatMap((text) => (text.trim() === "" ? [] : [Number(text)]));
  const count = numel(shape);
  const dataBytes = bytes.length - start - length;
  if (!Number.isSafeInteger(count) || count * type.size !== dataBytes) {
    throw fail(name, `has ${dataBytes} data bytes where ${code} [${shape.join(", ")}] needs ${count * type.size}`);
  }
  // A copy of its own, so that it is aligned; `slice` of Node's Buffer would be a view.
  const data = elementsOf(new Uint8Array(bytes.subarray(start + length)), type, count);
  const isFortran = order[1] === "True" && shape.length > 1;
  if (!isFortran) return tensor(data, { dtype: type.dtype }).reshape(shape);
  const reversed = [...shape.keys()].reverse();
  return tensor(data, { dtype: type.dtype })
    .reshape([...shape].reverse())
    .permute(reversed)
    .contiguous();
}

function elementsOf(raw: Uint8Array, { dtype, size, widen }: ElementType, count: number) {
  if (!widen) return typedArray(dtype, raw.buffer as ArrayBuffer, 0, count);
  const view = new DataView(raw.buffer);
  const out = typedArray(dtype, count) as Float32Array | Int32Array;
  for (let i = 0; i < count; i++) out[i] = widen(view, i * size);
  return out;
}

/**
 * The bytes of a .npy file. Shapes: any; the dtype stays.
 * @throws FormatError if the tensor is bfloat16, which NumPy does not have.
 */
export function encodeNpy(value: Tensor, ...surplus: []): Uint8Array {
  noMore("encodeNpy", surplus);
  checkTensor("encodeNpy", "the value", value);
  if (!codes[value.dtype]) {
    throw new FormatError(`npy: NumPy has no ${value.dtype}; convert the tensor with .to("float32"), which is exact`, {
      op: "npy",
    });
  }
  const data = memoryOf(value.dtype, value.toTypedArray());
  const { shape } = value;
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${codes[value.dtype]}', 'fortran_order': False, 'shape': (${sizes}), }`;
  // The data begin at a multiple of 64; the header ends with a line end.
  const total = Math.ceil((10 + text.length + 1) / 64) * 64;
  const bytes = new Uint8Array(total + data.byteLength).fill(0x20, 10, total);
  bytes.set([...MAGIC, 1, 0]);
  new DataView(bytes.buffer).setUint16(8, total - 10, true);
  bytes.set(new TextEncoder().encode(text), 10);
  bytes[total - 1] = 0x0a;
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), total);
  return bytes;
}

/**
 * Reads the bytes of a .npz file that `np.savez` wrote: its arrays by name. Shapes: those of the arrays.
 * @param name - the file, for error messages.
 * @throws FormatError if it is damaged or compressed.
 * @throws ArgumentError unless it is given a Uint8Array.
 */
export function decodeNpz(bytes: Uint8Array, name = "bytes", ...surplus: []): Record<string, Tensor> {
  noMore("decodeNpz", surplus);
  checkBytes("decodeNpz", "bytes", bytes);
  checkText("decodeNpz", "name", name);
  const arrays = [...readZip(bytes, name)].filter(([entry]) => entry.endsWith(".npy"));
  return Object.fromEntries(arrays.map(([entry, data]) => [entry.slice(0, -4), decodeNpy(data, `${name}: ${entry}`)]));
}

/**
 * The bytes of a .npz file. Shapes: any; dtypes stay.
 * @throws FormatError if a tensor is bfloat16, which NumPy does not have.
 * @throws ArgumentError for anything but an object of tensors.
 */
export function encodeNpz(arrays: Readonly<Record<string, Tensor>>, ...surplus: []): Uint8Array {
  noMore("encodeNpz", surplus);
  checkNamedTensors("encodeNpz", arrays);
  return writeZip(Object.entries(arrays).map(([name, value]) => [`${name}.npy`, encodeNpy(value)] as const));
}
