// Large results on x64: prints what it finds as JSON.
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { runInNewContext } from "node:vm";
import { type Native, platform } from "#platform";
import { Storage } from "../../src/base/index.js";
import { tokenBuffers } from "../../src/targets/x64/death-watch.js";
import { ResultMemory } from "../../src/targets/x64/result-memory.js";
import { sums } from "./x64-result-sums.js";

const floats = 2 << 20; // 8 MB
const fewFloats = 256 << 10; // 1 MB
const manyFloats = 8 << 20; // 32 MB
/** Of two of 32 MB and more. */
const wantedMB = 30;
const { native } = platform.native() as { native: Native };

/** A storage that was lent memory, with `value` at both ends, or in all elements; null if it got none. */
function lent(memory: ResultMemory, value: number, isWhole = false, length = floats): Storage | null {
  const storage = Storage.output("float32", length);
  if (!memory.lend(storage)) return null;
  const view = storage.hostView() as Float32Array;
  if (isWhole) view.fill(value);
  view[0] = value;
  view[length - 1] = value;
  return storage;
}

/** A function of its own, so that nothing holds the storage afterwards. */
function lentAndForgotten(memory: ResultMemory, value: number, isWhole = false, length = floats): number | null {
  return lent(memory, value, isWhole, length)?.address ?? null;
}

function reuse(length: number, count: number): object {
  const memory = new ResultMemory(native);
  const addresses = Array.from({ length: count }, (_, i) => lentAndForgotten(memory, i, false, length));
  const isAligned = addresses.every((address) => address !== null && address % 64 === 0);
  // What asks the engine must not show in other people's contexts.
  return { places: new Set(addresses.slice(200)).size, isAligned, gc: runInNewContext("typeof gc") };
}

function kept(): object {
  const memory = new ResultMemory(native);
  const storages: Storage[] = [];
  for (let i = 0; i < 50; i++) {
    storages.push(lent(memory, i) as Storage);
    lentAndForgotten(memory, -1);
    lentAndForgotten(memory, -2);
  }
  for (let i = 0; i < 50; i++) lentAndForgotten(memory, -3);
  const isWhole = storages.every((storage, i) => storage.hostView()[0] === i && storage.hostView()[floats - 1] === i);
  return { isWhole, places: new Set(storages.map(({ address }) => address)).size, heldMB: memory.bytes / 2 ** 20 };
}

function residentMB(): number {
  return Number(/RssAnon:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) / 1024;
}

/**
 * How much of its memory the system has back while nobody uses it. While the engine marks, a collection finds nothing, and makes what it
 * has not found old; so there is more than one trial, and each may take its time.
 */
async function idle(): Promise<object> {
  const memory = new ResultMemory(native, { idleMs: 50 });
  let givenBackMB = 0;
  for (let trial = 0; trial < 8 && givenBackMB < wantedMB; trial++) {
    // However few take turns, they are two.
    for (let i = 0; i < 60; i++) lentAndForgotten(memory, i, i >= 40, manyFloats);
    const afterMB = residentMB();
    for (let waits = 0; waits < 10 && givenBackMB < wantedMB; waits++) {
      await pause(100);
      givenBackMB = afterMB - residentMB();
    }
  }
  const again = lent(memory, 5)?.hostView();
  return { isGivenBack: givenBackMB >= wantedMB, again: [again?.[0], again?.[floats - 1]] };
}

/** What the first kind of token lies in stays as it was: as with a C library that writes nothing into what it takes back. */
function otherTokens(): object {
  const buffers: ArrayBuffer[] = [];
  const untold = () => {
    const buffer = new ArrayBuffer(8);
    buffers.push(buffer);
    return buffer;
  };
  const memory = new ResultMemory(native, { makers: [untold, ...tokenBuffers.slice(-1)] });
  const addresses = Array.from({ length: 600 }, (_, i) => lentAndForgotten(memory, i));
  return { places: new Set(addresses.slice(400)).size, isFirstTried: buffers.length > 0 };
}

/** The system does not let processes read like that. */
function unwatchable(): object {
  const blind = new Proxy(native, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (name === "doubleAt") return () => undefined;
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const memory = new ResultMemory(blind);
  const storages = Array.from({ length: 20 }, (_, i) => lent(memory, i) as Storage);
  let more = 0;
  while (more < 1000 && lentAndForgotten(memory, -1) !== null) more++;
  const isWhole = storages.every((storage, i) => storage.hostView()[0] === i && storage.hostView()[floats - 1] === i);
  return { isWhole, more };
}

async function threads(): Promise<object> {
  const start = platform.startModuleWorker as NonNullable<typeof platform.startModuleWorker>;
  const answers = [1000, 2000].map(
    (data) =>
      new Promise<unknown>((resolve, reject) => {
        const worker = start({
          module: new URL("x64-result-sums.ts", import.meta.url).href,
          data,
          env: {},
          onMessage: resolve,
          onFailure: reject,
        });
        worker.hold(true);
      }),
  );
  const own = sums(0);
  const others = await Promise.all(answers);
  return { own, others, peakMB: residentMB() };
}

const modes = {
  reuse: () => reuse(floats, 400),
  reuseSmall: () => reuse(fewFloats, 1200),
  kept,
  idle,
  otherTokens,
  unwatchable,
  threads,
};
const found: Record<string, object> = {};
for (const [name, mode] of Object.entries(modes)) found[name] = await mode();
process.stdout.write(JSON.stringify(found));
process.exit(0);
