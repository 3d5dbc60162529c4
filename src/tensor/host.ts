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

let log: ReplayedEffect[] | null = null;

/** Records effects into `next` while a function is traced; null: no trace. */
export function setEffectLog(next: ReplayedEffect[] | null): void {
  log = next;
}

/**
 * A change of JavaScript state that belongs to a step (a step count): done now and at each replay of a compiled function;
 * taken back by `undo` if the program that runs next fails.
 */
export function hostEffect(run: () => void, undo?: () => void): void {
  run();
  if (log) log.push(undo ? { run, undo } : { run });
  else if (undo) onFailure(undo);
}

/** A node with a number that is read now and at each replay of a compiled function. */
export function runtimeNode(read: () => number, dtype: DType): Node {
  const node = scalar(read(), dtype);
  const slot = node.scalar as RuntimeScalar;
  log?.push({
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
