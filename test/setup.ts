// Strict mode of every test file: a test that prints something it did not mock fails.
import { afterEach } from "vitest";

const printed: string[] = [];
for (const method of ["log", "info", "warn", "error", "debug"] as const) {
  const original = console[method];
  console[method] = (...values: unknown[]) => {
    printed.push(`console.${method}: ${values.map(String).join(" ")}`);
    original(...values);
  };
}

afterEach(() => {
  const lines = printed.splice(0);
  if (lines.length > 0) {
    throw new Error(`unexpected output; expect it with vi.spyOn(console, …).mockImplementation: ${lines.join("\n")}`);
  }
});
