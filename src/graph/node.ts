// The graph: immutable nodes, one an operation, and what a primitive (the operation) has to bring: all its rules. Values are
// attached once a program has computed them.
import type { DType, Storage, TypedArray } from "../base/index.js";
import { isFloat, numel, type Shape } from "../base/index.js";
import type { Buffer, Expr, ExprFactory, Stmt, Var } from "../ir/index.js";
import { type Attrs, hashAttrs, hashText, mix } from "./attrs.js";
import type { ValueCheck } from "./check.js";
import { gradEnabled } from "./mode.js";

/** Where storage lives. */
export type Device = "cpu" | "gpu" | `gpu:${number}`;

/** A plain row-major array: values of the reference interpreter. bool is 0/1 bytes, int64 a BigInt64Array, float16 and bfloat16 are numbers in a Float32Array. */
export interface NdArray {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly data: TypedArray;
}

/** Gradient rule: `grad` has the shape and dtype of `node`; one entry an input, null where `needs[i]` is false or no gradient flows. */
export type Vjp = (node: Node, grad: Node, needs: readonly boolean[]) => readonly (Node | null)[];

/** Says why a primitive has no gradient. */
export interface NonDifferentiable {
  readonly reason: string;
}

export function nonDifferentiable(reason: string): NonDifferentiable {
  return { reason };
}

interface Common {
  readonly name: string;
  readonly hash: number;
  /** Shape and dtype of the result; throws the user's error. Attributes are already normalised. */
  readonly infer: (inputs: readonly Node[], attrs: Attrs) => { shape: Shape; dtype: DType };
  readonly vjp: Vjp | NonDifferentiable;
  /** Forward nodes whose values `vjp` reads: `inputs` (by number) and whether it reads the result itself. */
  readonly saves: { readonly inputs: readonly number[]; readonly output: boolean };
  /** The meaning, as plain loops. */
  readonly reference: (node: Node, inputs: readonly NdArray[]) => NdArray;
}

/** Values without inputs: realised storage, a compile-time number, a run-time number. */
export interface LeafPrimitive extends Common {
  readonly kind: "storage" | "constant" | "scalar";
}

/** How a pointwise rule reads its inputs. */
export interface PointContext {
  readonly f: ExprFactory;
  /**
   * Value of input `i` at `index` (one i32 expression a dim). Where `guard` is given and false, the index may be out of
   * range: nothing is read and the value is unspecified, so select around it.
   */
  input(i: number, index: readonly Expr[], guard?: Expr): Expr;
}

/**
 * Each output element is an expression of input elements: arithmetic, movement, gather, iota, random bits. Always fusible.
 * `cost` guides whether the compiler recomputes or stores: 0 moves data only, 1 is an add, ~15 an exp.
 */
export interface PointwisePrimitive extends Common {
  readonly kind: "pointwise";
  readonly cost: number;
  /** True if output element i depends on input elements at the same index only (all inputs have the output's shape). */
  readonly isElementwise: boolean;
  readonly lower: (context: PointContext, index: readonly Expr[], node: Node) => Expr;
  /** What the values of inputs must be; the compiler tests it before anything is written in place. */
  readonly checks?: (node: Node) => readonly ValueCheck[];
}

/** Combines the elements along `attrs.dims` (ascending), which the result lacks. */
export interface ReductionPrimitive extends Common {
  readonly kind: "reduction";
  readonly combine: "add" | "mul" | "max" | "min";
}

/**
 * Sum of products over the labels that `attrs.out` lacks: attrs `{ a: number[], b: number[], out: number[] }` label the
 * dims of both inputs and the result, as einsum's letters. No label twice in one operand; each label of the result is in
 * an operand; each label of an operand is in the other or in the result.
 *
 * `attrs.band`, if set, is `[late, early, most]`: two labels and a number. Where the position along `late` is ahead of that along
 * `early` by more than `most`, terms are left out. It is a permission rather than a mask: whoever sets it knows that such
 * terms have a factor 0, or that nobody reads such results (nor gives them a gradient), and kernels leave out whole blocks.
 */
export interface ContractionPrimitive extends Common {
  readonly kind: "contraction";
}

/** Joins inputs along `attrs.dim`; the compiler computes each input straight into its part of the result. */
export interface ConcatPrimitive extends Common {
  readonly kind: "concat";
}

/** Has gradient rules of its own, but compiles as other nodes: `decompose` gives them. */
export interface CompositePrimitive extends Common {
  readonly kind: "composite";
  /** `isKnown` tells constants of the compiled program from those it reads at each run. */
  readonly decompose: (node: Node, isKnown: (constant: Node) => boolean) => Node;
}

/** What a routine writes its kernels with. */
export interface RoutineContext {
  readonly f: ExprFactory;
  /** The inputs' values in memory, row-major; without meaning for those that are `numbers`. */
  readonly inputs: readonly Buffer[];
  /** The value of an input that the primitive lists among its `numbers`. */
  number(input: number): Expr;
  readonly output: Buffer;
  /** Memory shared by the routine's kernels. */
  temporary(name: string, dtype: DType, size: number): Buffer;
  /** Scratch of one tile. */
  local(name: string, dtype: DType, size: number): Buffer;
  /**
   * Adds a kernel; kernels run one after the other. `body` gets the tile variable, which is below `most`: a bound that all
   * sizes have in common lets them share the kernel's code.
   */
  kernel(name: string, tiles: number, body: (tile: Var) => Stmt[], most?: number): void;
}

/** Kernel IR with run-time control flow over inputs in memory, not fused: sort, scans, scatter. */
export interface RoutinePrimitive extends Common {
  readonly kind: "routine";
  /** Inputs that are run-time numbers, and reach the kernels as such instead of in memory. */
  readonly numbers?: readonly number[];
  readonly build: (context: RoutineContext, node: Node) => void;
  readonly checks?: (node: Node) => readonly ValueCheck[];
}

export type Primitive =
  | LeafPrimitive
  | PointwisePrimitive
  | ReductionPrimitive
  | ContractionPrimitive
  | ConcatPrimitive
  | CompositePrimitive
  | RoutinePrimitive;

/** Of primitives that have no attributes: told by identity, without a look inside. */
export const noAttrs: Attrs = Object.freeze({});
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
  /** No tensor holds it: overwritten in the last that did, or made by a gradient rule. Without uses, nobody can ask for its value. */
  isForsaken = false;
  /** The module in whose forward this node was made, for error messages. */
  place: object | null = null;
  /** A handle at user level stands for this node, so a sync point stores it. */
  isUserVisible = false;
  /** backward() went through and released what this node saved. */
  isReleased = false;
  /** The last walk that came here (`startWalk`), and what it noted: scratch of one walk at a time. */
  walk = 0;
  mark = 0;
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
    // A copy: V8 would allocate literals that live as long as a long graph in its old space, and dead ones there keep whole
    // graphs alive through all minor collections (measured: 40 % of an unrolled LSTM's step).
    this.inputs = inputs.length === 0 ? inputs : inputs.slice();
    this.requiresGrad = requiresGrad;
    let hash = mix(mix(primitive.hash, attrs === noAttrs ? 0 : hashAttrs(attrs)), hashText(dtype));
    for (let d = 0; d < shape.length; d++) hash = mix(hash, shape[d] as number);
    for (let i = 0; i < inputs.length; i++) {
      const input = inputs[i] as Node;
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

/** Applies a primitive: checks by its `infer` rule, then adds a node. */
export function apply(primitive: Primitive, inputs: readonly Node[], attrs: Attrs = noAttrs): Node {
  const { shape, dtype } = primitive.infer(inputs, attrs);
  const device = inputs.length > 0 ? (inputs[0] as Node).device : "cpu";
  const requiresGrad =
    someRequireGrad(inputs) && isFloat(dtype) && typeof primitive.vjp === "function" && gradEnabled();
  const node = new Node(primitive, inputs, attrs, shape, dtype, device, requiresGrad);
  if (listener) listener(node);
  return node;
}

function someRequireGrad(inputs: readonly Node[]): boolean {
  for (let i = 0; i < inputs.length; i++) if ((inputs[i] as Node).requiresGrad) return true;
  return false;
}

export type NodeListener = (node: Node) => void;

let listener: NodeListener | null = null;

export function nodeListener(): NodeListener | null {
  return listener;
}

/** Installs the observer of new nodes (the tensor layer's list of pending work). */
export function setNodeListener(next: NodeListener | null): void {
  listener = next;
}
