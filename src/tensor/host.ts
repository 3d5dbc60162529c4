// What programs take from JavaScript at each run: numbers, and effects that go with a step.
import type { DType } from "../base/index.js";
import type { Node, RuntimeScalar } from "../graph/index.js";
import { scalar } from "../ops/index.js";
import { Cell } from "./cell.js";
import { onFailure } from "./pending.js";
import { Tensor } from "./tensor.js";

/** Something that a replay of a compiled function does again, in the order of the trace. */
export interface ReplayedEffect {
  run(): void;
  /** Takes the effect back if the program fails. */
  undo?(): void;
}

/** What JavaScript does with values that a program has computed, after each run. */
export interface DeferredRead {
  readonly nodes: readonly Node[];
  take(values: readonly (number | boolean)[]): void;
}

/** What a traced function does beside its graph, in order. */
export interface EffectLog {
  readonly effects: ReplayedEffect[];
  readonly reads: DeferredRead[];
}

let log: EffectLog | null = null;

/** Records effects into `next` while a function is traced; null: no trace. */
export function setEffectLog(next: EffectLog | null): void {
  log = next;
}

/**
 * A change of JavaScript state that belongs to a step (a step count): done now and at each replay of a compiled function;
 * taken back by `undo` if the program that runs next fails.
 */
export function hostEffect(run: () => void, undo?: () => void): void {
  run();
  if (log) log.effects.push(undo ? { run, undo } : { run });
  else if (undo) onFailure(undo);
}

/**
 * Gives the values of 0-d tensors to `take`: now, or in a compiled function after each run of its program, which nothing
 * interrupts. Several such reads come in the order of the trace, and none if the program fails.
 */
export function whenComputed(tensors: readonly Tensor[], take: (values: readonly (number | boolean)[]) => void): void {
  if (log) log.reads.push({ nodes: tensors.map((x) => x.node), take });
  else take(tensors.map((x) => x.item()));
}

/** A node with a number that is read now and at each replay of a compiled function. */
export function runtimeNode(read: () => number, dtype: DType): Node {
  const node = scalar(read(), dtype);
  const slot = node.scalar as RuntimeScalar;
  log?.effects.push({
    run() {
      slot.value = read();
    },
  });
  return node;
}

/** A 0-d tensor of a number that changes from step to step: a learning rate, a factor of the step count. */
export function runtimeScalar(read: () => number, dtype: DType = "float32"): Tensor {
  return new Tensor(Cell.of(runtimeNode(read, dtype)));
}
