// Datasets, samplers, the loader, MNIST.
export { type Batched, defaultCollate } from "./collate.js";
export { DataLoader, type DataLoaderOptions, type DataLoaderState } from "./data-loader.js";
export {
  ConcatDataset,
  type Dataset,
  type EpochContext,
  type Indices,
  randomSplit,
  Subset,
  TensorDataset,
} from "./dataset.js";
export { type IdxArray, parseIdx } from "./idx.js";
export { fashionMnist, ImageDataset, type MnistOptions, mnist } from "./mnist.js";
export { RandomSequence } from "./philox.js";
export {
  BatchSampler,
  type BatchSamplerLike,
  RandomSampler,
  type RandomSamplerOptions,
  type Sampler,
  SequentialSampler,
  WeightedRandomSampler,
} from "./sampler.js";
export type { BatchTransform, ImageTransform, SampleContext } from "./transform.js";
