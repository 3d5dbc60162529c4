// The cold start of the MNIST job: times of its first steps in a fresh process, once. Variant: plain or compiled.
import { manualSeed, type Tensor } from "gradus";
import { DataLoader, mnist } from "gradus/data";
import { CNN, trainingStep } from "./job.js";
import { configure, serve } from "./protocol.js";

const { data, variant } = configure(["data", "variant"]);
manualSeed(1);
const loader = new DataLoader(await mnist(data ? { root: data } : {}), { batchSize: 64, shuffle: true });
const { step } = trainingStep(new CNN(), variant === "compiled");
const batches = loader[Symbol.iterator]();

function timeStep(): number {
  const start = performance.now();
  const [images, labels] = batches.next().value as [Tensor, Tensor];
  step(images, labels).item();
  return performance.now() - start;
}

const firstMs = timeStep();
const secondMs = timeStep();
await serve(() => ({ firstMs, secondMs }));
