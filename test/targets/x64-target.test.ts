// Which target computes: the best there is, what was asked for, and WebAssembly with one notice where machine code cannot be had.
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { platform } from "#platform";
import { hasRelaxedSimd } from "../../src/targets/index.js";
import { runChild } from "./child.js";

const values = [
  [10.5, 13.5],
  [28.5, 40.5],
];
const hook = fileURLToPath(new URL("koffi-hook.cjs", import.meta.url));
/** The next best: relaxed SIMD where the engine has it without a flag, as Node 24 does. */
const fallback = hasRelaxedSimd() ? "wasm:relaxed" : "wasm";
const isMachine = process.platform === "linux" && process.arch === "x64";
const hooked = (mode: string, env: Readonly<Record<string, string>> = {}, args: readonly string[] = []) =>
  runChild("x64-public.ts", { node: ["--require", hook], env: { KOFFI_HOOK: mode, ...env }, args });

interface Report {
  readonly runs: readonly { readonly target: string; readonly values: unknown }[];
  readonly status: readonly { readonly name: string; readonly reason: string | null }[];
}
const report = (stdout: string): Report => JSON.parse(stdout);

describe.runIf(isMachine)("without machine code", () => {
  it.each([
    ["missing", "koffi is not installed (an optional dependency: npm install koffi)"],
    ["broken", "koffi does not load: libc: wrong version"],
    ["refuse", "the system refuses executable memory (mprotect: EACCES)"],
  ])("given koffi %s, WebAssembly computes, and one notice says why", async (mode, reason) => {
    const { status, stdout, stderr } = await hooked(mode);

    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: `gradus: no machine code: ${reason}; running as ${fallback} (GRADUS_TARGET=${fallback} chooses that silently)\n`,
    });
    expect(report(stdout).runs).toEqual([{ target: fallback, values }]);
    expect(report(stdout).status.slice(0, 2)).toEqual([
      { name: "x64:avx512", reason },
      { name: "x64:avx2", reason },
    ]);
  });

  it("given several threads that compute, there is still one notice", async () => {
    const { status, stdout, stderr } = await runChild("x64-notices.ts", {
      node: ["--require", hook],
      env: { KOFFI_HOOK: "missing" },
      args: [hook],
    });
    const lines = stdout.trim().split("\n");
    expect({ status, workers: lines.slice(0, -1).map((line) => report(line).runs), own: lines.at(-1) }).toEqual({
      status: 0,
      workers: [1, 2, 3].map(() => [{ target: fallback, values }]),
      own: "3",
    });
    expect(stderr.match(/gradus: no machine code/g)).toHaveLength(1);
  });

  it("given GRADUS_TARGET=wasm, there is no notice", async () => {
    const { stdout, stderr } = await hooked("missing", { GRADUS_TARGET: "wasm" });
    expect(stderr).toBe("");
    expect(report(stdout).runs).toEqual([{ target: "wasm", values }]);
  });

  it.each(["x64:avx2", "x64"])("given GRADUS_TARGET=%s, throws DeviceError with the reason", async (target) => {
    const { status, stdout, stderr } = await hooked("missing", { GRADUS_TARGET: target });
    expect({ status, stdout, stderr }).toEqual({
      status: 0,
      stdout:
        "DeviceError: x64:avx2: koffi is not installed (an optional dependency: npm install koffi); use the wasm target\n",
      stderr: "",
    });
  });
});

const { native } = platform.native();

describe.runIf(native !== null)("with machine code", () => {
  it("given nothing, the best target computes; x64 names it; each gives the same values", async () => {
    const plain = await runChild("x64-public.ts");
    expect(plain).toMatchObject({ status: 0, stderr: "" });
    const { runs, status } = report(plain.stdout);
    const best = status.find(({ reason }) => reason === null)?.name;
    expect(runs).toEqual([{ target: best, values }]);

    const all = await runChild("x64-public.ts", { args: ["x64", "x64:avx2", "wasm"] });
    expect(report(all.stdout).runs).toEqual([
      { target: best, values },
      { target: "x64:avx2", values },
      { target: "wasm", values },
    ]);
  });

  it("given GRADUS_TARGET=x64:avx2, that computes", async () => {
    const { stdout } = await runChild("x64-public.ts", { env: { GRADUS_TARGET: "x64:avx2" } });
    expect(report(stdout).runs).toEqual([{ target: "x64:avx2", values }]);
  });

  it("given tensors of one target, others read them and write in place", async () => {
    const { stdout } = await runChild("x64-handover.ts", {
      args: ["x64", "wasm", "interpreter", "x64:avx2", "reference"],
    });
    // The last value but one of arange(0, size), one more each time, twice that plus 1.
    const expected = (added: number) => [3, 100, 5000, 40_000, 2_200_000].map((size) => 2 * (size - 2 + added) + 1);
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toEqual([1, 2, 3, 4, 5].map(expected));
  });

  it("given an unknown name, the nearest is offered", async () => {
    const { stdout } = await runChild("x64-public.ts", { env: { GRADUS_TARGET: "x64:avx3" } });
    expect(stdout).toBe('ArgumentError: GRADUS_TARGET: unknown target "x64:avx3"; did you mean "x64:avx2"?\n');
  });

  it("given all calls of mmap and mprotect, no page is writable and executable at once", async () => {
    const { stdout } = await hooked("log", { GRADUS_TARGET: "x64" });
    const calls = [...stdout.matchAll(/^(mmap|mprotect) (\d+) at (\d+)$/gm)].map(([, call, access, address]) => ({
      call,
      access,
      address,
    }));
    expect(calls.length).toBeGreaterThan(4);
    // Read and write where it is mapped; read and execute from then on.
    for (const { call, access } of calls) expect(access).toBe(call === "mmap" ? "3" : "5");
  });
});
