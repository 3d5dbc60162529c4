// What JPEG files are made of: components of blocks, and scans over them. Specification: ITU-T T.81.
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
  /** Of all blocks, row by row: `[8 rows, 8 columns]`. */
  readonly samples: Uint8Array;
  /** Of progressive files: 64 a block, in natural order. */
  readonly coefficients: Int16Array;
}

/** A component in a scan, with the tables it uses there. */
export interface ScanComponent {
  readonly component: Component;
  readonly dc: HuffmanTable | undefined;
  readonly ac: HuffmanTable | undefined;
  /** Of sequential scans, in natural order. */
  readonly quantization: Uint16Array;
  /** The first coefficient of the block before. */
  previous: number;
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
  /** Blocks that are still part of a run of ended blocks. */
  endRun: number;
}

/** Reads the block at a row and column of blocks. */
export type BlockReader = (reader: BitReader, part: ScanComponent, row: number, column: number, scan: Scan) => void;
