// Docstrings say the shapes of tensors and the errors that are thrown.
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { entryPoints, publicSymbols } from "../../scripts/docs/public-symbols.js";
import { pending } from "./pending.js";

describe("docstrings", () => {
  it("given all entry points, functions with tensors say their shapes, and what throws its errors", {
    timeout: 120_000,
  }, () => {
    const gaps = publicSymbols(entryPoints()).filter((symbol) => symbol.gaps.length > 0);
    const isPending = (place: string) => pending.find((file) => place.startsWith(file)) !== undefined;

    expect(gaps.filter(({ place }) => !isPending(place)).map((s) => `${s.name} (${s.place}): ${s.gaps}`)).toEqual([]);
    expect(pending.filter((file) => !gaps.some(({ place }) => place.startsWith(file)))).toEqual([]);
  });

  it("given a module with gaps, they are found", () => {
    const file = fileURLToPath(new URL("contracts-sample.ts", import.meta.url));

    const symbols = publicSymbols({ sample: file });

    expect(
      symbols.filter(({ gaps }) => gaps.length > 0).map(({ name, gaps }) => `${name}: ${gaps.join(", ")}`),
    ).toEqual([
      "sample shapeless: Shapes: …",
      "sample halfSaid: Shapes: … → …",
      "sample throwing: @throws ShapeError",
      "sample vague: @throws that begins with no error's name",
      "sample Layer: Shapes: …, @throws ShapeError",
    ]);
  });
});
