// What a benchmark reports: one record a row.
import { readFileSync, writeFileSync } from "node:fs";

/** A measured row. `peer`, `peerValue` and `ratio` are null where nothing was compared. */
export interface BenchRecord {
  readonly case: string;
  readonly variant: string;
  readonly target: string;
  readonly threads: number;
  readonly unit: string;
  /** Median. */
  readonly value: number;
  readonly peer: string | null;
  readonly peerValue: number | null;
  /** How many times better than the peer: above 1 Gradus is faster. */
  readonly ratio: number | null;
}

/** What a row is before it is compared. */
export type MeasuredRow = Omit<BenchRecord, "peer" | "peerValue" | "ratio">;

/** A row for each of the peers, or one without where there is none. Of times the smaller is the better, else the larger. */
export function comparedRecords(row: MeasuredRow, peers: readonly { label: string; value: number }[]): BenchRecord[] {
  if (peers.length === 0) return [ownRecord(row)];
  const isTime = row.unit === "ms" || row.unit === "µs";
  return peers.map(({ label, value }) => {
    return { ...row, peer: label, peerValue: value, ratio: isTime ? value / row.value : row.value / value };
  });
}

/** A row without a peer. */
export function ownRecord(row: MeasuredRow): BenchRecord {
  return { ...row, peer: null, peerValue: null, ratio: null };
}

/** A JSON array with one record a line. */
export function writeRecords(file: string, records: readonly BenchRecord[]): void {
  writeFileSync(file, `[\n${records.map((record) => JSON.stringify(record)).join(",\n")}\n]\n`);
}

export function readRecords(file: string): BenchRecord[] {
  return JSON.parse(readFileSync(file, "utf8")) as BenchRecord[];
}
