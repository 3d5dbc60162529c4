// Gradients of all differentiable functions against central differences in float64, first and second order.
import * as gradus from "gradus";
import { gradcheck, gradgradcheck, manualSeed, setTarget } from "gradus";
import * as linalg from "gradus/linalg";
import * as functional from "gradus/nn/functional";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { elementwise } from "./gradient-cases/elementwise.js";
import { exceptions } from "./gradient-cases/exceptions.js";
import { indexing } from "./gradient-cases/indexing.js";
import type { Case } from "./gradient-cases/inputs.js";
import { layers } from "./gradient-cases/layers.js";
import { losses } from "./gradient-cases/losses.js";
import { products } from "./gradient-cases/products.js";
import { reductions } from "./gradient-cases/reductions.js";
import { shapes } from "./gradient-cases/shapes.js";

const tables = { elementwise, indexing, layers, losses, products, reductions, shapes };
const names = Object.values(tables).flatMap((table) => Object.keys(table));

// Which target runs a rule decides nothing about the rule, and tiny programs cost less where they are not compiled.
const before = gradus.targetName();
beforeAll(() => {
  setTarget("interpreter");
});
afterAll(() => {
  setTarget(before);
});
beforeEach(() => {
  manualSeed(7);
});

for (const [name, table] of Object.entries(tables)) {
  describe(`gradients: ${name}`, () => {
    test.each(Object.entries<Case>(table))(
      "%s: given random float64 inputs, agrees with finite differences, also in second order",
      (_name, [f, ...inputs]) => {
        const leaves = inputs.map((make) => make().detach().requiresGrad_());

        expect(gradcheck(f as never, leaves)).toBe(true);
        expect(gradgradcheck(f as never, leaves)).toBe(true);
      },
    );
  });
}

describe("gradient cases", () => {
  const prefixes = { "": { ...gradus, ...functional }, "linalg.": linalg };
  const functions = new Map<unknown, string[]>();
  for (const [prefix, exports] of Object.entries(prefixes)) {
    for (const [name, value] of Object.entries(exports)) {
      if (typeof value !== "function" || !/^[a-z]/.test(name)) continue; // classes are made of functions
      functions.set(value, [...(functions.get(value) ?? []), prefix + name]);
    }
  }
  const checked = new Set(names.map((name) => name.split(" ")[0] as string));
  const isIn = (list: { has(name: string): boolean }) => (aliases: string[]) => aliases.some((name) => list.has(name));
  const excepted = new Map(Object.entries(exceptions));

  test("given the exports, each function or an alias of it has a case or a reason why not, never both", () => {
    const all = [...functions.values()];

    expect(all.length).toBeGreaterThan(300);
    expect(all.filter((aliases) => !isIn(checked)(aliases) && !isIn(excepted)(aliases))).toEqual([]);
    expect(all.filter((aliases) => isIn(checked)(aliases) && isIn(excepted)(aliases))).toEqual([]);
  });

  test("given the cases and reasons, each name is an export, and no name stands in two tables", () => {
    const exported = new Set([...functions.values()].flat());

    expect([...checked, ...excepted.keys()].filter((name) => !exported.has(name))).toEqual([]);
    expect(names.length).toBe(new Set(names).size);
  });
});
