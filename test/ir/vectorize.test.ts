// Vector loops: whatever the lanes, with and without masks, they compute what the plain loop computes, touch no other
// elements, and with masks leave no scalar loop.
import { describe, expect, it } from "vitest";
import {
  type Buffer,
  type Expr,
  ExprFactory,
  finalizeKernel,
  type Kernel,
  type Stmt,
  visitExpressions,
  visitStatements,
} from "../../src/ir/index.js";
import { createInterpreter, type InterpreterOptions } from "../../src/targets/index.js";
import { emptyStorage, makeProgram, storageOf, store } from "../targets/programs.js";

const SIZE = 70;

/** The loop `for v < n` as a kernel for a target of the given kind. */
function compile(options: InterpreterOptions, n: number | "run time", make: Body): { kernel: Kernel; bound: Buffer[] } {
  const f = new ExprFactory();
  const [a, b] = [f.buffer("a", "float32", 2 * SIZE + 2), f.buffer("b", "int32", SIZE)];
  const out = f.buffer("out", "float32", 2 * SIZE + 2);
  const tile = f.variable("tile", "i32", { min: 0, max: 0 });
  const v = f.variable("v", "i32", { min: 0, max: SIZE - 1 });
  const to = n === "run time" ? f.min(f.int(SIZE), f.load(b, f.int(0))) : f.int(n);
  const body = make(f, { a, b, out, loop: (inner) => loop(f, v, to, inner(v)) });
  const draft = { name: "k", tiles: 1, tile, body, flops: 0, bytes: 0 };
  return { kernel: finalizeKernel(f, draft, createInterpreter(options).info), bound: [a, b, out] };
}

function loop(f: ExprFactory, v: Expr, to: Expr, body: Stmt[]): Stmt {
  return { kind: "for", v, from: f.int(0), to, step: 1, hint: "vectorize", body } as Stmt;
}

function storesOf(kernel: Kernel): Extract<Stmt, { kind: "store" }>[] {
  const stores: Extract<Stmt, { kind: "store" }>[] = [];
  visitStatements(kernel.body, (stmt) => {
    if (stmt.kind === "store") stores.push(stmt);
  });
  return stores;
}

interface Parts {
  readonly a: Buffer;
  readonly b: Buffer;
  readonly out: Buffer;
  readonly loop: (body: (v: Expr) => Stmt[]) => Stmt;
}
type Body = (f: ExprFactory, parts: Parts) => Stmt[];

/** The output after a run; `count` is what the kernel finds in `b[0]`. */
function run(options: InterpreterOptions, n: number | "run time", count: number, make: Body): number[] {
  const { kernel, bound } = compile(options, n, make);
  const program = makeProgram({ stages: [[kernel]], bound });
  const values = Array.from({ length: 2 * SIZE + 2 }, (_, i) => ((i * 37) % 101) - 50.5);
  const indices = Array.from({ length: SIZE }, (_, i) => (i === 0 ? count : (i * 29) % SIZE));
  const out = emptyStorage(bound[2] as Buffer);
  createInterpreter({ ...options, detectRaces: true })
    .load(program)
    .run([storageOf("float32", values), storageOf("int32", indices), out], new Float64Array(0));
  return [...(out.toTypedArray() as Float32Array)];
}

/** A chain of operations that a vector loop writes in step with those of its neighbours; whole numbers, so that sums are exact. */
function longComputation(f: ExprFactory, x: Expr): Expr {
  const one = f.const("f32", 1);
  let y = f.unary("nearest", x);
  for (let i = 0; i < 2; i++) {
    const isLarge = f.lt(f.const("f32", 20), f.unary("abs", y));
    y = f.select(isLarge, f.unary("neg", f.binary("min", y, f.const("f32", 19))), f.add(f.add(y, y), one));
    y = f.binary("max", y, f.const("f32", -64));
  }
  return y;
}

/** Every other element of `a`, from `at` on. */
function everyOther(f: ExprFactory, a: Buffer, v: Expr, at: number): Expr {
  return f.load(a, f.add(f.mul(v, f.int(2)), f.int(at)));
}

const bodies: [string, Body][] = [
  [
    "neighbours",
    (f, { a, out, loop }) => [loop((v) => [store(out, f.add(v, f.int(1)), f.mul(f.load(a, v), f.load(a, v)))])],
  ],
  [
    "elements from the last to the first",
    (f, { a, out, loop }) => [loop((v) => [store(out, v, f.load(a, f.sub(f.int(SIZE), v)))])],
  ],
  [
    "every other element, to every other element",
    (f, { a, out, loop }) => [
      loop((v) => {
        const twice = f.mul(v, f.int(2));
        return [store(out, twice, f.load(a, twice)), store(out, f.add(twice, f.int(1)), f.load(a, v))];
      }),
    ],
  ],
  [
    "every other element, from places close to each other, stored and summed",
    (f, { a, out, loop }) => {
      const sum = f.variable("sum", "f32", { mutable: true });
      return [
        { kind: "let", v: sum, value: f.const("f32", 0) },
        loop((v) => {
          const [x, y, z] = [0, 1, 3].map((at) => everyOther(f, a, v, at)) as [Expr, Expr, Expr];
          const product = f.mul(f.unary("nearest", x), f.unary("nearest", z));
          return [
            store(out, f.add(v, f.int(1)), f.sub(f.mul(x, y), z)),
            { kind: "assign", v: sum, value: f.add(sum, product) },
          ] as Stmt[];
        }),
        store(out, f.int(0), sum),
      ];
    },
  ],
  [
    "elements far apart, gathered and scattered",
    (f, { a, b, out, loop }) => [
      loop((v) => {
        const apart = f.rem(f.mul(v, f.int(3)), f.int(SIZE));
        const picked = f.load(a, f.load(b, f.max(f.int(1), v)));
        return [store(out, f.mul(v, f.int(2)), f.add(picked, f.load(a, apart)))];
      }),
    ],
  ],
  [
    "elements behind a guard that varies",
    (f, { a, out, loop }) => [
      loop((v) => {
        const within = f.and(f.le(f.int(2), v), f.lt(v, f.int(SIZE - 5)));
        return [store(out, v, f.load(a, f.sub(v, f.int(2)), 1, within))];
      }),
    ],
  ],
  [
    "stores behind a guard that varies",
    (f, { a, out, loop }) => [loop((v) => [store(out, v, f.load(a, v), f.lt(f.load(a, v), f.const("f32", 0)))])],
  ],
  [
    "a sum, a maximum and whether all hold",
    (f, { a, out, loop }) => {
      const sum = f.variable("sum", "f32", { mutable: true });
      const top = f.variable("top", "f32", { mutable: true });
      const all = f.variable("all", "bool", { mutable: true });
      const [zero, one] = [f.const("f32", 0), f.const("f32", 1)];
      return [
        { kind: "let", v: sum, value: zero },
        { kind: "let", v: top, value: f.const("f32", -1e9) },
        { kind: "let", v: all, value: f.bool(true) },
        loop((v) => {
          // exp(0) is not 0: lanes that take no part must not count.
          const x = f.load(a, v);
          return [
            { kind: "assign", v: sum, value: f.add(sum, f.unary("nearest", f.add(x, one))) },
            { kind: "assign", v: top, value: f.binary("max", top, f.unary("neg", f.unary("abs", x))) },
            { kind: "assign", v: all, value: f.and(all, f.not(f.eq(x, zero))) },
          ] as Stmt[];
        }),
        store(out, f.int(0), sum),
        store(out, f.int(1), top),
        store(out, f.int(2), f.select(all, one, zero)),
      ];
    },
  ],
  [
    "a long computation that is stored and summed",
    (f, { a, out, loop }) => {
      const sum = f.variable("sum", "f32", { mutable: true });
      return [
        { kind: "let", v: sum, value: f.const("f32", 0) },
        loop((v) => {
          const x = longComputation(f, f.load(a, v));
          return [store(out, f.add(v, f.int(1)), x), { kind: "assign", v: sum, value: f.add(sum, x) }] as Stmt[];
        }),
        store(out, f.int(0), sum),
      ];
    },
  ],
  [
    "a long computation of what is overwritten between",
    (f, { a, out, loop }) => [
      loop((v) => [store(out, v, longComputation(f, f.load(a, v)))]),
      loop((v) => [
        store(out, v, longComputation(f, f.load(out, v))),
        store(out, v, longComputation(f, f.freshLoad(out, v))),
      ]),
    ],
  ],
  [
    "a loop inside, with a sum of its own",
    (f, { a, out, loop }) => [
      loop((v) => {
        const sum = f.variable("sum", "f32", { mutable: true });
        const k = f.variable("k", "i32", { min: 0, max: 2 });
        const add: Stmt = { kind: "assign", v: sum, value: f.add(sum, f.load(a, f.add(v, k))) };
        return [
          { kind: "let", v: sum, value: f.const("f32", 0) },
          { kind: "for", v: k, from: f.int(0), to: f.int(3), step: 1, body: [add] },
          store(out, v, sum),
        ] as Stmt[];
      }),
    ],
  ],
];

const vectors: InterpreterOptions[] = [
  { lanes: 4 },
  { lanes: 4, masks: true },
  { lanes: 8, masks: true },
  { lanes: 16 },
  { lanes: 16, masks: true },
];

describe("vector loops", () => {
  it.each(bodies)("given %s, compute what the plain loop does", (_, make) => {
    for (const n of [1, 2, 3, 4, 5, 7, 8, 10, 15, 16, 17, 31, 33, 48, 64, 67, 70]) {
      const expected = run({ lanes: 1 }, n, n, make);
      for (const options of vectors) {
        expect(run(options, n, n, make), `${n} iterations, ${JSON.stringify(options)}`).toEqual(expected);
        expect(run(options, "run time", n, make), `${n} at run time, ${JSON.stringify(options)}`).toEqual(expected);
      }
    }
  });

  it("given masks, leave nothing to a scalar loop", () => {
    const { kernel } = compile({ lanes: 16, masks: true }, 70, (f, { a, out, loop }) => [
      loop((v) => [store(out, v, f.add(f.load(a, v), f.const("f32", 1)))]),
    ]);

    expect(storesOf(kernel).map((s) => [s.value.lanes, s.guard?.lanes])).toEqual([
      ...new Array(4).fill([16, undefined]),
      [16, 16],
    ]);
  });

  it("given masks and a long computation, write those of two vectors in step, once for all that read it", () => {
    const { kernel } = compile({ lanes: 16, masks: true }, 64, (f, { a, out, loop }) => [
      loop((v) => {
        const x = longComputation(f, f.load(a, v));
        return [store(out, v, x), store(out, f.add(v, f.int(SIZE)), f.add(x, f.const("f32", 1)))];
      }),
    ]);

    const rounded: Expr[] = [];
    visitStatements(kernel.body, (stmt) => {
      if (stmt.kind === "let" && stmt.value.kind === "unary") rounded.push(stmt.value);
    });
    const ops = rounded.map((x) => (x.kind === "unary" ? x.op : ""));
    expect(ops.slice(0, 4)).toEqual(["nearest", "nearest", "abs", "abs"]);
    expect(ops.filter((op) => op === "nearest")).toHaveLength(2);
  });

  it("given fewer iterations than lanes, run as one masked vector", () => {
    const { kernel } = compile({ lanes: 16, masks: true }, 10, (f, { a, out, loop }) => [
      loop((v) => [store(out, v, f.add(f.load(a, v), f.const("f32", 1)))]),
    ]);

    expect(storesOf(kernel).map((s) => [s.value.lanes, s.guard?.lanes])).toEqual([[16, 16]]);
  });

  it.each([
    [13, 2],
    [15, 4],
    [16, 4],
  ])("given every other of %i elements, from four places close by, loads %i vectors", (n, count) => {
    const { kernel } = compile({ lanes: 16, masks: true }, n, (f, { a, out, loop }) => [
      loop((v) => [
        store(
          out,
          v,
          [1, 2, 3].reduce((sum, at) => f.mul(sum, everyOther(f, a, v, at)), everyOther(f, a, v, 0)),
        ),
      ]),
    ]);

    const loaded: Expr[] = [];
    visitExpressions(kernel.body, (x) => {
      if (x.kind === "load" && x.lanes > 1) loaded.push(x);
    });
    expect(loaded).toHaveLength(count);
  });
});
