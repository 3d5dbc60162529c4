// The one primitive behind every matrix product and convolution.
import { InternalError, isFloat, ShapeError } from "../base/index.js";
import { attr, type ContractionPrimitive, hashText, type NdArray, type Node } from "../graph/index.js";
import { evalBinary, type ScalarValue, scalarOf } from "../ir/index.js";
import { apply } from "./apply.js";
import { resultType } from "./broadcasting.js";
import { fillArray, ravel, unravel } from "./define.js";
import { cast, mul } from "./elementwise.js";
import { permute } from "./movement.js";

/** Labels of the dims of both operands and the result, as einsum's letters. */
export interface ContractLabels {
  readonly a: readonly number[];
  readonly b: readonly number[];
  readonly out: readonly number[];
  /** See ContractionPrimitive. */
  readonly band?: ContractBand;
}

/** Labels of two dims and a number: pairs of positions whose first is ahead of the second by more than it take no part. */
export type ContractBand = readonly [late: number, early: number, most: number];

const bandOf = (node: { readonly attrs: Node["attrs"] }): { band?: ContractBand } =>
  node.attrs.band === undefined ? {} : { band: node.attrs.band as unknown as ContractBand };

const labelsOf = (node: { readonly attrs: Node["attrs"] }, side: "a" | "b" | "out"): readonly number[] =>
  attr<readonly number[]>(node, side);

const contractP: ContractionPrimitive = {
  kind: "contraction",
  name: "contract",
  hash: hashText("contract"),
  saves: { inputs: [0, 1], output: false },
  infer: ([a, b], attrs) => {
    const sizes = new Map<number, number>();
    for (const [node, side] of [
      [a as Node, "a"],
      [b as Node, "b"],
    ] as const) {
      labelsOf({ attrs }, side).forEach((label, d) => {
        const size = node.shape[d] as number;
        const known = sizes.get(label) ?? size;
        if (known !== size) {
          throw new ShapeError(
            `contract: sizes ${known} and ${size} of one summed dim differ (a [${a?.shape}], b [${b?.shape}])`,
            { op: "contract" },
          );
        }
        sizes.set(label, size);
      });
    }
    return { shape: labelsOf({ attrs }, "out").map((label) => sizes.get(label) as number), dtype: (a as Node).dtype };
  },
  vjp: (node, grad, needs) => {
    const [a, b] = node.inputs as [Node, Node];
    const [la, lb, lo] = [labelsOf(node, "a"), labelsOf(node, "b"), labelsOf(node, "out")];
    return [
      needs[0] ? contract(grad, b, { a: lo, b: lb, out: la, ...bandOf(node) }) : null,
      needs[1] ? contract(grad, a, { a: lo, b: la, out: lb, ...bandOf(node) }) : null,
    ];
  },
  reference: (node, [a, b]) => contractArrays(node, a as NdArray, b as NdArray),
};

function contractArrays(node: Node, a: NdArray, b: NdArray): NdArray {
  const [la, lb, lo] = [labelsOf(node, "a"), labelsOf(node, "b"), labelsOf(node, "out")];
  const summed = la.filter((label) => !lo.includes(label));
  const sizes = summed.map((label) => a.shape[la.indexOf(label)] as number);
  const depth = sizes.reduce((n, size) => n * size, 1);
  const type = isFloat(node.dtype) ? "f64" : scalarOf(node.dtype);
  const at = (labels: readonly number[], outer: readonly number[], inner: readonly number[]): number[] =>
    labels.map((label) => {
      const o = lo.indexOf(label);
      return (o >= 0 ? outer[o] : inner[summed.indexOf(label)]) as number;
    });
  const { band } = bandOf(node);
  /** Position along the dim with `label`. */
  const along = (label: number, outer: readonly number[], inner: readonly number[]): number =>
    at([label], outer, inner)[0] as number;
  return fillArray(node.shape, node.dtype, (i) => {
    const outer = unravel(i, node.shape);
    let total: ScalarValue = type === "i64" ? 0n : 0;
    for (let k = 0; k < depth; k++) {
      const inner = unravel(k, sizes);
      if (band && along(band[0], outer, inner) - along(band[1], outer, inner) > band[2]) continue;
      const x = a.data[ravel(at(la, outer, inner), a.shape)] as number | bigint;
      const y = b.data[ravel(at(lb, outer, inner), b.shape)] as number | bigint;
      total = evalBinary("add", type, total, evalBinary("mul", type, x, y));
    }
    return total;
  });
}

/**
 * out[…] = Σ a[…] b[…] over the labels that `out` lacks; see ContractionPrimitive for the rules labels obey.
 * Operands promote to a common dtype.
 */
export function contract(a: Node, b: Node, { a: la, b: lb, out, band }: ContractLabels): Node {
  if (la.length !== a.shape.length || lb.length !== b.shape.length)
    throw new InternalError("contract: labels do not fit the operands");
  const dtype = resultType(a, b);
  // A factor without dims is no product of matrices.
  if (lb.length === 0)
    return mul(
      permute(
        cast(a, dtype),
        out.map((label) => la.indexOf(label)),
      ),
      cast(b, dtype),
    );
  if (la.length === 0)
    return mul(
      cast(a, dtype),
      permute(
        cast(b, dtype),
        out.map((label) => lb.indexOf(label)),
      ),
    );
  const labels = { a: la, b: lb, out };
  return apply(contractP, [cast(a, dtype), cast(b, dtype)], band ? { ...labels, band } : labels);
}
