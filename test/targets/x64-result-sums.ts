// What one thread computes with large results, most of which it drops in a synchronous loop.
import type { WorkerChannel } from "#platform";
import { noGrad, setTarget, type Tensor, zeros } from "../../src/index.js";

const floats = 2 << 20; // 8 MB
const calls = 24;

/** The sum of an element of each result, and the mean of every eighth result, which is kept to the end. */
export function sums(seed: number): readonly number[] {
  setTarget("x64");
  const x = zeros(floats).add(seed);
  const kept: Tensor[] = [];
  let sum = 0;
  noGrad(() => {
    for (let i = 0; i < calls; i++) {
      const y = x.add(i);
      sum += Number(y.at(floats - 1).item());
      if (i % 8 === 0) kept.push(y);
    }
  });
  return [sum, ...kept.map((y) => Number(y.mean().item()))];
}

/** For worker threads. */
export function serve({ data, post }: WorkerChannel): void {
  post(sums(data as number), []);
}
