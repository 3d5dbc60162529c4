// `npm run test:faults [-- name …]`: puts known faults into a copy of the sources, one at a time, and runs the tests that have to
// notice. A fault that no test fails for is a missing test.
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./dist.js";
import { faults, withFault } from "./faults/all.js";
import type { Fault } from "./faults/fault.js";

const copied = ["src", "test", "scripts", "package.json", "tsconfig.json", "vitest.config.ts"];
/** Copies that work side by side. */
const COPIES = 2;
const TIMEOUT_MS = 90_000;
/** Threads that a fault has parted from the others give up sooner. */
const BARRIER_TIMEOUT_MS = 5_000;

interface Result {
  readonly failedTests: readonly string[];
  /** What went wrong outside of tests: a file that does not load says nothing about the tests. */
  readonly broken: string | null;
}

function makeCopy(): string {
  const copy = mkdtempSync(join(tmpdir(), "gradus-faults-"));
  for (const item of copied) cpSync(join(root, item), join(copy, item), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  return copy;
}

interface Report {
  readonly numTotalTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/** Runs test files in a copy, up to the first failure. */
async function runTests(copy: string, tests: readonly string[]): Promise<Result> {
  const outputFile = join(copy, "report.json");
  rmSync(outputFile, { force: true });
  const args = [join(root, "node_modules/vitest/vitest.mjs"), "run", "--bail", "1", "--reporter", "json"];
  const child = spawn(process.execPath, [...args, "--outputFile", outputFile, ...tests], {
    cwd: copy,
    stdio: "ignore",
    detached: true, // a process group of its own, so that a hanging test ends with it
    env: { ...process.env, GRADUS_BARRIER_TIMEOUT_MS: String(BARRIER_TIMEOUT_MS) },
  });
  let isTimedOut = false;
  const timer = setTimeout(() => {
    isTimedOut = true;
    process.kill(-(child.pid as number), "SIGKILL");
  }, TIMEOUT_MS);
  await new Promise((resolve) => child.once("close", resolve));
  clearTimeout(timer);
  if (isTimedOut) return { failedTests: [`no end within ${TIMEOUT_MS / 1000} s`], broken: null };
  return readReport(outputFile);
}

function readReport(file: string): Result {
  let report: Report;
  try {
    report = JSON.parse(readFileSync(file, "utf8")) as Report;
  } catch (error) {
    return { failedTests: [], broken: `no report: ${(error as Error).message}` };
  }
  const failedTests = report.testResults.flatMap((result) =>
    result.assertionResults.filter(({ status }) => status === "failed").map(({ fullName }) => fullName.trim()),
  );
  const unloaded = report.testResults.find((r) => r.status === "failed" && r.assertionResults.length === 0);
  if (failedTests.length > 0) return { failedTests, broken: null };
  if (unloaded) return { failedTests, broken: unloaded.message };
  return { failedTests, broken: report.numTotalTests === 0 ? "no test ran" : null };
}

type Outcome = "caught" | "survived" | "broken";

async function tryFault(copy: string, fault: Fault): Promise<Outcome> {
  const file = join(copy, fault.file);
  const original = readFileSync(file, "utf8");
  writeFileSync(file, withFault(fault));
  const start = performance.now();
  const { failedTests, broken } = await runTests(copy, fault.tests);
  writeFileSync(file, original);
  const outcome = failedTests.length > 0 ? "caught" : broken === null ? "survived" : "broken";
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const detail = { caught: failedTests[0], survived: fault.tests.join(", "), broken }[outcome];
  console.log(`${outcome.padEnd(8)}  ${fault.name} (${seconds} s): ${detail}`);
  return outcome;
}

/** Works through `items` in all copies; results in the order of completion. */
async function share<T, R>(copies: readonly string[], items: readonly T[], run: (copy: string, item: T) => Promise<R>) {
  const queue = [...items];
  const results: R[] = [];
  const work = async (copy: string): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) results.push(await run(copy, item));
  };
  await Promise.all(copies.map(work));
  return results;
}

async function main(names: readonly string[]): Promise<boolean> {
  const chosen = names.length === 0 ? faults : faults.filter(({ name }) => names.some((part) => name.includes(part)));
  if (chosen.length === 0) throw new Error(`no fault is called ${names.join(", ")}`);
  for (const fault of chosen) withFault(fault);
  const copies = Array.from({ length: Math.min(COPIES, chosen.length) }, makeCopy);
  try {
    // A test that fails anyway would catch anything.
    const sound = await runTests(copies[0] as string, [...new Set(chosen.flatMap(({ tests }) => tests))]);
    if (sound.failedTests.length > 0 || sound.broken !== null) {
      console.error(`without a fault: ${sound.failedTests[0] ?? sound.broken}`);
      return false;
    }
    const outcomes = await share(copies, chosen, tryFault);
    const caught = outcomes.filter((outcome) => outcome === "caught").length;
    console.log(`${outcomes.length} faults, ${caught} caught`);
    return caught === outcomes.length;
  } finally {
    for (const copy of copies) rmSync(copy, { recursive: true, force: true });
  }
}

if (!(await main(process.argv.slice(2)))) process.exitCode = 1;
