// The bit stream of a JPEG scan, and its Huffman codes. Specification: ITU-T T.81, annexes C and F.

/** Codes up to this long are found in one look, with the bits of a value behind them where those fit in as well. */
export const LOOK = 10;
export const LOOK_MASK = (1 << LOOK) - 1;

/** T.81, F.2.2.1, EXTEND: the value of `size` bits, whose first one tells the sign. */
function extend(bits: number, size: number): number {
  return bits < 1 << (size - 1) ? bits - (1 << size) + 1 : bits;
}

/** A Huffman table, made from the counts of codes of each length and the symbols in order. */
export class HuffmanTable {
  /**
   * By the next LOOK bits: `value << 16 | symbol << 8 | length`. A value of 0 stands for none, or one whose bits did not fit in; else
   * the length is that of code and value. Length 0: the code is longer.
   */
  readonly look = new Int32Array(1 << LOOK);
  /** The largest code of each length, -1 for none. */
  readonly largest = new Int32Array(17).fill(-1);
  /** What to add to a code of a length for its place among the symbols. */
  readonly offset = new Int32Array(17);

  constructor(
    counts: Uint8Array,
    readonly symbols: Uint8Array,
  ) {
    let code = 0;
    let at = 0;
    for (let length = 1; length <= 16; length++) {
      const count = counts[length - 1] as number;
      this.offset[length] = at - code;
      for (let i = 0; i < count && length <= LOOK; i++) this.#enter(code + i, length, symbols[at + i] as number);
      code += count;
      at += count;
      if (count > 0) this.largest[length] = code - 1;
      code <<= 1;
    }
  }

  #enter(code: number, length: number, symbol: number): void {
    const rest = LOOK - length;
    const size = symbol & 15;
    for (let low = 0; low < 1 << rest; low++) {
      const value = size > 0 && size <= rest ? extend(low >> (rest - size), size) : 0;
      this.look[(code << rest) | low] = (value << 16) | (symbol << 8) | (value === 0 ? length : length + size);
    }
  }
}

/** Where scans lie without their zero bytes, one after the other; what is longer than usual takes memory of its own. */
const usual = new Uint8Array(1 << 20);
/** Bytes that readers of whole words may see behind the last one. */
const MARGIN = 16;

/**
 * Reads bits up to the next marker. Loops that decode blocks take `bits`, `count` and `at` into variables of their own and put
 * them back: a scan has as many symbols as an image has pixels.
 */
export class BitReader {
  /** The bytes up to the marker, without the zero that follows each 0xFF, and then anything. */
  readonly coded: Uint8Array;
  /** The low `count` bits are to be read next; at most 31. */
  bits = 0;
  count = 0;
  /** The next byte of `coded`. */
  at = 0;
  #end = 0;

  constructor(
    private readonly data: Uint8Array,
    /** Of the next marker in the data. */
    public position: number,
  ) {
    const most = data.length - position + MARGIN;
    this.coded = most <= usual.length ? usual : new Uint8Array(most);
    this.#load();
  }

  #load(): void {
    const { data, coded } = this;
    let from = this.position;
    let to = 0;
    for (; from < data.length; from++) {
      const byte = data[from] as number;
      if (byte === 0xff && data[++from] !== 0) {
        from--;
        break;
      }
      coded[to++] = byte;
    }
    this.position = from;
    this.#end = to;
    this.at = 0;
    this.bits = 0;
    this.count = 0;
  }

  /** Whether more was read than there is. */
  get isBeyond(): boolean {
    return 8 * this.at - this.count > 8 * this.#end;
  }

  /** Sees to at least 16 bits. */
  #fill(): void {
    if (this.count >= 16) return;
    const { coded, at } = this;
    this.bits = (this.bits << 16) | ((coded[at] as number) << 8) | (coded[at + 1] as number);
    this.at = at + 2;
    this.count += 16;
  }

  /** The next `count` bits, at most 16. */
  read(count: number): number {
    this.#fill();
    this.count -= count;
    return (this.bits >>> this.count) & ((1 << count) - 1);
  }

  /** A value of `size` bits whose first bit tells the sign. */
  signed(size: number): number {
    return size === 0 ? 0 : extend(this.read(size), size);
  }

  symbol(table: HuffmanTable): number {
    this.#fill();
    const found = table.look[(this.bits >>> (this.count - LOOK)) & LOOK_MASK] as number;
    const symbol = (found >> 8) & 0xff;
    if (found >> 16 !== 0) {
      this.count -= (found & 0xff) - (symbol & 15);
      return symbol;
    }
    if (found !== 0) {
      this.count -= found & 0xff;
      return symbol;
    }
    for (let length = LOOK + 1; length <= 16; length++) {
      const code = (this.bits >>> (this.count - length)) & ((1 << length) - 1);
      if (code > (table.largest[length] as number)) continue;
      this.count -= length;
      return table.symbols[code + (table.offset[length] as number)] ?? 0;
    }
    // No such code: the data are damaged, which shows when they end early.
    this.count -= 16;
    return 0;
  }

  /** Goes on behind a restart marker. Returns whether it was there. */
  restart(): boolean {
    const { data } = this;
    // Fill bytes may stand before a marker.
    while (data[this.position] === 0xff && data[this.position + 1] === 0xff) this.position++;
    const marker = data[this.position + 1] ?? 0;
    if (data[this.position] !== 0xff || marker < 0xd0 || marker > 0xd7) return false;
    this.position += 2;
    this.#load();
    return true;
  }
}
