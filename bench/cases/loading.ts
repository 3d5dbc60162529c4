// `bench -- loading`: epochs over a folder of JPEG files, made by the loader's thread or by 1 or 2 workers.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { alternate } from "../alternate.js";
import { writePhotos } from "../gradus/photos.js";
import { type BenchOptions, sideArguments } from "../options.js";
import { startPeer } from "../peers.js";
import { type BenchRecord, comparedRecords } from "../record.js";
import { type Side, startGradus } from "../side.js";

const count = 128;
const batch = 16;
const workerCounts = [0, 1, 2];
/** One epoch a measurement. */
const timing = { seconds: 0, least: 1, warmup: 0 };

interface Contender {
  readonly workers: number;
  readonly label: string | null;
  readonly side: Side;
}

/** All by turns, each loader in a process of its own. */
export async function benchLoading(options: BenchOptions): Promise<BenchRecord[]> {
  const threads = Math.max(...options.threads);
  const folder = mkdtempSync(join(tmpdir(), "gradus-photos-"));
  const sides: Contender[] = [];
  try {
    writePhotos(folder, count);
    let target = "";
    for (const workers of workerCounts) {
      const { side, ready } = await startGradus("kinds", sideArguments(options, threads));
      target = String(ready.target);
      sides.push({ workers, label: null, side });
      const peer = options.peers.includes("pytorch") ? await startPeer("pytorch", threads) : null;
      if (peer) sides.push({ workers, label: peer.label, side: peer.side });
    }
    const measure = ({ side, workers }: Contender) =>
      side.measure({ kind: "loading", folder, batch, workers, ...timing }, "seconds");
    for (const contender of sides) await measure(contender); // workers start, programs are compiled
    const times = await alternate(
      sides.map((contender) => () => measure(contender)),
      options.rounds,
    );
    const speeds = sides.map((contender, i) => ({ ...contender, value: count / (times[i] as number) }));
    return recordsOf(speeds, target, threads);
  } finally {
    for (const { side } of sides) side.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function recordsOf(
  speeds: readonly (Contender & { readonly value: number })[],
  target: string,
  threads: number,
): BenchRecord[] {
  const own = speeds.filter(({ label }) => label === null);
  const none = own[0]?.value ?? 0;
  return own.flatMap(({ workers, value }) => {
    const peers = speeds.flatMap(({ label, ...peer }) =>
      label && peer.workers === workers ? [{ ...peer, label }] : [],
    );
    console.log(`  numWorkers ${workers}: ${value.toFixed(1)} images/s, ${(value / none).toFixed(2)}× none`);
    const row = { case: "loading JPEG 500×375", variant: `numWorkers ${workers}`, target, threads };
    return comparedRecords({ ...row, unit: "images/s", value }, peers);
  });
}
