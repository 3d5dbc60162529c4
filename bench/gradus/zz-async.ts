import { manualSeed, type Tensor } from "gradus";
import { DataLoader, mnist } from "gradus/data";
import { CNN, trainingStep } from "./job.js";
import { processRuntime } from "../../src/targets/x64/target.js";
manualSeed(1);
const loader = new DataLoader(await mnist({}), { batchSize: 64, shuffle: true });
const { step } = trainingStep(new CNN(), process.argv[2] === "compiled");
const losses: Tensor[] = [];
const batches: (readonly [Tensor, Tensor])[] = [];
for await (const b of loader) { batches.push(b as readonly [Tensor, Tensor]); if (batches.length === 700) break; }
const rt = processRuntime() as any;
const orig = { settle: rt.settle, start: rt.start, run: rt.run, runAlone: rt.runAlone };
let settleMs = 0, settles = 0, starts = 0, runs = 0, startMs = 0, between = 0, last = 0;
rt.settle = function () { const t = performance.now(); const had = settles; orig.settle.call(rt); const e = performance.now() - t; if (e > 0.003) { settleMs += e; settles++; } };
rt.start = function (r: any) { const t = performance.now(); orig.start.call(rt, r); starts++; startMs += performance.now() - t; };
rt.run = function (r: any) { runs++; return orig.run.call(rt, r); };
const go = (from: number, to: number) => {
  const t0 = performance.now(); settleMs = settles = starts = runs = startMs = 0;
  const j0 = rt.workers.joinCount;
  for (const b of batches.slice(from, to)) losses.push(step(b[0], b[1]));
  losses.at(-1)!.item();
  const n = to - from;
  console.log(`per step ms: total ${((performance.now() - t0) / n).toFixed(3)} settle ${(settleMs / n).toFixed(3)} (n ${settles / n}) start ${(startMs / n).toFixed(3)} (n ${starts / n}) runs ${runs / n} joins ${(rt.workers.joinCount - j0) / n}`);
};
go(0, 100); go(100, 300); go(300, 500); go(500,700);
