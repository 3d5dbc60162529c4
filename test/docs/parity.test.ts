// docs/parity.json says the truth about the package, and docs/parity.md says what it says.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { pagePath, readTable, renderPage, tableProblems } from "../../scripts/parity/table.js";

const table = readTable();

describe("docs/parity.json", () => {
  it("given each row, a done one exists in the package, the others do not, and what is not planned says why", () => {
    expect(tableProblems(table)).toEqual([]);
  });

  it("given a row that claims what is not there, it is found", () => {
    const section = { name: "torch", place: "gradus", rows: [{ name: "no_such_function", status: "done" as const }] };
    expect(tableProblems({ ...table, sections: [section] })).toEqual([
      "torch.no_such_function: done, but gradus has no noSuchFunction",
    ]);
  });

  it("given the table, the page is what `npm run parity` writes", () => {
    expect(readFileSync(pagePath, "utf8")).toBe(renderPage(table));
  });
});
