// Loads and stores of the wasm target: memory dtypes, tails, guards, splats, constant offsets; residency and limits.
import { describe, expect, it } from "vitest";
import { MemoryError } from "../../src/base/errors.js";
import { Storage } from "../../src/base/storage.js";
import { type Buffer, type Expr, ExprFactory, ProgramStatusError, type Stmt } from "../../src/ir/index.js";
import { createWasmTarget, Runtime, type RuntimeOptions } from "../../src/targets/index.js";
import { emptyStorage, loop, makeKernel, makeProgram, storageOf, store, when } from "./programs.js";

const none = new Float64Array(0);
const MiB = 1 << 20;

function makeTarget(options: RuntimeOptions = {}) {
  const runtime = new Runtime({ threads: 1, ...options });
  return { runtime, target: createWasmTarget({ runtime }) };
}

const { target } = makeTarget();

/** Runs one kernel of one tile; returns the last storage's values. */
function runKernel(
  x: ExprFactory,
  bound: readonly Buffer[],
  storages: readonly Storage[],
  body: Stmt[],
  scalars = none,
) {
  const program = makeProgram({
    stages: [[makeKernel(x, 1, () => body)]],
    bound,
    // Some kernels write their output in part, so its old values have to be there.
    inPlace: bound.slice(-1),
    scalarCount: scalars.length,
  });
  target.load(program).run(storages, scalars);
  return [...(storages.at(-1) as Storage).toTypedArray()];
}

/** out = in + 1 over `n` floats. */
function increment(n: number, inPlace = false) {
  const x = new ExprFactory();
  const input = x.buffer("a", "float32", n);
  const output = inPlace ? input : x.buffer("out", "float32", n);
  const body = loop(x, 0, n, 4, (i) => [store(output, i, x.add(x.load(input, i, 4), x.const("f32", 1)))]);
  const bound = inPlace ? [input] : [input, output];
  return {
    bound,
    program: makeProgram({ stages: [[makeKernel(x, 1, () => [body])]], bound, inPlace: inPlace ? [input] : [] }),
  };
}

describe("wasm loads and stores", () => {
  for (const lanes of [1, 2, 4]) {
    it(`given bytes and ${lanes} lanes, loads widen and stores keep the low byte`, () => {
      const x = new ExprFactory();
      const [a, out] = [x.buffer("a", "uint8", 8), x.buffer("out", "uint8", 8)];
      const body = loop(x, 0, 8, lanes, (i) => [
        store(out, i, x.add(x.load(a, i, lanes), x.splat(x.load(a, x.int(7)), lanes))),
      ]);

      const got = runKernel(
        x,
        [a, out],
        [storageOf("uint8", [0, 1, 2, 100, 200, 250, 254, 255]), emptyStorage(out)],
        [body],
      );

      expect(got).toEqual([255, 0, 1, 99, 199, 249, 253, 254]);
    });

    it(`given bools and ${lanes} lanes, loads give masks and stores 0 or 1`, () => {
      const x = new ExprFactory();
      const [a, b, out] = ["a", "b", "out"].map((name) => x.buffer(name, "bool", 8)) as [Buffer, Buffer, Buffer];
      const body = loop(x, 0, 8, lanes, (i) => [store(out, i, x.or(x.load(a, i, lanes), x.not(x.load(b, i, lanes))))]);
      const storages = [
        storageOf("bool", [0, 0, 1, 1, 0, 1, 0, 1]),
        storageOf("bool", [0, 1, 0, 1, 1, 1, 0, 0]),
        emptyStorage(out),
      ];

      expect(runKernel(x, [a, b, out], storages, [body])).toEqual([1, 0, 1, 1, 0, 1, 1, 1]);
    });

    it(`given guards and ${lanes} lanes, loads outside give zero and stores outside do nothing`, () => {
      const x = new ExprFactory();
      const [a, out] = [x.buffer("a", "float32", 12), x.buffer("out", "float32", 12)];
      const guard = (i: Expr) => x.lt(i, x.int(8));
      const body = loop(x, 0, 12, lanes, (i) => [
        store(out, i, x.add(x.load(a, i, lanes, guard(i)), x.const("f32", 1)), x.le(x.int(4), i)),
      ]);
      const values = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

      const got = runKernel(x, [a, out], [storageOf("float32", values), emptyStorage(out)], [body]);

      expect(got).toEqual([0, 0, 0, 0, 6, 7, 8, 9, 1, 1, 1, 1]);
    });
  }

  it("given an odd length, a vector loop and a scalar tail cover all elements", () => {
    const x = new ExprFactory();
    const [a, out] = [x.buffer("a", "float32", 11), x.buffer("out", "float32", 11)];
    const double = (i: Expr, lanes: number) => store(out, i, x.add(x.load(a, i, lanes), x.load(a, i, lanes)));
    const body = [loop(x, 0, 8, 4, (i) => [double(i, 4)]), loop(x, 8, 11, 1, (i) => [double(i, 1)])];
    const values = Array.from({ length: 11 }, (_, i) => i);

    const got = runKernel(x, [a, out], [storageOf("float32", values), emptyStorage(out)], body);

    expect(got).toEqual(values.map((v) => v * 2));
  });

  it("given splats, lanes, extracts and shuffles of loads, each element arrives", () => {
    const x = new ExprFactory();
    for (const [dtype, lanes] of [
      ["float32", 4],
      ["float32", 2],
      ["int32", 4],
      ["float64", 2],
      ["int64", 2],
    ] as const) {
      const [a, out] = [x.buffer("a", dtype, 8), x.buffer("out", dtype, 4 * lanes + 1)];
      const at = (i: number) => x.load(a, x.int(i));
      const v = x.load(a, x.int(4), lanes);
      const pattern = lanes === 4 ? [7, 0, 5, 2] : [3, 0];
      const body = [
        store(out, x.int(0), x.splat(at(3), lanes)),
        store(out, x.int(lanes), x.lanes(Array.from({ length: lanes }, (_, i) => at(7 - i)))),
        store(out, x.int(2 * lanes), x.shuffle(x.load(a, x.int(0), lanes), v, pattern)),
        store(out, x.int(3 * lanes), x.extract(v, lanes - 1)),
      ];
      const storages = [storageOf(dtype, [0, 1, 2, 3, 4, 5, 6, 7]), emptyStorage(out)];

      const got = runKernel(x, [a, out], storages, body).map(Number);

      const both = [...Array.from({ length: lanes }, (_, i) => i), ...Array.from({ length: lanes }, (_, i) => 4 + i)];
      expect(got.slice(0, 3 * lanes + 1)).toEqual([
        ...new Array(lanes).fill(3),
        ...Array.from({ length: lanes }, (_, i) => 7 - i),
        ...pattern.map((p) => both[p]),
        4 + lanes - 1,
      ]);
    }
  });

  it("given index constants around zero and past a megabyte, addresses do not wrap", () => {
    const n = 1_000_000;
    const x = new ExprFactory();
    const [a, out] = [x.buffer("a", "float32", n), x.buffer("out", "float32", 4)];
    // The variable part runs from -(n - 4); its bounds are not known to the code generator.
    const shift = x.cast(x.param(0, "i32"), "i32");
    const body = loop(x, 0, 4, 1, (i) => [store(out, i, x.load(a, x.add(x.add(i, shift), x.int(n - 4))))]);
    const values = Float32Array.from({ length: n }, (_, i) => i);
    const scalars = Float64Array.of(-(n - 4));

    const got = runKernel(x, [a, out], [Storage.from("float32", values), emptyStorage(out)], [body], scalars);

    expect(got).toEqual([0, 1, 2, 3]);
  });

  it("given nested loops with mutable sums, lets and while, hoisted addresses follow their variables", () => {
    const x = new ExprFactory();
    const [rows, columns] = [5, 7];
    const [a, out] = [x.buffer("a", "int32", rows * columns), x.buffer("out", "int32", rows)];
    const body = loop(x, 0, rows, 1, (r) => {
      const sum = x.variable("sum", "i32", { mutable: true });
      const k = x.variable("k", "i32", { mutable: true });
      const start = x.variable("start", "i32");
      return [
        { kind: "let", v: start, value: x.mul(r, x.int(columns)) },
        { kind: "let", v: sum, value: x.int(0) },
        loop(x, 0, columns, 1, (c) => [{ kind: "assign", v: sum, value: x.add(sum, x.load(a, x.add(start, c))) }]),
        { kind: "let", v: k, value: x.int(0) },
        {
          kind: "while",
          cond: x.lt(k, x.int(3)),
          body: [
            { kind: "assign", v: sum, value: x.add(sum, x.mul(x.load(a, x.add(start, k)), x.int(1000))) },
            { kind: "assign", v: k, value: x.add(k, x.int(1)) },
          ],
        },
        store(out, r, sum),
      ];
    });
    const values = Array.from({ length: rows * columns }, (_, i) => i);

    const got = runKernel(x, [a, out], [storageOf("int32", values), emptyStorage(out)], [body]);

    expect(got).toEqual(
      Array.from({ length: rows }, (_, r) => {
        const row = values.slice(r * columns, (r + 1) * columns);
        return row.reduce((s, v) => s + v, 0) + 1000 * row.slice(0, 3).reduce((s, v) => s + v, 0);
      }),
    );
  });

  it("given run-time scalars, kernels see them converted", () => {
    const x = new ExprFactory();
    const out = x.buffer("out", "float64", 4);
    const f64 = (e: Expr) => x.cast(e, "f64");
    const body = [
      store(out, x.int(0), x.param(0, "f64")),
      store(out, x.int(1), f64(x.param(0, "f32"))),
      store(out, x.int(2), f64(x.param(1, "i32"))),
      store(out, x.int(3), f64(x.param(1, "bool"))),
    ];

    const got = runKernel(x, [out], [emptyStorage(out)], body, Float64Array.of(0.1, 7.9));

    expect(got).toEqual([0.1, Math.fround(0.1), 7, 1]);
  });

  it("given many tiles, local and arena buffers, each tile runs once", () => {
    const x = new ExprFactory();
    const tiles = 13;
    const [out, between, local] = [
      x.buffer("out", "int32", tiles),
      x.buffer("t", "int32", tiles),
      x.buffer("l", "int32", 4, "local"),
    ];
    const first = makeKernel(x, tiles, (tile) => [
      store(local, x.int(2), x.mul(tile, tile)),
      store(between, tile, x.add(x.freshLoad(local, x.int(2)), x.int(1))),
    ]);
    const second = makeKernel(x, tiles, (tile) => [store(out, tile, x.add(x.load(between, tile), x.int(10)))]);
    const program = makeProgram({ stages: [[first], [second]], bound: [out], arena: [between], local: [local] });
    const result = emptyStorage(out);

    target.load(program).run([result], none);

    expect([...result.toTypedArray()]).toEqual(Array.from({ length: tiles }, (_, i) => i * i + 11));
  });
});

describe("wasm status", () => {
  it("given a status set before the commit stage, the run stops, throws it, and in-place storages keep their values", () => {
    const x = new ExprFactory();
    const [a, state] = [x.buffer("a", "int32", 4), x.buffer("s", "int32", 4)];
    const status = x.buffer("status", "int32", 4);
    const check = makeKernel(x, 1, () => [
      when(x.lt(x.int(2), x.load(a, x.int(0))), [
        store(status, x.int(0), x.int(9)),
        store(status, x.int(1), x.load(a, x.int(0))),
      ]),
    ]);
    const commit = makeKernel(x, 1, () => [store(state, x.int(0), x.int(77))]);
    const program = makeProgram({
      stages: [[check], [commit]],
      bound: [a, state],
      inPlace: [state],
      status,
      commitStage: 1,
    });
    const executable = target.load(program);
    const kept = storageOf("int32", [1, 2, 3, 4]);

    let thrown: unknown;
    try {
      executable.run([storageOf("int32", [5, 0, 0, 0]), kept], none);
    } catch (error) {
      thrown = error;
    }

    expect(thrown).toBeInstanceOf(ProgramStatusError);
    expect(thrown).toMatchObject({ status: 9, details: [5, 0, 0] });
    expect([...kept.toTypedArray()]).toEqual([1, 2, 3, 4]);
    executable.run([storageOf("int32", [1, 0, 0, 0]), kept], none);
    expect([...kept.toTypedArray()]).toEqual([77, 2, 3, 4]);
  });
});

describe("wasm residency", () => {
  it("given a storage bound by two runs in a row, it moves in, and reads still reach it, until the host has it again", () => {
    const { runtime, target } = makeTarget();
    const { bound, program } = increment(8);
    const executable = target.load(program);
    const input = storageOf("float32", [1, 2, 3, 4, 5, 6, 7, 8]);
    const outputs = bound.map(emptyStorage);

    executable.run([input, outputs[0] as Storage], none);
    expect(input.home).toBe(null);
    executable.run([input, outputs[1] as Storage], none);

    expect(runtime.residency.find(input)).not.toBe(null);
    expect(input.buffer).toBe(null);
    expect([...input.toTypedArray()]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(input.hostView()[0]).toBe(1);
    expect(input.home).toBe(null);
    expect([...(outputs[1] as Storage).toTypedArray()]).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("given fresh small outputs each step, none of them stays in the memory", () => {
    const { runtime, target } = makeTarget();
    const { bound, program } = increment(50_000);
    const executable = target.load(program);
    const input = emptyStorage(bound[0] as Buffer);

    for (let step = 0; step < 50; step++) executable.run([input, emptyStorage(bound[1] as Buffer)], none);

    expect(runtime.residency.count).toBe(1);
  });

  it("given large outputs, they stay in the memory within the limit for young residents, the oldest moves out", () => {
    const { runtime, target } = makeTarget({ limits: { youngBytes: 5 * MiB } });
    const { bound, program } = increment((2 * MiB) / 4);
    const executable = target.load(program);
    const input = Storage.from("float32", new Float32Array((2 * MiB) / 4).fill(3));
    const outputs = Array.from({ length: 4 }, () => emptyStorage(bound[1] as Buffer));

    for (const output of outputs) executable.run([input, output], none);

    expect(outputs.map((output) => runtime.residency.find(output) !== null)).toEqual([false, false, true, true]);
    for (const output of outputs) expect(output.toTypedArray().every((v) => v === 4)).toBe(true);
  });

  it("given results that nobody holds, the engine's turn frees their blocks without a copy", async () => {
    const { runtime, target } = makeTarget();
    const { bound, program } = increment((4 * MiB) / 4);
    const executable = target.load(program);
    const input = Storage.from("float32", new Float32Array((4 * MiB) / 4).fill(3));
    const kept: Storage[] = [];
    const used: number[] = [];

    for (let step = 0; step < 200; step++) {
      const output = emptyStorage(bound[1] as Buffer);
      executable.run([input, output], none);
      if (step % 50 === 0) kept.push(output);
      used.push(runtime.residency.bytes);
      await new Promise((resolve) => setImmediate(resolve));
    }

    // 800 MiB of results stayed below the limit for young residents, so nothing had to move out.
    expect(Math.max(...used)).toBeLessThan(384 * MiB);
    for (const output of kept) {
      expect(runtime.residency.find(output)).not.toBe(null);
      expect(output.toTypedArray().every((v) => v === 4)).toBe(true);
    }
  });

  it("given results in a synchronous loop, memory stays within the limit, and those kept have their values", () => {
    const { runtime, target } = makeTarget({ limits: { youngBytes: 4 * MiB } });
    const { bound, program } = increment(MiB / 4, false);
    const executable = target.load(program);
    const kept: Storage[] = [];

    for (let step = 0; step < 64; step++) {
      const output = emptyStorage(bound[1] as Buffer);
      executable.run([Storage.from("float32", new Float32Array(MiB / 4).fill(step)), output], none);
      kept.push(output);
      expect(runtime.residency.bytes).toBeLessThanOrEqual(4 * MiB);
    }

    for (const [step, output] of kept.entries()) expect(output.toTypedArray().every((v) => v === step + 1)).toBe(true);
  });

  it("given a result that moved out, runs and writes on the host find it, and its block serves others", () => {
    const { runtime, target } = makeTarget({ limits: { youngBytes: 2 * MiB } });
    const { bound, program } = increment((2 * MiB) / 4);
    const executable = target.load(program);
    const source = Storage.from("float32", new Float32Array((2 * MiB) / 4).fill(1));
    const [first, second, third] = [0, 1, 2].map(() => emptyStorage(bound[1] as Buffer)) as [Storage, Storage, Storage];

    executable.run([source, first], none);
    executable.run([source, second], none);
    expect(runtime.residency.find(first)).toBe(null);
    first.hostView()[0] = 7;
    executable.run([first, third], none);

    expect([...third.toTypedArray().subarray(0, 2)]).toEqual([8, 3]);
    expect([...first.hostView().subarray(0, 2)]).toEqual([7, 2]);
    expect([...second.toTypedArray().subarray(0, 2)]).toEqual([2, 2]);
  });

  it("given a budget for two of three resident storages, the least recently used moves out and values survive", () => {
    const { runtime, target } = makeTarget({ memoryBytes: 8 * MiB });
    const { program } = increment((2 * MiB) / 4, true);
    const executable = target.load(program);
    const states = [0, 10, 20].map((v) => Storage.from("float32", new Float32Array((2 * MiB) / 4).fill(v)));

    for (let round = 1; round <= 4; round++) {
      for (const [k, state] of states.entries()) {
        executable.run([state], none);
        expect(runtime.heap.usedBytes).toBeLessThanOrEqual(7 * MiB);
        expect(runtime.residency.find(state)).not.toBe(null);
        expect(state.toTypedArray()[12345]).toBe(10 * k + round);
      }
    }
  });

  it("given residents unused for many runs above the soft limit, they move out", () => {
    const { runtime, target } = makeTarget({ limits: { softBytes: 1 * MiB, idleRuns: 10 } });
    const executable = target.load(increment((2 * MiB) / 4, true).program);
    const other = target.load(increment(8, true).program);
    const [large, small] = [
      Storage.from("float32", new Float32Array((2 * MiB) / 4).fill(1)),
      storageOf("float32", [1, 1, 1, 1, 1, 1, 1, 1]),
    ];
    executable.run([large], none);

    for (let step = 0; step < 100; step++) other.run([small], none);

    expect(runtime.residency.find(large)).toBe(null);
    expect(large.toTypedArray()[5]).toBe(2);
    expect(small.toTypedArray()[0]).toBe(101);
  });

  it("given one storage in two slots, both see it", () => {
    const { target } = makeTarget();
    const x = new ExprFactory();
    const [a, b, out] = ["a", "b", "out"].map((name) => x.buffer(name, "float32", 4)) as [Buffer, Buffer, Buffer];
    const body = [store(out, x.int(0), x.add(x.load(a, x.int(0), 4), x.load(b, x.int(0), 4)))];
    const program = makeProgram({ stages: [[makeKernel(x, 1, () => body)]], bound: [a, b, out] });
    const executable = target.load(program);
    const twice = storageOf("float32", [1, 2, 3, 4]);

    for (let step = 0; step < 3; step++) {
      const result = emptyStorage(out);
      executable.run([twice, twice, result], none);
      expect([...result.toTypedArray()]).toEqual([2, 4, 6, 8]);
    }
  });

  it("given two programs of different arena sizes, they share the arena and free gives tables back", () => {
    const { runtime, target } = makeTarget();
    const make = (n: number) => {
      const x = new ExprFactory();
      const [a, t, out] = [x.buffer("a", "float32", n), x.buffer("t", "float32", n), x.buffer("out", "float32", n)];
      const copy = (from: Buffer, to: Buffer) =>
        makeKernel(x, 1, () => [loop(x, 0, n, 4, (i) => [store(to, i, x.add(x.load(from, i, 4), x.const("f32", 1)))])]);
      return {
        bound: [a, t, out],
        program: makeProgram({ stages: [[copy(a, t)], [copy(t, out)]], bound: [a, out], arena: [t] }),
      };
    };
    const [small, large] = [make(64), make(100_000)];
    const used = runtime.heap.usedBytes;
    const executables = [small, large].map(({ program }) => target.load(program));

    for (let step = 0; step < 4; step++) {
      for (const [k, { bound }] of [small, large].entries()) {
        const input = Storage.from("float32", new Float32Array((bound[0] as Buffer).size).fill(step));
        const result = emptyStorage(bound[2] as Buffer);
        executables[k]?.run([input, result], none);
        expect(result.toTypedArray().every((v) => v === step + 2)).toBe(true);
      }
    }

    expect(runtime.arena.size).toBeLessThan(large.program.arenaBytes + 65536);
    for (const executable of executables) executable.free();
    runtime.clear();
    expect(runtime.heap.usedBytes).toBe(used);
  });

  it("given a program beyond the memory, load throws MemoryError with sizes", () => {
    const { target } = makeTarget({ memoryBytes: 8 * MiB });
    const { program } = increment((16 * MiB) / 4);

    expect(() => target.load(program)).toThrow(
      new MemoryError(
        "program test: needs 32.0 MiB of tensors and 0 bytes of intermediate values at once, WebAssembly memory holds 7.0 MiB; use smaller batches or a smaller model",
      ),
    );
  });
});
