// Numbers out of repeated measurements.

export function median(values: readonly number[]): number {
  if (values.length === 0) throw new Error("median: no values");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

export interface Timing {
  /** Calls go on until this time is over; default 0.5. */
  readonly seconds?: number | undefined;
  /** Calls at least; default 5. */
  readonly least?: number | undefined;
  /** Calls before; default 3. */
  readonly warmup?: number | undefined;
}

/** Median time in seconds until what `call` starts has ended, as bench/peers/timing.py measures it. */
export async function medianSeconds(
  call: () => unknown,
  { seconds = 0.5, least = 5, warmup = 3 }: Timing,
): Promise<{ seconds: number; samples: number }> {
  for (let i = 0; i < warmup; i++) await call();
  const times: number[] = [];
  const end = performance.now() + 1000 * seconds;
  while (times.length < least || performance.now() < end) {
    const start = performance.now();
    await call();
    times.push((performance.now() - start) / 1000);
  }
  return { seconds: median(times), samples: times.length };
}
