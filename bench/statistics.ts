// Numbers out of repeated measurements.

export function median(values: readonly number[]): number {
  if (values.length === 0) throw new Error("median: no values");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

/** Median time of `call` in seconds, as bench/peers/timing.py measures it: warm-up, then calls until the budget is spent. */
export function medianSeconds(
  call: () => void,
  budgetSeconds: number,
  least = 5,
): { seconds: number; samples: number } {
  for (let warmup = 0; warmup < 3; warmup++) call();
  const times: number[] = [];
  const end = performance.now() + 1000 * budgetSeconds;
  while (times.length < least || performance.now() < end) {
    const start = performance.now();
    call();
    times.push((performance.now() - start) / 1000);
  }
  return { seconds: median(times), samples: times.length };
}
