// Right calls of gradus/data, gradus/optim and gradus/vision with one argument or option spoiled: an error of the family, never one of
// JavaScript's own, and never silence.
import { GradusError, setTarget, targetName } from "gradus";
import * as data from "gradus/data";
import * as formats from "gradus/formats";
import * as optim from "gradus/optim";
import * as vision from "gradus/vision";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Arguments, dataCalls, optimCalls, visionCalls } from "./calls.js";
import { dataFileCalls, formatsCalls, noPlace, removeFiles, visionFileCalls } from "./file-calls.js";

const spaces = [
  ["data", data, { ...dataCalls, ...dataFileCalls }],
  ["formats", formats, formatsCalls],
  ["optim", optim, optimCalls],
  ["vision", vision, { ...visionCalls, ...visionFileCalls }],
] as const;

const wrong: Readonly<Record<string, unknown>> = {
  bigint: 5n,
  null: null,
  text: noPlace,
  object: {},
  function: () => 1,
};

/** Base classes, what takes nothing, and what others call. */
const leftOut = [
  "IterableDataset",
  "LRScheduler",
  "Optimizer",
  "Transform",
  "workerInfo",
  "transformImages",
  "rememberInstance",
];

/** Spoiled values that are right. */
const right = [
  // Functions and texts for functions and texts.
  ...["DataLoader collate function", "AveragedModel avgFn function", "CyclicLR scaleFn function", "Lambda 0 function"],
  ...["LambdaLR 1 function", "MultiplicativeLR 1 function", "parseCsv 0 text"],
  "CyclicLR mode text", // which scaleFn replaces
  // Null means what the docstring says.
  ...["LBFGS maxEval null", "LBFGS lineSearchFn null", "CutMix numClasses null", "MixUp numClasses null"],
  ...["AugMix", "AutoAugment", "RandAugment", "TrivialAugmentWide"].map((name) => `${name} fill null`),
  ...["ElasticTransform", "RandomAffine", "RandomPerspective", "RandomRotation"].map((name) => `${name} fill null`),
  ...["RandomAffine center null", "RandomRotation center null", "RandomChoice 1 null", "makeGrid valueRange null"],
  ...["Resize 0 null", "Resize maxSize null"],
  // A dataset's own class says its name and length, for each item.
  ...Object.keys(wrong).flatMap((kind) => [`checkIndex 0 ${kind}`, `checkIndex 2 ${kind}`]),
  // What is written may be anything; an option of an object that is written is a key of it.
  ...Object.keys(wrong).flatMap((kind) => ["encodeTorch", "saveTorch"].map((name) => `${name} weight ${kind}`)),
  ...Object.keys(wrong).flatMap((kind) => [`encodeTorch 0 ${kind}`, `saveTorch 1 ${kind}`]),
  ...Object.keys(wrong).flatMap((kind) => ["saveCheckpoint", "splitState"].map((name) => `${name} epoch ${kind}`)),
  ...["encodeTorch", "saveTorch", "saveCheckpoint", "splitState", "joinState"].map(
    (name) => `${name} an unknown option`,
  ),
  ...["encodeSafetensors metadata object", "save metadata object"], // {}
  // Texts for texts, functions for functions.
  ...["decodeNpy 1", "decodeNpz 1", "decodeSafetensors 1", "decodeTorch 1", "decodeImage 2"].map(
    (what) => `${what} text`,
  ),
  ...[
    "DatasetFolder 1 function",
    "ImageFolder transform function",
    "ImageFolder loader function",
    "mnist transform function",
  ],
  // Arguments for what an export of a module is called with are its own business.
  ...Object.keys(wrong).map((kind) => `fromModule 2 ${kind}`),
];

type Call = (...args: readonly unknown[]) => unknown;

/** What is wrong with what a call throws; null if nothing is. */
async function fault(fn: unknown, name: string, args: readonly unknown[], mayWork: boolean): Promise<string | null> {
  try {
    await (/^[A-Z]/.test(name) ? Reflect.construct(fn as new () => unknown, args) : (fn as Call)(...args));
  } catch (error) {
    const isOurs = error instanceof GradusError && /^[\w.]+: \S/.test(error.message);
    return isOurs ? null : String(error);
  }
  return mayWork ? null : "throws nothing";
}

interface Spoiled {
  readonly what: string;
  readonly args: readonly unknown[];
  readonly mayWork: boolean;
}

function* spoiled(name: string, make: Arguments): Generator<Spoiled> {
  const isOptions = (value: unknown) => Object.getPrototypeOf(value ?? 0) === Object.prototype;
  for (const [i, value] of make().entries()) {
    const at = (replaced: unknown) => make().map((argument, k) => (k === i ? replaced : argument));
    yield { what: `${name} ${i} left out`, args: make().slice(0, i), mayWork: true };
    yield { what: `${name} ${i} undefined`, args: at(undefined), mayWork: true };
    for (const [kind, bad] of Object.entries(wrong)) {
      if (kind === "object" && isOptions(value)) continue;
      yield { what: `${name} ${i} ${kind}`, args: at(bad), mayWork: false };
    }
    if (!isOptions(value)) continue;
    const options = value as Readonly<Record<string, unknown>>;
    yield { what: `${name} an unknown option`, args: at({ ...options, noSuchOption: 1 }), mayWork: false };
    for (const key of Object.keys(options)) {
      yield { what: `${name} ${key} undefined`, args: at({ ...options, [key]: undefined }), mayWork: true };
      for (const [kind, bad] of Object.entries(wrong))
        yield { what: `${name} ${key} ${kind}`, args: at({ ...options, [key]: bad }), mayWork: false };
    }
  }
}

const before = targetName();
beforeAll(() => void setTarget("interpreter"));
afterAll(() => void setTarget(before));
afterAll(removeFiles);

describe.each(spaces)("spoiled calls of gradus/%s", (_, space, calls) => {
  test("given the right calls, they are there for all functions and classes, and work", async () => {
    const names = Object.entries(space).filter(
      ([, value]) => typeof value === "function" && !leftOut.includes(`${value.name}`),
    );
    expect(names.map(([name]) => name).filter((name) => !(name in calls) && !leftOut.includes(name))).toEqual([]);

    for (const [name, make] of Object.entries(calls)) {
      const fn = (space as Readonly<Record<string, unknown>>)[name];
      expect(`${name}: ${await fault(fn, name, make(), true)}`).toBe(`${name}: null`);
    }
  });

  test("given one argument or option spoiled, each throws an error of the family", async () => {
    const faults: string[] = [];
    let count = 0;
    for (const [name, make] of Object.entries(calls)) {
      const fn = (space as Readonly<Record<string, unknown>>)[name];
      for (const { what, args, mayWork } of spoiled(name, make)) {
        count++;
        const found = await fault(fn, name, args, mayWork || right.includes(what));
        if (found !== null) faults.push(`${what}: ${found}`);
      }
    }

    expect(faults).toEqual([]);
    expect(count).toBeGreaterThan(100);
  });
});
