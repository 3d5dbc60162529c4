// Memory filled with random numbers by one kernel for all sizes: how many there are and how they are scaled are run-time
// numbers, so that all the weights of a network are drawn by the same code. Bit for bit what the pointwise draws give.
import { numel, type Shape } from "../base/index.js";
import {
  apply,
  attr,
  hashText,
  type NdArray,
  type Node,
  nonDifferentiable,
  type RoutinePrimitive,
} from "../graph/index.js";
import type { Expr, ExprFactory, Stmt } from "../ir/index.js";
import { fillArray } from "./define.js";
import { loop, store } from "./kernel-text.js";
import { scalar } from "./leaves.js";
import { philoxWord, referenceWord, type WordPair } from "./random.js";

/** Draws of one tile: worth a claim of a thread, and whole groups of random words. */
const TILE = 4096;
/** Up to here places are whole numbers of 31 bits. */
const MOST_TILES = 2 ** 31 / TILE;
const fround = Math.fround;
const STEP = 2 ** -24;

export type Distribution = "uniform" | "normal";

/** Inputs, in order; all are run-time numbers. */
const input = { seedLow: 0, seedHigh: 1, offsetLow: 2, offsetHigh: 3, draws: 4, scale: 5, shift: 6 } as const;

/** What a kernel or the reference makes of the numbers number `i` to be drawn. */
interface Draw {
  /** Numbers that one draw gives, `draws` apart. */
  readonly values: number;
  readonly lower: (f: ExprFactory, uniform: (row: 0 | 1) => Expr) => readonly Expr[];
  readonly reference: (uniform: (row: 0 | 1) => number) => readonly number[];
}

const draws: Record<Distribution, Draw> = {
  uniform: { values: 1, lower: (_, uniform) => [uniform(0)], reference: (uniform) => [uniform(0)] },
  // Box & Muller, as drawNormal in tensor/draws.ts spells it: the sine is a cosine a quarter turn later.
  normal: {
    values: 2,
    lower: (f, uniform) => {
      const number = (value: number) => f.const("f32", value);
      const radius = f.unary("sqrt", f.mul(f.unary("log", f.sub(number(1), uniform(0))), number(-2)));
      const angle = f.mul(uniform(1), number(2 * Math.PI));
      return [angle, f.add(angle, number(-Math.PI / 2))].map((at) => f.mul(radius, f.unary("cos", at)));
    },
    reference: (uniform) => {
      const radius = fround(Math.sqrt(fround(fround(Math.log(fround(1 - uniform(0)))) * -2)));
      const angle = fround(uniform(1) * fround(2 * Math.PI));
      const later = fround(angle + fround(-Math.PI / 2));
      return [angle, later].map((at) => fround(radius * fround(Math.cos(at))));
    },
  },
};

const randomFillP: RoutinePrimitive = {
  kind: "routine",
  name: "random_fill",
  hash: hashText("random_fill"),
  saves: { inputs: [], output: false },
  vjp: nonDifferentiable("random numbers do not depend on anything smoothly"),
  infer: (_, attrs) => ({ shape: attr<Shape>({ attrs }, "shape"), dtype: "float32" }),
  numbers: Object.values(input),
  build: (context, node) => {
    const { values, lower } = draws[attr<Distribution>(node, "distribution")];
    const { f, output } = context;
    const number = (which: keyof typeof input) => context.number(input[which]);
    const key = [number("seedLow"), number("seedHigh"), number("offsetLow"), number("offsetHigh")] as const;
    const tiles = Math.ceil(node.size / values / TILE);
    const body = (tile: Expr): Stmt[] => {
      const start = f.mul(tile, f.int(TILE));
      const count = f.max(f.int(0), f.min(f.int(TILE), f.sub(number("draws"), start)));
      const draw = (i: Expr): Stmt[] => {
        const at = f.add(start, i);
        // The second row of uniform numbers lies behind the first.
        const place = (row: number) => (row === 0 ? at : f.add(at, number("draws")));
        const uniform = (row: 0 | 1) => uniformOf(f, philoxWord(f, place(row), key));
        return lower(f, uniform).map((x, row) =>
          store(output, place(row), f.add(f.mul(x, number("scale")), number("shift"))),
        );
      };
      return [loop(f, "i", count, draw, { hint: "vectorize", most: TILE })];
    };
    context.kernel(`random_${attr<Distribution>(node, "distribution")}`, tiles, body, Math.max(MOST_TILES, tiles));
  },
  reference: (node, inputs) => {
    const { values, reference } = draws[attr<Distribution>(node, "distribution")];
    const number = (which: keyof typeof input) => Number((inputs[input[which]] as NdArray).data[0]);
    const key = [number("seedLow"), number("seedHigh"), number("offsetLow"), number("offsetHigh")] as const;
    const count = node.size / values;
    return fillArray(node.shape, "float32", (i) => {
      const uniform = (row: 0 | 1) => fround((referenceWord((i % count) + row * count, key) >>> 8) * STEP);
      const drawn = reference(uniform)[Math.floor(i / count)] as number;
      return fround(fround(drawn * number("scale")) + number("shift"));
    });
  },
};

/** A word as a number in [0, 1), as `uniformFromBits` does it. */
function uniformOf(f: ExprFactory, word: Expr): Expr {
  const top = f.binary("and", f.binary("shr", word, f.int(8)), f.int(0xffffff));
  return f.mul(f.cast(top, "f32"), f.const("f32", STEP));
}

export interface RandomFill {
  readonly distribution: Distribution;
  /** Factor of what is drawn (in [0, 1), or standard normal). */
  readonly scale: number;
  /** Added to it then. */
  readonly shift: number;
}

/** Numbers that one draw of the distribution gives: a size must be a multiple of it. */
export function valuesOfDraw(distribution: Distribution): number {
  return draws[distribution].values;
}

/**
 * float32 random numbers of `shape` in memory of their own: `scale` x + `shift` of numbers x from the words of stream `seed`
 * from block `offset` on. Takes as many words as there are numbers.
 */
export function randomFill(
  shape: Shape,
  { distribution, scale, shift }: RandomFill,
  seed: WordPair,
  offset: WordPair,
): Node {
  const count = numel(shape) / valuesOfDraw(distribution);
  const numbers = [scalar(count, "int32"), scalar(scale, "float32"), scalar(shift, "float32")];
  return apply(randomFillP, [seed.low, seed.high, offset.low, offset.high, ...numbers], { shape, distribution });
}
