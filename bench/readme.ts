// Puts measured tables into the documents: the main rows into README.md between two marks, all of them into docs/benchmarks.md.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describeMachine } from "./machine.js";
import type { BenchRecord } from "./record.js";
import { markdownTable } from "./table.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const begin = "<!-- bench -->";
const end = "<!-- /bench -->";

/** Of the many kernels, those the README shows. */
function isMain({ case: name, variant }: BenchRecord): boolean {
  if (name.startsWith("matmul ")) return name === "matmul 1024³" && variant === "AB";
  if (name.startsWith("conv ")) return name.includes("ResNet");
  return name !== "memory bandwidth";
}

/** The README's text with the part between the marks replaced. */
export function insertTables(text: string, records: readonly BenchRecord[], machine: string): string {
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`bench: README.md lacks the marks ${begin} and ${end}`);
  const body = `Medians, measured on: ${machine}.\n\n${markdownTable(records.filter(isMain))}`;
  return `${text.slice(0, from + begin.length)}\n${body}\n${text.slice(to)}`;
}

/** The text of docs/benchmarks.md. */
function allTables(records: readonly BenchRecord[], machine: string): string {
  return `# Benchmarks

Written by \`npm run bench -- --readme FILE\` from the records of a run. Medians, measured on: ${machine}.

\`plain\` is a loop as in the README's program; \`compiled\` wraps the step in \`compile()\`. The peer runs by turns with Gradus.
Ratios above 1 mean that Gradus is faster.

${markdownTable(records)}
`;
}

export function updateDocuments(records: readonly BenchRecord[]): void {
  const machine = describeMachine();
  const readme = `${root}README.md`;
  writeFileSync(readme, insertTables(readFileSync(readme, "utf8"), records, machine));
  mkdirSync(`${root}docs`, { recursive: true });
  writeFileSync(`${root}docs/benchmarks.md`, allTables(records, machine));
}
