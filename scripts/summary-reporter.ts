// Vitest reporter that ends the output with one line, `N passed, N failed[, N skipped]`.
import type { Reporter, SerializedError, TestModule } from "vitest/node";

export class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const line = summaryLine(modules, unhandledErrors.length);
    // The default reporter prints its own summary after the run; at exit nothing else follows.
    process.once("exit", () => process.stdout.write(`${line}\n`));
  }
}

/** Counts tests; a file that failed outside its tests, and each error outside any file, counts as one failure. */
function summaryLine(modules: readonly TestModule[], unhandledErrors: number): string {
  const counts = { passed: 0, failed: unhandledErrors, skipped: 0, pending: 0 };
  for (const module of modules) {
    for (const test of module.children.allTests()) counts[test.result().state]++;
    counts.failed += module.errors().length > 0 ? 1 : 0;
    for (const suite of module.children.allSuites()) counts.failed += suite.errors().length > 0 ? 1 : 0;
  }
  // Tests that never ran (a crashed worker) did not pass.
  const failed = counts.failed + counts.pending;
  return `${counts.passed} passed, ${failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ""}`;
}
