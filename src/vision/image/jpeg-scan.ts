// The coefficients of a JPEG scan, sequential or progressive. Specification: ITU-T T.81, annexes F and G.
import type { BitReader, HuffmanTable } from "./jpeg-bits.js";

/** Places of the coefficients of a block in the order of the file. */
export const ZIGZAG = Uint8Array.of(
  ...[0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21],
  ...[28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61],
  ...[54, 47, 55, 62, 63],
);

/** A colour component of the frame. */
export interface Component {
  readonly id: number;
  /** Blocks a minimum coded unit has of it. */
  readonly h: number;
  readonly v: number;
  readonly quantization: number;
  /** Samples that count. */
  readonly width: number;
  readonly height: number;
  /** Blocks of a row and rows of blocks, filled up to whole units. */
  readonly columns: number;
  readonly rows: number;
  /** 64 a block, in natural order. */
  readonly coefficients: Int16Array;
}

/** A component in a scan, with the tables it uses there. */
export interface ScanComponent {
  readonly component: Component;
  readonly dc: HuffmanTable | undefined;
  readonly ac: HuffmanTable | undefined;
}

export interface Scan {
  readonly components: readonly ScanComponent[];
  readonly isProgressive: boolean;
  /** Range of coefficients, in the order of the file. */
  readonly first: number;
  readonly last: number;
  /** Bit positions: of the scan before (0: none), and of this one. */
  readonly high: number;
  readonly low: number;
  /** Units between restart markers; 0: none. */
  readonly restartInterval: number;
  /** Units of the frame a row, and rows. */
  readonly unitColumns: number;
  readonly unitRows: number;
}

/** What a scan remembers from block to block. */
interface State {
  readonly dc: Int32Array;
  /** Blocks that are still part of a run of ended blocks. */
  endRun: number;
}

type BlockReader = (reader: BitReader, c: ScanComponent, at: number, scan: Scan, state: State, index: number) => void;

/** Reads a scan into the coefficients. `fail` makes the error for damaged data. */
export function readScan(reader: BitReader, scan: Scan, fail: (text: string) => Error): void {
  const state: State = { dc: new Int32Array(scan.components.length), endRun: 0 };
  const read = readerOf(scan);
  for (const { dc, ac } of scan.components) {
    if (scan.first === 0 && scan.high === 0 && !dc) throw fail("a scan uses a Huffman table that was not defined");
    if (scan.last > 0 && !ac) throw fail("a scan uses a Huffman table that was not defined");
  }
  let unit = 0;
  for (const blocks of unitsOf(scan)) {
    if (scan.restartInterval > 0 && unit > 0 && unit % scan.restartInterval === 0) {
      if (reader.isBeyond || !reader.restart()) throw fail("a restart marker is missing");
      state.dc.fill(0);
      state.endRun = 0;
    }
    for (const [index, block] of blocks) {
      read(reader, scan.components[index] as ScanComponent, block * 64, scan, state, index);
    }
    unit++;
    if (reader.isBeyond) throw fail("its data end early");
  }
}

/** The blocks of each unit, as index of the component and block: one component goes by its own blocks, several by units. */
function* unitsOf(scan: Scan): Generator<readonly (readonly [number, number])[]> {
  const [single] = scan.components;
  if (scan.components.length === 1 && single) {
    const { width, height, columns } = single.component;
    for (let y = 0; y < Math.ceil(height / 8); y++) {
      for (let x = 0; x < Math.ceil(width / 8); x++) yield [[0, y * columns + x]];
    }
    return;
  }
  for (let row = 0; row < scan.unitRows; row++) {
    for (let column = 0; column < scan.unitColumns; column++) {
      yield scan.components.flatMap(({ component: { h, v, columns } }, index) =>
        Array.from(
          { length: h * v },
          (_, i) => [index, (row * v + Math.floor(i / h)) * columns + column * h + (i % h)] as const,
        ),
      );
    }
  }
}

function readerOf({ isProgressive, first, high }: Scan): BlockReader {
  if (!isProgressive) return readSequential;
  if (first === 0) return high === 0 ? readFirstDc : refineDc;
  return high === 0 ? readFirstAc : refineAc;
}

const readSequential: BlockReader = (reader, { component, dc, ac }, at, _scan, state, index) => {
  const out = component.coefficients;
  state.dc[index] = (state.dc[index] as number) + reader.signed(reader.symbol(dc as HuffmanTable));
  out[at] = state.dc[index] as number;
  for (let k = 1; k < 64; k++) {
    const symbol = reader.symbol(ac as HuffmanTable);
    const size = symbol & 15;
    if (size === 0) {
      if (symbol !== 0xf0) return;
      k += 15;
      continue;
    }
    k += symbol >> 4;
    out[at + (ZIGZAG[k & 63] as number)] = reader.signed(size);
  }
};

const readFirstDc: BlockReader = (reader, { component, dc }, at, { low }, state, index) => {
  state.dc[index] = (state.dc[index] as number) + reader.signed(reader.symbol(dc as HuffmanTable));
  component.coefficients[at] = (state.dc[index] as number) << low;
};

const refineDc: BlockReader = (reader, { component }, at, { low }) => {
  if (reader.bits(1)) component.coefficients[at] = (component.coefficients[at] as number) | (1 << low);
};

const readFirstAc: BlockReader = (reader, { component, ac }, at, { first, last, low }, state) => {
  if (state.endRun > 0) {
    state.endRun--;
    return;
  }
  for (let k = first; k <= last; k++) {
    const symbol = reader.symbol(ac as HuffmanTable);
    const run = symbol >> 4;
    const size = symbol & 15;
    if (size !== 0) {
      k += run;
      component.coefficients[at + (ZIGZAG[k & 63] as number)] = reader.signed(size) * (1 << low);
    } else if (run === 15) {
      k += 15;
    } else {
      state.endRun = (1 << run) - 1 + reader.bits(run);
      return;
    }
  }
};

/** T.81, G.1.2.3: bits for coefficients that are not zero yet come in between the new ones. */
const refineAc: BlockReader = (reader, { component, ac }, at, { first, last, low }, state) => {
  const out = component.coefficients;
  const bit = 1 << low;
  const refine = (place: number) => {
    const value = out[place] as number;
    if (reader.bits(1) && (value & bit) === 0) out[place] = value + (value >= 0 ? bit : -bit);
  };
  let k = first;
  if (state.endRun === 0) {
    for (; k <= last; k++) {
      const symbol = reader.symbol(ac as HuffmanTable);
      let run = symbol >> 4;
      let value = 0;
      if ((symbol & 15) !== 0) value = reader.bits(1) ? bit : -bit;
      else if (run < 15) {
        state.endRun = (1 << run) + reader.bits(run);
        break;
      }
      // Passes `run` zeros, and refines what is not zero on the way.
      for (; k <= last; k++) {
        const place = at + (ZIGZAG[k] as number);
        if (out[place] !== 0) refine(place);
        else if (run-- === 0) {
          out[place] = value;
          break;
        }
      }
    }
  }
  if (state.endRun > 0) {
    for (; k <= last; k++) {
      const place = at + (ZIGZAG[k] as number);
      if (out[place] !== 0) refine(place);
    }
    state.endRun--;
  }
};
