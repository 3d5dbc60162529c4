// Runs a suite once on every CPU target, in one file or, where it is long, in a file a target.
import { availableTargets, setTarget } from "gradus";
import { afterAll, beforeAll, describe, test } from "vitest";

const available = (name: string): boolean => (availableTargets() as readonly string[]).includes(name);

/** Long masked vectors are those of AVX-512; where the host lacks it, the interpreter of kernels runs them. */
export const LONG_VECTORS = available("x64:avx512") ? "x64:avx512" : "interpreter:wide";

/**
 * CPU targets that run on every Node the project supports, and those of machine code that this host can run. A new target
 * joins the whole suite by a line here and a file in each folder of `onTarget`. Test files have processes of their own: a
 * fault fails its file, not the run.
 */
export const CPU_TARGETS: readonly string[] = ["interpreter", LONG_VECTORS, "wasm", ...["x64:avx2"].filter(available)];

/** Declares `suite` for one target; its tests run with that target chosen, and the choice is undone afterwards. */
export function onTarget(target: string, suite: (target: string) => void): void {
  describe(target, () => {
    if (!CPU_TARGETS.includes(target)) {
      test("the target", (context) => context.skip(`this host cannot run ${target}`));
      return;
    }
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

/** Declares `suite` once for each target. */
export function forEachTarget(suite: (target: string) => void): void {
  for (const target of CPU_TARGETS) onTarget(target, suite);
}

/**
 * Products of options go through all cases in float64 on the interpreter, which says what a module or optimizer is made of;
 * the other targets run the same graphs, and see a covering part. 17 has no factor in common with the sizes of the products,
 * so that each value of each option comes up.
 */
export const coveringPart = <Case>(cases: readonly Case[], target: string): readonly Case[] =>
  target === "interpreter" ? cases : cases.filter((_, i) => i % 17 === 0);
