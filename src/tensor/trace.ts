// One run of a function with everything it touches written down: what compile() makes a program of.
import { ArgumentError, AutogradError, Storage } from "../base/index.js";
import type { Node } from "../graph/index.js";
import { type Cell, cellSerial, setCellObserver, takeDirty } from "./cell.js";
import { type DeferredRead, type ReplayedEffect, setEffectLog } from "./host.js";
import { takePending } from "./pending.js";
import { computeNow, holdSync } from "./sync.js";
import type { Tensor } from "./tensor.js";
import { setVariableObserver, type Variable } from "./variable.js";

/** A tensor from outside the function: read, and perhaps written, at each replay. */
export interface StateCell {
  readonly cell: Cell;
  /** The tensor through which it was first reached. */
  readonly handle: Tensor | null;
  readonly variable: Variable<unknown> | null;
  /** Its node and bytes when the trace began. */
  readonly node: Node;
  readonly storage: Storage;
  isWritten: boolean;
}

/** What the traced function found in `.grad` before it wrote there. */
export interface GradGuard {
  readonly variable: Variable<Tensor>;
  readonly wasNull: boolean;
}

/** Something the trace depends on that is no tensor. */
export interface ValueGuard {
  readonly read: () => unknown;
  readonly value: unknown;
}

/** Everything a traced function did. */
export interface Trace {
  readonly result: unknown;
  readonly states: ReadonlyMap<Cell, StateCell>;
  /** Cells that were the `.grad` of a variable when the trace began. */
  readonly gradCells: ReadonlyMap<Cell, Variable<Tensor>>;
  /** Final `.grad` of variables that were written. */
  readonly grads: ReadonlyMap<Variable<Tensor>, Tensor | null>;
  readonly gradGuards: readonly GradGuard[];
  readonly valueGuards: readonly ValueGuard[];
  readonly effects: readonly ReplayedEffect[];
  readonly reads: readonly DeferredRead[];
  /** Nodes that the function made. */
  readonly made: readonly Node[];
  /** Cells with this serial number or a higher one were made inside. */
  readonly firstSerial: number;
  /** The final content of a written state cell. */
  finalNode(state: StateCell): Node;
}

function copyOf(storage: Storage): Storage {
  return Storage.from(storage.dtype, storage.copyMemory());
}

let current: Tracer | null = null;

export function isTracing(): boolean {
  return current !== null;
}

/**
 * Reads a value that the graph depends on but does not show (a module's training flag). A compiled function is traced anew
 * when it changes.
 */
export function guarded<T>(read: () => T): T {
  const value = read();
  current?.valueGuards.push({ read, value });
  return value;
}

/** Runs `fn` and writes down what it touches. Tensors and gradients are afterwards as they were before. */
export function trace(fn: () => unknown): Trace {
  const tracer = new Tracer();
  return tracer.run(fn);
}

class Tracer {
  readonly states = new Map<Cell, StateCell>();
  readonly gradCells = new Map<Cell, Variable<Tensor>>();
  readonly gradGuards: GradGuard[] = [];
  readonly valueGuards: ValueGuard[] = [];
  readonly effects: ReplayedEffect[] = [];
  readonly reads: DeferredRead[] = [];
  readonly firstSerial = cellSerial();
  /** `.grad` before the first write. */
  readonly #oldGrads = new Map<Variable<Tensor>, Tensor | null>();
  readonly #guarded = new Set<Variable<Tensor>>();

  run(fn: () => unknown): Trace {
    current = this;
    holdSync(true);
    setEffectLog(this);
    setCellObserver({ read: (cell, handle) => this.#read(cell, handle), written: (cell) => this.#written(cell) });
    setVariableObserver({
      gradRead: (variable) => this.#gradRead(variable as Variable<Tensor>),
      gradWritten: (variable) => this.#gradWritten(variable as Variable<Tensor>),
    });
    let result: unknown;
    let isDone = false;
    try {
      result = fn();
      if (result instanceof Promise) {
        result.catch(() => {});
        throw new ArgumentError(
          "compile: the function returned a promise; only synchronous functions can be compiled. Await outside and pass what you awaited",
          { op: "compile" },
        );
      }
      isDone = true;
    } finally {
      this.#end();
      if (!isDone) {
        this.#restore();
        takePending();
        for (let i = this.effects.length - 1; i >= 0; i--) this.effects[i]?.undo?.();
      }
    }
    return this.#finish(result);
  }

  #end(): void {
    current = null;
    holdSync(false);
    setEffectLog(null);
    setCellObserver(null);
    setVariableObserver(null);
    takeDirty();
  }

  #finish(result: unknown): Trace {
    const finals = new Map<StateCell, Node>();
    for (const state of this.states.values()) if (state.isWritten) finals.set(state, state.cell.peek());
    const grads = new Map<Variable<Tensor>, Tensor | null>();
    for (const variable of this.#oldGrads.keys()) grads.set(variable, variable.peek());
    this.#restore();
    const { computed, views } = takePending();
    return {
      result,
      states: this.states,
      gradCells: this.gradCells,
      grads,
      gradGuards: this.gradGuards,
      valueGuards: this.valueGuards,
      effects: this.effects,
      reads: this.reads,
      made: [...computed, ...views],
      firstSerial: this.firstSerial,
      finalNode: (state) => finals.get(state) as Node,
    };
  }

  #restore(): void {
    for (const { cell, node, isWritten } of this.states.values()) if (isWritten) cell.hold(node);
    for (const [variable, grad] of this.#oldGrads) variable.poke(grad);
  }

  #read(cell: Cell, handle: object | null): void {
    if (cell.serial >= this.firstSerial || this.states.has(cell)) return;
    const node = this.#outside(() => {
      if (!cell.peek().isRealized) computeNow(cell.peek());
      // Two cells with one value would be one input of the program; they may part later. A number (`ones([])`) would be a
      // constant of it.
      if (!cell.isExclusive || cell.peek().value !== null) cell.adopt(copyOf(cell.peek().storage as Storage));
      return cell.peek();
    });
    if (node.requiresGrad && !cell.variable) {
      throw new AutogradError(
        `compile: a tensor from outside (shape [${cell.shape.join(",")}]) has a gradient history, which a compiled function cannot follow; detach() it`,
        { op: "compile", fix: "detach" },
      );
    }
    const storage = node.storage as Storage;
    this.states.set(cell, {
      cell,
      handle: handle as Tensor | null,
      variable: cell.variable,
      node,
      storage,
      isWritten: false,
    });
  }

  #outside<R>(fn: () => R): R {
    holdSync(false);
    try {
      return fn();
    } finally {
      holdSync(true);
    }
  }

  #written(cell: Cell): void {
    if (cell.serial >= this.firstSerial) return;
    this.#read(cell, null);
    (this.states.get(cell) as StateCell).isWritten = true;
  }

  #gradRead(variable: Variable<Tensor>): void {
    if (this.#oldGrads.has(variable) || this.#guarded.has(variable)) return;
    this.#guarded.add(variable);
    const grad = variable.peek();
    this.gradGuards.push({ variable, wasNull: grad === null });
    if (grad && !grad.viewing) this.gradCells.set(grad.cell, variable);
  }

  #gradWritten(variable: Variable<Tensor>): void {
    if (!this.#oldGrads.has(variable)) this.#oldGrads.set(variable, variable.peek());
  }
}
