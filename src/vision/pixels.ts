// Reading pixels of image batches by computed positions.
import { formatShape, ShapeError } from "../base/index.js";
import { arange, type Tensor, tensor, where } from "../tensor/index.js";

/** Value of new pixels: one number, or one a channel. */
export type Fill = number | readonly number[];

/**
 * A fill as an operand beside images `[N, C, H, W]`: a number, or `[C, 1, 1]`.
 * @throws ShapeError for another number of values than 1 or the images' channels.
 */
export function fillOf(op: string, images: Tensor, fill: Fill): number | Tensor {
  if (typeof fill === "number") return fill;
  const [first] = fill;
  if (fill.length === 1) return first as number;
  if (fill.length === images.shape[1])
    return tensor([...fill])
      .to(images.dtype)
      .view(-1, 1, 1);
  throw new ShapeError(
    `${op}: got ${fill.length} fill values for images of shape ${formatShape(images.shape)}; give one, or one a channel`,
    { op, shapes: [images.shape] },
  );
}

/** Batch and image sizes of `[N, C, H, W]`. */
export interface ImageSizes {
  readonly count: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** out[n, c, i, j] = images[n, c, rows[n, 0, i, j], columns[n, 0, i, j]] with broadcasting; one gather. */
export function gatherPixels(images: Tensor, rows: Tensor, columns: Tensor): Tensor {
  const [count, channels] = images.shape as readonly [number, number, number, number];
  const sample = arange(count).view(count, 1, 1, 1);
  const channel = arange(channels).view(1, channels, 1, 1);
  return images.at(sample, channel, rows, columns);
}

/** As `gatherPixels`, but positions outside the image give `fill`, a number or `[C, 1, 1]`. */
export function gatherOrFill(images: Tensor, rows: Tensor, columns: Tensor, fill: number | Tensor): Tensor {
  const [, , height, width] = images.shape as readonly [number, number, number, number];
  const isInside = rows.ge(0).logicalAnd(rows.lt(height)).logicalAnd(columns.ge(0)).logicalAnd(columns.lt(width));
  const pixels = gatherPixels(images, rows.clamp(0, height - 1), columns.clamp(0, width - 1));
  return where(isInside, pixels, fill);
}
