// Every name users can write has a text that editors and the API reference show, and a type without holes.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { entryPoints, publicSymbols } from "../../scripts/docs/public-symbols.js";

const places = (symbols: readonly { name: string; place: string }[]) =>
  symbols.map(({ name, place }) => `${name} (${place})`);

describe("public symbols", () => {
  it("given the entry points of the package, the API reference is made of them", () => {
    const root = fileURLToPath(new URL("../..", import.meta.url));
    const { entryPoints: documented } = JSON.parse(readFileSync(join(root, "typedoc.json"), "utf8"));

    expect(documented.map((file: string) => join(root, file))).toEqual(Object.values(entryPoints()));
  });

  it("given all entry points, each symbol and member has a docstring, and no type an any", { timeout: 120_000 }, () => {
    const symbols = publicSymbols(entryPoints());

    expect(symbols.length).toBeGreaterThan(2000);
    expect(places(symbols.filter(({ isDocumented }) => !isDocumented))).toEqual([]);
    expect(places(symbols.filter(({ hasAny }) => hasAny))).toEqual([]);
  });

  it("given a module with gaps, they are found; what is private, internal or inherited is left out", () => {
    const file = fileURLToPath(new URL("public-symbols-sample.ts", import.meta.url));

    const symbols = publicSymbols({ sample: file });

    expect(symbols.map(({ name }) => name).sort()).toEqual([
      "sample Base",
      "sample Base.forward",
      "sample Child",
      "sample Child.forward",
      "sample Child.undocumented",
      "sample Options",
      "sample Options.hole",
      "sample callback",
      "sample documented",
      "sample sequence",
    ]);
    expect(symbols.filter(({ isDocumented }) => !isDocumented).map(({ name }) => name)).toEqual([
      "sample Child.undocumented",
    ]);
    expect(symbols.filter(({ hasAny }) => hasAny).map(({ name }) => name)).toEqual([
      "sample Options.hole",
      "sample callback",
    ]);
  });
});
