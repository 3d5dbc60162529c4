// Process-wide switches that node creation reads. The tensor layer sets them through its scopes.
import type { Node } from "./node.js";

export type NodeListener = (node: Node) => void;

let readGradMode: () => boolean = () => true;
let listener: NodeListener | null = null;

/** Whether new nodes may require grad. */
export function gradEnabled(): boolean {
  return readGradMode();
}

/** Installs the function that knows the current grad mode. */
export function setGradModeReader(reader: () => boolean): void {
  readGradMode = reader;
}

export function nodeListener(): NodeListener | null {
  return listener;
}

/** Installs the observer of new nodes (the tensor layer's list of pending work). */
export function setNodeListener(next: NodeListener | null): void {
  listener = next;
}
