// Rules that replace a node by one that gives the same values for less work. They look at the rewritten graph only.
import { apply, attr, attrsEqual, type Node } from "../graph/index.js";

/** `node`, or a cheaper equal. New nodes are made from the primitives found, so they are as final as `node` itself. */
export function simplify(node: Node): Node {
  return elementAtMaximum(node) ?? maskAtChoice(node) ?? node;
}

/**
 * The element at the place of the first maximum is the maximum: Σ where(at = p, x, 0) = max x, for p as `firstMaximum` finds
 * it. (The maximum of a NaN and others is NaN, as the element there is; the sign of a zero is free.)
 */
function elementAtMaximum(node: Node): Node | null {
  const selected = node.inputs[0];
  if (!is(node, "sum") || !is(selected, "where") || !is(selected.inputs[0], "eq") || !isZero(selected.inputs[2]))
    return null;
  const [at, place] = selected.inputs[0].inputs as [Node, Node];
  const choice = firstMaximum(at, place);
  if (!choice || choice.x !== selected.inputs[1] || !attrsEqual(choice.maximum.attrs, node.attrs)) return null;
  return choice.maximum;
}

/**
 * A mask on elements of which only chosen ones count is a mask on the choices. The gradient of relu and max-pooling,
 * where(x <= 0, 0, fold(where(at = p, d, 0))), with p the place of the first maximum v in each window of
 * r = where(x <= 0, 0, x): an element that is chosen is v, and v <= 0 just where x <= 0 (NaN: neither). So it is
 * fold(where(at = p, where(v <= 0, 0, d), 0)), which needs x no more, neither stored nor computed again.
 */
function maskAtChoice(node: Node): Node | null {
  const [mask, zero, folded] = node.inputs;
  if (!is(node, "where") || !is(mask, "le") || !isZero(zero) || !is(folded, "fold_apart")) return null;
  const spread = folded.inputs[0];
  const [x, bound] = mask.inputs as [Node, Node];
  if (!isZero(bound) || !is(spread, "where") || !is(spread.inputs[0], "eq") || !isZero(spread.inputs[2])) return null;
  const [picked, d, none] = spread.inputs as [Node, Node, Node];
  const [at, place] = picked.inputs as [Node, Node];
  const choice = firstMaximum(at, place);
  if (!choice || !is(choice.x, "window")) return null;
  const relu = choice.x.inputs[0];
  const isRelu = is(relu, "where") && relu.inputs[0] === mask && isZero(relu.inputs[1]) && relu.inputs[2] === x;
  if (!isRelu || !attrsEqual(attr(choice.x, "axes"), attr(folded, "axes"))) return null;
  let low = apply(mask.primitive, [choice.maximum, bound]);
  for (const step of choice.path) low = apply(step.primitive, [low], step.attrs);
  const kept = apply(node.primitive, [low, zero, d]);
  return apply(folded.primitive, [apply(spread.primitive, [picked, kept, none])], folded.attrs);
}

interface Choice {
  readonly x: Node;
  readonly maximum: Node;
  /** The movements that spread the reduced dims over `x` again, first one first. */
  readonly path: readonly Node[];
}

/**
 * `place` as the spread place of the first maximum of some x, counted by `at`:
 * amin(where(x = spread(amax x) or x ≠ x, at, n)), spread.
 */
function firstMaximum(at: Node, place: Node): Choice | null {
  const path: Node[] = [];
  let index = place;
  while (movements.has(index.primitive.name)) {
    path.unshift(index);
    index = index.inputs[0] as Node;
  }
  const counted = index.inputs[0];
  if (!is(index, "amin") || !is(counted, "where") || counted.inputs[1] !== at || !is(counted.inputs[0], "or"))
    return null;
  const [equal, unordered] = counted.inputs[0].inputs;
  if (!is(equal, "eq") || !is(unordered, "ne") || unordered.inputs[0] !== unordered.inputs[1]) return null;
  const [x, spread] = equal.inputs as [Node, Node];
  let maximum = spread;
  while (movements.has(maximum.primitive.name)) maximum = maximum.inputs[0] as Node;
  const isIts = is(maximum, "amax") && maximum.inputs[0] === x && unordered.inputs[0] === x;
  return isIts && attrsEqual(maximum.attrs, index.attrs) ? { x, maximum, path } : null;
}

const movements: ReadonlySet<string> = new Set(["reshape", "expand"]);

function is(node: Node | undefined, name: string): node is Node {
  return node?.primitive.name === name;
}

function isZero(node: Node | undefined): node is Node {
  return node?.primitive.kind === "constant" && node.shape.length === 0 && Number(node.value) === 0;
}
