// Colour arithmetic on image batches `[N, C, H, W]` of floats in [0, 1], as torchvision's functions of the same names.
import { cat, maximum, pad, type Tensor, where, zeros } from "../tensor/index.js";

/** A number, or one a sample `[N, 1, 1, 1]`. */
export type Factor = number | Tensor;

const LEVELS = 256;

const clamped = (x: Tensor): Tensor => x.clamp(0, 1);

/** factor · images + (1 - factor) · other, in [0, 1]. */
export function blend(images: Tensor, other: Tensor, factor: Factor): Tensor {
  return clamped(other.add(images.sub(other).mul(factor)));
}

/** Weighted sum of red, green and blue (ITU-R 601), `[N, 1, H, W]`; a grey image stays. */
export function rgbToGrayscale(images: Tensor): Tensor {
  if (images.shape[1] === 1) return images;
  const [r, g, b] = images.split(1, 1) as [Tensor, Tensor, Tensor];
  return r.mul(0.2989).add(g.mul(0.587)).add(b.mul(0.114));
}

/** Every value times `factor`, limited to [0, 1]: 0 is black, 1 changes nothing. */
export function adjustBrightness(images: Tensor, factor: Factor): Tensor {
  return clamped(images.mul(factor));
}

/** Blends with the grey image: `factor` 0 is grey, 1 changes nothing, 2 doubles the saturation. */
export function adjustSaturation(images: Tensor, factor: Factor): Tensor {
  return images.shape[1] === 1 ? images : blend(images, rgbToGrayscale(images), factor);
}

/** Blends with the mean grey: `factor` 0 is one grey, 1 changes nothing, 2 doubles the contrast. */
export function adjustContrast(images: Tensor, factor: Factor): Tensor {
  return blend(images, rgbToGrayscale(images).mean([1, 2, 3], { keepdim: true }), factor);
}

/** Turns the hue by `factor`, in turns from -0.5 to 0.5. */
export function adjustHue(images: Tensor, factor: Factor): Tensor {
  if (images.shape[1] === 1) return images;
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
  const p = clamped(value.mul(saturation.neg().add(1)));
  const q = clamped(value.mul(saturation.mul(f).neg().add(1)));
  const t = clamped(value.mul(saturation.mul(f.neg().add(1)).neg().add(1)));
  const i = sector.remainder(6);
  const choose = (values: readonly Tensor[]) =>
    values.slice(1).reduce((chosen, x, k) => where(i.eq(k + 1), x, chosen), values[0] as Tensor);
  const v = value;
  return cat([choose([v, q, p, p, t, v]), choose([t, v, v, q, p, p]), choose([p, p, t, v, v, q])], 1);
}

/** 1 - x of every value. */
export function invert(images: Tensor): Tensor {
  return images.neg().add(1);
}

/** Inverts what is at least `threshold`. */
export function solarize(images: Tensor, threshold: Factor): Tensor {
  return where(images.ge(threshold), invert(images), images);
}

/** Keeps the upper `bits` bits of each value. */
export function posterize(images: Tensor, bits: Factor): Tensor {
  const levels = typeof bits === "number" ? 2 ** bits : bits.exp2();
  const steps = images.mul(levels).floor().clamp({ min: 0 });
  return (typeof levels === "number" ? steps.clamp({ max: levels - 1 }) : steps.minimum(levels.sub(1))).div(levels);
}

/** Stretches each channel of each sample to [0, 1]; constant ones stay. */
export function autocontrast(images: Tensor): Tensor {
  const [low, high] = [images.amin([2, 3], { keepdim: true }), images.amax([2, 3], { keepdim: true })];
  const isFlat = high.eq(low);
  return clamped(images.sub(where(isFlat, 0, low)).div(where(isFlat, 1, high.sub(low))));
}

/** A mean over 3×3 with the middle weighted 5, where it fits; borders stay. */
export function smoothed(images: Tensor): Tensor {
  const [, , height = 0, width = 0] = images.shape;
  if (height <= 2 || width <= 2) return images;
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

/** Blends with a smoothed image: `factor` 0 is smooth, 1 changes nothing, 2 doubles the sharpness. */
export function adjustSharpness(images: Tensor, factor: Factor): Tensor {
  return blend(images, smoothed(images), factor);
}

/** Makes the histogram of each channel of each sample, over 256 levels, even. */
export function equalize(images: Tensor): Tensor {
  const [count = 0, channels = 0, height = 0, width = 0] = images.shape;
  const levels = images
    .mul(255.999)
    .floor()
    .clamp(0, 255)
    .to("int64")
    .reshape([count * channels, height * width]);
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
  return where(step.eq(0), levels.to("float32"), mapped).div(255).reshape(images.shape);
}

/** A Gaussian of `size` pixels (odd) and deviation `sigma` in each direction; the image is mirrored at its borders. */
export function gaussianBlur(images: Tensor, size: readonly [number, number], sigma: Factor): Tensor {
  const [x, y] = size;
  return blurAlong(blurAlong(images, 3, x, sigma), 2, y, sigma);
}

function blurAlong(images: Tensor, dim: 2 | 3, size: number, sigma: Factor): Tensor {
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
