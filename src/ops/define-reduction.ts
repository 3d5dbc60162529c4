// How reductions are defined.
import { isFloat, ShapeError } from "../base/index.js";
import { attr, hashText, type NdArray, type Node, type ReductionPrimitive, type Vjp } from "../graph/index.js";
import { evalBinary, type ScalarValue, scalarOf } from "../ir/index.js";
import { fillArray, ravel, unravel } from "./define.js";

export const dimsOf = (node: Node): readonly number[] => attr<readonly number[]>(node, "dims");

export function defineReduction(
  name: string,
  combine: ReductionPrimitive["combine"],
  saves: ReductionPrimitive["saves"],
  vjp: Vjp,
): ReductionPrimitive {
  return {
    kind: "reduction",
    name,
    hash: hashText(name),
    combine,
    saves,
    vjp,
    infer: ([x], attrs) => {
      const input = x as Node;
      const dims = attr<readonly number[]>({ attrs }, "dims");
      if ((combine === "max" || combine === "min") && dims.some((d) => input.shape[d] === 0)) {
        throw new ShapeError(
          `${name}: no element to take along dim ${dims.join(",")} of size 0 (input [${input.shape.join(",")}])`,
          { op: name },
        );
      }
      return { shape: input.shape.filter((_, d) => !dims.includes(d)), dtype: input.dtype };
    },
    reference: (node, [x]) => reduceArray(node, x as NdArray, combine),
  };
}

function reduceArray(node: Node, x: NdArray, combine: ReductionPrimitive["combine"]): NdArray {
  const dims = dimsOf(node);
  const type = isFloat(x.dtype) ? "f64" : scalarOf(x.dtype); // sums in float64 are rounded once, at the end
  const totals = new Map<number, ScalarValue>();
  const neutral = combine === "mul" ? 1 : 0;
  for (let i = 0; i < x.data.length; i++) {
    const at = ravel(
      unravel(i, x.shape).filter((_, d) => !dims.includes(d)),
      node.shape,
    );
    const value: ScalarValue = x.dtype === "bool" ? x.data[i] !== 0 : (x.data[i] as number | bigint);
    const known = totals.get(at);
    totals.set(at, known === undefined ? value : evalBinary(combine, type, known, value));
  }
  return fillArray(node.shape, node.dtype, (i) => totals.get(i) ?? neutral);
}
