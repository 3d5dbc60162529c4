// Transforms of image batches, with parameters of each sample; image files and folders.
export {
  AugMix,
  type AugMixOptions,
  AutoAugment,
  type AutoAugmentOptions,
  RandAugment,
  type RandAugmentOptions,
  TrivialAugmentWide,
  type TrivialAugmentWideOptions,
} from "./auto-augment.js";
export {
  Identity,
  LinearTransformation,
  type PhotometricOptions,
  RandomChannelPermutation,
  RandomPhotometricDistort,
  RGB,
} from "./channel-transforms.js";
export {
  ColorJitter,
  type ColorJitterOptions,
  GaussianBlur,
  GaussianNoise,
  type GaussianNoiseOptions,
  Grayscale,
  RandomAdjustSharpness,
  RandomAutocontrast,
  RandomEqualize,
  RandomGrayscale,
  RandomInvert,
  RandomPosterize,
  RandomSolarize,
  ToDtype,
} from "./color-transforms.js";
export {
  Compose,
  type ImageStep,
  type Images,
  Lambda,
  RandomApply,
  RandomChoice,
  RandomOrder,
} from "./containers.js";
export { type ElasticOptions, ElasticTransform } from "./elastic.js";
export {
  DatasetFolder,
  type FolderOptions,
  type FolderSample,
  ImageFolder,
  type ImageFolderOptions,
} from "./folder.js";
export * as functional from "./functional.js";
export {
  type Box,
  CenterCrop,
  FiveCrop,
  Pad,
  type PadOptions,
  RandomErasing,
  type RandomErasingOptions,
  RandomResizedCrop,
  type RandomResizedCropOptions,
  RandomVerticalFlip,
  Resize,
  type ResizeFilter,
  type ResizeOptions,
  TenCrop,
  type TenCropOptions,
} from "./geometry.js";
export {
  type DecodeImageOptions,
  decodeImage,
  encodeJpeg,
  encodePng,
  type JpegOptions,
  readImage,
  saveImage,
  writeJpeg,
  writePng,
} from "./image/files.js";
export { type GridOptions, makeGrid } from "./image/grid.js";
export type { ImageMode } from "./image/pixels.js";
export { CutMix, type MixOptions, MixUp } from "./mixing.js";
export type { Fill } from "./pixels.js";
export { Transform } from "./transform.js";
export {
  type FillOptions,
  Normalize,
  type PaddingMode,
  RandomCrop,
  type RandomCropOptions,
  RandomHorizontalFlip,
  RandomShift,
  type Sides,
} from "./transforms.js";
export type { Corners, WarpOptions } from "./warp.js";
export {
  RandomAffine,
  type RandomAffineOptions,
  RandomPerspective,
  type RandomPerspectiveOptions,
  RandomRotation,
  type RotationOptions,
} from "./warps.js";
