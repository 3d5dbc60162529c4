// Slices, and writes to them, that begin at a number of the graph instead of an attribute: what a loop cuts from its data (batches, samples, windows of
// a text) or fills row by row is one program wherever it begins.
import {
  attr,
  type CompositePrimitive,
  hashText,
  type NdArray,
  type Node,
  type PointwisePrimitive,
} from "../graph/index.js";
import type { Expr } from "../ir/index.js";
import { apply } from "./apply.js";
import { fillArray, gatherArray, ravel, unravel } from "./define.js";
import { where } from "./elementwise.js";
import { constant } from "./leaves.js";
import { expand, placeSlice, slice } from "./movement.js";
import { isMovement } from "./movement-rules.js";

interface Range {
  readonly dim: number;
  readonly length: number;
  readonly step: number;
}

const rangeOf = (node: Pick<Node, "attrs">): Range => {
  const [dim, length, step] = attr<readonly number[]>(node, "range") as [number, number, number];
  return { dim, length, step };
};

const infer: CompositePrimitive["infer"] = (inputs, attrs) => {
  const x = inputs[0] as Node;
  const { dim, length } = rangeOf({ attrs });
  return { shape: x.shape.map((size, d) => (d === dim ? length : size)), dtype: x.dtype };
};

const vjp: CompositePrimitive["vjp"] = (node, grad) => {
  const [x, start] = node.inputs as [Node, Node];
  const { dim, step } = rangeOf(node);
  return [placeSlice(grad, x.shape, dim, Number(start.value), step), null];
};

const reference = (node: Node, inputs: readonly NdArray[]): NdArray => {
  const [x, start] = inputs as [NdArray, NdArray];
  const { dim, step } = rangeOf(node);
  return gatherArray(node.shape, x, (out) => out.map((i, d) => (d === dim ? Number(start.data[0]) + i * step : i)));
};

const saves = { inputs: [], output: false } as const;

/** The slice at a place that is known at run time only. */
const movedP: PointwisePrimitive = {
  kind: "pointwise",
  name: "moved_part",
  hash: hashText("moved_part"),
  cost: 0,
  isElementwise: false,
  saves,
  infer,
  vjp,
  // No clamp: each start was checked against the dim when its slice was made.
  lower: ({ f, input }, index, node) => {
    const { dim, step } = rangeOf(node);
    const start = f.cast(input(1, []), "i32");
    return input(
      0,
      index.map((i, d) => (d === dim ? f.add(f.mul(i, f.int(step)), start) : i)),
    );
  },
  reference,
};

const partP: CompositePrimitive = {
  kind: "composite",
  name: "part",
  hash: hashText("part"),
  saves,
  infer,
  vjp,
  decompose: (node, isKnown) => {
    const [x, start] = node.inputs as [Node, Node];
    if (!isKnown(start)) return apply(movedP, [x, start], node.attrs);
    const { dim, length, step } = rangeOf(node);
    const first = Number(start.value);
    return slice(x, dim, first, first + length * step, step);
  },
  reference,
};

/**
 * As {@link slice}, with its begin as a number of the graph: the compiler takes it for known until the same structure comes back
 * with another one. `start` and all that it reaches must lie in the dim.
 */
export function part(x: Node, dim: number, start: number, stop: number, step = 1): Node {
  const size = x.shape[dim] as number;
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (length === size || length === 0) return slice(x, dim, start, stop, step);
  return apply(partP, [x, constant(start, "int32")], { range: [dim, length, step] });
}

/** True for values that are there and need no gradient, and what only moves them: data, of which loops take one part after the other. */
export function isData(x: Node): boolean {
  if (x.requiresGrad) return false;
  let node = x;
  while (!node.isRealized) {
    if (node.primitive !== partP && !isMovement(node.primitive)) return false;
    node = node.inputs[0] as Node;
  }
  return true;
}

// ---- writing ----------------------------------------------------------------------------------------------------

/** `x` with `value` at a place that is known at run time only. */
const movedWriteP: PointwisePrimitive = {
  kind: "pointwise",
  name: "moved_write",
  hash: hashText("moved_write"),
  cost: 2,
  isElementwise: false,
  saves,
  infer: ([x]) => x as Node,
  vjp: writeVjp,
  lower: ({ f, input }, index, node) => {
    const dim = attr<number>(node, "dim");
    const length = (node.inputs[1] as Node).shape[dim] as number;
    const at = f.sub(index[dim] as Expr, f.cast(input(2, []), "i32"));
    const isWritten = f.and(f.le(f.int(0), at), f.lt(at, f.int(length)));
    const place = index.map((i, d) => (d === dim ? at : i));
    return f.select(isWritten, input(1, place, isWritten), input(0, index));
  },
  reference: writeReference,
};

const writeP: CompositePrimitive = {
  kind: "composite",
  name: "part_write",
  hash: hashText("part_write"),
  saves,
  infer: ([x]) => x as Node,
  vjp: writeVjp,
  decompose: (node, isKnown) => {
    const [x, value, start] = node.inputs as [Node, Node, Node];
    if (!isKnown(start)) return apply(movedWriteP, [x, value, start], node.attrs);
    const place = (part: Node): Node => placeSlice(part, x.shape, attr<number>(node, "dim"), Number(start.value), 1);
    return where(place(expand(constant(true, "bool"), value.shape)), place(value), x);
  },
  reference: writeReference,
};

function writeVjp(node: Node, grad: Node, needs: readonly boolean[]): (Node | null)[] {
  const [, value, start] = node.inputs as [Node, Node, Node];
  const [dim, first] = [attr<number>(node, "dim"), Number(start.value)];
  const zeros = expand(constant(0, value.dtype), value.shape);
  return [
    needs[0] ? writePart(grad, zeros, dim, first) : null,
    needs[1] ? part(grad, dim, first, first + (value.shape[dim] as number)) : null,
    null,
  ];
}

function writeReference(node: Node, inputs: readonly NdArray[]): NdArray {
  const [x, value, start] = inputs as [NdArray, NdArray, NdArray];
  const dim = attr<number>(node, "dim");
  return fillArray(node.shape, node.dtype, (i) => {
    const place = unravel(i, node.shape);
    const at = (place[dim] as number) - Number(start.data[0]);
    if (at < 0 || at >= (value.shape[dim] as number)) return x.data[i] as number | bigint;
    place[dim] = at;
    return value.data[ravel(place, value.shape)] as number | bigint;
  });
}

/**
 * `x` with `value` in place of the elements of one dim from `start` on. The begin is a number of the graph, as that of {@link part}.
 * Shapes and dtypes: those of `x` but for the size of the dim.
 */
export function writePart(x: Node, value: Node, dim: number, start: number): Node {
  return apply(writeP, [x, value, constant(start, "int32")], { dim });
}
