// The script of a pool worker, as text: it loads the same way from sources, from a build and inside any bundle.
import { control, faultTextBytes } from "./layout.js";

/** States of a worker's line in the control block. */
export const workerState = {
  starting: 0,
  /** Spinning on its state word. */
  ready: 1,
  /** Asleep on its state word. */
  sleeping: 2,
  /** Taken for a run that has not started. */
  reserved: 3,
  /** Running, or about to. */
  claimed: 4,
  /** In its event loop (browsers): needs a message to come back. */
  idle: 5,
  /** A message is under way. */
  waking: 6,
} as const;

/** Words of a worker's line. */
export const workerWord = { state: 0, thread: 1, handled: 2, posted: 3 } as const;

/** How long a worker spins for its next run: the time between the steps of a plain loop. */
const spinMs = 0.05;
/** How long a browser's worker stays out of its event loop. */
const awayMs = 100;

/**
 * Plain JavaScript of a classic script. It waits on its state word, runs the commanded program's `run` and goes back to
 * waiting. Node's workers poll their port for modules; a browser's return to the event loop when a message was posted.
 */
export const workerSource = `"use strict";
const node = typeof require === "function" ? require("node:worker_threads") : null;
const programs = new Map();
let memory, words, line, handled = 0;

function start(data) {
  memory = data.memory;
  words = new Int32Array(memory.buffer, 0, ${(1 << 16) / 4});
  line = data.line;
}

function handle(message) {
  if (message.kind === "load") {
    programs.set(message.id, new WebAssembly.Instance(message.module, { env: { memory } }).exports.run);
  } else if (message.kind === "free") programs.delete(message.id);
  handled++;
  Atomics.store(words, line + ${workerWord.handled}, handled);
}

function poll() {
  if (!node) return;
  while (handled !== Atomics.load(words, line + ${workerWord.posted})) {
    const received = node.receiveMessageOnPort(node.parentPort);
    if (received) handle(received.message);
  }
}

function fail(error) {
  const text = new TextEncoder().encode(String((error && error.stack) || error)).subarray(0, ${faultTextBytes});
  new Uint8Array(memory.buffer, ${control.faultText}, text.length).set(text);
  Atomics.store(words, ${control.faultLength / 4}, text.length);
  Atomics.store(words, ${control.fault / 4}, 1);
  Atomics.notify(words, ${control.generation / 4});
}

function runOnce() {
  try {
    poll();
    const [id, threads, table, scratch, stride] = words.subarray(${control.command / 4}, ${control.command / 4 + 5});
    const thread = words[line + ${workerWord.thread}];
    programs.get(id)(thread, threads, table, scratch + thread * stride);
  } catch (error) {
    fail(error);
  }
  Atomics.store(words, line, ${workerState.ready});
}

// True when claimed; false (browsers only) when it is time for the event loop.
function waitForClaim() {
  const begin = performance.now();
  let spinEnd = begin + ${spinMs};
  for (;;) {
    const state = Atomics.load(words, line);
    if (state === ${workerState.claimed}) return true;
    if (state === ${workerState.reserved} || performance.now() < spinEnd) continue;
    const mail = Atomics.load(words, line + ${workerWord.posted}) !== handled;
    if (!node && (mail || performance.now() > begin + ${awayMs})) {
      if (Atomics.compareExchange(words, line, ${workerState.ready}, ${workerState.idle}) === ${workerState.ready}) return false;
      continue;
    }
    if (Atomics.compareExchange(words, line, ${workerState.ready}, ${workerState.sleeping}) !== ${workerState.ready}) continue;
    Atomics.wait(words, line, ${workerState.sleeping}, node ? Infinity : ${awayMs});
    Atomics.compareExchange(words, line, ${workerState.sleeping}, ${workerState.ready});
    spinEnd = 0;
  }
}

function work() {
  Atomics.store(words, line, ${workerState.ready});
  while (waitForClaim()) runOnce();
}

if (node) {
  start(node.workerData);
  work();
} else {
  self.onmessage = (event) => {
    if (!memory) start(event.data);
    else if (event.data.kind !== "wake") handle(event.data);
    if (Atomics.load(words, line + ${workerWord.posted}) === handled) work();
  };
}
`;
