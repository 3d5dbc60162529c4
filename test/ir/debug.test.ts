// GRADUS_DEBUG: what compiling shows at its levels.

import { afterEach, expect, it, vi } from "vitest";
import { platform } from "#platform";
import { clearProgramCache, runStep } from "../../src/compiler/index.js";
import { add } from "../../src/ops/index.js";
import { createInterpreter } from "../../src/targets/index.js";
import { tensor } from "../ops/nodes.js";

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

function warningsOf(level: string): string[] {
  vi.stubEnv("GRADUS_DEBUG", level);
  const warn = vi.spyOn(platform, "warn").mockImplementation(() => {});
  clearProgramCache();
  runStep({ outputs: [add(tensor([1, 2]), tensor([3, 4]))], updates: [] }, createInterpreter());
  return warn.mock.calls.map(([text]) => text);
}

it("GRADUS_DEBUG: given level 3, prints each program once it is compiled; lower levels print none", () => {
  expect(warningsOf("3")).toEqual([expect.stringMatching(/^program step\d+: 3 bound.*kernel add\(/s)]);
  vi.restoreAllMocks();
  expect(warningsOf("2")).toEqual([]);
});
