// Shared pieces of primitive definitions: elementwise rules, plain loops over arrays for the reference members.
import { type DType, isHalf, numel, roundTo, type Shape, valueArray } from "../base/index.js";
import {
  hashText,
  type NdArray,
  type Node,
  type NonDifferentiable,
  type PointwisePrimitive,
  type Vjp,
} from "../graph/index.js";
import { type Expr, type ExprFactory, type Scalar, type ScalarValue, scalarOf } from "../ir/index.js";

export interface ElementwiseRules {
  /** Cost of one element; an add is 1. */
  readonly cost: number;
  readonly vjp: Vjp | NonDifferentiable;
  /** What `vjp` reads; default nothing. */
  readonly saves?: { readonly inputs?: readonly number[]; readonly output?: boolean };
  /** Default: that of the first input. */
  readonly dtype?: (inputs: readonly Node[], node: { readonly attrs: Node["attrs"] }) => DType;
  readonly checks?: PointwisePrimitive["checks"];
  readonly lower: (f: ExprFactory, inputs: readonly Expr[], node: Node) => Expr;
  /** One element; `type` is the lane type of the first input. */
  readonly value: (inputs: readonly ScalarValue[], type: Scalar, node: Node) => ScalarValue;
}

/** An elementwise primitive: inputs have the result's shape, or are 0-d. */
export function defineElementwise(name: string, rules: ElementwiseRules): PointwisePrimitive {
  const dtypeOf = rules.dtype ?? ((inputs: readonly Node[]) => (inputs[0] as Node).dtype);
  return {
    kind: "pointwise",
    name,
    hash: hashText(name),
    cost: rules.cost,
    isElementwise: true,
    infer: (inputs, attrs) => ({ shape: elementwiseShape(inputs), dtype: dtypeOf(inputs, { attrs }) }),
    vjp: rules.vjp,
    saves: { inputs: rules.saves?.inputs ?? [], output: rules.saves?.output ?? false },
    ...(rules.checks && { checks: rules.checks }),
    lower: (context, index, node) => {
      const read = node.inputs.map((x, i) => context.input(i, x.shape.length === 0 ? [] : index));
      return rules.lower(context.f, read, node);
    },
    reference: (node, inputs) => {
      const type = scalarOf((inputs[0] as NdArray).dtype);
      const readers = inputs.map(reader);
      return fillArray(node.shape, node.dtype, (i) =>
        rules.value(
          readers.map((read) => read(i)),
          type,
          node,
        ),
      );
    },
  };
}

function elementwiseShape(inputs: readonly Node[]): Shape {
  for (const x of inputs) if (x.shape.length > 0) return x.shape;
  return [];
}

/** Reads element `i` of an array, or its only element. */
function reader({ shape, dtype, data }: NdArray): (i: number) => ScalarValue {
  const at = (i: number): ScalarValue => (dtype === "bool" ? data[i] !== 0 : (data[i] as number | bigint));
  return shape.length === 0 ? () => at(0) : at;
}

/** An array computed element by element; numbers are rounded or wrapped to `dtype`. */
export function fillArray(shape: Shape, dtype: DType, value: (i: number) => ScalarValue): NdArray {
  const size = numel(shape);
  const data = valueArray(dtype, size);
  for (let i = 0; i < size; i++) {
    const v = value(i);
    if (isHalf(dtype)) data[i] = roundTo(dtype, Number(v));
    else data[i] = dtype === "int64" ? BigInt(v) : dtype === "bool" ? Number(Boolean(v)) : Number(v);
  }
  return { shape, dtype, data };
}

/** Multi-index of flat position `i`. */
export function unravel(i: number, shape: Shape): number[] {
  const index = new Array<number>(shape.length);
  let rest = i;
  for (let d = shape.length - 1; d >= 0; d--) {
    const size = shape[d] as number;
    index[d] = rest % size;
    rest = Math.floor(rest / size);
  }
  return index;
}

/** Flat position of a multi-index. */
export function ravel(index: readonly number[], shape: Shape): number {
  let flat = 0;
  for (let d = 0; d < shape.length; d++) flat = flat * (shape[d] as number) + (index[d] as number);
  return flat;
}

/** An array whose elements are read from `from` where `source` points; null gives `fill`. */
export function gatherArray(
  shape: Shape,
  from: NdArray,
  source: (index: readonly number[]) => readonly number[] | null,
  fill: number = 0,
): NdArray {
  return fillArray(shape, from.dtype, (i) => {
    const at = source(unravel(i, shape));
    if (!at) return fill;
    return from.data[ravel(at, from.shape)] as number | bigint;
  });
}
