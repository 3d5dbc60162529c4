// Runs a suite once on every CPU target.
import { availableTargets, setTarget } from "gradus";
import { afterAll, beforeAll, describe } from "vitest";

const available = (name: string): boolean => (availableTargets() as readonly string[]).includes(name);

/**
 * CPU targets that run on every Node the project supports, and those of machine code that this host can run. A new target
 * joins the whole suite by a line here. Test files have processes of their own: a fault fails its file, not the run.
 * Long masked vectors are those of AVX-512; where the host lacks it, the interpreter of kernels runs them.
 */
export const CPU_TARGETS: readonly string[] = [
  "interpreter",
  available("x64:avx512") ? "x64:avx512" : "interpreter:wide",
  "wasm",
  ...["x64:avx2"].filter(available),
];

/** Declares `suite` once for each target; its tests run with that target chosen, and the choice is undone afterwards. */
export function forEachTarget(suite: (target: string) => void): void {
  describe.each(CPU_TARGETS)("%s", (target) => {
    let previous: string;
    beforeAll(() => {
      previous = setTarget(target);
    });
    afterAll(() => {
      setTarget(previous);
    });
    suite(target);
  });
}

/**
 * Products of options go through all cases in float64 on the interpreter, which says what a module or optimizer is made of;
 * the other targets run the same graphs, and see a covering part. 17 has no factor in common with the sizes of the products,
 * so that each value of each option comes up.
 */
export const coveringPart = <Case>(cases: readonly Case[], target: string): readonly Case[] =>
  target === "interpreter" ? cases : cases.filter((_, i) => i % 17 === 0);
