// Decoded pixels on their way to a tensor: planes of 1 to 4 channels, and conversions between numbers of channels.
import { type Tensor, unwritten } from "../../tensor/index.js";

/** What the channels of an image are to be. `"unchanged"`: what the file has. */
export type ImageMode = "unchanged" | "gray" | "grayAlpha" | "rgb" | "rgbAlpha";
export const imageModes: readonly ImageMode[] = ["unchanged", "gray", "grayAlpha", "rgb", "rgbAlpha"];

/** Channels by mode; grey ones are fewer than 3, alpha is the last of an even number. */
const channelsOf: Record<Exclude<ImageMode, "unchanged">, number> = { gray: 1, grayAlpha: 2, rgb: 3, rgbAlpha: 4 };

/** (red r + green g + blue b + rounding) / 2^shift, in integers. */
export interface GreyWeights {
  readonly red: number;
  readonly green: number;
  readonly blue: number;
  readonly rounding: number;
  readonly shift: number;
}

/** Planes of an image, and their values to be written. */
export interface Planes<T extends Uint8Array | Int32Array = Uint8Array | Int32Array> {
  /** `[C, H, W]`; C is 1: grey, 2: grey and alpha, 3: RGB, 4: RGB and alpha. */
  readonly image: Tensor;
  /** The image's own memory. */
  readonly samples: T;
}

export interface Pixels extends Planes {
  /** Of all samples: 255 or 65535. */
  readonly largest: number;
  /** How colours become grey. */
  readonly grey: GreyWeights;
  readonly orientation: number;
}

/** Planes that are not written yet. */
export function planesOf(channels: number, height: number, width: number): Planes<Uint8Array> {
  const { tensor: image, values: samples } = unwritten<Uint8Array>("uint8", [channels, height, width]);
  return { image, samples };
}

/** As `planesOf`, for samples of 16 bits. */
export function deepPlanesOf(channels: number, height: number, width: number): Planes<Int32Array> {
  const { tensor: image, values: samples } = unwritten<Int32Array>("int32", [channels, height, width]);
  return { image, samples };
}

/** Of colours without a hue it is the value itself: weights that are rounded down would darken white. */
function greyOf(r: number, g: number, b: number, { red, green, blue, rounding, shift }: GreyWeights): number {
  return r === g && r === b ? r : (red * r + green * g + blue * b + rounding) >>> shift;
}

/** `[C, H, W]` in the channels of a mode: uint8, or int32 for samples of 16 bits. */
export function toTensor({ image, samples, largest, grey }: Pixels, mode: ImageMode): Tensor {
  const [from, height, width] = image.shape as readonly [number, number, number];
  const to = mode === "unchanged" ? from : channelsOf[mode];
  if (to === from) return image;
  const size = width * height;
  const { image: result, samples: out } = (largest > 255 ? deepPlanesOf : planesOf)(to, height, width);
  const plane = (c: number) => samples.subarray(c * size, (c + 1) * size);
  if (to >= 3) {
    for (let c = 0; c < 3; c++) out.set(plane(from >= 3 ? c : 0), c * size);
  } else if (from < 3) {
    out.set(plane(0));
  } else {
    const [r, g, b] = [plane(0), plane(1), plane(2)];
    for (let i = 0; i < size; i++) out[i] = greyOf(r[i] as number, g[i] as number, b[i] as number, grey);
  }
  if (to % 2 === 0) {
    const at = (to - 1) * size;
    if (from % 2 === 0) out.set(plane(from - 1), at);
    else out.fill(largest, at);
  }
  return result;
}
