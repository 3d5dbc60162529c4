// Cases of the x64 driver, one a process: `x64-cases.ts <name>`. A case that throws ends its process with an error.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { isMainThread, Worker } from "node:worker_threads";
import { platform } from "#platform";
import { Storage } from "../../src/base/index.js";
import { ProgramStatusError } from "../../src/ir/index.js";
import { imm, mem } from "../../src/targets/x64/asm/operands.js";
import { X64Executable } from "../../src/targets/x64/executable.js";
import { Runtime } from "../../src/targets/x64/runtime.js";
import { emptyStorage, makeProgram, storageOf } from "./programs.js";
import { ByHand, load, loopOver, mixing, runMixing } from "./x64-kernels.js";

const none = new Float64Array(0);

function makeRuntime(threads: number): Runtime {
  const { native, reason } = platform.native();
  assert(native, reason ?? "");
  return new Runtime(native, { threads });
}

/** Waits, without leaving to the event loop, until all workers have reported. */
function startThreads(threads: number): Runtime {
  const runtime = makeRuntime(threads);
  runtime.workers.start(threads - 1);
  const deadline = performance.now() + 10_000;
  while (runtime.workers.readyCount < threads - 1 && performance.now() < deadline);
  assert.equal(runtime.workers.readyCount, threads - 1);
  return runtime;
}

/** Bytes of anonymous pages with these permissions. V8's own code is writable as well. */
function mappedBytes(permissions: string): number {
  let bytes = 0;
  for (const line of readFileSync("/proc/self/maps", "utf8").split("\n")) {
    const match = /^(\w+)-(\w+) (\S+) \S+ \S+ 0\s*$/.exec(line);
    if (match?.[3] === permissions) bytes += Number.parseInt(match[2] ?? "", 16) - Number.parseInt(match[1] ?? "", 16);
  }
  return bytes;
}

/** Processors that a process or thread may run on. */
function allowedProcessors(task: string): Set<number> {
  const [, list] = /Cpus_allowed_list:\s*(\S+)/.exec(readFileSync(`/proc/${task}/status`, "utf8")) ?? [];
  const ranges = (list ?? "").split(",").map((range) => range.split("-").map(Number) as [number, number?]);
  return new Set(
    ranges.flatMap(([first, last = first]) => Array.from({ length: last - first + 1 }, (_, i) => first + i)),
  );
}

const numbers = (storage: Storage): Int32Array => storage.hostView() as Int32Array;

/** A program of two tiles that wait for `flag[0]` to be set and write what it is; checked, it first looks that `flag[1]` is 0. */
function patient({ isChecked = false } = {}) {
  const hand = new ByHand();
  const [flag, out] = [hand.x.buffer("flag", "int32", 16), hand.x.buffer("out", "int32", 2)];
  const status = hand.x.buffer("status", "int32", 4);
  const check = hand.kernel(
    1,
    (f, _begin, _end, table) => {
      const value = f.gp();
      f.emit("mov", 32, [value, mem(load(f, table), 4)]);
      f.emit("mov", 32, [mem(load(f, table, 16)), value]);
    },
    0,
  );
  const kernel = hand.kernel(2, (f, begin, end, table) => {
    const [from, to] = [load(f, table), load(f, table, 8)];
    const [patience, value] = [f.gp(), f.gp()];
    const [wait, met] = [f.label(), f.label()];
    f.emit("mov", 32, [patience, imm(200_000_000)]);
    f.bind(wait);
    f.emit("mov", 32, [value, mem(from)]);
    f.emit("test", 32, [value, value]);
    f.emit("jne", 64, [met]);
    f.emit("pause", 64, []);
    f.emit("sub", 32, [patience, imm(1)]);
    f.emit("jne", 64, [wait]);
    f.bind(met);
    loopOver(f, begin, end, (i) => f.emit("mov", 32, [mem(to, 0, i, 4), value]));
  });
  const bound = [flag, out];
  const program = isChecked
    ? makeProgram({ stages: [[check], [kernel]], bound, status, checkedStage: 1 })
    : makeProgram({ stages: [[kernel]], bound });
  return { program, hand, flag, out };
}

const cases: Record<string, () => void | Promise<void>> = {
  /** The same bits with any number of threads, and those of plain JavaScript. */
  threads() {
    const { program, code, bound, expected } = mixing(12);
    for (const threads of [1, 2, 4]) {
      const runtime = startThreads(threads);
      const executable = new X64Executable(runtime, program, code);
      // Workers that lost their core sit runs out: on a busy machine it takes some until they have joined often enough.
      const deadline = performance.now() + 10_000;
      const wanted = threads === 1 ? 0 : 20;
      for (let run = 0; run < 200 || (runtime.workers.joinCount < wanted && performance.now() < deadline); run++) {
        assert.deepEqual(runMixing(executable, bound), expected);
      }
      assert(runtime.workers.joinCount >= wanted, `${runtime.workers.joinCount} joins`);
    }
  },

  /** Claims of several tiles: each tile once, whatever the last claim has left. */
  claims() {
    for (const tiles of [1024, 1000, 997]) {
      const hand = new ByHand();
      const out = hand.x.buffer("out", "int32", tiles);
      // Estimated at 100 µs: worth two threads, and far less than a claim a tile.
      const kernel = hand.kernel(
        tiles,
        (f, begin, end, table) => {
          const to = load(f, table);
          loopOver(f, begin, end, (i) => {
            f.emit("add", 32, [mem(to, 0, i, 4), i]);
            f.emit("add", 32, [mem(to, 0, i, 4), imm(1)]);
          });
        },
        2e6,
      );
      const program = makeProgram({ stages: [[kernel]], bound: [out], inPlace: [out] });
      const executable = new X64Executable(startThreads(2), program, hand.code());
      const storage = emptyStorage(out);
      executable.run([storage], none);
      assert.deepEqual(
        Array.from(storage.toTypedArray(), Number),
        Array.from({ length: tiles }, (_, i) => i + 1),
      );
    }
  },

  /** Two tiles that wait for each other: the second thread has to join while the first is in the segment. */
  late() {
    const hand = new ByHand();
    const out = hand.x.buffer("out", "int32", 4);
    const kernel = hand.kernel(2, (f, _begin, _end, table) => {
      const to = load(f, table);
      const patience = f.gp();
      const [wait, met] = [f.label(), f.label()];
      f.emit("mov", 32, [patience, imm(200_000_000)]);
      f.emit("lock add", 32, [mem(to), imm(1)]);
      f.bind(wait);
      f.emit("cmp", 32, [mem(to), imm(2)]);
      f.emit("je", 64, [met]);
      f.emit("pause", 64, []);
      f.emit("sub", 32, [patience, imm(1)]);
      f.emit("jne", 64, [wait]);
      f.emit("mov", 32, [mem(to, 4), imm(1)]);
      f.bind(met);
    });
    const program = makeProgram({ stages: [[kernel]], bound: [out], inPlace: [out] });
    const executable = new X64Executable(startThreads(2), program, hand.code());
    const storage = emptyStorage(out);
    executable.run([storage], none);
    assert.deepEqual([...storage.toTypedArray()], [2, 0, 0, 0]);
  },

  /** A run that waits for what its caller writes after it: the caller has it left to the worker. Reading waits for its end. */
  leave() {
    const { program, hand, flag, out } = patient();
    const executable = new X64Executable(startThreads(2), program, hand.code());
    const [signal, result] = [emptyStorage(flag), emptyStorage(out)];
    for (let round = 1; round <= 20; round++) {
      numbers(signal).fill(0);
      executable.run([signal, result], none);
      numbers(signal).fill(round);
      assert.deepEqual([...result.toTypedArray()], [round, round]);
    }
  },

  /** Runs one after another that nobody reads, and a program that is freed while it runs. */
  unread() {
    const { program, hand, flag, out } = patient();
    const executable = new X64Executable(startThreads(2), program, hand.code());
    const signal = storageOf("int32", new Int32Array(flag.size).fill(1));
    const results = Array.from({ length: 100 }, () => emptyStorage(out));
    for (const result of results) executable.run([signal, result], none);
    executable.free();
    for (const result of results) assert.deepEqual([...result.hostView()], [1, 1]);
  },

  /** Cheap checks come first, on the calling thread: what they find is thrown by `run`; what follows them is left to the worker. */
  checks() {
    const { program, hand, flag, out } = patient({ isChecked: true });
    const runtime = startThreads(2);
    const executable = new X64Executable(runtime, program, hand.code());
    const [signal, result] = [emptyStorage(flag), emptyStorage(out)];
    for (let round = 1; round <= 20; round++) {
      numbers(signal).set([0, 3]);
      assert.throws(
        () => executable.run([signal, result], none),
        (error) => error instanceof ProgramStatusError && error.status === 3,
      );
      numbers(signal).set([0, 0]);
      executable.run([signal, result], none);
      numbers(signal).set([round]);
      assert.deepEqual([...result.toTypedArray()], [round, round]);
    }
  },

  /** A status set by one thread: nothing is written in place, and the next run works. */
  status() {
    const n = 4096;
    const hand = new ByHand();
    const { x } = hand;
    const [a, state] = [x.buffer("a", "int32", n), x.buffer("s", "int32", n)];
    const status = x.buffer("status", "int32", 4);
    const check = hand.kernel(64, (f, begin, end, table) => {
      const [from, to] = [load(f, table), load(f, table, 16)];
      const [first, last] = [begin, end].map((tile) => {
        const i = f.copyOf(tile);
        f.emit("shl", 32, [i, imm(6)]);
        return i;
      }) as [typeof begin, typeof end];
      loopOver(f, first, last, (i) => {
        const good = f.label();
        const value = f.gp();
        f.emit("mov", 32, [value, mem(from, 0, i, 4)]);
        f.emit("test", 32, [value, value]);
        f.emit("je", 64, [good]);
        f.emit("mov", 32, [mem(to), value]);
        f.emit("mov", 32, [mem(to, 4), i]);
        f.bind(good);
      });
    });
    const increment = hand.kernel(64, (f, begin, end, table) => {
      const to = load(f, table, 8);
      loopOver(f, begin, end, (i) => f.emit("add", 32, [mem(to, 0, i, 4), imm(1)]));
    });
    const program = makeProgram({
      stages: [[check], [increment], [increment]],
      bound: [a, state],
      inPlace: [state],
      status,
      commitStage: 1,
    });
    const bad = new Int32Array(n);
    bad[1234] = 5;
    for (const threads of [1, 2]) {
      const executable = new X64Executable(startThreads(threads), program, hand.code());
      const kept = emptyStorage(state);
      for (let round = 0; round < 50; round++) {
        assert.throws(
          () => executable.run([storageOf("int32", bad), kept], none),
          (error) => error instanceof ProgramStatusError && error.status === 5 && error.details[0] === 1234,
        );
        executable.run([emptyStorage(a), kept], none);
      }
      assert.deepEqual([...kept.toTypedArray().slice(0, 65)], [...new Array(64).fill(100), 0]);
    }
  },

  /** Small work stays on the calling thread. */
  small() {
    const hand = new ByHand();
    const out = hand.x.buffer("out", "int32", 8);
    const kernel = hand.kernel(
      8,
      (f, begin, end, table) => {
        const to = load(f, table);
        loopOver(f, begin, end, (i) => f.emit("add", 32, [mem(to, 0, i, 4), imm(1)]));
      },
      1000,
    );
    const runtime = startThreads(2);
    const program = makeProgram({ stages: [[kernel], [kernel]], bound: [out], inPlace: [out] });
    const executable = new X64Executable(runtime, program, hand.code());
    const storage = emptyStorage(out);
    for (let run = 0; run < 100; run++) executable.run([storage], none);
    assert.deepEqual([...storage.toTypedArray()], new Array(8).fill(200));
    assert.equal(runtime.workers.joinCount, 0);
  },

  /** A worker that fell asleep is woken for any processor but the caller's. */
  async apart() {
    const runtime = startThreads(2);
    const own = allowedProcessors("self");
    if (own.size < 2) return; // there is no other
    const { program, code, bound, expected } = mixing(4);
    const executable = new X64Executable(runtime, program, code);
    const deadline = performance.now() + 10_000;
    while (runtime.workers.restingCount < 1 && performance.now() < deadline) await pause(1);
    assert.equal(runtime.workers.restingCount, 1);
    assert.deepEqual(runMixing(executable, bound), expected);
    const [worker] = runtime.workers.threadNumbers;
    const left = [...own].filter((processor) => !allowedProcessors(`self/task/${worker}`).has(processor));
    assert.equal(left.length, 1);
    const { native } = platform.native();
    native?.keepOff(left[0] as number, new Array(own.size).fill(process.pid));
    assert.deepEqual(allowedProcessors("self"), own); // one too few for so many threads
  },

  /** Code pages: executable and not writable, gone after free(). */
  pages() {
    const runtime = startThreads(2);
    const { program, code, bound, expected } = mixing(4);
    const [before, writable] = [mappedBytes("r-xp"), mappedBytes("rwxp")];
    const executables = Array.from({ length: 20 }, () => new X64Executable(runtime, program, code));
    const pages = Math.ceil(code.bytes.length / 4096) * 4096;
    assert.equal(mappedBytes("r-xp") - before, 20 * pages);
    for (const executable of executables) assert.deepEqual(runMixing(executable, bound), expected);
    for (const executable of executables) executable.free();
    assert.equal(mappedBytes("r-xp"), before);
    assert(mappedBytes("rwxp") - writable < 1 << 20, "memory that is writable and executable grew");
  },

  /** Programs that are dropped without free() give their pages back as well. */
  async forgotten() {
    const runtime = makeRuntime(1);
    const { program, code } = mixing(4);
    const before = mappedBytes("r-xp");
    for (let k = 0; k < 20; k++) new X64Executable(runtime, program, code);
    const { gc } = globalThis;
    assert(gc);
    for (let k = 0; k < 20 && mappedBytes("r-xp") > before; k++) {
      gc();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.equal(mappedBytes("r-xp"), before);
  },

  /** A wild store ends the process: this one. */
  fault() {
    const hand = new ByHand();
    const out = hand.x.buffer("out", "int32", 4);
    const kernel = hand.kernel(1, (f) => {
      const to = f.gp();
      f.emit("mov", 32, [to, imm(16)]);
      f.emit("mov", 32, [mem(to), imm(1)]);
    });
    const program = makeProgram({ stages: [[kernel]], bound: [out] });
    new X64Executable(makeRuntime(1), program, hand.code()).run([emptyStorage(out)], none);
  },

  /** Several worker threads of Node, each with a pool of its own, at once. */
  async workers() {
    const exits = [1, 2, 3].map(() => {
      const worker = startWorker("threads");
      return new Promise((resolve, reject) => worker.on("error", reject).on("exit", resolve));
    });
    assert.deepEqual(await Promise.all(exits), [0, 0, 0]);
  },

  /** A worker thread that is ended in the middle of its runs takes its pool along and nothing else. */
  async terminate() {
    const worker = startWorker("endless");
    await new Promise((resolve) => worker.once("message", resolve));
    await worker.terminate();
    cases.threads?.();
  },

  endless() {
    const { program, code, bound } = mixing(12);
    const executable = new X64Executable(startThreads(2), program, code);
    process.stdout.write("running\n");
    tellParent();
    for (;;) runMixing(executable, bound);
  },

  /** Memory of results begins with a cache line, whether it is shared or not. */
  results() {
    const { results, native } = makeRuntime(1);
    for (const length of [1, 16, 17, 128, 129, 5000]) {
      const [first, second] = [Storage.output("float32", length), Storage.output("float32", length)];
      for (const storage of [first, second]) {
        results.place(storage);
        assert.equal(storage.address % 64, 0);
        assert.equal(storage.address, native.addressOf(storage.hostBuffer()) + storage.byteOffset);
        assert(storage.byteOffset + storage.byteLength <= storage.hostBuffer().byteLength);
      }
      assert(Math.abs(second.address - first.address) >= first.byteLength);
    }
    const many = Array.from({ length: 200 }, () => Storage.output("float32", 1));
    for (const storage of many) results.place(storage);
    assert.equal(new Set(many.map(({ address }) => address)).size, many.length);
    assert(new Set(many.map(({ buffer }) => buffer)).size < 6);
  },

  /** Leaves while workers look for work. */
  exit() {
    const { program, code, bound } = mixing(12);
    runMixing(new X64Executable(startThreads(2), program, code), bound);
    process.exit(3);
  },
};

let tellParent = (): void => {};

/** Runs a case in a worker thread. A worker cannot start on TypeScript, but it can load it. */
function startWorker(name: string): Worker {
  const script = fileURLToPath(import.meta.url);
  const source = `
    const { parentPort } = require("node:worker_threads");
    const { runCase } = require("tsx/cjs/api").require(${JSON.stringify(script)}, ${JSON.stringify(script)});
    runCase(${JSON.stringify(name)}, () => parentPort.postMessage("running"));`;
  return new Worker(source, { eval: true, execArgv: [], stdout: true });
}

export async function runCase(name: string, tell: () => void = () => {}): Promise<void> {
  tellParent = tell;
  await cases[name]?.();
}

const name = process.argv[2];
if (isMainThread && name !== undefined) void runCase(name);
