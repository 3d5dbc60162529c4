// The line protocol of the peers (see protocol.py) for libraries that run in Node.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const timing = ["seconds", "least", "warmup"];

export function threadsOption() {
  const { values } = parseArgs({ options: { threads: { type: "string", default: "1" } } });
  return Number(values.threads);
}

/** A library from the folder in GRADUS_PEERS: peers are no dependencies of this project. */
function peerPath(name) {
  const folder = process.env.GRADUS_PEERS;
  if (!folder) throw new Error(`set GRADUS_PEERS to a folder where ${name} is installed`);
  return createRequire(join(folder, "package.json")).resolve(name);
}

export function requirePeer(name) {
  return createRequire(peerPath(name))(name);
}

export async function importPeer(name) {
  return import(pathToFileURL(peerPath(name)).href);
}

export function versionOf(name) {
  const folder = join(process.env.GRADUS_PEERS ?? "", "node_modules", name, "package.json");
  return JSON.parse(readFileSync(folder, "utf8")).version;
}

async function measure(call, { seconds = 0.5, least = 5, warmup = 3 }) {
  for (let i = 0; i < warmup; i++) await call();
  const times = [];
  const end = performance.now() + 1000 * seconds;
  while (times.length < least || performance.now() < end) {
    const start = performance.now();
    await call();
    times.push((performance.now() - start) / 1000);
  }
  times.sort((a, b) => a - b);
  return { seconds: times[times.length >> 1], samples: times.length };
}

/** Announces readiness and answers `{kind, …}` requests; `kinds[kind](request)` prepares a call, or null if it cannot. */
export async function serveKinds(ready, kinds) {
  const print = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
  let last = { key: "", call: null };
  const answer = async (line) => {
    const request = JSON.parse(line);
    const { kind } = request;
    if (kind === "peak") return { megabytes: process.resourceUsage().maxRSS / 1024 };
    const key = JSON.stringify(request, (name, value) => (timing.includes(name) ? undefined : value));
    if (last.key !== key) last = { key, call: (await kinds[kind]?.(request)) ?? null };
    return last.call ? await measure(last.call, request) : { unsupported: true };
  };
  print({ ready: true, ...ready });
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() === "quit") break;
    try {
      print(await answer(line));
    } catch (error) {
      last = { key: "", call: null };
      print({ error: error instanceof Error ? error.message : String(error) });
    }
  }
  process.exit(0);
}

/** Numbers in [-0.5, 0.5). */
export function uniform(length) {
  return Float32Array.from({ length }, () => Math.random() - 0.5);
}
