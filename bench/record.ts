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

/** A row without a peer. */
export function ownRecord(row: Omit<BenchRecord, "peer" | "peerValue" | "ratio">): BenchRecord {
  return { ...row, peer: null, peerValue: null, ratio: null };
}

/** A JSON array with one record a line. */
export function writeRecords(file: string, records: readonly BenchRecord[]): void {
  writeFileSync(file, `[\n${records.map((record) => JSON.stringify(record)).join(",\n")}\n]\n`);
}

export function readRecords(file: string): BenchRecord[] {
  return JSON.parse(readFileSync(file, "utf8")) as BenchRecord[];
}
