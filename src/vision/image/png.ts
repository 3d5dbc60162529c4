// PNG files, by pngjs. Specification: W3C PNG, third edition.
import { PNG } from "#pngjs";
import { FormatError } from "../../base/index.js";
import { exifOrientation } from "./exif.js";
import { deepPlanesOf, type Pixels, type Planes, planesOf } from "./pixels.js";

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** Where the header says bits a sample and colour type: it always comes first. */
const DEPTH_AT = 24;
const COLOR_TYPE_AT = 25;
const PALETTE = 3;
/** Channels by colour type. */
const channelsOf: Readonly<Record<number, number>> = { 0: 1, 2: 3, 4: 2, 6: 4 };

/** libpng's png_set_rgb_to_gray for 0.2989 and 0.587, as torchvision calls it; samples of 8 bits are not rounded there. */
const grey = { red: 9794, green: 19234, blue: 3740, shift: 15 };

/** pngjs wants a Buffer, which hosts other than Node lack; it brings one. */
function bufferOf(bytes: Uint8Array): Buffer {
  const type = new PNG({ width: 1, height: 1 }).data.constructor as typeof Buffer;
  return type.from(bytes);
}

export function isPng(bytes: Uint8Array): boolean {
  return signature.every((byte, i) => bytes[i] === byte);
}

/** The content of the first chunk of a type. */
function chunk(bytes: Uint8Array, type: string): Uint8Array | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = signature.length; at + 8 <= bytes.length; ) {
    const length = view.getUint32(at);
    if (String.fromCharCode(...bytes.subarray(at + 4, at + 8)) === type) return bytes.subarray(at + 8, at + 8 + length);
    at += 12 + length;
  }
  return null;
}

/**
 * Decodes a PNG file of any kind; palettes give colours, with alpha where they have transparent ones.
 * @throws FormatError for damaged and truncated files.
 */
export function decodePng(bytes: Uint8Array, name: string): Pixels {
  const isDeep = bytes[DEPTH_AT] === 16;
  const colorType = bytes[COLOR_TYPE_AT] as number;
  const channels = colorType === PALETTE ? (chunk(bytes, "tRNS") ? 4 : 3) : (channelsOf[colorType] ?? 4);
  let image: Rgba;
  try {
    // Samples of fewer than 8 bits are brought to 255; those of 16 bits stay.
    image = PNG.sync.read(bufferOf(bytes), { skipRescale: isDeep });
  } catch (cause) {
    throw new FormatError(`decodeImage: ${name} is no PNG file that can be read: ${(cause as Error).message}`, {
      op: "decodeImage",
      cause,
    });
  }
  const exif = chunk(bytes, "eXIf");
  return {
    ...pick(image, channels, isDeep),
    largest: isDeep ? 65535 : 255,
    grey: { ...grey, rounding: isDeep ? 1 << 14 : 0 },
    orientation: exif ? exifOrientation(exif) : 1,
  };
}

interface Rgba {
  readonly width: number;
  readonly height: number;
  readonly data: ArrayLike<number>;
}

/** Of the decoder's four channels, those of the file. */
function pick({ width, height, data }: Rgba, channels: number, isDeep: boolean): Planes {
  const planes = (isDeep ? deepPlanesOf : planesOf)(channels, height, width);
  const { samples } = planes;
  const size = width * height;
  const sources = [[], [0], [0, 3], [0, 1, 2], [0, 1, 2, 3]][channels] as number[];
  sources.forEach((source, c) => {
    for (let i = 0, at = c * size; i < size; i++, at++) samples[at] = data[4 * i + source] as number;
  });
  return planes;
}

/** An 8-bit PNG file of planes `[C, H, W]`, one after the other. */
export function encodePlanes(values: Uint8Array, channels: number, height: number, width: number): Uint8Array {
  const png = new PNG({ width, height });
  const size = width * height;
  const plane = (c: number) => (channels >= 3 ? c : 0) * size;
  for (let i = 0; i < size; i++) {
    for (let c = 0; c < 3; c++) png.data[4 * i + c] = values[plane(c) + i] as number;
    png.data[4 * i + 3] = channels % 2 === 0 ? (values[(channels - 1) * size + i] as number) : 255;
  }
  const colorType = ([0, 4, 2, 6] as const)[channels - 1] as 0 | 2 | 4 | 6;
  return new Uint8Array(PNG.sync.write(png, { colorType, inputColorType: 6, bitDepth: 8 }));
}
