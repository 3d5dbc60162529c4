// States of optimizers from PyTorch and to PyTorch (test/fixtures/optimizer-state.py and .ts).
import { readFileSync } from "node:fs";
import { allclose, isTensor, type Tensor } from "gradus";
import { decodeTorch, encodeTorch } from "gradus/formats";
import { SGD, type TorchOptimizerState } from "gradus/optim";
import { describe, expect, test } from "vitest";
import { newParams, optimizers, train } from "./torch-state-cases.js";

const read = (name: string) => decodeTorch(readFileSync(new URL(`../fixtures/torch/${name}`, import.meta.url)));

interface FromTorch {
  readonly state: TorchOptimizerState;
  readonly params: readonly Tensor[];
  readonly after: readonly Tensor[];
  readonly fromGradus: readonly Tensor[];
}

const torch = read("optimizers.pt") as Record<string, FromTorch>;
const written = read("optimizers-gradus.pt") as Record<string, unknown>;

/** Five steps in float64, and NAdam and ASGD keep factors in float32 on both sides. */
const close = { rtol: 1e-9, atol: 1e-11 };

/**
 * Of a weight after two steps. PyTorch's Muon works out its directions, of size 1, in bfloat16 (2^-8 in each of five iterations, whose
 * coefficients sum to 10); its rate here is 0.001 · √(3 / 2).
 */
const inBfloat16 = { rtol: 0, atol: (2 * 0.001 * Math.sqrt(1.5) * 10) / 2 ** 8 };

function expectClose(name: string, found: readonly Tensor[], expected: readonly Tensor[]): void {
  expect(found.length).toBe(expected.length);
  found.forEach((x, i) => {
    const tolerance = name === "Muon" ? inBfloat16 : close;
    expect(allclose(x.detach(), expected[i] as Tensor, tolerance)).toBe(true);
  });
}

/** Equal trees, numbers and tensors to `close`. */
function same(found: unknown, expected: unknown, path: string): void {
  if (isTensor(expected)) {
    const x = found as Tensor;
    expect([x.dtype, x.shape], path).toEqual([expected.dtype, expected.shape]);
    expect(allclose(x, expected, close), path).toBe(true);
  } else if (typeof expected === "number") {
    expect(Math.abs((found as number) - expected), path).toBeLessThanOrEqual(1e-9 * (1 + Math.abs(expected)));
  } else if (typeof expected === "object" && expected !== null) {
    expect(Object.keys(found as object), path).toEqual(Object.keys(expected));
    for (const [key, value] of Object.entries(expected))
      same((found as Record<string, unknown>)[key], value, `${path}.${key}`);
  } else expect(found, path).toBe(expected);
}

describe.each(Object.entries(optimizers))("%s", (name, make) => {
  test("given the state of PyTorch's optimizer, goes on as PyTorch does", () => {
    const { state, params: before, after } = torch[name] as FromTorch;
    const params = before.map((x) => x.clone().detach().requiresGrad_());
    const optimizer = make(params);
    for (const group of optimizer.paramGroups) group.lr = 7; // the rate comes from the state
    optimizer.loadStateDict(state);
    // All tensors of the file are there, whatever comes of them.
    const own = decodeTorch(encodeTorch(optimizer.torchStateDict())) as { state: Record<string, object> };
    for (const [key, entries] of Object.entries(state.state)) {
      for (const [entry, value] of Object.entries(entries)) {
        if (!isTensor(value) || value.ndim === 0) continue;
        expect(allclose((own.state[key] as Record<string, Tensor>)[entry] as Tensor, value, { rtol: 0, atol: 0 })).toBe(
          true,
        );
      }
    }
    train(optimizer, params, 3, 5);
    expectClose(name, params, after);
  });

  test("writes the state that PyTorch went on from, and goes on like it", () => {
    const params = newParams();
    const optimizer = make(params);
    train(optimizer, params, 0, 3);
    same(decodeTorch(encodeTorch(optimizer.torchStateDict())), (written[name] as FromTorch).state, name);
    train(optimizer, params, 3, 5);
    expectClose(name, params, (torch[name] as FromTorch).fromGradus);
  });
});

test("given a momentum of None, the parameter has no state yet; a rate in a tensor is a number", () => {
  const params = newParams();
  const optimizer = new SGD(params, { lr: 0.1, momentum: 0.9 });
  const [group] = optimizer.torchStateDict().param_groups;
  const rate = (torch.SGD as FromTorch).after[1] as Tensor;
  optimizer.loadStateDict({
    state: { 0: { momentum_buffer: null } },
    param_groups: [{ ...group, lr: rate.select(0, 0), foreach: true }],
  });
  expect(optimizer.stateDict().state).toEqual({});
  expect(optimizer.paramGroups[0]?.lr).toBe(rate.select(0, 0).item());
  expect(optimizer.paramGroups[0]).not.toHaveProperty("foreach");
});
