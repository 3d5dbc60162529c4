// GRADUS_DEBUG: what compiling shows at its levels.

import { afterEach, expect, it, vi } from "vitest";
import { platform } from "#platform";
import { clearProgramCache, runStep } from "../../src/compiler/index.js";
import { add, sum } from "../../src/ops/index.js";
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

const graph =
  "step of 3 nodes:\n%0 = storage(): float32[2]\n%1 = storage(): float32[2]\n%2 = add(%0, %1): float32[2]\ngives %2";

it("GRADUS_DEBUG: given level 3, prints each graph and the program it is compiled to; 2 the graph; 1, a word and 0 neither", () => {
  expect(warningsOf("3")).toEqual([graph, expect.stringMatching(/^program step\d+: 3 bound.*kernel add\(/s)]);
  vi.restoreAllMocks();
  expect(warningsOf("2")).toEqual([graph]);
  vi.restoreAllMocks();
  for (const level of ["1", "yes", "0"]) expect(warningsOf(level)).toEqual([]);
});

it("GRADUS_DEBUG: given updates, numbers and attributes, the graph has them", () => {
  vi.stubEnv("GRADUS_DEBUG", "2");
  const warn = vi.spyOn(platform, "warn").mockImplementation(() => {});
  const weight = tensor([1, 2]);
  runStep({ outputs: [], updates: [{ value: add(weight, sum(weight, [0])), target: weight }] }, createInterpreter());
  expect(warn.mock.calls.map(([text]) => text)).toEqual([
    "step of 3 nodes:\n%0 = storage(): float32[2]\n%1 = sum(%0, dims: [0]): float32[]\n%2 = add(%0, %1): float32[2]\nwrites %2 over %0",
  ]);
});
