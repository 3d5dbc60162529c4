// Latency of a compiled training step of an 8-8-8 MLP, batch 8: `run STEPS` answers the median in microseconds.
import { manualSeed, randint, randn } from "gradus";
import * as nn from "gradus/nn";
import { median } from "../statistics.js";
import { trainingStep } from "./job.js";
import { configure, serve } from "./protocol.js";

configure();
manualSeed(1);
const model = new nn.Sequential(new nn.Linear(8, 8), new nn.ReLU(), new nn.Linear(8, 8));
const { step } = trainingStep(model, true);
const inputs = randn([8, 8]);
const labels = randint(0, 8, [8]);

function run(steps: number): object {
  const times: number[] = [];
  for (let i = 0; i < steps; i++) {
    const start = performance.now();
    step(inputs, labels);
    times.push(1000 * (performance.now() - start));
  }
  return { microseconds: median(times) };
}

run(2000);
await serve((line) => run(Number(line.split(" ")[1])));
