// Records as a table, for terminals and for Markdown.
import type { BenchRecord } from "./record.js";

const header = ["case", "variant", "target", "threads", "value", "peer", "ratio"];

/** Three significant digits at least, thousands separated. */
export function formatValue(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1000) return String(value);
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString("en-US");
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function cells(record: BenchRecord): string[] {
  const { peer, peerValue, ratio } = record;
  return [
    record.case,
    record.variant,
    record.target,
    String(record.threads),
    `${formatValue(record.value)} ${record.unit}`,
    peer === null || peerValue === null ? "–" : `${formatValue(peerValue)} (${peer})`,
    ratio === null ? "–" : `${ratio.toFixed(2)}×`,
  ];
}

/** Columns padded with blanks. */
export function plainTable(records: readonly BenchRecord[]): string {
  const rows = [header, ...records.map(cells)];
  const widths = header.map((_, column) => Math.max(...rows.map((row) => (row[column] as string).length)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] as number))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

export function markdownRow(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

export function markdownTable(records: readonly BenchRecord[]): string {
  const rows = [header, header.map(() => "---"), ...records.map(cells)];
  return rows.map(markdownRow).join("\n");
}
