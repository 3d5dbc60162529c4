// Decoded pixels on their way to a tensor: interleaved samples of 1 to 4 channels, and conversions between numbers of channels.
import { type Tensor, tensor } from "../../tensor/index.js";

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

export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** 1: grey, 2: grey and alpha, 3: RGB, 4: RGB and alpha. */
  readonly channels: number;
  /** Of all samples: 255 or 65535. */
  readonly largest: number;
  readonly samples: ArrayLike<number>;
  /** How colours become grey. */
  readonly grey: GreyWeights;
  readonly orientation: number;
}

/** Of colours without a hue it is the value itself: weights that are rounded down would darken white. */
function greyOf(r: number, g: number, b: number, { red, green, blue, rounding, shift }: GreyWeights): number {
  return r === g && r === b ? r : (red * r + green * g + blue * b + rounding) >>> shift;
}

/** `[C, H, W]` in the channels of a mode: uint8, or int32 for samples of 16 bits. */
export function toTensor(pixels: Pixels, mode: ImageMode): Tensor {
  const { width, height, channels: from, samples, largest, grey } = pixels;
  const to = mode === "unchanged" ? from : channelsOf[mode];
  const size = width * height;
  const out = largest > 255 ? new Int32Array(to * size) : new Uint8Array(to * size);
  const hasAlpha = from % 2 === 0;
  for (let i = 0; i < size; i++) {
    const at = i * from;
    const first = samples[at] as number;
    if (to >= 3) {
      out[i] = first;
      out[size + i] = from >= 3 ? (samples[at + 1] as number) : first;
      out[2 * size + i] = from >= 3 ? (samples[at + 2] as number) : first;
    } else {
      out[i] = from >= 3 ? greyOf(first, samples[at + 1] as number, samples[at + 2] as number, grey) : first;
    }
    if (to % 2 === 0) out[(to - 1) * size + i] = hasAlpha ? (samples[at + from - 1] as number) : largest;
  }
  return tensor(out).reshape([to, height, width]);
}
