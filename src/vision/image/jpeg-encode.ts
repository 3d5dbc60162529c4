// Writing JPEG files: baseline, colours at half the resolution, the usual Huffman codes. Specification: ITU-T T.81; JFIF 1.01.
import { type BlockPlane, coefficientsOf, fullPlane, halvedPlane, quantizationOf, toYcc } from "./jpeg-forward.js";

/** T.81, annex K.3: how many codes each length from 1 to 16 has, then the symbols in order. */
const TABLES = {
  dcLuminance: "00010501010101010100000000000000 000102030405060708090a0b",
  acLuminance:
    "0002010303020403050504040000017d 01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a" +
    "161718191a25262728292a3435363738393a434445464748494a535455565758595a636465666768696a737475767778797a838485868788" +
    "898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9" +
    "eaf1f2f3f4f5f6f7f8f9fa",
  dcChrominance: "00030101010101010101010000000000 000102030405060708090a0b",
  acChrominance:
    "00020102040403040705040400010277 000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e1" +
    "25f11718191a262728292a35363738393a434445464748494a535455565758595a636465666768696a737475767778797a82838485868788" +
    "898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9ea" +
    "f2f3f4f5f6f7f8f9fa",
} as const;

interface Codes {
  /** Counts of codes and symbols, as the file has them. */
  readonly bytes: Uint8Array;
  /** Code and length by symbol. */
  readonly code: Uint16Array;
  readonly length: Uint8Array;
}

function codesOf(hexadecimal: string): Codes {
  const digits = hexadecimal.replaceAll(" ", "").match(/../g) ?? [];
  const bytes = Uint8Array.from(digits, (pair) => Number.parseInt(pair, 16));
  const [code, length] = [new Uint16Array(256), new Uint8Array(256)];
  let [next, at] = [0, 16];
  for (let bits = 1; bits <= 16; bits++, next <<= 1) {
    for (let i = 0; i < (bytes[bits - 1] as number); i++, next++, at++) {
      code[bytes[at] as number] = next;
      length[bytes[at] as number] = bits;
    }
  }
  return { bytes, code, length };
}

/** Bytes that grow; a zero byte follows each 0xFF among coded bits. */
class ByteWriter {
  #bytes = new Uint8Array(1 << 16);
  #size = 0;
  #bits = 0;
  #count = 0;

  byte(value: number): void {
    if (this.#size === this.#bytes.length) {
      const larger = new Uint8Array(2 * this.#size);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes[this.#size++] = value;
  }

  /** A marker with its content. */
  segment(marker: number, ...content: readonly (number | ArrayLike<number>)[]): void {
    const bytes = content.flatMap((part) => (typeof part === "number" ? [part] : Array.from(part)));
    for (const value of [0xff, marker, (bytes.length + 2) >> 8, (bytes.length + 2) & 255, ...bytes]) this.byte(value);
  }

  /** At most 16 bits. */
  bits(value: number, count: number): void {
    this.#bits = (this.#bits << count) | (value & ((1 << count) - 1));
    this.#count += count;
    while (this.#count >= 8) {
      this.#count -= 8;
      const next = (this.#bits >>> this.#count) & 255;
      this.byte(next);
      if (next === 255) this.byte(0);
    }
    this.#bits &= (1 << this.#count) - 1;
  }

  symbol({ code, length }: Codes, symbol: number): void {
    this.bits(code[symbol] as number, length[symbol] as number);
  }

  /** The symbol and then the bits of a value; `zeros` before it are in the symbol. */
  value(codes: Codes, zeros: number, value: number): void {
    const size = 32 - Math.clz32(Math.abs(value));
    this.symbol(codes, (zeros << 4) | size);
    this.bits(value < 0 ? value - 1 : value, size);
  }

  /** Fills the last byte with ones. */
  flush(): void {
    if (this.#count > 0) this.bits((1 << (8 - this.#count)) - 1, 8 - this.#count);
  }

  get result(): Uint8Array {
    return this.#bytes.slice(0, this.#size);
  }
}

interface Component {
  readonly plane: BlockPlane;
  readonly coefficients: Int16Array;
  /** Blocks of a unit, across and down. */
  readonly sampling: number;
  readonly dc: Codes;
  readonly ac: Codes;
  /** The last block's first coefficient. */
  previous: number;
}

function writeBlock(out: ByteWriter, { dc, ac, coefficients, previous }: Component, at: number): number {
  const first = coefficients[at] as number;
  out.value(dc, 0, first - previous);
  let zeros = 0;
  for (let k = 1; k < 64; k++) {
    const value = coefficients[at + k] as number;
    if (value === 0) {
      zeros++;
      continue;
    }
    for (; zeros > 15; zeros -= 16) out.symbol(ac, 0xf0);
    out.value(ac, zeros, value);
    zeros = 0;
  }
  if (zeros > 0) out.symbol(ac, 0);
  return first;
}

/** The blocks of one unit; those beyond the plane repeat the mean of the one before. */
function writeUnit(out: ByteWriter, component: Component, column: number, row: number): void {
  const { sampling, plane, dc, ac } = component;
  for (let y = row * sampling; y < (row + 1) * sampling; y++) {
    for (let x = column * sampling; x < (column + 1) * sampling; x++) {
      if (x < plane.columns && y < plane.rows) {
        component.previous = writeBlock(out, component, (y * plane.columns + x) * 64);
      } else {
        out.value(dc, 0, 0);
        out.symbol(ac, 0);
      }
    }
  }
}

/**
 * A baseline JPEG file of planes `[C, H, W]` of 8 bits, one (grey) or three (RGB); bit for bit what libjpeg writes.
 * @param quality - from 1 to 100.
 */
export function encodeJpegPlanes(
  values: Uint8Array,
  channels: 1 | 3,
  height: number,
  width: number,
  quality: number,
): Uint8Array {
  const tables = quantizationOf(quality);
  const codes = Object.values(TABLES).map(codesOf) as [Codes, Codes, Codes, Codes];
  const planes =
    channels === 1
      ? [fullPlane(values, width, height)]
      : toYcc(values, width * height).map((plane, i) => (i === 0 ? fullPlane : halvedPlane)(plane, width, height));
  const components = planes.map((plane, i): Component => {
    const isColor = i > 0;
    return {
      plane,
      coefficients: coefficientsOf(plane, tables[isColor ? 1 : 0]),
      sampling: channels === 3 && !isColor ? 2 : 1,
      dc: codes[isColor ? 2 : 0],
      ac: codes[isColor ? 3 : 1],
      previous: 0,
    };
  });
  const kinds = channels === 1 ? [0] : [0, 1];
  const out = new ByteWriter();
  out.byte(0xff);
  out.byte(0xd8);
  // "JFIF", version 1.1, no unit of density, square pixels, no thumbnail.
  out.segment(0xe0, [0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0]);
  for (const kind of kinds) out.segment(0xdb, kind, tables[kind] as number[]);
  const frame = components.flatMap(({ sampling }, i) => [i + 1, sampling * 17, i > 0 ? 1 : 0]);
  out.segment(0xc0, 8, height >> 8, height & 255, width >> 8, width & 255, channels, frame);
  for (const kind of kinds) {
    out.segment(0xc4, kind, (codes[2 * kind] as Codes).bytes);
    out.segment(0xc4, 16 + kind, (codes[2 * kind + 1] as Codes).bytes);
  }
  out.segment(
    0xda,
    channels,
    components.flatMap((_, i) => [i + 1, i > 0 ? 17 : 0]),
    0,
    63,
    0,
  );
  const unit = channels === 3 ? 16 : 8;
  for (let row = 0; row < Math.ceil(height / unit); row++) {
    for (let column = 0; column < Math.ceil(width / unit); column++) {
      for (const component of components) writeUnit(out, component, column, row);
    }
  }
  out.flush();
  out.byte(0xff);
  out.byte(0xd9);
  return out.result;
}
