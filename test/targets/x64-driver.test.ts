// The x64 driver: threads, claims, late joiners, status, code pages; each case in a process of its own.
import { describe, expect, it } from "vitest";
import { platform } from "#platform";
import { runChild } from "./child.js";

const clean = { status: 0, signal: null, stdout: "", stderr: "" };
const runCase = (name: string, options = {}) => runChild("x64-cases.ts", { args: [name], ...options });

describe.skipIf(platform.native().native === null)("x64 driver", () => {
  it.each([
    ["given 1, 2 and 4 threads, runs with 12 barriers give the bits of plain JavaScript", "threads"],
    ["given many cheap tiles, each runs once, whatever the last claim has left", "claims"],
    ["given two tiles that wait for each other, the second thread joins in the middle of the segment", "late"],
    ["given a run that cannot fail, the caller goes on while it runs, and reading waits for it", "leave"],
    ["given runs that nobody reads, each ends before the next begins and before its code is freed", "unread"],
    ["given cheap checks, run() throws what they find and leaves the rest to the workers", "checks"],
    ["given a status set by one thread, nothing is written in place, and the next run works", "status"],
    ["given a worker that fell asleep, it wakes on another processor than the caller's", "apart"],
    ["given small work, it stays on the calling thread", "small"],
    ["given results of any size, each begins with a cache line, and small ones share buffers", "results"],
    ["given programs, their pages are executable and not writable, and free() gives them back", "pages"],
    ["given several worker threads of Node, each has a pool of its own and the same bits", "workers"],
    ["given a worker thread ended in the middle of its runs, others go on", "terminate"],
  ])("%s", { timeout: 60_000 }, async (_, name) => {
    expect(await runCase(name)).toEqual(clean);
  });

  it("given programs dropped without free(), their pages are given back", async () => {
    expect(await runCase("forgotten", { node: ["--expose-gc"] })).toEqual(clean);
  });

  it("given a wild store, its process ends and this one goes on", async () => {
    expect(await runCase("fault")).toMatchObject({ status: null, signal: "SIGSEGV" });
  });

  it("given process.exit while workers look for work, the process ends with its code", async () => {
    expect(await runCase("exit")).toEqual({ ...clean, status: 3 });
  });

  it("given SIGINT in an endless loop of runs, the process ends", async () => {
    expect(await runCase("endless", { kill: "SIGINT" })).toMatchObject({ status: null, signal: "SIGINT" });
  });
});
