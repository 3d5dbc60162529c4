// Tensors made on one target, read and written in place on others: `x64-handover.ts target …`.
import { arange, setTarget } from "../../src/index.js";

// The last one is lent memory of large results on x64.
const sizes = [3, 100, 5000, 40_000, 2_200_000];

const tensors = sizes.map((size) => arange(0, size));
for (const name of process.argv.slice(2)) {
  setTarget(name);
  const sums = tensors.map((x) => {
    x.add_(1);
    return Number(x.mul(2).add(1).toTypedArray().at(-2));
  });
  console.log(JSON.stringify(sums));
}
