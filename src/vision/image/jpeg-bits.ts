// The bit stream of a JPEG scan, and its Huffman codes. Specification: ITU-T T.81, annexes C and F.

/** Codes up to this long are found in one look. */
const LOOK = 9;

/** A Huffman table, made from the counts of codes of each length and the symbols in order. */
export class HuffmanTable {
  /** By the next LOOK bits: length in the upper byte, symbol in the lower; 0: longer than that. */
  readonly look = new Uint16Array(1 << LOOK);
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
      for (let i = 0; i < count && length <= LOOK; i++) {
        const first = (code + i) << (LOOK - length);
        this.look.fill((length << 8) | (symbols[at + i] as number), first, first + (1 << (LOOK - length)));
      }
      code += count;
      at += count;
      if (count > 0) this.largest[length] = code - 1;
      code <<= 1;
    }
  }
}

/** Reads bits, taking out the zero bytes that follow each 0xFF; stops at a marker. */
export class BitReader {
  #bits = 0;
  #count = 0;
  /** Bits made up behind the end of the data. */
  #invented = 0;

  constructor(
    private readonly data: Uint8Array,
    /** The next byte. */
    public position: number,
  ) {}

  /** Whether more was read than there is. */
  get isBeyond(): boolean {
    return this.#invented > this.#count;
  }

  #fill(): void {
    while (this.#count <= 24) {
      const byte = this.data[this.position];
      if (byte === undefined || (byte === 0xff && this.data[this.position + 1] !== 0)) {
        this.#invented += 8;
        this.#bits = this.#bits << 8;
      } else {
        this.position += byte === 0xff ? 2 : 1;
        this.#bits = (this.#bits << 8) | byte;
      }
      this.#count += 8;
    }
  }

  /** The next `count` bits, at most 16. */
  bits(count: number): number {
    if (count === 0) return 0;
    if (this.#count < count) this.#fill();
    this.#count -= count;
    return (this.#bits >>> this.#count) & ((1 << count) - 1);
  }

  /** A value of `count` bits whose first bit tells the sign: T.81, F.2.2.1, EXTEND. */
  signed(count: number): number {
    if (count === 0) return 0;
    const value = this.bits(count);
    return value < 1 << (count - 1) ? value - (1 << count) + 1 : value;
  }

  symbol(table: HuffmanTable): number {
    if (this.#count < 16) this.#fill();
    const found = table.look[(this.#bits >>> (this.#count - LOOK)) & ((1 << LOOK) - 1)] as number;
    if (found !== 0) {
      this.#count -= found >> 8;
      return found & 0xff;
    }
    for (let length = LOOK + 1; length <= 16; length++) {
      const code = (this.#bits >>> (this.#count - length)) & ((1 << length) - 1);
      if (code > (table.largest[length] as number)) continue;
      this.#count -= length;
      return table.symbols[code + (table.offset[length] as number)] ?? 0;
    }
    // No such code: the data are damaged, which shows when they end early.
    this.#count -= 16;
    return 0;
  }

  /** Goes to the next byte and, behind a restart marker, on. Returns whether the marker was there. */
  restart(): boolean {
    this.#bits = 0;
    this.#count = 0;
    this.#invented = 0;
    // Fill bytes may stand before a marker.
    while (this.data[this.position] === 0xff && this.data[this.position + 1] === 0xff) this.position++;
    const marker = this.data[this.position + 1] ?? 0;
    if (this.data[this.position] !== 0xff || marker < 0xd0 || marker > 0xd7) return false;
    this.position += 2;
    return true;
  }
}
