// What a code generator does with memory and lanes: accesses of all dtypes with and without guards, strided and guarded lanes,
// shuffles, loops of all shapes. Each check has the bits of the interpreter.
import type { DType } from "../../src/base/dtype.js";
import { Storage } from "../../src/base/storage.js";
import { type Buffer, type Expr, ExprFactory, type Program, type Stmt, type Target } from "../../src/ir/index.js";
import { createInterpreter } from "../../src/targets/index.js";
import type { Check, OperatorOptions } from "./operator-checks.js";
import { loop, makeKernel, makeProgram, store } from "./programs.js";

const dtypes: readonly DType[] = ["float32", "float64", "int32", "int64", "uint8", "bool"];
const size = 192;

/** A buffer of each dtype with numbers in it, and one for results; `body` gets them by dtype. */
function check(target: Target, dtype: DType, body: (x: ExprFactory, from: Buffer, to: Buffer) => Stmt[]): void {
  const x = new ExprFactory();
  const [from, to] = [x.buffer("from", dtype, size), x.buffer("out", dtype, size)];
  const kernel = { ...makeKernel(x, 1, () => body(x, from, to)), buffers: [from, to] };
  const program = makeProgram({ stages: [[kernel]], bound: [from, to] });
  const [got, wanted] = [run(target, program, dtype), run(createInterpreter(), program, dtype)];
  for (let i = 0; i < size; i++) {
    if (!Object.is(got[i], wanted[i])) throw new Error(`element ${i}: got ${got[i]}, the interpreter ${wanted[i]}`);
  }
}

function run(target: Target, program: Program, dtype: DType) {
  const [from, to] = [new Storage(dtype, size), new Storage(dtype, size)];
  const view = from.hostView() as { [index: number]: number | bigint };
  const number = (i: number): number => (dtype === "bool" ? Number(i % 3 === 0) : dtype === "uint8" ? i : i * 7 - 300);
  for (let i = 0; i < size; i++) view[i] = dtype === "int64" ? BigInt(number(i)) : number(i);
  const executable = target.load(program);
  executable.run([from, to], new Float64Array(0));
  executable.free();
  return to.toTypedArray();
}

function isWide(dtype: DType): boolean {
  return dtype === "float64" || dtype === "int64";
}

/** A bool vector: lanes j with (first + j) % 3 != 0. */
function someLanes(x: ExprFactory, lanes: number): Expr {
  return x.lanes(Array.from({ length: lanes }, (_, j) => x.bool(j % 3 !== 0)));
}

/** Lane numbers below a number that is known at run time only. */
function below(x: ExprFactory, count: Expr, lanes: number): Expr {
  const iota = x.lanes(Array.from({ length: lanes }, (_, j) => x.int(j)));
  return x.lt(iota, x.splat(count, lanes));
}

function accessChecks(target: Target, dtype: DType, lanes: number): Check[] {
  const named = (name: string, body: Parameters<typeof check>[2]): Check => ({
    name: `${dtype} x ${lanes}: ${name}`,
    run: () => check(target, dtype, body),
  });
  const vector = (name: string, body: Parameters<typeof check>[2]): Check[] => (lanes > 1 ? [named(name, body)] : []);
  const steps = Math.floor(96 / lanes);
  return [
    named("copies at constant distances", (x, from, to) => [
      loop(x, 0, steps, 1, (i) => {
        const at = x.mul(i, x.int(lanes));
        const value = x.load(from, x.add(at, x.int(5)), lanes);
        // What a byte becomes shows above its own bits only.
        return [store(to, at, dtype === "uint8" ? x.binary("shru", value, x.const("i32", 3, lanes)) : value)];
      }),
    ]),
    named("a guard of the whole access", (x, from, to) => [
      loop(x, 0, steps, 1, (i) => {
        const at = x.mul(i, x.int(lanes));
        const [odd, low] = [x.eq(x.rem(i, x.int(2)), x.int(1)), x.lt(i, x.int(steps - 2))];
        return [store(to, at, x.load(from, at, lanes, odd), low)];
      }),
    ]),
    named("from the end", (x, from, to) => [
      loop(x, 0, steps, 1, (i) => {
        const at = x.mul(i, x.int(lanes));
        return [store(to, at, x.load(from, x.sub(x.int(size - lanes), at), lanes))];
      }),
    ]),
    ...vector("guards of single lanes", (x, from, to) => [
      loop(x, 0, steps, 1, (i) => {
        const at = x.mul(i, x.int(lanes));
        return [store(to, at, x.load(from, at, lanes, someLanes(x, lanes)))];
      }),
    ]),
    ...vector("guarded stores up to a bound", (x, from, to) => [
      loop(x, 0, 9, 1, (i) => {
        const at = x.mul(i, x.int(16));
        return [store(to, at, x.load(from, at, lanes, below(x, x.sub(i, x.int(1)), lanes)), below(x, i, lanes))];
      }),
    ]),
    ...vector("lanes a constant distance apart", (x, from, to) => [
      loop(x, 0, 3, 1, (i) => {
        const elements = Array.from({ length: lanes }, (_, j) => x.load(from, x.add(i, x.int(j * 3 + 1))));
        return [store(to, x.mul(i, x.int(lanes)), x.lanes(elements))];
      }),
    ]),
    ...vector("lanes with guards of their own, and zeros", (x, from, to) => [
      loop(x, 0, 3, 1, (i) => {
        const zero = x.load(from, x.int(0), 1, x.bool(false));
        const elements = Array.from({ length: lanes }, (_, j) =>
          j % 5 === 4
            ? zero
            : x.load(from, x.add(x.mul(i, x.int(50)), x.int(j * 2)), 1, x.lt(x.int(j), x.add(i, x.int(4)))),
        );
        return [store(to, x.mul(i, x.int(lanes)), x.lanes(elements))];
      }),
    ]),
    ...vector("one element in all lanes", (x, from, to) => [
      loop(x, 0, 3, 1, (i) => [store(to, x.mul(i, x.int(lanes)), x.splat(x.load(from, x.add(i, x.int(7))), lanes))]),
    ]),
    ...vector("each lane by itself", (x, from, to) =>
      Array.from({ length: lanes }, (_, j) =>
        store(to, x.int(j * 2), x.extract(x.load(from, x.int(3), lanes), lanes - 1 - j)),
      ),
    ),
    ...vector("shuffles", (x, from, to) =>
      patterns(lanes).map((pattern, k) => {
        const [a, b] = [x.load(from, x.int(1), lanes), x.load(from, x.int(lanes + 4), lanes)];
        return store(to, x.int((k % Math.floor(size / lanes)) * lanes), x.shuffle(a, b, pattern));
      }),
    ),
    ...vector("halves taken and joined", (x, from, to) => {
      const half = lanes / 2;
      const whole = x.variable("whole", scalar(x, from), { lanes });
      const lane = (v: Expr, first: number) => Array.from({ length: half }, (_, j) => x.extract(v, first + j));
      return [
        { kind: "let", v: whole, value: x.load(from, x.int(2), lanes) },
        store(to, x.int(0), x.lanes([...lane(whole, half), ...lane(whole, 0)])),
        ...(half > 1 ? [store(to, x.int(lanes), x.lanes(lane(whole, half)))] : []),
      ];
    }),
  ];
}

function scalar(x: ExprFactory, buffer: Buffer) {
  return x.load(buffer, x.int(0)).type;
}

/** Patterns that targets have instructions for, and those they have none for. */
function patterns(lanes: number): number[][] {
  const make = (lane: (i: number) => number) => Array.from({ length: lanes }, (_, i) => lane(i) % (2 * lanes));
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 8) % (2 * lanes);
  };
  return [
    make((i) => lanes - 1 - i),
    make((i) => i * 2),
    make((i) => (i >> 1) + (i % 2) * lanes),
    make((i) => lanes / 2 + (i >> 1) + (i % 2) * lanes),
    make((i) => (i + lanes / 2) % lanes),
    make((i) => (i + 1) % lanes),
    make((i) => i + lanes),
    make(() => 1),
    ...Array.from({ length: 8 }, () => make(random)),
  ].slice(0, Math.floor(size / lanes));
}

function loopChecks(target: Target): Check[] {
  const body = (x: ExprFactory, from: Buffer, to: Buffer): Stmt[] => {
    const sum = x.variable("sum", "f32", { mutable: true });
    const n = x.variable("n", "i32", { mutable: true });
    return [
      { kind: "let", v: sum, value: x.const("f32", 0) },
      { kind: "let", v: n, value: x.int(0) },
      loop(x, 0, 12, 1, (i) => [
        loop(x, 0, 3, 1, (j) => [
          { kind: "assign", v: sum, value: x.add(sum, x.load(from, x.add(x.mul(i, x.int(5)), x.mul(j, x.int(11))))) },
          store(to, x.add(x.mul(i, x.int(3)), j), sum),
        ]),
        loop(x, -4, 60, 9, (j) => [
          store(to, x.add(x.int(100), x.add(j, i)), x.add(sum, x.cast(x.mul(j, i), "f32")), x.lt(j, x.int(50))),
        ]),
        {
          kind: "if",
          cond: x.or(x.lt(x.int(7), i), x.eq(i, x.int(2))),
          then: [{ kind: "assign", v: sum, value: x.unary("neg", sum) }],
          else: [{ kind: "assign", v: n, value: x.add(n, x.int(2)) }],
        },
      ]),
      {
        kind: "while",
        cond: x.lt(x.int(3), n),
        body: [store(to, x.add(n, x.int(170)), x.cast(n, "f32")), { kind: "assign", v: n, value: x.sub(n, x.int(5)) }],
      },
    ];
  };
  return [{ name: "loops, branches and running values", run: () => check(target, "float32", body) }];
}

/** "Any" and "all" of a comparison, by lane count. */
function reductionChecks(target: Target, lanes: number): Check[] {
  const body = (x: ExprFactory, from: Buffer, to: Buffer): Stmt[] => [
    loop(x, 0, 60, 1, (i) => {
      const few = x.lt(x.load(from, i, lanes), x.const("i32", 40, lanes));
      const [any, all] = [x.reduceLanes("or", few), x.reduceLanes("and", few)];
      return [store(to, i, x.add(x.mul(x.cast(any, "i32"), x.int(2)), x.cast(all, "i32")))];
    }),
  ];
  return [{ name: `any and all of ${lanes} lanes`, run: () => check(target, "int32", body) }];
}

/** All checks of a target. */
export function memoryChecks(target: Target, { lanes: counts, wideLanes }: OperatorOptions): Check[] {
  return [
    ...dtypes.flatMap((dtype) =>
      counts
        .filter((lanes) => !isWide(dtype) || lanes <= wideLanes)
        .flatMap((lanes) => accessChecks(target, dtype, lanes)),
    ),
    ...counts.filter((lanes) => lanes > 1).flatMap((lanes) => reductionChecks(target, lanes)),
    ...loopChecks(target),
  ];
}
