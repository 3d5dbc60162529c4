// Counter-based random numbers on the host: shuffling and per-sample augmentation parameters.
// Philox4x32-10: Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011.
import { ArgumentError, noMore, shownValue } from "../base/index.js";

/** Keeps the random numbers of different uses apart: a word of the counter. */
export type Stream = "shuffle" | "split" | "sample" | "transform" | "generator" | "worker";
const streamWords: Record<Stream, number> = { shuffle: 1, split: 2, sample: 3, transform: 4, generator: 5, worker: 6 };

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;
const ROUNDS = 10;

/** High 32 bits of a 32×32-bit product, in 16-bit halves: the full product does not fit a double. */
function multiplyHigh(a: number, b: number): number {
  const [aLow, aHigh, bLow, bHigh] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const middle2 = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(middle2 / 0x10000)) >>> 0;
}

/** Four random words of one counter, into `out`. */
export function philox(key0: number, key1: number, counter: readonly number[], out: Uint32Array): void {
  let [x0, x1, x2, x3] = counter as [number, number, number, number];
  let [k0, k1] = [key0, key1];
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, x0 >>> 0);
    const high1 = multiplyHigh(MULTIPLIER_1, x2 >>> 0);
    const low0 = Math.imul(MULTIPLIER_0, x0);
    const low1 = Math.imul(MULTIPLIER_1, x2);
    [x0, x1, x2, x3] = [high1 ^ x1 ^ k0, low1, high0 ^ x3 ^ k1, low0];
    k0 = (k0 + WEYL_0) | 0;
    k1 = (k1 + WEYL_1) | 0;
  }
  out[0] = x0;
  out[1] = x1;
  out[2] = x2;
  out[3] = x3;
}

/**
 * A sequence of random numbers that depends on nothing but its address: seed, stream and two integers.
 * @throws ArgumentError if the seed is no number or the stream is unknown.
 */
export class RandomSequence {
  private readonly words = new Uint32Array(4);
  private readonly key: readonly [number, number];
  private drawn = 0;

  /** `a` and `b` are integers that tell sequences of one stream apart: an epoch, a sample's index. */
  constructor(
    seed: number,
    private readonly stream: Stream,
    private readonly a = 0,
    private readonly b = 0,
    ...surplus: []
  ) {
    noMore("RandomSequence", surplus);
    if (typeof seed !== "number" || !(stream in streamWords)) {
      throw new ArgumentError(
        `RandomSequence: takes a seed and a stream, one of ${Object.keys(streamWords).join(", ")}; got ${shownValue(seed)} and ${shownValue(stream)}`,
        { op: "RandomSequence" },
      );
    }
    this.key = [(seed % 0x100000000) | 0, Math.floor(seed / 0x100000000) | 0];
  }

  /** The next 32 random bits. */
  bits(): number {
    const lane = this.drawn % 4;
    if (lane === 0) {
      // The block number shares a word with the stream: 2^28 blocks are 2^30 numbers.
      const word = (this.drawn / 4) | (streamWords[this.stream] << 28);
      philox(this.key[0], this.key[1], [word, this.a, this.b, Math.floor(this.b / 0x100000000)], this.words);
    }
    this.drawn++;
    return this.words[lane] as number;
  }

  /** 53 random bits: a seed for other generators. */
  wide(): number {
    return (this.bits() >>> 11) * 2 ** 32 + this.bits();
  }

  /** Uniform in [0, 1). */
  uniform(): number {
    return this.bits() / 0x100000000;
  }

  /** Uniform integer in [0, limit). */
  below(limit: number): number {
    return Math.floor(this.uniform() * limit);
  }
}

/** The numbers 0 … length - 1 in random order (Fisher–Yates). */
export function permutation(length: number, random: RandomSequence): Int32Array {
  const order = Int32Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const swapped = order[i] as number;
    order[i] = order[j] as number;
    order[j] = swapped;
  }
  return order;
}
