// noGrad and its kin: as callbacks, as async callbacks, as `using`.
import { describe, expect, test } from "vitest";
import {
  enableGrad,
  inferenceMode,
  isGradEnabled,
  isInferenceModeEnabled,
  noGrad,
  ones,
  setGradEnabled,
} from "../../src/index.js";

const pause = (ms = 1) => new Promise((resolve) => setTimeout(resolve, ms));

describe("callbacks", () => {
  test("given nested scopes, the innermost holds and each ends with its callback", () => {
    const seen = noGrad(() => [isGradEnabled(), enableGrad(() => isGradEnabled()), isGradEnabled()]);
    expect([...seen, isGradEnabled()]).toEqual([false, true, false, true]);
    expect(setGradEnabled(false, () => isGradEnabled())).toBe(false);
    expect(inferenceMode(() => [isGradEnabled(), isInferenceModeEnabled()])).toEqual([false, true]);
  });

  test("given a callback that throws, the mode ends", () => {
    expect(() =>
      noGrad(() => {
        throw new Error("stop");
      }),
    ).toThrow("stop");
    expect(isGradEnabled()).toBe(true);
  });

  test("given results made inside, they have no history; leaves stay leaves", () => {
    const x = ones([2], { requiresGrad: true });
    expect(noGrad(() => x.mul(2)).requiresGrad).toBe(false);
    expect(noGrad(() => ones([2], { requiresGrad: true })).requiresGrad).toBe(true);
  });
});

describe("async callbacks", () => {
  test("given awaits, the mode holds to the end and not beyond", async () => {
    const seen: boolean[] = [];
    await noGrad(async () => {
      seen.push(isGradEnabled());
      await pause();
      seen.push(isGradEnabled());
      seen.push(enableGrad(() => isGradEnabled()));
      await enableGrad(async () => {
        await pause();
        seen.push(isGradEnabled());
      });
      seen.push(isGradEnabled());
    });
    expect(seen).toEqual([false, false, true, true, false]);
    expect(isGradEnabled()).toBe(true);
  });

  test("given concurrent tasks, each has its own mode", async () => {
    const watch = async (expected: boolean): Promise<boolean> => {
      for (let i = 0; i < 5; i++) {
        if (isGradEnabled() !== expected) return false;
        await pause();
      }
      return true;
    };
    const tasks = [noGrad(() => watch(false)), watch(true), enableGrad(() => watch(true)), noGrad(() => watch(false))];
    expect(isGradEnabled()).toBe(true);
    expect(await Promise.all(tasks)).toEqual([true, true, true, true]);
    expect(isGradEnabled()).toBe(true);
  });

  test("given a rejected callback, the mode ends", async () => {
    await expect(
      noGrad(async () => {
        await pause();
        throw new Error("stop");
      }),
    ).rejects.toThrow("stop");
    expect(isGradEnabled()).toBe(true);
  });
});

describe("using", () => {
  test("given a block, the mode holds to its end", () => {
    const seen: boolean[] = [];
    {
      using _ = noGrad();
      seen.push(isGradEnabled());
      {
        using _inner = enableGrad();
        seen.push(isGradEnabled());
      }
      seen.push(isGradEnabled());
    }
    expect([...seen, isGradEnabled()]).toEqual([false, true, false, true]);
  });

  test("given an async function with awaits inside the block, the mode holds there and the caller gets its own back", async () => {
    const task = async (): Promise<boolean[]> => {
      using _ = noGrad();
      const before = isGradEnabled();
      await pause();
      return [before, isGradEnabled()];
    };
    expect(await task()).toEqual([false, false]);
    expect(isGradEnabled()).toBe(true);
  });

  test("given two async blocks that overlap, each sees its own mode", async () => {
    const task = async (mode: boolean): Promise<boolean> => {
      await pause();
      using _ = setGradEnabled(mode);
      for (let i = 0; i < 4; i++) {
        await pause();
        if (isGradEnabled() !== mode) return false;
      }
      return true;
    };
    expect(await Promise.all([task(false), task(true), task(false)])).toEqual([true, true, true]);
    expect(isGradEnabled()).toBe(true);
  });
});
