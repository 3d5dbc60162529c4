// What Gradus asks of its host. `#platform` resolves to node.ts or browser.ts, which export one `platform` each, and
// `asyncContext`.

/** A value that follows the current asynchronous call chain. */
export interface AsyncContext {
  /** The value set by the innermost `run` or `enterWith`, or undefined. */
  getStore(): unknown;
  /** Calls `fn` with the value set, also in what `fn` awaits. */
  run<R>(value: unknown, fn: () => R): R;
  /** Sets the value for the rest of the current call chain. */
  enterWith(value: unknown): void;
}

export interface PlatformWorker {
  post(message: unknown): void;
  terminate(): void;
}

/** A worker thread that runs a module. */
export interface ModuleWorker {
  /** Sends a message; the buffers in `transfers` move to the worker. */
  post(message: unknown, transfers?: readonly ArrayBuffer[]): void;
  /** Whether the worker keeps the process alive; it does not at first. */
  hold(isHeld: boolean): void;
  terminate(): void;
}

/** What a module worker is made of. */
export interface ModuleWorkerOptions {
  /** URL of a module whose export `serve` takes a WorkerChannel. */
  readonly module: string;
  readonly data: unknown;
  /** Settings besides the process's own. */
  readonly env: Readonly<Record<string, string>>;
  readonly onMessage: (message: unknown) => void;
  /** The worker ended unasked. */
  readonly onFailure: (error: unknown) => void;
}

/** A module worker's way to the thread that started it. */
export interface WorkerChannel {
  readonly data: unknown;
  post(message: unknown, transfers: readonly ArrayBuffer[]): void;
  onMessage(handle: (message: unknown) => void): void;
  /** Imports a module as the host does in this worker. */
  load(url: string): Promise<Readonly<Record<string, unknown>>>;
}

/** An entry of a folder. */
export interface FolderEntry {
  readonly name: string;
  readonly isFolder: boolean;
}

/** Files, for hosts that have them. Paths are the host's; errors are the host's. */
export interface FileSystem {
  readFile(path: string): Uint8Array;
  /** Writes beside the file and renames, so that readers see the old or the new content. Makes missing folders. */
  writeFileAtomic(path: string, bytes: Uint8Array): void;
  fileExists(path: string): boolean;
  /** Makes a folder and those above it. */
  mkdir(path: string): void;
  /** What a folder holds, in no order; links count as what they lead to. */
  listFolder(path: string): FolderEntry[];
  homeDir(): string;
}

/**
 * Memory and code outside JavaScript, for targets that make machine code. Addresses are plain numbers (user space ends at
 * 2^47), and so are arguments and results: 64-bit integers.
 */
export interface Native {
  /**
   * Copies code to pages of its own and makes them executable; they are never writable at the same time. Returns its
   * address. Throws an Error that says what the system refused.
   */
  mapCode(code: Uint8Array): number;
  /** Takes back what `mapCode` gave for `codeBytes` bytes of code. Nothing may run there. */
  unmapCode(address: number, codeBytes: number): void;
  /** Address of a buffer's first byte. The buffer never moves; an address does not keep it alive. */
  addressOf(buffer: ArrayBufferLike): number;
  /** Asks for large pages in a range of memory. */
  wishHugePages(address: number, bytes: number): void;
  /** Gives the whole pages in a range of memory back to the system; what they hold is lost, and writing brings new ones. */
  giveBackPages(address: number, bytes: number): void;
  /** Gives back what the C library keeps of freed memory, where it can. */
  giveBackFreedMemory(): void;
  /** The double at an address, aligned to 8 bytes; null where no memory is (any more), undefined where the system does not tell. */
  doubleAt(address: number): number | null | undefined;
  /** Lets the process keep this many bytes of freed memory, where the C library can: new pages cost more than their use. */
  keepFreedMemory(bytes: number): void;
  /** The number of the processor that the calling thread is on; undefined where the system does not tell. */
  processor(): number | undefined;
  /**
   * Lets threads of this process (by the system's numbers) run on the processors that the calling thread may run on, but for one. Does
   * nothing where that leaves fewer than there are threads.
   */
  keepOff(processor: number, threads: readonly number[]): void;
  /** The function at an address, by the system's calling convention. */
  functionAt(address: number, parameters: number): (...args: number[]) => number;
  /** `functionAt` as text, for the scripts of workers: an expression that needs `require`. */
  readonly workerFunctionAt: string;
}

/** Native memory and calls, or why there are none; `isExpected` where that is a lack of this installation. */
export type NativeAccess =
  | { readonly native: Native; readonly reason: null; readonly isExpected: true }
  | { readonly native: null; readonly reason: string; readonly isExpected: boolean };

export interface Platform {
  readonly name: "node" | "browser";
  /** Setting from the environment (GRADUS_…); undefined where unset, empty, or without environment. */
  env(name: string): string | undefined;
  /** Threads worth using for arithmetic: available cores, without hyper-threads where that can be told. */
  cores(): number;
  /** The processor's name, as the host tells it. */
  cpuName(): string;
  cacheBytes(): { readonly l1: number; readonly l2: number };
  /** A buffer that is about to be overwritten: its bytes are anything where the host can leave out filling it. */
  allocate(bytes: number): ArrayBuffer;
  /** Has the engine collect, now, what died young; false where it cannot be asked. Takes a tenth of a millisecond and more. */
  collectYoung(): boolean;
  /** Calls back once, after a while, between tasks. Never keeps the process alive. */
  later(callback: () => void, milliseconds: number): void;
  /** Milliseconds of a clock that only moves forward. */
  now(): number;
  /** One line to where people see warnings. */
  warn(text: string): void;
  /** True for the first thread that asks, of those whose starter had loaded Gradus: what all of them would say is said once. */
  isFirstToSay(): boolean;
  /** Null where the host has none. */
  readonly files: FileSystem | null;

  /** True if memory can be shared with workers. */
  readonly hasSharedMemory: boolean;
  /** True if the calling thread may sleep on shared memory. */
  readonly maySleep: boolean;
  /** True if workers can take messages without returning to their event loop. */
  readonly workersPoll: boolean;
  /**
   * Starts a worker on the text of a classic script. It never keeps the process alive. `onFailure` hears of errors that
   * end the worker, once the event loop runs.
   */
  startWorker(source: string, data: object, onFailure: (error: unknown) => void): PlatformWorker;
  /** Null where the host cannot load the package's modules in a worker. */
  readonly startModuleWorker: ((options: ModuleWorkerOptions) => ModuleWorker) | null;

  /** Runs `compile` with WebAssembly compiled by the optimising compiler at once, where the host lets us choose. */
  withOptimizingCompiler<T>(compile: () => T): T;
  /** Turns relaxed SIMD on where the host has it behind a flag. */
  enableRelaxedSimd(): void;
  /** Memory and code outside JavaScript. */
  native(): NativeAccess;
}
