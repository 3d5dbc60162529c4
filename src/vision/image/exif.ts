// The orientation that cameras note in Exif data, and turning an image upright by it. Specification: Exif 2.32 (CIPA DC-008).
import type { Tensor } from "../../tensor/index.js";

const ORIENTATION = 0x0112;

/** The orientation (1 to 8) in a block of Exif data (a TIFF file); 1 if there is none, or the block is damaged. */
export function exifOrientation(tiff: Uint8Array): number {
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  const order = tiff.length >= 8 ? String.fromCharCode(tiff[0] as number, tiff[1] as number) : "";
  if (order !== "II" && order !== "MM") return 1;
  const isLittle = order === "II";
  const directory = view.getUint32(4, isLittle);
  if (directory + 2 > tiff.length) return 1;
  const count = view.getUint16(directory, isLittle);
  for (let i = 0; i < count; i++) {
    const entry = directory + 2 + 12 * i;
    if (entry + 12 > tiff.length) return 1;
    if (view.getUint16(entry, isLittle) !== ORIENTATION) continue;
    const value = view.getUint16(entry + 8, isLittle);
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

/** An image `[C, H, W]` as it is to be seen. Orientations from 5 on swap height and width. */
export function turnUpright(image: Tensor, orientation: number): Tensor {
  const turned = orientation >= 5 ? image.transpose(1, 2) : image;
  const flips: Readonly<Record<number, readonly number[]>> = { 2: [2], 3: [1, 2], 4: [1], 6: [2], 7: [1, 2], 8: [1] };
  const dims = flips[orientation];
  return dims ? turned.flip([...dims]) : turned;
}
