// The checks of operators and of memory forms on one x64 feature set: `x64-ops-cases.ts x64:avx2`. Prints what fails.
import { createX64Target } from "../../src/targets/x64/target.js";
import { memoryChecks } from "./memory-checks.js";
import { operatorChecks } from "./operator-checks.js";

const name = process.argv[2] === "x64:avx512" ? "x64:avx512" : "x64:avx2";
const target = createX64Target(name);
const lanes = name === "x64:avx512" ? [1, 2, 4, 8, 16] : [1, 2, 4, 8];
const wideLanes = (lanes.at(-1) as number) / 2;

for (const { name: what, run } of [
  ...operatorChecks(target, { lanes, wideLanes }),
  ...memoryChecks(target, { lanes, wideLanes }),
]) {
  try {
    run();
  } catch (error) {
    console.log(`${what}: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
