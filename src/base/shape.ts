// Shapes: sizes, strides, broadcasting, dimension arguments.
import { ArgumentError, IndexError, ShapeError } from "./errors.js";

export type Shape = readonly number[];

/** Number of elements. */
export function numel(shape: Shape): number {
  let n = 1;
  for (const size of shape) n *= size;
  return n;
}

/** Row-major strides in elements. */
export function contiguousStrides(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    strides[d] = stride;
    stride *= Math.max(shape[d] as number, 1);
  }
  return strides;
}

export function shapesEqual(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let d = 0; d < a.length; d++) if (a[d] !== b[d]) return false;
  return true;
}

export function formatShape(shape: Shape): string {
  return `[${shape.join(",")}]`;
}

/** The shape two shapes broadcast to, or null. */
export function tryBroadcast(a: Shape, b: Shape): number[] | null {
  const rank = Math.max(a.length, b.length);
  const out = new Array<number>(rank);
  for (let i = 1; i <= rank; i++) {
    const x = a[a.length - i] ?? 1;
    const y = b[b.length - i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) return null;
    out[rank - i] = x === 1 ? y : x;
  }
  return out;
}

/** The shape several shapes broadcast to; throws ShapeError naming all of them. */
export function broadcastShapes(op: string, ...shapes: readonly Shape[]): number[] {
  let out: number[] = [];
  for (const shape of shapes) {
    const next = tryBroadcast(out, shape);
    if (!next) {
      throw new ShapeError(
        `${op}: shapes ${shapes.map(formatShape).join(" and ")} do not broadcast; sizes must be equal or 1, aligned from the right`,
        { op, shapes },
      );
    }
    out = next;
  }
  return out;
}

/** A dim argument in `[-rank, rank-1]` as a non-negative one; rank 0 takes 0 and -1 as PyTorch does. */
export function normalizeDim(op: string, dim: number, rank: number): number {
  const limit = Math.max(rank, 1);
  if (!Number.isInteger(dim) || dim < -limit || dim >= limit) {
    throw new IndexError(`${op}: dim ${dim} is out of range [${-limit}, ${limit - 1}]`, { op });
  }
  return dim < 0 ? dim + limit : dim;
}

/** Several dims, without repetition. */
export function normalizeDims(op: string, dims: readonly number[], rank: number): number[] {
  if (!Array.isArray(dims)) {
    throw new ArgumentError(
      `${op}: dims must be an integer or an array of them, got ${typeof dims === "bigint" ? `${String(dims)}n` : JSON.stringify(dims)}`,
      { op },
    );
  }
  const out = dims.map((dim) => normalizeDim(op, dim, rank));
  if (new Set(out).size !== out.length)
    throw new IndexError(`${op}: dims [${dims.join(",")}] name a dim twice`, { op });
  return out;
}
