// Runs scripts in processes of their own: where machine code faults, a test fails and nothing else.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export interface ChildResult {
  readonly status: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ChildOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Options of Node. */
  readonly node?: readonly string[];
  /** Sent once the child has printed something. */
  readonly kill?: NodeJS.Signals;
}

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Runs a TypeScript file of this folder, without the settings of the surrounding test run. */
export async function runChild(script: string, options: ChildOptions = {}): Promise<ChildResult> {
  const { args = [], env = {}, node = [], kill } = options;
  const file = fileURLToPath(new URL(script, import.meta.url));
  const { GRADUS_TARGET: _, GRADUS_THREADS: __, GRADUS_DEBUG: ___, ...inherited } = process.env;
  const child = spawn(process.execPath, [...node, "--import", "tsx", file, ...args], {
    cwd: root,
    env: { ...inherited, ...env },
    timeout: 60_000,
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text) => {
    stdout += text;
    if (kill !== undefined) child.kill(kill);
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  const [status, signal] = await once(child, "close");
  return { status, signal, stdout, stderr };
}
