// A process that ends while a worker loads the addon of native calls ends with its own code, not with a fatal error of the addon.
import { describe, expect, it } from "vitest";
import { runChild } from "../targets/child.js";

const run = (how: string) => runChild("../base/node-gate-cases.ts", { args: [how] });
const clean = { status: 0, signal: null, stderr: "" };

describe("threads inside the addon", () => {
  it("given the end of the process, it waits until they have left", async () => {
    expect(await run("exit")).toEqual({ ...clean, stdout: "left ended" });
  });

  it("given terminate(), it waits until they have left, and they never get in again", async () => {
    expect(await run("terminate")).toEqual({ ...clean, stdout: "left terminated " });
  });
});
