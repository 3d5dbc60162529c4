// Rows of a component at the size of the image, with the arithmetic of libjpeg(-turbo)'s triangle filter (jdsample.c), so that
// they are the same bit for bit. Licence: IJG.

/** Samples of one component: rows of `width`, `stride` apart. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  readonly stride: number;
  readonly samples: Uint8Array;
}

/** Samples of one row of the image: those of `samples` from `at` on. */
export interface Row {
  samples: Uint8Array;
  at: number;
}

/** Puts row `y` of the image into `row`. */
export type RowReader = (y: number, row: Row) => void;

/** Writes a row of twice the width (of the same, `blendRow`), of the row of `near` and the one of `far`. */
type RowFiller = (samples: Uint8Array, near: number, far: number, width: number, out: Uint8Array) => void;

/** Rows of a component; `across` and `down` say how often it is coarser than the image. */
export function rowsOf(plane: Plane, across: number, down: number): RowReader {
  const { samples, stride, width, height } = plane;
  if (across === 1 && down === 1) {
    return (y, row) => {
      row.samples = samples;
      row.at = y * stride;
    };
  }
  const out = new Uint8Array(width * across);
  const isFine = (across === 1 && down === 2) || (across === 2 && down <= 2 && width > 2);
  return (y, row) => {
    row.samples = out;
    row.at = 0;
    const near = Math.floor(y / down);
    if (!isFine) {
      repeatRow(samples, near * stride, across, out);
      return;
    }
    const isUpper = y % down === 0;
    // Of two rows in one, the upper leans on the row above and the lower on the row below; edges on themselves.
    const far = Math.min(Math.max(near + (isUpper ? -1 : 1), 0), height - 1);
    const fill = across === 1 ? (isUpper ? blendUpper : blendLower) : down === 1 ? spreadRow : spreadBlendedRow;
    fill(samples, near * stride, far * stride, width, out);
  };
}

function repeatRow(samples: Uint8Array, near: number, across: number, out: Uint8Array): void {
  for (let x = 0; x < out.length; x++) out[x] = samples[near + Math.floor(x / across)] as number;
}

/** Three parts of the nearer row, one of the other. */
const blendUpper: RowFiller = (samples, near, far, width, out) => blendRow(samples, near, far, width, out, 1);
const blendLower: RowFiller = (samples, near, far, width, out) => blendRow(samples, near, far, width, out, 2);

function blendRow(samples: Uint8Array, near: number, far: number, width: number, out: Uint8Array, bias: number): void {
  for (let x = 0; x < width; x++) {
    out[x] = (3 * (samples[near + x] as number) + (samples[far + x] as number) + bias) >> 2;
  }
}

/** Three parts of the nearer sample, one of the other neighbour; halves are rounded down and up by turns. */
const spreadRow: RowFiller = (samples, near, _far, width, out) => {
  let here = samples[near] as number;
  // An edge is its own neighbour: (3 x + x + 1) >> 2 is x.
  let before = here;
  for (let i = 0; i < width; i++) {
    const after = i === width - 1 ? here : (samples[near + i + 1] as number);
    out[2 * i] = (3 * here + before + 1) >> 2;
    out[2 * i + 1] = (3 * here + after + 2) >> 2;
    before = here;
    here = after;
  }
};

/** Both directions at once. */
const spreadBlendedRow: RowFiller = (samples, near, far, width, out) => {
  let here = 3 * (samples[near] as number) + (samples[far] as number);
  let before = here;
  for (let i = 0; i < width; i++) {
    const after = i === width - 1 ? here : 3 * (samples[near + i + 1] as number) + (samples[far + i + 1] as number);
    out[2 * i] = (3 * here + before + 8) >> 4;
    out[2 * i + 1] = (3 * here + after + 7) >> 4;
    before = here;
    here = after;
  }
};
