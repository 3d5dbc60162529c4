// Samplers: the order of a dataset's items in an epoch, a function of seed and epoch only.
import {
  ArgumentError,
  checkArray,
  checkFlag,
  checkFunction,
  checkOptions,
  checkWholeNumber,
  formatShape,
  noMore,
  ShapeError,
  shownValue,
} from "../base/index.js";
import { isTensor, Generator as RandomGenerator, type Tensor } from "../tensor/index.js";
import { permutation, RandomSequence } from "./philox.js";

/** A dataset, or anything else that has so many items; or their number. */
export type Sized = number | { readonly length: number };

function sizeOf(op: string, source: Sized): number {
  const size = typeof source === "object" && source !== null ? source.length : source;
  if (Number.isInteger(size) && size >= 0) return size;
  throw new ArgumentError(`${op}: takes a dataset or its number of items, got ${shownValue(source)}`, { op });
}

/** What draws depend on. */
export interface SeedOptions {
  /** What the draws depend on, beside the epoch; default 0. */
  readonly seed?: number;
  /** Gives the seed, the one it was made with or `manualSeed` set; nothing is drawn from it. Not beside `seed`. */
  readonly generator?: RandomGenerator;
}

export const seedKinds = { seed: "number", generator: "object" };

/** The seed of options that are checked. */
export function seedOf(op: string, { seed, generator }: SeedOptions): number {
  if (generator === undefined) return seed ?? 0;
  if (seed !== undefined) throw new ArgumentError(`${op}: takes seed or generator, not both`, { op });
  if (generator instanceof RandomGenerator) return generator.initialSeed();
  throw new ArgumentError(`${op}: generator must be a Generator, got ${shownValue(generator)}`, { op });
}

/**
 * The order of items. It iterates over the indices of an epoch, as PyTorch's samplers do.
 * @example
 * class Backwards implements Sampler {
 *   constructor(readonly length: number) {}
 *   *[Symbol.iterator](): IterableIterator<number> {
 *     for (let i = this.length - 1; i >= 0; i--) yield i;
 *   }
 * }
 */
export interface Sampler extends Iterable<number> {
  /** Indices an epoch has. */
  readonly length: number;
  /** The indices of epoch number `epoch`, the same each time it is asked; a loader takes these in place of the iterator's. */
  indices?(epoch: number): Iterable<number>;
}

/** A batch: the indices of its items. */
type Batch = readonly number[] | Int32Array;

/** The batches of an epoch, each a list of indices: it iterates over them. */
export interface BatchSamplerLike extends Iterable<Batch> {
  /** Batches an epoch has. */
  readonly length: number;
  /** The batches of epoch number `epoch`, the same each time it is asked; a loader takes these in place of the iterator's. */
  batches?(epoch: number): Iterable<Batch>;
}

/** Indices that depend on an epoch's number, and how many they are. */
interface EpochIndices {
  /** Indices an epoch has. */
  readonly length: number;
  /** The indices of epoch number `epoch`, the same each time it is asked. */
  indices(epoch: number): Iterable<number>;
}

/** Batches that depend on an epoch's number, and how many they are. */
export interface EpochBatches {
  /** Batches an epoch has. */
  readonly length: number;
  /** The batches of epoch number `epoch`, the same each time it is asked. */
  batches(epoch: number): Iterable<Batch>;
}

/** A sampler, or the indices themselves with their number: an array. */
export type SamplerInput = Sampler | EpochIndices;

/** A batch sampler, or the batches themselves with their number. */
export type BatchSamplerInput = BatchSamplerLike | EpochBatches;

/** Texts iterate as well, but not over indices. */
const iterates = (value: unknown): value is Iterable<never> & { readonly length: number } =>
  typeof value === "object" && value !== null && Symbol.iterator in value;

/** @throws ArgumentError if it has neither `indices` nor an iterator. */
function samplerOf(op: string, given: SamplerInput): EpochIndices {
  if (!("indices" in Object(given)) && iterates(given)) {
    checkWholeNumber(op, "the sampler's length", given.length, 0);
    return { length: given.length, indices: () => given };
  }
  checkFunction(op, "the sampler's indices", (given as Sampler | null)?.indices);
  return given as EpochIndices;
}

/** @throws ArgumentError if it has neither `batches` nor an iterator. */
export function batchSamplerOf(op: string, given: BatchSamplerInput): EpochBatches {
  if (!("batches" in Object(given)) && iterates(given)) {
    checkWholeNumber(op, "the batch sampler's length", given.length, 0);
    return { length: given.length, batches: () => given };
  }
  checkFunction(op, "the batch sampler's batches", (given as BatchSamplerLike | null)?.batches);
  return given as EpochBatches;
}

/** What the samplers here share: iterated by themselves, as in PyTorch, they give one epoch after the other. */
abstract class EpochSampler implements Sampler, EpochIndices {
  abstract readonly length: number;
  private passes = 0;

  constructor(...surplus: []) {
    noMore(new.target.name, surplus);
  }

  abstract indices(epoch: number): Int32Array;

  /** The indices of the first epoch, then of the next at each further iteration. */
  [Symbol.iterator](): Iterator<number> {
    return this.indices(this.passes++)[Symbol.iterator]();
  }
}

/**
 * All indices in order: 0, 1, 2 …
 * @throws ArgumentError if it is given neither a dataset nor an integer >= 0.
 */
export class SequentialSampler extends EpochSampler {
  /** Number of items. */
  readonly length: number;

  /** @param source - a dataset, or its number of items. */
  constructor(source: Sized, ...surplus: []) {
    super(...surplus);
    this.length = sizeOf("SequentialSampler", source);
  }

  indices(): Int32Array {
    return Int32Array.from({ length: this.length }, (_, i) => i);
  }
}

/** Options of a `RandomSampler`. */
export interface RandomSamplerOptions extends SeedOptions {
  /** Draw with replacement; default false. */
  readonly replacement?: boolean;
  /** Indices an epoch has, >= 1, without replacement at most the dataset's length; default the dataset's length. */
  readonly numSamples?: number;
}

/**
 * All indices in random order, another one each epoch; or independent draws with `replacement`.
 * @throws ArgumentError if it is given neither a dataset nor an integer >= 0, `numSamples` is no integer >= 1, or above it without `replacement`.
 * @example new RandomSampler(dataset, { seed: 1 })
 */
export class RandomSampler extends EpochSampler {
  readonly length: number;
  /** What the order depends on, beside the epoch. */
  readonly seed: number;
  private readonly replacement: boolean;
  private readonly size: number;

  /** @param source - a dataset, or its number of items. */
  constructor(source: Sized, options: RandomSamplerOptions = {}, ...surplus: []) {
    super(...surplus);
    checkOptions("RandomSampler", options, { ...seedKinds, replacement: "flag", numSamples: "number" });
    const size = sizeOf("RandomSampler", source);
    this.size = size;
    this.seed = seedOf("RandomSampler", options);
    this.replacement = options.replacement ?? false;
    checkFlag("RandomSampler", "replacement", this.replacement);
    if (options.numSamples !== undefined) checkWholeNumber("RandomSampler", "numSamples", options.numSamples, 1);
    this.length = options.numSamples ?? size;
    if (!this.replacement && this.length > size) {
      throw new ArgumentError(
        `RandomSampler: numSamples ${this.length} is more than the ${size} items; set replacement`,
        { op: "RandomSampler" },
      );
    }
  }

  indices(epoch: number): Int32Array {
    const random = new RandomSequence(this.seed, "shuffle", epoch);
    if (!this.replacement) return permutation(this.size, random).subarray(0, this.length);
    return Int32Array.from({ length: this.length }, () => random.below(this.size));
  }
}

function weightsOf(op: string, weights: readonly number[] | Tensor): Float64Array {
  if (!isTensor(weights)) {
    checkArray(op, "weights", weights);
    return Float64Array.from(weights);
  }
  const { shape } = weights;
  if (shape.length === 1) return Float64Array.from(weights.toTypedArray(), Number);
  throw new ShapeError(`${op}: weights must be [N], one a sample, got shape ${formatShape(shape)}`, {
    op,
    shapes: [shape],
  });
}

/** Options of `WeightedRandomSampler`. */
export interface WeightedSamplerOptions extends SeedOptions {
  /** Whether an index may be drawn again in an epoch; default true. */
  readonly replacement?: boolean;
}

/**
 * Draws `length` indices an epoch, index i with probability proportional to `weights[i]`. Without replacement, each further draw is among
 * those that are left.
 *
 * Shapes: weights of a tensor `[N]`.
 * @param weights - one a sample, >= 0; they need not sum to 1.
 * @throws ArgumentError if `length` is no integer >= 1, the weights are negative or all 0, or without replacement fewer than `length` are
 * positive.
 * @throws ShapeError if a tensor of weights is not `[N]`.
 * @example
 * const classes = [0, 0, 0, 1];
 * const share = [3 / 4, 1 / 4];
 * new WeightedRandomSampler(classes.map((c) => 1 / share[c]), classes.length); // both as often
 */
export class WeightedRandomSampler extends EpochSampler {
  /** What the draws depend on, beside the epoch. */
  readonly seed: number;
  /** Whether an index may be drawn again in an epoch. */
  readonly replacement: boolean;
  private readonly weights: Float64Array;
  private readonly cumulative: Float64Array;

  constructor(
    weights: readonly number[] | Tensor,
    readonly length: number,
    options: WeightedSamplerOptions = {},
    ...surplus: []
  ) {
    super(...surplus);
    const op = "WeightedRandomSampler";
    checkOptions(op, options, { ...seedKinds, replacement: "flag" });
    checkWholeNumber(op, "length", length, 1);
    this.seed = seedOf(op, options);
    this.replacement = options.replacement ?? true;
    checkFlag(op, "replacement", this.replacement);
    this.weights = weightsOf(op, weights);
    let sum = 0;
    this.cumulative = this.weights.map((weight) => {
      sum += weight;
      return sum;
    });
    if (!(sum > 0) || this.weights.some((weight) => !(weight >= 0))) {
      throw new ArgumentError(`${op}: weights must be non-negative with a positive sum`, { op });
    }
    const drawable = this.weights.filter((weight) => weight > 0).length;
    if (this.replacement || drawable >= length) return;
    throw new ArgumentError(
      `${op}: without replacement, length ${length} needs as many positive weights; there are ${drawable}`,
      { op },
    );
  }

  indices(epoch: number): Int32Array {
    const random = new RandomSequence(this.seed, "shuffle", epoch);
    if (!this.replacement) return this.distinct(random);
    const total = this.cumulative[this.cumulative.length - 1] as number;
    return Int32Array.from({ length: this.length }, () => this.find(random.uniform() * total));
  }

  /** In the order of exponential times of these rates: the first is drawn by weight, so is the next of those left. */
  private distinct(random: RandomSequence): Int32Array {
    const times = this.weights.map((weight) => -Math.log(1 - random.uniform()) / weight); // 0 is never drawn: Infinity or NaN
    const drawable = [...times.keys()].filter((i) => (this.weights[i] as number) > 0);
    drawable.sort((a, b) => (times[a] as number) - (times[b] as number));
    return Int32Array.from(drawable.slice(0, this.length));
  }

  /** The first index whose cumulative weight exceeds `value`. */
  private find(value: number): number {
    let low = 0;
    let high = this.cumulative.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.cumulative[middle] as number) > value) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/**
 * Some indices, those of `subset`, in random order, another one each epoch. `seed` is 0 by default.
 * @throws ArgumentError if `subset` is no array, or `seed` and `generator` are both given.
 */
export class SubsetRandomSampler extends EpochSampler {
  readonly length: number;
  private readonly seed: number;

  constructor(
    private readonly subset: readonly number[] | Int32Array,
    options: SeedOptions = {},
    ...surplus: []
  ) {
    super(...surplus);
    checkOptions("SubsetRandomSampler", options, seedKinds);
    checkArray("SubsetRandomSampler", "subset", subset, true);
    this.length = subset.length;
    this.seed = seedOf("SubsetRandomSampler", options);
  }

  indices(epoch: number): Int32Array {
    const order = permutation(this.length, new RandomSequence(this.seed, "shuffle", epoch));
    return order.map((at) => this.subset[at] as number);
  }
}

/** Options of a `DistributedSampler`. */
export interface DistributedSamplerOptions {
  /** Processes that share the dataset. */
  readonly numReplicas: number;
  /** Which one this is, from 0. */
  readonly rank: number;
  /** A new random order each epoch, the same on all; default true. */
  readonly shuffle?: boolean;
  /** What the order depends on, beside the epoch; must be the same on all; default 0. */
  readonly seed?: number;
  /** Leave out what does not divide evenly, in place of repeating the first items; default false. */
  readonly dropLast?: boolean;
}

/**
 * The part of the dataset of one of several processes: every `numReplicas`-th index from `rank` on, the same number on each.
 * @throws ArgumentError if the rank is none from 0 to below `numReplicas`, or it is given neither a dataset nor an integer >= 0.
 * @example new DistributedSampler(dataset, { numReplicas: 4, rank: 1 })
 */
export class DistributedSampler extends EpochSampler {
  readonly length: number;
  private readonly options: Required<DistributedSamplerOptions>;
  private readonly size: number;
  private epoch: number | null = null;

  /** @param source - a dataset, or its number of items. */
  constructor(source: Sized, options: DistributedSamplerOptions, ...surplus: []) {
    super(...surplus);
    checkOptions("DistributedSampler", options, {
      numReplicas: "number",
      rank: "number",
      shuffle: "flag",
      seed: "number",
      dropLast: "flag",
    });
    const size = sizeOf("DistributedSampler", source);
    this.size = size;
    this.options = { shuffle: true, seed: 0, dropLast: false, ...options };
    const { numReplicas, rank, dropLast } = this.options;
    if (
      !Number.isInteger(numReplicas) ||
      numReplicas < 1 ||
      !Number.isInteger(rank) ||
      rank < 0 ||
      rank >= numReplicas
    ) {
      throw new ArgumentError(
        `DistributedSampler: rank must be an integer from 0 to below numReplicas, got ${rank} of ${numReplicas}`,
        { op: "DistributedSampler" },
      );
    }
    this.length = dropLast ? Math.floor(size / numReplicas) : Math.ceil(size / numReplicas);
  }

  /**
   * Says which epoch the indices are of from now on. Without it each epoch of a loader has its own number.
   * @throws ArgumentError if it is no integer >= 0.
   */
  setEpoch(epoch: number): void {
    checkWholeNumber("DistributedSampler.setEpoch", "epoch", epoch, 0);
    this.epoch = epoch;
  }

  indices(epoch: number): Int32Array {
    const { numReplicas, rank, shuffle, seed } = this.options;
    const order = shuffle ? permutation(this.size, new RandomSequence(seed, "shuffle", this.epoch ?? epoch)) : null;
    return Int32Array.from({ length: this.length }, (_, i) => {
      const at = (rank + i * numReplicas) % this.size;
      return order ? (order[at] as number) : at;
    });
  }
}

/**
 * Cuts a sampler's indices into batches; `dropLast` (default false) leaves out a smaller last one.
 * @throws ArgumentError if `batchSize` is no integer >= 1.
 * @example new BatchSampler(new SequentialSampler(10), 4).length // 3
 */
export class BatchSampler implements BatchSamplerLike, EpochBatches {
  readonly length: number;
  private readonly sampler: EpochIndices;
  private passes = 0;

  constructor(
    sampler: SamplerInput,
    private readonly batchSize: number,
    options: { readonly dropLast?: boolean } = {},
    ...surplus: []
  ) {
    noMore("BatchSampler", surplus);
    checkOptions("BatchSampler", options, { dropLast: "flag" });
    this.sampler = samplerOf("BatchSampler", sampler);
    if (!Number.isInteger(batchSize) || batchSize < 1) {
      throw new ArgumentError(`BatchSampler: batchSize must be a positive integer, got ${batchSize}`, {
        op: "BatchSampler",
      });
    }
    checkFlag("BatchSampler", "dropLast", options.dropLast ?? false);
    const batches = this.sampler.length / batchSize;
    this.length = options.dropLast ? Math.floor(batches) : Math.ceil(batches);
  }

  /** The batches of the first epoch, then of the next at each further iteration. */
  [Symbol.iterator](): Iterator<Int32Array> {
    return this.batches(this.passes++);
  }

  *batches(epoch: number): Generator<Int32Array> {
    const indices = Int32Array.from(this.sampler.indices(epoch));
    for (let batch = 0; batch < this.length; batch++) {
      yield indices.subarray(batch * this.batchSize, (batch + 1) * this.batchSize);
    }
  }
}
