// The normal form of a contraction: four lists of loops (batch, rows, columns, summed), each with its strides in both
// operands and in the result. Matmul in every layout, convolution and both its gradients are all of this form.
import { attr, type Node } from "../../graph/index.js";
import { type Expr, ExprFactory, scalarOf } from "../../ir/index.js";
import { Evaluator, linearIndex } from "../evaluate.js";
import { isLeaf } from "../rewrite.js";
import { type FormBand, formBand, swapBand } from "./band.js";

/** One loop of a contraction with what a step moves in the operands and the result, in elements. */
export interface Axis {
  readonly extent: number;
  readonly a: number;
  readonly b: number;
  readonly out: number;
  /** Positions from one step of the next outer loop to the next: more than `extent` if there are gaps between. */
  readonly span?: number;
}

/** A strided view of memory: `base` is a node with memory. */
export interface Operand {
  readonly base: Node;
  readonly offset: number;
}

export interface ContractionForm {
  readonly a: Operand;
  readonly b: Operand;
  readonly batch: readonly Axis[];
  /** Loops of the result that only `a` has. */
  readonly rows: readonly Axis[];
  /** Loops of the result that only `b` has. */
  readonly columns: readonly Axis[];
  readonly summed: readonly Axis[];
  /** Products that take no part, if any. */
  readonly band: FormBand | null;
}

export interface View extends Operand {
  readonly strides: readonly number[];
}

/** Follows pure movements down to memory; null if the composed index is not affine. */
export function affineView(
  node: Node,
  isView: (node: Node) => boolean,
  hasMemory: (node: Node) => boolean,
): View | null {
  let base = node;
  while (!hasMemory(base) && !isLeaf(base) && isView(base)) base = base.inputs[0] as Node;
  if (isLeaf(base) && !base.isRealized) return null;
  const f = new ExprFactory();
  const vars = node.shape.map((size, d) => f.variable(`i${d}`, "i32", { min: 0, max: Math.max(0, size - 1) }));
  let address: Expr | null = null;
  const evaluator = new Evaluator(f, {
    bufferOf: () => null,
    slotOf: () => -1,
    local: (x, index) => {
      if (x !== base) return undefined;
      address = linearIndex(f, x.shape, index);
      return f.variable("x", scalarOf(x.dtype));
    },
  });
  evaluator.value(node, vars);
  return address && readAffine(base, address, vars);
}

function readAffine(base: Node, address: Expr, vars: readonly Expr[]): View | null {
  const strides = new Array<number>(vars.length).fill(0);
  if (address.kind === "const") return { base, offset: Number(address.value), strides };
  const terms = address.kind === "linear" ? address.terms : [address];
  const coefficients = address.kind === "linear" ? address.coefficients : [1];
  for (const [i, term] of terms.entries()) {
    const d = vars.indexOf(term);
    if (d < 0) return null;
    strides[d] = coefficients[i] as number;
  }
  return { base, offset: address.kind === "linear" ? address.constant : 0, strides };
}

/** Lists of loops that must stay as they are, because an operand is staged: its loops are walks along its dims. */
export interface Unmerged {
  readonly a: boolean;
  readonly b: boolean;
}

/** The normal form of contraction `node`, its operands' views given. */
export function contractionForm(
  node: Node,
  a: View,
  b: View,
  unmerged: Unmerged = { a: false, b: false },
): ContractionForm {
  const labelsA = attr<readonly number[]>(node, "a");
  const labelsB = attr<readonly number[]>(node, "b");
  const labelsOut = attr<readonly number[]>(node, "out");
  const [nodeA, nodeB] = node.inputs as [Node, Node];
  const outStrides = new Array<number>(labelsOut.length).fill(0);
  for (let d = labelsOut.length - 1, s = 1; d >= 0; d--) {
    outStrides[d] = s;
    s *= node.shape[d] as number;
  }
  const axis = (label: number): Axis => {
    const [ia, ib, io] = [labelsA.indexOf(label), labelsB.indexOf(label), labelsOut.indexOf(label)];
    const extent = ia >= 0 ? nodeA.shape[ia] : nodeB.shape[ib];
    return {
      extent: extent as number,
      a: ia >= 0 ? (a.strides[ia] as number) : 0,
      b: ib >= 0 ? (b.strides[ib] as number) : 0,
      out: io >= 0 ? (outStrides[io] as number) : 0,
    };
  };
  const inA = new Set(labelsA);
  const inB = new Set(labelsB);
  const inOut = new Set(labelsOut);
  const summed = labelsA.filter((l) => !inOut.has(l)).map(axis);
  const isStaged = unmerged.a || unmerged.b;
  const longer = (axes: readonly Axis[]): Axis[] => axes.filter(({ extent }) => extent !== 1);
  const list = (labels: readonly number[], keep: boolean): Axis[] =>
    keep ? longer(labels.map(axis)) : mergeAxes(labels.map(axis));
  return {
    a: { base: a.base, offset: a.offset },
    b: { base: b.base, offset: b.offset },
    batch: list(
      labelsOut.filter((l) => inA.has(l) && inB.has(l)),
      isStaged,
    ),
    rows: list(
      labelsOut.filter((l) => inA.has(l) && !inB.has(l)),
      unmerged.a,
    ),
    columns: list(
      labelsOut.filter((l) => inB.has(l) && !inA.has(l)),
      unmerged.b,
    ),
    summed: isStaged ? longer(orderSummed(summed)) : mergeAxes(orderSummed(summed)),
    band: isStaged ? null : formBand(node),
  };
}

/** Summed loops from the longest stride to the shortest: both operands are then walked forward. */
function orderSummed(axes: readonly Axis[]): Axis[] {
  const reach = (x: Axis): number => Math.abs(x.a) + Math.abs(x.b);
  return [...axes].sort((p, q) => reach(q) - reach(p));
}

/** Joins neighbours that one loop can walk in all three arrays, and drops loops of one step. */
export function mergeAxes(axes: readonly Axis[]): Axis[] {
  const out: Axis[] = [];
  for (const axis of axes) {
    if (axis.extent === 1) continue;
    const last = out[out.length - 1];
    const joins =
      last && last.a === axis.a * axis.extent && last.b === axis.b * axis.extent && last.out === axis.out * axis.extent;
    if (joins) out[out.length - 1] = { ...axis, extent: last.extent * axis.extent };
    else out.push(axis);
  }
  return out;
}

export function extentOf(axes: readonly Axis[]): number {
  return axes.reduce((n, axis) => n * axis.extent, 1);
}

/** The same contraction with the operands' parts exchanged. */
export function swapOperands(form: ContractionForm): ContractionForm {
  const swap = (axes: readonly Axis[]): Axis[] => axes.map((x) => ({ ...x, a: x.b, b: x.a }));
  return {
    a: form.b,
    b: form.a,
    batch: swap(form.batch),
    rows: swap(form.columns),
    columns: swap(form.rows),
    summed: swap(form.summed),
    band: swapBand(form.band),
  };
}
