// Convolutions and pooling.
import { checkOptions } from "../../base/index.js";
import type { Node } from "../../graph/index.js";
import * as ops from "../../ops/index.js";
import { nodeOf, noMore, optionsWith } from "../args.js";
import { type Tensor, wrap } from "../tensor.js";
import { made } from "./define.js";

type PerDim = number | readonly number[];

export interface ConvOptions {
  /** `[outChannels]`; none by default. */
  readonly bias?: Tensor | null;
  /** Distance of the windows; default 1. */
  readonly stride?: PerDim;
  /** "same" keeps the size (stride 1), "valid" is 0. */
  readonly padding?: PerDim | "same" | "valid";
  /** Distance of a window's elements; default 1. */
  readonly dilation?: PerDim;
  /** Groups of channels that do not mix; default 1. */
  readonly groups?: number;
}

export interface ConvTransposeOptions {
  /** `[outChannels]`; none by default. */
  readonly bias?: Tensor | null;
  /** Distance of the windows in the output; default 1. */
  readonly stride?: PerDim;
  /** Taken off both sides of the output; default 0. */
  readonly padding?: PerDim;
  /** Added to one side of the output, which `stride` leaves open; default 0. */
  readonly outputPadding?: PerDim;
  /** Groups of channels that do not mix; default 1. */
  readonly groups?: number;
  /** Distance of a window's elements; default 1. */
  readonly dilation?: PerDim;
}

/** `conv2d(x, w)`, `conv2d(x, w, bias)`, `conv2d(x, w, bias, { padding: 1 })` or `conv2d(x, w, { bias, padding: 1 })`. */
type Bias<O> = Tensor | null | O;

function convolution<O extends { readonly bias?: Tensor | null }>(
  op: string,
  names: readonly string[],
  compute: (x: Node, weight: Node, bias: Node | null, options: Omit<O, "bias">) => Node,
) {
  return (input: Tensor, weight: Tensor, bias?: Bias<O>, options?: Omit<O, "bias">, ...surplus: []): Tensor => {
    const given = optionsWith<{ bias?: Tensor | null }>(
      op,
      "bias",
      bias,
      options,
      ["bias", ...names] as never,
      surplus,
    );
    const { bias: b, ...rest } = given;
    const [x, w] = [nodeOf(op, "input", input), nodeOf(op, "weight", weight)];
    return wrap(compute(x, w, b ? nodeOf(op, "bias", b) : null, rest as Omit<O, "bias">));
  };
}

const convNames = ["stride", "padding", "dilation", "groups"];
const transposeNames = ["stride", "padding", "outputPadding", "groups", "dilation"];

/** input `[N,C,L]`, weight `[O,C/groups,K]`. */
export const conv1d = convolution<ConvOptions>("conv1d", convNames, ops.conv1d);
/** input `[N,C,H,W]`, weight `[O,C/groups,kH,kW]`. */
export const conv2d = convolution<ConvOptions>("conv2d", convNames, ops.conv2d);
/** input `[N,C,D,H,W]`, weight `[O,C/groups,kD,kH,kW]`. */
export const conv3d = convolution<ConvOptions>("conv3d", convNames, ops.conv3d);
/** input `[N,C,L]`, weight `[C,O/groups,K]`. */
export const convTranspose1d = convolution<ConvTransposeOptions>(
  "convTranspose1d",
  transposeNames,
  ops.convTranspose1d,
);
/** input `[N,C,H,W]`, weight `[C,O/groups,kH,kW]`. */
export const convTranspose2d = convolution<ConvTransposeOptions>(
  "convTranspose2d",
  transposeNames,
  ops.convTranspose2d,
);

/** input `[N,C,D,H,W]`, weight `[C,O/groups,kD,kH,kW]`. */
export const convTranspose3d = convolution<ConvTransposeOptions>(
  "convTranspose3d",
  transposeNames,
  ops.convTranspose3d,
);

export interface MaxPoolOptions {
  /** Default: the kernel's size. */
  readonly stride?: PerDim;
  /** Added on both sides as -Infinity; default 0. */
  readonly padding?: PerDim;
  /** Distance of a window's elements; default 1. */
  readonly dilation?: PerDim;
  /** Let the last window reach over the end; default false. */
  readonly ceilMode?: boolean;
}

export interface AvgPoolOptions {
  /** Distance of the windows; default: the kernel's size. */
  readonly stride?: PerDim;
  /** Zeros added on both sides; default 0. */
  readonly padding?: PerDim;
  /** Let the last window reach over the end; default false. */
  readonly ceilMode?: boolean;
  /** Padding counts as elements of the mean; default true. */
  readonly countIncludePad?: boolean;
  /** Divides by this in place of the number of elements. */
  readonly divisorOverride?: number | null;
}

const maxPoolNames = ["stride", "padding", "dilation", "ceilMode"];
const avgPoolNames = ["stride", "padding", "ceilMode", "countIncludePad", "divisorOverride"];

function pooling<O extends { readonly stride?: PerDim }>(
  op: string,
  names: readonly string[],
  compute: (x: Node, kernelSize: PerDim, options: O) => Node,
) {
  return (
    input: Tensor,
    kernelSize: PerDim,
    stride?: PerDim | O,
    options?: Omit<O, "stride">,
    ...surplus: []
  ): Tensor => {
    const given = optionsWith<{ stride?: PerDim }>(op, "stride", stride, options, names as never, surplus);
    return wrap(compute(nodeOf(op, "input", input), kernelSize, given as O));
  };
}

/** Largest element of each window, over the last dim. */
export const maxPool1d = pooling<MaxPoolOptions>("maxPool1d", maxPoolNames, ops.maxPool1d);
/** Largest element of each window, over the last two dims; the gradient goes to the first one. */
export const maxPool2d = pooling<MaxPoolOptions>("maxPool2d", maxPoolNames, ops.maxPool2d);
/**
 * The largest value of each window of `[N, C, D, H, W]` or `[C, D, H, W]`; sizes are a number or `[depth, height,
 * width]`.
 */
export const maxPool3d = pooling<MaxPoolOptions>("maxPool3d", maxPoolNames, ops.maxPool3d);
/** Mean of each window, over the last dim. */
export const avgPool1d = pooling<AvgPoolOptions>("avgPool1d", avgPoolNames, ops.avgPool1d);
/** The mean of each window of `[N, C, H, W]` or `[C, H, W]`; sizes are a number or `[height, width]`. */
export const avgPool2d = pooling<AvgPoolOptions>("avgPool2d", avgPoolNames, ops.avgPool2d);
/** The mean of each window of `[N, C, D, H, W]` or `[C, D, H, W]`; sizes are a number or `[depth, height, width]`. */
export const avgPool3d = pooling<AvgPoolOptions>("avgPool3d", avgPoolNames, ops.avgPool3d);

type OutputSize = number | readonly (number | null)[];

function adaptive(op: string, compute: (x: Node, outputSize: OutputSize) => Node) {
  return (input: Tensor, outputSize: OutputSize, ...surplus: []): Tensor => {
    noMore(op, surplus);
    return wrap(compute(nodeOf(op, "input", input), outputSize));
  };
}

/** Means of windows that are chosen so that the output has the given size. */
export const adaptiveAvgPool1d = adaptive("adaptiveAvgPool1d", ops.adaptiveAvgPool1d);
/** Means of windows that divide `[N, C, H, W]` into `outputSize`; null keeps a size. */
export const adaptiveAvgPool2d = adaptive("adaptiveAvgPool2d", ops.adaptiveAvgPool2d);
/** Largest elements of windows that are chosen so that the output has the given size. */
export const adaptiveMaxPool1d = adaptive("adaptiveMaxPool1d", ops.adaptiveMaxPool1d);
/** Largest values of windows that divide `[N, C, H, W]` into `outputSize`; null keeps a size. */
export const adaptiveMaxPool2d = adaptive("adaptiveMaxPool2d", ops.adaptiveMaxPool2d);

/** Means of windows that divide `[N, C, D, H, W]` into `outputSize`; null keeps a size. */
export const adaptiveAvgPool3d = adaptive("adaptiveAvgPool3d", ops.adaptiveAvgPool3d);
/** Largest values of windows that divide `[N, C, D, H, W]` into `outputSize`; null keeps a size. */
export const adaptiveMaxPool3d = adaptive("adaptiveMaxPool3d", ops.adaptiveMaxPool3d);

function adaptiveWithIndices(op: string, rank: number) {
  return (input: Tensor, outputSize: OutputSize, ...surplus: []): [values: Tensor, indices: Tensor] => {
    noMore(op, surplus);
    const { values, indices } = ops.adaptiveMaxPoolWithIndices(op, rank, nodeOf(op, "input", input), outputSize);
    return [wrap(values), wrap(indices)];
  };
}

/** As `adaptiveMaxPool1d`, with the place of each value in its row, int32. */
export const adaptiveMaxPool1dWithIndices = adaptiveWithIndices("adaptiveMaxPool1dWithIndices", 1);
/** As `adaptiveMaxPool2d`, with the place of each value in its plane (row-major), int32: what `maxUnpool2d` takes. */
export const adaptiveMaxPool2dWithIndices = adaptiveWithIndices("adaptiveMaxPool2dWithIndices", 2);
/** As `adaptiveMaxPool3d`, with the place of each value in its volume (row-major), int32. */
export const adaptiveMaxPool3dWithIndices = adaptiveWithIndices("adaptiveMaxPool3dWithIndices", 3);

export interface LpPoolOptions {
  /** Default: the kernel's size. */
  readonly stride?: PerDim;
  /** Let the last window reach over the end; default false. */
  readonly ceilMode?: boolean;
}

function lpPooling(op: string, rank: number) {
  return (input: Tensor, normType: number, kernelSize: PerDim, options: LpPoolOptions = {}, ...surplus: []): Tensor => {
    noMore(op, surplus);
    checkOptions(op, options, ["stride", "ceilMode"]);
    return wrap(ops.lpPool(op, rank, nodeOf(op, "input", input), normType, kernelSize, options));
  };
}

/** (Σ x^p)^(1/p) of each window over the last dim. */
export const lpPool1d = lpPooling("lpPool1d", 1);
/** (Σ x^p)^(1/p) of each window over the last two dims. */
export const lpPool2d = lpPooling("lpPool2d", 2);
/** (Σ x^p)^(1/p) of each window over the last three dims. */
export const lpPool3d = lpPooling("lpPool3d", 3);

export interface MaxUnpoolOptions {
  /** Distance of the windows; default: the kernel's size. */
  readonly stride?: PerDim;
  /** Padding of the pooling that is undone; default 0. */
  readonly padding?: PerDim;
  /** The spatial sizes, where the pooling left several possible. */
  readonly outputSize?: readonly number[];
}

function maxUnpooling(op: string, rank: number) {
  return (
    input: Tensor,
    indices: Tensor,
    kernelSize: PerDim,
    options: MaxUnpoolOptions = {},
    ...surplus: []
  ): Tensor => {
    noMore(op, surplus);
    checkOptions(op, options, ["stride", "padding", "outputSize"]);
    const [x, at] = [nodeOf(op, "input", input), nodeOf(op, "indices", indices)];
    return wrap(ops.maxUnpool(op, rank, x, at, kernelSize, options));
  };
}

/** Each maximum back at its place over the last dim, zeros elsewhere: undoes `maxPool1dWithIndices`. */
export const maxUnpool1d = maxUnpooling("maxUnpool1d", 1);
/** Each maximum back at its place over the last two dims, zeros elsewhere: undoes `maxPool2dWithIndices`. */
export const maxUnpool2d = maxUnpooling("maxUnpool2d", 2);
/** Each maximum back at its place over the last three dims, zeros elsewhere: undoes `maxPool3dWithIndices`. */
export const maxUnpool3d = maxUnpooling("maxUnpool3d", 3);

function withIndices(op: string, values: typeof ops.maxPool2d, indices: typeof ops.maxPool2d) {
  return (input: Tensor, kernelSize: PerDim, options: MaxPoolOptions = {}, ...surplus: []): [Tensor, Tensor] => {
    noMore(op, surplus);
    checkOptions(op, options, maxPoolNames);
    const x = nodeOf(op, "input", input);
    return [made(op, () => values(x, kernelSize, options)), made(op, () => indices(x, kernelSize, options))];
  };
}

/** As `maxPool1d`, with the place of each element in its plane. */
export const maxPool1dWithIndices = withIndices("maxPool1dWithIndices", ops.maxPool1d, ops.maxPool1dIndices);
/** As `maxPool2d`, with the place of each element in its plane (row-major). */
export const maxPool2dWithIndices = withIndices("maxPool2dWithIndices", ops.maxPool2d, ops.maxPool2dIndices);
/** As `maxPool3d`, with the place of each element in its volume (row-major). */
export const maxPool3dWithIndices = withIndices("maxPool3dWithIndices", ops.maxPool3d, ops.maxPool3dIndices);
