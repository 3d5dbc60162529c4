// Images from and to files and their bytes.
import {
  ArgumentError,
  checkOptions,
  DTypeError,
  FormatError,
  hostFiles,
  readBytes,
  ShapeError,
  unknownName,
  writeBytes,
} from "../../base/index.js";
import type { Tensor } from "../../tensor/index.js";
import { turnUpright } from "./exif.js";
import { type GridOptions, gridOptionNames, makeGrid } from "./grid.js";
import { decodeJpeg, isJpeg } from "./jpeg.js";
import { type ImageMode, imageModes, toTensor } from "./pixels.js";
import { decodePng, encodePlanes, isPng } from "./png.js";

/** Options of `decodeImage` and `readImage`. */
export interface DecodeImageOptions {
  /** Channels of the result; default "unchanged": those of the file. */
  readonly mode?: ImageMode;
  /** Turn the image as its camera noted; default false. */
  readonly applyExifOrientation?: boolean;
}

const optionNames = ["mode", "applyExifOrientation"];
/** What saves images without files. */
const instead = "use encodePng";

/**
 * Decodes a PNG or JPEG file to uint8 `[C, H, W]`; PNG files of 16 bits a sample give int32 of 0 to 65535.
 *
 * Palettes give colours. Grey of a colour PNG is 0.2989 R + 0.587 G + 0.114 B, of a JPEG file its luminance. Values are those of
 * libpng and libjpeg-turbo, and so of torchvision and PIL, bit for bit.
 * @param name - what errors call it.
 * @throws FormatError for damaged and truncated files and other kinds of images.
 * @example decodeImage(new Uint8Array(await response.arrayBuffer()), { mode: "rgb" })
 */
export function decodeImage(bytes: Uint8Array, options: DecodeImageOptions = {}, name = "the image"): Tensor {
  checkOptions("decodeImage", options, optionNames);
  const { mode = "unchanged", applyExifOrientation = false } = options;
  if (!imageModes.includes(mode)) throw unknownName("decodeImage", "mode", String(mode), imageModes);
  const pixels = isPng(bytes)
    ? decodePng(bytes, name)
    : isJpeg(bytes)
      ? decodeJpeg(bytes, name, mode === "gray" || mode === "grayAlpha")
      : null;
  if (!pixels) {
    const start = Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    throw new FormatError(
      `decodeImage: ${name} is neither a PNG nor a JPEG file: it begins with ${start || "nothing"}`,
      {
        op: "decodeImage",
      },
    );
  }
  const image = toTensor(pixels, mode);
  return applyExifOrientation ? turnUpright(image, pixels.orientation) : image;
}

/** As `readImage`, at once: for `get` of data sets. */
export function readImageSync(file: string, options?: DecodeImageOptions): Tensor {
  return decodeImage(readBytes("readImage", file, "use decodeImage"), options, file);
}

/**
 * Reads a PNG or JPEG file: see `decodeImage`.
 * @throws FormatError if it is missing or damaged; it names the file.
 */
export async function readImage(file: string, options?: DecodeImageOptions): Promise<Tensor> {
  return readImageSync(file, options);
}

/**
 * The bytes of a PNG file. @param image - uint8 `[C, H, W]`: grey, grey and alpha, RGB, RGB and alpha.
 * @throws DTypeError unless uint8; ShapeError for other shapes.
 */
export function encodePng(image: Tensor): Uint8Array {
  const [channels = 0, height = 0, width = 0] = image.shape;
  if (image.shape.length !== 3 || channels < 1 || channels > 4 || height * width === 0) {
    throw new ShapeError(`encodePng: the image must be [C,H,W] with 1 to 4 channels, got [${image.shape.join(",")}]`, {
      op: "encodePng",
      shapes: [image.shape],
    });
  }
  if (image.dtype !== "uint8") {
    throw new DTypeError(
      `encodePng: the image must be uint8, got ${image.dtype}; saveImage takes values from 0 to 1, or multiply by 255`,
      { op: "encodePng" },
    );
  }
  return encodePlanes(image.toTypedArray() as Uint8Array, channels, height, width);
}

/**
 * Saves an image or a grid of images with values from 0 to 1 as a PNG file: see `makeGrid`. An older file is replaced as a whole.
 * @param images - `[N, C, H, W]`, `[C, H, W]`, `[H, W]` or a list of images.
 * @throws ArgumentError for other names than *.png; FormatError if the file cannot be written.
 * @example await saveImage(model(noise), "samples.png", { nrow: 4, normalize: true })
 */
export async function saveImage(
  images: Tensor | readonly Tensor[],
  file: string,
  options: GridOptions = {},
): Promise<void> {
  checkOptions("saveImage", options, gridOptionNames);
  if (!/\.png$/i.test(file)) {
    throw new ArgumentError(`saveImage: writes PNG files; ${file} should end in .png`, { op: "saveImage" });
  }
  hostFiles("saveImage", instead);
  // Rounded to the nearest, as torchvision does.
  const bytes = encodePng(makeGrid(images, options).mul(255).add(0.5).clamp(0, 255).to("uint8"));
  writeBytes("saveImage", file, bytes, instead);
}
