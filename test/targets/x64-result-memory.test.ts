// Memory of large results is used again as soon as nobody has them, and never before.
import { beforeAll, describe, expect, it } from "vitest";
import { platform } from "#platform";
import { runChild } from "./child.js";

type Found = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

describe.runIf(platform.native().native !== null)("memory of large results", () => {
  let found: Found = {};
  beforeAll(async () => {
    const { status, signal, stdout, stderr } = await runChild("x64-result-memory.ts");
    expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: "" });
    found = JSON.parse(stdout);
  }, 60_000);

  it("given results dropped in a synchronous loop, they lie in few places that begin with a cache line", () => {
    // Of the last 200 of 8 MB and 1000 of 1 MB; 48 MB between two collections are 6 or 48; while the engine marks more, up to the 256 MB that are held.
    for (const [name, most] of [
      ["reuse", 32],
      ["reuseSmall", 256],
    ] as const) {
      const { places, ...rest } = found[name] as { readonly places: number };
      expect(places, name).toBeLessThanOrEqual(most);
      expect(rest, name).toEqual({ isAligned: true, gc: "undefined" });
    }
  });

  it("given results that live on, nobody else gets their memory, and no more than 256 MB are held for others", () => {
    const { heldMB, ...rest } = found.kept as { readonly heldMB: number };
    expect(rest).toEqual({ isWhole: true, places: 50 });
    expect(heldMB).toBeLessThanOrEqual(256);
  });

  it("given a pause after many results, the system gets their memory back, and they can be used again", () => {
    expect(found.idle).toEqual({ isGivenBack: true, again: [5, 5] });
  });

  it("given tokens that do not show that they are dead, others are tried, and memory is used again", () => {
    const { places, ...rest } = found.otherTokens as { readonly places: number };
    expect(places).toBeLessThanOrEqual(32);
    expect(rest).toEqual({ isFirstTried: true });
  });

  it("given a system that does not tell what is dead, what lives keeps its memory, and later results go without", () => {
    const { isWhole, more } = found.unwatchable as { readonly isWhole: boolean; readonly more: number };
    expect(isWhole).toBe(true);
    expect(more).toBeLessThan(1000);
  });

  it("given several threads at once, each has its own values, and their memory stays bounded", () => {
    const { own, others, peakMB } = found.threads as {
      readonly own: unknown;
      readonly others: unknown;
      readonly peakMB: number;
    };
    const expected = (seed: number) => [24 * seed + 276, seed, seed + 8, seed + 16];
    expect({ own, others }).toEqual({ own: expected(0), others: [1000, 2000].map(expected) });
    expect(peakMB).toBeLessThan(900);
  });
});
