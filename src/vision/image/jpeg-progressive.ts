// Blocks of progressive JPEG scans: each scan tells more of the coefficients. Specification: ITU-T T.81, annex G.
import type { HuffmanTable } from "./jpeg-bits.js";
import { type BlockReader, type Component, ZIGZAG } from "./jpeg-frame.js";
import { fillBlock, invertBlock } from "./jpeg-inverse.js";

/** Where a block's coefficients begin. */
const placeOf = ({ columns }: Component, row: number, column: number): number => 64 * (row * columns + column);

export const readFirstDc: BlockReader = (reader, part, row, column, { low }) => {
  const { component, dc } = part;
  part.previous += reader.signed(reader.symbol(dc as HuffmanTable) & 15);
  component.coefficients[placeOf(component, row, column)] = part.previous << low;
};

export const refineDc: BlockReader = (reader, { component }, row, column, { low }) => {
  const at = placeOf(component, row, column);
  if (reader.read(1)) component.coefficients[at] = (component.coefficients[at] as number) | (1 << low);
};

export const readFirstAc: BlockReader = (reader, { component, ac }, row, column, scan) => {
  if (scan.endRun > 0) {
    scan.endRun--;
    return;
  }
  const { first, last, low } = scan;
  const at = placeOf(component, row, column);
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
      scan.endRun = (1 << run) - 1 + reader.read(run);
      return;
    }
  }
};

/** T.81, G.1.2.3: bits for coefficients that are not zero yet come in between the new ones. */
export const refineAc: BlockReader = (reader, { component, ac }, row, column, scan) => {
  const { first, last, low } = scan;
  const out = component.coefficients;
  const at = placeOf(component, row, column);
  const bit = 1 << low;
  const refine = (place: number) => {
    const value = out[place] as number;
    if (reader.read(1) && (value & bit) === 0) out[place] = value + (value >= 0 ? bit : -bit);
  };
  let k = first;
  if (scan.endRun === 0) {
    for (; k <= last; k++) {
      const symbol = reader.symbol(ac as HuffmanTable);
      let run = symbol >> 4;
      let value = 0;
      if ((symbol & 15) !== 0) value = reader.read(1) ? bit : -bit;
      else if (run < 15) {
        scan.endRun = (1 << run) + reader.read(run);
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
  if (scan.endRun > 0) {
    for (; k <= last; k++) {
      const place = at + (ZIGZAG[k] as number);
      if (out[place] !== 0) refine(place);
    }
    scan.endRun--;
  }
};

/** The samples of a component whose coefficients are there. */
export function invertComponent({ columns, rows, coefficients, samples }: Component, quantization: Uint16Array): void {
  const stride = 8 * columns;
  const block = new Int32Array(64);
  for (let b = 0; b < columns * rows; b++) {
    let isFlat = true;
    for (let i = 0, from = 64 * b; i < 64; i++, from++) {
      const value = coefficients[from] as number;
      block[i] = value * (quantization[i] as number);
      if (value !== 0 && i > 0) isFlat = false;
    }
    const row = Math.floor(b / columns);
    const at = 8 * (row * stride + (b - row * columns));
    if (isFlat) fillBlock(block[0] as number, samples, at, stride);
    else invertBlock(block, samples, at, stride);
  }
}
