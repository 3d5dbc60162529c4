// Images from and to files and their bytes.
import {
  ArgumentError,
  checkOptions,
  checkText,
  DTypeError,
  FormatError,
  hostFiles,
  noMore,
  readBytes,
  ShapeError,
  shownValue,
  unknownName,
  writeBytes,
} from "../../base/index.js";
import { checkTensor, type Tensor } from "../../tensor/index.js";
import { turnUpright } from "./exif.js";
import { type GridOptions, gridOptionKinds, makeGrid } from "./grid.js";
import { decodeJpeg, isJpeg } from "./jpeg.js";
import { encodeJpegPlanes } from "./jpeg-encode.js";
import { type ImageMode, imageModes, toTensor } from "./pixels.js";
import { decodePng, encodePlanes, isPng } from "./png.js";

/** Options of `decodeImage` and `readImage`. */
export interface DecodeImageOptions {
  /** Channels of the result; default "unchanged": those of the file. */
  readonly mode?: ImageMode;
  /** Turn the image as its camera noted; default false. */
  readonly applyExifOrientation?: boolean;
}

const optionKinds = { mode: "any", applyExifOrientation: "flag" };
/** What saves images without files. */
const instead = "use encodePng";

/**
 * Decodes a PNG or JPEG file to uint8 `[C, H, W]`; PNG files of 16 bits a sample give int32 of 0 to 65535.
 *
 * Palettes give colours. Grey of a colour PNG is 0.2989 R + 0.587 G + 0.114 B, of a JPEG file its luminance. Values are those of
 * libpng and libjpeg-turbo, and so of torchvision and PIL, bit for bit. Shapes: `[C, H, W]` with C from 1 to 4.
 * @param options - `mode` (default "unchanged"), `applyExifOrientation` (default false).
 * @param name - what errors call it.
 * @throws FormatError if the file is damaged, truncated or of another kind.
 * @throws ArgumentError if the bytes are no Uint8Array.
 * @example decodeImage(new Uint8Array(await response.arrayBuffer()), { mode: "rgb" })
 */
export function decodeImage(
  bytes: Uint8Array,
  options: DecodeImageOptions = {},
  name = "the image",
  ...surplus: []
): Tensor {
  noMore("decodeImage", surplus);
  if (!(bytes instanceof Uint8Array)) {
    throw new ArgumentError(`decodeImage: takes the bytes of a file as Uint8Array, got ${shownValue(bytes)}`, {
      op: "decodeImage",
    });
  }
  checkOptions("decodeImage", options, optionKinds);
  checkText("decodeImage", "name", name);
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
 * Reads a PNG or JPEG file: see `decodeImage`. Shapes: `[C, H, W]`.
 * @throws FormatError if it is missing, damaged or of another kind; it names the file.
 * @example const cat = await readImage("cat.jpg", { mode: "rgb" }); // uint8 [3, H, W]
 */
export async function readImage(file: string, options?: DecodeImageOptions, ...surplus: []): Promise<Tensor> {
  noMore("readImage", surplus);
  return readImageSync(file, options);
}

/** Height and width of an image to encode, and its values; throws unless it is uint8 with so many channels. */
function planesOf(op: string, image: Tensor, channels: readonly number[], described: string) {
  checkTensor(op, "image", image);
  const [count = 0, height = 0, width = 0] = image.shape;
  if (image.shape.length !== 3 || !channels.includes(count) || height * width === 0) {
    throw new ShapeError(`${op}: the image must be [C,H,W] with ${described}, got [${image.shape.join(",")}]`, {
      op,
      shapes: [image.shape],
    });
  }
  if (image.dtype !== "uint8") {
    throw new DTypeError(
      `${op}: the image must be uint8, got ${image.dtype}; saveImage takes values from 0 to 1, or multiply by 255`,
      { op },
    );
  }
  return { count, height, width, values: image.toTypedArray() as Uint8Array };
}

/**
 * The bytes of a PNG file. Shapes: `[C, H, W]` with 1 to 4 channels: grey, grey and alpha, RGB, RGB and alpha.
 * @param image - uint8.
 * @throws DTypeError if the image is not uint8.
 * @throws ShapeError if it has other dims or channels, or no pixel.
 */
export function encodePng(image: Tensor, ...surplus: []): Uint8Array {
  noMore("encodePng", surplus);
  const { values, count, height, width } = planesOf("encodePng", image, [1, 2, 3, 4], "1 to 4 channels");
  return encodePlanes(values, count, height, width);
}

/** Options of `encodeJpeg` and `writeJpeg`. */
export interface JpegOptions {
  /** From 1 (smallest) to 100 (best); default 75. */
  readonly quality?: number;
}

/** T.81 keeps sizes in 16 bits. */
const LARGEST_JPEG = 65535;

/**
 * The bytes of a JPEG file, which loses detail: baseline, colours at half the resolution. Bit for bit what torchvision writes.
 * Shapes: `[C, H, W]` with 1 or 3 channels: grey or RGB.
 * @param image - uint8.
 * @throws DTypeError if the image is not uint8.
 * @throws ShapeError if it has other dims or channels, no pixel, or a side above 65535.
 * @throws ArgumentError if the quality is no integer from 1 to 100.
 * @example encodeJpeg(image.mul(255).to("uint8"), { quality: 90 }) // values from 0 to 1
 */
export function encodeJpeg(image: Tensor, options: JpegOptions = {}, ...surplus: []): Uint8Array {
  noMore("encodeJpeg", surplus);
  return jpegBytes("encodeJpeg", image, options);
}

function jpegBytes(op: string, image: Tensor, options: JpegOptions): Uint8Array {
  checkOptions(op, options, { quality: "number" });
  const { quality = 75 } = options;
  if (!Number.isInteger(quality) || quality < 1 || quality > 100) {
    throw new ArgumentError(`${op}: quality must be an integer from 1 to 100, got ${quality}`, { op });
  }
  const { values, count, height, width } = planesOf(op, image, [1, 3], "1 or 3 channels");
  if (height > LARGEST_JPEG || width > LARGEST_JPEG) {
    throw new ShapeError(`${op}: a side of a JPEG image has at most ${LARGEST_JPEG} pixels, got [${height},${width}]`, {
      op,
      shapes: [image.shape],
    });
  }
  return encodeJpegPlanes(values, count as 1 | 3, height, width, quality);
}

/**
 * Writes a JPEG file: see `encodeJpeg`. An older file is replaced as a whole. Shapes: `[C, H, W]` with 1 or 3 channels.
 * @throws DTypeError if the image is not uint8.
 * @throws ShapeError if it has other dims or channels, no pixel, or a side above 65535.
 * @throws ArgumentError if the quality is no integer from 1 to 100.
 * @throws FormatError if the file cannot be written.
 */
export async function writeJpeg(image: Tensor, file: string, options: JpegOptions = {}, ...surplus: []): Promise<void> {
  noMore("writeJpeg", surplus);
  hostFiles("writeJpeg", "use encodeJpeg");
  writeBytes("writeJpeg", file, jpegBytes("writeJpeg", image, options), "use encodeJpeg");
}

/**
 * Writes a PNG file: see `encodePng`. An older file is replaced as a whole. Shapes: `[C, H, W]` with 1 to 4 channels.
 * @throws DTypeError if the image is not uint8.
 * @throws ShapeError if it has other dims or channels, or no pixel.
 * @throws FormatError if the file cannot be written.
 */
export async function writePng(image: Tensor, file: string, ...surplus: []): Promise<void> {
  noMore("writePng", surplus);
  hostFiles("writePng", instead);
  const { values, count, height, width } = planesOf("writePng", image, [1, 2, 3, 4], "1 to 4 channels");
  writeBytes("writePng", file, encodePlanes(values, count, height, width), instead);
}

/**
 * Saves an image or a grid of images with values from 0 to 1 as a PNG or (by the name) JPEG file: see `makeGrid`. An older file is
 * replaced as a whole. Shapes: `[N, C, H, W]`, `[C, H, W]`, `[H, W]` or a list of images of one shape.
 * @throws ArgumentError if the name ends neither in .png nor in .jpg or .jpeg.
 * @throws ShapeError if the images have other dims, or the picture other channels than the file can have.
 * @throws FormatError if the file cannot be written.
 * @example await saveImage(model(noise), "samples.png", { nrow: 4, normalize: true })
 */
export async function saveImage(
  images: Tensor | readonly Tensor[],
  file: string,
  options: GridOptions = {},
  ...surplus: []
): Promise<void> {
  noMore("saveImage", surplus);
  checkOptions("saveImage", options, gridOptionKinds);
  const isPhoto = /\.jpe?g$/i.test(file);
  if (!isPhoto && !/\.png$/i.test(file)) {
    throw new ArgumentError(`saveImage: writes PNG and JPEG files; ${file} should end in .png or .jpg`, {
      op: "saveImage",
    });
  }
  hostFiles("saveImage", instead);
  // Rounded to the nearest, as torchvision does.
  const image = makeGrid(images, options).mul(255).add(0.5).clamp(0, 255).to("uint8");
  writeBytes("saveImage", file, isPhoto ? encodeJpeg(image) : encodePng(image), instead);
}
