// What the machine can do with a target: peak arithmetic and memory bandwidth, measured with programs of the kernel IR.
import { platform } from "#platform";
import { itemSize, Storage } from "../../base/index.js";
import {
  type Buffer,
  type Expr,
  ExprFactory,
  finalizeKernel,
  type Kernel,
  listenAlone,
  type Placement,
  type Program,
  type Stmt,
  type Target,
  type Var,
} from "../../ir/index.js";

/** The two limits of the roofline model (Williams, Waterman and Patterson, 2009), on all threads. */
export interface Roofline {
  /** Most multiplications and additions a second, of all threads. */
  readonly flopsPerSecond: number;
  /** Most bytes a second from memory, of all threads. */
  readonly bytesPerSecond: number;
}

/** Independent sums: enough to fill the pipelines (two units of 4 cycles), few enough to stay in 16 registers. */
const chains = 12;
const tilesPerThread = 16;
const attempts = 5;
const slowSeconds = 0.002;

const known = new Map<string, Roofline>();

/** Measured once for a target and number of threads; takes about a tenth of a second. */
export function roofline(target: Target): Roofline {
  const { threads } = target.info;
  const key = `${target.name}/${threads}`;
  const found = known.get(key);
  if (found) return found;
  const measured = listenAlone(null, () => ({
    flopsPerSecond: best(target, arithmetic, 1 << 12),
    bytesPerSecond: best(target, streaming, 32 << 20),
  }));
  known.set(key, measured);
  return measured;
}

interface Work {
  readonly program: Program;
  /** What one run does: operations, or bytes. */
  readonly amount: number;
}

/** What the full size gives, or a small part of it where that is slow already (the interpreter). */
function best(target: Target, work: (target: Target, size: number) => Work, size: number): number {
  const part = work(target, size / 256);
  const rate = measure(target, part);
  return part.amount / rate > slowSeconds ? rate : measure(target, work(target, size));
}

/** Operations or bytes in a second. */
function measure(target: Target, { program, amount }: Work): number {
  const executable = target.load(program);
  const storages = program.bindings.map(({ dtype, length }) => {
    const storage = new Storage(dtype, length);
    (storage.hostView() as Float32Array).fill(0.5); // all are float32; untouched memory is one page of zeros
    return storage;
  });
  const none = new Float64Array(0);
  let best = Number.POSITIVE_INFINITY;
  // One attempt more, which starts threads.
  for (let attempt = 0; attempt <= attempts; attempt++) {
    const start = platform.now();
    executable.run(storages, none);
    executable.settle();
    if (attempt > 0) best = Math.min(best, platform.now() - start);
  }
  executable.free();
  return (amount * 1000) / best;
}

/** sum = sum * factor + factor in registers, `rounds` times. */
function arithmetic({ info }: Target, rounds: number): Work {
  const f = new ExprFactory();
  const lanes = info.lanes(4);
  const tiles = tilesPerThread * info.threads;
  const perTile = chains * lanes;
  const [x, out] = [f.buffer("x", "float32", lanes), f.buffer("out", "float32", tiles * perTile)];
  const vector = (name: string, mutable: boolean): Var => f.variable(name, "f32", { lanes, mutable });
  const factor = vector("factor", false);
  const sums = Array.from({ length: chains }, (_, c) => vector(`sum${c}`, true));
  const tile = f.variable("tile", "i32", { min: 0, max: tiles - 1 });
  const at = (c: number) => f.add(f.mul(tile, f.int(perTile)), f.int(c * lanes));
  const body: Stmt[] = [
    { kind: "let", v: factor, value: f.load(x, f.int(0), lanes) },
    ...sums.map((v): Stmt => ({ kind: "let", v, value: factor })),
    {
      kind: "for",
      v: f.variable("round", "i32", { min: 0, max: rounds - 1 }),
      from: f.int(0),
      to: f.int(rounds),
      step: 1,
      body: sums.map((v): Stmt => ({ kind: "assign", v, value: f.fma(v, factor, factor) })),
    },
    ...sums.map((value, c): Stmt => ({ kind: "store", buffer: out, index: at(c), value, guard: null })),
  ];
  const amount = 2 * perTile * rounds * tiles;
  const kernel: Kernel = { name: "peak", tiles, tile, body, buffers: [x, out], flops: amount, bytes: 0 };
  return { program: programOf("peak arithmetic", kernel, [x], [out]), amount };
}

/** out = a + b, for arrays that are larger than most caches. */
function streaming({ info }: Target, arrayBytes: number): Work {
  const f = new ExprFactory();
  const size = arrayBytes / itemSize("float32");
  const [a, b, out] = ["a", "b", "out"].map((name) => f.buffer(name, "float32", size)) as [Buffer, Buffer, Buffer];
  const tiles = tilesPerThread * info.threads;
  const perTile = Math.ceil(size / tiles);
  const tile = f.variable("tile", "i32", { min: 0, max: tiles - 1 });
  const i = f.variable("i", "i32", { min: 0, max: perTile - 1 });
  const index: Expr = f.add(f.mul(tile, f.int(perTile)), i);
  const body: Stmt[] = [
    {
      kind: "for",
      v: i,
      from: f.int(0),
      to: f.min(f.int(perTile), f.sub(f.int(size), f.mul(tile, f.int(perTile)))),
      step: 1,
      body: [{ kind: "store", buffer: out, index, value: f.add(f.load(a, index), f.load(b, index)), guard: null }],
      hint: "vectorize",
    },
  ];
  const amount = 3 * arrayBytes;
  const kernel = finalizeKernel(f, { name: "stream", tiles, tile, body, flops: 0, bytes: amount }, info);
  return { program: programOf("peak bandwidth", kernel, [a, b], [out]), amount };
}

function programOf(name: string, kernel: Kernel, read: readonly Buffer[], written: readonly Buffer[]): Program {
  const bound = [...read, ...written];
  return {
    name,
    stages: [[kernel]],
    commitStage: 1,
    checkedStage: 0,
    status: null,
    placements: new Map(bound.map((buffer, slot): [Buffer, Placement] => [buffer, { kind: "bound", slot }])),
    bindings: bound.map((buffer) => ({
      dtype: buffer.dtype,
      length: buffer.size,
      read: read.includes(buffer),
      written: written.includes(buffer),
    })),
    arenaBytes: 0,
    localBytes: 0,
    localOffsets: new Map(),
    scalarCount: 0,
  };
}
