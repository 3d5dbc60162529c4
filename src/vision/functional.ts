// Image functions without chance: torchvision.transforms.v2.functional.
export {
  adjustBrightness,
  adjustContrast,
  adjustHue,
  adjustSaturation,
  adjustSharpness,
  autocontrast,
  equalize,
  gaussianBlur,
  invert,
  posterize,
  rgbToGrayscale,
  solarize,
} from "./color.js";
export { elastic } from "./elastic.js";
export { type Box, erase, type ResizeFilter, resizedCrop } from "./geometry.js";
export { type AffineOptions, affine, perspective, rotate } from "./warps.js";
