// Reading pixels of image batches by computed positions.
import { arange, type Tensor, tensor, where } from "../tensor/index.js";

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

/** As `gatherPixels`, but positions outside the image give `fill`, a number or one a channel. */
export function gatherOrFill(images: Tensor, rows: Tensor, columns: Tensor, fill: number | readonly number[]): Tensor {
  const [, , height, width] = images.shape as readonly [number, number, number, number];
  const isInside = rows.ge(0).logicalAnd(rows.lt(height)).logicalAnd(columns.ge(0)).logicalAnd(columns.lt(width));
  const pixels = gatherPixels(images, rows.clamp(0, height - 1), columns.clamp(0, width - 1));
  return where(
    isInside,
    pixels,
    typeof fill === "number"
      ? fill
      : tensor([...fill])
          .to(images.dtype)
          .view(-1, 1, 1),
  );
}
