// Backward through random graphs: targets that compile to code against plain loops, and the interpreter of kernels against wasm.
import fc from "fast-check";
import { arange, type Tensor } from "gradus";
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
} from "./graphs.js";

/** Relative to the largest of the loss and all gradients. */
const tolerance = 1e-5;

/** Σ output · weights, with weights that differ, so that no gradient vanishes by symmetry. */
function weightedSum(x: Tensor): Tensor {
  const weights = arange(0, x.numel()).mul(0.7).sin().add(0.25);
  return x.reshape(-1).mul(weights).sum();
}

/** The loss over the graph's outputs, and the gradients of its inputs: zeros for those that it does not use. */
function lossAndGradients(target: string, recipe: GraphRecipe): Values[] {
  return onTarget(target, () => {
    const inputs = graphInputs(recipe, true);
    const outputs = graphOutputs(recipe, inputs).filter((x) => x.requiresGrad);
    const [first, ...others] = outputs.map(weightedSum);
    if (!first) return [];
    const loss = others.reduce((total, part) => total.add(part), first);
    loss.backward();
    return [loss, ...inputs.map((x) => x.grad ?? x.detach().mul(0))].map(valuesOf);
  });
}

describe("gradients of random graphs", { timeout: 120_000 }, () => {
  it.each(codeTargets)("given float32 ops, %s agrees with the reference", (target) => {
    fc.assert(
      fc.property(graphRecipe("float32", 8), (recipe) => {
        const [actual, expected] = [lossAndGradients(target, recipe), lossAndGradients("reference", recipe)];
        expect(difference(actual, expected, tolerance)).toBeNull();
      }),
      { seed: 2026, numRuns: 80 },
    );
  });

  it("given float32 ops, the interpreter of kernels gives the bits of wasm", () => {
    fc.assert(
      fc.property(graphRecipe("float32", 6), (recipe) => {
        expect(lossAndGradients("interpreter", recipe)).toEqual(lossAndGradients("wasm", recipe));
      }),
      { seed: 2027, numRuns: 40 },
    );
  });
});
