// Batch norm in evaluation folded into the layer before it.
import { ArgumentError, checkOptions, formatShape, noMore, ShapeError } from "../base/index.js";
import { checkTensor, noGrad, type Tensor, zerosLike } from "../tensor/index.js";
import type { BatchNormBase } from "./batch-norm.js";
import type { Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d } from "./conv.js";
import { checkModule } from "./item-containers.js";
import type { Linear } from "./linear.js";
import { Parameter } from "./parameter.js";

type Convolution = Conv1d | Conv2d | Conv3d | ConvTranspose1d | ConvTranspose2d;

/** What a batch norm does in evaluation: y = (x - runningMean) / √(runningVar + eps) · weight + bias. */
export interface BatchNormNumbers {
  /** Mean of each channel, `[C]`. */
  readonly runningMean: Tensor;
  /** Variance of each channel, `[C]`. */
  readonly runningVar: Tensor;
  /** Added to the variance. */
  readonly eps: number;
  /** One factor a channel, `[C]`, or null. */
  readonly weight: Tensor | null;
  /** One shift a channel, `[C]`, or null. */
  readonly bias: Tensor | null;
}

function fused(
  op: string,
  weight: Tensor,
  bias: Tensor | null,
  norm: BatchNormNumbers,
  channelDim: number,
): [Parameter, Parameter] {
  checkTensor(op, "weight", weight);
  if (weight.shape[channelDim] !== norm.runningVar.shape[0]) {
    throw new ShapeError(
      `${op}: the batch norm has ${norm.runningVar.shape[0]} channels and the layer ${weight.shape[channelDim]} outputs (weight ${formatShape(weight.shape)})`,
      { op, shapes: [weight.shape, norm.runningVar.shape] },
    );
  }
  return noGrad(() => {
    const scale = norm.runningVar
      .add(norm.eps)
      .rsqrt()
      .mul(norm.weight ?? 1);
    const shape = weight.shape.map((_, d) => (d === channelDim ? -1 : 1));
    const moved = (bias ?? zerosLike(norm.runningMean)).sub(norm.runningMean).mul(scale);
    return [new Parameter(weight.mul(scale.reshape(shape))), new Parameter(norm.bias ? moved.add(norm.bias) : moved)];
  });
}

/**
 * Weight and bias of a convolution that does what it and the batch norm did: W · s and (b - runningMean) · s + bias of the norm, with
 * s = weight of the norm / √(runningVar + eps).
 *
 * Shapes: weight `[C, …]` (`[…, C, …]` with `transpose`, of transposed convolutions), bias `[C]` → the same.
 * @throws ShapeError if the norm has other channels.
 */
export function fuseConvBnWeights(
  weight: Tensor,
  bias: Tensor | null,
  norm: BatchNormNumbers,
  options: { readonly transpose?: boolean } = {},
  ...surplus: []
): [weight: Parameter, bias: Parameter] {
  noMore("fuseConvBnWeights", surplus);
  checkOptions("fuseConvBnWeights", options, ["transpose"]);
  return fused("fuseConvBnWeights", weight, bias, norm, options.transpose ? 1 : 0);
}

/**
 * Weight and bias of a linear layer that does what it and the batch norm did, as fuseConvBnWeights. Shapes: weight `[C, D]`, bias `[C]` → the
 * same.
 * @throws ShapeError if the norm has other channels.
 */
export function fuseLinearBnWeights(
  weight: Tensor,
  bias: Tensor | null,
  norm: BatchNormNumbers,
  ...surplus: []
): [weight: Parameter, bias: Parameter] {
  noMore("fuseLinearBnWeights", surplus);
  return fused("fuseLinearBnWeights", weight, bias, norm, 0);
}

function numbersOf(op: string, layer: { training: boolean; weight: Tensor }, norm: BatchNormBase): BatchNormNumbers {
  checkModule(op, layer, "its first argument");
  checkModule(op, norm, "its second argument");
  checkTensor(op, "the layer's weight", layer.weight);
  const { runningMean, runningVar, eps, weight, bias } = norm;
  if (layer.training || norm.training) {
    throw new ArgumentError(`${op}: fusing is for evaluation only; call eval() on the model first`, { op });
  }
  if (!runningMean || !runningVar) throw new ArgumentError(`${op}: the batch norm keeps no running statistics`, { op });
  return { runningMean, runningVar, eps, weight, bias };
}

/**
 * A convolution that does what `conv` and then `norm` do in evaluation; both stay as they are.
 * @throws ArgumentError if one of them is in training mode, the norm has no running statistics, or the convolution is transposed and has
 * groups.
 * @throws ShapeError if the norm has other channels than the convolution's output.
 * @example const fused = nn.utils.fuseConvBnEval(new nn.Conv2d(3, 8, 3).eval(), new nn.BatchNorm2d(8).eval());
 */
export function fuseConvBnEval<C extends Convolution>(conv: C, norm: BatchNormBase, ...surplus: []): C {
  noMore("fuseConvBnEval", surplus);
  const numbers = numbersOf("fuseConvBnEval", conv, norm);
  if (conv.groups > 1 && "outputPadding" in conv) {
    throw new ArgumentError("fuseConvBnEval: transposed convolutions in groups cannot be fused", {
      op: "fuseConvBnEval",
    });
  }
  // The clone of a union of layers loses which one it was.
  const copy = conv.clone() as C;
  const [weight, bias] = fuseConvBnWeights(conv.weight, conv.bias, numbers, { transpose: "outputPadding" in conv });
  copy.weight = weight;
  copy.bias = bias;
  return copy;
}

/**
 * A linear layer that does what `linear` and then `norm` do in evaluation; both stay as they are.
 * @throws ArgumentError if one of them is in training mode, or the norm has no running statistics.
 * @throws ShapeError if the norm has other channels than the layer's output.
 */
export function fuseLinearBnEval(linear: Linear, norm: BatchNormBase, ...surplus: []): Linear {
  noMore("fuseLinearBnEval", surplus);
  const numbers = numbersOf("fuseLinearBnEval", linear, norm);
  const copy = linear.clone();
  const [weight, bias] = fuseLinearBnWeights(linear.weight, linear.bias, numbers);
  copy.weight = weight;
  copy.bias = bias;
  return copy;
}
