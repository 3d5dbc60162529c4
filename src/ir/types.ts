// The kernel IR: what the compiler produces and targets translate. Expressions are an interned DAG (one object per
// distinct pure expression of a kernel); statements are structured control flow.
import type { DType } from "../base/index.js";

/**
 * Kinds of a lane. The other dtypes are memory types only: uint8, int8 and int16 are loaded as i32, and stored by their low
 * bits; float16 and bfloat16 are loaded as f32, and stored rounded to the nearest (`spellHalves`); bool memory holds 0 or 1.
 */
export type Scalar = "f32" | "f64" | "i32" | "i64" | "bool";

/**
 * Unary operators; the second row are functions that `expandMath` rewrites for targets. In the third, `roundHalf` and
 * `roundBfloat` give the float16 or bfloat16 nearest to an f32 as f32, `fromHalf` is the f32 of the float16 in the low bits of
 * an i32 (the rest is 0), `toHalf` the other way; `spellHalves` leaves of these only what the target has.
 */
export type UnaryOp =
  | ("neg" | "abs" | "sqrt" | "floor" | "ceil" | "trunc" | "nearest" | "not")
  | ("exp" | "log" | "expm1" | "log1p" | "sin" | "cos" | "tan" | "tanh" | "erf" | "atan")
  | ("roundHalf" | "roundBfloat" | "fromHalf" | "toHalf");

/**
 * Binary operators. Comparisons give bool. Integer `div` truncates and `rem` has the dividend's sign; with divisor 0 both
 * give 0; float `rem` is C's fmod. `min`/`max` propagate NaN. `and`/`or`/`xor` work on bool and integers. Shifts take
 * the amount modulo the width. `mulhu` is the high half of the unsigned 32-bit product. Integers wrap.
 */
export type BinaryOp =
  | ("add" | "sub" | "mul" | "div" | "rem" | "min" | "max" | "pow")
  | ("and" | "or" | "xor" | "shl" | "shr" | "shru" | "mulhu")
  | ("eq" | "ne" | "lt" | "le");

/** A memory region that a kernel touches. */
export interface Buffer {
  readonly id: number;
  readonly name: string;
  readonly dtype: DType;
  /** Number of elements. */
  readonly size: number;
  /** `global`: bound per program run. `local`: scratch of the thread that runs the tile, undefined at its start. */
  readonly space: "global" | "local";
  /** Set where it is the end of another buffer, from an element on: equal kernels may be given other parts of one buffer. */
  readonly part?: { readonly of: Buffer; readonly from: number };
}

interface ExprBase {
  /** Unique in its factory; children have smaller ids than parents. */
  readonly id: number;
  readonly type: Scalar;
  /** Vector width; 1 is a scalar. */
  readonly lanes: number;
  /** Bounds of i32 scalars (inclusive); ±Infinity when unknown. */
  readonly min: number;
  readonly max: number;
}

export interface Const extends ExprBase {
  readonly kind: "const";
  readonly value: number | bigint | boolean;
}
/** A loop variable, tile variable, or a local declared with `let`; `mutable` ones may be assigned again. */
export interface Var extends ExprBase {
  readonly kind: "var";
  readonly name: string;
  readonly mutable: boolean;
}
/** Σ coefficients[i] * terms[i] + constant: an i32 scalar index expression in normal form (lowered by `placeExpressions`). */
export interface Linear extends ExprBase {
  readonly kind: "linear";
  readonly terms: readonly Expr[];
  readonly coefficients: readonly number[];
  readonly constant: number;
}
export interface Unary extends ExprBase {
  readonly kind: "unary";
  readonly op: UnaryOp;
  readonly x: Expr;
}
export interface Binary extends ExprBase {
  readonly kind: "binary";
  readonly op: BinaryOp;
  readonly a: Expr;
  readonly b: Expr;
}
/** cond ? a : b, lane by lane; both sides are pure and evaluated (loads in them must be safe, or guarded). */
export interface Select extends ExprBase {
  readonly kind: "select";
  readonly cond: Expr;
  readonly a: Expr;
  readonly b: Expr;
}
/** Value conversion: float → integer saturates and NaN gives 0; to bool is `!= 0`; integer narrowing wraps. */
export interface Cast extends ExprBase {
  readonly kind: "cast";
  readonly x: Expr;
}
/** Same bits, other type of the same width (f32 ↔ i32, f64 ↔ i64). */
export interface Bitcast extends ExprBase {
  readonly kind: "bitcast";
  readonly x: Expr;
}
/**
 * `lanes` consecutive elements from `index`. With a guard 0 / false where it does not hold, and no access: a scalar bool for
 * all lanes, or (targets with masks) a bool vector with a lane for each. An i32 load of a float16 or bfloat16 buffer gives the
 * 16 bits of an element, zeros above.
 */
export interface Load extends ExprBase {
  readonly kind: "load";
  readonly buffer: Buffer;
  readonly index: Expr;
  readonly guard: Expr | null;
}
/** A run-time scalar of the program (f64 table), converted to `type`. */
export interface Param extends ExprBase {
  readonly kind: "param";
  readonly slot: number;
}
/** a * b + c, contracted where the target has it (relaxed SIMD, FMA), else rounded twice. Floats only. */
export interface Fma extends ExprBase {
  readonly kind: "fma";
  readonly a: Expr;
  readonly b: Expr;
  readonly c: Expr;
}
/** All lanes equal to scalar `x`. */
export interface Splat extends ExprBase {
  readonly kind: "splat";
  readonly x: Expr;
}
/** A vector from scalars. */
export interface Lanes extends ExprBase {
  readonly kind: "lanes";
  readonly elements: readonly Expr[];
}
export interface Extract extends ExprBase {
  readonly kind: "extract";
  readonly x: Expr;
  readonly lane: number;
}
/** Lanes chosen from a (0 … n-1) and b (n … 2n-1), both of n lanes. */
export interface Shuffle extends ExprBase {
  readonly kind: "shuffle";
  readonly a: Expr;
  readonly b: Expr;
  readonly pattern: readonly number[];
}

export type Expr =
  | Const
  | Var
  | Linear
  | Unary
  | Binary
  | Select
  | Cast
  | Bitcast
  | Load
  | Param
  | Fma
  | Splat
  | Lanes
  | Extract
  | Shuffle;

export type Stmt =
  /** Declares `v`; scope is the rest of the enclosing block. */
  | { readonly kind: "let"; readonly v: Var; readonly value: Expr }
  | { readonly kind: "assign"; readonly v: Var; readonly value: Expr }
  /** Stores as many consecutive elements as `value` has lanes. With a guard (as a load's) only where it holds. */
  | {
      readonly kind: "store";
      readonly buffer: Buffer;
      readonly index: Expr;
      readonly value: Expr;
      readonly guard: Expr | null;
    }
  /**
   * The element will soon be read, be read later, or written: a target may bring its line of memory near, what is read later to a larger cache only.
   * Changes no value; the index may lie outside.
   */
  | {
      readonly kind: "prefetch";
      readonly buffer: Buffer;
      readonly index: Expr;
      readonly use: "read" | "later" | "write";
    }
  /** for (v = from; v < to; v += step); `to` is evaluated once. `v` is not mutable. */
  | {
      readonly kind: "for";
      readonly v: Var;
      readonly from: Expr;
      readonly to: Expr;
      readonly step: number;
      readonly body: Stmt[];
      readonly hint?: LoopHint;
    }
  | { readonly kind: "if"; readonly cond: Expr; readonly then: Stmt[]; readonly else: Stmt[] }
  /** Loads and mutable variables in `cond` are read anew each time round. */
  | { readonly kind: "while"; readonly cond: Expr; readonly body: Stmt[] };

/** Wishes that passes fulfil: `vectorize` runs lanes side by side, `unroll` copies the body. Targets never see them. */
export type LoopHint = "vectorize" | "unroll";

/** What the buffers and scalar slots that a shared body names stand for in one kernel. */
export interface KernelArguments {
  readonly buffers: ReadonlyMap<Buffer, Buffer>;
  readonly slots: ReadonlyMap<number, number>;
}

/** A function run once for each tile in `0 … tiles-1`, in any order and on any thread. Tiles write disjoint elements. */
export interface Kernel {
  readonly name: string;
  readonly tiles: number;
  readonly tile: Var;
  /** Shared with all kernels of the same code. */
  readonly body: Stmt[];
  /** All buffers that loads and stores touch. */
  readonly buffers: readonly Buffer[];
  /** What buffers and scalars in `body` stand for, where not for themselves (see arguments.ts). */
  readonly args?: KernelArguments;
  /** Estimates for one run of all tiles, for reports and thread decisions. */
  readonly flops: number;
  readonly bytes: number;
}

/** Kernels that may run side by side; all threads wait for each other between stages. */
export type Stage = readonly Kernel[];

/** Where a global buffer's bytes are during a run: bound storage number `slot`, from byte `offset` (0) on, or `offset` in the program's arena. */
export type Placement =
  | { readonly kind: "bound"; readonly slot: number; readonly offset?: number }
  | { readonly kind: "arena"; readonly offset: number };

/** What one run of a step executes. Self-contained: targets need nothing else. */
export interface Program {
  readonly name: string;
  readonly stages: readonly Stage[];
  /** Stage before which the status word is tested: if it is not 0, the run ends there and nothing was written in place. */
  readonly commitStage: number;
  /** Stages in which kernels may still set the status word: none from this one on. 0 for programs without one. */
  readonly checkedStage: number;
  /** The int32[4] buffer kernels write errors to ([0]: code, 0 = fine; [1..3] detail), zeroed before each run. */
  readonly status: Buffer | null;
  readonly placements: ReadonlyMap<Buffer, Placement>;
  /** dtype and length of each bound storage; `written` ones are outputs or in-place targets. */
  readonly bindings: readonly {
    readonly dtype: DType;
    readonly length: number;
    readonly written: boolean;
    readonly read: boolean;
  }[];
  readonly arenaBytes: number;
  /** Bytes of scratch each thread needs for the local buffers, and where each lies in it. */
  readonly localBytes: number;
  readonly localOffsets: ReadonlyMap<Buffer, number>;
  readonly scalarCount: number;
}
