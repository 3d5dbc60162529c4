// Learning at once, without a turn of the event loop, that the engine has found an object dead.
import { type Native, platform } from "#platform";

type ResizableBuffer = new (byteLength: number, options: { readonly maxByteLength: number }) => ArrayBuffer;

/** What is left to know of a token: holding this keeps nothing alive. */
export interface Trace {
  readonly address: number;
  readonly stamp: number;
}

export interface Token {
  /** To be held by what is watched, and by nothing else. */
  readonly token: object;
  readonly trace: Trace;
}

/** A way to make a buffer of 8 bytes whose contents do not outlive it. */
export type MakeBuffer = () => ArrayBuffer;

/**
 * Engines free buffers as soon as a collection, even one of young objects only, finds them dead; WeakRef and FinalizationRegistry
 * wait for a full collection and for the end of the task. What is left of a small buffer then:
 */
export const tokenBuffers: readonly MakeBuffer[] = [
  // A link of the list of free pieces that the C library (glibc does so) keeps in the pieces themselves.
  () => new ArrayBuffer(8),
  // Nothing, where the library keeps its lists elsewhere (musl, jemalloc): buffers that may grow are mapped afresh and unmapped. That takes
  // ten times as long, and the other threads' processors have to be told: a step of 15 µs took 45.
  ...("resizable" in ArrayBuffer.prototype
    ? // TypeScript's ES2023 does not know the second argument.
      [() => new (ArrayBuffer as ResizableBuffer)(8, { maxByteLength: 8 })]
    : []),
];

/** Collections that may find nothing (while the engine marks, it keeps what is new) before this counts as tokens that tell nothing. */
const mostTrials = 8;

/**
 * A token is a buffer with a stamp in it, which is no longer there once the engine has freed it. A load where no memory is would end the
 * process, so the system is asked to read. A freed buffer that nobody has written to makes its holder look alive, never the other
 * way round.
 */
export class DeathWatch {
  readonly #native: Native;
  readonly #makers: readonly MakeBuffer[];
  /** Of the makers, the one in use; behind the last: this host tells nothing. */
  #maker = 0;
  /** Another number for each token, that nobody else has in memory, except by chance. */
  #stamp = Math.PI * 2 ** 40;
  /** Trials that are left to this maker's tokens. */
  #trials = mostTrials;
  #isProven = false;
  /** Of a token that was dead when it was made. */
  #canary: Trace | null = null;

  constructor(native: Native, makers = tokenBuffers) {
    this.#native = native;
    this.#makers = makers;
  }

  /** False once it is known that nothing will ever be found dead. */
  get isHopeful(): boolean {
    return this.#maker < this.#makers.length;
  }

  /** True once a collection has told of a dead token: before, asking for one is a trial, of which there are few. */
  get isProven(): boolean {
    return this.#isProven;
  }

  makeToken(): Token {
    const token = (this.#makers[this.#maker] as MakeBuffer)();
    this.#stamp += 0.125;
    new Float64Array(token)[0] = this.#stamp;
    return { token, trace: { address: this.#native.addressOf(token), stamp: this.#stamp } };
  }

  /** True from some time after a token has died, which a collection of the engine has to find. */
  isGone({ address, stamp }: Trace): boolean {
    const found = this.#native.doubleAt(address);
    return found !== undefined && found !== stamp;
  }

  /** True once after each collection that `collect` has not asked for: before, nobody new can be gone. One look, however many are watched. */
  hasCollected(): boolean {
    if (this.#canary !== null && !this.isGone(this.#canary)) return false;
    this.#canary = this.#abandonToken();
    return true;
  }

  /** Has the engine collect what died young. */
  collect(): void {
    // A new one for a trial: old objects are not looked at.
    if (!this.#isProven) this.#canary = this.#abandonToken();
    if (!platform.collectYoung()) this.#maker = this.#makers.length;
    else if (this.hasCollected()) this.#isProven = true;
    else if (!this.#isProven && --this.#trials === 0) this.#tryNext();
  }

  /** Those who hold tokens of the maker so far look alive from now on. */
  #tryNext(): void {
    this.#maker++;
    this.#trials = mostTrials;
    this.#canary = null;
  }

  /** A function of its own: its caller's frame might hold the token. */
  #abandonToken(): Trace {
    return this.makeToken().trace;
  }
}
