// The parts of the command line that need no training: progress, interrupts, hints.
import { describe, expect, test, vi } from "vitest";
import { commandLine } from "../../src/cli/command-line.js";
import { describeError, UsageError } from "../../src/cli/errors.js";
import { InterruptCounter } from "../../src/cli/interrupt.js";
import { ProgressDisplay } from "../../src/cli/progress.js";
import { formatDuration, quoteForShell } from "../../src/cli/text.js";

function display(isTTY: boolean, columns = 120) {
  const written: string[] = [];
  const clock = { now: 0 };
  const work = { epochs: 2, batches: 10, itemsPerEpoch: 1000 };
  const terminal = { isTTY, columns, write: (text: string) => written.push(text) };
  return { written, clock, progress: new ProgressDisplay(terminal, work, () => clock.now) };
}

const at = (batch: number) => ({ epoch: 0, batch, items: 100 * batch, loss: 0.5 });

describe("ProgressDisplay", () => {
  test("given no terminal, prints a plain line within 3 s and then every 5 s", () => {
    const { written, clock, progress } = display(false);
    for (let batch = 0; batch <= 10; batch++) {
      clock.now = 1000 * batch;
      progress.update(at(batch));
    }
    expect(written).toEqual([
      "  epoch 1/2  10%  100 images/s  loss 0.5000  ETA 19 s\n",
      "  epoch 1/2  60%  100 images/s  loss 0.5000  ETA 14 s\n",
    ]);
  });

  test("given a terminal, draws a line with a bar at once and redraws it in place", () => {
    const { written, clock, progress } = display(true);
    progress.start(at(0));
    clock.now = 1000;
    progress.update(at(1));
    clock.now = 1050; // too soon
    progress.update(at(2));
    clock.now = 2000;
    progress.update(at(5));
    progress.print("Epoch [1/2]");
    expect(written).toEqual([
      `\r\x1b[2K${"░".repeat(24)}  epoch 1/2   0%  … images/s  loss …  ETA …`,
      `\r\x1b[2K${"█".repeat(2)}${"░".repeat(22)}  epoch 1/2  10%  … images/s  loss 0.5000  ETA …`,
      `\r\x1b[2K${"█".repeat(12)}${"░".repeat(12)}  epoch 1/2  50%  400 images/s  loss 0.5000  ETA 4 s`,
      "\r\x1b[2K",
      "Epoch [1/2]\n",
    ]);
  });

  test("given a narrow terminal, leaves out the bar and never wraps", () => {
    const { written, progress } = display(true, 40);
    progress.start(at(3));
    expect(written[0]).toBe("\r\x1b[2Kepoch 1/2  30%  … images/s  loss 0.5000");
  });
});

describe("InterruptCounter", () => {
  test("given two signals within 500 ms, takes them for one; a later one aborts", () => {
    const [onStop, onAbort] = [vi.fn(), vi.fn()];
    const clock = { now: 100 };
    const counter = new InterruptCounter({ onStop, onAbort, now: () => clock.now });
    counter.signal();
    clock.now = 110;
    counter.signal();
    expect([onStop.mock.calls.length, onAbort.mock.calls.length, counter.isStopping]).toEqual([1, 0, true]);
    clock.now = 700;
    counter.signal();
    expect([onStop.mock.calls.length, onAbort.mock.calls.length]).toEqual([1, 1]);
  });
});

describe("hints", () => {
  const args = ["train", "mnist", "--resume", "my runs/checkpoint.safetensors"];

  test("given npm start, the command goes through npm start", () => {
    const line = commandLine(args, { npm_lifecycle_event: "start" }, "/x/dist/cli/main.js");
    expect(line).toBe("npm start -- --resume 'my runs/checkpoint.safetensors'");
  });

  test("given npx or an installed gradus, the command is theirs", () => {
    expect(commandLine(["info"], { npm_command: "exec" }, "/x/gradus")).toBe("npx gradus info");
    expect(commandLine(["info"], {}, "/usr/bin/gradus")).toBe("gradus info");
  });

  test("given a path, the command names the script", () => {
    expect(commandLine(["info"], {}, `${process.cwd()}/dist/cli/main.js`)).toBe("node dist/cli/main.js info");
  });
});

describe("text", () => {
  test("given seconds, formatDuration uses the two greatest units", () => {
    expect([4.4, 65, 7380].map(formatDuration)).toEqual(["4 s", "1 min 05 s", "2 h 03 min"]);
  });

  test("given a quote, quoteForShell keeps it", () => {
    expect(quoteForShell("it's")).toBe("'it'\\''s'");
  });

  test("given a message of several lines, describeError prints one", () => {
    expect(describeError(new UsageError("a\n  b"), false)).toBe("error: a b");
    expect(describeError(new TypeError("x"), false)).toBe("error: x (unexpected; GRADUS_DEBUG=1 shows where)");
  });
});
