// Joining values into one and cutting one into parts.
import { ArgumentError, formatShape, normalizeDim, promote, ShapeError, shapesEqual } from "../base/index.js";
import type { Node } from "../graph/index.js";
import { cast } from "./cast.js";

import { concat } from "./concat.js";
import { narrow, select, unsqueeze, view } from "./shaping.js";

function checkNotEmpty(op: string, nodes: readonly Node[]): void {
  if (nodes.length === 0) throw new ArgumentError(`${op}: needs at least one tensor`, { op });
}

/** Joins along an existing dim; all other sizes agree. Dtypes are promoted. */
export function cat(nodes: readonly Node[], dim = 0): Node {
  checkNotEmpty("cat", nodes);
  // PyTorch lets the empty 1-d tensor through whatever the shapes of the others: it is what loops start from.
  const filled = nodes.filter((x) => !(x.shape.length === 1 && x.shape[0] === 0));
  const first = filled[0] ?? (nodes[0] as Node);
  const rank = first.shape.length;
  if (rank === 0) throw new ShapeError("cat: 0-d tensors cannot be joined; use stack", { op: "cat", shapes: [[]] });
  const d = normalizeDim("cat", dim, rank);
  const dtype = nodes.reduce((common, x) => promote(common, x.dtype), first.dtype);
  const parts = filled.map((x) => {
    if (x.shape.length !== rank || x.shape.some((size, i) => i !== d && size !== first.shape[i])) {
      throw new ShapeError(
        `cat: shapes ${formatShape(first.shape)} and ${formatShape(x.shape)} differ outside dim ${d}`,
        { op: "cat", shapes: nodes.map((node) => node.shape) },
      );
    }
    return cast(x, dtype);
  });
  return parts.length > 1 ? concat(parts, d) : (parts[0] ?? cast(first, dtype));
}

/** Joins equal shapes along a new dim. */
export function stack(nodes: readonly Node[], dim = 0): Node {
  checkNotEmpty("stack", nodes);
  const first = nodes[0] as Node;
  const d = normalizeDim("stack", dim, first.shape.length + 1);
  for (const x of nodes) {
    if (!shapesEqual(x.shape, first.shape)) {
      throw new ShapeError(`stack: shapes ${formatShape(first.shape)} and ${formatShape(x.shape)} differ`, {
        op: "stack",
        shapes: nodes.map((node) => node.shape),
      });
    }
  }
  return cat(
    nodes.map((x) => unsqueeze(x, d)),
    d,
  );
}

/** Parts of `size` elements along `dim` (the last may be smaller), or of the listed sizes. */
export function split(x: Node, size: number | readonly number[], dim = 0): Node[] {
  const d = normalizeDim("split", dim, x.shape.length);
  const total = x.shape[d];
  if (total === undefined)
    throw new ShapeError("split: a 0-d tensor has no dim to split", { op: "split", shapes: [[]] });
  const sizes = typeof size === "number" ? equalSizes(total, size) : size;
  if (sizes.reduce((sum, part) => sum + part, 0) !== total || sizes.some((part) => part < 0)) {
    throw new ShapeError(
      `split: sizes [${sizes.join(",")}] do not add up to ${total}, the size of dim ${dim} (input ${formatShape(x.shape)})`,
      { op: "split", shapes: [x.shape] },
    );
  }
  let start = 0;
  return sizes.map((part) => {
    const piece = narrow(x, d, start, part);
    start += part;
    return piece;
  });
}

function equalSizes(total: number, size: number): number[] {
  if (!Number.isInteger(size) || size < 0 || (size === 0 && total > 0)) {
    throw new ArgumentError(`split: the size of a part must be a positive integer, got ${size}`, { op: "split" });
  }
  if (total === 0) return [0];
  return Array.from({ length: Math.ceil(total / size) }, (_, i) => Math.min(size, total - i * size));
}

/** At most `chunks` parts along `dim`, all of one size but the last. */
export function chunk(x: Node, chunks: number, dim = 0): Node[] {
  if (!Number.isInteger(chunks) || chunks < 1) {
    throw new ArgumentError(`chunk: chunks must be a positive integer, got ${chunks}`, { op: "chunk" });
  }
  const d = normalizeDim("chunk", dim, x.shape.length);
  const total = x.shape[d] ?? 0;
  return split(x, total === 0 ? new Array<number>(chunks).fill(0) : Math.ceil(total / chunks), dim);
}

/** The parts at each position of `dim`, without that dim. */
export function unbind(x: Node, dim = 0): Node[] {
  const d = normalizeDim("unbind", dim, x.shape.length);
  if (x.shape.length === 0)
    throw new ShapeError("unbind: a 0-d tensor has no dim to unbind", { op: "unbind", shapes: [[]] });
  return Array.from({ length: x.shape[d] as number }, (_, i) => select(x, d, i));
}

/** Moves elements by `shifts` along `dims`, those pushed out come in at the other end; without dims over the flat input. */
export function roll(
  x: Node,
  shifts: number | readonly number[],
  dims: number | readonly number[] | null = null,
): Node {
  const steps = typeof shifts === "number" ? [shifts] : shifts;
  if (dims === null) {
    if (steps.length !== 1) throw new ArgumentError(`roll: ${steps.length} shifts without dims`, { op: "roll" });
    return rollFlat(x, steps[0] as number);
  }
  const list = typeof dims === "number" ? [dims] : dims;
  if (list.length !== steps.length) {
    throw new ArgumentError(`roll: ${steps.length} shifts for ${list.length} dims`, { op: "roll" });
  }
  return list.reduce((y, dim, i) => rollDim(y, steps[i] as number, normalizeDim("roll", dim, x.shape.length)), x);
}

function rollFlat(x: Node, shift: number): Node {
  return view(rollDim(view(x, [x.size]), shift, 0), x.shape);
}

function rollDim(x: Node, shift: number, d: number): Node {
  const size = x.shape[d] ?? 0;
  const by = size === 0 ? 0 : ((shift % size) + size) % size;
  if (by === 0) return x;
  return cat([narrow(x, d, size - by, by), narrow(x, d, 0, size - by)], d);
}
