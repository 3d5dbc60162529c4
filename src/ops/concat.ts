// Joining values along a dim.
import { apply, attr, type ConcatPrimitive, hashText, type NdArray, type Node } from "../graph/index.js";
import { fillArray, ravel, unravel } from "./define.js";
import { slice } from "./movement.js";

const concatP: ConcatPrimitive = {
  kind: "concat",
  name: "concat",
  hash: hashText("concat"),
  saves: { inputs: [], output: false },
  infer: (inputs, attrs) => {
    const dim = attr<number>({ attrs }, "dim");
    const first = inputs[0] as Node;
    const total = inputs.reduce((n, x) => n + (x.shape[dim] as number), 0);
    return { shape: first.shape.map((size, d) => (d === dim ? total : size)), dtype: first.dtype };
  },
  vjp: (node, grad, needs) => {
    const dim = attr<number>(node, "dim");
    let start = 0;
    return node.inputs.map((x, i) => {
      const from = start;
      start += x.shape[dim] as number;
      return needs[i] ? slice(grad, dim, from, start, 1) : null;
    });
  },
  reference: (node, inputs) => {
    const dim = attr<number>(node, "dim");
    return fillArray(node.shape, node.dtype, (i) => {
      const index = unravel(i, node.shape);
      let part = 0;
      while ((index[dim] as number) >= ((inputs[part] as NdArray).shape[dim] as number)) {
        index[dim] = (index[dim] as number) - ((inputs[part] as NdArray).shape[dim] as number);
        part++;
      }
      const x = inputs[part] as NdArray;
      return x.data[ravel(index, x.shape)] as number | bigint;
    });
  },
};

/** Inputs of one dtype, and one shape but for `dim`, end to end. */
export function concat(inputs: readonly Node[], dim: number): Node {
  return apply(concatP, inputs, { dim });
}
