// Resident memory over many plain-loop steps in a synchronous loop, without a turn of the event loop: `run STEPS`.
// Variants: plain; history (each loss is kept); outputs (each step also keeps an output made under noGrad).
import { manualSeed, noGrad, rand, randint, type Tensor } from "gradus";
import { CNN, trainingStep } from "./job.js";
import { configure, serve } from "./protocol.js";

const { variant } = configure(["variant"]);
manualSeed(1);
const model = new CNN();
const { step } = trainingStep(model, false);
const images = rand([64, 1, 28, 28]);
const labels = randint(0, 10, [64]);
const kept: Tensor[] = [];
const outputBytes = 4 * 64 * 10;

function trainOnce(): void {
  const loss = step(images, labels);
  if (variant === "history") kept.push(loss);
  if (variant === "outputs") kept.push(noGrad(() => model(images)));
}

/** Megabytes of resident memory at a tenth of the steps (warmed up), at the end, and of the values kept in between. */
function run(steps: number): object {
  const megabytes = () => process.memoryUsage.rss() / 2 ** 20;
  const warmup = Math.ceil(steps / 10);
  let start = 0;
  let peak = 0;
  for (let i = 0; i < steps; i++) {
    trainOnce();
    if (i + 1 === warmup) start = megabytes();
    if (i >= warmup && i % 100 === 0) peak = Math.max(peak, megabytes());
  }
  const valueBytes = variant === "outputs" ? outputBytes : variant === "history" ? 4 : 0;
  const end = megabytes();
  return {
    start,
    end,
    peak: Math.max(peak, end),
    kept: ((steps - warmup) * valueBytes) / 2 ** 20,
    values: kept.length,
  };
}

await serve((line) => run(Number(line.split(" ")[1])));
