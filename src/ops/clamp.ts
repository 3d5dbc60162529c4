// Limits from below and above.
import { ArgumentError } from "../base/index.js";
import { apply, attr, type Node } from "../graph/index.js";
import { constantLike } from "./composing.js";
import { defineComposite } from "./composite.js";
import { and, lt, maximum, minimum, where } from "./elementwise.js";

/** A number, a tensor that broadcasts, or nothing. */
export type Bound = number | Node | null | undefined;

/** The bounds among a node's inputs. */
function boundsOf(inputs: readonly Node[], hasMin: boolean, hasMax: boolean): [Node | null, Node | null] {
  return [hasMin ? (inputs[1] as Node) : null, hasMax ? (inputs[hasMin ? 2 : 1] as Node) : null];
}

// Gradient only strictly between the bounds, as PyTorch's: minimum and maximum would share it with an equal bound. The
// bounds are inputs, so that a schedule may move them without a new program.
const clampPrimitive = defineComposite("clamp", {
  compose(inputs, attrs) {
    const [min, max] = boundsOf(inputs, attrs.hasMin as boolean, attrs.hasMax as boolean);
    let y = inputs[0] as Node;
    if (min) y = where(lt(y, min), min, y);
    return max ? where(lt(max, y), max, y) : y;
  },
  vjp(node, grad) {
    const x = node.inputs[0] as Node;
    const [min, max] = boundsOf(node.inputs, attr<boolean>(node, "hasMin"), attr<boolean>(node, "hasMax"));
    const above = min && lt(min, x);
    const below = max && lt(x, max);
    const inside = above && below ? and(above, below) : ((above ?? below) as Node);
    return [where(inside, grad, constantLike(grad, 0)), ...node.inputs.slice(1).map(() => null)];
  },
  saves: { inputs: [0], output: false },
});

/** x limited to [min, max]; NaN stays. Where min > max the result is max. Gradient between the bounds, 0 at them. */
export function clamp(x: Node, min?: Bound, max?: Bound): Node {
  const [low, high] = [min ?? null, max ?? null];
  if (low === null && high === null) throw new ArgumentError("clamp: needs min, max or both", { op: "clamp" });
  if ((low === null || typeof low === "number") && (high === null || typeof high === "number")) {
    const bounds = [low, high].filter((bound) => bound !== null).map((bound) => constantLike(x, bound));
    return apply(clampPrimitive, [x, ...bounds], { hasMin: low !== null, hasMax: high !== null });
  }
  // Tensors as bounds share the gradient where they equal x.
  const limited = low === null ? x : maximum(x, boundNode(x, low));
  return high === null ? limited : minimum(limited, boundNode(x, high));
}

function boundNode(x: Node, bound: number | Node): Node {
  return typeof bound === "number" ? constantLike(x, bound) : bound;
}
