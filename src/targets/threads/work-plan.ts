// How the stages of a program are divided among threads. Decides speed only: every tile computes the same bits whoever
// runs it.
import { type Kernel, kernelsUs, kernelUs, type Program, type Stage } from "../../ir/index.js";

/** Stages cheaper than a few barriers (0.1-0.2 µs each, far more when a core is busy) are cheaper on one thread. */
const serialStageUs = 2;
/** Claiming costs about 0.05 µs with contention: claims of 4 µs make that 1 %, more would only unbalance the threads. */
const claimUs = 4;
const leastClaimUs = 0.25;
/** Claims that each thread should get in a stage, so that a slow core does not hold the others. */
const claimsPerThread = 4;
/** Telling the workers takes 10 µs when they sleep; an 8-8-8 MLP step (about 3 µs of work) has to stay on one thread. */
const wakeUs = 10;

/** Consecutive numbers of claims, and what claim `first + i` runs: tiles from `firstTile + i * chunk` on, or all of some kernels. */
export type Share =
  | {
      readonly kind: "tiles";
      readonly first: number;
      readonly count: number;
      readonly kernel: Kernel;
      readonly chunk: number;
      readonly firstTile: number;
    }
  | { readonly kind: "kernels"; readonly first: number; readonly count: 1; readonly kernels: readonly Kernel[] };

/**
 * Work between two barriers. Its claims are numbered region by region: a thread takes those of its own region first, so that
 * from kernel to kernel it finds in its cache what it has written itself, and then what is left in the others'.
 */
export interface Segment {
  readonly shares: readonly Share[];
  /** For each region, the claim after its last. */
  readonly regionEnds: readonly number[];
  /** The status word is tested before this segment. */
  readonly isCommit: boolean;
  /** The stage of its first kernel. */
  readonly stage: number;
}

/** Work to claim before it is divided: a kernel's tiles in `count` chunks, or some kernels at once. */
type Lot =
  | { readonly kind: "tiles"; readonly count: number; readonly kernel: Kernel; readonly chunk: number }
  | { readonly kind: "kernels"; readonly kernels: readonly Kernel[] };

/** Rough time of a program on one thread. */
export function programUs(program: Program): number {
  return kernelsUs(program.stages.flat());
}

/** True if running on several threads is likely to be faster than on one. */
export function isWorthThreads(program: Program, threads: number): boolean {
  if (threads < 2) return false;
  let saved = -wakeUs;
  for (const { shares } of planSegments(program, { threads, regions: 1 })) {
    const us = shares.map((share) => (share.kind === "tiles" ? kernelUs(share.kernel) : kernelsUs(share.kernels)));
    const total = us.reduce((a, b) => a + b, 0);
    saved += shares.length === 1 && shares[0]?.count === 1 ? -1 : total * (1 - 1 / threads) - 1;
  }
  return saved > 0;
}

export interface Division {
  readonly threads: number;
  readonly regions: number;
}

/**
 * Stages as segments: small or single-tile neighbours become one claim, run by whoever takes it first. What can still set the
 * status word is in segments of its own.
 */
export function planSegments(program: Program, { threads, regions }: Division): Segment[] {
  const segments: Segment[] = [];
  let serial: Kernel[] = [];
  let firstSerial = 0;
  let isCommit = false;
  const flush = () => {
    if (serial.length > 0) push([{ kind: "kernels", kernels: serial }], firstSerial);
    serial = [];
  };
  const push = (lots: Lot[], stage: number) => {
    segments.push({ ...divide(lots, regions), isCommit, stage });
    isCommit = false;
  };
  program.stages.forEach((stage, index) => {
    if (index === program.checkedStage) flush();
    if (index === program.commitStage && program.status) {
      flush();
      isCommit = true;
    }
    const kernels = stage.filter((kernel) => kernel.tiles > 0);
    if (kernels.length === 0) return;
    const tiles = kernels.reduce((n, kernel) => n + kernel.tiles, 0);
    if (tiles === 1 || kernelsUs(kernels) < serialStageUs) {
      if (serial.length === 0) firstSerial = index;
      serial.push(...kernels);
    } else {
      flush();
      push(lotsOf(kernels, threads), index);
    }
  });
  flush();
  return segments;
}

/** A stage as lots: large kernels by tiles, small neighbours bundled. */
function lotsOf(kernels: Stage, threads: number): Lot[] {
  const us = Math.max(leastClaimUs, Math.min(claimUs, kernelsUs(kernels) / (claimsPerThread * threads)));
  const lots: Lot[] = [];
  let bundle: Kernel[] = [];
  const flush = () => {
    if (bundle.length > 0) lots.push({ kind: "kernels", kernels: bundle });
    bundle = [];
  };
  for (const kernel of kernels) {
    if (kernelUs(kernel) < us || kernel.tiles === 1) {
      if (kernelsUs(bundle) + kernelUs(kernel) > us) flush();
      bundle.push(kernel);
      continue;
    }
    flush();
    const chunk = Math.max(1, Math.min(kernel.tiles, Math.floor((us * kernel.tiles) / kernelUs(kernel))));
    lots.push({ kind: "tiles", count: Math.ceil(kernel.tiles / chunk), kernel, chunk });
  }
  flush();
  return lots;
}

/** Numbers the claims of a segment: each region has an equal part of the tiles of each kernel, and some of the bundles. */
function divide(lots: readonly Lot[], regions: number): Pick<Segment, "shares" | "regionEnds"> {
  const load = new Array<number>(regions).fill(0);
  const bundles = Array.from({ length: regions }, (): Lot[] => []);
  for (const lot of lots) {
    if (lot.kind === "tiles") continue;
    const least = load.indexOf(Math.min(...load));
    load[least] = (load[least] as number) + kernelsUs(lot.kernels);
    (bundles[least] as Lot[]).push(lot);
  }
  const shares: Share[] = [];
  let first = 0;
  const regionEnds = load.map((_, region) => {
    for (const lot of lots) {
      if (lot.kind === "kernels") {
        if (bundles[region]?.includes(lot)) shares.push({ ...lot, first: first++, count: 1 });
        continue;
      }
      const begin = Math.floor((lot.count * region) / regions);
      const count = Math.floor((lot.count * (region + 1)) / regions) - begin;
      if (count > 0) shares.push({ ...lot, first, count, firstTile: begin * lot.chunk });
      first += count;
    }
    return first;
  });
  return { shares, regionEnds };
}
