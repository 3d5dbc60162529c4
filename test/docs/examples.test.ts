// Examples in docstrings, README.md and docs/ are right: they compile, run, and give the values that their comments say.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chdir, cwd } from "node:process";
import { pathToFileURL } from "node:url";
import * as gradus from "gradus";
import * as data from "gradus/data";
import * as formats from "gradus/formats";
import * as func from "gradus/func";
import * as linalg from "gradus/linalg";
import * as nn from "gradus/nn";
import * as functional from "gradus/nn/functional";
import * as optim from "gradus/optim";
import * as vision from "gradus/vision";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { entryPoints, programOf } from "../../scripts/docs/public-symbols.js";
import { docstringExamples, type Example, pageExamples } from "./examples/collect.js";
import { given, writeFiles } from "./examples/given.js";
import { exportsOf, moduleOf, typeErrors } from "./examples/module.js";
import { run, valueIn } from "./examples/run.js";

const modules = {
  gradus,
  "gradus/data": data,
  "gradus/formats": formats,
  "gradus/func": func,
  "gradus/linalg": linalg,
  "gradus/nn": nn,
  "gradus/nn/functional": functional,
  "gradus/optim": optim,
  "gradus/vision": vision,
  "./given.js": { given },
};

describe("examples", () => {
  const program = programOf(entryPoints());
  const exports = exportsOf(program);
  const module = (example: Example) => moduleOf(example, exports, Object.keys(given));
  const examples = [...docstringExamples(program), ...pageExamples()];

  let before: string;

  beforeAll(async () => {
    before = cwd();
    chdir(mkdtempSync(join(tmpdir(), "gradus-examples-")));
    await writeFiles(cwd());
  });

  afterAll(() => {
    const folder = cwd();
    chdir(before);
    rmSync(folder, { recursive: true });
  });

  test("given all examples, the compiler has nothing against them", { timeout: 120_000 }, () => {
    expect(examples.length).toBeGreaterThan(200);
    expect(typeErrors(new Map(examples.map((example) => [example.place, module(example)])), program)).toEqual([]);
  });

  test("given all examples, each runs and gives the values it says", { timeout: 120_000 }, async () => {
    const problems: string[] = [];
    let compared = 0;
    for (const example of examples) {
      gradus.manualSeed(1);
      const outcome = await run(module(example), modules, pathToFileURL(join(cwd(), "example.js")).href);
      gradus.sync();
      compared += outcome.compared;
      problems.push(...outcome.problems.map((problem) => `${example.place}: ${problem}`));
    }

    expect(problems).toEqual([]);
    expect(compared).toBeGreaterThan(90);
  });

  test("given wrong examples, the compiler or the run finds them", async () => {
    const found = async (code: string) => {
      const text = module({ place: "here", entry: "gradus", code });
      const { problems } = await run(text, modules, import.meta.url);
      return [...typeErrors(new Map([["here", text]]), program), ...problems];
    };

    expect(await found("tensor([1, 2]).mul(3) // [3, 6]")).toEqual([]);
    expect(await found("tensor([1, 2]).mul(3) // [3, 7]")).toEqual(["gives [3,6], not [3, 7]"]);
    expect(await found("console.log(ones([2]).shape); // [3], as said")).toEqual(["gives [2], not [3]"]);
    expect(await found("tensor([1, 2]).add(ones([3]))")).toEqual([expect.stringContaining("throws ShapeError: add")]);
    expect(await found("tensor([1, 2]).muls(3)")).toEqual([
      expect.stringContaining("here: Property 'muls' does not exist"),
      expect.stringContaining("throws TypeError"),
    ]);
    expect(await found("nowhere(ones([3]))")).toEqual([
      "here: Cannot find name 'nowhere'.",
      "throws ReferenceError: nowhere is not defined",
    ]);
  });

  test("given comments, values are told from words", () => {
    const comments = [
      "[2, 3]",
      "[2, 3] of two",
      "0, once all were seen",
      "tensor([2])",
      "the identity",
      "[values, indices]",
      "3rd",
    ];

    expect(comments.map(valueIn)).toEqual(["[2, 3]", "[2, 3]", "0", "tensor([2])", null, null, null]);
  });
});
