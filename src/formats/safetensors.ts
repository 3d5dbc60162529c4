// The safetensors format: a length, a JSON header that names dtype, shape and place of each tensor, then their bytes.
// Specification: https://github.com/huggingface/safetensors#format
import {
  checkBytes,
  checkOptions,
  checkText,
  type DType,
  FormatError,
  formatShape,
  itemSize,
  memoryOf,
  noMore,
  numel,
  typedArray,
} from "../base/index.js";
import { checkTensor, type Tensor, tensor } from "../tensor/index.js";
import { checkNamedTensors } from "./named-tensors.js";

/** Tensors by name, as `stateDict()` gives them. */
export type NamedTensors = Readonly<Record<string, Tensor>>;

/** What a safetensors file holds. */
export interface SafetensorsContent {
  /** The tensors by name. */
  readonly tensors: Record<string, Tensor>;
  /** Free text by key. */
  readonly metadata: Record<string, string>;
}

type Code = "F64" | "F32" | "F16" | "BF16" | "I64" | "I32" | "I16" | "I8" | "U16" | "U8" | "BOOL";

const codes: Readonly<Record<DType, Code>> = {
  float64: "F64",
  float32: "F32",
  float16: "F16",
  bfloat16: "BF16",
  int64: "I64",
  int32: "I32",
  int16: "I16",
  int8: "I8",
  uint8: "U8",
  bool: "BOOL",
};

/** How each code is read. Types that tensors do not have are widened, which is exact. */
const readers: Readonly<Record<Code, { readonly size: number; readonly dtype: DType; readonly widen?: Widen }>> = {
  F64: { size: 8, dtype: "float64" },
  F32: { size: 4, dtype: "float32" },
  I64: { size: 8, dtype: "int64" },
  I32: { size: 4, dtype: "int32" },
  U8: { size: 1, dtype: "uint8" },
  BOOL: { size: 1, dtype: "bool" },
  F16: { size: 2, dtype: "float16" },
  BF16: { size: 2, dtype: "bfloat16" },
  I16: { size: 2, dtype: "int16" },
  U16: { size: 2, dtype: "int32", widen: (view, at) => view.getUint16(at, true) },
  I8: { size: 1, dtype: "int8" },
};

type Widen = (view: DataView, at: number) => number;

const LENGTH_BYTES = 8;
/** The reference implementation's limit: a corrupt length must not ask for gigabytes. */
const MAX_HEADER_BYTES = 100_000_000;
const ALIGNMENT = 8;

/**
 * The bytes of a safetensors file. The tensors' dtypes and bits are kept; larger element types come first, so all are aligned.
 * Shapes: any.
 * @param options - `metadata`: free text by key.
 * @throws FormatError if a tensor is called `__metadata__`.
 * @throws ArgumentError for anything but an object of tensors.
 */
export function encodeSafetensors(
  tensors: NamedTensors,
  options: { readonly metadata?: Readonly<Record<string, string>> } = {},
  ...surplus: []
): Uint8Array {
  noMore("encodeSafetensors", surplus);
  checkNamedTensors("encodeSafetensors", tensors);
  const header: Record<string, unknown> = {};
  checkOptions("encodeSafetensors", options, { metadata: "object" });
  const { metadata } = options;
  for (const [key, text] of Object.entries(metadata ?? {})) checkText("encodeSafetensors", `metadata.${key}`, text);
  if (metadata) header.__metadata__ = metadata;
  const parts: Uint8Array[] = [];
  let end = 0;
  for (const [name, value] of inFileOrder(tensors)) {
    if (name === "__metadata__") throw fail("", 'a tensor cannot be called "__metadata__"');
    checkTensor("encodeSafetensors", name, value);
    const data = memoryOf(value.dtype, value.toTypedArray());
    parts.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    header[name] = { dtype: codes[value.dtype], shape: value.shape, data_offsets: [end, end + data.byteLength] };
    end += data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const headerBytes = Math.ceil(json.length / ALIGNMENT) * ALIGNMENT;
  const file = new Uint8Array(LENGTH_BYTES + headerBytes + end).fill(0x20, LENGTH_BYTES, LENGTH_BYTES + headerBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true);
  file.set(json, LENGTH_BYTES);
  let at = LENGTH_BYTES + headerBytes;
  for (const part of parts) {
    file.set(part, at);
    at += part.length;
  }
  return file;
}

/** The reference implementation's order: by element size, then by name. */
function inFileOrder(tensors: NamedTensors): [string, Tensor][] {
  return Object.entries(tensors).sort(
    ([nameA, a], [nameB, b]) => itemSize(b.dtype) - itemSize(a.dtype) || (nameA < nameB ? -1 : 1),
  );
}

interface Entry {
  readonly name: string;
  readonly code: Code;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/**
 * Reads the bytes of a safetensors file. 16-bit integers without sign become int32; other dtypes and bits stay. Shapes: those of the file.
 * @param name - the file, for error messages.
 * @throws FormatError if the file is truncated, or its header does not describe exactly the bytes that follow.
 * @throws ArgumentError unless it is given a Uint8Array.
 */
export function decodeSafetensors(bytes: Uint8Array, name = "bytes", ...surplus: []): SafetensorsContent {
  noMore("decodeSafetensors", surplus);
  checkBytes("decodeSafetensors", "bytes", bytes);
  checkText("decodeSafetensors", "name", name);
  const { header, dataStart } = readHeader(bytes, name);
  const { __metadata__: metadata = {}, ...rest } = header;
  if (!isRecord(metadata) || Object.values(metadata).some((value) => typeof value !== "string")) {
    throw fail(name, "has metadata that is not text by key");
  }
  const entries = Object.entries(rest).map(([key, value]) => readEntry(key, value, name));
  checkCover(entries, bytes.length - dataStart, name);
  const tensors: Record<string, Tensor> = {};
  for (const entry of entries) tensors[entry.name] = readTensor(bytes, dataStart, entry);
  return { tensors, metadata: metadata as Record<string, string> };
}

function readHeader(bytes: Uint8Array, name: string): { header: Record<string, unknown>; dataStart: number } {
  if (bytes.length < LENGTH_BYTES) throw fail(name, `has ${bytes.length} bytes, too few for a safetensors file`);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, LENGTH_BYTES).getBigUint64(0, true));
  if (length > MAX_HEADER_BYTES) throw fail(name, `is not a safetensors file: its header would have ${length} bytes`);
  const dataStart = LENGTH_BYTES + length;
  if (dataStart > bytes.length) {
    throw fail(name, `is truncated: the header has ${length} bytes, the file ${bytes.length}`);
  }
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(LENGTH_BYTES, dataStart)));
  } catch (cause) {
    throw new FormatError(`safetensors: ${name} has a damaged header: ${(cause as Error).message}`, {
      op: "safetensors",
      cause,
    });
  }
  if (!isRecord(header)) throw fail(name, "has a header that is not an object");
  return { header, dataStart };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function readEntry(key: string, value: unknown, file: string): Entry {
  const { dtype, shape, data_offsets: offsets } = isRecord(value) ? value : {};
  if (typeof dtype !== "string" || !(dtype in readers)) {
    const known = Object.keys(readers).join(", ");
    throw fail(file, `has tensor ${key} of dtype ${JSON.stringify(dtype)}; readable are ${known}`);
  }
  if (!Array.isArray(shape) || !shape.every(isCount)) throw fail(file, `has tensor ${key} without a valid shape`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    throw fail(file, `has tensor ${key} without valid data_offsets`);
  }
  const [begin, end] = offsets as [number, number];
  const code = dtype as Code;
  const expected = numel(shape) * readers[code].size;
  if (end - begin !== expected) {
    throw fail(file, `has tensor ${key} of ${end - begin} bytes where ${code}${formatShape(shape)} needs ${expected}`);
  }
  return { name: key, code, shape, begin, end };
}

/** The tensors follow one another without gap or overlap, and end with the file. */
function checkCover(entries: readonly Entry[], dataBytes: number, file: string): void {
  let at = 0;
  for (const { name, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== at) throw fail(file, `has tensor ${name} at byte ${begin} where byte ${at} is next`);
    at = end;
  }
  if (at === dataBytes) return;
  throw fail(
    file,
    at > dataBytes ? `is truncated: ${dataBytes} of ${at} data bytes` : `has ${dataBytes - at} bytes too many`,
  );
}

function readTensor(bytes: Uint8Array, dataStart: number, { code, shape, begin, end }: Entry): Tensor {
  const { dtype, size, widen } = readers[code];
  // A copy of its own, so that it is aligned; `slice` of Node's Buffer would be a view.
  const raw = new Uint8Array(bytes.subarray(dataStart + begin, dataStart + end));
  const count = numel(shape);
  let data = typedArray(dtype, raw.buffer, 0, widen ? 0 : count);
  if (widen) {
    const view = new DataView(raw.buffer);
    const values = Array.from({ length: count }, (_, i) => widen(view, i * size));
    data = Int32Array.from(values);
  }
  return tensor(data, { dtype }).reshape(shape);
}

function fail(file: string, text: string): FormatError {
  return new FormatError(`safetensors: ${file ? `${file} ` : ""}${text}`, { op: "safetensors" });
}
