// The machine code of a program's kernels. Kernels with one body share the work of translating it, in one program and in all:
// what is kept is code with symbols for the places of buffers and scalars, and a program is linked of it. Its pages are its own.
import { platform } from "#platform";
import { debugLevel, isVerifying } from "../../base/index.js";
import type { Kernel, Program } from "../../ir/index.js";
import { roundUp } from "../sizes.js";
import type { Relocation } from "./asm/assembler.js";
import { ConstantPool } from "./asm/constants.js";
import type { Features } from "./asm/operands.js";
import { assemble } from "./assemble.js";
import { type Access, checkBounds } from "./bounds.js";
import { type TableLayout, tableLayout } from "./layout.js";
import { fixedPlaces, hasShareableCode, linkedValue, type Places, placementPattern, symbolicPlaces } from "./places.js";
import { selectKernel } from "./select/kernel.js";

/** Code to be loaded at a multiple of 64. */
export interface KernelCode {
  readonly bytes: Uint8Array;
  /** Offset of each kernel's first instruction. */
  readonly entries: ReadonlyMap<Kernel, number>;
  /** The accesses that check their bounds, from number 1 on; absent where none do. */
  readonly accesses?: readonly Access[];
}

/** One kernel's code with its constants, for a multiple of 64; it begins with its first instruction. */
interface KernelObject {
  readonly bytes: Uint8Array;
  readonly relocations: readonly Relocation[];
  readonly listing: string;
}

const alignment = 64;

/** By a body that kernels share: its code for each way its buffers may lie. Lives as long as the body does. */
const objects: Record<Features, WeakMap<Kernel["body"], Map<string, KernelObject>>> = {
  avx2: new WeakMap(),
  avx512: new WeakMap(),
};

/**
 * Translates all kernels; from GRADUS_DEBUG=4 on prints what they became, and where it is set at all checks the registers.
 * With GRADUS_DEBUG_BOUNDS each access checks that it stays inside its buffer.
 */
export function compileKernels(program: Program, features: Features): KernelCode {
  const table = tableLayout(program);
  const kernels = [...new Set(program.stages.flat())];
  const lists = debugLevel() >= 4;
  const checksBounds = (platform.env("GRADUS_DEBUG_BOUNDS") ?? "0") !== "0";
  const accesses: Access[] = [];
  const isShared = !lists && !checksBounds && hasShareableCode(program);
  const made = kernels.map((kernel) =>
    isShared
      ? sharedObject(kernel, program, features)
      : translate(kernel, fixedPlaces(kernel, program, table), features, checksBounds ? { accesses, table } : null),
  );
  if (lists) platform.warn(`${program.name}\n${made.map(({ listing }) => listing).join("")}`);
  return { ...link(kernels, made, program, table), ...(checksBounds ? { accesses } : {}) };
}

function sharedObject(kernel: Kernel, program: Program, features: Features): KernelObject {
  let known = objects[features].get(kernel.body);
  if (known === undefined) {
    known = new Map();
    objects[features].set(kernel.body, known);
  }
  const pattern = placementPattern(kernel, program);
  let object = known.get(pattern);
  if (object === undefined) {
    object = translate(kernel, symbolicPlaces(kernel, program), features, null);
    known.set(pattern, object);
  }
  return object;
}

/** @param checks - where accesses check their bounds: those there are so far, which this kernel's are added to. */
function translate(
  kernel: Kernel,
  places: Places,
  features: Features,
  checks: { readonly accesses: Access[]; readonly table: TableLayout } | null,
): KernelObject {
  const pool = new ConstantPool();
  const f = selectKernel(kernel, places, features, pool, checks !== null);
  if (checks !== null) checkBounds(f, features, checks.table.violation, checks.accesses);
  return assemble([f], features, {
    pool,
    verify: isVerifying(),
    listing: debugLevel() >= 4,
  });
}

/** The kernels one after the other, with the places of this program. */
function link(
  kernels: readonly Kernel[],
  made: readonly KernelObject[],
  program: Program,
  table: TableLayout,
): { bytes: Uint8Array; entries: Map<Kernel, number> } {
  const bytes = new Uint8Array(made.reduce((sum, object) => sum + roundUp(object.bytes.length, alignment), 0));
  const view = new DataView(bytes.buffer);
  const entries = new Map<Kernel, number>();
  let start = 0;
  kernels.forEach((kernel, i) => {
    const object = made[i] as KernelObject;
    entries.set(kernel, start);
    bytes.set(object.bytes, start);
    for (const { at, symbol } of object.relocations) {
      const field = start + at;
      view.setInt32(field, view.getInt32(field, true) + linkedValue(symbol, kernel, program, table), true);
    }
    start += roundUp(object.bytes.length, alignment);
  });
  return { bytes, entries };
}
