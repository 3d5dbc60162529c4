// GRADUS_DEBUG_BOUNDS: an access outside of its buffer is not made, and the error says where it was.
import { describe, expect, it } from "vitest";
import { platform } from "#platform";
import { nativeTargets } from "../../../src/targets/x64/target.js";
import { runChild } from "../child.js";

describe.skipIf(platform.native().native === null).each(nativeTargets.names)("checked bounds on %s", (name) => {
  it.skipIf(nativeTargets.unavailable(name) !== null)(
    "given programs that stay inside, they run; given one that does not, the error names access, place and buffer",
    { timeout: 60_000 },
    async () => {
      const { status, stdout, stderr } = await runChild("x64/bounds-cases.ts", {
        args: [name],
        env: { GRADUS_DEBUG_BOUNDS: "1", GRADUS_DEBUG: "1" },
      });

      const debug = expect.stringMatching(/^gradus: cpu runs as \S+ on \d+ threads?\n$/);
      expect({ status, stderr }).toEqual({ status: 0, stderr: debug });
      const outcomes = JSON.parse(stdout);
      expect(outcomes).toMatchObject({ sums: "equal", inside: "ran", guardedInside: "ran", prefetchedOutside: "ran" });
      const behind = (offset: number) =>
        new RegExp(`^internal: kernel kernel: .+ at byte ${offset} of buffer (a|out), which has 400 bytes\\.`);
      expect(outcomes.scalarBehind).toMatch(behind(400));
      expect(outcomes.scalarBefore).toMatch(behind(-4));
      expect(outcomes.vectorAcross).toMatch(behind(384));
      expect(outcomes.farAway).toMatch(behind(2 ** 30));
      expect(outcomes.guardedAcross).toMatch(behind(400));
    },
  );
});
