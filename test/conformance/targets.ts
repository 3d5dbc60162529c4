// Runs a suite once on every CPU target.
import { availableTargets, setTarget } from "gradus";
import { afterAll, beforeAll, describe } from "vitest";

const EVERYWHERE: readonly string[] = ["interpreter", "interpreter:wide", "wasm"];
const NATIVE: readonly string[] = ["x64:avx512", "x64:avx2"];

/**
 * CPU targets that run on every Node the project supports, and those of machine code that this host can run. A new target
 * joins the whole suite by a line here. Test files have processes of their own: a fault fails its file, not the run.
 */
export const CPU_TARGETS: readonly string[] = [
  ...EVERYWHERE,
  ...NATIVE.filter((name) => (availableTargets() as readonly string[]).includes(name)),
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
