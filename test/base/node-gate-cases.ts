// Ends threads that are inside the addon: `node-gate-cases.ts exit|terminate` prints what they still did.
import { writeSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { gatedSource } from "../../src/base/platform/node-gate.js";
import { startWorker } from "../../src/base/platform/node-workers.js";

/** Says so when it is inside, and again, some time later, before it leaves. Never comes to its last line. */
const source = `
const { writeSync } = require("node:fs");
const state = new Int32Array(require("node:worker_threads").workerData.state);
const advance = (to) => { Atomics.store(state, 0, to); Atomics.notify(state, 0); };
${gatedSource(`
  advance(1);
  Atomics.wait(state, 0, 1, 200);
  writeSync(1, "left ");
`)};
advance(2);
Atomics.wait(state, 0, 2);
${gatedSource(`writeSync(1, "again ")`)};
`;
const fail = (error: unknown) => {
  throw error;
};

const shared = new SharedArrayBuffer(4);
const state = new Int32Array(shared);
const worker = startWorker(source, { state: shared }, fail);
Atomics.wait(state, 0, 0);
if (process.argv[2] === "exit") process.on("exit", () => writeSync(1, "ended"));
else {
  worker.terminate();
  writeSync(1, "terminated ");
  Atomics.store(state, 0, 3);
  Atomics.notify(state, 0);
  await pause(50);
}
process.exit(0);
