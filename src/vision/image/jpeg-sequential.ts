// Blocks of sequential JPEG scans: each is whole at once, and becomes samples at once. Specification: ITU-T T.81, annex F.
import { type BitReader, type HuffmanTable, LOOK, LOOK_MASK } from "./jpeg-bits.js";
import { type BlockReader, ZIGZAG } from "./jpeg-frame.js";
import { fillBlock, invertBlock } from "./jpeg-inverse.js";

/** The block that is read: zeros between calls. */
const block = new Int32Array(64);

export const readSequential: BlockReader = (reader, part, row, column) => {
  const { component, quantization } = part;
  const { samples, columns } = component;
  const difference = reader.signed(reader.symbol(part.dc as HuffmanTable) & 15);
  part.previous = ((part.previous + difference) << 16) >> 16;
  const first = part.previous * (quantization[0] as number);
  const stride = 8 * columns;
  const at = 8 * (row * stride + column);
  if (readRest(reader, part.ac as HuffmanTable, quantization)) {
    block[0] = first;
    invertBlock(block, samples, at, stride);
  } else {
    fillBlock(first, samples, at, stride);
  }
};

/**
 * Reads all coefficients but the first into `block`, dequantized; returns whether there are any. What the reader knows is in local
 * variables meanwhile, and most coefficients are one look into the table.
 */
function readRest(reader: BitReader, table: HuffmanTable, quantization: Uint16Array): boolean {
  const { coded } = reader;
  const { look } = table;
  let { bits, count, at } = reader;
  let k = 1;
  while (k < 64) {
    if (count < 16) {
      bits = (bits << 16) | ((coded[at] as number) << 8) | (coded[at + 1] as number);
      at += 2;
      count += 16;
    }
    const found = look[(bits >>> (count - LOOK)) & LOOK_MASK] as number;
    count -= found & 0xff;
    let value = found >> 16;
    let symbol = found >> 8;
    if (value === 0) {
      const isEnd = symbol === 0 && found !== 0;
      reader.bits = bits;
      reader.count = isEnd ? count : count + (found & 0xff);
      reader.at = at;
      if (isEnd) return k > 1;
      symbol = reader.symbol(table);
      if ((symbol & 15) !== 0) value = reader.signed(symbol & 15);
      else if (symbol !== 0xf0) return k > 1;
      ({ bits, count, at } = reader);
    }
    k += (symbol >> 4) & 15;
    const place = ZIGZAG[k & 63] as number;
    block[place] = value * (quantization[place] as number);
    k++;
  }
  reader.bits = bits;
  reader.count = count;
  reader.at = at;
  return true;
}
