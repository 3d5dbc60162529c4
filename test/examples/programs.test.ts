// The programs of examples/ and their PyTorch twins: from the same weights and draws they have the same losses.
import { readFileSync } from "node:fs";
import { setTarget } from "gradus";
import { expect, test } from "vitest";
import { Draws } from "./draws.js";
import { programs, type Run } from "./programs.js";

type Losses = readonly (number | readonly number[])[];

const frozen: Record<string, Record<"float64" | "float32", Losses>> = JSON.parse(
  readFileSync(new URL("../fixtures/examples/losses.json", import.meta.url), "utf8"),
);

/** Largest relative difference of the losses of all steps. */
function largestDifference(run: Run, expected: Losses): number {
  let largest = 0;
  expected.forEach((losses, step) => {
    const result = run(step);
    const ours = (Array.isArray(result) ? result : [result]).map((loss) => loss.item() as number);
    const theirs = [losses].flat();
    expect(ours.length).toBe(theirs.length);
    ours.forEach((value, i) => {
      largest = Math.max(largest, Math.abs(value - theirs[i]!) / Math.abs(theirs[i]!));
    });
  });
  return largest;
}

test.each(Object.entries(programs))(
  "%s: has the losses of its PyTorch twin",
  { timeout: 120_000 },
  async (name, build) => {
    const { float64, float32 } = frozen[name]!;
    expect([float64.length, float32.length]).toEqual([50, 5]);

    expect(largestDifference(await build(new Draws(name, "float64")), float64)).toBeLessThan(1e-9);
    expect(largestDifference(await build(new Draws(name, "float32")), float32)).toBeLessThan(1e-4);
  },
);

// Quick ones, on targets that the machine does not choose by itself.
test.each([
  ["recommend", "wasm"],
  ["recommend", "interpreter"],
  ["vae", "wasm"],
])("%s on %s: has the losses of its PyTorch twin", async (name, target) => {
  const previous = setTarget(target);
  try {
    const run = await programs[name]!(new Draws(name, "float64"));

    expect(largestDifference(run, frozen[name]!.float64)).toBeLessThan(1e-9);
  } finally {
    setTarget(previous);
  }
});
