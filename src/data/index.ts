// Datasets, samplers, the loader, MNIST.
export { type Batched, defaultCollate, type PadCollateOptions, padCollate } from "./collate.js";
export { type CsvOptions, type CsvTable, parseCsv, readCsv, readLines } from "./csv.js";
export { DataLoader, type DataLoaderOptions, type DataLoaderState } from "./data-loader.js";
export {
  ConcatDataset,
  checkIndex,
  type Dataset,
  type EpochContext,
  type Indices,
  randomSplit,
  StackDataset,
  Subset,
  TensorDataset,
} from "./dataset.js";
export { type IdxArray, parseIdx, readIdx } from "./idx.js";
export { ChainDataset, IterableDataset } from "./iterable-dataset.js";
export { fashionMnist, ImageDataset, type MnistOptions, mnist } from "./mnist.js";
export { RandomSequence } from "./philox.js";
export { fromModule, rememberInstance } from "./recipe.js";
export {
  BatchSampler,
  type BatchSamplerInput,
  type BatchSamplerLike,
  DistributedSampler,
  type DistributedSamplerOptions,
  RandomSampler,
  type RandomSamplerOptions,
  type Sampler,
  type SamplerInput,
  type SeedOptions,
  SequentialSampler,
  type Sized,
  SubsetRandomSampler,
  WeightedRandomSampler,
  type WeightedSamplerOptions,
} from "./sampler.js";
export { TextLines } from "./text-lines.js";
export {
  type BatchTransform,
  type ImageTransform,
  type SampleContext,
  transformImages,
} from "./transform.js";
export { type WorkerInfo, workerInfo } from "./worker-info.js";
