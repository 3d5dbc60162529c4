// What lowering needs to know of the program under construction.
import type { DType } from "../base/index.js";
import type { Node } from "../graph/index.js";
import type { Buffer, ExprFactory, TargetInfo } from "../ir/index.js";
import type { ContractionOptions, ScheduleRequest } from "./contraction/schedule.js";

/** Where a value lies in a concatenation: in runs `pitch` elements apart, the first from `start` on. */
export interface Part {
  readonly whole: Node;
  /** Which input of it the value is. */
  readonly input: number;
  readonly start: number;
  readonly run: number;
  readonly pitch: number;
}

/** Values that lie in concatenations. */
export interface PartTable {
  /** Where a stored node does; null if it has memory of its own. */
  of(node: Node): Part | null;
  /** True if input `input` of a concatenation is there already. */
  has(whole: Node, input: number): boolean;
}

export interface KernelEnv {
  readonly f: ExprFactory;
  readonly info: TargetInfo;
  /** Memory to read a node from: realised leaves and stored nodes. */
  bufferOf(node: Node): Buffer | null;
  /** Memory to write a stored node to; null if only its own kernel reads it. */
  targetOf(node: Node): Buffer | null;
  readonly parts: PartTable;
  /** True for stored rows that only later loops of the same kernel read, within the outer iteration that wrote them. */
  isPassing(node: Node): boolean;
  slotOf(node: Node): number;
  /** Memory of this program that no node stands for. */
  temporary(name: string, dtype: DType, size: number): Buffer;
  /** How to compute a contraction: as a search found best, else as the estimates say. */
  scheduleFor(request: ScheduleRequest): ContractionOptions;
}
