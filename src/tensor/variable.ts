// What autograd keeps beside a value: the gradient, hooks, and whether it is a leaf.

/** Watches reads and writes of `.grad` while a compiled function is traced. */
export interface VariableObserver {
  gradRead(variable: Variable<unknown>): void;
  gradWritten(variable: Variable<unknown>): void;
}

let observer: VariableObserver | null = null;

export function setVariableObserver(next: VariableObserver | null): void {
  observer = next;
}

/** Looks at a gradient; what it returns, if anything, takes its place. */
export type GradHook<T> = ((grad: T) => T | null | undefined) | ((grad: T) => void);

/** Gradient and hooks of a leaf that requires grad, or of an inner node that somebody asked about. */
export class Variable<T> {
  #grad: T | null = null;
  /** Inner nodes keep their gradient only on request; leaves always. */
  retainsGrad = false;
  readonly hooks = new Map<number, GradHook<T>>();
  /** Run once a backward() has added to the gradient of a leaf. */
  accumulatedHooks: Map<number, () => void> | null = null;
  /** What error messages call it: a parameter's path in its module. */
  name: string | null = null;

  constructor(readonly isLeaf: boolean) {}

  get grad(): T | null {
    if (observer) observer.gradRead(this as Variable<unknown>);
    return this.#grad;
  }

  set grad(value: T | null) {
    if (observer) observer.gradWritten(this as Variable<unknown>);
    this.#grad = value;
  }

  /** The gradient, unseen by the observer. */
  peek(): T | null {
    return this.#grad;
  }

  /** Sets the gradient, unseen by the observer. */
  poke(value: T | null): void {
    this.#grad = value;
  }
}

/** True for what a leaf's nodes have as owner. */
export function isLeafOwner(owner: object | null): boolean {
  return owner instanceof Variable && owner.isLeaf;
}
