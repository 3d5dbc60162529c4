// What operations that take indices share: names for errors, range checks at the call and in programs.
import { DTypeError, formatShape, IndexError, isInteger } from "../base/index.js";
import { attr, type Node, type ValueCheck } from "../graph/index.js";

/** Words for error messages: which operation reads what. */
export interface IndexNames {
  readonly op?: string;
  readonly what?: string;
}

export const rangeError =
  (op: string, what: string, low: number, size: number, dim: number, shown: string) => (value: number) =>
    new IndexError(`${op}: ${what} ${value} is out of range [${low}, ${size - 1}] (dim ${dim} of ${shown})`, { op });

export function checkIndexDType(op: string, index: Node): void {
  if (isInteger(index.dtype)) return;
  throw new DTypeError(`${op}: index must be of an integer dtype, is ${index.dtype}; convert it with .to("int64")`, {
    op,
  });
}

export function checkNotEmpty(op: string, size: number, index: Node, dim: number, x: Node): void {
  if (size > 0 || index.size === 0) return;
  throw new IndexError(`${op}: dim ${dim} of shape ${formatShape(x.shape)} has no elements to take`, { op });
}

export const dimOf = (node: Pick<Node, "attrs">): number => attr<number>(node, "dim");
export const opOf = (node: Pick<Node, "attrs">): string => attr<string>(node, "op");
export const namesOf = (node: Node) => ({ op: opOf(node), what: attr<string>(node, "what") });

/** The check of an index into the `size` elements of the node's dim. */
export function lineCheck(input: number, node: Node, size: number, shown: string): ValueCheck {
  const { op, what } = namesOf(node);
  return { input, low: 0, high: size - 1, error: rangeError(op, what, 0, size, dimOf(node), shown) };
}
