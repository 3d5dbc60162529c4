// The benchmarks' own arithmetic: medians, alternation, tables, records, the processes' protocol.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { alternate } from "../../bench/alternate.js";
import { startPeer } from "../../bench/peers.js";
import { insertTables, strongest, summaryTable } from "../../bench/readme.js";
import { type BenchRecord, readRecords, writeRecords } from "../../bench/record.js";
import { Side, SideError } from "../../bench/side.js";
import { median } from "../../bench/statistics.js";
import { formatValue, plainTable } from "../../bench/table.js";

const record: BenchRecord = {
  case: "matmul 1024³",
  variant: "AB",
  target: "wasm",
  threads: 2,
  unit: "GFLOP/s",
  value: 95.5,
  peer: "PyTorch 2.15.0",
  peerValue: 191,
  ratio: 0.5,
};

/** A process that answers each line with its length. */
const echo = `
console.log(JSON.stringify({ ready: true }));
require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
  if (line === "quit") process.exit(0);
  console.log(JSON.stringify(line === "bad" ? { error: "no such request" } : { length: line.length }));
});
`;

test("median: given an even count, the mean of the middle two", () => {
  expect([median([3, 1, 2]), median([4, 1, 2, 3])]).toEqual([2, 2.5]);
});

test("alternate: given two measurements, takes turns, begins rounds with another one, and gives medians", async () => {
  const calls: string[] = [];
  const measurement = (name: string, values: number[]) => async () => {
    calls.push(name);
    return values.shift() as number;
  };
  const result = await alternate([measurement("a", [1, 2, 9]), measurement("b", [5, 6, 7])], 3);
  expect(calls.join("")).toBe("abbaab");
  expect(result).toEqual([2, 6]);
});

test("records: given a file, every record stands on a line of its own with all keys", () => {
  const folder = mkdtempSync(join(tmpdir(), "gradus-bench-"));
  try {
    const file = join(folder, "r.json");
    writeRecords(file, [record, { ...record, peer: null, peerValue: null, ratio: null }]);
    expect(readFileSync(file, "utf8").split("\n")).toHaveLength(5);
    expect(readRecords(file)[0]).toEqual(record);
    expect(Object.keys(readRecords(file)[1] as object)).toEqual(Object.keys(record));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("tables: given a record, shows value, peer and ratio", () => {
  expect(plainTable([record]).split("\n")[1]).toBe(
    "matmul 1024³  AB       wasm    2        95.5 GFLOP/s  191 (PyTorch 2.15.0)  0.50×",
  );
  expect([13456.7, 123.4, 0.01234].map(formatValue)).toEqual(["13,457", "123", "0.0123"]);
});

test("insertTables: given a README with marks, replaces what is between them", () => {
  const text = insertTables("a\n<!-- bench -->\nold\n<!-- /bench -->\nb\n", [record], "a machine");
  expect(text).toMatch(
    /^a\n<!-- bench -->\nMeasured on: a machine\. .*\n\n\| work .*\n\| --- .*\n\| matrix products, 1 cases/,
  );
  expect(text.endsWith("|\n<!-- /bench -->\nb\n")).toBe(true);
  expect(() => insertTables("no marks", [record], "")).toThrow("README.md lacks the marks");
});

test("summaryTable: given several peers, takes the strongest; of a sweep it shows the spread", () => {
  const peers = [
    { ...record, peer: "OpenBLAS 0.3", peerValue: 382, ratio: 0.25 },
    { ...record, variant: "ABᵀ", ratio: 0.75 },
    { ...record, case: "GPT", variant: "step", unit: "ms", ratio: 1.5 },
    { ...record, case: "GPT", variant: "step", unit: "ms", threads: 1, ratio: 9 },
  ];
  expect(strongest([record, ...peers]).map(({ ratio }) => ratio)).toEqual([0.25, 0.75, 1.5, 9]);
  expect(
    summaryTable([record, ...peers])
      .split("\n")
      .slice(2),
  ).toEqual([
    "| GPT, step | wasm | 95.5 ms | 191, PyTorch 2.15.0 | 1.50× |",
    "| matrix products, 2 cases | wasm |  | OpenBLAS, PyTorch | 0.50× (0.25–0.75) |",
  ]);
});

test("Side: given a process that speaks the protocol, asks and measures; errors and early ends are SideErrors", async () => {
  const { side, ready } = await Side.start("echo", process.execPath, ["-e", echo]);
  expect(ready).toEqual({ ready: true });
  expect(await side.measure("four", "length")).toBe(4);
  await expect(side.ask("bad")).rejects.toThrow("echo: no such request");
  await expect(side.measure("four", "speed")).rejects.toThrow("echo: the answer has no speed");
  side.close();
  await expect(Side.start("none", process.execPath, ["-e", "throw new Error('broken')"])).rejects.toThrow(SideError);
  await expect(Side.start("none", "/no/such/program", [])).rejects.toThrow(/none: ended early/);
});

test("startPeer: given a library that is not there, says what it needs, once, and gives null", async () => {
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  vi.stubEnv("GRADUS_PYTHON", "/no/such/python");
  try {
    expect([await startPeer("pytorch", 1), await startPeer("pytorch", 1)]).toEqual([null, null]);
    expect(log.mock.calls).toEqual([
      [
        expect.stringMatching(
          /^PyTorch is absent \(PyTorch: ended early: .*\); it needs a Python in GRADUS_PYTHON \(else python3\) that has torch and torchvision\.$/,
        ),
      ],
    ]);
  } finally {
    vi.unstubAllEnvs();
    log.mockRestore();
  }
});
