// compile(fn): one program a signature, replayed with the tensors and numbers of the moment.
import { platform } from "#platform";
import { ArgumentError, AutogradError, checkOptions, noMore, Storage } from "../base/index.js";
import { gradEnabled } from "../graph/index.js";
import { type ScheduleFound, type ScheduleSearch, targetName } from "./engine.js";
import { readValues } from "./read.js";
import { Replay } from "./replay.js";
import { setup } from "./setup.js";
import { sync } from "./sync.js";
import { ofStorage, type Tensor } from "./tensor.js";
import { isTracing, trace } from "./trace.js";
import { fillTemplate, signatureOf, templateOf } from "./trees.js";

/** Programs a compiled function keeps; the least recently used one goes first. */
const MAX_PROGRAMS = 16;

/** A compiled function: called like the one it was made of. */
export interface Compiled<A extends readonly unknown[], R> {
  (...args: A): R;
  /** Programs made so far and still kept. */
  readonly programs: number;
  /** Forgets all programs. */
  reset(): void;
}

/** What `compile` takes beside the function. */
export interface CompileOptions {
  /**
   * Schedules to try for each matrix product and convolution that no search on this machine has seen, before the first call
   * of each program; 0, the default, takes what is known and estimates the rest. About 50 ms for each schedule and product.
   * What is found is kept on disk (`GRADUS_SCHEDULES`, default `~/.cache/gradus/schedules`) and serves every program.
   * Results have the same bits with every schedule.
   */
  readonly search?: number;
  /** Hears of each search that has ended. */
  readonly onSearch?: (found: ScheduleFound) => void;
}

function searchOf(options: CompileOptions | undefined): ScheduleSearch | null {
  checkOptions("compile", options, ["search", "onSearch"]);
  const { search = 0, onSearch } = options ?? {};
  if (!Number.isSafeInteger(search) || search < 0) {
    throw new ArgumentError(`compile: search must be a count of schedules such as 20, got ${String(search)}`, {
      op: "compile",
    });
  }
  if (search === 0) return null;
  return onSearch ? { candidates: search, report: onSearch } : { candidates: search };
}

/**
 * Makes a function of tensors one program that is traced once for each signature of its arguments and then replayed.
 *
 * - Synchronous functions only. JavaScript code in it (prints, counters, branches on numbers) runs while tracing only;
 *   numbers, strings and other plain arguments are part of the signature.
 * - Tensors it reaches from outside are state: read, and written in place, at each replay. An optimizer's rates and counts
 *   and a generator's position are read at each replay.
 * - `.grad` still set at the end is an output, fresh at each replay. Returned tensors are fresh and have no history.
 * - Values cannot be read inside; tensors made inside must be returned to be used outside.
 * - A failed call leaves parameters, gradients and optimizer state as they were.
 * @throws ArgumentError if `fn` is no function, or an async one.
 * @example
 * const step = compile((images: Tensor, labels: Tensor) => {
 *   const loss = criterion(model(images), labels);
 *   optimizer.zeroGrad();
 *   loss.backward();
 *   optimizer.step();
 *   return loss;
 * });
 */
export function compile<A extends readonly unknown[], R>(
  fn: (...args: A) => R,
  ...rest: R extends PromiseLike<unknown>
    ? [error: "only synchronous functions can be compiled"]
    : [options?: CompileOptions]
): Compiled<A, R> {
  const [given, ...surplus] = rest;
  noMore("compile", surplus);
  const search = searchOf(given as CompileOptions | undefined);
  if (typeof fn !== "function")
    throw new ArgumentError(`compile: takes a function, got ${typeof fn}`, { op: "compile" });
  if (fn.constructor.name === "AsyncFunction") {
    throw new ArgumentError("compile: async functions cannot be compiled; await outside and pass what you awaited", {
      op: "compile",
    });
  }
  const programs = new Programs(fn as (...args: readonly unknown[]) => unknown, search);
  const compiled = (...args: A): R => programs.call(args) as R;
  Object.defineProperty(compiled, "programs", { get: () => programs.count });
  return Object.assign(compiled, { reset: () => programs.reset() }) as Compiled<A, R>;
}

class Programs {
  /** By signature, least recently used first; several under one if what they found outside differs. */
  readonly #replays = new Map<string, Replay[]>();
  #hasAnnounced = false;

  constructor(
    private readonly fn: (...args: readonly unknown[]) => unknown,
    private readonly search: ScheduleSearch | null,
  ) {}

  get count(): number {
    let count = 0;
    for (const list of this.#replays.values()) count += list.length;
    return count;
  }

  reset(): void {
    for (const list of this.#replays.values()) for (const replay of list) replay.free();
    this.#replays.clear();
  }

  call(args: readonly unknown[]): unknown {
    // Inside another compiled function this is a part of that one's program.
    if (isTracing()) return this.fn(...args);
    setup();
    const tensors: Tensor[] = [];
    const signature = `${targetName()} ${gradEnabled()} ${signatureOf(args, tensors)}`;
    sync();
    const list = this.#replays.get(signature) ?? [];
    const known = list.find((replay) => replay.guardsHold());
    if (!known) return this.#first(args, tensors, signature, list);
    if (this.#replays.size > 1) {
      this.#replays.delete(signature);
      this.#replays.set(signature, list);
    }
    return known.run(tensors, false);
  }

  #first(args: readonly unknown[], tensors: readonly Tensor[], signature: string, list: readonly Replay[]): unknown {
    const inputs = tensors.map(standIn);
    const template = templateOf(args, []);
    const found = trace(() => this.fn(...(fillTemplate(template, inputs) as unknown[])));
    let replay: Replay;
    try {
      checkInputs(inputs, found.states);
      replay = new Replay(found, inputs, this.search);
    } catch (error) {
      for (let i = found.effects.length - 1; i >= 0; i--) found.effects[i]?.undo?.();
      throw error;
    }
    this.#announce(signature);
    this.#replays.delete(signature);
    this.#replays.set(signature, [...list, replay]);
    this.#evict();
    return replay.run(tensors, true);
  }

  #evict(): void {
    for (const [signature, list] of this.#replays) {
      if (this.count <= MAX_PROGRAMS) return;
      list.shift()?.free();
      if (list.length === 0) this.#replays.delete(signature);
    }
  }

  /** Says once that another first size, such as a smaller last batch, means another program. */
  #announce(signature: string): void {
    if (this.#hasAnnounced || this.#replays.has(signature)) return;
    const withoutFirstSizes = (text: string) => text.replace(/\[\d+/g, "[N");
    const other = [...this.#replays.keys()].find((key) => withoutFirstSizes(key) === withoutFirstSizes(signature));
    if (other === undefined) return;
    this.#hasAnnounced = true;
    const shapes = (text: string) => text.match(/\[\d[\d,]*\]/g)?.join(" ") ?? "";
    platform.warn(
      `compile: arguments of shape ${shapes(signature)} instead of ${shapes(other)} (a smaller last batch?) are a second program; dropLast: true in the loader avoids it`,
    );
  }
}

/** A leaf of its own with the argument's value, so that no two arguments share memory while the function is traced. */
function standIn(x: Tensor, index: number): Tensor {
  if (x.requiresGrad) {
    throw new AutogradError(
      `compile: argument ${index} requires grad; gradients do not flow into arguments. detach() it, or reach the parameter from inside the function`,
      { op: "compile", fix: "detach" },
    );
  }
  return ofStorage(Storage.from(x.dtype, readValues("compile", x)), x.shape);
}

/** Arguments are values: what a function does to them in place would be lost. */
function checkInputs(inputs: readonly Tensor[], states: ReadonlyMap<unknown, { readonly isWritten: boolean }>): void {
  const index = inputs.findIndex((x) => states.get(x.cell)?.isWritten);
  if (index < 0) return;
  throw new ArgumentError(
    `compile: the function writes its tensor argument ${index} in place; return the new value instead`,
    {
      op: "compile",
    },
  );
}
