// Test runner settings; `--mode long` selects the long training runs under test/long instead of the everyday tests.
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { LongestFirst } from "./scripts/longest-first.js";
import { SummaryReporter } from "./scripts/summary-reporter.js";

const root = fileURLToPath(new URL(".", import.meta.url));

/** The `paths` of tsconfig.json as aliases, so that the map from `gradus/…` and `#platform` to sources stands in one place. */
function sourceAliases(): { find: RegExp; replacement: string }[] {
  const paths: Record<string, [string]> = JSON.parse(readFileSync(`${root}tsconfig.json`, "utf8")).compilerOptions
    .paths;
  return Object.entries(paths).map(([name, [file]]) => ({
    find: new RegExp(`^${name}$`),
    replacement: root + file.slice(2),
  }));
}

/**
 * Most code of a test runs a few times: V8's optimizing compiler took a third of the processors' time. Node 20 optimizes later
 * with a larger budget (newer ones have no such option); a larger young generation is copied less often.
 */
const engineOptions = [
  "--max-semi-space-size=64",
  ...(process.versions.node.startsWith("20.") ? ["--interrupt-budget=400000"] : []),
];

export default defineConfig(({ mode }) => {
  const long = mode === "long";
  return {
    resolve: { alias: sourceAliases() },
    test: {
      include: long ? ["test/long/**/*.test.ts"] : ["src/**/*.test.ts", "test/**/*.test.ts"],
      exclude: long ? [] : ["test/long/**"],
      env: { GRADUS_SCHEDULES: "off" }, // what searches on this machine have found decides nothing here
      setupFiles: ["test/setup.ts"],
      reporters: ["default", new SummaryReporter()],
      sequence: { sequencer: LongestFirst },
      pool: "forks",
      execArgv: engineOptions,
      maxWorkers: availableParallelism(),
      testTimeout: long ? 3_600_000 : 30_000,
      hookTimeout: 120_000,
    },
  };
});
