// The blocks of a JPEG scan, sequential or progressive. Specification: ITU-T T.81, annexes F and G.
import type { BitReader } from "./jpeg-bits.js";
import type { BlockReader, Scan, ScanComponent } from "./jpeg-frame.js";
import { readFirstAc, readFirstDc, refineAc, refineDc } from "./jpeg-progressive.js";
import { readSequential } from "./jpeg-sequential.js";

/** Reads a scan into the samples or coefficients of its components. `fail` makes the error for damaged data. */
export function readScan(reader: BitReader, scan: Scan, fail: (text: string) => Error): void {
  const { components, restartInterval } = scan;
  const read = readerOf(scan);
  for (const { dc, ac } of components) {
    if (scan.first === 0 && scan.high === 0 && !dc) throw fail("a scan uses a Huffman table that was not defined");
    if (scan.last > 0 && !ac) throw fail("a scan uses a Huffman table that was not defined");
  }
  const [single] = components;
  // One component goes by its own blocks, several by units.
  const isAlone = components.length === 1 && single;
  const columns = isAlone ? Math.ceil(single.component.width / 8) : scan.unitColumns;
  const rows = isAlone ? Math.ceil(single.component.height / 8) : scan.unitRows;
  for (let unit = 0; unit < rows * columns; unit++) {
    if (restartInterval > 0 && unit > 0 && unit % restartInterval === 0) {
      if (reader.isBeyond || !reader.restart()) throw fail("a restart marker is missing");
      for (const part of components) part.previous = 0;
      scan.endRun = 0;
    }
    const row = Math.floor(unit / columns);
    const column = unit - row * columns;
    if (isAlone) read(reader, single, row, column, scan);
    else for (const part of components) readUnit(read, reader, part, row, column, scan);
    if (reader.isBeyond) throw fail("its data end early");
  }
}

function readUnit(
  read: BlockReader,
  reader: BitReader,
  part: ScanComponent,
  row: number,
  column: number,
  scan: Scan,
): void {
  const { h, v } = part.component;
  for (let y = row * v; y < (row + 1) * v; y++) {
    for (let x = column * h; x < (column + 1) * h; x++) read(reader, part, y, x, scan);
  }
}

function readerOf({ isProgressive, first, high }: Scan): BlockReader {
  if (!isProgressive) return readSequential;
  if (first === 0) return high === 0 ? readFirstDc : refineDc;
  return high === 0 ? readFirstAc : refineAc;
}
