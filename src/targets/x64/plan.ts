// A program's plan as data in native memory: which kernels run when, read by the driver.
import type { Kernel, Program } from "../../ir/index.js";
import { roundUp } from "../sizes.js";
import type { Segment, Share } from "../threads/work-plan.js";
import type { TableLayout } from "./layout.js";

/** Byte offsets in the head of a plan. Addresses and byte counts are u64, the rest i32. */
export const planHead = {
  table: 0,
  scratch: 8,
  /** Bytes of scratch a thread. */
  stride: 16,
  /** Address of the status words, 0 if the program has none. */
  status: 24,
  segments: 32,
  shares: 40,
  calls: 48,
  /** For each region the next claim of each segment: `regions` rows of `rowBytes` bytes. */
  counters: 56,
  /** What the counters start with, and one row more: the end of each segment's last region. */
  firstClaims: 64,
  rowBytes: 72,
  regions: 80,
  segmentCount: 84,
  /** The calls of a run on one thread, and the one before which the status is tested. */
  alone: 88,
  aloneCommit: 96,
  /** Address of the event log, 0 where nobody wants one. */
  log: 104,
  /** The status words as they were at the end of the run. */
  statusCopy: 112,
  bytes: 128,
} as const;

/** A segment: shares [firstShare, endShare), and 1 where the status is tested before it. */
export const segmentField = { firstShare: 0, endShare: 4, isCommit: 8 } as const;
/** A share: claim `first + i` runs `chunk` tiles from `firstTile + i * chunk` on, of calls [firstCall, endCall). */
export const shareField = { first: 0, chunk: 4, firstTile: 8, firstCall: 12, endCall: 16 } as const;
/** A kernel: its address (u64), tiles, and number for the log. */
export const callField = { address: 0, tiles: 8, kernel: 12 } as const;
/** Size of a segment, a share and a call alike. */
export const entryBytes = 32;
export const entryShift = 5;

/** The log: how many events were noted, room for how many, and the events from `first` on. */
export const logField = { count: 0, capacity: 8, first: 64 } as const;
/** An event: ticks of the processor's clock at its start and end, kernel, thread, first tile and the one after the last. */
export const eventField = { start: 0, end: 8, kernel: 16, thread: 20, begin: 24, endTile: 28 } as const;
export const eventBytes = 32;
export const eventShift = 5;

const wholeKernel = 0x7fff_ffff;

interface Call {
  readonly kernel: Kernel;
  readonly index: number;
}

export interface PlanInput {
  readonly program: Program;
  readonly table: TableLayout;
  /** No segments: the program only runs on one thread. */
  readonly segments: readonly Segment[];
  /** Regions into which the claims of each segment are divided. */
  readonly regions: number;
  /** Address of each kernel. */
  readonly address: (kernel: Kernel) => number;
}

/**
 * The table and plan of a program in one buffer. Its places are known as byte offsets; `address` is that of the buffer's
 * first used byte, on a cache line.
 */
export class PlanBlock {
  /** Head of the plan. */
  readonly head: number;
  readonly byteLength: number;
  /** Kernels in the order of their numbers. */
  readonly kernels: readonly Kernel[];
  /** In a run on one thread: address of the call after the last, and of the first one that cannot set the status word. */
  readonly aloneEnd: number;
  readonly aloneChecked: number;
  /** Calls that one run makes at most, on several threads or on one. */
  readonly mostCalls: number;
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  readonly address: number;
  /** Keeps the memory. */
  readonly buffer: ArrayBuffer;

  constructor({ program, table, segments, regions, address }: PlanInput, addressOf: (buffer: ArrayBuffer) => number) {
    const alone = program.stages.flatMap((stage) => stage.filter((kernel) => kernel.tiles > 0));
    const shares = segments.flatMap((segment) => segment.shares);
    this.kernels = [...new Set(alone)];
    const numbers = new Map(this.kernels.map((kernel, index) => [kernel, index]));
    const toCall = (kernel: Kernel): Call => ({ kernel, index: numbers.get(kernel) as number });
    const calls = shares.flatMap((share) => kernelsOf(share).map(toCall));

    this.head = table.bytes;
    const segmentsAt = this.head + planHead.bytes;
    const sharesAt = segmentsAt + segments.length * entryBytes;
    const callsAt = sharesAt + shares.length * entryBytes;
    const aloneAt = callsAt + calls.length * entryBytes;
    // Different threads count in different cache lines.
    const rowBytes = roundUp(segments.length * 4, 64);
    const countersAt = roundUp(aloneAt + alone.length * entryBytes, 64);
    const firstClaimsAt = countersAt + regions * rowBytes;
    this.byteLength = firstClaimsAt + (regions + 1) * rowBytes;
    this.buffer = new ArrayBuffer(this.byteLength + 64);
    const start = addressOf(this.buffer);
    const skipped = roundUp(start, 64) - start;
    this.address = start + skipped;
    this.words = new Int32Array(this.buffer, skipped, this.byteLength / 4);
    this.doubles = new Float64Array(this.buffer, skipped, this.byteLength / 8);

    const aloneFrom = (stage: number): number => {
      const before = program.stages.slice(0, stage).flatMap((kernels) => kernels.filter((k) => k.tiles > 0));
      return this.address + aloneAt + before.length * entryBytes;
    };
    this.aloneEnd = aloneFrom(program.stages.length);
    this.aloneChecked = aloneFrom(program.checkedStage);
    const { head } = this;
    this.setAddress(head + planHead.table, this.address);
    this.setAddress(head + planHead.segments, this.address + segmentsAt);
    this.setAddress(head + planHead.shares, this.address + sharesAt);
    this.setAddress(head + planHead.calls, this.address + callsAt);
    this.setAddress(head + planHead.counters, this.address + countersAt);
    this.setAddress(head + planHead.firstClaims, this.address + firstClaimsAt);
    this.setAddress(head + planHead.rowBytes, rowBytes);
    this.setAddress(head + planHead.alone, this.address + aloneAt);
    this.setAddress(head + planHead.aloneCommit, aloneFrom(program.commitStage));
    this.words[(head + planHead.regions) / 4] = regions;
    this.words[(head + planHead.segmentCount) / 4] = segments.length;
    this.#writeSegments(segments, segmentsAt, sharesAt);
    segments.forEach(({ regionEnds }, segment) => {
      regionEnds.forEach((end, region) => {
        this.words[(firstClaimsAt + (region + 1) * rowBytes) / 4 + segment] = end;
      });
    });
    const writeCall = ({ kernel, index }: Call, at: number) => {
      this.setAddress(at + callField.address, address(kernel));
      this.words[(at + callField.tiles) / 4] = kernel.tiles;
      this.words[(at + callField.kernel) / 4] = index;
    };
    calls.forEach((call, index) => {
      writeCall(call, callsAt + index * entryBytes);
    });
    alone.map(toCall).forEach((call, index) => {
      writeCall(call, aloneAt + index * entryBytes);
    });
    const claimed = shares.reduce((sum, share) => sum + share.count * kernelsOf(share).length, 0);
    this.mostCalls = Math.max(claimed, alone.length);
  }

  /** Writes an address, or any number below 2^53, as 64 bits. */
  setAddress(offset: number, address: number): void {
    this.words[offset / 4] = (address % 2 ** 32) | 0;
    this.words[offset / 4 + 1] = Math.floor(address / 2 ** 32);
  }

  #writeSegments(segments: readonly Segment[], segmentsAt: number, sharesAt: number): void {
    let [share, call] = [0, 0];
    segments.forEach(({ shares, isCommit }, index) => {
      const at = segmentsAt + index * entryBytes;
      this.words.set([share, share + shares.length, isCommit ? 1 : 0], at / 4);
      for (const one of shares) {
        const endCall = call + kernelsOf(one).length;
        const [chunk, firstTile] = one.kind === "tiles" ? [one.chunk, one.firstTile] : [wholeKernel, 0];
        this.words.set([one.first, chunk, firstTile, call, endCall], (sharesAt + share * entryBytes) / 4);
        call = endCall;
        share++;
      }
    });
  }
}

function kernelsOf(share: Share): readonly Kernel[] {
  return share.kind === "tiles" ? [share.kernel] : share.kernels;
}
