// What lowering needs to know of the program under construction.
import type { DType } from "../base/index.js";
import type { Node } from "../graph/index.js";
import type { Buffer, ExprFactory, TargetInfo } from "../ir/index.js";
import type { ContractionOptions, ScheduleRequest } from "./contraction/schedule.js";

export interface KernelEnv {
  readonly f: ExprFactory;
  readonly info: TargetInfo;
  /** Memory to read a node from: realised leaves and stored nodes. */
  bufferOf(node: Node): Buffer | null;
  /** Memory to write a stored node to; null if only its own kernel reads it. */
  targetOf(node: Node): Buffer | null;
  /** True for stored rows that only later loops of the same kernel read, within the outer iteration that wrote them. */
  isPassing(node: Node): boolean;
  slotOf(node: Node): number;
  /** Memory of this program that no node stands for. */
  temporary(name: string, dtype: DType, size: number): Buffer;
  /** How to compute a contraction: as a search found best, else as the estimates say. */
  scheduleFor(request: ScheduleRequest): ContractionOptions;
}
