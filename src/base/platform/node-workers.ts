// Worker threads of Node. None of them keeps the process alive, and none is ended where that would end the process.
import { Worker, type WorkerOptions } from "node:worker_threads";
import { Gate } from "./node-gate.js";
import type { ModuleWorker, ModuleWorkerOptions, PlatformWorker } from "./platform.js";

const gates = new Set<Gate>();

function closeGates(): void {
  for (const gate of gates) gate.close();
}

class GatedWorker {
  readonly worker: Worker;
  readonly #gate = new Gate();

  constructor(source: string, data: object, options: WorkerOptions) {
    const workerData = { ...data, gradusGate: this.#gate.shared };
    this.worker = new Worker(source, { ...options, eval: true, workerData, name: "gradus" });
    this.worker.unref();
    if (gates.size === 0) process.on("exit", closeGates);
    gates.add(this.#gate);
    this.worker.on("exit", () => {
      gates.delete(this.#gate);
      if (gates.size === 0) process.off("exit", closeGates);
    });
  }

  terminate(): void {
    this.#gate.close();
    void this.worker.terminate();
  }
}

/** Workers start without the parent's loaders (tsx …): their script needs none, and they would cost 100 ms each. */
export function startWorker(source: string, data: object, onFailure: (error: unknown) => void): PlatformWorker {
  const gated = new GatedWorker(source, data, { execArgv: [] });
  gated.worker.on("error", onFailure);
  return { post: (message) => gated.worker.postMessage(message), terminate: () => gated.terminate() };
}

/**
 * The script of a module worker. Node's loaders do not reach worker threads: for modules in TypeScript it asks tsx, which
 * probably runs the program; without it, Node reads what it can.
 */
const moduleWorkerSource = `"use strict";
const { parentPort, workerData } = require("node:worker_threads");
let typescript = null;
async function load(url) {
  if (/\\.[cm]?tsx?$/.test(url)) {
    typescript ??= import("tsx/esm/api").then((tsx) => void tsx.register(), () => {});
    await typescript;
  }
  return import(url);
}
load(workerData.module).then(({ serve }) => serve({
  data: workerData.data,
  post: (message, transfers) => parentPort.postMessage(message, transfers),
  onMessage: (handle) => void parentPort.on("message", handle),
  load,
}));
`;

export function startModuleWorker({ module, data, env, onMessage, onFailure }: ModuleWorkerOptions): ModuleWorker {
  const gated = new GatedWorker(moduleWorkerSource, { module, data }, { env: { ...process.env, ...env } });
  const { worker } = gated;
  let isWanted = true;
  worker.on("message", onMessage);
  worker.on("error", onFailure);
  worker.on("exit", (code) => {
    if (isWanted) onFailure(new Error(`the worker ended with code ${code}`));
  });
  return {
    post: (message, transfers = []) => worker.postMessage(message, [...transfers]),
    hold: (isHeld) => (isHeld ? worker.ref() : worker.unref()),
    terminate() {
      isWanted = false;
      gated.terminate();
    },
  };
}
