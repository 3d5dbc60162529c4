// Counter-based random bits: Philox4x32-10, Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011. Element i
// of a stream depends on the key and its position only, never on threads, targets or shapes.
import {
  apply,
  attr,
  hashText,
  type NdArray,
  type Node,
  nonDifferentiable,
  type PointwisePrimitive,
} from "../graph/index.js";
import { type Expr, type ExprFactory, evalBinary } from "../ir/index.js";
import { cast } from "./cast.js";
import { fillArray } from "./define.js";
import { and, mul, shiftRight } from "./elementwise.js";
import { constant } from "./leaves.js";

const MULTIPLIERS = [0xd2511f53 | 0, 0xcd9e8d57 | 0] as const;
const WEYL = [0x9e3779b9 | 0, 0xbb67ae85 | 0] as const;
const ROUNDS = 10;

/** The 32-bit operations that Philox is made of, on numbers or on expressions. */
interface Words<T> {
  word(value: number): T;
  add(a: T, b: T): T;
  mul(a: T, b: T): T;
  mulhu(a: T, b: T): T;
  xor(a: T, b: T): T;
}

const onNumbers: Words<number> = {
  word: (value) => value,
  add: (a, b) => (a + b) | 0,
  mul: (a, b) => Math.imul(a, b),
  mulhu: (a, b) => (evalBinary("mulhu", "i32", a, b) as number) | 0,
  xor: (a, b) => a ^ b,
};

function onExpressions(f: ExprFactory): Words<Expr> {
  const op = (name: "mul" | "mulhu" | "xor") => (a: Expr, b: Expr) => f.binary(name, a, b);
  return {
    word: (value) => f.int(value),
    add: (a, b) => f.add(a, b),
    mul: op("mul"),
    mulhu: op("mulhu"),
    xor: op("xor"),
  };
}

type Block<T> = readonly [T, T, T, T];

/** Four random words of a counter and a key. */
function philoxBlock<T>(ops: Words<T>, counter: Block<T>, key: readonly [T, T]): Block<T> {
  let [x0, x1, x2, x3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < ROUNDS; round++) {
    const [m0, m1] = [ops.word(MULTIPLIERS[0]), ops.word(MULTIPLIERS[1])];
    const [high0, low0] = [ops.mulhu(m0, x0), ops.mul(m0, x0)];
    const [high1, low1] = [ops.mulhu(m1, x2), ops.mul(m1, x2)];
    [x0, x1, x2, x3] = [ops.xor(ops.xor(high1, x1), k0), low1, ops.xor(ops.xor(high0, x3), k1), low0];
    [k0, k1] = [ops.add(k0, ops.word(WEYL[0])), ops.add(k1, ops.word(WEYL[1]))];
  }
  return [x0, x1, x2, x3];
}

/** Four random words of a counter and a key, as int32. */
export function philox(counter: Block<number>, key: readonly [number, number]): Block<number> {
  return philoxBlock(onNumbers, counter, key);
}

/** Elements of one block lie four apart: sixteen elements are four counters, so that vectors of 4 lanes share one evaluation. */
const GROUP = 16;

const randomBitsP: PointwisePrimitive = {
  kind: "pointwise",
  name: "random_bits",
  hash: hashText("random_bits"),
  cost: 60,
  isElementwise: false,
  saves: { inputs: [], output: false },
  vjp: nonDifferentiable("random bits do not depend on anything smoothly"),
  infer: (_, attrs) => ({ shape: [attr<number>({ attrs }, "count")], dtype: "int32" }),
  lower: ({ f, input }, index, node) => {
    const key = node.inputs.map((_, i) => input(i, [])) as [Expr, Expr, Expr, Expr];
    return philoxWord(f, index[0] ?? f.int(0), key);
  },
  reference: (node, inputs) => {
    const key = inputs.map((x) => Number((x as NdArray).data[0])) as [number, number, number, number];
    return fillArray(node.shape, "int32", (i) => referenceWord(i, key));
  },
};

/** Where a draw is in its stream: seed and offset, low word first. */
export type StreamKey<T> = readonly [seedLow: T, seedHigh: T, offsetLow: T, offsetHigh: T];

/** Word `i` of a draw, as an expression. */
export function philoxWord(f: ExprFactory, i: Expr, [seedLow, seedHigh, offsetLow, offsetHigh]: StreamKey<Expr>): Expr {
  const inGroup = f.rem(i, f.int(GROUP));
  const block = f.add(f.mul(f.div(i, f.int(GROUP)), f.int(4)), f.rem(inGroup, f.int(4)));
  const low = f.add(offsetLow, block);
  const carry = f.cast(f.lt(flipSign(f, low), flipSign(f, offsetLow)), "i32"); // unsigned overflow
  const counter = [low, f.add(offsetHigh, carry), f.int(0), f.int(0)] as const;
  const words = philoxBlock(onExpressions(f), counter, [seedLow, seedHigh]);
  const word = f.div(inGroup, f.int(4));
  return words.slice(0, 3).reduceRight<Expr>((rest, x, k) => f.select(f.eq(word, f.int(k)), x, rest), words[3]);
}

/** Word `i` of a draw. */
export function referenceWord(i: number, [seedLow, seedHigh, offsetLow, offsetHigh]: StreamKey<number>): number {
  const low = (offsetLow + 4 * Math.floor(i / GROUP) + (i % 4)) | 0;
  const carry = low >>> 0 < offsetLow >>> 0 ? 1 : 0;
  const words = philox([low, (offsetHigh + carry) | 0, 0, 0], [seedLow, seedHigh]);
  return words[Math.floor((i % GROUP) / 4)] as number;
}

/** Bits of the words that make the two halves of a float64 in [0, 1). */
const HALVES = [27, 26] as const;

/**
 * Two float64 numbers in [0, 1) for attempt `trial` of element `i`: what asks for a number of draws that is not known before. The third
 * word of the counter counts the attempts, so that each element has a block of its own, whose other draws have 0 there.
 */
export function philoxPair(f: ExprFactory, i: Expr, trial: Expr, key: StreamKey<Expr>): readonly [Expr, Expr] {
  const [seedLow, seedHigh, offsetLow, offsetHigh] = key;
  const low = f.add(offsetLow, i);
  const carry = f.cast(f.lt(flipSign(f, low), flipSign(f, offsetLow)), "i32");
  const counter = [low, f.add(offsetHigh, carry), trial, f.int(0)] as const;
  const words = philoxBlock(onExpressions(f), counter, [seedLow, seedHigh]);
  const part = (word: Expr, bits: number): Expr => f.cast(f.binary("shru", word, f.int(32 - bits)), "f64");
  const unit = (high: Expr, low: Expr): Expr => {
    const whole = f.add(f.mul(part(high, HALVES[0]), f.const("f64", 2 ** HALVES[1])), part(low, HALVES[1]));
    return f.mul(whole, f.const("f64", 2 ** -53));
  };
  return [unit(words[0], words[1]), unit(words[2], words[3])];
}

/** What `philoxPair` gives, as numbers. */
export function referencePair(i: number, trial: number, key: StreamKey<number>): readonly [number, number] {
  const [seedLow, seedHigh, offsetLow, offsetHigh] = key;
  const low = (offsetLow + i) | 0;
  const carry = low >>> 0 < offsetLow >>> 0 ? 1 : 0;
  const words = philox([low, (offsetHigh + carry) | 0, trial, 0], [seedLow, seedHigh]);
  const unit = (high: number, low: number): number =>
    ((high >>> (32 - HALVES[0])) * 2 ** HALVES[1] + (low >>> (32 - HALVES[1]))) * 2 ** -53;
  return [unit(words[0], words[1]), unit(words[2], words[3])];
}

function flipSign(f: ExprFactory, x: Expr): Expr {
  return f.binary("xor", x, f.int(-(2 ** 31)));
}

/** A 64-bit number as two 0-d int32 nodes. */
export interface WordPair {
  readonly low: Node;
  readonly high: Node;
}

/**
 * `count` random int32 words of stream `seed` from block `offset`: element i is word (i % 16) / 4 of the block with counter
 * offset + 4 (i / 16) + i % 4. A call uses up `randomBlocks(count)` blocks.
 */
export function randomBits(count: number, seed: WordPair, offset: WordPair): Node {
  return apply(randomBitsP, [seed.low, seed.high, offset.low, offset.high], { count });
}

/** Counter values that `randomBits(count)` uses. */
export function randomBlocks(count: number): number {
  return 4 * Math.ceil(count / GROUP);
}

/** Random bits as numbers in [0, 1): 24 bits of each word, so that every value is exact in float32. */
export function uniformFromBits(bits: Node): Node {
  const top = and(shiftRight(bits, constant(8, "int32")), constant(0xffffff, "int32"));
  return mul(cast(top, "float32"), constant(2 ** -24, "float32"));
}
