// The slow, plain way to compute a step: the reference members of its nodes, one after the other.
import { memoryOf, Storage } from "../base/index.js";
import type { CompiledStep, StepRequest } from "../compiler/index.js";
import { type NdArray, Node, topologicalOrder } from "../graph/index.js";
import { interpret, leaf } from "../ops/index.js";

/** Computes the request and attaches storages to its nodes. */
export function runReference({ outputs, updates }: StepRequest): void {
  const results = interpret([...outputs, ...updates.map(({ value }) => value)]);
  outputs.forEach((node, i) => {
    node.realize(toStorage(results[i] as NdArray));
  });
  updates.forEach(({ value, target }, i) => {
    const storage = target.storage as Storage;
    overwrite(storage, results[outputs.length + i] as NdArray);
    value.realize(storage);
  });
}

function toStorage({ dtype, data }: NdArray): Storage {
  return Storage.from(dtype, data);
}

function overwrite(storage: Storage, { dtype, data }: NdArray): void {
  const { buffer, byteOffset, byteLength } = memoryOf(dtype, data);
  storage.hostBytes().set(new Uint8Array(buffer, byteOffset, byteLength));
  storage.version++;
}

/** A copy of the graph, in which leaves can be given other storages without anyone else seeing it. */
function copyGraph(roots: readonly Node[]) {
  const copies = new Map<Node, Node>();
  const leaves = new Map<Storage, Node[]>();
  const scalars: { original: Node; copy: Node }[] = [];
  for (const node of topologicalOrder(roots)) {
    const copy = node.isRealized ? leaf(node.storage as Storage, node.shape) : copyNode(node, copies);
    if (node.isRealized) {
      const storage = node.storage as Storage;
      leaves.set(storage, [...(leaves.get(storage) ?? []), copy]);
    }
    if (copy.scalar) scalars.push({ original: node, copy });
    copies.set(node, copy);
  }
  return { copies, leaves, scalars };
}

function copyNode(node: Node, copies: ReadonlyMap<Node, Node>): Node {
  const inputs = node.inputs.map((input) => copies.get(input) as Node);
  const copy = new Node(node.primitive, inputs, node.attrs, node.shape, node.dtype, node.device, false);
  copy.value = node.value;
  copy.scalar = node.scalar && { value: node.scalar.value };
  return copy;
}

/** The request as something that can be run again on other storages and numbers. */
export function compileReference({ outputs, updates }: StepRequest): CompiledStep {
  const roots = [...outputs, ...updates.map(({ value }) => value), ...updates.map(({ target }) => target)];
  const { copies, leaves, scalars } = copyGraph(roots);
  const computed = roots.slice(0, outputs.length + updates.length).map((node) => copies.get(node) as Node);
  const order = [...leaves.keys()];
  const targets = updates.map(({ target }) => order.indexOf(target.storage as Storage));
  return {
    leaves: order,
    scalars: scalars.map(({ original }) => original),
    sizeBytes: 0,
    free() {},
    run(storages, numbers) {
      order.forEach((original, i) => {
        for (const copy of leaves.get(original) ?? []) copy.realize(storages[i] as Storage);
      });
      scalars.forEach(({ copy }, i) => {
        copy.scalar = { value: numbers[i] as number };
      });
      const results = interpret(computed);
      targets.forEach((slot, i) => {
        overwrite(storages[slot] as Storage, results[outputs.length + i] as NdArray);
      });
      return results.slice(0, outputs.length).map(toStorage);
    },
  };
}
