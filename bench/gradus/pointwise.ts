// Row-wise and elementwise operations on a matrix.
import { compile, grad, noGrad, randn, sigmoid, softmax, type Tensor, tanh } from "gradus";
import { gelu, layerNorm } from "gradus/nn/functional";

export interface PointwiseRequest {
  readonly op: "softmax" | "layerNorm" | "layerNormGrad" | "gelu" | "chain" | "sum";
  readonly rows: number;
  readonly columns: number;
}

export function pointwise({ op, rows, columns }: PointwiseRequest): () => Tensor | Tensor[] {
  const [x, y, upstream] = [randn(rows, columns), randn(rows, columns), randn(rows, columns)];
  const [weight, bias] = [randn(columns), randn(columns)];
  if (op === "layerNormGrad") {
    const gradients = compile((input: Tensor, scale: Tensor, shift: Tensor, g: Tensor) => {
      const leaves = [input, scale, shift].map((leaf) => leaf.detach().requiresGrad_()) as [Tensor, Tensor, Tensor];
      return grad([layerNorm(leaves[0], columns, { weight: leaves[1], bias: leaves[2] })], leaves, {
        gradOutputs: [g],
      });
    });
    return () => gradients(x, weight, bias, upstream);
  }
  const functions: Readonly<Record<typeof op, (a: Tensor, b: Tensor) => Tensor>> = {
    softmax: (a) => softmax(a, 1),
    layerNorm: (a) => layerNorm(a, columns, { weight, bias }),
    gelu: (a) => gelu(a),
    chain: (a, b) =>
      tanh(a.mul(b).add(bias))
        .mul(sigmoid(a))
        .sub(b.div(a.mul(a).add(1))),
    sum: (a) => a.sum(1),
  };
  const call = compile(functions[op]);
  return () => noGrad(() => call(x, y));
}
