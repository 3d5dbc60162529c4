// Wrong first arguments of all public functions: an error of the family that names the function, never one of JavaScript's own.
import * as gradus from "gradus";
import { GradusError } from "gradus";
import * as formats from "gradus/formats";
import * as func from "gradus/func";
import * as linalg from "gradus/linalg";
import * as nn from "gradus/nn";
import * as functional from "gradus/nn/functional";
import * as vision from "gradus/vision";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const spaces = { gradus, functional, linalg, func, init: nn.init, utils: nn.utils, formats, vision };

/** Neither a tensor nor a number; a text is a path for functions of files, and then one where nothing is. */
const wrong: readonly (readonly [string, unknown])[] = [
  ["a bigint", 5n],
  ["null", null],
  ["a text", "/there/is/no/such/file"],
  ["an object", {}],
];

/** Functions that take what is wrong for others, or nothing, and what they do with it. */
const exceptions: Readonly<Record<string, string>> = {
  ...because("takes any value", "isTensor encodeTorch splitState reason"),
  ...because("takes bigints", "tensor asTensor"),
  ...because("takes nothing", "availableTargets defaultGenerator getAutocastDtype initialSeed isAutocastEnabled"),
  ...because(
    "takes nothing",
    "isGradEnabled isInferenceModeEnabled programCacheStats seed sync targetName targetStatus",
  ),
  ...because("takes nothing", "threadCount"),
  ...because("takes what is true or false of a value", "setGradEnabled"),
  ...because("takes options", "autocast"),
  ...because("takes options alone, for a tensor without dims", "empty ones rand randn zeros"),
  ...because("writes what is no value as None", "saveTorch"),
  ...because("takes an object of arrays or tensors, which may be empty", "encodeNpz encodeSafetensors"),
  ...because("takes a state, which may be empty", "saveCheckpoint joinState"),
};

function because(reason: string, names: string): Record<string, string> {
  return Object.fromEntries(names.split(" ").map((name) => [name, reason]));
}

interface Call {
  readonly name: string;
  readonly fn: (first: unknown) => unknown;
}

function calls(space: object): Call[] {
  return Object.entries(space).flatMap(([name, fn]) =>
    typeof fn === "function" && /^[a-z]/.test(name) && !(name in exceptions) ? [{ name, fn: fn as Call["fn"] }] : [],
  );
}

/** What is wrong with the error of a call; null if nothing is. */
async function fault({ name, fn }: Call, [shown, value]: readonly [string, unknown]): Promise<string | null> {
  try {
    await fn(value);
  } catch (error) {
    if (!(error instanceof GradusError)) return `${name}(${shown}): ${error}`;
    // Aliases go by one name: arcsin says asin.
    return /^[\w.]+: \S/.test(error.message) ? null : `${name}(${shown}): ${error.message}`;
  }
  return `${name}(${shown}) throws nothing`;
}

// Which target computes decides nothing about arguments.
const before = gradus.targetName();
beforeAll(() => {
  gradus.setTarget("interpreter");
});
afterAll(() => {
  gradus.setTarget(before);
});

describe("wrong first arguments", () => {
  test.each(Object.entries(spaces))(
    "%s: given what is no tensor and no number, each function throws its error",
    async (_, space) => {
      const faults = await Promise.all(calls(space).flatMap((call) => wrong.map((value) => fault(call, value))));

      expect(calls(space).length).toBeGreaterThan(5);
      expect(faults.filter((text) => text !== null)).toEqual([]);
    },
  );

  test("given a function that throws an error of JavaScript's own, or none, it is found", async () => {
    const raw: Call = { name: "raw", fn: (x) => (x as { shape: number[] }).shape.length };

    expect(await fault(raw, ["null", null])).toContain("raw(null): TypeError");
    expect(await fault({ name: "silent", fn: () => 1 }, ["null", null])).toBe("silent(null) throws nothing");
  });
});
