// A graph as text, for people.
import type { Attrs, AttrValue } from "./attrs.js";
import type { Node } from "./node.js";

/** A line a node, each after those it reads: `%2 = add(%0, %1): float32[2,3]`. */
export function printNodes(order: readonly Node[]): string[] {
  const names = new Map(order.map((node, i) => [node, `%${i}`]));
  return order.map((node) => {
    const inputs = node.inputs.map((input) => names.get(input) ?? `(${input.primitive.name})`);
    const name = node.isRealized ? "storage" : node.primitive.name;
    const parts = node.isRealized ? [] : [...inputs, ...attributes(node.attrs)];
    if (node.value !== null) parts.push(String(node.value));
    return `${names.get(node)} = ${name}(${parts.join(", ")}): ${node.dtype}[${node.shape.join(",")}]`;
  });
}

function attributes(attrs: Attrs): string[] {
  return Object.entries(attrs).map(([name, value]) => `${name}: ${valueText(value)}`);
}

function valueText(value: AttrValue): string {
  return Array.isArray(value) ? `[${value.map(valueText).join(",")}]` : String(value);
}
