// What identifies a step: its structure, with leaves and numbers taken out. Two steps with the same structure run the same
// program on other storages and other numbers.

import type { Storage } from "../base/index.js";
import { AutogradError } from "../base/index.js";
import { attrsEqual, mix, type Node, printNodes, topologicalOrder } from "../graph/index.js";
import { isLeaf } from "./rewrite.js";

export interface StepRequest {
  /** Nodes to compute into fresh storages. */
  readonly outputs: readonly Node[];
  /** Values to write over realised storages, after everything else has read them. */
  readonly updates: readonly { readonly value: Node; readonly target: Node }[];
}

export class Capture {
  readonly outputs: readonly Node[];
  readonly updates: StepRequest["updates"];
  /** Distinct storages, in order of appearance. */
  readonly leaves: Storage[] = [];
  /** Run-time scalar nodes, in order of appearance: slot = position. */
  readonly scalars: Node[] = [];
  /** Compile-time numbers, in order of appearance. */
  readonly constants: Node[] = [];
  readonly hash: number;
  readonly #order: readonly Node[];
  /** Positions of the outputs, then those of each update's value and target. */
  readonly #roots: readonly number[];
  /** For each node its number among the leaves of its kind, -1 for operations. */
  readonly #leafOf: number[] = [];
  /** For each constant, its slot if it varies from run to run, else -1. */
  #constantSlots: readonly number[] = [];
  readonly #slots = new Map<Node, number>();

  constructor(request: StepRequest) {
    this.outputs = request.outputs;
    this.updates = request.updates;
    const roots = [...request.outputs];
    for (const { value, target } of request.updates) roots.push(value, target);
    const order = topologicalOrder(roots, isLeaf);
    this.#order = order;
    this.#roots = roots.map((root) => root.mark);
    let hash = mix(request.outputs.length, request.updates.length);
    for (const root of roots) hash = mix(hash, root.hash);
    const leafNumbers = new Map<Storage, number>();
    for (const node of order) this.#leafOf.push(isLeaf(node) ? this.#leafNumber(node, leafNumbers) : -1);
    this.hash = hash;
  }

  #leafNumber(node: Node, numbers: Map<Storage, number>): number {
    if (node.isRealized) {
      const storage = node.storage as Storage;
      let n = numbers.get(storage);
      if (n === undefined) {
        n = this.leaves.length;
        numbers.set(storage, n);
        this.leaves.push(storage);
      }
      return n;
    }
    const { kind } = node.primitive;
    if (kind === "scalar") {
      this.#slots.set(node, this.scalars.length);
      return this.scalars.push(node) - 1;
    }
    if (kind === "constant") return this.constants.push(node) - 1;
    throw new AutogradError(
      "a value this computation needs was overwritten by an in-place operation; clone() it before the write",
    );
  }

  get scalarCount(): number {
    return this.scalars.length + this.#constantSlots.filter((slot) => slot >= 0).length;
  }

  /** Makes constants run-time numbers where `varying` says so. */
  setVarying(varying: readonly boolean[]): void {
    let next = this.scalars.length;
    this.#constantSlots = this.constants.map((node, i) => {
      if (!varying[i]) return -1;
      this.#slots.set(node, next);
      return next++;
    });
  }

  isRuntime(node: Node): boolean {
    return this.#slots.has(node);
  }

  slotOf(node: Node): number {
    return this.#slots.get(node) ?? -1;
  }

  constantValues(): (number | bigint | boolean)[] {
    return this.constants.map((node) => node.value as number | bigint | boolean);
  }

  /** The numbers of the next run, in slot order. */
  scalarValues(varying: readonly boolean[]): Float64Array {
    const values = this.scalars.map((node) => node.scalar?.value ?? Number.NaN);
    this.constants.forEach((node, i) => {
      if (varying[i]) values.push(Number(node.value));
    });
    return Float64Array.from(values);
  }

  /** The step as text, for people. */
  describe(): string {
    const name = (root: number): string => `%${this.#roots[root]}`;
    const given = this.outputs.map((_, i) => name(i));
    const lines = [`step of ${this.#order.length} nodes:`, ...printNodes(this.#order)];
    if (given.length > 0) lines.push(`gives ${given.join(", ")}`);
    for (let root = given.length; root < this.#roots.length; root += 2)
      lines.push(`writes ${name(root)} over ${name(root + 1)}`);
    return lines.join("\n");
  }

  /** What must be equal for a program to serve another step; keeps no node alive. */
  signature(): Signature {
    const position = new Map(this.#order.map((node, i) => [node, i]));
    return {
      entries: this.#order.map((node, i) => ({
        primitive: node.primitive,
        attrs: node.attrs,
        dtype: node.dtype,
        shape: node.shape,
        leaf: this.#leafOf[i] as number,
        isRealized: node.isRealized,
        inputs: this.#leafOf[i] === -1 ? node.inputs.map((x) => position.get(x) as number) : [],
      })),
      outputCount: this.outputs.length,
      roots: this.#roots,
      leafLengths: this.leaves.map((s) => s.length),
    };
  }

  matches({ entries, outputCount, roots, leafLengths }: Signature): boolean {
    const order = this.#order;
    if (entries.length !== order.length || leafLengths.length !== this.leaves.length) return false;
    if (outputCount !== this.outputs.length || !sameNumbers(roots, this.#roots)) return false;
    for (let i = 0; i < order.length; i++) {
      if (!this.#sameEntry(entries[i] as Entry, order[i] as Node, this.#leafOf[i] as number)) return false;
    }
    return true;
  }

  #sameEntry(entry: Entry, node: Node, leaf: number): boolean {
    if (entry.leaf !== leaf || entry.dtype !== node.dtype || entry.isRealized !== node.isRealized) return false;
    if (!sameNumbers(entry.shape, node.shape)) return false;
    if (leaf !== -1 && entry.isRealized) return true; // how a leaf came to be does not matter
    if (entry.primitive !== node.primitive || !attrsEqual(entry.attrs, node.attrs)) return false;
    if (leaf !== -1) return true;
    const { inputs } = entry;
    if (inputs.length !== node.inputs.length) return false;
    for (let j = 0; j < inputs.length; j++) if (this.#order[inputs[j] as number] !== node.inputs[j]) return false;
    return true;
  }
}

interface Entry {
  readonly primitive: Node["primitive"];
  readonly attrs: Node["attrs"];
  readonly dtype: Node["dtype"];
  readonly shape: Node["shape"];
  readonly leaf: number;
  readonly isRealized: boolean;
  readonly inputs: readonly number[];
}

export interface Signature {
  readonly entries: readonly Entry[];
  readonly outputCount: number;
  readonly roots: readonly number[];
  readonly leafLengths: readonly number[];
}

function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
