// Rules that replace a node by one that gives the same values for less work. They look at the rewritten graph only.
import { apply, attr, attrsEqual, type Node } from "../graph/index.js";

/** The nodes that take `node` as input so far. */
export type UsersOf = (node: Node) => readonly Node[];

/** `node`, or a cheaper equal. New nodes are made from the primitives found, so they are as final as `node` itself. */
export function simplify(node: Node, usersOf: UsersOf): Node {
  return maskAtChoice(node, usersOf) ?? node;
}

/**
 * A mask on elements of which only chosen ones count is a mask on the choices. The gradient of relu and max-pooling,
 * where(x <= 0, 0, fold(where(at = p, d, 0))), with v = Σ where(at = p, window(r), 0) the chosen elements of
 * r = where(x <= 0, 0, x): an element that is chosen is v, and v <= 0 just where x <= 0 (NaN: neither). So it is
 * fold(where(at = p, where(v <= 0, 0, d), 0)), which needs x no more, neither stored nor computed again.
 */
function maskAtChoice(node: Node, usersOf: UsersOf): Node | null {
  const [mask, zero, folded] = node.inputs;
  if (!is(node, "where") || !is(mask, "le") || !isZero(zero) || !is(folded, "fold_apart")) return null;
  const [x, bound] = mask.inputs as [Node, Node];
  const [picked, d, none] = (folded.inputs[0] as Node).inputs;
  if (!isZero(bound) || !is(folded.inputs[0], "where") || !is(picked, "eq") || !isZero(none)) return null;
  const chosen = chosenElements(picked, x, mask, folded, usersOf);
  if (!chosen) return null;
  const { values, path } = chosen;
  let low = apply(mask.primitive, [values, bound]);
  for (const step of path) low = apply(step.primitive, [low], step.attrs);
  const kept = apply(node.primitive, [low, zero, d as Node]);
  const spread = apply((folded.inputs[0] as Node).primitive, [picked, kept, none]);
  return apply(folded.primitive, [spread], folded.attrs);
}

/** The sums that pick, through `picked`, one element of each window of relu(x); and the movements from them to the windows. */
function chosenElements(picked: Node, x: Node, mask: Node, folded: Node, usersOf: UsersOf) {
  for (const selected of usersOf(picked)) {
    const [cond, windows, zero] = selected.inputs;
    if (!is(selected, "where") || cond !== picked || !is(windows, "window") || !isZero(zero)) continue;
    const relu = windows.inputs[0] as Node;
    const isRelu = is(relu, "where") && relu.inputs[0] === mask && isZero(relu.inputs[1]) && relu.inputs[2] === x;
    if (!isRelu || !attrsEqual(attr(windows, "axes"), attr(folded, "axes"))) continue;
    const values = usersOf(selected).find((user) => is(user, "sum"));
    const path = values && pathFrom(picked.inputs[1] as Node, values);
    if (values && path) return { values, path };
  }
  return null;
}

const movements: ReadonlySet<string> = new Set(["reshape", "expand"]);

/** The movements by which `end` is made of a reduction alike `values`, first one first; null if there is no such path. */
function pathFrom(end: Node, values: Node): Node[] | null {
  const path: Node[] = [];
  let at = end;
  while (movements.has(at.primitive.name)) {
    path.unshift(at);
    at = at.inputs[0] as Node;
  }
  const isAlike = at.primitive.kind === "reduction" && attrsEqual(at.attrs, values.attrs);
  return isAlike ? path : null;
}

function is(node: Node | undefined, name: string): node is Node {
  return node?.primitive.name === name;
}

function isZero(node: Node | undefined): node is Node {
  return node?.primitive.kind === "constant" && node.shape.length === 0 && Number(node.value) === 0;
}
