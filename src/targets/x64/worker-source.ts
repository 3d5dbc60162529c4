// The script of a pool worker, as text: it loads the same way from sources and from a build.
import { control, word, workerState, workerWord } from "../threads/control.js";

/** What a worker starts with. */
export interface WorkerData {
  readonly control: SharedArrayBuffer;
  /** Address of the control block. */
  readonly block: number;
  /** Index of the worker's line in the control words. */
  readonly line: number;
  /** Address of the driver's `serve`. */
  readonly serve: number;
}

/**
 * The worker is in machine code while there is work, and sleeps in JavaScript: there it can be ended. `serve` comes back
 * soon after the last run.
 */
export function workerSource(functionAt: string): string {
  return `"use strict";
const { control, block, line, serve: address } = require("node:worker_threads").workerData;
const words = new Int32Array(control);
const serve = (${functionAt})(address, 2);
Atomics.store(words, line + ${workerWord.state}, ${workerState.working});
for (;;) {
  serve(block, block + line * 4);
  Atomics.add(words, ${word(control.resting)}, 1);
  Atomics.wait(words, ${word(control.epoch)}, words[line + ${workerWord.seen}]);
  Atomics.sub(words, ${word(control.resting)}, 1);
}
`;
}
