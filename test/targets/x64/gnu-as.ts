// GNU binutils as the oracle of the encoder, and the form in which their answers are frozen.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateRawSync, inflateRawSync } from "node:zlib";

const FIXTURE = new URL("../../fixtures/x64-encodings.json", import.meta.url);

/** The code bytes of each case of a form, in hex, by the name of the form. */
export type Encodings = ReadonlyMap<string, readonly string[]>;

interface Frozen {
  readonly source: string;
  /** Lines `name:length length …`, deflated, in base64. */
  readonly forms: string;
  /** All code, deflated, in base64. */
  readonly code: string;
}

export function hasBinutils(): boolean {
  return ["as", "objdump"].every((tool) => spawnSync(tool, ["--version"]).status === 0);
}

/** Assembles lines of Intel syntax; the bytes of each in hex. */
export function assembleWithGnu(lines: readonly string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), "gradus-as-"));
  try {
    const [source, object] = [join(folder, "code.s"), join(folder, "code.o")];
    writeFileSync(source, `.intel_syntax noprefix\n${lines.join("\n")}\n`);
    run("as", ["--64", "-o", object, source]);
    // One line an instruction: none is longer than 15 bytes.
    return run("objdump", ["-d", "--insn-width=16", object])
      .split("\n")
      .flatMap((line) => {
        const [, bytes] = /^\s*[0-9a-f]+:\t([0-9a-f ]+)/.exec(line) ?? [];
        return bytes === undefined ? [] : [bytes.replaceAll(" ", "")];
      });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export function binutilsVersion(): string {
  return run("as", ["--version"]).split("\n")[0] ?? "";
}

export function freeze(encodings: Encodings): void {
  const forms = [...encodings]
    .map(([name, codes]) => `${name}:${codes.map((code) => code.length / 2).join(" ")}`)
    .join("\n");
  const code = Buffer.from([...encodings.values()].flat().join(""), "hex");
  const frozen: Frozen = {
    source: `${binutilsVersion()}, made by test/fixtures/generator/x64-encodings.ts`,
    forms: deflateRawSync(forms, { level: 9 }).toString("base64"),
    code: deflateRawSync(code, { level: 9 }).toString("base64"),
  };
  writeFileSync(FIXTURE, `${JSON.stringify(frozen, null, 2)}\n`);
}

export function frozenEncodings(): Encodings {
  // Written by `freeze`.
  const frozen = JSON.parse(readFileSync(FIXTURE, "utf8")) as Frozen;
  const inflate = (text: string) => inflateRawSync(Buffer.from(text, "base64"));
  const code = inflate(frozen.code).toString("hex");
  const encodings = new Map<string, string[]>();
  let at = 0;
  for (const line of inflate(frozen.forms).toString().split("\n")) {
    const [name = "", lengths = ""] = line.split(":");
    const codes: string[] = [];
    for (const length of lengths.split(" ").filter(Boolean)) {
      codes.push(code.slice(at, at + 2 * Number(length)));
      at += 2 * Number(length);
    }
    encodings.set(name, codes);
  }
  return encodings;
}

function run(tool: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(tool, args, { encoding: "utf8", maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`${tool}: ${stderr.slice(0, 2000)}`);
  return stdout;
}
