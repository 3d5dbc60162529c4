// Colour arithmetic on image batches `[N, C, H, W]`, as torchvision's functions of the same names: floats in [0, 1] or uint8. Bytes are
// computed in float32 and what is no whole number is cut off, as torchvision does.
import { ArgumentError, checkKind, DTypeError, isFloat, noMore } from "../base/index.js";
import { cat, maximum, pad, type Tensor, where, zeros } from "../tensor/index.js";
import { checkColors, sizesOf } from "./samples.js";

/** A number, or one a sample `[N, 1, 1, 1]`. */
export type Factor = number | Tensor;

const LEVELS = 256;

/** The largest value: 1 of floats, 255 of bytes. */
export type Bound = 1 | 255;

/** @throws DTypeError for dtypes other than floats and uint8. */
export function boundOf(name: string, images: Tensor): Bound {
  if (isFloat(images.dtype)) return 1;
  if (images.dtype === "uint8") return 255;
  throw new DTypeError(`${name}: images must be floats in [0, 1] or uint8, got ${images.dtype}`, { op: name });
}

/** Calls `compute` with floats and their bound; bytes come back as bytes, by cutting off. */
export function inColors(name: string, images: Tensor, compute: (x: Tensor, bound: Bound) => Tensor): Tensor {
  sizesOf(name, images);
  const bound = boundOf(name, images);
  return bound === 1 ? compute(images, bound) : compute(images.to("float32"), bound).to("uint8");
}

const restOf = (factor: Factor): Factor => (typeof factor === "number" ? 1 - factor : factor.neg().add(1));

/** factor · images + rest · other, in the images' range; `rest` is 1 - factor. */
export function blend(images: Tensor, other: Tensor, factor: Factor, rest = restOf(factor)): Tensor {
  return inColors("blend", images, (x, bound) => {
    const y = bound === 255 ? other.to("float32") : other;
    return x.mul(factor).add(y.mul(rest)).clamp(0, bound);
  });
}

/**
 * 0.2989 R + 0.587 G + 0.114 B (ITU-R 601); grey images stay. Shapes: `[N, 3, H, W]` or `[N, 1, H, W]` → `[N, 1, H, W]`.
 * @throws ShapeError if the images are no batch of 1 or 3 channels.
 * @throws DTypeError if they are neither floats nor uint8.
 */
export function rgbToGrayscale(images: Tensor, ...surplus: []): Tensor {
  noMore("rgbToGrayscale", surplus);
  if (checkColors("rgbToGrayscale", images).channels === 1) return images;
  return inColors("rgbToGrayscale", images, (x) => {
    const [r, g, b] = x.split(1, 1) as [Tensor, Tensor, Tensor];
    return r.mul(0.2989).add(g.mul(0.587)).add(b.mul(0.114));
  });
}

/**
 * Every value times `factor`, limited to the range: 0 is black, 1 changes nothing. Shapes: `[N, C, H, W]` → the same.
 * @param factor - a number, or one a sample `[N, 1, 1, 1]`.
 * @throws ShapeError if the images are no batch.
 * @throws DTypeError if they are neither floats nor uint8.
 */
export function adjustBrightness(images: Tensor, factor: Factor, ...surplus: []): Tensor {
  noMore("adjustBrightness", surplus);
  return inColors("adjustBrightness", images, (x, bound) => x.mul(factor).clamp(0, bound));
}

/**
 * Blends with the grey image: `factor` 0 is grey, 1 changes nothing, 2 doubles the saturation. Shapes: `[N, C, H, W]` → the same.
 * @param factor - a number, or one a sample `[N, 1, 1, 1]`.
 * @throws ShapeError if the images are no batch of 1 or 3 channels.
 * @throws DTypeError if they are neither floats nor uint8.
 */
export function adjustSaturation(images: Tensor, factor: Factor, ...surplus: []): Tensor {
  noMore("adjustSaturation", surplus);
  return checkColors("adjustSaturation", images).channels === 1
    ? images
    : blend(images, rgbToGrayscale(images), factor);
}

/**
 * Blends with the mean grey of each sample: `factor` 0 is one grey, 1 changes nothing, 2 doubles the contrast. Shapes: `[N, C, H, W]` → the same.
 * @param factor - a number, or one a sample `[N, 1, 1, 1]`.
 * @throws ShapeError if the images are no batch of 1 or 3 channels.
 * @throws DTypeError if they are neither floats nor uint8.
 */
export function adjustContrast(images: Tensor, factor: Factor, ...surplus: []): Tensor {
  noMore("adjustContrast", surplus);
  checkColors("adjustContrast", images);
  return blend(images, meanGray(images), factor);
}

/** The mean of each sample's grey values, a float. */
export function meanGray(images: Tensor): Tensor {
  const gray = rgbToGrayscale(images);
  return (gray.dtype === "uint8" ? gray.to("float32") : gray).mean([1, 2, 3], { keepdim: true });
}

/**
 * Turns the hue by `factor`, in turns from -0.5 to 0.5; grey images stay. Shapes: `[N, C, H, W]` → the same.
 * @param factor - a number, or one a sample `[N, 1, 1, 1]`.
 * @throws ShapeError if the images are no batch of 1 or 3 channels.
 * @throws DTypeError if they are neither floats nor uint8.
 */
export function adjustHue(images: Tensor, factor: Factor, ...surplus: []): Tensor {
  noMore("adjustHue", surplus);
  if (checkColors("adjustHue", images).channels === 1) return images;
  return inColors("adjustHue", images, (x, bound) =>
    bound === 1 ? turnHue(x, factor) : turnHue(x.div(bound), factor).mul(255.999),
  );
}

function turnHue(images: Tensor, factor: Factor): Tensor {
  const [r, g, b] = images.split(1, 1) as [Tensor, Tensor, Tensor];
  const [largest, smallest] = [images.amax(1, { keepdim: true }), images.amin(1, { keepdim: true })];
  const isGray = largest.eq(smallest);
  const range = largest.sub(smallest);
  const saturation = range.div(where(isGray, 1, largest));
  const divisor = where(isGray, 1, range);
  const [rc, gc, bc] = [r, g, b].map((c) => largest.sub(c).div(divisor)) as [Tensor, Tensor, Tensor];
  const isRed = largest.eq(r);
  const isGreen = largest.eq(g);
  const sector = where(isRed, bc.sub(gc), where(isGreen, rc.add(2).sub(bc), gc.add(4).sub(rc)));
  const hue = sector.div(6).add(1).remainder(1).add(factor).remainder(1);
  return hsvToRgb(hue, saturation, largest);
}

function hsvToRgb(hue: Tensor, saturation: Tensor, value: Tensor): Tensor {
  const h6 = hue.mul(6);
  const sector = h6.floor();
  const f = h6.sub(sector);
  const p = value.mul(saturation.neg().add(1)).clamp(0, 1);
  const q = value.mul(saturation.mul(f).neg().add(1)).clamp(0, 1);
  const t = value.mul(saturation.mul(f.neg().add(1)).neg().add(1)).clamp(0, 1);
  const i = sector.remainder(6);
  const choose = (values: readonly Tensor[]) =>
    values.slice(1).reduce((chosen, x, k) => where(i.eq(k + 1), x, chosen), values[0] as Tensor);
  const v = value;
  return cat([choose([v, q, p, p, t, v]), choose([t, v, v, q, p, p]), choose([p, p, t, v, v, q])], 1);
}

/**
 * 1 - x of every value, of bytes 255 - x. Shapes: `[N, C, H, W]` → the same.
 * @throws ShapeError if the images are no batch.
 * @throws DTypeError if they are neither floats nor uint8.
 */
export function invert(images: Tensor, ...surplus: []): Tensor {
  noMore("invert", surplus);
  return inColors("invert", images, (x, bound) => x.neg().add(bound));
}

/**
 * Inverts what is at least `threshold`. Shapes: `[N, C, H, W]` → the same.
 * @param threshold - a number, or one a sample `[N, 1, 1, 1]`; of bytes up to 255.
 * @throws ShapeError if the images are no batch.
 * @throws DTypeError if they are neither floats nor uint8.
 */
export function solarize(images: Tensor, threshold: Factor, ...surplus: []): Tensor {
  noMore("solarize", surplus);
  return where(images.ge(threshold), invert(images), images);
}

/**
 * Keeps the upper `bits` bits of each value. Shapes: `[N, C, H, W]` → the same.
 * @param bits - from 0 to 8, or one a sample `[N, 1, 1, 1]`.
 * @throws ShapeError if the images are no batch.
 * @throws DTypeError if they are neither floats nor uint8.
 */
export function posterize(images: Tensor, bits: Factor, ...surplus: []): Tensor {
  noMore("posterize", surplus);
  // Rounded: a power of two must be one.
  const levels = typeof bits === "number" ? 2 ** bits : bits.exp2().round();
  return inColors("posterize", images, (x, bound) => {
    if (bound === 255) return x.mul(levels).div(LEVELS).floor().div(levels).mul(LEVELS);
    const steps = x.mul(levels).floor().clamp({ min: 0 });
    return (typeof levels === "number" ? steps.clamp({ max: levels - 1 }) : steps.minimum(levels.sub(1))).div(levels);
  });
}

/**
 * Stretches each channel of each sample to the whole range; constant ones stay. Shapes: `[N, C, H, W]` → the same.
 * @throws ShapeError if the images are no batch.
 * @throws DTypeError if they are neither floats nor uint8.
 */
export function autocontrast(images: Tensor, ...surplus: []): Tensor {
  noMore("autocontrast", surplus);
  return inColors("autocontrast", images, (x, bound) => {
    const [low, high] = [x.amin([2, 3], { keepdim: true }), x.amax([2, 3], { keepdim: true })];
    const isFlat = high.eq(low);
    const scale = where(isFlat, 1, high.sub(low).mul(1 / bound));
    return x
      .sub(where(isFlat, 0, low))
      .div(scale)
      .clamp(0, bound);
  });
}

/** A mean over 3×3 with the middle weighted 5, where it fits; borders stay. */
export function smoothed(images: Tensor): Tensor {
  const [, , height = 0, width = 0] = images.shape;
  if (height <= 2 || width <= 2) return images;
  return inColors("smoothed", images, (x, bound) => (bound === 1 ? smooth(x) : smooth(x).round()));
}

function smooth(images: Tensor): Tensor {
  const [, , height = 0, width = 0] = images.shape;
  let sum = images
    .narrow(2, 1, height - 2)
    .narrow(3, 1, width - 2)
    .mul(4);
  for (const dy of [0, 1, 2]) {
    for (const dx of [0, 1, 2]) sum = sum.add(images.narrow(2, dy, height - 2).narrow(3, dx, width - 2));
  }
  const inside = pad(sum.div(13), [1, 1, 1, 1]);
  const isInside = pad(sum.mul(0).add(1), [1, 1, 1, 1]).ne(0);
  return where(isInside, inside, images);
}

/**
 * Blends with a smoothed image: `factor` 0 is smooth, 1 changes nothing, 2 doubles the sharpness. Shapes: `[N, C, H, W]` → the same.
 * @param factor - a number, or one a sample `[N, 1, 1, 1]`.
 * @throws ShapeError if the images are no batch.
 * @throws DTypeError if they are neither floats nor uint8.
 */
export function adjustSharpness(images: Tensor, factor: Factor, ...surplus: []): Tensor {
  noMore("adjustSharpness", surplus);
  return sharpen(images, restOf(factor));
}

/** images + rest · (smooth - images): as `blend`, rounded as torchvision rounds it. */
export function sharpen(images: Tensor, rest: Factor): Tensor {
  return inColors("adjustSharpness", images, (x, bound) => {
    const smooth = smoothed(images);
    return x.add((bound === 255 ? smooth.to("float32") : smooth).sub(x).mul(rest)).clamp(0, bound);
  });
}

/**
 * Makes the histogram of each channel of each sample, over 256 levels, even. Shapes: `[N, C, H, W]` → the same.
 * @throws ShapeError if the images are no batch.
 * @throws DTypeError if they are neither floats nor uint8.
 */
export function equalize(images: Tensor, ...surplus: []): Tensor {
  noMore("equalize", surplus);
  const { count, channels, height, width } = sizesOf("equalize", images);
  const bound = boundOf("equalize", images);
  const bytes = bound === 255 ? images : images.mul(255.999).floor().clamp(0, 255);
  const levels = bytes.to("int64").reshape([count * channels, height * width]);
  const ones = levels.mul(0).add(1).to("float32");
  const histogram = zeros([count * channels, LEVELS]).scatterAdd(1, levels, ones);
  const cumulative = histogram.cumsum(1);
  // Pixels below the highest level that occurs, in 255 steps.
  const last = where(cumulative.lt(height * width), cumulative, 0).amax(1, { keepdim: true });
  const step = last.div(255).floor();
  const table = cumulative
    .sub(histogram)
    .add(step.div(2).floor())
    .div(maximum(step, step.mul(0).add(1)))
    .floor()
    .clamp(0, 255);
  const mapped = table.gather(1, levels);
  const even = where(step.eq(0), levels.to("float32"), mapped).reshape(images.shape);
  return bound === 255 ? even.to("uint8") : even.div(255);
}

/**
 * Convolves with a Gaussian of `size` pixels (x, y) and deviation `sigma` in each direction; images are mirrored at their borders.
 * Shapes: `[N, C, H, W]` → the same.
 * @param sigma - above 0: a number, or one a sample `[N, 1, 1, 1]`.
 * @throws ArgumentError if a size is not odd and positive, or `sigma` not above 0.
 * @throws ShapeError if the images are no batch, or smaller than half the kernel.
 * @throws DTypeError if they are neither floats nor uint8.
 */
export function gaussianBlur(images: Tensor, size: readonly [number, number], sigma: Factor, ...surplus: []): Tensor {
  noMore("gaussianBlur", surplus);
  kernelSizes("gaussianBlur", size);
  if (typeof sigma === "number") checkDeviation("gaussianBlur", sigma);
  const [x, y] = size;
  return inColors("gaussianBlur", images, (values, bound) => {
    const blurred = blurAlong(blurAlong(values, 3, x, sigma), 2, y, sigma);
    return bound === 1 ? blurred : blurred.round();
  });
}

/** The two sizes of a kernel given as one or as two. Throws unless they are odd. */
export function kernelSizes(op: string, size: number | readonly number[]): readonly [number, number] {
  checkKind(op, "kernelSize", size, "number | numbers");
  const sizes = typeof size === "number" ? [size, size] : size;
  if (sizes.length === 2 && sizes.every((n) => Number.isInteger(n) && n > 0 && n % 2 === 1))
    return sizes as [number, number];
  throw new ArgumentError(`${op}: kernelSize must be odd and positive, got ${JSON.stringify(size)}`, { op });
}

/** Throws unless a Gaussian's deviation is positive. */
export function checkDeviation(op: string, sigma: number): void {
  if (sigma > 0) return;
  throw new ArgumentError(`${op}: sigma must be above 0, got ${sigma}`, { op });
}

/** Blurs along one dim by a Gaussian of `size` pixels (odd), mirrored at the borders. */
export function blurAlong(images: Tensor, dim: 2 | 3, size: number, sigma: Factor): Tensor {
  const half = (size - 1) / 2;
  const length = images.shape[dim] as number;
  const padded = pad(images, dim === 3 ? [half, half, 0, 0] : [0, 0, half, half], { mode: "reflect" });
  const shifted = Array.from({ length: size }, (_, i) => padded.narrow(dim, i, length));
  if (typeof sigma === "number") {
    const weights = shifted.map((_, i) => Math.exp(-0.5 * ((i - half) / sigma) ** 2));
    const total = weights.reduce((a, b) => a + b, 0);
    return shifted.map((x, i) => x.mul((weights[i] as number) / total)).reduce((a, b) => a.add(b));
  }
  const weights = shifted.map((_, i) =>
    sigma
      .reciprocal()
      .mul(i - half)
      .square()
      .mul(-0.5)
      .exp(),
  );
  const total = weights.reduce((a, b) => a.add(b));
  return shifted.map((x, i) => x.mul((weights[i] as Tensor).div(total))).reduce((a, b) => a.add(b));
}
