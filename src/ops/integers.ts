// Greatest common divisors and least common multiples of integers.
import { type DType, DTypeError, isFloat, valueArray } from "../base/index.js";
import { hashText, type NdArray, type Node, nonDifferentiable, type RoutinePrimitive } from "../graph/index.js";
import { type Buffer, scalarOf } from "../ir/index.js";
import { apply } from "./apply.js";
import { aligned, resultType } from "./broadcasting.js";
import { constantLike } from "./composing.js";
import { intdiv } from "./division.js";
import { abs, cast, eq, mul, where } from "./elementwise.js";
import { assign, declare, loop, store } from "./kernel-text.js";
import { held, when } from "./matrix-kernels.js";
import { expand } from "./movement.js";

/** Elements of one tile. */
const PIECE = 256;

/** Euclid's algorithm takes most steps for neighbours in Fibonacci's sequence: 46 in int32, 92 in int64. */
const STEPS = { int32: 48, int64: 94 } as const;

const gcdP: RoutinePrimitive = {
  kind: "routine",
  name: "gcd",
  hash: hashText("gcd"),
  vjp: nonDifferentiable("its results are integers"),
  saves: { inputs: [], output: false },
  infer: ([a]) => ({ shape: (a as Node).shape, dtype: (a as Node).dtype }),
  build: ({ f, inputs, output, kernel }, node) => {
    const type = scalarOf(output.dtype);
    const steps = STEPS[output.dtype as keyof typeof STEPS];
    const zero = f.const(type, 0);
    kernel("gcd", Math.ceil(node.size / PIECE), (tile) => {
      const start = f.mul(tile, f.int(PIECE));
      const count = f.min(f.int(PIECE), f.sub(f.int(node.size), start));
      return [
        loop(f, "i", count, (i) => {
          const at = f.add(start, i);
          const [a, b] = [f.variable("a", type, { mutable: true }), f.variable("b", type, { mutable: true })];
          const rest = held(f, "rest", f.rem(a, b));
          return [
            declare(a, f.unary("abs", f.load(inputs[0] as Buffer, at))),
            declare(b, f.unary("abs", f.load(inputs[1] as Buffer, at))),
            loop(f, "s", f.int(steps), () => [
              when(f.binary("ne", b, zero), [rest.statement, assign(a, b), assign(b, rest.v)]),
            ]),
            store(output, at, f.unary("abs", a)),
          ];
        }),
      ];
    });
  },
  reference: (node, [x, y]) => {
    const data = valueArray(node.dtype, node.size);
    const at = (given: NdArray | undefined, i: number) => BigInt((given as NdArray).data[i] as number | bigint);
    for (let i = 0; i < node.size; i++) {
      let [a, b] = [at(x, i), at(y, i)];
      while (b !== 0n) [a, b] = [b, a % b];
      const size = a < 0n ? -a : a;
      if (data instanceof BigInt64Array) data[i] = BigInt.asIntN(64, size);
      else data[i] = Number(BigInt.asIntN(32, size));
    }
    return { shape: node.shape, dtype: node.dtype, data };
  },
};

/** Both as int32 or int64 and one shape, and the dtype of the result. */
function integers(op: string, a: Node, b: Node): { readonly pair: readonly [Node, Node]; readonly dtype: DType } {
  for (const x of [a, b]) {
    if (isFloat(x.dtype) || x.dtype === "bool") {
      throw new DTypeError(`${op}: takes integer tensors, got ${x.dtype}`, { op });
    }
  }
  const dtype = resultType(a, b);
  const wide = dtype === "int64" ? "int64" : "int32";
  const [x, y] = aligned(op, [a, b], [wide, wide]) as [Node, Node];
  const shape = x.shape.length >= y.shape.length ? x.shape : y.shape;
  return { pair: [expand(x, shape), expand(y, shape)], dtype };
}

/** The greatest common divisor, at least 0; of 0 and 0 it is 0. */
export function gcd(a: Node, b: Node): Node {
  const { pair, dtype } = integers("gcd", a, b);
  return cast(apply(gcdP, pair), dtype);
}

/** The least common multiple, at least 0; 0 where one of both is. */
export function lcm(a: Node, b: Node): Node {
  const { pair, dtype } = integers("lcm", a, b);
  const divisor = apply(gcdP, pair);
  // Only 0 and 0 have the divisor 0, and their multiple is 0.
  const safe = where(eq(divisor, constantLike(divisor, 0)), constantLike(divisor, 1), divisor);
  return cast(abs(mul(intdiv(pair[0], safe), pair[1])), dtype);
}
