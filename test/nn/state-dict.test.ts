// Saving and loading a module's state.
import { ones, tensor, zeros } from "gradus";
import * as nn from "gradus/nn";
import { describe, expect, test } from "vitest";

describe("stateDict", () => {
  test("given a module with buffers, keys are PyTorch's and tensors share memory with the module", () => {
    const norm = new nn.BatchNorm1d(2);
    const state = norm.stateDict();
    expect(Object.keys(state)).toEqual(["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]);
    norm.runningMean!.fill_(5);
    expect(state.running_mean!.toArray()).toEqual([5, 5]);
    expect(state.weight!.requiresGrad).toBe(false);
  });

  test("given a prefix, keys begin with it", () => {
    expect(Object.keys(new nn.Linear(1, 1).stateDict({ prefix: "fc." }))).toEqual(["fc.weight", "fc.bias"]);
  });
});

describe("loadStateDict", () => {
  test("given another module's state, values are copied and the parameters stay the same objects", () => {
    const [a, b] = [new nn.Linear(2, 3), new nn.Linear(2, 3)];
    const { weight } = b;
    expect(b.loadStateDict(a.stateDict())).toEqual({ missingKeys: [], unexpectedKeys: [] });
    expect(b.weight).toBe(weight);
    expect(b.weight.toArray()).toEqual(a.weight.toArray());
    expect(b.weight.requiresGrad).toBe(true);
  });

  test("given missing and unexpected keys, strict loading throws listing them and changes nothing", () => {
    const layer = new nn.Linear(1, 1);
    const before = layer.weight.toArray();
    expect(() => layer.loadStateDict({ weight: ones([1, 1]), extra: ones([1]) })).toThrow(
      "loadStateDict: the state does not fit Linear; missing keys: bias; unexpected keys: extra; pass { strict: false } to load what fits",
    );
    expect(layer.weight.toArray()).toEqual(before);
  });

  test("given only missing or only unexpected keys, strict loading throws", () => {
    const layer = new nn.Linear(1, 1);
    const whole = layer.stateDict();
    expect(() => layer.loadStateDict({ weight: ones([1, 1]) })).toThrow("missing keys: bias; pass");
    expect(() => layer.loadStateDict({ ...whole, extra: ones([1]) })).toThrow("unexpected keys: extra; pass");
  });

  test("given strict: false, what fits is loaded and the rest reported", () => {
    const layer = new nn.Linear(1, 1);
    const result = layer.loadStateDict({ weight: tensor([[7]]), extra: ones([1]) }, { strict: false });
    expect(result).toEqual({ missingKeys: ["bias"], unexpectedKeys: ["extra"] });
    expect(layer.weight.item()).toBe(7);
  });

  test("given a wrong shape, it throws naming key and both shapes, before anything is changed", () => {
    const layer = new nn.Linear(1, 1);
    const before = layer.weight.toArray();
    expect(() => layer.loadStateDict({ weight: zeros([1, 1]), bias: ones([2]) })).toThrow(
      "loadStateDict: bias has shape [2] in the state but [1] in Linear",
    );
    expect(layer.weight.toArray()).toEqual(before);
  });

  test("given another dtype, values are cast, and those out of range are refused", () => {
    const layer = new nn.Linear(1, 1, { bias: false });
    layer.loadStateDict({ weight: tensor([[3n]]) });
    expect(layer.weight.item()).toBe(3);
    expect(() => layer.loadStateDict({ weight: tensor(Float64Array.of(1e300)).view(1, 1) })).toThrow(
      "loadStateDict: weight holds 1e+300, which float32 cannot; convert the state first",
    );
    const norm = new nn.BatchNorm1d(1);
    expect(() => norm.loadStateDict({ num_batches_tracked: tensor(1.5) }, { strict: false })).toThrow(
      "loadStateDict: num_batches_tracked holds 1.5, which int64 cannot; convert the state first",
    );
  });
});
