// What the package's entry says about targets here, and a small computation: `x64-public.ts [target …]`.
import { arange, setTarget, targetName, targetStatus } from "../../src/index.js";

const compute = () => arange(0, 6).view(2, 3).matmul(arange(0, 6).view(3, 2)).add(0.5).toArray();

try {
  const names = process.argv.slice(2);
  const runs = (names.length > 0 ? names : [null]).map((name) => {
    if (name !== null) setTarget(name);
    return { target: targetName(), values: compute() };
  });
  console.log(JSON.stringify({ runs, status: targetStatus() }));
} catch (error) {
  console.log(`${(error as Error).name}: ${(error as Error).message}`);
}
