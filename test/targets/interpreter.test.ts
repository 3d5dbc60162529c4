// The interpreter target: what each operator and statement does, against hand values; checks of accesses; wasm's bits.
import { describe, expect, it } from "vitest";
import type { DType } from "../../src/base/dtype.js";
import { InternalError } from "../../src/base/errors.js";
import { Storage } from "../../src/base/storage.js";
import {
  type BinaryOp,
  type Buffer,
  buffersOf,
  type Expr,
  ExprFactory,
  finalizeKernel,
  type Kernel,
  type Program,
  ProgramStatusError,
  type Scalar,
  type ScalarValue,
  type Stmt,
  type UnaryOp,
  type Var,
} from "../../src/ir/index.js";
import { createInterpreter, createWasmTarget, type InterpreterOptions, Runtime } from "../../src/targets/index.js";
import {
  emptyStorage,
  loop,
  makeKernel,
  makeProgram,
  type ProgramOptions,
  storageOf,
  store,
  when,
} from "./programs.js";

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
const dtypeOf: Record<Scalar, DType> = { f32: "float32", f64: "float64", i32: "int32", i64: "int64", bool: "bool" };

function kernelOf(x: ExprFactory, tiles: number, body: (tile: Var) => Stmt[], name = "kernel"): Kernel {
  const kernel = makeKernel(x, tiles, body);
  return { ...kernel, name, buffers: buffersOf(kernel.body) };
}

/** Runs `body` with `inputs` bound first and `out` last; gives the output's values. */
function run(
  x: ExprFactory,
  out: Buffer,
  inputs: readonly (readonly [Buffer, readonly number[]])[],
  body: (tile: Var) => Stmt[],
  { tiles = 1, options = {}, ...rest }: { tiles?: number; options?: InterpreterOptions } & Partial<ProgramOptions> = {},
) {
  const bound = [...inputs.map(([buffer]) => buffer), out];
  const program = makeProgram({ stages: [[kernelOf(x, tiles, body)]], bound, ...rest });
  return runProgram(
    program,
    [...inputs.map(([buffer, values]) => storageOf(buffer.dtype, values)), emptyStorage(out)],
    options,
  );
}

function runProgram(program: Program, storages: readonly Storage[], options: InterpreterOptions = {}) {
  const scalars = Float64Array.from({ length: program.scalarCount }, (_, i) => i + 0.75);
  createInterpreter(options).load(program).run(storages, scalars);
  return [...(storages.at(-1) as Storage).toTypedArray()];
}

/** The value of a scalar expression over loaded (so never folded) operands. */
function evaluate(
  type: Scalar,
  operands: readonly (readonly [Scalar, ScalarValue])[],
  make: (x: ExprFactory, args: Expr[]) => Expr,
) {
  const x = new ExprFactory();
  const buffers = operands.map(([scalar], i) => x.buffer(`a${i}`, dtypeOf[scalar], 1));
  const out = x.buffer("out", dtypeOf[type], 1);
  const storages = operands.map(([scalar, value]) => {
    const storage = new Storage(dtypeOf[scalar], 1);
    storage.hostView()[0] = (typeof value === "boolean" ? Number(value) : value) as never;
    return storage;
  });
  const kernel = kernelOf(x, 1, () => [
    store(
      out,
      x.int(0),
      make(
        x,
        buffers.map((b) => x.load(b, x.int(0))),
      ),
    ),
  ]);
  const program = makeProgram({ stages: [[kernel]], bound: [...buffers, out] });
  const value = runProgram(program, [...storages, emptyStorage(out)])[0] as number | bigint;
  return type === "bool" ? value === 1 : value;
}

describe("operators", () => {
  const unary: [UnaryOp, Scalar, ScalarValue, ScalarValue][] = [
    ["neg", "f32", 1.5, -1.5],
    ["neg", "i32", -(2 ** 31), -(2 ** 31)],
    ["neg", "i64", -(2n ** 63n), -(2n ** 63n)],
    ["abs", "f64", -2.5, 2.5],
    ["abs", "i32", -3, 3],
    ["abs", "i64", -3n, 3n],
    ["sqrt", "f32", 2, Math.fround(Math.SQRT2)],
    ["sqrt", "f64", -1, nan],
    ["floor", "f32", -1.5, -2],
    ["ceil", "f32", -1.5, -1],
    ["trunc", "f64", -1.5, -1],
    ["nearest", "f64", 2.5, 2],
    ["nearest", "f32", -3.5, -4],
    ["not", "bool", true, false],
    ["not", "i32", 0, -1],
    ["not", "i64", 1n, -2n],
    ["exp", "f32", 1, Math.fround(Math.E)],
    ["erf", "f32", 0.5, Math.fround(0.5204998778)],
  ];

  it.each(unary)("%s of %s: given %s, gives %s", (op, type, a, expected) => {
    expect(evaluate(type, [[type, a]], (x, [p]) => x.unary(op, p as Expr))).toBe(expected);
  });

  const binary: [BinaryOp, Scalar, ScalarValue, ScalarValue, ScalarValue][] = [
    ["add", "f32", 16777216, 1, 16777216],
    ["add", "f64", 16777216, 1, 16777217],
    ["add", "i32", 2 ** 31 - 1, 1, -(2 ** 31)],
    ["add", "i64", 2n ** 63n - 1n, 1n, -(2n ** 63n)],
    ["sub", "f32", 1, Math.fround(1e-9), 1],
    ["mul", "i32", 65537, 65537, 131073],
    ["mul", "i64", 2n ** 62n, 4n, 0n],
    ["div", "f32", 1, 3, Math.fround(1 / 3)],
    ["div", "i32", -7, 2, -3],
    ["div", "i32", 7, 0, 0],
    ["div", "i32", -(2 ** 31), -1, -(2 ** 31)],
    ["div", "i64", -7n, 2n, -3n],
    ["div", "i64", 7n, 0n, 0n],
    ["rem", "f32", -5.5, 2, -1.5],
    ["rem", "i32", -7, 3, -1],
    ["rem", "i32", 7, 0, 0],
    ["min", "f32", nan, 1, nan],
    ["max", "f64", 1, nan, nan],
    ["max", "i64", 2n, -3n, 2n],
    ["pow", "f64", -2, 3, -8],
    ["pow", "f64", 1, nan, 1],
    ["and", "i32", 12, 10, 8],
    ["or", "i64", 12n, 10n, 14n],
    ["xor", "bool", true, true, false],
    ["shl", "i32", 1, 33, 2],
    ["shr", "i32", -8, 1, -4],
    ["shru", "i32", -8, 28, 15],
    ["shru", "i64", -1n, 63n, 1n],
    ["mulhu", "i32", -1, -1, -2],
    ["eq", "f32", nan, nan, false],
    ["ne", "f32", nan, nan, true],
    ["lt", "i64", -1n, 0n, true],
    ["le", "i32", 2, 2, true],
    ["lt", "bool", false, true, true],
  ];

  it.each(binary)("%s of %s: given %s and %s, gives %s", (op, type, a, b, expected) => {
    const result = ["eq", "ne", "lt", "le"].includes(op) ? "bool" : type;
    const operands = [[type, a] as const, [type, b] as const];
    expect(evaluate(result, operands, (x, [p, q]) => x.binary(op, p as Expr, q as Expr))).toBe(expected);
  });

  const casts: [Scalar, ScalarValue, Scalar, ScalarValue][] = [
    ["f32", 3.9, "i32", 3],
    ["f64", -1e20, "i32", -(2 ** 31)],
    ["f64", nan, "i64", 0n],
    ["f32", inf, "i64", 2n ** 63n - 1n],
    ["i64", 2n ** 32n + 5n, "i32", 5],
    ["i32", 16777217, "f32", 16777216],
    ["f64", 0.1, "f32", Math.fround(0.1)],
    ["f32", nan, "bool", true],
    ["bool", true, "i64", 1n],
  ];

  it.each(casts)("cast: given %s %s, gives %s %s", (from, value, to, expected) => {
    expect(evaluate(to, [[from, value]], (x, [p]) => x.cast(p as Expr, to))).toBe(expected);
  });

  it("bitcast: given 1.0 and its pattern, turns one into the other", () => {
    expect(evaluate("i32", [["f32", 1]], (x, [p]) => x.bitcast(p as Expr, "i32"))).toBe(0x3f800000);
    expect(evaluate("f32", [["i32", 0x3f800000]], (x, [p]) => x.bitcast(p as Expr, "f32"))).toBe(1);
    expect(evaluate("i64", [["f64", 1]], (x, [p]) => x.bitcast(p as Expr, "i64"))).toBe(0x3ff0000000000000n);
    expect(evaluate("f64", [["i64", 0x3ff0000000000000n]], (x, [p]) => x.bitcast(p as Expr, "f64"))).toBe(1);
  });

  it("fma of f32: given a product that needs 48 bits, rounds twice", () => {
    const a = 1 + 2 ** -12; // a² - (1 + 2^-11) is 2^-24 exactly, 0 when the product is rounded first
    const operands = [a, a, -(1 + 2 ** -11)].map((value) => ["f32", value] as const);

    expect(evaluate("f32", operands, (x, [p, q, r]) => x.fma(p as Expr, q as Expr, r as Expr))).toBe(0);
  });

  it("select: given both conditions, takes the matching side", () => {
    const pick = (cond: boolean) =>
      evaluate(
        "i32",
        [
          ["bool", cond],
          ["i32", 1],
          ["i32", 2],
        ],
        (x, [c, a, b]) => x.select(c as Expr, a as Expr, b as Expr),
      );

    expect([pick(true), pick(false)]).toEqual([1, 2]);
  });

  it("param: given slot 1 of value 1.75, converts it to the type asked for", () => {
    const x = new ExprFactory();
    const out = x.buffer("out", "int32", 1);

    expect(run(x, out, [], () => [store(out, x.int(0), x.param(1, "i32"))], { scalarCount: 2 })).toEqual([1]);
  });
});

describe("vectors", () => {
  it("given loads, lanes, splats and shuffles, moves lanes as written", () => {
    const x = new ExprFactory();
    const [a, out] = [x.buffer("a", "float32", 8), x.buffer("out", "float32", 8)];

    const result = run(x, out, [[a, [1, 2, 3, 4, 5, 6, 7, 8]]], () => {
      const [low, high] = [x.load(a, x.int(0), 4), x.load(a, x.int(4), 4)];
      const mixed = x.shuffle(low, high, [7, 0, 5, 2]); // 8 1 6 3
      const made = x.lanes([x.extract(high, 0), x.extract(low, 3), x.load(a, x.int(0)), x.load(a, x.int(1))]); // 5 4 1 2
      return [store(out, x.int(0), x.add(mixed, made)), store(out, x.int(4), x.splat(x.load(a, x.int(2)), 4))];
    });

    expect(result).toEqual([13, 5, 7, 5, 3, 3, 3, 3]);
  });

  it("given uint8 and bool memory, widens and narrows", () => {
    const x = new ExprFactory();
    const [a, flags, out] = [x.buffer("a", "uint8", 4), x.buffer("f", "bool", 4), x.buffer("out", "uint8", 4)];

    const result = run(
      x,
      out,
      [
        [a, [250, 1, 2, 3]],
        [flags, [1, 0, 1, 0]],
      ],
      () => {
        const sum = x.add(x.load(a, x.int(0), 4), x.const("i32", 10, 4));
        return [store(out, x.int(0), x.select(x.load(flags, x.int(0), 4), sum, x.const("i32", -1, 4)))];
      },
    );

    expect(result).toEqual([4, 255, 12, 255]);
  });
});

describe("statements", () => {
  it("given loops, variables and branches, runs them in order", () => {
    const x = new ExprFactory();
    const [a, out] = [x.buffer("a", "int32", 6), x.buffer("out", "int32", 3)];

    const result = run(x, out, [[a, [3, 1, 4, 1, 5, 9]]], () => {
      const [sum, odd] = [x.variable("sum", "i32", { mutable: true }), x.variable("odd", "i32", { mutable: true })];
      const declare: Stmt[] = [sum, odd].map((v) => ({ kind: "let", v, value: x.int(0) }));
      const body = loop(x, 1, 6, 2, (i) => {
        const value = x.variable("value");
        return [
          { kind: "let", v: value, value: x.load(a, i) }, // a[1], a[3], a[5]
          { kind: "assign", v: sum, value: x.add(sum, value) },
          {
            kind: "if",
            cond: x.lt(x.int(1), value),
            then: [{ kind: "assign", v: odd, value: x.add(odd, x.int(10)) }],
            else: [{ kind: "assign", v: odd, value: x.add(odd, x.int(1)) }],
          },
        ];
      });
      return [...declare, body, store(out, x.int(0), sum), store(out, x.int(1), odd)];
    });

    expect(result).toEqual([11, 12, 0]);
  });

  it("while: given a condition on memory that the body changes, reads it anew each time", () => {
    const x = new ExprFactory();
    const [a, out] = [x.buffer("a", "int32", 1), x.buffer("out", "int32", 1)];

    const result = run(x, out, [[a, [100]]], () => {
      const current = () => x.freshLoad(out, x.int(0));
      const body = [store(out, x.int(0), x.add(x.mul(current(), x.int(3)), x.int(1)))];
      return [store(out, x.int(0), x.int(0)), { kind: "while", cond: x.lt(current(), x.load(a, x.int(0))), body }];
    });

    expect(result).toEqual([121]); // 0 1 4 13 40 121
  });

  it("given guards that do not hold, loads 0 and stores nothing, without access", () => {
    const x = new ExprFactory();
    const [a, out] = [x.buffer("a", "float32", 2), x.buffer("out", "float32", 3)];

    const result = run(x, out, [[a, [5, 6]]], () => [
      loop(x, 0, 5, 1, (i) => {
        const value = x.add(
          x.load(a, x.sub(i, x.int(1)), 1, x.and(x.lt(x.int(0), i), x.lt(i, x.int(3)))),
          x.const("f32", 1),
        );
        return [store(out, i, value, x.lt(i, x.int(3)))];
      }),
    ]);

    expect(result).toEqual([1, 6, 7]);
  });

  it("given tiles and local scratch, runs all tiles and starts each with garbage in the scratch", () => {
    const x = new ExprFactory();
    const [out, scratch] = [x.buffer("out", "float32", 4), x.buffer("s", "float32", 1, "local")];

    const result = run(
      x,
      out,
      [],
      (tile) => [
        when(x.lt(x.int(1), tile), [store(scratch, x.int(0), x.cast(tile, "f32"))]),
        store(out, tile, x.freshLoad(scratch, x.int(0))),
      ],
      { tiles: 4, local: [scratch] },
    );

    expect(result).toEqual([nan, nan, 2, 3]);
  });

  it("given an arena buffer that nobody wrote, reads NaN in each run", () => {
    const x = new ExprFactory();
    const [out, between] = [x.buffer("out", "float64", 1), x.buffer("t", "float64", 2)];

    const body = () => [store(out, x.int(0), x.load(between, x.int(1)))];

    expect(run(x, out, [], body, { arena: [between] })).toEqual([nan]);
  });
});

describe("checks", () => {
  function outOfBounds(size: number, index: number, lanes: number, action: "load" | "store"): () => unknown {
    const x = new ExprFactory();
    const [a, out] = [x.buffer("a", "float32", size), x.buffer("out", "float32", size)];
    // Through a loop variable: the verifier refuses constants already.
    const body = () => [
      loop(x, index, index + 1, 1, (i) => {
        const value = action === "load" ? x.load(a, i, lanes) : x.const("f32", 1, lanes);
        return [store(out, action === "store" ? i : x.int(0), value)];
      }),
    ];
    return () => run(x, out, [[a, new Array(size).fill(1)]], body);
  }

  it("given indices out of bounds, throws naming kernel, buffer and index", () => {
    expect(outOfBounds(10, 10, 1, "load")).toThrow(
      'interpreter: kernel "kernel": buffer "a" (float32[10]) load at index 10 is out of bounds',
    );
    expect(outOfBounds(10, -1, 1, "store")).toThrow('buffer "out" (float32[10]) store at index -1 is out of bounds');
    expect(outOfBounds(10, 13, 4, "load")).toThrow('"a" (float32[10]) load of 4 lanes at index 13 is out of bounds');
    expect(outOfBounds(16, 13, 4, "store")).toThrow(InternalError);
  });

  it("given a mask, touches the lanes where it holds, and loads 0 for the others", () => {
    const x = new ExprFactory();
    const [a, out] = [x.buffer("a", "float32", 10), x.buffer("out", "float32", 10)];
    const masked = (first: number, taken: (lane: number) => boolean) => {
      const mask = x.lanes(Array.from({ length: 8 }, (_, j) => x.bool(taken(j))));
      return run(x, out, [[a, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]]], () => [
        store(out, x.int(0), x.const("f32", 7, 8)),
        store(out, x.int(2), x.load(a, x.int(first), 8, mask)),
        store(out, x.int(9), x.const("f32", 8, 8), x.lanes(Array.from({ length: 8 }, (_, j) => x.bool(j === 0)))),
      ]);
    };

    expect(masked(7, (lane) => lane < 3)).toEqual([7, 7, 7, 8, 9, 0, 0, 0, 0, 8]);
    expect(() => masked(7, (lane) => lane < 4)).toThrow('"a" (float32[10]) load at index 10 is out of bounds');
  });

  it("given a vector that ends in the padding to 64 bytes, allows it", () => {
    expect(outOfBounds(10, 12, 4, "load")).not.toThrow();
    expect(outOfBounds(10, 12, 4, "store")).not.toThrow();
  });

  it.each([
    ["wrote", -1, "load at index 0"],
    ["read", 1, "store at index 1"],
  ])("detectRaces: given tiles that touch what another tile %s in the stage, throws", (did, offset, where) => {
    const x = new ExprFactory();
    const out = x.buffer("out", "int32", 9);
    const program = (from: (tile: Var) => Expr) => {
      const kernel = kernelOf(x, 8, (tile) => [store(out, tile, x.add(x.freshLoad(out, from(tile)), x.int(1)))]);
      return makeProgram({ stages: [[kernel], [kernel]], bound: [out] });
    };
    const neighbours = program((tile) => x.max(x.add(tile, x.int(offset)), x.int(0)));
    const storages = [new Storage("int32", 9)];

    expect(() => runProgram(neighbours, storages, { detectRaces: true })).toThrow(
      `buffer "out" (int32[9]) ${where} races: another tile of stage 0 ${did} it`,
    );
    expect(() => runProgram(neighbours, storages)).not.toThrow();
    expect(() =>
      runProgram(
        program((tile) => tile),
        storages,
        { detectRaces: true },
      ),
    ).not.toThrow();
  });

  it("given a status set before the commit stage, throws and runs no later stage", () => {
    const x = new ExprFactory();
    const [out, status] = [x.buffer("out", "int32", 1), x.buffer("status", "int32", 4)];
    const report = kernelOf(x, 1, () => [store(status, x.int(0), x.int(2)), store(status, x.int(1), x.int(77))]);
    const write = kernelOf(x, 1, () => [store(out, x.int(0), x.int(1))]);
    const program = makeProgram({ stages: [[report], [write]], bound: [out], status, commitStage: 1 });
    const storage = new Storage("int32", 1);

    const attempt = () => runProgram(program, [storage]);

    expect(attempt).toThrow(ProgramStatusError);
    expect(attempt).toThrow("program status 2");
    expect([...storage.toTypedArray()]).toEqual([0]);
  });

  it("given wrong numbers of storages or use after free, throws", () => {
    const x = new ExprFactory();
    const out = x.buffer("out", "int32", 1);
    const program = makeProgram({ stages: [[kernelOf(x, 1, () => [store(out, x.int(0), x.int(1))])]], bound: [out] });
    const executable = createInterpreter().load(program);

    expect(() => executable.run([], new Float64Array(0))).toThrow(
      "interpreter: program test got 0 storages and 0 scalars, takes 1 and 0",
    );
    executable.free();
    expect(() => executable.run([new Storage("int32", 1)], new Float64Array(0))).toThrow("was run after free()");
  });

  it("given a malformed program, load throws the verifier's error", () => {
    const x = new ExprFactory();
    const [out, other] = [x.buffer("out", "float32", 1), x.buffer("b", "int32", 1)];
    const kernel = kernelOf(x, 1, () => [store(out, x.int(0), x.load(other, x.int(0)))]);
    const program = makeProgram({ stages: [[kernel]], bound: [other, out] });

    expect(() => createInterpreter().load(program)).toThrow("a i32 does not fit out: float32[1] of f32");
  });
});

describe("passes", () => {
  /** out[i] = tanh(a[i]) * sin(b[i]) + Σ_j a[j], with every hint and all math left in. */
  function draft(x: ExprFactory, a: Buffer, b: Buffer, out: Buffer): Kernel {
    return kernelOf(x, 3, (tile) => {
      const sum = x.variable("sum", "f32", { mutable: true });
      const [i, j] = [x.variable("i", "i32", { min: 0, max: 10 }), x.variable("j", "i32", { min: 0, max: 32 })];
      const at = x.add(x.mul(tile, x.int(11)), i);
      const value = x.add(x.mul(x.unary("tanh", x.load(a, at)), x.unary("sin", x.load(b, at))), sum);
      return [
        { kind: "let", v: sum, value: x.const("f32", 0) },
        {
          kind: "for",
          v: j,
          from: x.int(0),
          to: x.int(33),
          step: 1,
          hint: "vectorize",
          body: [{ kind: "assign", v: sum, value: x.add(sum, x.load(a, j)) }],
        },
        { kind: "for", v: i, from: x.int(0), to: x.int(11), step: 1, hint: "vectorize", body: [store(out, at, value)] },
      ];
    });
  }

  const inputs = () =>
    [0, 1].map((k) =>
      storageOf(
        "float32",
        Array.from({ length: 33 }, (_, i) => Math.sin(i * (k + 1.3)) * 40),
      ),
    );

  function kernels(lanes: 1 | 4) {
    const x = new ExprFactory();
    const [a, b, out] = ["a", "b", "out"].map((name) => x.buffer(name, "float32", 33)) as [Buffer, Buffer, Buffer];
    const plain = draft(x, a, b, out);
    const final = finalizeKernel(x, plain, createInterpreter({ lanes }).info);
    const program = (kernel: Kernel) => makeProgram({ stages: [[kernel]], bound: [a, b, out] });
    return { plain: program(plain), final: program(final) };
  }

  it("given the kernel before and after all passes, computes the same up to rounding", () => {
    const { plain, final } = kernels(4);

    const before = runProgram(plain, [...inputs(), new Storage("float32", 33)]) as number[];
    const after = runProgram(final, [...inputs(), new Storage("float32", 33)]) as number[];

    // 33 adds of |x| <= 40 in another order, and functions within 2 units in the last place of 1.
    before.forEach((value, i) => {
      expect(Math.abs(value - (after[i] as number))).toBeLessThan(33 * 40 * 2 ** -23);
    });
  });

  it("given a final kernel of 4 lanes, has the bits of wasm", () => {
    const { final } = kernels(4);
    const wasm = createWasmTarget({ runtime: new Runtime({ threads: 1 }) });
    const storages = [...inputs(), new Storage("float32", 33)];
    wasm.load(final).run(storages, new Float64Array(0));

    expect(runProgram(final, [...inputs(), new Storage("float32", 33)])).toEqual([
      ...(storages[2] as Storage).toTypedArray(),
    ]);
  });

  it("given one lane, keeps kernels scalar", () => {
    const { final } = kernels(1);

    const widths = JSON.stringify(final.stages[0]?.[0]?.body).match(/"lanes":\d+/g);

    expect(new Set(widths)).toEqual(new Set(['"lanes":1']));
    expect(createInterpreter({ lanes: 1 }).info.supportsVector("f32")).toBe(false);
    expect(runProgram(final, [...inputs(), new Storage("float32", 33)])).toHaveLength(33);
  });
});
