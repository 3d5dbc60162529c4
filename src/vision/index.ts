// Transforms of image batches.
export {
  Compose,
  type FillOptions,
  Normalize,
  RandomAffine,
  type RandomAffineOptions,
  RandomCrop,
  type RandomCropOptions,
  RandomHorizontalFlip,
  RandomShift,
} from "./transforms.js";
