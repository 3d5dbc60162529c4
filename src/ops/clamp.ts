// Limits from below and above.
import { ArgumentError, category, type DType } from "../base/index.js";
import { attr, type Node } from "../graph/index.js";
import { apply } from "./apply.js";
import { constantLike } from "./composing.js";
import { defineComposite } from "./composite.js";
import { and, cast, lt, maximum, minimum, where } from "./elementwise.js";

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
  const [low, high] = [boundNode(x, min), boundNode(x, max)];
  if (!low && !high) throw new ArgumentError("clamp: needs min, max or both", { op: "clamp" });
  const bounds = [low, high].filter((bound) => bound !== null);
  if (bounds.every((bound) => bound.primitive.kind === "constant")) {
    const dtype = bounds.reduce<DType>(
      (common, bound) => (category(bound.dtype) > category(common) ? bound.dtype : common),
      x.dtype,
    );
    const same = bounds.map((bound) => cast(bound, dtype));
    return apply(clampPrimitive, [cast(x, dtype), ...same], { hasMin: low !== null, hasMax: high !== null });
  }
  // Tensors as bounds share the gradient where they equal x.
  const limited = low ? maximum(x, low) : x;
  return high ? minimum(limited, high) : limited;
}

function boundNode(x: Node, bound: Bound): Node | null {
  return typeof bound === "number" ? constantLike(x, bound) : (bound ?? null);
}
