// Linear scan: gives each virtual register one physical register for all of its life, or says that it belongs in memory.
import type { Segments } from "./liveness.js";

/** A virtual register on its way to a physical one. */
export interface Interval {
  readonly register: number;
  readonly segments: Segments;
  /** What its loads and stores would cost in memory, by the length of its life: the lowest goes there first. */
  readonly weight: number;
  /** Physical registers it may have, in order of preference. */
  readonly candidates: readonly number[];
  /** Registers (numbers of both kinds) it is copied from or to. */
  readonly hints: readonly number[];
}

export interface Assignment {
  /** By number of the virtual register: the number of the physical one, or -1. */
  readonly homes: Int32Array;
  readonly spilled: readonly number[];
}

/**
 * @param fixed - by number of a physical register, where it holds something of its own.
 * Lives have holes, so that two registers share a physical one where one is in a hole of the other: this is what lets the
 * next value of a loop variable be computed in place.
 */
export function scan(
  intervals: readonly Interval[],
  fixed: readonly (Segments | undefined)[],
  registers: number,
): Assignment {
  const homes = new Int32Array(registers).fill(-1);
  const spilled: number[] = [];
  /** By physical register: the intervals that have it and are not over. */
  const holders: Interval[][] = Array.from({ length: fixed.length }, () => []);
  const ordered = [...intervals].sort((a, b) => (a.segments[0] as number) - (b.segments[0] as number));

  const spill = (interval: Interval) => {
    homes[interval.register] = -1;
    spilled.push(interval.register);
  };
  const isFree = (physical: number, interval: Interval) => {
    const taken = fixed[physical];
    if (taken !== undefined && overlap(taken, interval.segments)) return false;
    return !(holders[physical] as Interval[]).some((holder) => overlap(holder.segments, interval.segments));
  };
  const give = (physical: number, interval: Interval) => {
    (holders[physical] as Interval[]).push(interval);
    homes[interval.register] = physical;
  };

  for (const interval of ordered) {
    const start = interval.segments[0] as number;
    for (const physical of interval.candidates) {
      const list = holders[physical] as Interval[];
      for (let at = list.length - 1; at >= 0; at--) {
        if (((list[at] as Interval).segments.at(-1) as number) <= start) list.splice(at, 1);
      }
    }
    const hinted = interval.hints
      .map((hint) => (hint < fixed.length ? hint : (homes[hint] as number)))
      .find((physical) => physical >= 0 && interval.candidates.includes(physical) && isFree(physical, interval));
    const found = hinted ?? interval.candidates.find((physical) => isFree(physical, interval));
    if (found !== undefined) {
      give(found, interval);
      continue;
    }
    const cheapest = cheapestToClear(interval, fixed, holders);
    if (cheapest === null || cheapest.weight >= interval.weight) {
      spill(interval);
      continue;
    }
    holders[cheapest.physical] = (holders[cheapest.physical] as Interval[]).filter(
      (holder) => !cheapest.holders.includes(holder),
    );
    cheapest.holders.forEach(spill);
    give(cheapest.physical, interval);
  }
  return { homes, spilled };
}

/** The register whose holders in the way weigh least together. */
function cheapestToClear(
  interval: Interval,
  fixed: readonly (Segments | undefined)[],
  holders: readonly (readonly Interval[])[],
): { physical: number; holders: readonly Interval[]; weight: number } | null {
  let best: { physical: number; holders: readonly Interval[]; weight: number } | null = null;
  for (const physical of interval.candidates) {
    const taken = fixed[physical];
    if (taken !== undefined && overlap(taken, interval.segments)) continue;
    const inTheWay = (holders[physical] as readonly Interval[]).filter(({ segments }) =>
      overlap(segments, interval.segments),
    );
    const weight = inTheWay.reduce((sum, holder) => sum + holder.weight, 0);
    if (best === null || weight < best.weight) best = { physical, holders: inTheWay, weight };
  }
  return best;
}

/** Whether two lists of ranges have a position in common. */
export function overlap(a: Segments, b: Segments): boolean {
  const first = b[0] as number;
  if ((a.at(-1) as number) <= first || (b.at(-1) as number) <= (a[0] as number)) return false;
  let at = firstAfter(a, first);
  let other = firstAfter(b, a[0] as number);
  while (at < a.length && other < b.length) {
    if ((a[at + 1] as number) <= (b[other] as number)) at += 2;
    else if ((b[other + 1] as number) <= (a[at] as number)) other += 2;
    else return true;
  }
  return false;
}

/** Index of the first range that ends after a position. */
function firstAfter(segments: Segments, position: number): number {
  let low = 0;
  let high = segments.length >> 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((segments[2 * middle + 1] as number) <= position) low = middle + 1;
    else high = middle;
  }
  return 2 * low;
}
