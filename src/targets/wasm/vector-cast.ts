// Vector conversions. With 2 lanes, 32-bit types live in the low half of the vector.
import type { Scalar } from "../../ir/index.js";
import { laneBits } from "./context.js";
import type { FunctionBuilder } from "./module-builder.js";
import { op, V128 } from "./opcodes.js";
import { emitExtractLane, emitScalarCast } from "./scalar.js";

/** Lane 0 and 2 of 32-bit lanes to the low half: 64-bit masks to 32-bit ones, or the low words of int64 lanes. */
const lowWords = [0, 1, 2, 3, 8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11];

/** Converts the mask on the stack between lane widths. */
export function emitMaskWidth(f: FunctionBuilder, from: number, to: number): void {
  if (from === to) return;
  if (to === 64) f.op(op.i64x2ExtendLowI32x4S);
  else emitLowWords(f);
}

function emitLowWords(f: FunctionBuilder): void {
  const vector = f.local(V128);
  f.tee(vector);
  f.get(vector);
  f.shuffle(lowWords);
}

/** Converts the mask on the stack, as wide as the lanes of `to`, to a number. */
export function emitMaskToNumber(f: FunctionBuilder, to: Scalar): void {
  switch (to) {
    case "f32":
      f.v128(repeat(new Float32Array(4).fill(1)));
      return f.op(op.v128And);
    case "f64":
      f.v128(repeat(new Float64Array(2).fill(1)));
      return f.op(op.v128And);
    case "i64":
      f.i32(63);
      return f.op(op.i64x2ShrU);
    default:
      f.i32(31);
      return f.op(op.i32x4ShrU);
  }
}

function repeat(values: Float32Array | Float64Array): Uint8Array {
  return new Uint8Array(values.buffer);
}

const fourLanes: Readonly<Record<string, number>> = {
  "f32>i32": op.i32x4TruncSatF32x4S,
  "i32>f32": op.f32x4ConvertI32x4S,
};

const twoLanes: Readonly<Record<string, number>> = {
  ...fourLanes,
  "f32>f64": op.f64x2PromoteLowF32x4,
  "f64>f32": op.f32x4DemoteF64x2Zero,
  "f64>i32": op.i32x4TruncSatF64x2SZero,
  "i32>f64": op.f64x2ConvertLowI32x4S,
  "i32>i64": op.i64x2ExtendLowI32x4S,
};

/** Converts the numeric vector on the stack to another numeric type. */
export function emitVectorCast(f: FunctionBuilder, from: Scalar, to: Scalar, lanes: number): void {
  const code = (lanes === 4 ? fourLanes : twoLanes)[`${from}>${to}`];
  if (code !== undefined) return f.op(code);
  if (from === "i64" && to === "i32") return emitLowWords(f);
  const vector = f.local(V128);
  f.set(vector);
  emitPerLane(f, to, lanes, (lane) => {
    f.get(vector);
    emitExtractLane(f, from, lanes, lane);
    emitScalarCast(f, from, to);
  });
}

/** Builds a vector from scalars that `emitLane` leaves on the stack; bools are not supported. */
export function emitPerLane(f: FunctionBuilder, type: Scalar, lanes: number, emitLane: (lane: number) => void): void {
  for (let lane = 0; lane < lanes; lane++) {
    emitLane(lane);
    if (lane === 0) f.op(splatOp(type));
    else f.lane(replaceOp(type), lane);
  }
}

export function splatOp(type: Scalar): number {
  switch (type) {
    case "f32":
      return op.f32x4Splat;
    case "f64":
      return op.f64x2Splat;
    case "i64":
      return op.i64x2Splat;
    default:
      return op.i32x4Splat;
  }
}

export function replaceOp(type: Scalar): number {
  switch (type) {
    case "f32":
      return op.f32x4ReplaceLane;
    case "f64":
      return op.f64x2ReplaceLane;
    case "i64":
      return op.i64x2ReplaceLane;
    default:
      return op.i32x4ReplaceLane;
  }
}

/** Compares the vector on the stack with 0; the mask is as wide as its lanes. */
export function emitIsNotZeroMask(f: FunctionBuilder, from: Scalar): void {
  f.v128(new Uint8Array(16));
  if (from === "f32") f.op(op.f32x4Ne);
  else if (from === "f64") f.op(op.f64x2Ne);
  else f.op(laneBits(from, 2) === 64 ? op.i64x2Ne : op.i32x4Ne);
}
