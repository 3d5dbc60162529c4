// Checks that a program is well formed: its kernels, where its buffers lie, and what runs side by side.
import { InternalError, itemSize } from "../base/index.js";
import { actualBuffer, wholeBuffer } from "./arguments.js";
import { describeBuffer } from "./print.js";
import { visitExpressions, visitStatements } from "./statements.js";
import type { Buffer, Kernel, Program, Stage } from "./types.js";
import { paddedBytes, type VerifyOptions, verifyKernel } from "./verify.js";

/** Throws unless all kernels are well formed, and the program's placements and stages fit them. */
export function verifyProgram(program: Program, options: VerifyOptions = {}): void {
  for (const stage of program.stages) for (const kernel of stage) verifyKernel(kernel, options);
  verifyPlacements(program);
  program.stages.forEach((stage, index) => {
    const accesses = stage.map(accessOf);
    verifyBound(program, accesses, index);
    verifyStage(program, stage, accesses, index);
  });
  verifyArena(program);
}

interface Access {
  readonly reads: ReadonlySet<Buffer>;
  readonly writes: ReadonlySet<Buffer>;
}

/** The global buffers a kernel loads from and stores to. */
function accessOf(kernel: Kernel): Access {
  const reads = new Set<Buffer>();
  const writes = new Set<Buffer>();
  visitExpressions(kernel.body, (x) => {
    if (x.kind === "load" && x.buffer.space === "global") reads.add(wholeBuffer(actualBuffer(kernel, x.buffer)));
  });
  visitStatements(kernel.body, (stmt) => {
    if (stmt.kind === "store" && stmt.buffer.space === "global")
      writes.add(wholeBuffer(actualBuffer(kernel, stmt.buffer)));
  });
  return { reads, writes };
}

function fail(program: Program, what: string): never {
  throw new InternalError(`program "${program.name}": ${what}`);
}

/** Every buffer has a place of its size: a bound storage of its dtype, or 64-byte aligned bytes of the arena or scratch. */
function verifyPlacements(program: Program): void {
  const { placements, bindings, arenaBytes, localOffsets, localBytes, stages, commitStage } = program;
  if (!(commitStage >= 0) || commitStage > stages.length)
    fail(program, `commit stage ${commitStage} of ${stages.length}`);
  for (const buffer of new Set(stages.flat().flatMap((kernel) => kernel.buffers))) {
    const text = describeBuffer(buffer);
    const placement = placements.get(buffer);
    if (buffer.space === "local") {
      checkRange(program, text, localOffsets.get(buffer), paddedBytes(buffer), localBytes);
    } else if (placement?.kind === "bound") {
      const binding = bindings[placement.slot];
      if (!binding) fail(program, `${text} is bound to slot ${placement.slot} of ${bindings.length}`);
      const { offset = 0 } = placement;
      if (offset % 64 !== 0) fail(program, `${text} is at ${offset}, not a multiple of 64`);
      if (binding.dtype !== buffer.dtype || binding.length < offset / itemSize(buffer.dtype) + buffer.size) {
        fail(program, `${text} is bound to slot ${placement.slot}, ${binding.dtype}[${binding.length}]`);
      }
    } else checkRange(program, text, placement?.offset, paddedBytes(buffer), arenaBytes);
  }
}

function checkRange(program: Program, text: string, offset: number | undefined, bytes: number, limit: number): void {
  if (offset === undefined) fail(program, `${text} has no place`);
  if (offset % 64 !== 0) fail(program, `${text} is at ${offset}, not a multiple of 64`);
  if (offset < 0 || offset + bytes > limit) fail(program, `${text} at ${offset} leaves its ${limit} bytes`);
}

/** Bound storages are loaded from and stored to as their bindings say, and in place only once the status is tested. */
function verifyBound(program: Program, accesses: readonly Access[], index: number): void {
  const { status, commitStage, checkedStage } = program;
  for (const { reads, writes } of accesses) {
    if (status && writes.has(status) && index >= checkedStage) {
      fail(program, `in stage ${index} a kernel sets the status, which is final from stage ${checkedStage} on`);
    }
    for (const buffer of [...reads, ...writes]) {
      const binding = program.bindings[slotOf(program, buffer) ?? -1];
      if (!binding) continue;
      const what = `in stage ${index} a kernel ${writes.has(buffer) ? "writes" : "reads"} ${describeBuffer(buffer)}`;
      if (writes.has(buffer) && !binding.written) fail(program, `${what}, which is bound to be read only`);
      if (!binding.read && !binding.written) fail(program, `${what}, which is bound to be neither read nor written`);
      const isInPlace = writes.has(buffer) && binding.read;
      if (isInPlace && status && index < commitStage) {
        fail(program, `${what} in place before the status is tested (commit stage ${commitStage})`);
      }
    }
  }
}

/** The bound slot a buffer stands for; undefined for those of the arena. */
function slotOf({ placements }: Program, buffer: Buffer): number | undefined {
  const placement = placements.get(buffer);
  return placement?.kind === "bound" ? placement.slot : undefined;
}

/** What one kernel of a stage writes, no other kernel of the stage may read. Two writers must write other elements. */
function verifyStage(program: Program, stage: Stage, accesses: readonly Access[], index: number): void {
  accesses.forEach(({ writes }, i) => {
    for (const buffer of writes) {
      if (buffer === program.status) continue;
      const reader = accesses.findIndex(({ reads }, j) => j !== i && [...reads].some(sharesMemory(program, buffer)));
      if (reader < 0) continue;
      const names = `"${stage[i]?.name}" writes and "${stage[reader]?.name}" reads`;
      fail(program, `in stage ${index} ${names} ${describeBuffer(buffer)}`);
    }
  });
}

/** True for the same buffer, and for another one of the same bound storage. Those of the arena: see `verifyArena`. */
function sharesMemory(program: Program, buffer: Buffer): (other: Buffer) => boolean {
  const slot = slotOf(program, buffer);
  return (other) => other === buffer || (slot !== undefined && slotOf(program, other) === slot);
}

/** Buffers of the arena whose lives, from first to last stage that names them, overlap lie apart; the status lives on. */
function verifyArena(program: Program): void {
  const lives = new Map<Buffer, { from: number; to: number }>();
  program.stages.forEach((stage, index) => {
    for (const buffer of stage.flatMap((kernel) => kernel.buffers.map(wholeBuffer))) {
      const life = lives.get(buffer);
      if (life) life.to = index;
      else lives.set(buffer, { from: index, to: index });
    }
  });
  if (program.status) lives.set(program.status, { from: 0, to: program.stages.length });
  const spans = [...lives].flatMap(([buffer, life]) => {
    const placement = program.placements.get(buffer);
    if (placement?.kind !== "arena") return [];
    return [{ buffer, ...life, begin: placement.offset, end: placement.offset + paddedBytes(buffer) }];
  });
  spans.sort((p, q) => p.begin - q.begin);
  spans.forEach((p, i) => {
    for (let j = i + 1; j < spans.length; j++) {
      const q = spans[j] as (typeof spans)[number];
      if (q.begin >= p.end) break;
      if (p.from > q.to || q.from > p.to) continue;
      fail(program, `${describeBuffer(p.buffer)} at ${p.begin} and ${describeBuffer(q.buffer)} at ${q.begin} overlap`);
    }
  });
}
