// What the processor can do, asked with its own instructions.
import type { Native } from "#platform";

/** How much of the instruction set code may use: AVX2 with FMA and F16C, or that with AVX-512 F, BW, DQ and VL. */
export interface CpuFeatures {
  readonly avx2: boolean;
  readonly avx512: boolean;
  /** What is missing for either, as a reason to give. */
  readonly avx2Reason: string | null;
  readonly avx512Reason: string | null;
}

/** One answer of CPUID. */
interface Leaf {
  readonly ebx: number;
  readonly ecx: number;
}

// Bits of CPUID's registers and of XCR0: Intel's manual, volume 1, sections 14.3, 14.7 and 15.2.
const leaf1Ecx = { FMA: 12, OSXSAVE: 27, AVX: 28, F16C: 29 } as const;
const leaf7Ebx = { AVX2: 5, BMI2: 8, AVX512F: 16, AVX512DQ: 17, AVX512BW: 30, AVX512VL: 31 } as const;
const vectorState = 0x06;
const wideState = 0xe6;

/** `long cpuid(leaf, register)`: ebx of leaf rdi, subleaf 0, or ecx where rsi is not 0. */
const cpuidCode = Uint8Array.of(
  ...[0x53], // push rbx
  ...[0x89, 0xf8], // mov eax, edi
  ...[0x31, 0xc9], // xor ecx, ecx
  ...[0x0f, 0xa2], // cpuid
  ...[0x89, 0xd8], // mov eax, ebx
  ...[0x85, 0xf6], // test esi, esi
  ...[0x0f, 0x45, 0xc1], // cmovnz eax, ecx
  ...[0x5b], // pop rbx
  ...[0xc3], // ret
);
/** `long maxLeaf()`: the highest leaf there is. */
const maxLeafCode = Uint8Array.of(0x53, 0x31, 0xc0, 0x31, 0xc9, 0x0f, 0xa2, 0x5b, 0xc3);
/** `long xcr0()`: the register states that the system saves. Needs OSXSAVE. */
const xcr0Code = Uint8Array.of(0x31, 0xc9, 0x0f, 0x01, 0xd0, 0xc3);

/** Reads the features. Throws an Error with the system's refusal where code cannot be run. */
export function detectCpu(native: Native): CpuFeatures {
  const highest = runOnce(native, maxLeafCode);
  if (highest < 7) return without(["AVX2"], ["AVX512F"]);
  const read = (leaf: number): Leaf => ({
    ebx: runOnce(native, cpuidCode, leaf, 0),
    ecx: runOnce(native, cpuidCode, leaf, 1),
  });
  const [one, seven] = [read(1), read(7)];
  const has = (word: number, bit: number): boolean => ((word >>> bit) & 1) === 1;
  const state = has(one.ecx, leaf1Ecx.OSXSAVE) ? runOnce(native, xcr0Code) & 0xff : 0;
  const lacks = (word: number, bits: Readonly<Record<string, number>>, names: readonly string[]): string[] =>
    names.filter((name) => !has(word, bits[name] as number));
  const narrow = [...lacks(one.ecx, leaf1Ecx, ["AVX", "FMA", "F16C"]), ...lacks(seven.ebx, leaf7Ebx, ["AVX2", "BMI2"])];
  if ((state & vectorState) !== vectorState) narrow.push("a system that saves ymm registers");
  const wide = lacks(seven.ebx, leaf7Ebx, ["AVX512F", "AVX512BW", "AVX512DQ", "AVX512VL"]);
  if ((state & wideState) !== wideState) wide.push("a system that saves zmm registers");
  return without(narrow, [...narrow, ...wide]);
}

function without(narrow: readonly string[], wide: readonly string[]): CpuFeatures {
  const reason = (names: readonly string[]) => (names.length > 0 ? `the processor lacks ${names.join(", ")}` : null);
  return {
    avx2: narrow.length === 0,
    avx512: wide.length === 0,
    avx2Reason: reason(narrow),
    avx512Reason: reason(wide),
  };
}

/** Maps a few bytes of code, calls them, and takes them back. */
function runOnce(native: Native, code: Uint8Array, ...args: number[]): number {
  const address = native.mapCode(code);
  try {
    return native.functionAt(address, args.length)(...args);
  } finally {
    native.unmapCode(address, code.length);
  }
}
