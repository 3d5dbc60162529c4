// Random graphs on the compiled targets: their values against plain loops, and one compiled target against the other.
import fc from "fast-check";
import { programCacheStats } from "gradus";
import { describe, expect, it } from "vitest";
import {
  codeTargets,
  difference,
  type GraphRecipe,
  graphInputs,
  graphOutputs,
  graphRecipe,
  onTarget,
  type Values,
  valuesOf,
  withOtherValues,
} from "./graphs.js";

/** Relative to the largest number of a graph; each of its ops rounds a few times (measured: below 1e-6). */
const floatTolerance = 1e-5;
const settings = { seed: 2026, numRuns: 100 };

/** The same graph with a multiplication by a constant after each step; the constants depend on `shift`. */
function withConstants(recipe: GraphRecipe, shift: number): GraphRecipe {
  const steps = recipe.steps.flatMap((step, i) => [
    step,
    { op: "scale", x: 0, y: 0, p: step.p + shift * (i % 3), q: 0 },
  ]);
  return { ...recipe, steps };
}

const run = (recipe: GraphRecipe) => graphOutputs(recipe, graphInputs(recipe)).map(valuesOf);
const compute = (target: string, recipe: GraphRecipe) => onTarget(target, () => run(recipe));

describe("random graphs", { timeout: 120_000 }, () => {
  it.each(codeTargets)("given float32 ops, %s agrees with the reference", (target) => {
    fc.assert(
      fc.property(graphRecipe("float32"), (recipe) => {
        expect(difference(compute(target, recipe), compute("reference", recipe), floatTolerance)).toBeNull();
      }),
      settings,
    );
  });

  it.each(codeTargets)("given int32 ops, %s equals the reference", (target) => {
    fc.assert(
      fc.property(graphRecipe("int32"), (recipe) => {
        expect(difference(compute(target, recipe), compute("reference", recipe), 0)).toBeNull();
      }),
      settings,
    );
  });

  it("given other values for the same graph, the cached program computes with them", () => {
    fc.assert(
      fc.property(graphRecipe("int32"), (recipe) => {
        const other = withOtherValues(recipe);
        const [compiled, actual] = onTarget("wasm", (): [number, Values[]] => {
          run(recipe);
          const before = programCacheStats().compiles;
          const values = run(other);
          return [programCacheStats().compiles - before, values];
        });

        expect(compiled).toBe(0);
        expect(difference(actual, compute("reference", other), 0)).toBeNull();
      }),
      settings,
    );
  });

  it("given other constants for the same graph, each run computes with its own", () => {
    fc.assert(
      fc.property(graphRecipe("float32", 6), (recipe) => {
        const variants = [0, 1, 2, 0].map((shift) => withConstants(recipe, shift));
        const actual = onTarget("wasm", () => variants.map(run));

        variants.forEach((variant, i) => {
          expect(difference(actual[i] as Values[], compute("reference", variant), floatTolerance)).toBeNull();
        });
      }),
      { ...settings, numRuns: 50 },
    );
  });

  it("given float32 ops, the interpreter of kernels gives the bits of wasm", () => {
    fc.assert(
      fc.property(graphRecipe("float32"), (recipe) => {
        expect(compute("interpreter", recipe)).toEqual(compute("wasm", recipe));
      }),
      { ...settings, numRuns: 60 },
    );
  });

  it("given int32 ops, the interpreter of kernels gives the bits of wasm", () => {
    fc.assert(
      fc.property(graphRecipe("int32"), (recipe) => {
        expect(compute("interpreter", recipe)).toEqual(compute("wasm", recipe));
      }),
      { ...settings, numRuns: 60 },
    );
  });
});
