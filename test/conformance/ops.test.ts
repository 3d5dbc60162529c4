// Every op, forward and backward, on every target, against frozen PyTorch results.
import { describe, expect, test } from "vitest";
import { staleDifferences } from "./differences.js";
import { casesBy, loadFamily, manifest, type OpCase } from "./fixtures.js";
import { caseProblems } from "./run-op.js";
import { forEachTarget } from "./targets.js";

const SHOWN = 8;
const families = manifest.families.map((name) => ({ name, family: loadFamily<OpCase>(name) }));

const byOp = (cases: readonly OpCase[]) => casesBy(cases, ({ op }) => op);

/** Fails with the first problems spelled out and the number of all. */
function expectNone(problems: readonly string[]): void {
  const shown = problems.slice(0, SHOWN).join("\n");
  expect(problems.length, `${problems.length} problems:\n${shown}\n`).toBe(0);
}

/**
 * Half dtypes are rounded by the same graph on every target, and the few instructions of each are tested by themselves
 * (test/dtypes): beside the interpreter, one case of each third op is enough.
 */
const covering = (name: string, target: string, groups: [string, OpCase[]][]): [string, OpCase[]][] =>
  name !== "narrow" || target === "interpreter"
    ? groups
    : groups.filter((_, i) => i % 3 === 0).map(([op, cases]) => [op, cases.slice(0, 1)]);

forEachTarget((target) => {
  for (const { name, family } of families) {
    describe(name, () => {
      test.each(covering(name, target, byOp(family.cases)))(
        "%s: given the fixture inputs, gives PyTorch's values and gradients",
        (_op, cases) => {
          expectNone(cases.flatMap((opCase) => caseProblems(family, opCase)));
        },
        120_000,
      );
    });
  }
});

describe("methods", () => {
  for (const { family } of families) {
    const withMethod = byOp(family.cases).filter(([op]) => manifest.methods.includes(op));
    test.each(withMethod)("x.%s: given the fixture inputs, gives what the function gives", (_op, cases) => {
      expectNone(caseProblems(family, cases[0] as OpCase, true));
    });
  }
});

test("known differences: after all cases, each has been seen", () => {
  expect(staleDifferences()).toEqual([]);
});
