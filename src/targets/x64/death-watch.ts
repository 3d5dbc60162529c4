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

/** Collections that may find nothing (while the engine marks, it keeps what is new) before this counts as an engine that tells nothing. */
const mostTrials = 8;

/**
 * A token is a resizable buffer with a stamp in it. Engines map those afresh and unmap them as soon as a collection, even one of
 * young objects only, finds them dead; WeakRef and FinalizationRegistry wait for a full collection and for the end of the task.
 * A load where no memory is would end the process, so the system is asked to read; what lies there since has not the stamp. An engine
 * that keeps dead buffers mapped makes their holders look alive, never the other way round.
 */
export class DeathWatch {
  readonly #native: Native;
  /** Another number for each token, that nobody else has in memory, except by chance. */
  #stamp = Math.PI * 2 ** 40;
  /** Trials that are left; 0: this host tells nothing. */
  #trials = "resizable" in ArrayBuffer.prototype ? mostTrials : 0;
  #isProven = false;
  /** Of a token that was dead when it was made. */
  #canary: Trace | null = null;

  constructor(native: Native) {
    this.#native = native;
  }

  /** False once it is known that nothing will ever be found dead. */
  get isHopeful(): boolean {
    return this.#trials > 0;
  }

  /** True once a collection has told of a dead token: before, asking for one is a trial, of which there are few. */
  get isProven(): boolean {
    return this.#isProven;
  }

  makeToken(): Token {
    // TypeScript's ES2023 does not know the second argument.
    const token = new (ArrayBuffer as ResizableBuffer)(8, { maxByteLength: 8 });
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
    if (!platform.collectYoung()) this.#trials = 0;
    else if (this.hasCollected()) this.#isProven = true;
    else if (!this.#isProven) this.#trials--;
  }

  /** A function of its own: its caller's frame might hold the token. */
  #abandonToken(): Trace {
    return this.makeToken().trace;
  }
}
