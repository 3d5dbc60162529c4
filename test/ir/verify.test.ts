// The IR verifier: a well-formed kernel passes, and each kind of damage is named. Damaged expressions are made by hand,
// since the factory refuses many of them.
import { describe, expect, it } from "vitest";
import { InternalError } from "../../src/base/errors.js";
import {
  type Buffer,
  buffersOf,
  type Expr,
  ExprFactory,
  type Kernel,
  type Program,
  type Stmt,
  verifyKernel,
  verifyProgram,
} from "../../src/ir/index.js";

const x = new ExprFactory();
const a = x.buffer("a", "float32", 20);
const out = x.buffer("out", "float32", 20);
const [i, tile] = [x.variable("i"), x.variable("tile")];
const one = x.const("f32", 1);

function kernel(body: Stmt[], changes: Partial<Kernel> = {}): Kernel {
  return { name: "k", tiles: 2, tile, body, buffers: buffersOf(body), flops: 0, bytes: 0, ...changes };
}

function store(index: Expr, value: Expr, guard: Expr | null = null): Stmt {
  return { kind: "store", buffer: out, index, value, guard };
}

/** A copy of an expression with other fields. */
function damaged(expr: Expr, fields: Record<string, unknown>): Expr {
  return { ...expr, ...fields } as unknown as Expr; // deliberately no valid expression
}

function loop(body: Stmt[], changes: Record<string, unknown> = {}): Stmt {
  return { kind: "for", v: i, from: x.int(0), to: x.int(20), step: 1, body, ...changes } as Stmt;
}

describe("verifyKernel", () => {
  it("given a kernel with all kinds of statements, accepts it", () => {
    const sum = x.variable("sum", "f32", { mutable: true });
    const mask = x.lanes(Array.from({ length: 8 }, (_, j) => x.bool(j < 2)));
    const body: Stmt[] = [
      { kind: "let", v: sum, value: one },
      loop([{ kind: "assign", v: sum, value: x.fma(x.load(a, i), one, sum) }], { hint: "vectorize" }),
      { kind: "while", cond: x.lt(sum, one), body: [{ kind: "assign", v: sum, value: x.unary("exp", sum) }] },
      store(x.add(tile, x.int(3)), sum, x.lt(tile, x.int(1))),
      store(x.int(16), x.load(a, x.int(16), 4)),
      { kind: "prefetch", buffer: out, index: x.int(25), use: "write" },
      store(x.int(18), x.load(a, x.int(19), 8, x.lanes(Array.from({ length: 8 }, (_, j) => x.bool(j < 1)))), mask),
    ];

    expect(() => verifyKernel(kernel(body))).not.toThrow();
  });

  const load = x.load(a, i) as Expr;
  const vector = x.load(a, x.int(0), 4);
  const local = x.variable("v", "f32");
  const bad: [string, Stmt[]][] = [
    ["i is not in scope", [store(x.int(0), load)]],
    ["i is not in scope", [loop([]), store(i, one)]],
    ["v is not in scope", [loop([{ kind: "let", v: local, value: one }]), store(x.int(0), local)]],
    ["i is declared twice", [loop([loop([])])]],
    ["assignment to v, which is not in scope", [{ kind: "assign", v: local, value: one }]],
    [
      "assignment to v, which is not mutable",
      [
        { kind: "let", v: local, value: one },
        { kind: "assign", v: local, value: one },
      ],
    ],
    ["variable is f32 but value is v4 f32", [{ kind: "let", v: local, value: vector }]],
    ["a i32 does not fit out: float32[20] of f32", [store(x.int(0), x.int(1))]],
    ["index of out is f32, not i32", [store(one, one)]],
    ["prefetch index 1 is f32, not i32", [{ kind: "prefetch", buffer: out, index: one, use: "read" }]],
    ["index 20 is outside out: float32[20]", [store(x.int(20), one)]],
    ["index 30 is outside a: float32[20]", [store(x.int(0), x.extract(x.load(a, x.int(30), 4), 0))]],
    ["guard is f32, not a bool", [store(x.int(0), one, one)]],
    ["guard is v2 bool, not a bool", [store(x.int(0), one, x.const("bool", true, 2))]],
    ["guard is v2 bool, not a bool or v4 bool", [store(x.int(0), vector, x.const("bool", true, 2))]],
    ["condition is v4 bool, not a bool", [{ kind: "while", cond: x.lt(vector, x.splat(one, 4)), body: [] }]],
    ["loop step 0 is not a positive integer", [loop([], { step: 0 })]],
    ["loop bound 1 is f32, not i32", [loop([], { to: one })]],
    ["constant 0.1 is no f32", [store(x.int(0), damaged(one, { value: 0.1 }))]],
    ["constant 1.5 is no i32", [store(damaged(x.int(0), { value: 1.5 }), one)]],
    [
      "second side of select is i32, not f32",
      [store(x.int(0), damaged(x.select(x.lt(x.load(a, tile), one), x.load(a, tile), one), { b: tile }))],
    ],
    [
      "first operand is v4 f32 but second operand is f32",
      [store(x.int(0), damaged(x.add(vector, vector), { b: one }))],
    ],
    ["and of f32", [store(x.int(0), damaged(x.add(x.load(a, tile), one), { op: "and" }))]],
    ["add of f32 gives i32", [store(x.int(0), damaged(x.add(x.load(a, tile), one), { type: "i32" }))]],
    [
      "sub of bool",
      [{ kind: "while", cond: damaged(x.and(x.lt(tile, x.int(1)), x.eq(tile, x.int(0))), { op: "sub" }), body: [] }],
    ],
    ["not of f32", [store(x.int(0), damaged(x.unary("neg", x.load(a, tile)), { op: "not" }))]],
    ["exp of i32", [store(damaged(x.unary("abs", tile), { op: "exp" }), one)]],
    [
      "bitcast from f32 to i64",
      [store(x.cast(damaged(x.bitcast(x.load(a, tile), "i32"), { type: "i64" }), "i32"), one)],
    ],
    ["load of a: float32[20] as i32", [store(damaged(x.load(a, tile), { type: "i32" }), one)]],
    ["fma of i32", [store(damaged(x.fma(x.load(a, tile), one, one), { type: "i32" }), one)]],
    [
      "shuffle pattern 0 8 for 2 lanes",
      [store(x.int(0), x.shuffle(x.splat(x.load(a, tile), 2), x.splat(one, 2), [0, 8]))],
    ],
    ["lane 4 of 4", [store(x.int(0), damaged(x.extract(vector, 1), { lane: 4 }))]],
  ];

  it.each(bad)("%s", (message, body) => {
    expect(() => verifyKernel(kernel(body))).toThrow(`kernel "k": ${message}`);
  });

  it("given a damaged statement, prints it without what is nested in it", () => {
    const attempt = () => verifyKernel(kernel([loop([store(i, one)], { step: 0 })]));

    expect(attempt).toThrow(InternalError);
    expect(attempt).toThrow('kernel "k": loop step 0 is not a positive integer\nfor i in 0 .. 20 step 0 {\n}');
  });

  it("given a buffer that is not listed, names it", () => {
    expect(() => verifyKernel(kernel([store(x.int(0), one)], { buffers: [] }))).toThrow("buffer out is not declared");
  });

  const left: [string, Stmt[]][] = [
    ["hint vectorize is left", [loop([], { hint: "vectorize" })]],
    ["linear 2*tile + 1 is left", [store(x.add(x.mul(tile, x.int(2)), x.int(1)), one)]],
    ["tanh is left", [store(x.int(0), x.unary("tanh", x.load(a, tile)))]],
    ["pow of f32 is left", [store(x.int(0), x.binary("pow", x.load(a, tile), one))]],
  ];

  it.each(left)("final: %s", (message, body) => {
    expect(() => verifyKernel(kernel(body))).not.toThrow();
    expect(() => verifyKernel(kernel(body), { final: true })).toThrow(message);
  });
});

describe("verifyProgram", () => {
  const t = x.buffer("t", "float32", 20);
  const u = x.buffer("u", "float32", 20);
  const copy = (from: Buffer, to: Buffer, name = "k"): Kernel =>
    kernel([{ kind: "store", buffer: to, index: tile, value: x.load(from, tile), guard: null }], { name });
  const binding = { dtype: "float32", length: 20, written: true, read: true } as const;

  function program(changes: Partial<Program> = {}): Program {
    return {
      name: "p",
      stages: [[copy(a, t)], [copy(t, out)]],
      commitStage: 1,
      checkedStage: 0,
      status: null,
      placements: new Map([
        [a, { kind: "bound", slot: 0 }],
        [out, { kind: "bound", slot: 1 }],
        [t, { kind: "arena", offset: 0 }],
        [u, { kind: "arena", offset: 64 }],
      ]),
      bindings: [binding, binding],
      arenaBytes: 192,
      localBytes: 0,
      localOffsets: new Map(),
      scalarCount: 0,
      ...changes,
    };
  }

  function placed(buffer: Buffer, offset: number): Partial<Program> {
    return { placements: new Map([...program().placements, [buffer, { kind: "arena", offset }]]) };
  }

  const scratch = x.buffer("s", "float32", 20, "local");
  const status = x.buffer("status", "int32", 4);
  const cases: [string, Partial<Program>][] = [
    [
      "t: float32[20] has no place",
      { placements: new Map([...program().placements].filter(([buffer]) => buffer !== t)) },
    ],
    ["t: float32[20] is at 32, not a multiple of 64", placed(t, 32)],
    ["t: float32[20] at 128 leaves its 192 bytes", placed(t, 128)],
    ["out: float32[20] is bound to slot 1 of 1", { bindings: [binding] }],
    ["out: float32[20] is bound to slot 1, float32[19]", { bindings: [binding, { ...binding, length: 19 }] }],
    ["out: float32[20] is bound to slot 1, int32[20]", { bindings: [binding, { ...binding, dtype: "int32" }] }],
    ["s: local float32[20] has no place", { stages: [[copy(a, scratch)]] }],
    ["commit stage 3 of 2", { commitStage: 3 }],
    [
      'in stage 0 "k" writes and "r" reads t: float32[20]',
      { stages: [[copy(a, t), copy(t, out, "r")]], commitStage: 0 },
    ],
    [
      'in stage 0 "k" writes and "r" reads out: float32[20]',
      {
        stages: [[copy(t, out), copy(a, u, "r")]],
        placements: new Map([...program().placements, [out, { kind: "bound", slot: 0 }]]),
        arenaBytes: 256,
        commitStage: 0,
      },
    ],
    [
      "in stage 1 a kernel writes out: float32[20], which is bound to be read only",
      { bindings: [binding, { ...binding, written: false }] },
    ],
    [
      "in stage 0 a kernel reads a: float32[20], which is bound to be neither read nor written",
      { bindings: [{ ...binding, read: false, written: false }, binding] },
    ],
    [
      "in stage 1 a kernel writes out: float32[20] in place before the status is tested (commit stage 2)",
      { ...placed(status, 128), status, commitStage: 2, arenaBytes: 256 },
    ],
    [
      "in stage 1 a kernel sets the status, which is final from stage 1 on",
      { status: out, checkedStage: 1, bindings: [binding, { ...binding, read: false }] },
    ],
    [
      "t: float32[20] at 0 and u: float32[20] at 64 overlap",
      { stages: [[copy(a, t)], [copy(a, u)], [copy(t, out)], [copy(u, out)]] },
    ],
  ];

  it("given programs whose buffers take turns in the arena, accepts them", () => {
    expect(() => verifyProgram(program())).not.toThrow();
    expect(() => verifyProgram(program({ stages: [[copy(a, t)], [copy(t, out)], [copy(a, u)]] }))).not.toThrow();
  });

  it.each(cases)("%s", (message, changes) => {
    expect(() => verifyProgram(program(changes))).toThrow(`program "p": ${message}`);
  });

  it("given a malformed kernel, names the kernel", () => {
    expect(() => verifyProgram(program({ stages: [[kernel([store(i, one)])]] }))).toThrow(
      'kernel "k": i is not in scope',
    );
  });
});
