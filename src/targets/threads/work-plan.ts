// How the stages of a program are divided among threads. Decides speed only: every tile computes the same bits whoever
// runs it.
import type { Kernel, Program, Stage } from "../../ir/index.js";

/** Rough speed of one thread, for decisions: 20 GFLOP/s and 10 GB/s, as float operations and bytes in a microsecond. */
const flopsPerUs = 20_000;
const bytesPerUs = 10_000;

/** Stages cheaper than a few barriers (0.1-0.2 µs each, far more when a core is busy) are cheaper on one thread. */
const serialStageUs = 2;
/** Claiming costs about 0.05 µs with contention: claims of 4 µs make that 1 %, more would only unbalance the threads. */
const claimUs = 4;
const leastClaimUs = 0.25;
/** Claims that each thread should get in a stage, so that a slow core does not hold the others. */
const claimsPerThread = 4;
/** Telling the workers takes 10 µs when they sleep; an 8-8-8 MLP step (about 3 µs of work) has to stay on one thread. */
const wakeUs = 10;

/** Consecutive numbers of claims, and what claim `first + i` runs. */
export type Share =
  | {
      readonly kind: "tiles";
      readonly first: number;
      readonly count: number;
      readonly kernel: Kernel;
      readonly chunk: number;
    }
  | { readonly kind: "kernels"; readonly first: number; readonly count: 1; readonly kernels: readonly Kernel[] };

/** Work between two barriers. */
export interface Segment {
  readonly shares: readonly Share[];
  readonly claims: number;
  /** The status word is tested before this segment. */
  readonly isCommit: boolean;
}

export function kernelUs(kernel: Kernel): number {
  return kernel.flops / flopsPerUs + kernel.bytes / bytesPerUs;
}

/** Rough time of a program on one thread. */
export function programUs(program: Program): number {
  return program.stages.reduce((us, stage) => us + sum(stage), 0);
}

/** True if running on several threads is likely to be faster than on one. */
export function isWorthThreads(program: Program, threads: number): boolean {
  if (threads < 2) return false;
  let saved = -wakeUs;
  for (const { shares } of planSegments(program, threads)) {
    const us = shares.map((share) => (share.kind === "tiles" ? kernelUs(share.kernel) : sum(share.kernels)));
    const total = us.reduce((a, b) => a + b, 0);
    saved += shares.length === 1 && shares[0]?.count === 1 ? -1 : total * (1 - 1 / threads) - 1;
  }
  return saved > 0;
}

/** Stages as segments: small or single-tile neighbours become one claim, run by whoever takes it first. */
export function planSegments(program: Program, threads: number): Segment[] {
  const segments: Segment[] = [];
  let serial: Kernel[] = [];
  let isCommit = false;
  const flush = () => {
    if (serial.length > 0) push([{ kind: "kernels", first: 0, count: 1, kernels: serial }]);
    serial = [];
  };
  const push = (shares: Share[]) => {
    const last = shares.at(-1) as Share;
    segments.push({ shares, claims: last.first + last.count, isCommit });
    isCommit = false;
  };
  program.stages.forEach((stage, index) => {
    if (index === program.commitStage && program.status) {
      flush();
      isCommit = true;
    }
    const kernels = stage.filter((kernel) => kernel.tiles > 0);
    if (kernels.length === 0) return;
    const tiles = kernels.reduce((n, kernel) => n + kernel.tiles, 0);
    if (tiles === 1 || sum(kernels) < serialStageUs) serial.push(...kernels);
    else {
      flush();
      push(shareStage(kernels, threads));
    }
  });
  flush();
  return segments;
}

function sum(kernels: Stage): number {
  return kernels.reduce((us, kernel) => us + kernelUs(kernel), 0);
}

/** Divides a stage: large kernels by tiles, small neighbours bundled. */
function shareStage(kernels: Stage, threads: number): Share[] {
  const us = Math.max(leastClaimUs, Math.min(claimUs, sum(kernels) / (claimsPerThread * threads)));
  const shares: Share[] = [];
  let first = 0;
  let bundle: Kernel[] = [];
  const flush = () => {
    if (bundle.length > 0) shares.push({ kind: "kernels", first: first++, count: 1, kernels: bundle });
    bundle = [];
  };
  for (const kernel of kernels) {
    if (kernelUs(kernel) < us || kernel.tiles === 1) {
      if (sum(bundle) + kernelUs(kernel) > us) flush();
      bundle.push(kernel);
      continue;
    }
    flush();
    const chunk = Math.max(1, Math.min(kernel.tiles, Math.floor((us * kernel.tiles) / kernelUs(kernel))));
    const count = Math.ceil(kernel.tiles / chunk);
    shares.push({ kind: "tiles", first, count, kernel, chunk });
    first += count;
  }
  flush();
  return shares;
}
