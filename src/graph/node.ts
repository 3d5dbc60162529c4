// The graph: immutable nodes, one an operation. Values are attached once a program has computed them.
import { InternalError } from "../base/errors.js";
import type { DType } from "../base/dtype.js";
import { numel, type Shape } from "../base/shape.js";
import type { Storage } from "../base/storage.js";
import { gradEnabled, type NodeListener, nodeListener } from "./mode.js";
import type { Primitive } from "./primitive.js";

/** Where storage lives. */
export type Device = "cpu" | "gpu" | `gpu:${number}`;

export type AttrValue = number | string | boolean | null | readonly AttrValue[];
/** Compile-time arguments of a node: part of its identity. */
export type Attrs = Readonly<Record<string, AttrValue>>;

const noAttrs: Attrs = {};
let nextId = 0;

/**
 * One operation and, once computed, its value. What the operation is never changes; `storage`, `inputs` (dropped when the
 * value is there and no gradient will ask) and the flags below do.
 *
 * Ids grow in creation order, so sorting by id is a topological order.
 */
export class Node {
  readonly id = nextId++;
  /** Structural hash of the whole expression below; leaves count by dtype and shape, constants not at all. */
  readonly hash: number;
  /** True if a gradient may flow through this node. */
  readonly requiresGrad: boolean;
  /** Nodes that take this one as input so far. */
  uses = 0;
  /** The computed value, row-major; null while pending. */
  storage: Storage | null = null;
  /** `storage.version` this node's value belongs to: an in-place write makes the node stale. */
  storageVersion = 0;
  /** Compile-time number of a `constant` leaf. */
  value: number | bigint | boolean | null = null;
  /** Run-time number of a `scalar` leaf. */
  scalar: RuntimeScalar | null = null;
  /** Tensors of the tensor layer that hold this node: with more than one, nobody may write its storage in place. */
  holders = 0;
  /** A handle at user level stands for this node, so a sync point stores it. */
  isUserVisible = false;
  /** backward() went through and released what this node saved. */
  isReleased = false;
  /** Belongs to the tensor layer: the variable (grad, hooks) of a leaf that requires grad, hooks of inner nodes. */
  owner: object | null = null;
  inputs: readonly Node[];

  constructor(
    readonly primitive: Primitive,
    inputs: readonly Node[],
    readonly attrs: Attrs,
    readonly shape: Shape,
    readonly dtype: DType,
    readonly device: Device,
    requiresGrad: boolean,
  ) {
    this.inputs = inputs;
    this.requiresGrad = requiresGrad;
    let hash = mix(primitive.hash, hashAttrs(attrs));
    hash = mix(hash, hashText(dtype));
    for (const size of shape) hash = mix(hash, size);
    for (const input of inputs) {
      hash = mix(hash, input.hash);
      input.uses++;
    }
    this.hash = hash;
  }

  get size(): number {
    return numel(this.shape);
  }

  /** True if the value is there and has not been overwritten. */
  get isRealized(): boolean {
    return this.storage !== null && this.storage.version === this.storageVersion;
  }

  /** Attaches the computed value. */
  realize(storage: Storage): void {
    this.storage = storage;
    this.storageVersion = storage.version;
  }
}

/** A number that a program reads at each run: a learning rate, a random offset. */
export interface RuntimeScalar {
  /** Value of the run that comes next. */
  value: number;
}

export interface NodeOptions {
  readonly attrs?: Attrs;
  /** Default: any input requires grad, gradients are enabled, the primitive has a gradient and the dtype is a float. */
  readonly requiresGrad?: boolean;
  readonly device?: Device;
}

/** Applies a primitive: checks by its `infer` rule, then adds a node. */
export function apply(primitive: Primitive, inputs: readonly Node[], attrs: Attrs = noAttrs): Node {
  const { shape, dtype } = primitive.infer(inputs, attrs);
  const device = inputs[0]?.device ?? "cpu";
  const isFloat = dtype === "float32" || dtype === "float64";
  const requiresGrad =
    isFloat && typeof primitive.vjp === "function" && inputs.some((x) => x.requiresGrad) && gradEnabled();
  const node = new Node(primitive, inputs, attrs, shape, dtype, device, requiresGrad);
  notify(node);
  return node;
}

function notify(node: Node): void {
  const listener: NodeListener | null = nodeListener();
  if (listener) listener(node);
}

/** A 32-bit mixing step (MurmurHash3's). */
export function mix(h: number, value: number): number {
  let k = Math.imul(value | 0, 0xcc9e2d51);
  k = (k << 15) | (k >>> 17);
  let x = h ^ Math.imul(k, 0x1b873593);
  x = (x << 13) | (x >>> 19);
  return (Math.imul(x, 5) + 0xe6546b64) | 0;
}

const textHashes = new Map<string, number>();

export function hashText(text: string): number {
  const known = textHashes.get(text);
  if (known !== undefined) return known;
  let h = 0;
  for (let i = 0; i < text.length; i++) h = mix(h, text.charCodeAt(i));
  if (textHashes.size < 4096) textHashes.set(text, h);
  return h;
}

function hashAttrs(attrs: Attrs): number {
  let h = 0;
  for (const key in attrs) h = mix(mix(h, hashText(key)), hashValue(attrs[key] as AttrValue));
  return h;
}

function hashValue(value: AttrValue): number {
  if (typeof value === "number") return Number.isInteger(value) ? value : hashText(String(value));
  if (typeof value === "string") return hashText(value);
  if (value === null) return 7;
  if (typeof value === "boolean") return value ? 11 : 13;
  let h = 17;
  for (const item of value) h = mix(h, hashValue(item));
  return h;
}

/** Structural equality of attributes. */
export function attrsEqual(a: AttrValue | Attrs, b: AttrValue | Attrs): boolean {
  if (a === b) return true;
  if (typeof a === "number" && typeof b === "number") return Object.is(a, b);
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, i) => attrsEqual(item, b[i]));
  }
  const [left, right] = [a as Attrs, b as Attrs];
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every((key) => key in right && attrsEqual(left[key] as AttrValue, right[key] as AttrValue));
}

/** Nodes reachable from `roots` whose value is not there yet, inputs first; realised ones come as leaves of it. */
export function topologicalOrder(roots: readonly Node[], isLeaf: (node: Node) => boolean = (n) => n.isRealized): Node[] {
  const order: Node[] = [];
  const state = new Map<Node, 0 | 1>();
  const stack: Node[] = [...roots].reverse();
  while (stack.length > 0) {
    const node = stack[stack.length - 1] as Node;
    const seen = state.get(node);
    if (seen !== undefined) {
      stack.pop();
      if (seen === 0) {
        state.set(node, 1);
        order.push(node);
      }
      continue;
    }
    state.set(node, 0);
    if (isLeaf(node)) continue;
    for (let i = node.inputs.length - 1; i >= 0; i--) {
      const input = node.inputs[i] as Node;
      if (!state.has(input)) stack.push(input);
    }
  }
  return order;
}

/** The attribute `key` as the type the caller knows it to have. */
export function attr<T extends AttrValue>(node: { readonly attrs: Attrs }, key: string): T {
  const value = node.attrs[key];
  if (value === undefined) throw new InternalError(`attribute ${key} is missing`);
  return value as T;
}
