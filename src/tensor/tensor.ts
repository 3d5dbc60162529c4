// The Tensor class: a handle to the current node of a cell, or to a view of one. Methods are added by methods.ts.
import { platform } from "#platform";
import {
  AutogradError,
  type DType,
  DTypeError,
  isFloat,
  itemSize,
  numel,
  type Shape,
  type Storage,
} from "../base/index.js";
import { type Device, gradEnabled, type Node, recordingGradients } from "../graph/index.js";
import { leaf } from "../ops/index.js";
import { detached, leafOf } from "./alias.js";
import { Cell } from "./cell.js";
import { isUserLevel, markVisible, recordViews } from "./pending.js";
import { isStale, limitPending, staleError } from "./sync.js";
import { Variable } from "./variable.js";
import { applyStep, contiguousLayout, type Layout, stepLayout, type ViewStep } from "./view.js";

/** Says that a value is a Tensor, whichever copy of the package made it. */
const brand = Symbol.for("gradus.Tensor");
/** Two copies with different numbers cannot share tensors. */
const brandVersion = 1;

/** How a view looks at its cell. */
interface View {
  readonly steps: readonly ViewStep[];
  readonly layout: Layout;
  /** Gradient and hooks of a view that was made a leaf of its own. */
  readonly variable: Variable<unknown> | null;
}

/** Sizes of a tensor's dims. Typed so that `const [N, C] = x.shape` gives numbers: you know how many dims there are. */
export interface TensorShape extends ReadonlyArray<number> {
  /** Size of the first dim. */
  readonly 0: number;
  /** Size of the second dim. */
  readonly 1: number;
  /** Size of the third dim. */
  readonly 2: number;
  /** Size of the fourth dim. */
  readonly 3: number;
  /** Size of the fifth dim. */
  readonly 4: number;
  /** Size of the sixth dim. */
  readonly 5: number;
}

/**
 * An n-dimensional array of one dtype.
 *
 * Operations check their arguments at once and add to a graph; values are computed when something reads them. Make one with
 * `tensor`, `zeros`, `randn` …
 */
export class Tensor {
  /** @internal */
  readonly cell: Cell;
  /** @internal */
  viewing: View | null;
  #derived: Node | null = null;
  #derivedVersion = -1;

  /** @internal Tensors are made by functions such as `tensor` and `zeros`. */
  constructor(cell: Cell, viewing: View | null = null) {
    this.cell = cell;
    this.viewing = viewing;
  }

  /** @internal */
  get [brand](): number {
    return brandVersion;
  }

  /** @internal The node of the current content. */
  get node(): Node {
    // The cell is asked also by views that know their node: compile() must see that it is read.
    const base = this.cell.nodeFor(this);
    if (isStale(base)) throw staleError(base, base);
    return this.viewing === null ? base : this.#derive(this.viewing, base);
  }

  #derive(viewing: View, base: Node): Node {
    if (this.#derived !== null && this.#derivedVersion === this.cell.version) return this.#derived;
    const node = recordViews(() => recordingGradients(() => deriveView(viewing, base)));
    node.isUserVisible = this.#derived?.isUserVisible ?? isUserLevel();
    this.#derived = node;
    this.#derivedVersion = this.cell.version;
    return node;
  }

  /** @internal Changes how the tensor looks at its cell. */
  lookThrough(viewing: View | null): void {
    this.viewing = viewing;
    this.#derived = null;
  }

  /** @internal Gradient and hooks, if this is a leaf that requires grad. */
  get variable(): Variable<Tensor> | null {
    const variable = this.viewing ? this.viewing.variable : this.cell.variable;
    return variable as Variable<Tensor> | null;
  }

  /** @internal */
  get layout(): Layout {
    return this.viewing?.layout ?? contiguousLayout(this.cell.shape);
  }

  /** Size of each dim. */
  get shape(): TensorShape {
    return (this.viewing?.layout.shape ?? this.cell.shape) as TensorShape;
  }

  /** Type of the elements. */
  get dtype(): DType {
    return this.cell.dtype;
  }

  /** Where the values are: "cpu". */
  get device(): Device {
    return this.cell.device;
  }

  /** Number of dims. */
  get ndim(): number {
    return this.shape.length;
  }

  /** Bytes of an element. */
  get itemsize(): number {
    return itemSize(this.dtype);
  }

  /** Bytes of all elements. */
  get nbytes(): number {
    return numel(this.shape) * this.itemsize;
  }

  /**
   * True if operations on this tensor record gradients.
   * @throws DTypeError as it is set true, if the tensor is no float tensor.
   * @throws AutogradError as it is set false, if the tensor is no leaf.
   */
  get requiresGrad(): boolean {
    return this.variable !== null || this.node.requiresGrad;
  }

  set requiresGrad(value: boolean) {
    setRequiresGrad(this, value);
  }

  /** True for tensors that are no result of a recorded operation: those whose `grad` backward() fills. */
  get isLeaf(): boolean {
    return this.variable !== null || !this.node.requiresGrad;
  }

  /**
   * Gradient summed up by backward(), or null. Inner tensors have one after `retainGrad()`; without it there is one warning.
   * @throws AutogradError as it is set, if the tensor does not require grad or the gradient has another shape or dtype.
   */
  get grad(): Tensor | null {
    const variable = this.variable ?? innerVariable(this);
    const grad = variable?.grad ?? null;
    if (grad === null && !this.isLeaf && !variable?.retainsGrad) warnOfInnerGrad(this);
    return grad;
  }

  set grad(value: Tensor | null) {
    setGrad(this, value);
  }

  /** True for inner tensors that keep their gradient, after `retainGrad()`. */
  get retainsGrad(): boolean {
    return !this.isLeaf && (innerVariable(this)?.retainsGrad ?? false);
  }

  /** Name of the operation that made this tensor, or null for leaves. */
  get gradFn(): string | null {
    if (this.isLeaf) return null;
    return (this.viewing ? null : this.cell.madeBy) ?? this.node.primitive.name;
  }
}

function deriveView({ steps, variable }: View, base: Node): Node {
  let node = base;
  for (const step of steps) node = applyStep(step, node);
  return variable ? leafOf(node, variable) : node;
}

/**
 * True for tensors. Shapes: any.
 * @throws DTypeError for a tensor that another copy of the package made: install one copy only.
 */
export function isTensor(value: unknown): value is Tensor {
  if (value instanceof Tensor) return true;
  if (typeof value === "object" && value !== null && brand in value) {
    throw new DTypeError(
      "tensor: this tensor was made by another copy of the package; install one copy only (npm ls gradus)",
    );
  }
  return false;
}

/** The tensor of a public function's result. */
export function wrap(node: Node): Tensor {
  limitPending();
  markVisible(node);
  return new Tensor(Cell.of(node));
}

/** A tensor on bytes that are there. */
export function ofStorage(storage: Storage, shape: Shape): Tensor {
  return new Tensor(Cell.ofStorage(storage, shape));
}

/** A view of `x`, or null if the step is a reshape that needs a copy. */
export function viewOf(x: Tensor, step: ViewStep): Tensor | null {
  const layout = stepLayout(step, x.layout);
  if (!layout) return null;
  const variable = step.kind === "detach" ? null : (x.viewing?.variable ?? null);
  const steps: ViewStep[] = [
    ...(x.viewing?.steps ?? []),
    ...(variable ? [{ kind: "leaf", variable } as const] : []),
    step,
  ];
  // What is viewed under noGrad has no history, also after the base changed.
  const isCut = !gradEnabled() && step.kind !== "detach" && x.requiresGrad;
  if (isCut) steps.push({ kind: "detach" });
  return new Tensor(x.cell, { steps, layout, variable: null });
}

/** The same memory without history. */
export function detach(x: Tensor): Tensor {
  return viewOf(x, { kind: "detach" }) as Tensor;
}

/**
 * Cuts a tensor off from its history, in place.
 * @throws AutogradError for views, whose history is their base's.
 */
export function cutHistory(x: Tensor, op: string): void {
  if (x.viewing) {
    throw new AutogradError(`${op}: a view has its base's history; use detach(), which gives a new tensor`, {
      op,
      fix: "detach",
    });
  }
  if (x.variable) setRequiresGrad(x, false);
  else if (x.requiresGrad) x.cell.replace(detached(x.cell.peek()));
}

export function setRequiresGrad(x: Tensor, value: boolean): void {
  if (value === x.requiresGrad) return;
  if (value && !isFloat(x.dtype)) {
    throw new DTypeError(`requiresGrad_: only float tensors can require grad, this one is ${x.dtype}`, {
      op: "requiresGrad_",
    });
  }
  if (!value && !x.variable) {
    throw new AutogradError(
      "requiresGrad_: only leaves can stop requiring grad; use detach() for a tensor without history",
      {
        op: "requiresGrad_",
      },
    );
  }
  const variable = value ? new Variable<unknown>(true) : null;
  if (x.viewing) {
    x.lookThrough({ ...x.viewing, variable });
    return;
  }
  const { cell } = x;
  const node = cell.peek();
  cell.variable = variable;
  if (node.isRealized && node.storage) {
    cell.replace(leaf(node.storage, node.shape, { requiresGrad: value, owner: variable }));
  } else cell.replace(variable ? leafOf(node, variable) : detached(node));
}

/** Gradient and hooks of an inner tensor, if somebody asked for them. */
let hasWarnedOfInnerGrad = false;

/** Reading it is no error, as in PyTorch, but most often a mistake. */
function warnOfInnerGrad(x: Tensor): void {
  if (hasWarnedOfInnerGrad) return;
  hasWarnedOfInnerGrad = true;
  platform.warn(
    `grad: the tensor is no leaf, it comes from ${x.gradFn}, so backward() keeps no gradient for it; call retainGrad() on it before, or read the grad of a leaf`,
  );
}

function innerVariable(x: Tensor): Variable<Tensor> | null {
  const { owner } = x.node;
  return owner instanceof Variable ? owner : null;
}

/** Where hooks and gradients of `x` go, made on demand for inner tensors. */
export function variableOf(x: Tensor, op: string): Variable<Tensor> {
  if (!x.requiresGrad) {
    throw new AutogradError(`${op}: the tensor does not require grad; make it with { requiresGrad: true }`, { op });
  }
  const known = x.variable ?? innerVariable(x);
  if (known) return known;
  const variable = new Variable<Tensor>(false);
  x.node.owner = variable;
  return variable;
}

function setGrad(x: Tensor, value: Tensor | null): void {
  const variable = x.variable ?? innerVariable(x);
  if (value === null) {
    if (variable) variable.grad = null;
    return;
  }
  const shape = (t: Tensor) => `${t.dtype}[${t.shape.join(",")}]`;
  if (shape(value) !== shape(x)) {
    throw new AutogradError(
      `grad: a gradient must have its tensor's dtype and shape, got ${shape(value)} for ${shape(x)}`,
    );
  }
  value.node.isUserVisible = true;
  variableOf(x, "grad").grad = value;
}
