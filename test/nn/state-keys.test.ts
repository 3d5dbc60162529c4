// The rule from field names to state-dict keys.
import { expect, test } from "vitest";
import { snakeCase } from "../../src/base/index.js";
import { stateKeys } from "../../src/nn/state-keys.js";

test.each([
  ["weight", "weight"],
  ["runningMean", "running_mean"],
  ["fcOut", "fc_out"],
  ["numBatchesTracked", "num_batches_tracked"],
  ["conv1", "conv1"],
  ["in_proj", "in_proj"],
  ["Wq", "Wq"],
  ["WqBias", "Wq_bias"],
])("snakeCase: given %s, gives %s", (field, key) => {
  expect(snakeCase(field)).toBe(key);
});

test("stateKeys: given overrides, they win", () => {
  expect(stateKeys("Net", ["fcOut", "weight"], { fcOut: "head" })).toEqual(["head", "weight"]);
});

test("stateKeys: given two fields with one key, throws naming both", () => {
  expect(() => stateKeys("Net", ["fcOut", "fc_out"])).toThrow(
    'Net: fields fcOut and fc_out both have the state-dict key "fc_out"; give one another key in static stateKeys',
  );
});
