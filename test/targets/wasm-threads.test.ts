// The wasm target on several threads: same bits for any number, barriers, early exit, faults.
import { describe, expect, it } from "vitest";
import { InternalError } from "../../src/base/errors.js";
import { ExprFactory, ProgramStatusError } from "../../src/ir/index.js";
import { createWasmTarget, Runtime } from "../../src/targets/index.js";
import { control, outcome } from "../../src/targets/threads/control.js";
import { compileProgram, type ProgramExports } from "../../src/targets/wasm/compile.js";
import { heavy, mixingProgram, runMixing } from "./mixing.js";
import { emptyStorage, loop, makeKernel, makeProgram, storageOf, store } from "./programs.js";

const none = new Float64Array(0);
const n = 4096;

/** Waits, without leaving to the event loop, until all workers have reported. */
function startThreads(threads: number): Runtime {
  const runtime = new Runtime({ threads });
  runtime.pool.start(threads - 1);
  const deadline = performance.now() + 10_000;
  while (runtime.pool.readyCount < threads - 1 && performance.now() < deadline);
  expect(runtime.pool.readyCount).toBe(threads - 1);
  return runtime;
}

describe("wasm threads", () => {
  it("given 1, 2 and 4 threads, 1,000 runs of a program with 12 barriers give the same bits", {
    timeout: 120_000,
  }, () => {
    const { program, bound } = mixingProgram(12);
    const expected = runMixing(createWasmTarget({ runtime: new Runtime({ threads: 1 }) }).load(program), bound);
    for (const [threads, runs] of [
      [2, 1000],
      [4, 100],
    ] as const) {
      const runtime = startThreads(threads);
      const executable = createWasmTarget({ runtime }).load(program);
      for (let run = 0; run < runs; run++) {
        const got = runMixing(executable, bound);
        if (Buffer.compare(got, expected) !== 0) expect.fail(`run ${run} on ${threads} threads differs`);
      }
      // Workers that lost their core sit runs out.
      expect(runtime.pool.joinCount).toBeGreaterThan(runs / 20);
    }
  });

  it("given small work, a program stays on the calling thread", () => {
    const runtime = startThreads(2);
    const x = new ExprFactory();
    const out = x.buffer("out", "float32", 8);
    const kernel = makeKernel(x, 8, (tile) => [store(out, tile, x.const("f32", 2))], 1000);
    const executable = createWasmTarget({ runtime }).load(makeProgram({ stages: [[kernel], [kernel]], bound: [out] }));

    executable.run([emptyStorage(out)], none);

    expect(runtime.pool.joinCount).toBe(0);
  });

  it("given a status set by one thread, all threads leave before the commit stage, and the next run works", () => {
    const runtime = startThreads(2);
    const x = new ExprFactory();
    const [a, state] = [x.buffer("a", "int32", n), x.buffer("s", "int32", n)];
    const status = x.buffer("status", "int32", 4);
    const check = makeKernel(
      x,
      64,
      (tile) => [
        loop(x, 0, n / 64, 1, (i) => {
          const at = x.add(x.mul(tile, x.int(n / 64)), i);
          return [store(status, x.int(0), x.load(a, at), x.lt(x.int(0), x.load(a, at)))];
        }),
      ],
      heavy,
    );
    const commit = makeKernel(x, 64, (tile) => [store(state, tile, x.add(x.load(state, tile), x.int(1)))], heavy);
    const program = makeProgram({
      stages: [[check], [commit], [commit]],
      bound: [a, state],
      inPlace: [state],
      status,
      commitStage: 1,
    });
    const executable = createWasmTarget({ runtime }).load(program);
    const bad = new Int32Array(n);
    bad[1234] = 5;
    const kept = emptyStorage(state);

    for (let round = 0; round < 50; round++) {
      expect(() => executable.run([storageOf("int32", bad), kept], none)).toThrow(ProgramStatusError);
      executable.run([emptyStorage(a), kept], none);
    }

    expect([...kept.toTypedArray().slice(0, 65)]).toEqual([...new Array(64).fill(100), 0]);
  });

  it("given a kernel that traps, the run throws InternalError, and later runs work", () => {
    const runtime = startThreads(2);
    const x = new ExprFactory();
    const [a, out] = [x.buffer("a", "int32", 64), x.buffer("out", "int32", 64)];
    const kernel = makeKernel(
      x,
      64,
      (tile) => [store(out, tile, x.load(out, x.mul(x.load(a, tile), x.int(1 << 20))))],
      heavy,
    );
    const executable = createWasmTarget({ runtime }).load(makeProgram({ stages: [[kernel]], bound: [a, out] }));
    const wild = storageOf("int32", new Int32Array(64).fill(1000));

    for (let round = 0; round < 5; round++) {
      expect(() => executable.run([wild, emptyStorage(out)], none)).toThrow(InternalError);
    }

    const good = emptyStorage(out);
    executable.run([storageOf("int32", new Int32Array(64)), good], none);
    const { program, bound } = mixingProgram(3);
    const again = createWasmTarget({ runtime }).load(program);
    const alone = createWasmTarget({ runtime: new Runtime({ threads: 1 }) }).load(program);
    expect(runMixing(again, bound)).toEqual(runMixing(alone, bound));
  });

  it("given a freed program, workers forget it and others go on", () => {
    const runtime = startThreads(2);
    const { program, bound } = mixingProgram(3);
    const target = createWasmTarget({ runtime });
    const expected = runMixing(target.load(program), bound);

    for (let round = 0; round < 20; round++) {
      const executable = target.load(program);
      for (let run = 0; run < 10; run++) {
        expect(Buffer.compare(runMixing(executable, bound), expected)).toBe(0);
      }
      executable.free();
    }
  });

  it("given a thread that joined and died, the barrier gives up after its timeout", () => {
    const runtime = new Runtime({ threads: 2 });
    const { heap } = runtime;
    const { program } = mixingProgram(2);
    const { module, table } = compileProgram(program, {
      relaxed: false,
      memory: { shared: true, initialPages: 1, maximumPages: heap.maximumPages },
      threads: 2,
      callerMaySleep: true,
      barrierTimeoutMs: 200,
    });
    const { exports } = new WebAssembly.Instance(module, { env: { memory: heap.memory as WebAssembly.Memory } });
    const { open, run } = exports as unknown as Required<ProgramExports>;
    const [tableAddress, memory] = [heap.allocate(table.bytes) as number, heap.allocate(1 << 20) as number];
    heap.words.fill(memory, tableAddress / 4, tableAddress / 4 + program.bindings.length + 1);

    open(1);
    Atomics.add(heap.words, control.phase / 4, 0x100);

    expect(run(1, 0, 2, tableAddress, memory, 0)).toBe(outcome.fault);
  });
});
