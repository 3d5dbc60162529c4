// What the test drives in the page.
import { processRuntime } from "../../src/targets/index.js";
import { type TrainingRun, trainSmallCnn } from "./training.js";

export interface PageRun extends TrainingRun {
  /** How often workers took part in a step. */
  readonly joins: number;
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 20));

/** Workers get two threads' share of the steps where memory can be shared. */
async function train(target: string, smooth: boolean): Promise<PageRun> {
  const run = await trainSmallCnn(target, 2, { smooth, pause });
  return { ...run, joins: processRuntime().pool.joinCount };
}

(globalThis as { train?: typeof train }).train = train;
