// The script of a pool worker, as text: it loads the same way from sources, from a build and inside any bundle.
import { control, faultTextBytes, outcome, word, workerState, workerWord } from "../threads/control.js";

/** How long a worker spins for the next run before it sleeps: the JavaScript between the steps of a plain loop. */
const spinMs = 0.05;
/** How long a browser's worker stays away from its event loop without work. */
const awayMs = 100;

/**
 * Plain JavaScript of a classic script. It watches the number of announced runs and takes part in each new one. Node's
 * workers poll their port for modules; a browser's return to the event loop when a message was posted.
 */
export const workerSource = `"use strict";
const node = typeof require === "function" ? require("node:worker_threads") : null;
const programs = new Map();
let memory, words, line, handled = 0, seen = 0;

function start(data) {
  memory = data.memory;
  words = new Int32Array(memory.buffer, 0, 16384);
  line = data.line;
}

function handle(message) {
  if (message.kind === "load") {
    programs.set(message.id, new WebAssembly.Instance(message.module, { env: { memory } }).exports.run);
  } else programs.delete(message.id);
  handled++;
  Atomics.store(words, line + ${workerWord.handled}, handled);
}

function hasMail() {
  return Atomics.load(words, line + ${workerWord.posted}) !== handled;
}

function poll() {
  while (hasMail()) {
    const received = node.receiveMessageOnPort(node.parentPort);
    if (received) handle(received.message);
  }
}

function fail(error) {
  const text = new TextEncoder().encode(String((error && error.stack) || error)).subarray(0, ${faultTextBytes});
  new Uint8Array(memory.buffer, ${control.faultText}, text.length).set(text);
  Atomics.store(words, ${word(control.faultLength)}, text.length);
  Atomics.store(words, ${word(control.fault)}, 1);
  Atomics.notify(words, ${word(control.phase)});
}

// The command may be of a later run than 'seen'; then joining fails, and the next round tries that one.
function takePart() {
  Atomics.add(words, ${word(control.active)}, 1);
  try {
    if (node) poll();
    // Program, most threads, table, scratch, scratch bytes a thread: what the pool announced.
    const [id, threads, table, scratch, stride] = words.subarray(${word(control.command)}, ${word(control.command) + 5});
    const run = programs.get(id);
    if (run && run(seen, 1, threads, table, scratch, stride) !== ${outcome.notJoined}) {
      Atomics.add(words, ${word(control.joined)}, 1);
    }
  } catch (error) {
    fail(error);
  }
  Atomics.sub(words, ${word(control.active)}, 1);
}

function rest(limitMs) {
  Atomics.add(words, ${word(control.resting)}, 1);
  Atomics.wait(words, ${word(control.epoch)}, seen, limitMs);
  Atomics.sub(words, ${word(control.resting)}, 1);
}

// Returns (browsers only) when it is time for the event loop.
function work() {
  Atomics.store(words, line + ${workerWord.state}, ${workerState.working});
  let idleSince = performance.now();
  for (;;) {
    const epoch = Atomics.load(words, ${word(control.epoch)});
    if (epoch !== seen && (node || !hasMail())) {
      seen = epoch;
      takePart();
      idleSince = performance.now();
      continue;
    }
    const idleMs = performance.now() - idleSince;
    if (!node && (hasMail() || idleMs > ${awayMs})) break;
    if (idleMs > ${spinMs}) rest(node ? Infinity : ${awayMs});
  }
  Atomics.store(words, line + ${workerWord.state}, ${workerState.idle});
}

if (node) {
  start(node.workerData);
  work();
} else {
  self.onmessage = (event) => {
    if (!memory) start(event.data);
    else if (event.data.kind !== "wake") handle(event.data);
    if (!hasMail()) work();
  };
}
`;
