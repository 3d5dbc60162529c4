// profile(fn): which kernels ran, how often, and how long, on each kind of target.
import { availableTargets, compile, DeviceError, profile, randn, setTarget, type Tensor } from "gradus";
import { afterEach, describe, expect, it } from "vitest";
import { runListener } from "../../src/ir/profile.js";

const initial = setTarget("wasm");
afterEach(() => void setTarget(initial));

const targets = ["interpreter", ...availableTargets().filter((name) => /^(wasm|x64)/.test(name))];

describe.each(targets)("profile on %s", (target) => {
  it("given three steps, counts three runs of each kernel, with times that add up", () => {
    setTarget(target);
    const step = compile((x: Tensor) => x.matmul(x).relu().sum());
    const x = randn([16, 16]);
    const expected = step(x).item();

    const report = profile(() => {
      let last = 0;
      for (let k = 0; k < 3; k++) last = step(x).item();
      return last;
    });

    expect(report.result).toBe(expected);
    expect(report.runs.length).toBe(3);
    expect(report.kernels.length).toBeGreaterThan(0);
    for (const kernel of report.kernels) {
      expect(kernel.runs).toBe(3);
      expect(kernel.ms).toBeGreaterThan(0);
      expect(kernel.rooflineShare).toBeGreaterThanOrEqual(0);
    }
    expect(report.kernels.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 6);
    for (const { events, start, end, program } of report.runs) {
      // Each tile of each kernel once.
      for (const kernel of program.stages.flat()) {
        const tiles = events.filter((e) => e.kernel === kernel).map(({ first, last }) => last - first);
        expect(tiles.reduce((a, b) => a + b, 0)).toBe(kernel.tiles);
      }
      // The two clocks agree to some microseconds.
      for (const e of events) expect(e.start).toBeGreaterThan(start - 0.1);
      for (const e of events) expect(e.end).toBeLessThan(end + 0.1);
    }
    expect(report.table()).toMatch(/of roofline\n/);
    const trace = JSON.parse(report.chromeTrace());
    expect(trace.traceEvents.length).toBe(report.runs.reduce((n, { events }) => n + events.length + 1, 0));
  });
});

it("given a failing function, nobody listens afterwards", () => {
  setTarget("wasm");
  expect(() =>
    profile(() => {
      throw new RangeError("mine");
    }),
  ).toThrow(new RangeError("mine"));
  expect(runListener()).toBe(null);
});

it("given a promise, measures until it settles", async () => {
  setTarget("wasm");
  const report = await profile(async () => {
    await Promise.resolve();
    return randn([4]).exp().sum().item();
  });
  expect(report.runs.length).toBeGreaterThan(0);
  expect(runListener()).toBe(null);
});

it("given two promises that overlap, each report has what ran until its own settled, and nobody listens afterwards", async () => {
  setTarget("wasm");
  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  const x = randn([4]);
  const run = async (after: number): Promise<number> => {
    await pause(after);
    return x.exp().sum().item();
  };

  const [short, long] = await Promise.all([profile(() => run(5)), profile(() => run(40))]);

  expect([short.runs.length, long.runs.length]).toEqual([1, 2]);
  expect(runListener()).toBe(null);
});

it("given a profile within another, both have the run, and neither the measurement of the machine", () => {
  setTarget("wasm");
  const x = randn([4]);
  const outer = profile(() => profile(() => x.exp().sum().item()));
  expect([outer.runs.length, outer.result.runs.length]).toEqual([1, 1]);
});

it("given the reference interpreter, throws DeviceError", () => {
  setTarget("reference");
  expect(() => profile(() => 1)).toThrow(
    new DeviceError('profile: the target "reference" has no kernels; use setTarget("wasm")'),
  );
});
