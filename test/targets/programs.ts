// Builders of small programs for target tests: kernels written by hand, buffers bound in order.

import type { DType, TypedArray } from "../../src/base/dtype.js";
import { Storage } from "../../src/base/storage.js";
import {
  type Buffer,
  buffersOf,
  type Expr,
  type ExprFactory,
  type Kernel,
  type Program,
  type Stage,
  type Stmt,
  type Var,
} from "../../src/ir/index.js";

export interface ProgramOptions {
  readonly stages: readonly Stage[];
  /** Bound buffers, in slot order; `out…` names are written, all others read. */
  readonly bound: readonly Buffer[];
  /** Slots that are read and written. */
  readonly inPlace?: readonly Buffer[];
  readonly arena?: readonly Buffer[];
  readonly local?: readonly Buffer[];
  readonly status?: Buffer;
  readonly commitStage?: number;
  /** Default: all stages may set the status, if there is one. */
  readonly checkedStage?: number;
  readonly scalarCount?: number;
}

const itemBytes: Record<DType, number> = {
  ...{ float32: 4, float64: 8, float16: 2, bfloat16: 2 },
  ...{ int32: 4, int64: 8, int16: 2, int8: 1, uint8: 1, bool: 1 },
};

function layOut(buffers: readonly Buffer[]): { offsets: Map<Buffer, number>; bytes: number } {
  const offsets = new Map<Buffer, number>();
  let bytes = 0;
  for (const buffer of buffers) {
    offsets.set(buffer, bytes);
    bytes += Math.ceil((buffer.size * itemBytes[buffer.dtype]) / 64) * 64 + 64;
  }
  return { offsets, bytes };
}

export function makeProgram(options: ProgramOptions): Program {
  const { stages, bound, inPlace = [], arena = [], local = [], status = null } = options;
  const arenaLayout = layOut(status ? [...arena, status] : arena);
  const localLayout = layOut(local);
  const placements = new Map<Buffer, { kind: "bound"; slot: number } | { kind: "arena"; offset: number }>();
  bound.forEach((buffer, slot) => {
    placements.set(buffer, { kind: "bound", slot });
  });
  for (const [buffer, offset] of arenaLayout.offsets) placements.set(buffer, { kind: "arena", offset });
  return {
    name: "test",
    stages,
    commitStage: options.commitStage ?? stages.length,
    checkedStage: options.checkedStage ?? (status ? stages.length : 0),
    status,
    placements,
    bindings: bound.map((buffer) => {
      const isOutput = buffer.name.startsWith("out");
      const both = inPlace.includes(buffer);
      return { dtype: buffer.dtype, length: buffer.size, written: isOutput || both, read: !isOutput || both };
    }),
    arenaBytes: arenaLayout.bytes,
    localBytes: localLayout.bytes,
    localOffsets: localLayout.offsets,
    scalarCount: options.scalarCount ?? 0,
  };
}

/** A kernel; `flops` says how much work it pretends to be. */
export function makeKernel(x: ExprFactory, tiles: number, body: (tile: Var) => Stmt[], flops = 0): Kernel {
  const tile = x.variable("tile", "i32", { min: 0, max: tiles - 1 });
  const statements = body(tile);
  return { name: "kernel", tiles, tile, body: statements, buffers: buffersOf(statements), flops, bytes: 0 };
}

export function store(buffer: Buffer, index: Expr, value: Expr, guard: Expr | null = null): Stmt {
  return { kind: "store", buffer, index, value, guard };
}

export function when(cond: Expr, body: Stmt[]): Stmt {
  return { kind: "if", cond, then: body, else: [] };
}

/** for (v = from; v < to; v += step) */
export function loop(x: ExprFactory, from: number, to: number, step: number, body: (v: Var) => Stmt[]): Stmt {
  const v = x.variable("i", "i32", { min: from, max: to - 1 });
  return { kind: "for", v, from: x.int(from), to: x.int(to), step, body: body(v) };
}

export function emptyStorage(buffer: Buffer): Storage {
  return new Storage(buffer.dtype, buffer.size);
}

export function storageOf(dtype: DType, values: readonly number[] | TypedArray): Storage {
  return Storage.from(dtype, typed(dtype, values));
}

function typed(dtype: DType, values: readonly number[] | TypedArray): TypedArray {
  if (!Array.isArray(values)) return values as TypedArray;
  switch (dtype) {
    case "float32":
      return Float32Array.from(values as number[]);
    case "float64":
      return Float64Array.from(values as number[]);
    case "int32":
      return Int32Array.from(values as number[]);
    case "int64":
      return BigInt64Array.from((values as number[]).map(BigInt));
    default:
      return Uint8Array.from(values as number[]);
  }
}
