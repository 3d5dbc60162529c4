// Random number generators: a seed and a position in the stream that Philox computes from it.
import { ArgumentError, checkOptions, FormatError, noMore } from "../base/index.js";
import type { WordPair } from "../ops/index.js";
import { hostEffect, runtimeNode } from "./host.js";
import { guarded } from "./trace.js";

/** What `getState` gives: plain data that survives JSON. */
export interface GeneratorState {
  /** The seed it was given last. */
  readonly seed: number;
  /** Blocks of four words drawn so far. */
  readonly offset: number;
}

/** Where a draw is in its stream, as run-time numbers of two words. */
export interface Draw {
  readonly seed: WordPair;
  readonly offset: WordPair;
}

/** Sees draws before they are used: `take` makes the draw. What it gives is used in its place. */
export type DrawListener = (generator: Generator, blocks: number, take: () => Draw) => Draw;

interface Listening {
  readonly listener: DrawListener;
  readonly outer: Listening | null;
}

let listening: Listening | null = null;

function withListening<R>(inner: Listening | null, fn: () => R): R {
  const before = listening;
  listening = inner;
  try {
    return fn();
  } finally {
    listening = before;
  }
}

/** Calls `fn` with a listener to its draws, those of all generators; the draws a listener makes go to the one around it. */
export function withDrawListener<R>(listener: DrawListener, fn: () => R): R {
  return withListening({ listener, outer: listening }, fn);
}

/**
 * A stream of random numbers. The same seed gives the same numbers on every target and with any number of threads.
 * @example rand([3], { generator: new Generator().manualSeed(1) })
 */
export class Generator {
  #seed: number;
  #offset = 0;

  /**
   * @param options - `seed`; default: 0.
   * @throws ArgumentError unless the seed is an integer from 0 to 2^53 - 1.
   */
  constructor(options: { readonly seed?: number } = {}, ...surplus: []) {
    noMore("Generator", surplus);
    checkOptions("Generator", options, ["seed"]);
    this.#seed = checkSeed(options.seed ?? 0);
  }

  /**
   * Starts the stream of `seed`.
   * @throws ArgumentError unless the seed is an integer from 0 to 2^53 - 1.
   */
  manualSeed(seed: number): this {
    this.#seed = checkSeed(seed);
    this.#offset = 0;
    return this;
  }

  /** Starts a stream that differs from run to run; returns its seed. */
  seed(): number {
    const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
    this.manualSeed((high & 0x1fffff) * 2 ** 32 + low);
    return this.#seed;
  }

  /** The seed the stream started from. */
  initialSeed(): number {
    return this.#seed;
  }

  /** Where the stream stands, as plain data for `setState`. */
  getState(): GeneratorState {
    return { seed: this.#seed, offset: this.#offset };
  }

  /**
   * Continues where `getState` was taken.
   * @throws FormatError if the state is not what `getState` gave.
   */
  setState(state: GeneratorState): this {
    const { seed, offset } = state ?? {};
    if (![seed, offset].every((n) => Number.isSafeInteger(n) && n >= 0)) {
      throw new FormatError("Generator.setState: the state must be what getState() gave");
    }
    this.#seed = seed;
    this.#offset = offset;
    return this;
  }

  /**
   * @internal The seed and first block of a draw of `blocks` blocks, as run-time numbers of two words. A draw whose
   * step fails is taken back.
   */
  take(blocks: number): Draw {
    if (!listening) return this.#next(blocks);
    const { listener, outer } = listening;
    return listener(this, blocks, () => withListening(outer, () => this.take(blocks)));
  }

  #next(blocks: number): Draw {
    const pair = (read: () => number): WordPair => ({
      low: runtimeNode(() => (read() % 2 ** 32) | 0, "int32"),
      high: runtimeNode(() => Math.floor(read() / 2 ** 32), "int32"),
    });
    const words = { seed: pair(() => this.#seed), offset: pair(() => this.#offset) };
    const move = (count: number) => () => {
      this.#offset += count;
    };
    hostEffect(move(blocks), move(-blocks));
    return words;
  }

  /**
   * @internal Where the stream stands, for numbers that the host draws, and one block on. A compiled function that asks is
   * traced anew at each call, as such numbers are constants of its graph.
   */
  takeForHost(): GeneratorState {
    const state = { seed: guarded(() => this.#seed), offset: guarded(() => this.#offset) };
    const move = (count: number) => () => {
      this.#offset += count;
    };
    hostEffect(move(1), move(-1));
    return state;
  }
}

function checkSeed(seed: number): number {
  if (Number.isSafeInteger(seed) && seed >= 0) return seed;
  throw new ArgumentError(`manualSeed: the seed must be an integer from 0 to 2^53 - 1, got ${String(seed)}`, {
    op: "manualSeed",
  });
}

const shared = new Generator();
let current = shared;

/** The generator of functions that get none. */
export function defaultGenerator(...surplus: []): Generator {
  noMore("defaultGenerator", surplus);
  return current;
}

/** Calls `fn` with another default generator: for the call itself, not for what goes on after an `await` in it. */
export function withGenerator<R>(generator: Generator, fn: () => R): R {
  const before = current;
  current = generator;
  try {
    return fn();
  } finally {
    current = before;
  }
}

/**
 * Seeds the default generator.
 * @throws ArgumentError unless the seed is an integer from 0 to 2^53 - 1.
 */
export function manualSeed(seed: number, ...surplus: []): Generator {
  noMore("manualSeed", surplus);
  return current.manualSeed(seed);
}

/** Seeds the default generator from the host's randomness; returns the seed. */
export function seed(...surplus: []): number {
  noMore("seed", surplus);
  return current.seed();
}

/** The seed of the default generator. */
export function initialSeed(...surplus: []): number {
  noMore("initialSeed", surplus);
  return current.initialSeed();
}
