// Operators and memory forms of the x64 code generator, on each feature set in a process of its own.
import { describe, expect, it } from "vitest";
import { availableTargets } from "../../src/tensor/engine.js";
import { runChild } from "./child.js";

const clean = { status: 0, signal: null, stdout: "", stderr: "" };

describe.each(["x64:avx512", "x64:avx2"] as const)("%s", (target) => {
  it("given each operator, type and lane count, gives the values of plain arithmetic", {
    timeout: 60_000,
  }, async (context) => {
    if (!availableTargets().includes(target)) context.skip("this host lacks it");

    const result = await runChild("x64-ops-cases.ts", { args: [target], env: { GRADUS_DEBUG: "1" } });

    expect(result).toEqual(clean);
  });
});
