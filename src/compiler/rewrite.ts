// First pass: the user's graph becomes the compiler's own. Composites are taken apart, equal nodes become one, leaves that
// share a storage become one leaf, and rules (simplify.ts) find cheaper equals.

import type { Storage } from "../base/index.js";
import { AutogradError } from "../base/index.js";
import { apply, attrsEqual, type Node, topologicalOrder } from "../graph/index.js";
import { simplify } from "./simplify.js";

/** True where the graph ends for a compile: values that are there, and numbers. */
export function isLeaf(node: Node): boolean {
  const { kind } = node.primitive;
  return node.isRealized || kind === "constant" || kind === "scalar" || kind === "storage";
}

export class Rewriter {
  readonly #done = new Map<Node, Node>();
  readonly #byStorage = new Map<Storage, Node>();
  readonly #byHash = new Map<number, Node[]>();

  /** `isRuntime`: constants whose number is read at each run, so equal ones must stay apart. */
  constructor(private readonly isRuntime: (node: Node) => boolean) {}

  /** The equivalent of `root` in the rewritten graph. */
  rewrite(root: Node): Node {
    for (const node of topologicalOrder([root], (n) => this.#done.has(n) || isLeaf(n))) {
      if (!this.#done.has(node)) this.#done.set(node, this.#visit(node));
    }
    return this.#done.get(root) as Node;
  }

  #visit(node: Node): Node {
    if (isLeaf(node)) return this.#leaf(node);
    const inputs = node.inputs.map((input) => this.#done.get(input) as Node);
    const known = this.#find(node, inputs);
    if (known) return known;
    const unchanged = inputs.every((input, i) => input === node.inputs[i]);
    const own = unchanged ? node : apply(node.primitive, inputs, node.attrs);
    const { primitive } = own;
    const made =
      primitive.kind === "composite"
        ? this.rewrite(primitive.decompose(own, (constant) => !this.isRuntime(constant)))
        : this.#simplify(own);
    this.#remember(own.hash, made);
    return made;
  }

  #simplify(node: Node): Node {
    const simple = simplify(node);
    return simple === node ? node : this.rewrite(simple); // finds what is there already
  }

  #leaf(node: Node): Node {
    if (node.primitive.kind === "constant") return this.#constant(node);
    if (node.primitive.kind === "scalar") return node;
    if (!node.isRealized) {
      throw new AutogradError(
        "a value this computation needs was overwritten by an in-place operation; clone() it before the write",
      );
    }
    const storage = node.storage as Storage;
    const known = this.#byStorage.get(storage);
    if (known) return known;
    this.#byStorage.set(storage, node);
    return node;
  }

  #constant(node: Node): Node {
    if (this.isRuntime(node)) return node;
    const same = this.#byHash.get(node.hash)?.find((n) => n.dtype === node.dtype && Object.is(n.value, node.value));
    if (same) return same;
    this.#remember(node.hash, node);
    return node;
  }

  #find(node: Node, inputs: readonly Node[]): Node | undefined {
    return this.#byHash.get(node.hash)?.find((other) => isSame(other, node, inputs));
  }

  #remember(hash: number, node: Node): void {
    const list = this.#byHash.get(hash);
    if (list) list.push(node);
    else this.#byHash.set(hash, [node]);
  }
}

function isSame(other: Node, node: Node, inputs: readonly Node[]): boolean {
  return (
    other.primitive === node.primitive &&
    other.dtype === node.dtype &&
    other.inputs.length === inputs.length &&
    other.inputs.every((input, i) => input === inputs[i]) &&
    attrsEqual(other.attrs, node.attrs)
  );
}
