// What identifies a step: its structure, with leaves and numbers taken out. Two steps with the same structure run the same
// program on other storages and other numbers.

import type { Storage } from "../base/index.js";
import { AutogradError } from "../base/index.js";
import { attrsEqual, mix, type Node, topologicalOrder } from "../graph/index.js";
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
  readonly #position = new Map<Node, number>();
  readonly #leafOf: number[] = [];
  /** For each constant, its slot if it varies from run to run, else -1. */
  #constantSlots: readonly number[] = [];
  readonly #slots = new Map<Node, number>();

  constructor(request: StepRequest) {
    this.outputs = request.outputs;
    this.updates = request.updates;
    const roots = [...request.outputs, ...request.updates.flatMap((u) => [u.value, u.target])];
    this.#order = topologicalOrder(roots, isLeaf);
    const leafNumbers = new Map<Storage, number>();
    let hash = mix(request.outputs.length, request.updates.length);
    for (const root of roots) hash = mix(hash, root.hash);
    this.#order.forEach((node, i) => {
      this.#position.set(node, i);
      this.#leafOf.push(isLeaf(node) ? this.#leafNumber(node, leafNumbers) : -1);
    });
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

  /** What must be equal for a program to serve another step; keeps no node alive. */
  signature(): Signature {
    return {
      entries: this.#order.map((node, i) => ({
        primitive: node.primitive,
        attrs: node.attrs,
        dtype: node.dtype,
        shape: node.shape,
        leaf: this.#leafOf[i] as number,
        isRealized: node.isRealized,
        inputs: this.#leafOf[i] === -1 ? node.inputs.map((x) => this.#position.get(x) as number) : [],
      })),
      roots: this.#roots(),
      leafLengths: this.leaves.map((s) => s.length),
    };
  }

  matches(signature: Signature): boolean {
    const { entries } = signature;
    if (entries.length !== this.#order.length || signature.leafLengths.length !== this.leaves.length) return false;
    const roots = this.#roots();
    if (roots.length !== signature.roots.length || !roots.every((r, i) => r === signature.roots[i])) return false;
    return entries.every((entry, i) => this.#sameEntry(entry, this.#order[i] as Node, this.#leafOf[i] as number));
  }

  #sameEntry(entry: Entry, node: Node, leaf: number): boolean {
    if (entry.leaf !== leaf || entry.dtype !== node.dtype || entry.isRealized !== node.isRealized) return false;
    if (!sameNumbers(entry.shape, node.shape)) return false;
    if (leaf !== -1 && node.isRealized) return true; // how a leaf came to be does not matter
    if (entry.primitive !== node.primitive || !attrsEqual(entry.attrs, node.attrs)) return false;
    if (leaf !== -1) return true;
    return (
      entry.inputs.length === node.inputs.length && entry.inputs.every((p, j) => this.#order[p] === node.inputs[j])
    );
  }

  #roots(): number[] {
    return [
      ...this.outputs.map((n) => this.#position.get(n) as number),
      -1,
      ...this.updates.flatMap((u) => [this.#position.get(u.value) as number, this.#position.get(u.target) as number]),
    ];
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
  readonly roots: readonly number[];
  readonly leafLengths: readonly number[];
}

function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((x, i) => x === b[i]);
}
