// How a contraction reaches an operand: windows in a base that can be staged, memory through strides, or a value worked out on
// the way. Deciding what is stored and lowering ask the same question.
import { attr, type Node } from "../../graph/index.js";
import { isLeaf } from "../rewrite.js";
import { isView } from "../views.js";
import { type Axis, affineView, type View } from "./form.js";
import { planStage } from "./stage.js";

export interface OperandView {
  readonly view: View;
  readonly isStaged: boolean;
}

/** Sizes of a contraction: results that only one operand tells apart, sums, and what both have. */
export interface ContractionSizes {
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

export function sizesOf(node: Node): ContractionSizes {
  const [a, b, out] = (["a", "b", "out"] as const).map((side) => attr<readonly number[]>(node, side)) as [
    readonly number[],
    readonly number[],
    readonly number[],
  ];
  const [x, y] = node.inputs as [Node, Node];
  const product = (labels: readonly number[], of: readonly number[], shape: readonly number[]): number =>
    labels.reduce((n, label) => n * (shape[of.indexOf(label)] as number), 1);
  return {
    m: product(
      a.filter((l) => out.includes(l) && !b.includes(l)),
      a,
      x.shape,
    ),
    n: product(
      b.filter((l) => out.includes(l) && !a.includes(l)),
      b,
      y.shape,
    ),
    k: product(
      a.filter((l) => !out.includes(l)),
      a,
      x.shape,
    ),
  };
}

/** Fewest positions of a staged operand that are worth tiles when the other operand has next to none (depthwise). */
const MIN_STAGED = 32;

/** True if panels and a micro-kernel pay. */
export function isTiled(node: Node): boolean {
  const { m, n, k } = sizesOf(node);
  const isFloat = node.dtype === "float32" || node.dtype === "float64";
  if (!isFloat || k === 0 || node.size === 0) return false;
  if (Math.min(m, n) >= 3 && m * n >= 32) return true;
  // Positions are rows or columns of a result, or what a filter's gradient sums over.
  return (
    (Math.max(m, k) >= MIN_STAGED && m > 1 && stagedView(node, 0, () => false) !== null) ||
    (Math.max(n, k) >= MIN_STAGED && n > 1 && stagedView(node, 1, () => false) !== null)
  );
}

/** The view of operand `which`; a base without memory is computed where it is read. */
export function operandView(node: Node, which: 0 | 1, hasMemory: (node: Node) => boolean): OperandView {
  const operand = node.inputs[which] as Node;
  const staged = isTiled(node) ? stagedView(node, which, hasMemory) : null;
  if (staged) return { view: staged, isStaged: true };
  const view = affineView(operand, isView, hasMemory) ?? affineView(operand, isView, (x) => x === operand);
  return { view: view as View, isStaged: false };
}

/** The first node below the operand in which its windows overlap. */
function stagedView(node: Node, which: 0 | 1, hasMemory: (node: Node) => boolean): View | null {
  const operand = node.inputs[which] as Node;
  for (let base = operand; ; base = base.inputs[0] as Node) {
    const view = affineView(operand, isView, (x) => x === base);
    if (view && overlaps(node, which, view)) return view;
    if (hasMemory(base) || isLeaf(base) || !isView(base)) return null;
  }
}

function overlaps(node: Node, which: 0 | 1, view: View): boolean {
  const labels = (["a", "b"] as const).map((side) => attr<readonly number[]>(node, side));
  const out = attr<readonly number[]>(node, "out");
  const [mine, other] = [labels[which] as readonly number[], labels[1 - which] as readonly number[]];
  const shape = (node.inputs[which] as Node).shape;
  const axes = (wanted: readonly number[]): Axis[] =>
    wanted.flatMap((label) => {
      const d = mine.indexOf(label);
      const extent = shape[d] as number;
      return extent === 1 ? [] : [{ extent, a: view.strides[d] as number, b: 0, out: 0 }];
    });
  const own = axes(out.filter((l) => mine.includes(l) && !other.includes(l)));
  const batch = axes(out.filter((l) => mine.includes(l) && other.includes(l)));
  const summed = axes(mine.filter((l) => !out.includes(l)));
  return planStage(view.base, view.offset, "a", own, summed, batch) !== null;
}
