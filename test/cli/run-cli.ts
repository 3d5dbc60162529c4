// Runs the command line from its sources in a folder of its own, on a small part of MNIST.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "../../scripts/dist.js";

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly done: Promise<Finished>;
  /** Resolves when the output so far matches; fails when the process ends before. */
  printed(pattern: RegExp): Promise<void>;
}

export function temporaryFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), "gradus-cli-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Starts `gradus ...args`. The working folder is where it puts its runs. */
export function startCli(args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}): Running {
  const tsx = pathToFileURL(join(root, "node_modules/tsx/dist/esm/index.mjs")).href;
  return start(["--import", tsx, join(root, "src/cli/main.ts"), ...args], cwd, env);
}

/** Starts this Node with the repository's settings for TypeScript. */
export function start(args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}): Running {
  // Settings of the test run, or of npm, would change the output under test.
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|VITEST|FORCE_COLOR|NODE_ENV|GRADUS_)/.test(name),
  );
  const child = spawn(process.execPath, args, {
    cwd,
    env: { ...Object.fromEntries(kept), NO_COLOR: "1", TSX_TSCONFIG_PATH: join(root, "tsconfig.json"), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = { stdout: "", stderr: "" };
  const listeners = new Set<() => void>();
  for (const name of ["stdout", "stderr"] as const) {
    child[name].on("data", (chunk) => {
      output[name] += String(chunk);
      for (const listener of listeners) listener();
    });
  }
  const done = new Promise<Finished>((resolve) => child.on("close", (code) => resolve({ code, ...output })));
  const printed = (pattern: RegExp) =>
    new Promise<void>((resolve, reject) => {
      const check = () => pattern.test(output.stdout) && resolve();
      listeners.add(check);
      check();
      void done.then(() => reject(new Error(`ended without ${pattern}: ${output.stdout}${output.stderr}`)));
    });
  return { child, done, printed };
}
