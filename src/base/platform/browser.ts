// The host seam for browsers, and for any host without Node's modules.
import type { AsyncContext, Platform, PlatformWorker } from "./platform.js";

export type * from "./platform.js";

/** Browsers report hardware threads, and more threads than this do not pay there. */
const mostThreads = 8;

interface HostGlobals {
  readonly crossOriginIsolated?: boolean;
  readonly navigator?: { readonly hardwareConcurrency?: number };
  readonly document?: unknown;
  readonly GRADUS_ENV?: Readonly<Record<string, string | undefined>>;
}

// The DOM library describes a page; this file also runs in workers and other hosts that lack parts of it.
const host = globalThis as HostGlobals;

function startWorker(source: string, data: unknown, onFailure: (error: unknown) => void): PlatformWorker {
  // A blob needs no file beside the bundle, so every bundler works; pages with a Content-Security-Policy need
  // `worker-src blob:` to have threads.
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(url, { name: "gradus" });
  worker.onerror = onFailure;
  worker.postMessage(data);
  return {
    post: (message) => worker.postMessage(message),
    terminate() {
      worker.terminate();
      URL.revokeObjectURL(url);
    },
  };
}

/** A value that follows asynchronous call chains; null where the host cannot do that. */
export function asyncContext(): AsyncContext | null {
  return null;
}

export const platform: Platform = {
  name: "browser",
  /** Pages may set `globalThis.GRADUS_ENV = { GRADUS_THREADS: "2" }` before Gradus is loaded. */
  env: (name) => host.GRADUS_ENV?.[name] || undefined,
  cores: () => Math.min(mostThreads, Math.max(1, host.navigator?.hardwareConcurrency ?? 1)),
  cpuName: () => "unknown",
  cacheBytes: () => ({ l1: 32 << 10, l2: 1 << 20 }),
  allocate: (bytes) => new ArrayBuffer(bytes),
  collectYoung: () => false,
  later: (callback, milliseconds) => void setTimeout(callback, milliseconds),
  now: () => performance.now(),
  warn: (text) => console.warn(text),
  isFirstToSay: () => true,
  files: null,

  hasSharedMemory:
    host.crossOriginIsolated === true && typeof SharedArrayBuffer === "function" && typeof Worker === "function",
  maySleep: host.document === undefined,
  workersPoll: false,
  startWorker,
  // A bundle holds the package's modules under no address that a worker could import.
  startModuleWorker: null,

  withOptimizingCompiler: (compile) => compile(),
  enableRelaxedSimd: () => {},
  native: () => ({ native: null, reason: "browsers run no machine code", isExpected: false }),
};
