// `npm run parity`: sets the status of each row of docs/parity.json by what the package has, and writes docs/parity.md.
import { writeFileSync } from "node:fs";
import { pagePath, readTable, renderPage, type Table, tablePath, tableProblems, updateStatus } from "./parity/table.js";

/** One row a line. */
function tableText({ torch, reasons, options, sections }: Table): string {
  const row = (value: object) => JSON.stringify(value, null, 1).replace(/\n\s*/g, " ");
  const sectionText = sections.map(({ name, place, rows }) =>
    [
      "    {",
      `      "name": ${JSON.stringify(name)},`,
      `      "place": ${JSON.stringify(place)},`,
      '      "rows": [',
      rows.map((item) => `        ${row(item)}`).join(",\n"),
      "      ]",
      "    }",
    ].join("\n"),
  );
  const reasonText = Object.entries(reasons).map(
    ([key, value]) => `    ${JSON.stringify(key)}: ${JSON.stringify(value)}`,
  );
  return [
    "{",
    `  "torch": ${JSON.stringify(torch)},`,
    '  "reasons": {',
    reasonText.join(",\n"),
    "  },",
    '  "options": [',
    options.map((item) => `    ${row(item)}`).join(",\n"),
    "  ],",
    '  "sections": [',
    sectionText.join(",\n"),
    "  ]",
    "}",
    "",
  ].join("\n");
}

const table = readTable();
updateStatus(table);
writeFileSync(tablePath, tableText(table));
writeFileSync(pagePath, renderPage(table));
for (const problem of tableProblems(table)) console.error(problem);
