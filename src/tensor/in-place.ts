// In-place forms: compute a value, check that the tensor may be written, rebind its cell.
import {
  AutogradError,
  category,
  type DType,
  DTypeError,
  inName,
  runScope,
  ShapeError,
  shapesEqual,
} from "../base/index.js";
import { gradEnabled, type Node } from "../graph/index.js";
import { cast, where } from "../ops/index.js";
import { overwritten } from "./alias.js";
import { limitPending } from "./sync.js";
import type { Tensor } from "./tensor.js";
import { writeThrough } from "./view.js";

/** `x` takes the value that `compute` makes of its own; all views of the same memory see it. */
export function inPlace(op: string, x: Tensor, compute: (node: Node) => Node): Tensor {
  checkWritable(op, x);
  const value = computed(op, () => compute(x.node));
  if (!shapesEqual(value.shape, x.shape)) {
    throw new ShapeError(
      `${op}: the result has shape [${value.shape.join(",")}] but the tensor written in place [${x.shape.join(",")}]; use the form without _`,
      { op, shapes: [value.shape, x.shape] },
    );
  }
  assign(x, castInto(op, value, x.dtype));
  limitPending();
  return x;
}

function computed(op: string, compute: () => Node): Node {
  try {
    return compute();
  } catch (error) {
    throw inName(op, error);
  }
}

/** As `inPlace`, for values that do not depend on the old ones. */
export function overwrite(op: string, x: Tensor, compute: (node: Node) => Node): Tensor {
  return inPlace(op, x, (node) => overwritten(compute(node), node));
}

/** PyTorch's rule: a result may not lose its category (float into integer, integer into bool). */
function castInto(op: string, value: Node, dtype: DType): Node {
  if (value.dtype === dtype) return value;
  if (category(value.dtype) > category(dtype)) {
    throw new DTypeError(
      `${op}: the result is ${value.dtype} and cannot be written into a ${dtype} tensor; use the form without _ or .to("${value.dtype}") first`,
      { op },
    );
  }
  return cast(value, dtype);
}

let kept: Node | null = null;

/** Where the 0-d bool tensor `keep` holds, what `fn` writes in place stays as it was: the same program with or without effect. */
export function writeUnless<R>(keep: Tensor, fn: () => R): R {
  const before = kept;
  kept = keep.node;
  try {
    return fn();
  } finally {
    kept = before;
  }
}

/** Writes a value of the right shape and dtype, through views if need be. */
export function assign(x: Tensor, written: Node): void {
  const { cell, viewing } = x;
  const value = kept ? where(kept, x.node, written) : written;
  const steps = viewing?.steps ?? [];
  const write = () => cell.write(writeThrough(steps, cell.nodeFor(x), value));
  // What is written through detach() changes values only, never the history of the base.
  if (steps.some(({ kind }) => kind === "detach")) runScope({ gradMode: false }, write);
  else write();
}

/** Throws unless PyTorch would allow an in-place write to `x` here. */
export function checkWritable(op: string, x: Tensor): void {
  const { shape, strides } = x.layout;
  if (strides.some((stride, d) => stride === 0 && (shape[d] as number) > 1)) {
    throw new ShapeError(
      `${op}: several elements of this expanded tensor share memory (shape [${shape.join(",")}]); call clone() before writing in place`,
      { op, shapes: [shape], fix: "clone" },
    );
  }
  if (!gradEnabled()) return;
  const isView = x.viewing !== null;
  // The last step that says where gradients end: at a leaf, or nowhere after detach().
  const end = x.viewing?.steps.findLast(({ kind }) => kind === "detach" || kind === "leaf")?.kind;
  const isOfLeaf = end === "leaf" || (end === undefined && x.cell.variable !== null);
  if (x.variable || (isView && isOfLeaf)) {
    throw new AutogradError(
      `${op}: ${isView ? "a view of " : ""}a leaf that requires grad cannot be changed in place while gradients are recorded; wrap it in noGrad(() => …)`,
      { op, fix: "noGrad" },
    );
  }
}
