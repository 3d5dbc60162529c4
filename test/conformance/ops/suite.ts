// Every op, forward and backward, against frozen PyTorch results: the suite that each target runs in a file of its own, so
// that they run side by side.
import { describe, expect, test } from "vitest";
import { staleDifferences } from "../differences.js";
import { casesBy, loadFamily, manifest, type OpCase } from "../fixtures.js";
import { caseProblems } from "../run-op.js";

const SHOWN = 8;
const families = manifest.families.map((name) => ({ name, family: loadFamily<OpCase>(name) }));

const byOp = (cases: readonly OpCase[]): [string, OpCase[]][] => casesBy(cases, ({ op }) => op);

/** Fails with the first problems spelled out and the number of all. */
function expectNone(problems: readonly string[]): void {
  const shown = problems.slice(0, SHOWN).join("\n");
  expect(problems.length, `${problems.length} problems:\n${shown}\n`).toBe(0);
}

/**
 * Half dtypes are rounded by the same graph on every target, and the few instructions of each are tested by themselves
 * (test/dtypes): beside the interpreter, one case of each third op is enough.
 */
const runsAll = (name: string, target: string): boolean => name !== "narrow" || target === "interpreter";

const covering = (groups: [string, OpCase[]][]): [string, OpCase[]][] =>
  groups.filter((_, i) => i % 3 === 0).map(([op, cases]) => [op, cases.slice(0, 1)]);

export function opSuite(target: string): void {
  for (const { name, family } of families) {
    const groups = byOp(family.cases);
    describe(name, () => {
      test.each(runsAll(name, target) ? groups : covering(groups))(
        "%s: given the fixture inputs, gives PyTorch's values and gradients",
        (_op, cases) => {
          expectNone(cases.flatMap((opCase) => caseProblems(family, opCase)));
        },
        120_000,
      );
    });
  }

  test("known differences: after all cases, each that this target's cases can show has been seen", () => {
    const ofHalves = runsAll("narrow", target);

    expect(staleDifferences({ ofHalves })).toEqual([]);
  });
}

/** Ops as methods: the first case of each, called on its first tensor. After the suite, whose programs it finds in the cache. */
export function methodSuite(): void {
  describe("methods", () => {
    for (const { family } of families) {
      const withMethod = byOp(family.cases).filter(([op]) => manifest.methods.includes(op));
      test.each(withMethod)("x.%s: given the fixture inputs, gives what the function gives", (_op, cases) => {
        expectNone(caseProblems(family, cases[0] as OpCase, true));
      });
    }
  });
}
