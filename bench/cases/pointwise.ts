// `bench -- pointwise`: softmax, layer norm, elementwise chains and sums on matrices that fit the caches and that do not.
import type { BenchOptions } from "../options.js";
import type { BenchRecord } from "../record.js";
import { type ComparedCase, compareCases } from "./compare.js";

/** What each operation must read and write, in matrices. */
const operations = { softmax: 2, layerNorm: 2, layerNormGrad: 3, gelu: 2, chain: 3, sum: 1 } as const;

const names: Readonly<Record<keyof typeof operations, string>> = {
  softmax: "softmax of rows",
  layerNorm: "layer norm of rows",
  layerNormGrad: "layer norm, forward and gradients",
  gelu: "GELU",
  chain: "tanh(x y + b) σ(x) - y / (1 + x²)",
  sum: "sum of rows",
};

const sizes = [
  { rows: 512, columns: 256 },
  { rows: 4096, columns: 1024 },
  { rows: 1024, columns: 1000 },
] as const;

const cases: readonly ComparedCase[] = (Object.keys(operations) as (keyof typeof operations)[]).flatMap((op) =>
  sizes.map(({ rows, columns }) => ({
    case: names[op],
    variant: `${rows}×${columns}`,
    request: { kind: "pointwise", op, rows, columns },
    unit: "GB/s" as const,
    work: (4 * operations[op] * rows * columns) / 1e9,
    peers: ["pytorch", "jax", "tfjs", ...(op === "softmax" || op === "sum" ? (["jaxjs"] as const) : [])],
  })),
);

export function benchPointwise(options: BenchOptions): Promise<BenchRecord[]> {
  return compareCases(cases, options);
}
