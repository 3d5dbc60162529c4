// Nodes without inputs: realised storage, numbers, positions.
import {
  type DType,
  InternalError,
  integerRange,
  isHalf,
  roundTo,
  type Shape,
  Storage,
  typedArray,
} from "../base/index.js";
import {
  apply,
  attr,
  type Device,
  hashText,
  type LeafPrimitive,
  Node,
  noAttrs,
  nonDifferentiable,
  type PointwisePrimitive,
} from "../graph/index.js";
import { normalize, scalarOf } from "../ir/index.js";
import { fillArray, unravel } from "./define.js";

function leafPrimitive(kind: LeafPrimitive["kind"]): LeafPrimitive {
  return {
    kind,
    name: kind,
    hash: hashText(kind),
    infer: () => {
      throw new InternalError(`${kind} nodes are made directly`);
    },
    vjp: nonDifferentiable("a leaf has no inputs"),
    saves: { inputs: [], output: false },
    reference: (node) => {
      const value = node.value ?? node.scalar?.value;
      if (value === undefined) throw new InternalError(`${kind} node ${node.id} has no value`);
      return fillArray(node.shape, node.dtype, () => value);
    },
  };
}

const storagePrimitive = leafPrimitive("storage");
const constantPrimitive = leafPrimitive("constant");
const scalarPrimitive = leafPrimitive("scalar");

const noInputs: readonly Node[] = Object.freeze([]);
const noDims: Shape = Object.freeze([]);

export interface LeafOptions {
  readonly requiresGrad?: boolean;
  readonly owner?: object | null;
  readonly device?: Device;
}

/** A node whose value is there: row-major elements of `storage`. */
export function leaf(storage: Storage, shape: Shape, options: LeafOptions = {}): Node {
  const { requiresGrad = false, owner = null, device = "cpu" } = options;
  const node = new Node(storagePrimitive, noInputs, noAttrs, shape, storage.dtype, device, requiresGrad);
  node.owner = owner;
  node.realize(storage);
  return node;
}

/** A 0-d compile-time number. Its value is no part of a program's structure until it is seen to stay the same. */
export function constant(value: number | bigint | boolean, dtype: DType): Node {
  const node = new Node(constantPrimitive, noInputs, noAttrs, noDims, dtype, "cpu", false);
  // Rounded or wrapped here, so that folding with it gives the same bits as loading it.
  const known = dtype === "int64" ? BigInt(value) : dtype === "bool" ? Boolean(value) : Number(value);
  node.value = isHalf(dtype) ? roundTo(dtype, Number(known)) : wrapped(dtype, normalize(scalarOf(dtype), known));
  return node;
}

const unrounded = new WeakMap<Node, number>();

/** A plain number beside a tensor of `dtype`. Products with half tensors take it as it is, see `exactNumber`. */
export function numberBeside(value: number | bigint | boolean, dtype: DType): Node {
  const node = constant(dtype === "int64" ? BigInt(value) : dtype === "bool" ? Boolean(value) : Number(value), dtype);
  if (isHalf(dtype)) unrounded.set(node, Number(value));
  return node;
}

/** `x` in float32: a plain number beside a half tensor without rounding to its dtype, as PyTorch's products take it. */
export function exactNumber(x: Node): Node | null {
  const value = unrounded.get(x);
  return value === undefined ? null : constant(value, "float32");
}

/** Integers of 8 and 16 bits wrap as their arrays do. */
function wrapped(dtype: DType, value: number | bigint | boolean): number | bigint | boolean {
  if (!integerRange(dtype) || dtype === "int32") return value;
  return typedArray(dtype, 1).fill(value as never)[0] as number;
}

/** A 0-d number that programs read at each run: set `node.scalar.value` before. */
export function scalar(value: number, dtype: DType): Node {
  const node = new Node(scalarPrimitive, noInputs, noAttrs, noDims, dtype, "cpu", false);
  node.scalar = { value };
  return node;
}

const iotaPrimitive: PointwisePrimitive = {
  kind: "pointwise",
  name: "iota",
  hash: hashText("iota"),
  cost: 0,
  isElementwise: false,
  infer: (_, attrs) => ({ shape: [attr<number>({ attrs }, "count")], dtype: "int32" }),
  vjp: nonDifferentiable("iota has no inputs"),
  saves: { inputs: [], output: false },
  lower: ({ f }, index, node) => f.cast(index[0] ?? f.int(0), scalarOf(node.dtype)),
  reference: (node) => fillArray(node.shape, "int32", (i) => unravel(i, node.shape)[0] as number),
};

/** 0, 1, …, count - 1 as int32 `[count]`. */
export function iota(count: number): Node {
  return apply(iotaPrimitive, [], { count });
}

/** Known whole numbers as int32 `[n]`. */
export function intVector(values: readonly number[]): Node {
  return leaf(Storage.from("int32", Int32Array.from(values)), [values.length]);
}
