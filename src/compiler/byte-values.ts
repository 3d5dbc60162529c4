// Which integers between kernels fit a byte: positions in pooling windows. A quarter of the memory goes through the caches then.
import { attr, type Node } from "../graph/index.js";

interface Range {
  readonly low: number;
  readonly high: number;
}

/** True for int32 values that are all from 0 to 255. */
export function fitsByte(node: Node): boolean {
  if (node.dtype !== "int32" || node.isRealized) return false;
  const range = rangeOf(node);
  return range !== null && range.low >= 0 && range.high <= 255;
}

/** Bounds of a value that hold for all inputs; null where nothing is known. */
function rangeOf(node: Node): Range | null {
  const { primitive, inputs } = node;
  if (node.isRealized) return null;
  if (primitive.kind === "constant") return { low: Number(node.value), high: Number(node.value) };
  switch (primitive.name) {
    case "iota":
      return { low: 0, high: attr<number>(node, "count") - 1 };
    case "reshape":
    case "expand":
    case "amin":
    case "amax":
      return rangeOf(inputs[0] as Node);
    case "where":
      return union(rangeOf(inputs[1] as Node), rangeOf(inputs[2] as Node));
    default:
      return null;
  }
}

function union(a: Range | null, b: Range | null): Range | null {
  return a && b && { low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) };
}
