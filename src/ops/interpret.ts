// The reference interpreter: every node's value by its plain definition. Slow, and the measure of all targets.
import { InternalError, type Storage } from "../base/index.js";
import { isWrong, type NdArray, type Node, topologicalOrder } from "../graph/index.js";

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
  checkValues(node, inputs);
  return node.primitive.reference(node, inputs);
}

function checkValues(node: Node, inputs: readonly NdArray[]): void {
  const { primitive } = node;
  if (primitive.kind !== "pointwise" && primitive.kind !== "routine") return;
  for (const check of primitive.checks?.(node) ?? []) {
    const { data } = inputs[check.input] as NdArray;
    for (let i = 0; i < data.length; i++) {
      const value = Number(data[i]);
      if (isWrong(check, value)) throw check.error(value, i);
    }
  }
}
