// The records of a run as JSON lines: one line says what was run, then one an epoch, then the result.
import { writeFileAtomic } from "./files.js";

/** One line of metrics.jsonl. */
export interface MetricsRecord {
  /** What the line is about: `run`, `epoch`, `result`. */
  readonly event: string;
  readonly [field: string]: number | string | boolean | null;
}

/** Collects records and writes them all, whole or not at all, so that a file never ends within a line. */
export class MetricsLog {
  constructor(readonly records: MetricsRecord[] = []) {}

  add(record: MetricsRecord): void {
    this.records.push(record);
  }

  write(path: string): void {
    writeFileAtomic(path, this.records.map((record) => `${JSON.stringify(record)}\n`).join(""));
  }
}
