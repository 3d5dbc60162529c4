// The reference interpreter: every node's value by its plain definition. Slow, and the measure of all targets.
import { IndexError, InternalError, type Storage } from "../base/index.js";
import { type NdArray, type Node, topologicalOrder } from "../graph/index.js";

/** Values of the nodes, computed from the realised leaves below them. */
export function interpret(outputs: readonly Node[]): NdArray[] {
  const values = new Map<Node, NdArray>();
  for (const node of topologicalOrder(outputs)) values.set(node, evaluate(node, values));
  return outputs.map((node) => values.get(node) as NdArray);
}

function evaluate(node: Node, values: ReadonlyMap<Node, NdArray>): NdArray {
  if (node.isRealized) {
    return { shape: node.shape, dtype: node.dtype, data: (node.storage as Storage).toTypedArray() };
  }
  if (node.primitive.kind === "storage") {
    throw new InternalError("a value was overwritten by an in-place operation before it was read");
  }
  const inputs = node.inputs.map((x) => values.get(x) as NdArray);
  for (const check of checks(node)) {
    const index = inputs[check.input] as NdArray;
    for (const value of index.data) {
      const n = Number(value);
      if (n < check.low || n > check.high) throw check.error(n);
    }
  }
  return node.primitive.reference(node, inputs);
}

function checks(node: Node) {
  const { primitive } = node;
  const list = primitive.kind === "pointwise" || primitive.kind === "routine" ? primitive.checks?.(node) : undefined;
  return (list ?? []).map((check) => ({ ...check, error: (value: number) => new IndexError(check.message(value)) }));
}
