// The memory that a tensor and its views share: one cell a base tensor, holding the node of its current content.
import { type DType, InternalError, type Shape, type Storage } from "../base/index.js";
import { type Device, gradEnabled, type Node } from "../graph/index.js";
import { leaf } from "../ops/index.js";
import { copyOf, leafOf, withHistoryOf } from "./alias.js";
import type { Variable } from "./variable.js";

/** Watches reads and writes of cells while a compiled function is traced. */
export interface CellObserver {
  /** `handle` is the tensor that asked. */
  read(cell: Cell, handle: object | null): void;
  written(cell: Cell): void;
}

let observer: CellObserver | null = null;

export function setCellObserver(next: CellObserver | null): void {
  observer = next;
}

/** Cells written since the last sync point, with the node each held then. */
let dirty = new Map<Cell, Node>();

export function takeDirty(): Map<Cell, Node> {
  const taken = dirty;
  dirty = new Map();
  return taken;
}

/** Cells of trained tensors and other state whose first content has not been asked for yet. */
let unsettled: Cell[] = [];

/** `cell` holds state that steps read and overwrite: its first content is to be computed before the first step. */
export function noteState(cell: Cell): void {
  unsettled.push(cell);
}

export function takeUnsettled(): readonly Cell[] {
  const taken = unsettled;
  unsettled = [];
  return taken;
}

/** What the cells written since the last sync point hold now. */
export function writtenNodes(): Node[] {
  return [...dirty.keys()].map((cell) => cell.peek());
}

/** What was written to `cell` so far is its first content: no later run has to put it in the place of an older one. */
export function forgetWrites(cell: Cell): void {
  dirty.delete(cell);
}

/** What a realised node has for inputs once nothing will ask for them: its expression can no longer be computed. */
export const dropped: readonly Node[] = Object.freeze([]);

/** What nodes made while a function was traced have for inputs afterwards: they have no value of their own. */
export const traced: readonly Node[] = Object.freeze([]);

let nextSerial = 0;

/** Cells made from now on have this serial number or a higher one. */
export function cellSerial(): number {
  return nextSerial;
}

export class Cell {
  readonly serial = nextSerial++;
  /** Bumped at each write; views made before re-derive. */
  version = 0;
  /** The operation that the content came from, once its node gave way to a leaf. */
  madeBy: string | null = null;
  /** Gradient and hooks, if this is a leaf that requires grad. */
  variable: Variable<unknown> | null = null;
  #node: Node | null;
  /** What a replay of a compiled function left here; a leaf node is made of it when one is asked for. */
  #storage: Storage | null = null;

  private constructor(
    node: Node | null,
    readonly shape: Shape,
    readonly dtype: DType,
    readonly device: Device,
    storage: Storage | null,
  ) {
    this.#node = node;
    this.#storage = storage;
    if (!node) return;
    node.holders++;
    node.isForsaken = false;
  }

  static of(node: Node): Cell {
    return new Cell(node, node.shape, node.dtype, node.device, null);
  }

  static ofStorage(storage: Storage, shape: Shape): Cell {
    return new Cell(null, shape, storage.dtype, "cpu", storage);
  }

  /** The node of the current content, for a tensor that reads or computes with it. */
  nodeFor(handle: object): Node {
    if (observer) observer.read(this, handle);
    return this.peek();
  }

  /** The node of the current content, unseen by the observer. */
  peek(): Node {
    const node = this.#node;
    if (node === null) return this.#materialize();
    // How a plain value came to be must not show in the identity of programs that read it: a leaf takes its place.
    if (node.inputs !== dropped || node.holders !== 1 || !node.isRealized) return node;
    const plain = leaf(node.storage as Storage, this.shape, { requiresGrad: node.requiresGrad, owner: node.owner });
    plain.isReleased = node.isReleased;
    this.madeBy ??= node.primitive.name;
    this.replace(plain);
    return plain;
  }

  /** The bytes of the current content, or null while they are not computed. */
  get storage(): Storage | null {
    if (this.#storage) return this.#storage;
    return this.#node?.isRealized ? this.#node.storage : null;
  }

  /** True if nothing but this cell's current content depends on its storage's bytes. */
  get isExclusive(): boolean {
    return this.#node === null || this.#node.holders === 1;
  }

  /** In-place: the content becomes `value`. Tensors that are leaves stay leaves, histories go on as PyTorch's do. */
  write(value: Node): void {
    const previous = this.peek();
    if (observer) observer.written(this);
    else if (!dirty.has(this)) dirty.set(this, previous);
    if (this.variable) this.hold(leafOf(value, this.variable));
    else if (previous.requiresGrad && !gradEnabled()) this.hold(withHistoryOf(value, previous));
    else this.hold(value.holders > 0 || value.isRealized ? copyOf(value) : value);
  }

  /** Replaces the node without further ado. */
  hold(node: Node): void {
    this.version++;
    this.madeBy = null;
    this.replace(node);
  }

  /** Takes another node with the same value: views stay as they are. */
  replace(node: Node): void {
    this.#letGo();
    node.holders++;
    node.isForsaken = false;
    this.#node = node;
    this.#storage = null;
  }

  /** The content now is what `storage` holds. */
  adopt(storage: Storage): void {
    this.#letGo();
    this.#node = null;
    this.#storage = storage;
    this.version++;
  }

  #letGo(): void {
    const node = this.#node;
    // Nobody can ask for the old content any more, unless a graph does.
    if (!node || --node.holders > 0) return;
    node.isUserVisible = false;
    node.isForsaken = true;
  }

  #materialize(): Node {
    if (!this.#storage) throw new InternalError("a cell has neither node nor storage");
    const node = leaf(this.#storage, this.shape, { requiresGrad: this.variable !== null, owner: this.variable });
    node.holders++;
    this.#node = node;
    this.#storage = null;
    return node;
  }
}
