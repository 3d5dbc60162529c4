// Counts what is compiled in a plain training loop whose learning rate changes at each step: `run STEPS`.
import { manualSeed, programCacheStats, rand, randint } from "gradus";
import { CNN, trainingStep } from "./job.js";
import { configure, serve } from "./protocol.js";

configure();
manualSeed(1);
const { step, optimizer } = trainingStep(new CNN(), false);
const images = rand([64, 1, 28, 28]);
const labels = randint(0, 10, [64]);

function run(steps: number): object {
  let afterSecond = 0;
  for (let i = 0; i < steps; i++) {
    for (const group of optimizer.paramGroups) group.lr = 0.001 * (1 - i / (2 * steps));
    step(images, labels);
    if (i === 1) afterSecond = programCacheStats().compiles;
  }
  return { compiles: programCacheStats().compiles - afterSecond, total: programCacheStats().compiles };
}

await serve((line) => run(Number(line.split(" ")[1])));
