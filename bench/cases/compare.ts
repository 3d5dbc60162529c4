// Compares Gradus with other libraries: the same requests to all of them, by turns.
import { alternate } from "../alternate.js";
import { type BenchOptions, sideArguments } from "../options.js";
import { type PeerName, startPeer } from "../peers.js";
import { type BenchRecord, comparedRecords } from "../record.js";
import { type Answer, formerLabel, type Side, SideError, startFormer, startGradus } from "../side.js";
import type { Timing } from "../statistics.js";

export interface ComparedCase {
  readonly case: string;
  readonly variant: string;
  /** What bench/gradus/kinds.ts and the programs of bench/peers are asked. */
  readonly request: { readonly kind: string } & Readonly<Record<string, number | boolean | string>>;
  readonly unit: "GFLOP/s" | "GB/s" | "images/s" | "ms";
  /** What one call does, in the unit's numerator: 1e9 operations or bytes, or images. Of no account for ms. */
  readonly work?: number;
  readonly peers: readonly PeerName[];
}

/** Calls that take longer than this are measured one by one. */
const longSeconds = 0.5;

interface Contender {
  readonly label: string;
  readonly side: Side;
  /** Null: Gradus, this checkout or another. */
  readonly peer: PeerName | null;
}

/** Each case with each number of threads: a record for each peer, or one without where there is none. */
export async function compareCases(cases: readonly ComparedCase[], options: BenchOptions): Promise<BenchRecord[]> {
  const records: BenchRecord[] = [];
  const { only } = options;
  const chosen = cases.filter((one) => only === null || `${one.case}, ${one.variant}`.includes(only));
  for (const threads of chosen.length > 0 ? options.threads : []) {
    const { side, ready } = await startGradus("kinds", sideArguments(options, threads));
    const contenders: Contender[] = [{ label: "Gradus", side, peer: null }];
    try {
      const former = await startFormer(options.against, "kinds", sideArguments(options, threads));
      if (former) contenders.push({ label: formerLabel, side: former, peer: null });
      const wanted = new Set(chosen.flatMap(({ peers }) => peers));
      for (const peer of options.peers.filter((name) => wanted.has(name))) {
        const started = await startPeer(peer, threads);
        if (started) contenders.push({ ...started, peer });
      }
      for (const one of chosen) {
        const rows = await compareCase(one, contenders, String(ready.target), threads, options);
        records.push(...rows);
        printProgress(rows);
      }
    } finally {
      for (const contender of contenders) contender.side.close();
    }
  }
  return records;
}

async function compareCase(
  { case: name, variant, request, unit, work = 1, peers }: ComparedCase,
  contenders: readonly Contender[],
  target: string,
  threads: number,
  { seconds, rounds }: BenchOptions,
): Promise<BenchRecord[]> {
  const able: { label: string; measure: () => Promise<number> }[] = [];
  for (const { label, side, peer } of contenders) {
    if (peer !== null && !peers.includes(peer)) continue;
    // The first answer also says whether it can, and how long it takes; preparing and compiling stay out of the rounds.
    const answer = await tryAsk(side, { ...request, seconds: 0, least: 1, warmup: 1 }, name);
    if (answer) {
      const timing = timingFor(answer.seconds as number, seconds);
      const measure = () => side.measure({ ...request, ...timing }, "seconds");
      able.push({ label: answer.form ? `${label}, ${answer.form}` : label, measure });
    } else if (side === contenders[0]?.side) return [];
  }
  const measurements = able.map(({ measure }) => measure);
  const [own, ...others] = await alternate(measurements, rounds);
  const inUnit = (time: number) => (unit === "ms" ? 1000 * time : work / time);
  const row = { case: name, variant, target, threads, unit, value: inUnit(own as number) };
  const peerRows = others.map((time, i) => ({ label: (able[i + 1] as { label: string }).label, value: inUnit(time) }));
  return comparedRecords(row, peerRows);
}

function timingFor(callSeconds: number, seconds: number): Timing {
  return callSeconds > longSeconds ? { seconds: 0, least: 1, warmup: 0 } : { seconds, least: 3, warmup: 1 };
}

/** Null where the library cannot do it; why is printed if it tried and failed. */
async function tryAsk(side: Side, request: object, name: string): Promise<Answer | null> {
  try {
    const answer = await side.ask(request);
    return answer.unsupported ? null : answer;
  } catch (error) {
    if (!(error instanceof SideError)) throw error;
    console.log(`  ${name}: ${error.message}`);
    return null;
  }
}

function printProgress(rows: readonly BenchRecord[]): void {
  const [first] = rows;
  if (!first) return;
  const ratios = rows.map(({ peer, ratio }) => (ratio === null ? "no peer" : `${ratio.toFixed(2)}× ${peer}`));
  console.log(
    `  ${first.case}, ${first.variant} (${first.threads}): ${first.value.toPrecision(4)} ${first.unit}; ${ratios.join("; ")}`,
  );
}
