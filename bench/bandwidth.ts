// Memory bandwidth of this machine: what 1 or more threads reach when they copy arrays far larger than the caches.
import { Worker } from "node:worker_threads";

const arrayBytes = 128 << 20;
const milliseconds = 400;

// A script of its own: a worker under a TypeScript loader cannot be a .ts file.
const copier = `
const { parentPort, workerData } = require("node:worker_threads");
const from = new Float64Array(workerData.bytes / 8).fill(1);
const to = new Float64Array(from.length).fill(2);
parentPort.once("message", () => {
  const start = performance.now();
  let copies = 0;
  while (performance.now() - start < workerData.milliseconds) {
    to.set(from);
    copies++;
  }
  const seconds = (performance.now() - start) / 1000;
  parentPort.postMessage(2 * copies * workerData.bytes / seconds / 1e9);
});
parentPort.postMessage("ready");
`;

/** Bytes read plus bytes written, in GB/s, of `threads` threads together. */
export async function measureBandwidth(threads: number): Promise<number> {
  const workerData = { bytes: arrayBytes, milliseconds };
  const workers = Array.from({ length: threads }, () => new Worker(copier, { eval: true, execArgv: [], workerData }));
  await Promise.all(workers.map(nextMessage));
  const speeds = workers.map(nextMessage);
  for (const worker of workers) worker.postMessage("go");
  const total = (await Promise.all(speeds)).map(Number).reduce((sum, speed) => sum + speed, 0);
  await Promise.all(workers.map((worker) => worker.terminate()));
  return total;
}

function nextMessage(worker: Worker): Promise<unknown> {
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
}
