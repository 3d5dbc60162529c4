// What the browser test runs in a page: the mixing program on the page's main thread and its workers.
import { createWasmTarget, Runtime } from "../../src/targets/index.js";
import { checksum, mixingProgram, runMixing } from "./mixing.js";

export interface PageReport {
  readonly isShared: boolean;
  readonly checksums: readonly number[];
  readonly joins: number;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Runs in bursts with pauses between them, so that workers spin, sleep and return to their event loops. */
async function check(): Promise<PageReport> {
  const runtime = new Runtime({ threads: 2 });
  const target = createWasmTarget({ runtime });
  const found = new Set<number>();
  for (const stages of [12, 12, 12]) {
    const { program, bound } = mixingProgram(stages);
    const executable = target.load(program);
    for (const gapMs of [100, 5, 150, 5]) {
      for (let run = 0; run < 200; run++) found.add(checksum(runMixing(executable, bound)));
      await pause(gapMs);
    }
    executable.free();
  }
  return { isShared: runtime.heap.isShared, checksums: [...found], joins: runtime.pool.joinCount };
}

(globalThis as { check?: typeof check }).check = check;
