// Builds dist/: compiles src/, copies hand-written .mjs workers, removes outputs without a source. `--if-stale` skips a fresh build.
import { buildDist, isDistStale } from "./dist.js";

if (!process.argv.includes("--if-stale") || isDistStale()) {
  console.log("Building dist/ …");
  if (!buildDist()) process.exitCode = 1;
}
