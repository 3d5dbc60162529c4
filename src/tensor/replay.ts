// A traced function as a program: what is bound to it at each replay, and where its results go.
import { AutogradError, formatShape, Storage } from "../base/index.js";
import type { Node } from "../graph/index.js";
import type { Cell } from "./cell.js";
import { traced } from "./cell.js";
import { type CompiledStep, compileStep, type ScheduleSearch } from "./engine.js";
import { readValues } from "./read.js";
import { isPinned } from "./saved.js";
import { sync } from "./sync.js";
import { ofStorage, type Tensor } from "./tensor.js";
import type { StateCell, Trace } from "./trace.js";
import { fillTemplate, type Template, templateOf } from "./trees.js";
import type { Variable } from "./variable.js";
import { isContiguous } from "./view.js";

/** Where the bytes of a program's leaf come from. */
type Source =
  | { readonly kind: "argument"; readonly index: number }
  | { readonly kind: "state"; readonly state: StateCell }
  | { readonly kind: "grad"; readonly variable: Variable<Tensor> }
  /** Made inside the function from plain data: the same at each replay. */
  | { readonly kind: "fixed"; readonly storage: Storage };

/** A written state and the slot of its storage. */
interface Update {
  readonly slot: number;
  readonly source: Source;
}

/** Bytes of `x` in row-major order, computed if need be. */
function storageOf(x: Tensor): Storage {
  const { layout, cell } = x;
  const isWhole = x.viewing === null || (layout.offset === 0 && isContiguous(layout));
  if (!isWhole) return Storage.from(x.dtype, readValues("compile", x));
  let storage = cell.storage;
  if (!storage) {
    sync([x.cell.peek()]);
    storage = cell.storage as Storage;
  }
  const size = layout.shape.reduce((n, d) => n * d, 1);
  return storage.length === size ? storage : Storage.from(x.dtype, readValues("compile", x));
}

export class Replay {
  readonly #trace: Trace;
  readonly #step: CompiledStep;
  readonly #sources: readonly Source[];
  readonly #updates: readonly Update[];
  readonly #template: Template;
  readonly #resultShapes: readonly (readonly number[])[];
  readonly #grads: readonly {
    readonly variable: Variable<Tensor>;
    readonly value: Tensor | null;
    readonly output: number;
  }[];
  /** For each deferred read of the trace, which outputs it takes. */
  readonly #reads: readonly (readonly number[])[];
  readonly #states: readonly StateCell[];
  readonly #scalars: Float64Array;

  /** Compiles what `trace` wrote down; `inputs` stood for the arguments in it. */
  constructor(trace: Trace, inputs: readonly Tensor[], search: ScheduleSearch | null) {
    this.#trace = trace;
    const results: Tensor[] = [];
    this.#template = templateOf(trace.result, results);
    this.#resultShapes = results.map((x) => x.shape);
    const outputs: Node[] = results.map((x) => x.node);
    this.#grads = [...trace.grads].map(([variable, value]) => {
      const isNew = value !== null && value.cell.serial >= trace.firstSerial;
      return { variable, value, output: isNew ? outputs.push(value.node) - 1 : -1 };
    });
    this.#reads = trace.reads.map(({ nodes }) => nodes.map((node) => outputs.push(node) - 1));
    this.#states = [...trace.states.values()];
    const written = this.#states.filter((state) => state.isWritten);
    const updates = written.map((state) => ({ value: trace.finalNode(state), target: state.node }));
    this.#step = compileStep({ outputs, updates }, search);
    const sources = this.#sourcesByStorage(inputs);
    this.#sources = this.#step.leaves.map((storage) => sources.get(storage) ?? { kind: "fixed", storage });
    this.#updates = written.map((state) => ({
      slot: this.#step.leaves.indexOf(state.storage),
      source: sources.get(state.storage) as Source,
    }));
    this.#scalars = new Float64Array(this.#step.scalars.length);
    // Tensors that leaked out of the trace belong to no replay: reading one says so.
    for (const node of trace.made) node.inputs = traced;
  }

  #sourcesByStorage(inputs: readonly Tensor[]): Map<Storage, Source> {
    const sources = new Map<Storage, Source>();
    inputs.forEach((x, index) => {
      sources.set(x.cell.storage as Storage, { kind: "argument", index });
    });
    for (const state of this.#states) {
      const variable = this.#trace.gradCells.get(state.cell);
      if (sources.has(state.storage)) continue;
      sources.set(state.storage, variable ? { kind: "grad", variable } : { kind: "state", state });
    }
    return sources;
  }

  /** True if what the trace found beside its arguments is still so. Throws for a tensor that was rebound. */
  guardsHold(): boolean {
    for (const { cell, handle, variable } of this.#states) {
      if (handle && handle.cell !== cell) throw reboundError(handle);
      if (cell.variable !== variable) return false;
    }
    for (const { variable, wasNull } of this.#trace.gradGuards)
      if ((variable.peek() === null) !== wasNull) return false;
    return this.#trace.valueGuards.every(({ read, value }) => Object.is(read(), value));
  }

  /** Runs the program. The first time the effects have happened already, in the trace. */
  run(args: readonly Tensor[], isFirst: boolean): unknown {
    const { effects, reads } = this.#trace;
    const step = this.#step;
    let results: Tensor[];
    let read: (number | boolean)[][];
    let done = isFirst ? effects.length : 0;
    try {
      const bindings = this.#bind(args);
      while (done < effects.length) effects[done++]?.run();
      step.scalars.forEach((node, i) => {
        this.#scalars[i] = node.scalar?.value as number;
      });
      const outputs = step.run(bindings, this.#scalars);
      this.#deliver(bindings, outputs);
      results = this.#resultShapes.map((shape, i) => ofStorage(outputs[i] as Storage, shape));
      read = this.#reads.map((places) => places.map((place) => ofStorage(outputs[place] as Storage, []).item()));
    } catch (error) {
      while (done > 0) effects[--done]?.undo?.();
      throw error;
    }
    reads.forEach(({ take }, i) => {
      take(read[i] as readonly (number | boolean)[]);
    });
    return fillTemplate(this.#template, results);
  }

  #bind(args: readonly Tensor[]): Storage[] {
    const bindings = this.#sources.map((source) => this.#storage(source, args));
    for (const { slot, source } of this.#updates) bindings[slot] = writable(source, bindings[slot] as Storage);
    const written = this.#updates.map(({ slot }) => bindings[slot] as Storage);
    this.#sources.forEach((source, slot) => {
      const storage = bindings[slot] as Storage;
      // The program takes its leaves for different memory.
      if (source.kind === "argument" && written.includes(storage)) bindings[slot] = copyOf(storage);
    });
    return bindings;
  }

  #storage(source: Source, args: readonly Tensor[]): Storage {
    switch (source.kind) {
      case "argument":
        return storageOf(args[source.index] as Tensor);
      case "fixed":
        return source.storage;
      case "grad":
        return storageOf(source.variable.peek() as Tensor);
      case "state": {
        const { cell } = source.state;
        if (!cell.storage) sync([cell.peek()]);
        return cell.storage as Storage;
      }
    }
  }

  #deliver(bindings: readonly Storage[], outputs: readonly Storage[]): void {
    for (const { slot, source } of this.#updates) cellOf(source)?.adopt(bindings[slot] as Storage);
    for (const { variable, value, output } of this.#grads) {
      variable.poke(output < 0 ? value : ofStorage(outputs[output] as Storage, (value as Tensor).shape));
    }
  }

  free(): void {
    this.#step.free();
  }
}

function cellOf(source: Source): Cell | null {
  if (source.kind === "state") return source.state.cell;
  return source.kind === "grad" ? (source.variable.peek()?.cell ?? null) : null;
}

/** The storage itself if nobody else reads it, else a copy that the program may overwrite. */
function writable(source: Source, storage: Storage): Storage {
  const isFree = (cellOf(source)?.isExclusive ?? false) && !isPinned(storage);
  return isFree ? storage : copyOf(storage);
}

function copyOf(storage: Storage): Storage {
  return Storage.from(storage.dtype, storage.copyMemory());
}

function reboundError(handle: Tensor): AutogradError {
  const name = handle.variable?.name;
  const what = name ? `"${name}"` : `a ${handle.dtype} tensor`;
  return new AutogradError(
    `compile: ${what} of shape ${formatShape(handle.shape)} was given other memory after the function was traced; compile the function again, or move the model before compiling`,
    { op: "compile" },
  );
}
