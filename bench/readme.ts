// Puts measured tables into the documents: a summary into README.md between two marks, every row into docs/benchmarks.md.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describeMachine } from "./machine.js";
import type { BenchRecord } from "./record.js";
import { median } from "./statistics.js";
import { formatValue, markdownRow, markdownTable } from "./table.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const begin = "<!-- bench -->";
const end = "<!-- /bench -->";

/** Sweeps of many cases, of which the README shows only how the ratios spread. */
const families: readonly { readonly name: string; readonly has: (record: BenchRecord) => boolean }[] = [
  { name: "matrix products", has: ({ case: name }) => name.startsWith("matmul ") },
  { name: "convolutions, forward", has: ({ case: name, variant }) => isConv(name) && variant === "forward" },
  { name: "convolutions, gradients", has: ({ case: name, variant }) => isConv(name) && variant !== "forward" },
  { name: "softmax, layer norm, elementwise", has: ({ unit, peer }) => unit === "GB/s" && peer !== null },
];

function isConv(name: string): boolean {
  return name.startsWith("conv ");
}

/** Of the rows of a case, the one against the strongest peer. */
export function strongest(records: readonly BenchRecord[]): BenchRecord[] {
  const best = new Map<string, BenchRecord>();
  for (const record of records) {
    const { case: name, variant, target, threads, ratio } = record;
    const key = JSON.stringify([name, variant, target, threads]);
    const known = best.get(key);
    if (!known || (ratio ?? Infinity) < (known.ratio ?? Infinity)) best.set(key, record);
  }
  return [...best.values()];
}

/** One row a case with all threads, against its strongest peer; one row a sweep. */
export function summaryTable(records: readonly BenchRecord[]): string {
  const most = Math.max(...records.map(({ threads }) => threads));
  const rows = strongest(records.filter(({ threads, target }) => threads === most && target !== "host"));
  const single = rows.filter((record) => !families.some(({ has }) => has(record)));
  return [
    markdownRow(["work", "target", "Gradus", "strongest peer", "ratio"]),
    markdownRow(["---", "---", "---", "---", "---"]),
    ...single.map(singleRow),
    ...families.flatMap(({ name, has }) => familyRow(name, rows.filter(has))),
  ].join("\n");
}

function singleRow({ case: name, variant, target, unit, value, peer, peerValue, ratio }: BenchRecord): string {
  const other = peer === null || peerValue === null ? "–" : `${formatValue(peerValue)}, ${peer}`;
  const share = ratio === null ? "–" : `${ratio.toFixed(2)}×`;
  return markdownRow([`${name}, ${variant}`, target, `${formatValue(value)} ${unit}`, other, share]);
}

function familyRow(name: string, rows: readonly BenchRecord[]): string[] {
  const ratios = rows.flatMap(({ ratio }) => (ratio === null ? [] : [ratio]));
  if (ratios.length === 0) return [];
  const peers = [...new Set(rows.map(({ peer }) => (peer ?? "").replace(/ [\d.]+.*/, "")))].filter(Boolean);
  const [low, middle, high] = [Math.min(...ratios), median(ratios), Math.max(...ratios)].map((x) => x.toFixed(2));
  const spread = `${middle}× (${low}–${high})`;
  return [markdownRow([`${name}, ${ratios.length} cases`, rows[0]?.target ?? "", "", peers.join(", "), spread])];
}

/** The README's text with the part between the marks replaced. */
export function insertTables(text: string, records: readonly BenchRecord[], machine: string): string {
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`bench: README.md lacks the marks ${begin} and ${end}`);
  const intro = `Measured on: ${machine}. Ratios above 1 mean that Gradus is faster; of a sweep, the median, lowest and highest. All rows: [docs/benchmarks.md](docs/benchmarks.md).`;
  return `${text.slice(0, from + begin.length)}\n${intro}\n\n${summaryTable(records)}\n${text.slice(to)}`;
}

/** The text of docs/benchmarks.md. */
function allTables(records: readonly BenchRecord[], machine: string): string {
  return `# Benchmarks

Medians, measured on: ${machine}.

Measured by \`npm run bench -- mnist mlp matmul conv pointwise training inference compile memory loading --json FILE\`, and put here by
\`npm run bench -- --readme FILE\`. Others than Gradus take part if they are installed: see [their programs](../bench/peers/README.md).

\`plain\` is a loop as in the README's program; \`compiled\` wraps the step in \`compile()\`. Peers run by turns with Gradus, each a row;
Gradus' own figure is repeated. Ratios above 1 mean that Gradus is faster.

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
