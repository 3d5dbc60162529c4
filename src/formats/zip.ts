// Zip archives of entries that are not compressed, which is what PyTorch writes.
// Specification: PKWARE APPNOTE.TXT 6.3.9.
import { FormatError } from "../base/index.js";

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;
const END_BYTES = 22;
/** Marks a number that the 64-bit records hold. */
const ELSEWHERE = 0xffffffff;

function fail(name: string, text: string): FormatError {
  return new FormatError(`zip: ${name} ${text}`, { op: "zip" });
}

/** Reads with checked bounds: damaged files give a FormatError, never a RangeError. */
class Reader {
  readonly #view: DataView;

  constructor(
    readonly bytes: Uint8Array,
    readonly name: string,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  #check(at: number, count: number): void {
    if (Number.isSafeInteger(at) && at >= 0 && at + count <= this.bytes.length) return;
    throw fail(this.name, `is truncated or damaged: byte ${at} is not in a file of ${this.bytes.length} bytes`);
  }

  u16(at: number): number {
    this.#check(at, 2);
    return this.#view.getUint16(at, true);
  }

  u32(at: number): number {
    this.#check(at, 4);
    return this.#view.getUint32(at, true);
  }

  u64(at: number): number {
    this.#check(at, 8);
    return Number(this.#view.getBigUint64(at, true));
  }

  slice(at: number, count: number): Uint8Array {
    this.#check(at, count);
    return this.bytes.subarray(at, at + count);
  }

  text(at: number, count: number): string {
    return new TextDecoder().decode(this.slice(at, count));
  }
}

export function isZip(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
}

/**
 * The entries of an archive by name; their bytes are views of `bytes`.
 * @param name - the file, for error messages.
 * @throws FormatError if the archive is truncated, damaged, or has compressed entries.
 */
export function readZip(bytes: Uint8Array, name: string): Map<string, Uint8Array> {
  const reader = new Reader(bytes, name);
  let { count, at } = directoryOf(reader);
  const entries = new Map<string, Uint8Array>();
  for (let i = 0; i < count; i++) {
    if (reader.u32(at) !== CENTRAL) throw fail(name, `has a damaged directory at byte ${at}`);
    const [nameLength, extraLength, commentLength] = [reader.u16(at + 28), reader.u16(at + 30), reader.u16(at + 32)];
    const entry = reader.text(at + 46, nameLength);
    if (reader.u16(at + 10) !== 0)
      throw fail(name, `has the compressed entry ${entry}; only archives without compression are read`);
    const { size, start } = placeOf(reader, at, at + 46 + nameLength, extraLength);
    if (reader.u32(start) !== LOCAL) throw fail(name, `has no entry ${entry} at byte ${start}`);
    entries.set(entry, reader.slice(start + 30 + reader.u16(start + 26) + reader.u16(start + 28), size));
    at += 46 + nameLength + extraLength + commentLength;
  }
  return entries;
}

/** Number of entries and start of the directory. */
function directoryOf(reader: Reader): { count: number; at: number } {
  const { bytes, name } = reader;
  // The end record is last, before a comment of up to 64 KiB.
  const lowest = Math.max(0, bytes.length - END_BYTES - 0xffff);
  let end = bytes.length - END_BYTES;
  while (end >= lowest && reader.u32(end) !== END) end--;
  if (end < lowest) throw fail(name, "is truncated: it has no directory at its end");
  const plain = { count: reader.u16(end + 10), at: reader.u32(end + 16) };
  if (plain.count !== 0xffff && plain.at !== ELSEWHERE) return plain;
  const locator = end - 20;
  if (locator < 0 || reader.u32(locator) !== LOCATOR64) throw fail(name, "has a damaged directory");
  const end64 = reader.u64(locator + 8);
  if (reader.u32(end64) !== END64) throw fail(name, "has a damaged directory");
  return { count: reader.u64(end64 + 32), at: reader.u64(end64 + 48) };
}

/** Size and place of an entry: in its directory record, or in the extra field of large ones. */
function placeOf(reader: Reader, at: number, extra: number, extraLength: number): { size: number; start: number } {
  let [packed, size, start] = [reader.u32(at + 20), reader.u32(at + 24), reader.u32(at + 42)];
  for (let p = extra; p + 4 <= extra + extraLength; p += 4 + reader.u16(p + 2)) {
    if (reader.u16(p) !== 1) continue;
    let value = p + 4;
    const next = (): number => {
      value += 8;
      return reader.u64(value - 8);
    };
    if (size === ELSEWHERE) size = next();
    if (packed === ELSEWHERE) packed = next();
    if (start === ELSEWHERE) start = next();
  }
  return { size, start };
}

const crcTable = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  return c;
});

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (crcTable[(crc ^ byte) & 0xff] as number);
  return (crc ^ 0xffffffff) >>> 0;
}

/** Where the data of entries begins, as PyTorch has it for memory maps. */
const ALIGNMENT = 64;

/**
 * The bytes of an archive of entries that are not compressed.
 * @throws FormatError from 4 GiB on.
 */
export function writeZip(entries: Iterable<readonly [name: string, bytes: Uint8Array]>): Uint8Array {
  const encoder = new TextEncoder();
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  let count = 0;
  for (const [name, bytes] of entries) {
    const label = encoder.encode(name);
    const start = at + 30 + label.length;
    // An extra field of an unknown kind ("FB", as PyTorch writes it) fills up to the alignment.
    const padding = (ALIGNMENT - ((start + 4) % ALIGNMENT)) % ALIGNMENT;
    const common = new DataView(new ArrayBuffer(26));
    common.setUint16(0, 20, true); // version needed
    common.setUint32(10, crc32(bytes), true);
    common.setUint32(14, bytes.length, true);
    common.setUint32(18, bytes.length, true);
    common.setUint16(22, label.length, true);
    const local = record(LOCAL, common, label, 4 + padding);
    local.set([0x46, 0x42, padding & 0xff, padding >> 8], 30 + label.length);
    directory.push(directoryRecord(common, label, at));
    parts.push(local, bytes);
    at += local.length + bytes.length;
    count += 1;
  }
  const directoryBytes = directory.reduce((sum, { length }) => sum + length, 0);
  if (at + directoryBytes >= ELSEWHERE) {
    throw new FormatError("zip: archives of 4 GiB and more are not written; save safetensors, or in several files", {
      op: "zip",
    });
  }
  const end = new DataView(new ArrayBuffer(END_BYTES));
  end.setUint32(0, END, true);
  end.setUint16(8, count, true);
  end.setUint16(10, count, true);
  end.setUint32(12, directoryBytes, true);
  end.setUint32(16, at, true);
  return concatenate([...parts, ...directory, new Uint8Array(end.buffer)]);
}

function record(signature: number, common: DataView, label: Uint8Array, extraBytes: number): Uint8Array {
  const bytes = new Uint8Array(30 + label.length + extraBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, signature, true);
  bytes.set(new Uint8Array(common.buffer), 4);
  view.setUint16(28, extraBytes, true);
  bytes.set(label, 30);
  return bytes;
}

function directoryRecord(common: DataView, label: Uint8Array, start: number): Uint8Array {
  const bytes = new Uint8Array(46 + label.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, CENTRAL, true);
  bytes.set(new Uint8Array(common.buffer), 6);
  view.setUint32(42, start, true);
  bytes.set(label, 46);
  return bytes;
}

export function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
