// Runs a suite once on every CPU target.
import { setTarget } from "gradus";
import { afterAll, beforeAll, describe } from "vitest";

/** CPU targets that run on every Node the project supports. A new target joins the whole suite by a line here. */
export const CPU_TARGETS = ["interpreter", "interpreter:wide", "wasm"] as const;

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
