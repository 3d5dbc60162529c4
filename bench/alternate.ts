// Measures several things by turns, so that a machine that slows down or speeds up does so for all of them.
import { setTimeout as pause } from "node:timers/promises";
import { median } from "./statistics.js";

/** Libraries' threads look for more work for a while after a call (some for tens of milliseconds), and take the next one's processors. */
const pauseMs = 150;

/** Rounds of all measurements, each round beginning with another one; the median of each. */
export async function alternate(measurements: readonly (() => Promise<number>)[], rounds: number): Promise<number[]> {
  const values = measurements.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < measurements.length; i++) {
      const which = (round + i) % measurements.length;
      await pause(pauseMs);
      (values[which] as number[]).push(await (measurements[which] as () => Promise<number>)());
    }
  }
  return values.map(median);
}
