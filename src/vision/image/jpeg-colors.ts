// From rows of components to planes of colours, with libjpeg's arithmetic (jdcolor.c): the same bit for bit. Licence: IJG.
import { byteOf } from "./bytes.js";
import type { Row, RowReader } from "./jpeg-rows.js";

/** Factors times 2^16. */
const [CR_R, CB_B, CR_G, CB_G] = [91881, 116130, 46802, 22554];
const HALF = 1 << 15;

/**
 * Fills planes `[C, height, width]` of one (grey), three or four components; four are inks with black, and give three planes.
 * @param isYcc - the first three are luminance and two differences of colours.
 */
export function fillPlanes(
  out: Uint8Array,
  readers: readonly RowReader[],
  { width, height, isYcc }: { readonly width: number; readonly height: number; readonly isYcc: boolean },
): void {
  const size = width * height;
  const rows = readers.map((): Row => ({ samples: out, at: 0 }));
  const [a, b, c, black] = rows as [Row, Row, Row, Row?];
  for (let y = 0; y < height; y++) {
    const at = y * width;
    rows.forEach((row, i) => {
      (readers[i] as RowReader)(y, row);
    });
    if (isYcc && rows.length >= 3) {
      convertRow(a, b, c, width, out, at, size);
    } else {
      rows.slice(0, 3).forEach(({ samples, at: from }, i) => {
        out.set(samples.subarray(from, from + width), i * size + at);
      });
    }
    if (black) for (let i = 0; i < 3; i++) blackenRow(out, i * size + at, width, black, isYcc);
  }
}

function convertRow(y: Row, b: Row, r: Row, width: number, out: Uint8Array, at: number, size: number): void {
  const [ys, bs, rs] = [y.samples, b.samples, r.samples];
  const [fromY, fromB, fromR] = [y.at, b.at, r.at];
  const [green, blue] = [at + size, at + 2 * size];
  for (let x = 0; x < width; x++) {
    const luminance = ys[fromY + x] as number;
    const cb = (bs[fromB + x] as number) - 128;
    const cr = (rs[fromR + x] as number) - 128;
    out[at + x] = byteOf(luminance + ((Math.imul(CR_R, cr) + HALF) >> 16));
    out[green + x] = byteOf(luminance + ((HALF - Math.imul(CB_G, cb) - Math.imul(CR_G, cr)) >> 16));
    out[blue + x] = byteOf(luminance + ((Math.imul(CB_B, cb) + HALF) >> 16));
  }
}

/** Inks with black to colours. Files of four components hold inks inverted: 255 is none. */
function blackenRow(out: Uint8Array, at: number, width: number, black: Row, isYcc: boolean): void {
  for (let x = 0; x < width; x++) {
    const value = out[at + x] as number;
    const product = (isYcc ? 255 - value : value) * (black.samples[black.at + x] as number);
    out[at + x] = Math.round(product / 255);
  }
}
