// Programs with checked bounds, in a process of their own: `bounds-cases.ts <target>` prints what became of each.
import { manualSeed, randn, setTarget, tensor } from "../../../src/index.js";
import { type Buffer, type Expr, ExprFactory, type Stmt } from "../../../src/ir/index.js";
import { conv2d, maxPool2d } from "../../../src/nn/functional.js";
import type { NativeName } from "../../../src/targets/native.js";
import { createX64Target } from "../../../src/targets/x64/target.js";
import { emptyStorage, loop, makeKernel, makeProgram, store } from "../programs.js";

// The script is given one of the two names.
const name = process.argv[2] as NativeName;
const n = 100;

/** Runs one kernel over a and out, both of n floats; "ran", or the error. */
function outcome(body: (x: ExprFactory, a: Buffer, out: Buffer) => Stmt[]): string {
  const x = new ExprFactory();
  const [a, out] = [x.buffer("a", "float32", n), x.buffer("out", "float32", n)];
  const kernel = makeKernel(x, 1, () => body(x, a, out));
  const executable = createX64Target(name).load(makeProgram({ stages: [[kernel]], bound: [a, out] }));
  try {
    executable.run([emptyStorage(a), emptyStorage(out)], new Float64Array(0));
    return "ran";
  } catch (error) {
    return String((error as Error).message);
  }
}

const upTo = (end: number, step: number, shift: number, lanes: number) => (x: ExprFactory, a: Buffer, out: Buffer) => [
  loop(x, 0, end, step, (i) => [store(out, i, x.load(a, x.binary("add", i, x.int(shift)), lanes))]),
];

/** Asks for lines of memory up to `distance` elements ahead of those that are copied. */
const prefetching = (distance: number) => (x: ExprFactory, a: Buffer, out: Buffer) => [
  loop(x, 0, n, 1, (i): Stmt[] => {
    const index = x.binary("add", i, x.int(distance));
    return [
      { kind: "prefetch", buffer: a, index, use: "read" },
      { kind: "prefetch", buffer: out, index, use: "write" },
      store(out, i, x.load(a, i)),
    ];
  }),
];

/** Vectors of eight from i on, of which those below `end` are touched. */
const guarded = (end: number) => (x: ExprFactory, a: Buffer, out: Buffer) => [
  loop(x, 0, n, 8, (i) => {
    const lanes: Expr = x.lanes(Array.from({ length: 8 }, (_, lane) => x.binary("add", i, x.int(lane))));
    const guard = x.binary("lt", lanes, x.splat(x.int(end), 8));
    return [store(out, i, x.load(a, i, 8, guard), guard)];
  }),
];

/** The same numbers with and without a compiler's own vectors, masks, gathers and pointers. */
function sums(): number[] {
  manualSeed(1);
  const x = randn([3, 3, 17, 19]);
  const [a, b] = [randn([37, 53]), randn([53, 29])];
  const rows = tensor([1, 5, 36], { dtype: "int64" });
  return [
    conv2d(x, randn([5, 3, 3, 3]), null, { padding: 1 })
      .relu()
      .sum(),
    a.matmul(b).softmax(1).select(1, 3).sum(),
    maxPool2d(x, 2).sum(),
    x.cumsum(3).sum(),
    a.sort(1).values.select(1, 7).sum(),
    a.indexSelect(0, rows).sum(),
    x.transpose(1, 3).gt(0).to("uint8").sum(),
  ].map((value) => Math.round(Number(value.item()) * 100) / 100);
}

setTarget("interpreter");
const wanted = sums();
setTarget(name);
const computed = sums();

console.log(
  JSON.stringify({
    sums: computed.every((sum, at) => Math.abs(sum - (wanted[at] as number)) <= 0.02) ? "equal" : { computed, wanted },
    inside: outcome(upTo(n - 4, 4, 4, 4)),
    scalarBehind: outcome(upTo(n, 1, 1, 1)),
    scalarBefore: outcome(upTo(n, 1, -1, 1)),
    vectorAcross: outcome(upTo(n, 8, 0, 8)),
    farAway: outcome(upTo(n, 1, 2 ** 28, 1)),
    prefetchedOutside: outcome(prefetching(2 ** 28)),
    guardedInside: outcome(guarded(n)),
    guardedAcross: outcome(guarded(n + 1)),
  }),
);
