// The idx file format of MNIST: two zero bytes, element type, rank, big-endian sizes, data; plain or gzipped.
import { ArgumentError, FormatError, noMore, readBytes, shownValue, type TypedArray } from "../base/index.js";
import { type Tensor, tensor } from "../tensor/index.js";

/** Contents of an idx file. */
export interface IdxArray {
  /** Sizes of the dims, slowest first: `[60000, 28, 28]`. */
  readonly shape: readonly number[];
  /** The elements in row-major order, of the file's type. */
  readonly data: TypedArray;
}

interface ElementType {
  readonly bytes: number;
  readonly read: (view: DataView, count: number, offset: number) => TypedArray;
}

const elementTypes: Readonly<Record<number, ElementType>> = {
  8: { bytes: 1, read: (view, count, at) => new Uint8Array(view.buffer, view.byteOffset + at, count).slice() },
  9: { bytes: 1, read: (view, count, at) => Int32Array.from({ length: count }, (_, i) => view.getInt8(at + i)) },
  11: { bytes: 2, read: (view, count, at) => Int32Array.from({ length: count }, (_, i) => view.getInt16(at + 2 * i)) },
  12: { bytes: 4, read: (view, count, at) => Int32Array.from({ length: count }, (_, i) => view.getInt32(at + 4 * i)) },
  13: {
    bytes: 4,
    read: (view, count, at) => Float32Array.from({ length: count }, (_, i) => view.getFloat32(at + 4 * i)),
  },
  14: {
    bytes: 8,
    read: (view, count, at) => Float64Array.from({ length: count }, (_, i) => view.getFloat64(at + 8 * i)),
  },
};

/**
 * Parses an idx file, as MNIST's are. Bytes give a Uint8Array, signed integers of 8, 16 and 32 bits an Int32Array, floats their own type.
 * @param name - the file, for error messages.
 * @throws ArgumentError if `bytes` is no Uint8Array.
 * @throws FormatError if the magic number is wrong or the length does not fit the header.
 */
export function parseIdx(bytes: Uint8Array, name: string, ...surplus: []): IdxArray {
  noMore("parseIdx", surplus);
  const fail = (text: string) => new FormatError(`idx: ${name} ${text}`, { op: "idx" });
  if (!(bytes instanceof Uint8Array)) {
    throw new ArgumentError(`parseIdx: takes the bytes of a file as Uint8Array, got ${shownValue(bytes)}`, {
      op: "parseIdx",
    });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4) throw fail(`has ${bytes.length} bytes, too few for a header; fetch the file again`);
  const type = elementTypes[bytes[2] as number];
  const rank = bytes[3] as number;
  if (bytes[0] !== 0 || bytes[1] !== 0 || !type || rank === 0) {
    const magic = Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    throw fail(`is not an idx file: it begins with ${magic}, not 00 00 <type> <rank>`);
  }
  const header = 4 + 4 * rank;
  if (bytes.length < header) throw fail(`ends within its header (${bytes.length} of ${header} bytes)`);
  const shape = Array.from({ length: rank }, (_, d) => view.getUint32(4 + 4 * d));
  const count = shape.reduce((a, b) => a * b, 1);
  const expected = header + count * type.bytes;
  if (bytes.length !== expected) {
    const what = bytes.length < expected ? "is truncated" : "is too long";
    throw fail(
      `${what}: ${bytes.length} bytes where shape [${shape.join(",")}] needs ${expected}; fetch the file again`,
    );
  }
  return { shape, data: type.read(view, count, header) };
}

/** The bytes of a file that may be gzipped. */
export async function gunzip(bytes: Uint8Array, name: string): Promise<Uint8Array> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch (cause) {
    throw new FormatError(`gzip: ${name} is damaged or truncated; fetch the file again`, { op: "gzip", cause });
  }
}

/**
 * Reads an idx file, plain or gzipped, as a tensor of uint8, int32, float32 or float64: see parseIdx. Shapes: that of the file, such as
 * `[60000, 28, 28]`.
 * @throws FormatError if it is missing, truncated or of another kind.
 */
export async function readIdx(file: string, ...surplus: []): Promise<Tensor> {
  noMore("readIdx", surplus);
  const { shape, data } = parseIdx(await gunzip(readBytes("readIdx", file, "use parseIdx"), file), file);
  return tensor(data).reshape([...shape]);
}
