// The host seam for Node. With its neighbours node-*.ts the only file below the toolkit that imports `node:` modules.
import { AsyncLocalStorage } from "node:async_hooks";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, homedir } from "node:os";
import { dirname, join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { getEnvironmentData, setEnvironmentData, threadId } from "node:worker_threads";
import { native } from "./node-native.js";
import { startModuleWorker, startWorker } from "./node-workers.js";
import type { AsyncContext, FileSystem, Platform } from "./platform.js";

export type * from "./platform.js";

const cpuFolder = "/sys/devices/system/cpu/cpu0";
/** More threads than this wait for memory rather than compute. */
const mostThreads = 16;
/** Smaller buffers are quicker made by the engine itself. */
const smallBytes = 1 << 14;

function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return null;
  }
}

/** "32K", "1024K", "2M" of Linux's cache descriptions. */
function parseSize(text: string | null): number | null {
  const match = /^(\d+)([KM]?)$/.exec(text ?? "");
  if (!match) return null;
  return Number(match[1]) * (match[2] === "M" ? 2 ** 20 : match[2] === "K" ? 2 ** 10 : 1);
}

/** Size of the data (or unified) cache of a level, where Linux tells. */
function cacheSize(level: number): number | null {
  for (let index = 0; index < 5; index++) {
    const folder = `${cpuFolder}/cache/index${index}`;
    if (readText(`${folder}/level`) !== String(level) || readText(`${folder}/type`) === "Instruction") continue;
    return parseSize(readText(`${folder}/size`));
  }
  return null;
}

/** Hardware threads of a core: entries of a list like "0,64" or "0-1". */
function threadsPerCore(): number {
  const siblings = readText(`${cpuFolder}/topology/thread_siblings_list`);
  if (!siblings) return 1;
  let count = 0;
  for (const part of siblings.split(",")) {
    const [from, to = from] = part.split("-").map(Number);
    count += Number(to) - Number(from) + 1;
  }
  return Math.max(1, count);
}

/** Small machines use all they are given (a virtual core is often one hyper-thread), larger ones their physical cores. */
function cores(): number {
  const available = availableParallelism();
  return available <= 4 ? available : Math.min(mostThreads, Math.ceil(available / threadsPerCore()));
}

const files: FileSystem = {
  readFile: (path) => readFileSync(path),
  writeFileAtomic(path, bytes) {
    mkdirSync(dirname(path), { recursive: true });
    const temporary = `${path}.${process.pid}.${threadId}.tmp`;
    try {
      writeFileSync(temporary, bytes);
      renameSync(temporary, path);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
  },
  fileExists: existsSync,
  mkdir: (path) => void mkdirSync(path, { recursive: true }),
  listFolder: (path) =>
    readdirSync(path, { withFileTypes: true }).map((entry) => ({
      name: entry.name,
      isFolder: entry.isSymbolicLink() ? statSync(join(path, entry.name)).isDirectory() : entry.isDirectory(),
    })),
  homeDir: homedir,
};

/** A value that follows asynchronous call chains; null where the host cannot do that. */
export function asyncContext(): AsyncContext | null {
  return new AsyncLocalStorage<unknown>();
}

type Collect = (options: { readonly type: "minor" }) => void;
let collect: Collect | null | undefined;

/** V8's own function, which only contexts made under a flag have. The flag goes back to its default for other people's contexts. */
function findCollect(): Collect | null {
  if (typeof globalThis.gc === "function") return globalThis.gc as Collect;
  setFlagsFromString("--expose-gc");
  try {
    return runInNewContext("typeof gc === 'function' ? gc : null") as Collect | null;
  } finally {
    setFlagsFromString("--no-expose-gc");
  }
}

function collectYoung(): boolean {
  collect ??= findCollect();
  if (collect === null) return false;
  // Else dead buffers are freed some time later, by a thread that takes the programs' time.
  setFlagsFromString("--no-concurrent-array-buffer-sweeping");
  // Little has become old enough to be copied, and threads that help come late: 0.23 ms with them, 0.12 without.
  setFlagsFromString("--no-parallel-scavenge");
  try {
    collect({ type: "minor" });
  } finally {
    setFlagsFromString("--concurrent-array-buffer-sweeping");
    setFlagsFromString("--parallel-scavenge");
  }
  return true;
}

/** A word that threads share with the thread that started them, once it has come here. */
function sharedWord(name: string): Int32Array {
  const known = getEnvironmentData(name);
  const memory = known instanceof SharedArrayBuffer ? known : new SharedArrayBuffer(4);
  if (memory !== known) setEnvironmentData(name, memory);
  return new Int32Array(memory);
}

const said = sharedWord("gradus.said");

/** Asked of the system once: it looks at every processor. */
let cpuName: string | null = null;
let cacheBytes: { l1: number; l2: number } | null = null;

export const platform: Platform = {
  name: "node",
  env: (name) => process.env[name] || undefined,
  cores,
  cpuName() {
    cpuName ??= cpus()[0]?.model.trim() || "unknown";
    return cpuName;
  },
  cacheBytes() {
    cacheBytes ??= { l1: cacheSize(1) ?? 32 << 10, l2: cacheSize(2) ?? 1 << 20 };
    return cacheBytes;
  },
  // Zeros would be written twice, and large blocks come back to the system and page by page again each time.
  allocate: (bytes) => (bytes < smallBytes ? new ArrayBuffer(bytes) : Buffer.allocUnsafeSlow(bytes).buffer),
  collectYoung,
  later: (callback, milliseconds) => void setTimeout(callback, milliseconds).unref(),
  now: () => performance.now(),
  warn: (text) => void process.stderr.write(`${text}\n`),
  isFirstToSay: () => Atomics.exchange(said, 0, 1) === 0,
  files,

  hasSharedMemory: true,
  maySleep: true,
  workersPoll: true,
  startWorker,
  startModuleWorker,

  // V8 never replaces baseline code in a running loop, so the first call of a hot kernel would run at a quarter of its
  // speed. Both flags are process-wide: they go back to their defaults for other people's modules.
  withOptimizingCompiler(compile) {
    setFlagsFromString("--no-liftoff");
    setFlagsFromString("--no-wasm-lazy-compilation");
    try {
      return compile();
    } finally {
      setFlagsFromString("--liftoff");
      setFlagsFromString("--wasm-lazy-compilation");
    }
  },
  enableRelaxedSimd: () => setFlagsFromString("--experimental-wasm-relaxed-simd"),
  native,
};
