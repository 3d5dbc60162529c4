// Docstrings say the shapes of tensors and the errors that are thrown.
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { entryPoints, type PublicSymbol, publicSymbols } from "../../scripts/docs/public-symbols.js";
import { pending } from "./pending.js";
import { thrown } from "./thrown/index.js";

describe("docstrings", () => {
  let symbols: readonly PublicSymbol[];

  beforeAll(() => {
    symbols = publicSymbols(entryPoints());
  }, 120_000);

  it("given all entry points, functions with tensors say their shapes, and what throws its errors", () => {
    const gaps = symbols.filter((symbol) => symbol.gaps.length > 0);
    const isPending = (place: string) => pending.find((file) => place.startsWith(file)) !== undefined;

    expect(gaps.filter(({ place }) => !isPending(place)).map((s) => `${s.name} (${s.place}): ${s.gaps}`)).toEqual([]);
    expect(pending.filter((file) => !gaps.some(({ place }) => place.startsWith(file)))).toEqual([]);
  });

  it("given an area whose errors are tested, a call is there for each that a docstring names, and for no other", () => {
    for (const { folder, prefix, errors } of thrown) {
      const named = symbols.filter((symbol) => symbol.place.startsWith(folder) && symbol.errors.length > 0);
      const said = named.map(({ name, errors }) => `${name}: ${[...new Set(errors)].sort().join(", ")}`);
      const called = Object.entries(errors).map(
        ([name, calls]) => `${prefix} ${name}: ${Object.keys(calls).sort().join(", ")}`,
      );

      expect(called.sort()).toEqual(said.sort());
    }
  });

  it("given a module with gaps, they are found", () => {
    const file = fileURLToPath(new URL("contracts-sample.ts", import.meta.url));

    const found = publicSymbols({ sample: file });

    expect(found.filter(({ gaps }) => gaps.length > 0).map(({ name, gaps }) => `${name}: ${gaps.join(", ")}`)).toEqual([
      "sample shapeless: Shapes: …",
      "sample halfSaid: Shapes: … → …",
      "sample throwing: @throws ShapeError",
      "sample vague: @throws that begins with no error's name",
      "sample Layer: Shapes: …, @throws ShapeError",
    ]);
  });
});
