// Trains the small CNN on real MNIST: `run STEPS` answers images per second, loading and shuffling included.
import { manualSeed, type Tensor } from "gradus";
import { DataLoader, mnist } from "gradus/data";
import { CNN, trainingStep } from "./job.js";
import { configure, serve } from "./protocol.js";

/** Until the engine has compiled the JavaScript of a step. */
const warmupSteps = 300;

const { data, variant } = configure(["data", "variant"]);
manualSeed(1);
const loader = new DataLoader(await mnist(data ? { root: data } : {}), { batchSize: 64, shuffle: true });
const { step } = trainingStep(new CNN(), variant === "compiled");

async function* endless(): AsyncGenerator<readonly [Tensor, Tensor]> {
  for (;;) yield* loader;
}
const batches = endless();

/** Trains `steps` batches; of the losses only the last is read before the clock stops, which waits for all work. */
async function run(steps: number): Promise<object> {
  const losses: Tensor[] = [];
  let images = 0;
  const start = performance.now();
  for (let i = 0; i < steps; i++) {
    const { value } = await batches.next();
    const [inputs, labels] = value as readonly [Tensor, Tensor];
    losses.push(step(inputs, labels));
    images += labels.shape[0] as number;
  }
  losses.at(-1)?.item();
  const seconds = (performance.now() - start) / 1000;
  const loss = losses.reduce((sum, value) => sum + value.item(), 0) / steps;
  return { imagesPerSecond: images / seconds, loss, steps, seconds };
}

await run(warmupSteps);
await serve((line) => {
  const [command, count] = line.split(" ");
  if (command !== "run" || !(Number(count) >= 1)) throw new Error(`expected "run STEPS", got "${line}"`);
  return run(Number(count));
});
