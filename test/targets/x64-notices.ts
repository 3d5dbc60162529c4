// Worker threads that compute at the same time, as x64-public.ts does, and then this thread: `x64-notices.ts <preloaded script>`.
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { arange } from "../../src/index.js";

const script = fileURLToPath(new URL("x64-public.ts", import.meta.url));
// A worker cannot start on TypeScript, but it can load it.
const source = `
  require(${JSON.stringify(process.argv[2])});
  require("tsx/cjs/api").require(${JSON.stringify(script)}, ${JSON.stringify(script)});`;
const workers = [1, 2, 3].map(() => new Worker(source, { eval: true, execArgv: [], argv: [] }));
await Promise.all(workers.map((worker) => once(worker, "exit")));
console.log(arange(0, 3).sum().item());
