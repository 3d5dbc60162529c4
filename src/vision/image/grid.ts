// Many images in one.
import { ArgumentError, checkOptions, noMore, ShapeError } from "../../base/index.js";
import { checkTensor, full, pad, stack, type Tensor } from "../../tensor/index.js";

/** Options of `makeGrid`. */
export interface GridOptions {
  /** Images a row; default 8. */
  readonly nrow?: number;
  /** Pixels between and around images; default 2. */
  readonly padding?: number;
  /** Bring values to [0, 1]; default false. */
  readonly normalize?: boolean;
  /** With `normalize`, what becomes 0 and 1; default the least and the largest value. */
  readonly valueRange?: readonly [low: number, high: number];
  /** With `normalize`, each image by its own values; default false. */
  readonly scaleEach?: boolean;
  /** Value between images; default 0. */
  readonly padValue?: number;
}

export const gridOptionKinds = {
  nrow: "number",
  padding: "number",
  normalize: "flag",
  valueRange: "pair | null",
  scaleEach: "flag",
  padValue: "number",
};

/** Below this, a range of values is taken as this: torchvision's make_grid. */
const LEAST_RANGE = 1e-5;

/**
 * Lays images out in rows, grey ones with three channels. A single image comes back without a frame, as in torchvision.
 *
 * Shapes: `[N, C, H, W]`, `[C, H, W]`, `[H, W]` or a list of images of one shape →
 * `[C, ⌈N / n⌉ (H + padding) + padding, n (W + padding) + padding]` with n = min(`nrow`, N).
 * @throws ShapeError if the images have other dims.
 * @throws ArgumentError if `nrow` is no integer >= 1, or `padding` none >= 0.
 * @example makeGrid(rand([10, 3, 28, 28]), { nrow: 5 }).shape // [3, 62, 152]
 */
export function makeGrid(images: Tensor | readonly Tensor[], options: GridOptions = {}, ...surplus: []): Tensor {
  noMore("makeGrid", surplus);
  checkOptions("makeGrid", options, gridOptionKinds);
  const { nrow = 8, padding = 2, padValue = 0 } = options;
  if (![nrow, padding].every(Number.isInteger) || nrow < 1 || padding < 0) {
    throw new ArgumentError(`makeGrid: nrow must be positive and padding not negative, got ${nrow} and ${padding}`, {
      op: "makeGrid",
    });
  }
  const all = normalized(batchOf(images), options);
  const [count, channels, height, width] = all.shape as unknown as [number, number, number, number];
  if (count === 1) return all.squeeze(0);
  const columns = Math.min(nrow, count);
  const rows = Math.ceil(count / columns);
  const framed = pad(all, [padding, 0, padding, 0], { value: padValue });
  const [h, w] = [height + padding, width + padding];
  const missing = rows * columns - count;
  const filled = missing === 0 ? framed : pad(framed, [0, 0, 0, 0, 0, 0, 0, missing], { value: padValue });
  const laid = filled
    .reshape([rows, columns, channels, h, w])
    .permute([2, 0, 3, 1, 4]) // [C, rows, h, columns, w]
    .reshape([channels, rows * h, columns * w]);
  return pad(laid, [0, padding, 0, padding], { value: padValue });
}

/** `[N, C, H, W]` with at least three channels. */
function batchOf(images: Tensor | readonly Tensor[]): Tensor {
  for (const x of Array.isArray(images) ? images : [images]) checkTensor("makeGrid", "images", x);
  let x = Array.isArray(images) ? stack(images as Tensor[]) : (images as Tensor);
  if (x.shape.length === 2) x = x.unsqueeze(0);
  if (x.shape.length === 3) x = x.unsqueeze(0);
  if (x.shape.length !== 4) {
    throw new ShapeError(`makeGrid: images must be [N,C,H,W], [C,H,W] or [H,W], got [${x.shape.join(",")}]`, {
      op: "makeGrid",
      shapes: [x.shape],
    });
  }
  const [n, channels, h, w] = x.shape as unknown as [number, number, number, number];
  return channels === 1 ? x.expand([n, 3, h, w]) : x;
}

function normalized(x: Tensor, { normalize = false, valueRange, scaleEach = false }: GridOptions): Tensor {
  if (!normalize) return x;
  const flat = scaleEach ? x.flatten(1) : x.reshape([1, -1]);
  const bound = (which: 0 | 1) => {
    if (valueRange) return full([1, 1, 1, 1], valueRange[which], { dtype: x.dtype });
    return (which === 0 ? flat.amin(1) : flat.amax(1)).reshape([-1, 1, 1, 1]);
  };
  const [low, high] = [bound(0), bound(1)];
  return x.maximum(low).minimum(high).sub(low).div(high.sub(low).clamp(LEAST_RANGE));
}
