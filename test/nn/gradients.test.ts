// Gradients of all modules, by inputs and parameters, against central differences in float64.
import { gradcheck, isFloatingPoint, isTensor, manualSeed, setTarget, type Tensor, targetName } from "gradus";
import * as nn from "gradus/nn";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ModuleCase, moduleCases, withoutCase } from "./gradient-cases.js";

// As in test/functions/gradients.test.ts: which target runs a rule decides nothing about the rule.
const before = targetName();
beforeAll(() => {
  setTarget("interpreter");
});
afterAll(() => {
  setTarget(before);
});

/** The float tensors in what a module gives. */
function floatsIn(value: unknown): Tensor[] {
  if (isTensor(value)) return isFloatingPoint(value) ? [value] : [];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(floatsIn) : [];
}

function check({ make, inputs, args = (...x) => x }: ModuleCase): boolean {
  const module = make().to("float64");
  const names = [...module.namedParameters()].map(([name]) => name);
  const values = [...module.parameters()].map((p) => p.detach().clone().requiresGrad_());
  const given = inputs.map((input) => input().detach().requiresGrad_());
  const call = (...leaves: Tensor[]) => {
    manualSeed(3); // the same draws at each call
    const parameters = Object.fromEntries(names.map((name, i) => [name, leaves[given.length + i] as Tensor]));
    return floatsIn(nn.functionalCall(module, parameters, args(...leaves.slice(0, given.length)) as never));
  };
  return gradcheck(call, [...given, ...values]);
}

describe("gradients of modules", () => {
  test.each(Object.entries(moduleCases))(
    "%s: given random float64 inputs and parameters, agrees with finite differences",
    (_name, item) => {
      manualSeed(11);
      expect(check(item)).toBe(true);
    },
  );

  test("given the exports, each module has a case or a reason why not, never both", () => {
    const modules = Object.entries(nn)
      .filter(([, value]) => typeof value === "function" && value.prototype instanceof nn.Module)
      .map(([name]) => name);

    expect(modules.length).toBeGreaterThan(140);
    expect([...Object.keys(moduleCases), ...Object.keys(withoutCase)].sort()).toEqual(modules.sort());
  });

  test("given a module with a wrong gradient, it is found", () => {
    class Wrong extends nn.Module {
      forward(x: Tensor): Tensor {
        return x.mul(x.detach());
      }
    }
    expect(() => check({ make: () => new Wrong(), inputs: [() => moduleCases.Tanh?.inputs[0]?.() as Tensor] })).toThrow(
      "gradcheck: d output 0",
    );
  });
});
