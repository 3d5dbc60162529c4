// Convolutions and pooling.
import { checkOptions, DTypeError, noMore, type PerDim } from "../../base/index.js";
import type { Node } from "../../graph/index.js";
import * as ops from "../../ops/index.js";
import { floatNode, nodeOf, optionsWith } from "../args.js";
import { type Tensor, wrap } from "../tensor.js";
import { made } from "./define.js";
import { indexNode } from "./gather.js";

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

/**
 * Σ over channels and window of input · weight, plus bias: the cross-correlation that networks call convolution.
 *
 * Shapes: input `[N, C, L]` (or without N), weight `[O, C/groups, K]`, bias `[O]` → `[N, O, L']` with L' = ⌊(L + 2
 * padding - dilation (K - 1) - 1) / stride⌋ + 1.
 * @throws ShapeError if the dims or channels do not fit, or the kernel is larger than the padded input.
 * @throws DTypeError unless all have one dtype.
 * @throws ArgumentError if a size is no integer, too small or of the wrong number, `groups` does not divide the
 * channels, or "same" goes with a stride.
 */
export const conv1d = convolution<ConvOptions>("conv1d", convNames, ops.conv1d);
/**
 * Σ over channels and window of input · weight, plus bias: the cross-correlation that networks call convolution.
 *
 * Shapes: input `[N, C, H, W]` (or without N), weight `[O, C/groups, kH, kW]`, bias `[O]` → `[N, O, H', W']` with H' =
 * ⌊(H + 2 padding - dilation (kH - 1) - 1) / stride⌋ + 1, the others likewise.
 * @throws ShapeError if the dims or channels do not fit, or the kernel is larger than the padded input.
 * @throws DTypeError unless all have one dtype.
 * @throws ArgumentError if a size is no integer, too small or of the wrong number, `groups` does not divide the
 * channels, or "same" goes with a stride.
 */
export const conv2d = convolution<ConvOptions>("conv2d", convNames, ops.conv2d);
/**
 * Σ over channels and window of input · weight, plus bias: the cross-correlation that networks call convolution.
 *
 * Shapes: input `[N, C, D, H, W]` (or without N), weight `[O, C/groups, kD, kH, kW]`, bias `[O]` → `[N, O, D', H', W']`
 * with D' = ⌊(D + 2 padding - dilation (kD - 1) - 1) / stride⌋ + 1, the others likewise.
 * @throws ShapeError if the dims or channels do not fit, or the kernel is larger than the padded input.
 * @throws DTypeError unless all have one dtype.
 * @throws ArgumentError if a size is no integer, too small or of the wrong number, `groups` does not divide the
 * channels, or "same" goes with a stride.
 */
export const conv3d = convolution<ConvOptions>("conv3d", convNames, ops.conv3d);
/**
 * The gradient of {@link conv1d} with respect to its input, as a layer: each element of the input spreads the weight
 * over the output.
 *
 * Shapes: input `[N, C, L]` (or without N), weight `[C, O/groups, K]`, bias `[O]` → `[N, O, L']` with L' = (L - 1)
 * stride - 2 padding + dilation (K - 1) + outputPadding + 1.
 * @throws ShapeError if the dims or channels do not fit, or the output would have no elements.
 * @throws DTypeError unless all have one dtype.
 * @throws ArgumentError if a size is no integer, too small or of the wrong number, `groups` does not divide the
 * channels, or `outputPadding` is not below stride or dilation.
 */
export const convTranspose1d = convolution<ConvTransposeOptions>(
  "convTranspose1d",
  transposeNames,
  ops.convTranspose1d,
);
/**
 * The gradient of {@link conv2d} with respect to its input, as a layer: each element of the input spreads the weight
 * over the output.
 *
 * Shapes: input `[N, C, H, W]` (or without N), weight `[C, O/groups, kH, kW]`, bias `[O]` → `[N, O, H', W']` with H' =
 * (H - 1) stride - 2 padding + dilation (kH - 1) + outputPadding + 1, the others likewise.
 * @throws ShapeError if the dims or channels do not fit, or the output would have no elements.
 * @throws DTypeError unless all have one dtype.
 * @throws ArgumentError if a size is no integer, too small or of the wrong number, `groups` does not divide the
 * channels, or `outputPadding` is not below stride or dilation.
 */
export const convTranspose2d = convolution<ConvTransposeOptions>(
  "convTranspose2d",
  transposeNames,
  ops.convTranspose2d,
);

/**
 * The gradient of {@link conv3d} with respect to its input, as a layer: each element of the input spreads the weight
 * over the output.
 *
 * Shapes: input `[N, C, D, H, W]` (or without N), weight `[C, O/groups, kD, kH, kW]`, bias `[O]` → `[N, O, D', H', W']`
 * with D' = (D - 1) stride - 2 padding + dilation (kD - 1) + outputPadding + 1, the others likewise.
 * @throws ShapeError if the dims or channels do not fit, or the output would have no elements.
 * @throws DTypeError unless all have one dtype.
 * @throws ArgumentError if a size is no integer, too small or of the wrong number, `groups` does not divide the
 * channels, or `outputPadding` is not below stride or dilation.
 */
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

/** What poolings take: numbers or floats only. PyTorch's kernels have no others (but for means of int64, which it truncates). */
type Takes = "numbers" | "floats";

function pooledNode(op: string, input: Tensor, takes: Takes): Node {
  if (takes === "floats") return floatNode(op, "input", input);
  const x = nodeOf(op, "input", input);
  if (x.dtype !== "bool") return x;
  throw new DTypeError(`${op}: input must hold numbers, is bool; convert it with .to("float32")`, { op });
}

function pooling<O extends { readonly stride?: PerDim }>(
  op: string,
  takes: Takes,
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
    return wrap(compute(pooledNode(op, input, takes), kernelSize, given as O));
  };
}

/**
 * Largest element of each window; NaN if there is one; the gradient goes to the first one.
 *
 * Shapes: `[N, C, L]` (or without N) → `[N, C, L']` with L' = ⌊(L + 2 padding - dilation (kernelSize - 1) - 1) /
 * stride⌋ + 1; ⌈…⌉ with `ceilMode`.
 * @throws ShapeError if the dims do not fit, or a window is larger than the padded input.
 * @throws ArgumentError if a size is no integer, too small or of the wrong number, `padding` is more than half the
 * kernel, or options are given twice.
 * @throws DTypeError unless the input is a float tensor.
 */
export const maxPool1d = pooling<MaxPoolOptions>("maxPool1d", "floats", maxPoolNames, ops.maxPool1d);
/**
 * Largest element of each window; NaN if there is one; the gradient goes to the first one.
 *
 * Shapes: `[N, C, H, W]` (or without N) → `[N, C, H', W']` with H' = ⌊(H + 2 padding - dilation (kernelSize - 1) - 1) /
 * stride⌋ + 1, the others likewise; ⌈…⌉ with `ceilMode`.
 * @throws ShapeError if the dims do not fit, or a window is larger than the padded input.
 * @throws ArgumentError if a size is no integer, too small or of the wrong number, `padding` is more than half the
 * kernel, or options are given twice.
 * @throws DTypeError if the input is a bool tensor.
 */
export const maxPool2d = pooling<MaxPoolOptions>("maxPool2d", "numbers", maxPoolNames, ops.maxPool2d);
/**
 * Largest element of each window; NaN if there is one; the gradient goes to the first one.
 *
 * Shapes: `[N, C, D, H, W]` (or without N) → `[N, C, D', H', W']` with D' = ⌊(D + 2 padding - dilation (kernelSize - 1)
 * - 1) / stride⌋ + 1, the others likewise; ⌈…⌉ with `ceilMode`.
 * @throws ShapeError if the dims do not fit, or a window is larger than the padded input.
 * @throws ArgumentError if a size is no integer, too small or of the wrong number, `padding` is more than half the
 * kernel, or options are given twice.
 * @throws DTypeError if the input is a bool tensor.
 */
export const maxPool3d = pooling<MaxPoolOptions>("maxPool3d", "numbers", maxPoolNames, ops.maxPool3d);
/**
 * Mean of each window.
 *
 * Shapes: `[N, C, L]` (or without N) → `[N, C, L']` with L' = ⌊(L + 2 padding - kernelSize) / stride⌋ + 1; ⌈…⌉ with
 * `ceilMode`.
 * @throws ShapeError if the dims do not fit, or a window is larger than the padded input.
 * @throws ArgumentError if a size is no integer, too small or of the wrong number, `padding` is more than half the
 * kernel, `divisorOverride` is 0, or options are given twice.
 * @throws DTypeError unless the input is a float tensor.
 */
export const avgPool1d = pooling<AvgPoolOptions>("avgPool1d", "floats", avgPoolNames, ops.avgPool1d);
/**
 * Mean of each window.
 *
 * Shapes: `[N, C, H, W]` (or without N) → `[N, C, H', W']` with H' = ⌊(H + 2 padding - kernelSize) / stride⌋ + 1, the
 * others likewise; ⌈…⌉ with `ceilMode`.
 * @throws ShapeError if the dims do not fit, or a window is larger than the padded input.
 * @throws ArgumentError if a size is no integer, too small or of the wrong number, `padding` is more than half the
 * kernel, `divisorOverride` is 0, or options are given twice.
 * @throws DTypeError unless the input is a float tensor.
 */
export const avgPool2d = pooling<AvgPoolOptions>("avgPool2d", "floats", avgPoolNames, ops.avgPool2d);
/**
 * Mean of each window.
 *
 * Shapes: `[N, C, D, H, W]` (or without N) → `[N, C, D', H', W']` with D' = ⌊(D + 2 padding - kernelSize) / stride⌋ +
 * 1, the others likewise; ⌈…⌉ with `ceilMode`.
 * @throws ShapeError if the dims do not fit, or a window is larger than the padded input.
 * @throws ArgumentError if a size is no integer, too small or of the wrong number, `padding` is more than half the
 * kernel, `divisorOverride` is 0, or options are given twice.
 * @throws DTypeError unless the input is a float tensor.
 */
export const avgPool3d = pooling<AvgPoolOptions>("avgPool3d", "floats", avgPoolNames, ops.avgPool3d);

type OutputSize = number | readonly (number | null)[];

function adaptive(op: string, compute: (x: Node, outputSize: OutputSize) => Node) {
  return (input: Tensor, outputSize: OutputSize, ...surplus: []): Tensor => {
    noMore(op, surplus);
    const x = floatNode(op, "input", input);
    return made(op, () => compute(x, outputSize));
  };
}

/**
 * Means of windows ⌊i L / L'⌋ … ⌈(i + 1) L / L'⌉, so that the output has the given size; null keeps a size.
 *
 * Shapes: `[N, C, L]` (or without N) → `[N, C, outputSize]`.
 * @throws ShapeError if the dims do not fit, or a spatial size is 0.
 * @throws ArgumentError unless `outputSize` is an integer >= 0, or one a dim.
 * @throws DTypeError unless the input is a float tensor.
 */
export const adaptiveAvgPool1d = adaptive("adaptiveAvgPool1d", ops.adaptiveAvgPool1d);
/**
 * Means of windows ⌊i H / H'⌋ … ⌈(i + 1) H / H'⌉, so that the output has the given size; null keeps a size.
 *
 * Shapes: `[N, C, H, W]` (or without N) → `[N, C, ...outputSize]`.
 * @throws ShapeError if the dims do not fit, or a spatial size is 0.
 * @throws ArgumentError unless `outputSize` is an integer >= 0, or one a dim.
 * @throws DTypeError unless the input is a float tensor.
 */
export const adaptiveAvgPool2d = adaptive("adaptiveAvgPool2d", ops.adaptiveAvgPool2d);
/**
 * Largest elements of windows ⌊i L / L'⌋ … ⌈(i + 1) L / L'⌉, so that the output has the given size; null keeps a size.
 *
 * Shapes: `[N, C, L]` (or without N) → `[N, C, outputSize]`.
 * @throws ShapeError if the dims do not fit, or a spatial size is 0 (of the output, too).
 * @throws ArgumentError unless `outputSize` is an integer >= 0, or one a dim.
 * @throws DTypeError unless the input is a float tensor.
 */
export const adaptiveMaxPool1d = adaptive("adaptiveMaxPool1d", ops.adaptiveMaxPool1d);
/**
 * Largest elements of windows ⌊i H / H'⌋ … ⌈(i + 1) H / H'⌉, so that the output has the given size; null keeps a size.
 *
 * Shapes: `[N, C, H, W]` (or without N) → `[N, C, ...outputSize]`.
 * @throws ShapeError if the dims do not fit, or a spatial size is 0 (of the output, too).
 * @throws ArgumentError unless `outputSize` is an integer >= 0, or one a dim.
 * @throws DTypeError unless the input is a float tensor.
 */
export const adaptiveMaxPool2d = adaptive("adaptiveMaxPool2d", ops.adaptiveMaxPool2d);

/**
 * Means of windows ⌊i D / D'⌋ … ⌈(i + 1) D / D'⌉, so that the output has the given size; null keeps a size.
 *
 * Shapes: `[N, C, D, H, W]` (or without N) → `[N, C, ...outputSize]`.
 * @throws ShapeError if the dims do not fit, or a spatial size is 0.
 * @throws ArgumentError unless `outputSize` is an integer >= 0, or one a dim.
 * @throws DTypeError unless the input is a float tensor.
 */
export const adaptiveAvgPool3d = adaptive("adaptiveAvgPool3d", ops.adaptiveAvgPool3d);
/**
 * Largest elements of windows ⌊i D / D'⌋ … ⌈(i + 1) D / D'⌉, so that the output has the given size; null keeps a size.
 *
 * Shapes: `[N, C, D, H, W]` (or without N) → `[N, C, ...outputSize]`.
 * @throws ShapeError if the dims do not fit, or a spatial size is 0 (of the output, too).
 * @throws ArgumentError unless `outputSize` is an integer >= 0, or one a dim.
 * @throws DTypeError unless the input is a float tensor.
 */
export const adaptiveMaxPool3d = adaptive("adaptiveMaxPool3d", ops.adaptiveMaxPool3d);

function adaptiveWithIndices(op: string, rank: number) {
  return (input: Tensor, outputSize: OutputSize, ...surplus: []): [values: Tensor, indices: Tensor] => {
    noMore(op, surplus);
    const { values, indices } = ops.adaptiveMaxPoolWithIndices(op, rank, floatNode(op, "input", input), outputSize);
    return [wrap(values), wrap(indices)];
  };
}

/**
 * As {@link adaptiveMaxPool1d}, with the place of each value in its row, int32: what {@link maxUnpool1d} takes.
 *
 * Shapes: `[N, C, L]` (or without N) → values and indices `[N, C, outputSize]`.
 * @throws ShapeError if the dims do not fit, or a spatial size is 0 (of the output, too).
 * @throws ArgumentError unless `outputSize` is an integer >= 0, or one a dim.
 * @throws DTypeError unless the input is a float tensor.
 */
export const adaptiveMaxPool1dWithIndices = adaptiveWithIndices("adaptiveMaxPool1dWithIndices", 1);
/**
 * As {@link adaptiveMaxPool2d}, with the place of each value in its plane (row-major), int32: what {@link maxUnpool2d}
 * takes.
 *
 * Shapes: `[N, C, H, W]` (or without N) → values and indices `[N, C, ...outputSize]`.
 * @throws ShapeError if the dims do not fit, or a spatial size is 0 (of the output, too).
 * @throws ArgumentError unless `outputSize` is an integer >= 0, or one a dim.
 * @throws DTypeError unless the input is a float tensor.
 */
export const adaptiveMaxPool2dWithIndices = adaptiveWithIndices("adaptiveMaxPool2dWithIndices", 2);
/**
 * As {@link adaptiveMaxPool3d}, with the place of each value in its volume (row-major), int32: what {@link maxUnpool3d}
 * takes.
 *
 * Shapes: `[N, C, D, H, W]` (or without N) → values and indices `[N, C, ...outputSize]`.
 * @throws ShapeError if the dims do not fit, or a spatial size is 0 (of the output, too).
 * @throws ArgumentError unless `outputSize` is an integer >= 0, or one a dim.
 * @throws DTypeError unless the input is a float tensor.
 */
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

/**
 * (Σ x^normType)^(1/normType) of each window. Integers and bool give float32.
 *
 * Shapes: `[N, C, L]` (or without N) → `[N, C, L']` with L' = ⌊(L - kernelSize) / stride⌋ + 1; ⌈…⌉ with `ceilMode`.
 * @throws ShapeError if the dims do not fit, or a window is larger than the input.
 * @throws ArgumentError if a size is no integer, too small or of the wrong number.
 */
export const lpPool1d = lpPooling("lpPool1d", 1);
/**
 * (Σ x^normType)^(1/normType) of each window. Integers and bool give float32.
 *
 * Shapes: `[N, C, H, W]` (or without N) → `[N, C, H', W']` with H' = ⌊(H - kernelSize) / stride⌋ + 1, the others
 * likewise; ⌈…⌉ with `ceilMode`.
 * @throws ShapeError if the dims do not fit, or a window is larger than the input.
 * @throws ArgumentError if a size is no integer, too small or of the wrong number.
 */
export const lpPool2d = lpPooling("lpPool2d", 2);
/**
 * (Σ x^normType)^(1/normType) of each window. Integers and bool give float32.
 *
 * Shapes: `[N, C, D, H, W]` (or without N) → `[N, C, D', H', W']` with D' = ⌊(D - kernelSize) / stride⌋ + 1, the others
 * likewise; ⌈…⌉ with `ceilMode`.
 * @throws ShapeError if the dims do not fit, or a window is larger than the input.
 * @throws ArgumentError if a size is no integer, too small or of the wrong number.
 */
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
    const [x, at] = [floatNode(op, "input", input), indexNode(op, indices, "indices")];
    return made(op, () => ops.maxUnpool(op, rank, x, at, kernelSize, options));
  };
}

/**
 * Each maximum back at its place, zeros elsewhere: undoes {@link maxPool1dWithIndices}.
 *
 * Shapes: values and indices `[N, C, L']` (or without N) → `[N, C, L]` with L = (L' - 1) stride - 2 padding +
 * kernelSize, or `outputSize`.
 * @throws DTypeError unless the input is a float tensor.
 * @throws ShapeError unless `indices` has the input's shape, the dims fit, and `outputSize` is a size a dim.
 * @throws IndexError if an index lies outside of the output: at the read or step that computes it.
 * @throws DTypeError if `indices` is no integer tensor.
 * @throws ArgumentError if a size is no integer, too small or of the wrong number.
 */
export const maxUnpool1d = maxUnpooling("maxUnpool1d", 1);
/**
 * Each maximum back at its place, zeros elsewhere: undoes {@link maxPool2dWithIndices}.
 *
 * Shapes: values and indices `[N, C, H', W']` (or without N) → `[N, C, H, W]` with H = (H' - 1) stride - 2 padding +
 * kernelSize, the others likewise, or `outputSize`.
 * @throws DTypeError unless the input is a float tensor.
 * @throws ShapeError unless `indices` has the input's shape, the dims fit, and `outputSize` is a size a dim.
 * @throws IndexError if an index lies outside of the output: at the read or step that computes it.
 * @throws DTypeError if `indices` is no integer tensor.
 * @throws ArgumentError if a size is no integer, too small or of the wrong number.
 */
export const maxUnpool2d = maxUnpooling("maxUnpool2d", 2);
/**
 * Each maximum back at its place, zeros elsewhere: undoes {@link maxPool3dWithIndices}.
 *
 * Shapes: values and indices `[N, C, D', H', W']` (or without N) → `[N, C, D, H, W]` with D = (D' - 1) stride - 2
 * padding + kernelSize, the others likewise, or `outputSize`.
 * @throws DTypeError unless the input is a float tensor.
 * @throws ShapeError unless `indices` has the input's shape, the dims fit, and `outputSize` is a size a dim.
 * @throws IndexError if an index lies outside of the output: at the read or step that computes it.
 * @throws DTypeError if `indices` is no integer tensor.
 * @throws ArgumentError if a size is no integer, too small or of the wrong number.
 */
export const maxUnpool3d = maxUnpooling("maxUnpool3d", 3);

function withIndices(op: string, values: typeof ops.maxPool2d, indices: typeof ops.maxPool2d) {
  return (input: Tensor, kernelSize: PerDim, options: MaxPoolOptions = {}, ...surplus: []): [Tensor, Tensor] => {
    noMore(op, surplus);
    checkOptions(op, options, maxPoolNames);
    const x = pooledNode(op, input, "numbers");
    return [made(op, () => values(x, kernelSize, options)), made(op, () => indices(x, kernelSize, options))];
  };
}

/**
 * As {@link maxPool1d}, with the place of each element in its row, int32.
 *
 * Shapes: `[N, C, L]` (or without N) → values and indices `[N, C, L']`, as there.
 * @throws ShapeError if the dims do not fit, or a window is larger than the padded input.
 * @throws ArgumentError if a size is no integer, too small or of the wrong number, or `padding` is more than half the
 * kernel.
 * @throws DTypeError if the input is a bool tensor.
 */
export const maxPool1dWithIndices = withIndices("maxPool1dWithIndices", ops.maxPool1d, ops.maxPool1dIndices);
/**
 * As {@link maxPool2d}, with the place of each element in its plane (row-major), int32.
 *
 * Shapes: `[N, C, H, W]` (or without N) → values and indices `[N, C, H', W']`, as there.
 * @throws ShapeError if the dims do not fit, or a window is larger than the padded input.
 * @throws ArgumentError if a size is no integer, too small or of the wrong number, or `padding` is more than half the
 * kernel.
 * @throws DTypeError if the input is a bool tensor.
 */
export const maxPool2dWithIndices = withIndices("maxPool2dWithIndices", ops.maxPool2d, ops.maxPool2dIndices);
/**
 * As {@link maxPool3d}, with the place of each element in its volume (row-major), int32.
 *
 * Shapes: `[N, C, D, H, W]` (or without N) → values and indices `[N, C, D', H', W']`, as there.
 * @throws ShapeError if the dims do not fit, or a window is larger than the padded input.
 * @throws ArgumentError if a size is no integer, too small or of the wrong number, or `padding` is more than half the
 * kernel.
 * @throws DTypeError if the input is a bool tensor.
 */
export const maxPool3dWithIndices = withIndices("maxPool3dWithIndices", ops.maxPool3d, ops.maxPool3dIndices);
