// One step of automatic augmentation: each sample gets one of fourteen operations. All samples go through the same arithmetic
// (one gather for the geometric operations, one blend for those towards a degenerate image), so that a batch is one program
// whatever was drawn.
import { type Tensor, tensor, where } from "../tensor/index.js";
import {
  autocontrast,
  blend,
  boundOf,
  equalize,
  invert,
  meanGray,
  posterize,
  rgbToGrayscale,
  sharpen,
  solarize,
} from "./color.js";
import type { Fill } from "./pixels.js";
import { checkColors } from "./samples.js";
import { columnsOf, sampleAffine } from "./warp.js";

export const operations = [
  "Identity",
  "ShearX",
  "ShearY",
  "TranslateX",
  "TranslateY",
  "Rotate",
  "Brightness",
  "Color",
  "Contrast",
  "Sharpness",
  "Posterize",
  "Solarize",
  "AutoContrast",
  "Equalize",
  "Invert",
] as const;

export type Operation = (typeof operations)[number];

/** What one sample gets. */
export interface Drawn {
  readonly operation: Operation;
  /** Shear as a tangent, translation in pixels, angle in degrees, factor - 1, bits, threshold as a share of the range. */
  readonly magnitude: number;
}

export interface AugmentOptions {
  /** Default "nearest". */
  readonly interpolation?: "nearest" | "bilinear";
  /** Value of pixels from outside the image, one or one a channel; default null, which is 0. */
  readonly fill?: Fill | null;
}

/** Applies to each sample the operation drawn for it. */
export function augment(name: string, images: Tensor, drawn: readonly Drawn[], options: AugmentOptions): Tensor {
  const { height, width, channels } = checkColors(name, images);
  const moved = sampleAffine(images, columnsOf(drawn.map((d) => inverse(d, height, width))), options);
  const code = columnOf(drawn, ({ operation }) => operations.indexOf(operation));
  const is = (operation: Operation) => code.eq(operations.indexOf(operation));
  const magnitude = columnOf(drawn, (d) => d.magnitude);
  const bound = boundOf(name, images);
  const gray = rgbToGrayscale(moved);
  const zero = moved.mul(0);
  const means = zero.add(meanGray(moved));
  // Towards black, grey or the mean; the others blend with themselves.
  const towardsGray = channels === 1 ? moved : zero.add(gray);
  const other = [
    ["Brightness", zero],
    ["Color", towardsGray],
    ["Contrast", means],
  ] as const;
  const degenerate = other.reduce<Tensor>((x, [operation, value]) => where(is(operation), value, x), moved);
  const blends = other.map(([operation]) => is(operation)).reduce((a, b) => a.logicalOr(b));
  // In float64 first: 1 + m and -m are not each other's complements in float32.
  const factor = columnOf(drawn, (d) => 1 + d.magnitude);
  const rest = columnOf(drawn, (d) => 1 - (1 + d.magnitude));
  const blended = where(blends, blend(moved, degenerate, factor, rest), moved);
  const others: readonly (readonly [Operation, Tensor])[] = [
    ["Sharpness", sharpen(blended, where(is("Sharpness"), rest, 0))],
    ["Posterize", posterize(blended, where(is("Posterize"), magnitude, 8))],
    ["Solarize", solarize(blended, magnitude.mul(bound))],
    ["AutoContrast", autocontrast(blended)],
    ["Equalize", equalize(blended)],
    ["Invert", invert(blended)],
  ];
  return others.reduce((x, [operation, value]) => where(is(operation), value, x), blended);
}

function columnOf(drawn: readonly Drawn[], value: (drawn: Drawn) => number): Tensor {
  return tensor(Float32Array.from(drawn, value)).view(drawn.length, 1, 1, 1);
}

/** From output to input positions about the centre; the identity for operations on colours. */
function inverse({ operation, magnitude: m }: Drawn, height: number, width: number): readonly number[] {
  switch (operation) {
    // As Pillow has it, a shear keeps the upper left corner: its position about the centre moves.
    case "ShearX":
      return [1, m, (m * height) / 2, 0, 1, 0];
    case "ShearY":
      return [1, 0, 0, m, 1, (m * width) / 2];
    case "TranslateX":
      return [1, 0, -Math.trunc(m), 0, 1, 0];
    case "TranslateY":
      return [1, 0, 0, 0, 1, -Math.trunc(m)];
    case "Rotate": {
      const [sin, cos] = [Math.sin((m * Math.PI) / 180), Math.cos((m * Math.PI) / 180)];
      return [cos, -sin, 0, sin, cos, 0];
    }
    default:
      return [1, 0, 0, 0, 1, 0];
  }
}
