import { manualSeed, profile, type Tensor } from "gradus";
import { DataLoader, mnist } from "gradus/data";
import { CNN, trainingStep } from "./job.js";
manualSeed(1);
const loader = new DataLoader(await mnist({}), { batchSize: 64, shuffle: true });
const { step } = trainingStep(new CNN(), process.argv[2] === "compiled");
const losses: Tensor[] = [];
const batches: (readonly [Tensor, Tensor])[] = [];
for await (const b of loader) { batches.push(b as readonly [Tensor, Tensor]); if (batches.length === 300) break; }
for (const b of batches.slice(0, 100)) losses.push(step(b[0], b[1]));
const times: number[] = [];
const p = profile(() => { for (const b of batches.slice(100, 300)) { const t = performance.now(); losses.push(step(b[0], b[1])); times.push(performance.now() - t); } });
times.sort((a, b) => a - b);
console.log(p.table());
const t0 = performance.now();
for (const b of batches.slice(100, 300)) losses.push(step(b[0], b[1]));
console.log("step ms (no profile)", (performance.now() - t0) / 200, "median profiled", times[100]);
if (process.argv[3]) (await import("node:fs")).writeFileSync(process.argv[3], JSON.stringify(p.chromeTrace()));
