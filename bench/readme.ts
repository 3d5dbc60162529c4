// Puts measured tables into README.md, between the two marks.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describeMachine } from "./machine.js";
import type { BenchRecord } from "./record.js";
import { markdownTable } from "./table.js";

const file = fileURLToPath(new URL("../README.md", import.meta.url));
const begin = "<!-- bench -->";
const end = "<!-- /bench -->";

/** The README's text with the part between the marks replaced. */
export function insertTables(text: string, records: readonly BenchRecord[], machine: string): string {
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`bench: README.md lacks the marks ${begin} and ${end}`);
  const body = `Medians, measured on: ${machine}.\n\n${markdownTable(records)}`;
  return `${text.slice(0, from + begin.length)}\n${body}\n${text.slice(to)}`;
}

export function updateReadme(records: readonly BenchRecord[]): void {
  writeFileSync(file, insertTables(readFileSync(file, "utf8"), records, describeMachine()));
}
