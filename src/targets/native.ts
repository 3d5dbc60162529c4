// Targets that make machine code, as the rest of Gradus sees them. `#native-targets` resolves to x64/index.ts in Node, and to
// no-native.ts elsewhere, so that bundles for browsers carry none of it.
import type { Target } from "../ir/index.js";

/** Feature sets: AVX-512, or AVX2 with FMA. */
export type NativeName = "x64:avx512" | "x64:avx2";

export interface NativeTargets {
  /** The best first. */
  readonly names: readonly NativeName[];
  /** Why a target cannot be had here; null if it can. */
  unavailable(name: NativeName): string | null;
  /** True if the lack of machine code may surprise whoever runs this: other systems would have it. */
  readonly isExpected: boolean;
  /** @throws DeviceError if it cannot be had. */
  create(name: NativeName): Target;
}
