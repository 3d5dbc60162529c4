// Compares single kernels: the same requests to both sides, by turns.
import { alternate } from "../alternate.js";
import { type BenchOptions, sideArguments } from "../options.js";
import type { BenchRecord } from "../record.js";
import { startGradus, startPeer } from "../side.js";

export interface KernelCase {
  readonly case: string;
  readonly variant: string;
  readonly request: Readonly<Record<string, number | boolean | string>>;
}

/** GFLOP/s of each case with each number of threads. */
export async function compareKernels(
  script: string,
  cases: readonly KernelCase[],
  options: BenchOptions,
): Promise<BenchRecord[]> {
  const gradus = await startGradus(script, sideArguments(options, Math.max(...options.threads)));
  const torch = options.usePeer ? await startPeer(script, []) : null;
  const sides = [gradus.side, ...(torch ? [torch.side] : [])];
  const records: BenchRecord[] = [];
  try {
    for (const threads of options.threads) {
      for (const { case: name, variant, request } of cases) {
        const full = { ...request, threads, seconds: options.seconds };
        const [value, peerValue = null] = await alternate(
          sides.map((side) => () => side.measure(full, "gflops")),
          options.rounds,
        );
        records.push({
          case: name,
          variant,
          target: String(gradus.ready.target),
          threads,
          unit: "GFLOP/s",
          value: value as number,
          peer: torch?.peer ?? null,
          peerValue,
          ratio: peerValue === null ? null : (value as number) / peerValue,
        });
      }
    }
    return records;
  } finally {
    for (const side of sides) side.close();
  }
}
