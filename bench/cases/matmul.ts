// `bench -- matmul`: all layouts, batched, odd, thin and fat shapes; each case's share of what the machine allows.
import { measureBandwidth } from "../bandwidth.js";
import type { BenchOptions } from "../options.js";
import { type BenchRecord, ownRecord } from "../record.js";
import { formatValue } from "../table.js";
import { type ComparedCase, compareCases } from "./compare.js";

interface Product {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transA?: boolean;
  readonly transB?: boolean;
  readonly batch?: number;
}

const largestForJs = 2.5;
const squareCase = "matmul 1024³";

function product(name: string, variant: string, request: Product): ComparedCase {
  const { m, n, k, batch = 1 } = request;
  const work = (2 * m * n * k * batch) / 1e9;
  return {
    case: name,
    variant,
    request: { kind: "matmul", ...request },
    unit: "GFLOP/s",
    work,
    // The two in JavaScript take many seconds for the larger ones.
    peers: ["pytorch", "openblas", "jax", ...(work < largestForJs ? (["tfjs", "jaxjs"] as const) : [])],
  };
}

function layouts(name: string, size: Product): ComparedCase[] {
  return [false, true].flatMap((transA) =>
    [false, true].map((transB) =>
      product(name, `${transA ? "Aᵀ" : "A"}${transB ? "Bᵀ" : "B"}`, { ...size, transA, transB }),
    ),
  );
}

function shape(variant: string, request: Product): ComparedCase {
  const { m, n, k, batch } = request;
  return product(`matmul ${batch ? `${batch} × ` : ""}${m}×${k}×${n}`, variant, request);
}

export const matmulCases: readonly ComparedCase[] = [
  ...layouts("matmul 512³", { m: 512, n: 512, k: 512 }),
  ...layouts(squareCase, { m: 1024, n: 1024, k: 1024 }),
  ...layouts("matmul 2048³", { m: 2048, n: 2048, k: 2048 }),
  ...layouts("matmul 511×513×509", { m: 511, n: 509, k: 513 }),
  ...layouts("matmul 16 × 256³", { m: 256, n: 256, k: 256, batch: 16 }),
  shape("square", { m: 256, n: 256, k: 256 }),
  shape("batched, small", { m: 64, n: 64, k: 64, batch: 128 }),
  shape("fat, few columns", { m: 4096, n: 16, k: 1024 }),
  shape("fat, few rows", { m: 16, n: 4096, k: 1024 }),
  shape("thin inner dim", { m: 2048, n: 2048, k: 16 }),
  shape("long inner dim", { m: 32, n: 32, k: 65536 }),
  shape("matrix · vector", { m: 4096, n: 1, k: 4096 }),
  shape("vector · matrix", { m: 1, n: 4096, k: 4096 }),
];

/** What the memory bandwidth allows, if each operand and the result cross the bus once. */
function bandwidthLimit({ m, n, k, batch = 1 }: Product, gigabytesPerSecond: number): number {
  const bytes = 4 * batch * (m * k + k * n + m * n);
  return (2 * m * n * k * batch * gigabytesPerSecond) / bytes;
}

export async function benchMatmul(options: BenchOptions): Promise<BenchRecord[]> {
  if (options.only !== null) return compareCases(matmulCases, options);
  const bandwidths = new Map<number, number>();
  for (const threads of options.threads) bandwidths.set(threads, await measureBandwidth(threads));
  const records = await compareCases(matmulCases, options);
  printShares(records, options, bandwidths);
  const copies = [...bandwidths].map(([threads, value]) =>
    ownRecord({ case: "memory bandwidth", variant: "copy", target: "host", threads, unit: "GB/s", value }),
  );
  return [...records, ...copies];
}

/** Each case against the smaller of the square case's speed and the bandwidth's limit; no case should be far below. */
function printShares(
  records: readonly BenchRecord[],
  { threads: threadCounts }: BenchOptions,
  bandwidths: ReadonlyMap<number, number>,
): void {
  for (const threads of threadCounts) {
    const own = records.filter((record) => record.threads === threads);
    const square = own.find((record) => record.case === squareCase)?.value ?? 0;
    const shares = matmulCases.flatMap(({ case: name, variant, request }) => {
      const limit = Math.min(square, bandwidthLimit(request as unknown as Product, bandwidths.get(threads) as number));
      const record = own.find((row) => row.case === name && row.variant === variant);
      return record ? [{ name: `${name} ${variant}`, limit, share: record.value / limit }] : [];
    });
    if (shares.length === 0) continue;
    const worst = shares.reduce((a, b) => (b.share < a.share ? b : a));
    console.log(`\nShare of min(square case, memory bandwidth), ${threads} thread${threads === 1 ? "" : "s"}:`);
    for (const { name, limit, share } of shares) {
      console.log(`  ${name.padEnd(36)} ${(100 * share).toFixed(0).padStart(4)}% of ${formatValue(limit)} GFLOP/s`);
    }
    console.log(`  lowest: ${worst.name}, ${(100 * worst.share).toFixed(0)}%`);
  }
}
