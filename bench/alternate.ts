// Measures several things by turns, so that a machine that slows down or speeds up does so for all of them.
import { median } from "./statistics.js";

/** Rounds of all measurements, each round beginning with another one; the median of each. */
export async function alternate(measurements: readonly (() => Promise<number>)[], rounds: number): Promise<number[]> {
  const values = measurements.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < measurements.length; i++) {
      const which = (round + i) % measurements.length;
      (values[which] as number[]).push(await (measurements[which] as () => Promise<number>)());
    }
  }
  return values.map(median);
}
