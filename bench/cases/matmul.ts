// `bench -- matmul`: all layouts, batched, odd, thin and fat shapes; each case's share of what the machine allows.
import { measureBandwidth } from "../bandwidth.js";
import type { BenchOptions } from "../options.js";
import { type BenchRecord, ownRecord } from "../record.js";
import { formatValue } from "../table.js";
import { compareKernels, type KernelCase } from "./kernels.js";

interface Product {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transA?: boolean;
  readonly transB?: boolean;
  readonly batch?: number;
}

const squareCase = "matmul 1024³";

function layouts(name: string, size: Product): KernelCase[] {
  return [false, true].flatMap((transA) =>
    [false, true].map((transB) => ({
      case: name,
      variant: `${transA ? "Aᵀ" : "A"}${transB ? "Bᵀ" : "B"}`,
      request: { ...size, transA, transB },
    })),
  );
}

function shape(variant: string, request: Product): KernelCase {
  const { m, n, k, batch } = request;
  return { case: `matmul ${batch ? `${batch} × ` : ""}${m}×${k}×${n}`, variant, request: { ...request } };
}

export const matmulCases: readonly KernelCase[] = [
  ...layouts(squareCase, { m: 1024, n: 1024, k: 1024 }),
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
  const bandwidths = new Map<number, number>();
  for (const threads of options.threads) bandwidths.set(threads, await measureBandwidth(threads));
  const records = await compareKernels("matmul", matmulCases, options);
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
    const shares = matmulCases.map(({ case: name, variant, request }, i) => {
      const limit = Math.min(square, bandwidthLimit(request as unknown as Product, bandwidths.get(threads) as number));
      return { name: `${name} ${variant}`, limit, share: (own[i] as BenchRecord).value / limit };
    });
    const worst = shares.reduce((a, b) => (b.share < a.share ? b : a));
    console.log(`\nShare of min(square case, memory bandwidth), ${threads} thread${threads === 1 ? "" : "s"}:`);
    for (const { name, limit, share } of shares) {
      console.log(`  ${name.padEnd(36)} ${(100 * share).toFixed(0).padStart(4)}% of ${formatValue(limit)} GFLOP/s`);
    }
    console.log(`  lowest: ${worst.name}, ${(100 * worst.share).toFixed(0)}%`);
  }
}
