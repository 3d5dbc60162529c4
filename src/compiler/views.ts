// Views: nodes whose elements are elements of their input, so that contractions read through them with strides.
import type { Shape } from "../base/index.js";
import type { Node } from "../graph/index.js";
import { type Expr, ExprFactory, scalarOf } from "../ir/index.js";

type Movement = "view" | "guarded" | "none";

const memo = new WeakMap<Node, Movement>();

/** True if each element of the result is an element of the only input, unguarded and unchanged. */
export function isView(node: Node): boolean {
  return movementOf(node) === "view";
}

/** True if each element is one of the only input, or a fill value where a guard says so (padding): none is read twice. */
export function isGuarded(node: Node): boolean {
  return movementOf(node) === "guarded";
}

function movementOf(node: Node): Movement {
  const known = memo.get(node);
  if (known !== undefined) return known;
  const result = trace(node);
  memo.set(node, result);
  return result;
}

function trace(node: Node): Movement {
  const { primitive } = node;
  if (primitive.kind !== "pointwise" || primitive.cost > 0 || node.inputs.length !== 1) return "none";
  if ((node.inputs[0] as Node).dtype !== node.dtype || node.size === 0) return "none";
  const f = new ExprFactory();
  const probe = f.variable("probe", scalarOf(node.dtype));
  let guarded = false;
  const index = indexVariables(f, node.shape);
  const input = (_: number, __: readonly Expr[], guard?: Expr): Expr => {
    guarded ||= guard !== undefined && guard.kind !== "const";
    return probe;
  };
  const value = primitive.lower({ f, input }, index, node);
  if (guarded) return "guarded";
  return value === probe ? "view" : "none";
}

/** One variable a dim; 0 where there is only one position. */
export function indexVariables(f: ExprFactory, shape: Shape, name = "i"): Expr[] {
  return shape.map((size, d) => (size === 1 ? f.int(0) : f.variable(`${name}${d}`, "i32", { min: 0, max: size - 1 })));
}
