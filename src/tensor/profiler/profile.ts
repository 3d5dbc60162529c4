// What was measured of a piece of a program: kernels in a table, and as a trace.
import { noMore } from "../../base/index.js";
import type { RunReport } from "../../ir/index.js";
import type { Roofline } from "./roofline.js";

/** All runs of one kernel. */
export interface KernelProfile {
  /** Its program and its name there. */
  readonly program: string;
  /** Its name in the program: the operations that were joined in it. */
  readonly name: string;
  /** How many times it ran. */
  readonly runs: number;
  /** From when the first thread began until the last one ended, summed over runs. */
  readonly ms: number;
  /** Share of the time of all kernels. */
  readonly share: number;
  /** The compiler's estimates for one run. */
  readonly flops: number;
  /** Bytes read and written, by the same estimate. */
  readonly bytes: number;
  /** Arithmetic operations a second, over all runs. */
  readonly flopsPerSecond: number;
  /** Bytes a second, over all runs. */
  readonly bytesPerSecond: number;
  /** How much of what the machine could do at best the kernel did: by arithmetic or by bandwidth, whichever binds it. */
  readonly rooflineShare: number;
}

/**
 * How long the kernels of a piece of a program took, with the machine's measured limits beside them.
 *
 * @example profile(() => step(images, labels)).table()
 */
export class Profile<R = unknown> {
  /** The longest first. */
  readonly kernels: readonly KernelProfile[];

  constructor(
    /** What the profiled function returned. */
    readonly result: R,
    /** Time of the whole function, what is not in kernels included. */
    readonly ms: number,
    /** The target that ran. */
    readonly target: string,
    /** Threads, the calling one included. */
    readonly threads: number,
    /** The machine's limits, as measured. */
    readonly roofline: Roofline,
    /** Every run of a program, with the events of its kernels. */
    readonly runs: readonly RunReport[],
    ...surplus: []
  ) {
    noMore("Profile", surplus);
    this.kernels = summarize(runs, roofline);
  }

  /** Lines with the `most` longest kernels: time, GFLOP/s, GB/s and their share of the roofline. */
  table(most = 30): string {
    const kernelMs = this.kernels.reduce((sum, { ms }) => sum + ms, 0);
    const rows = this.kernels
      .slice(0, most)
      .map((k) => [
        `${k.program}/${k.name}`,
        String(k.runs),
        k.ms.toFixed(3),
        percent(k.share),
        (k.flopsPerSecond / 1e9).toFixed(1),
        (k.bytesPerSecond / 1e9).toFixed(1),
        percent(k.rooflineShare),
      ]);
    const header = ["kernel", "runs", "ms", "share", "GFLOP/s", "GB/s", "of roofline"];
    const limits = `${(this.roofline.flopsPerSecond / 1e9).toFixed(0)} GFLOP/s, ${(this.roofline.bytesPerSecond / 1e9).toFixed(0)} GB/s`;
    const threads = `${this.threads} thread${this.threads === 1 ? "" : "s"}`;
    return [
      `${this.target}, ${threads}; limits measured: ${limits}`,
      ...align([header, ...rows]),
      `${this.kernels.length} kernels ${kernelMs.toFixed(3)} ms of ${this.ms.toFixed(3)} ms`,
    ].join("\n");
  }

  /** JSON for chrome://tracing and Perfetto: one row a thread, one box for each piece of a kernel. */
  chromeTrace(): string {
    const origin = this.runs[0]?.start ?? 0;
    const us = (ms: number) => (ms - origin) * 1000;
    const box = (name: string, tid: number, start: number, end: number, args: object) => ({
      ...{ name, ph: "X", pid: 0, tid, ts: us(start), dur: (end - start) * 1000, args },
    });
    const traceEvents = this.runs.flatMap(({ program, start, end, events }) => [
      box(program.name, 0, start, end, {}),
      ...events.map((e) => {
        const { flops, bytes, tiles } = e.kernel;
        return box(e.kernel.name, e.thread, e.start, e.end, {
          tiles: `${e.first}-${e.last} of ${tiles}`,
          flops,
          bytes,
        });
      }),
    ]);
    return JSON.stringify({ traceEvents, displayTimeUnit: "ms" });
  }
}

const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;

/** Columns: the first to the left, numbers to the right. */
function align(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  "),
  );
}

interface Sum {
  readonly program: string;
  readonly name: string;
  readonly flops: number;
  readonly bytes: number;
  runs: number;
  ms: number;
}

function summarize(runs: readonly RunReport[], limits: Roofline): KernelProfile[] {
  const sums = new Map<object, Sum>();
  for (const { program, events } of runs) {
    const spans = new Map<object, { start: number; end: number }>();
    for (const { kernel, start, end } of events) {
      const span = spans.get(kernel);
      if (!span) spans.set(kernel, { start, end });
      else {
        span.start = Math.min(span.start, start);
        span.end = Math.max(span.end, end);
      }
      const { name, flops, bytes } = kernel;
      if (!sums.has(kernel)) sums.set(kernel, { program: program.name, name, flops, bytes, runs: 0, ms: 0 });
    }
    for (const [kernel, { start, end }] of spans) {
      const sum = sums.get(kernel) as Sum; // made above
      sum.runs++;
      sum.ms += end - start;
    }
  }
  const total = [...sums.values()].reduce((ms, sum) => ms + sum.ms, 0);
  return [...sums.values()].sort((a, b) => b.ms - a.ms).map((sum) => finish(sum, total, limits));
}

function finish(sum: Sum, total: number, limits: Roofline): KernelProfile {
  const seconds = Math.max(sum.ms, 1e-9) / 1000;
  const least = Math.max(sum.flops / limits.flopsPerSecond, sum.bytes / limits.bytesPerSecond) * sum.runs;
  return {
    ...sum,
    share: total > 0 ? sum.ms / total : 0,
    flopsPerSecond: (sum.flops * sum.runs) / seconds,
    bytesPerSecond: (sum.bytes * sum.runs) / seconds,
    rooflineShare: least / seconds,
  };
}
