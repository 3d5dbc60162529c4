// Changes of shape with PyTorch's forms, on reshape, permute, expand, slice and flip: index arithmetic, never copies.
import {
  ArgumentError,
  formatShape,
  IndexError,
  normalizeDim,
  normalizeDims,
  numel,
  type Shape,
  ShapeError,
} from "../base/index.js";
import type { Node } from "../graph/index.js";
import { shapeError } from "./composing.js";
import { expand, flip, permute, reshape, slice } from "./movement.js";

/** Sizes with at most one -1 filled in so that `count` elements fit. */
export function resolveSizes(op: string, sizes: Shape, count: number, from: Shape): number[] {
  const open = sizes.indexOf(-1);
  let known = 1;
  for (let d = 0; d < sizes.length; d++) {
    const size = sizes[d] as number;
    if (d === open) continue;
    if (!Number.isInteger(size) || size < 0) {
      throw new ShapeError(
        `${op}: ${formatShape(sizes)} has size ${size}; sizes are integers >= 0, at most one is -1`,
        {
          op,
          shapes: [from],
        },
      );
    }
    known *= size;
  }
  const out = [...sizes];
  if (open >= 0 && known > 0) out[open] = count / known;
  const fits = open < 0 ? known === count : known > 0 && Number.isInteger(count / known);
  if (!fits) {
    throw new ShapeError(`${op}: ${count} elements do not fit ${formatShape(sizes)} (input ${formatShape(from)})`, {
      op,
      shapes: [from],
    });
  }
  return out;
}

/** The same elements in another shape; one size may be -1. */
export function view(x: Node, sizes: Shape, op = "reshape"): Node {
  return reshape(x, resolveSizes(op, sizes, x.size, x.shape));
}

/** Merges dims `startDim … endDim` into one. */
export function flatten(x: Node, startDim = 0, endDim = -1): Node {
  const rank = x.shape.length;
  const [start, end] = [normalizeDim("flatten", startDim, rank), normalizeDim("flatten", endDim, rank)];
  if (start > end) {
    throw new ArgumentError(
      `flatten: startDim ${startDim} lies behind endDim ${endDim} (input ${formatShape(x.shape)})`,
      {
        op: "flatten",
      },
    );
  }
  if (rank > 0 && start === end) return x;
  return reshape(x, [...x.shape.slice(0, start), numel(x.shape.slice(start, end + 1)), ...x.shape.slice(end + 1)]);
}

/** Splits `dim` into `sizes`, one of which may be -1. */
export function unflatten(x: Node, dim: number, sizes: Shape): Node {
  const d = normalizeDim("unflatten", dim, x.shape.length);
  const size = x.shape[d] as number;
  return reshape(x, [
    ...x.shape.slice(0, d),
    ...resolveSizes("unflatten", sizes, size, x.shape),
    ...x.shape.slice(d + 1),
  ]);
}

/** Drops dims of size 1: all of them, or those of `dim` that are. */
export function squeeze(x: Node, dim: number | readonly number[] | null = null): Node {
  const rank = x.shape.length;
  const dims = dim === null ? null : normalizeDims("squeeze", typeof dim === "number" ? [dim] : dim, rank);
  const shape = x.shape.filter((size, d) => size !== 1 || (dims !== null && !dims.includes(d)));
  return shape.length === rank ? x : reshape(x, shape);
}

/** Adds a dim of size 1 before `dim`. */
export function unsqueeze(x: Node, dim: number): Node {
  const d = normalizeDim("unsqueeze", dim, x.shape.length + 1);
  return reshape(x, [...x.shape.slice(0, d), 1, ...x.shape.slice(d)]);
}

/** Dims in the given order. */
export function permuteDims(x: Node, dims: readonly number[], op = "permute"): Node {
  const rank = x.shape.length;
  if (dims.length !== rank) {
    throw new ShapeError(`${op}: ${dims.length} dims given for ${rank} (input ${formatShape(x.shape)})`, {
      op,
      shapes: [x.shape],
    });
  }
  return permute(x, normalizeDims(op, dims, rank));
}

/** Swaps two dims. */
export function transpose(x: Node, dim0: number, dim1: number): Node {
  const rank = x.shape.length;
  const [first, second] = [normalizeDim("transpose", dim0, rank), normalizeDim("transpose", dim1, rank)];
  if (first === second) return x;
  const dims = x.shape.map((_, d) => d);
  dims[first] = second;
  dims[second] = first;
  return permute(x, dims);
}

/** Matrix transpose of a tensor with at most 2 dims, as Tensor.t. */
export function t(x: Node): Node {
  if (x.shape.length > 2)
    throw shapeError("t", `takes at most 2 dims, got ${x.shape.length}; use transpose or mT`, { input: x });
  return x.shape.length < 2 ? x : permute(x, [1, 0]);
}

/** Moves dims `source` to the places `destination`; the others keep their order. */
export function movedim(x: Node, source: number | readonly number[], destination: number | readonly number[]): Node {
  const rank = x.shape.length;
  const from = normalizeDims("movedim", typeof source === "number" ? [source] : source, rank);
  const to = normalizeDims("movedim", typeof destination === "number" ? [destination] : destination, rank);
  if (from.length !== to.length) {
    throw new ArgumentError(`movedim: ${from.length} source dims but ${to.length} destinations`, { op: "movedim" });
  }
  if (rank === 0) return x;
  const rest = x.shape.map((_, d) => d).filter((d) => !from.includes(d));
  const order = x.shape.map((_, d) => (to.includes(d) ? (from[to.indexOf(d)] as number) : (rest.shift() as number)));
  return permute(x, order);
}

/** Broadcasts to `sizes`; -1 keeps a size, and new dims come in front. */
export function expandTo(x: Node, sizes: Shape): Node {
  const added = sizes.length - x.shape.length;
  const shape = sizes.map((size, d) => (size === -1 && d >= added ? (x.shape[d - added] as number) : size));
  const fits = added >= 0 && x.shape.every((size, d) => size === 1 || size === shape[d + added]);
  if (!fits || shape.some((size) => size < 0)) {
    throw shapeError("expand", `cannot broadcast to ${formatShape(sizes)}; only dims of size 1 grow`, { input: x });
  }
  return expand(x, shape);
}

/** Reverses the order along dims. */
export function flipDims(x: Node, dims: number | readonly number[]): Node {
  const list = normalizeDims("flip", typeof dims === "number" ? [dims] : dims, x.shape.length);
  return x.shape.length === 0 || list.length === 0 ? x : flip(x, list);
}

/** Repeats the whole `repeats[d]` times along each dim; more repeats than dims add dims in front. */
export function repeat(x: Node, repeats: readonly number[]): Node {
  const added = repeats.length - x.shape.length;
  if (added < 0 || repeats.some((r) => !Number.isInteger(r) || r < 0)) {
    throw new ArgumentError(
      `repeat: [${repeats.join(",")}] must give each dim of ${formatShape(x.shape)} an integer >= 0`,
      { op: "repeat" },
    );
  }
  const sizes = repeats.map((_, d) => x.shape[d - added] ?? 1);
  const copies = repeats.flatMap((r, d) => [r, sizes[d] as number]);
  const spread = expand(
    reshape(
      x,
      sizes.flatMap((size) => [1, size]),
    ),
    copies,
  );
  return reshape(
    spread,
    repeats.map((r, d) => r * (sizes[d] as number)),
  );
}

/** Like repeat, but fewer repeats than dims apply to the last dims. */
export function tile(x: Node, repeats: readonly number[]): Node {
  const missing = Math.max(0, x.shape.length - repeats.length);
  return repeat(x, [...new Array<number>(missing).fill(1), ...repeats]);
}

/** Repeats each element `repeats` times in place along `dim` (of the flat input without one). */
export function repeatInterleave(x: Node, repeats: number, dim: number | null = null): Node {
  if (!Number.isInteger(repeats) || repeats < 0) {
    throw new ArgumentError(`repeatInterleave: repeats must be an integer >= 0, got ${repeats}`, {
      op: "repeatInterleave",
    });
  }
  const input = dim === null || x.shape.length === 0 ? reshape(x, [x.size]) : x;
  const d = normalizeDim("repeatInterleave", dim ?? 0, input.shape.length);
  const [before, size, after] = [input.shape.slice(0, d), input.shape[d] as number, input.shape.slice(d + 1)];
  const spread = expand(reshape(input, [...before, size, 1, ...after]), [...before, size, repeats, ...after]);
  return reshape(spread, [...before, size * repeats, ...after]);
}

/** Elements `x[i, i + offset]` over two dims, as a last dim: a stride of columns + 1 through both dims laid flat. */
export function diagonal(x: Node, offset = 0, dim1 = 0, dim2 = 1): Node {
  const rank = x.shape.length;
  const [first, second] = [normalizeDim("diagonal", dim1, rank), normalizeDim("diagonal", dim2, rank)];
  if (rank < 2 || first === second) throw shapeError("diagonal", "needs two different dims", { input: x });
  const rest = x.shape.map((_, d) => d).filter((d) => d !== first && d !== second);
  const shape = rest.map((d) => x.shape[d] as number);
  const [rows, columns] = [x.shape[first] as number, x.shape[second] as number];
  const length = Math.max(0, Math.min(rows + Math.min(offset, 0), columns - Math.max(offset, 0)));
  const flat = reshape(permute(x, [...rest, first, second]), [...shape, rows * columns]);
  const start = length === 0 ? 0 : offset >= 0 ? offset : -offset * columns;
  const stop = length === 0 ? 0 : start + (length - 1) * (columns + 1) + 1;
  return slice(flat, rest.length, start, stop, columns + 1);
}

/** `length` elements from `start` along `dim`. */
export function narrow(x: Node, dim: number, start: number, length: number): Node {
  const d = checkedDim("narrow", x, dim);
  const size = x.shape[d] as number;
  const from = start < 0 ? start + size : start;
  if (!Number.isInteger(from) || !Number.isInteger(length) || from < 0 || length < 0 || from + length > size) {
    throw new IndexError(
      `narrow: ${length} elements from ${start} do not lie in dim ${dim} of size ${size} (input ${formatShape(x.shape)})`,
      { op: "narrow", shapes: [x.shape] },
    );
  }
  return from === 0 && length === size ? x : slice(x, d, from, from + length, 1);
}

/** The part at position `index` of `dim`, without that dim. */
export function select(x: Node, dim: number, index: number): Node {
  const d = checkedDim("select", x, dim);
  const size = x.shape[d] as number;
  if (!Number.isInteger(index) || index < -size || index >= size) {
    throw new IndexError(
      `select: index ${index} is out of range [${-size}, ${size - 1}] of dim ${dim} (input ${formatShape(x.shape)})`,
      { op: "select", shapes: [x.shape] },
    );
  }
  const from = index < 0 ? index + size : index;
  const shape = x.shape.filter((_, other) => other !== d);
  return reshape(size === 1 ? x : slice(x, d, from, from + 1, 1), shape);
}

function checkedDim(op: string, x: Node, dim: number): number {
  if (x.shape.length === 0) throw new IndexError(`${op}: a 0-d tensor has no dim to take from`, { op, shapes: [[]] });
  return normalizeDim(op, dim, x.shape.length);
}
