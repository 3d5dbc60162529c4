// Max and average pooling over windows of the last one, two or three dims.
import {
  ArgumentError,
  type DType,
  formatShape,
  isFloat,
  numel,
  type PerDim,
  perDim,
  ShapeError,
  shapesEqual,
} from "../base/index.js";
import type { Node } from "../graph/index.js";
import { constantLike, toFloat } from "./composing.js";
import { intdiv, rem } from "./division.js";
import { add, cast, div, maximum, minimum, mul, sub } from "./elementwise.js";
import { firstElement, firstIndex } from "./extrema.js";
import { constant, iota } from "./leaves.js";
import { expand, pad, reshape, window } from "./movement.js";
import { pow } from "./power.js";
import { amax, sum } from "./reductions.js";
import { scatter } from "./scatter.js";

interface WindowOptions {
  /** Default: the kernel size. */
  readonly stride?: PerDim;
  readonly padding?: PerDim;
  /** Lets the last window reach over the end, as long as it starts inside the input or its left padding. */
  readonly ceilMode?: boolean;
}

export interface MaxPoolOptions extends WindowOptions {
  readonly dilation?: PerDim;
}

export interface AvgPoolOptions extends WindowOptions {
  /** Whether padding counts as elements of the mean (default true). */
  readonly countIncludePad?: boolean;
  /** Divides the sums instead of the number of elements. */
  readonly divisorOverride?: number | null;
}

/** The windows over one spatial dim. */
interface Axis {
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  /** Padding before; PyTorch's padding is the same on both sides. */
  readonly padding: number;
  /** Number of windows. */
  readonly count: number;
  /** Elements needed behind the input for the last window to be complete. */
  readonly after: number;
}

function windowAxes(op: string, x: Node, rank: number, kernelSize: PerDim, options: MaxPoolOptions): Axis[] {
  if (x.shape.length !== rank + 1 && x.shape.length !== rank + 2) {
    throw new ShapeError(
      `${op}: input must have ${rank + 2} dims, or ${rank + 1} without a batch, has ${x.shape.length} (input ${formatShape(x.shape)})`,
      { op, shapes: [x.shape] },
    );
  }
  const kernel = perDim(op, "kernelSize", kernelSize, rank, 1);
  const stride = options.stride === undefined ? kernel : perDim(op, "stride", options.stride, rank, 1);
  const padding = perDim(op, "padding", options.padding ?? 0, rank, 0);
  const dilation = perDim(op, "dilation", options.dilation ?? 1, rank, 1);
  return kernel.map((k, d) =>
    windowAxis(op, x, {
      size: x.shape[x.shape.length - rank + d] as number,
      kernel: k,
      stride: stride[d] as number,
      padding: padding[d] as number,
      dilation: dilation[d] as number,
      ceilMode: options.ceilMode ?? false,
    }),
  );
}

type AxisArguments = Omit<Axis, "count" | "after"> & { readonly ceilMode: boolean };

function windowAxis(op: string, x: Node, { ceilMode, ...axis }: AxisArguments): Axis {
  const { size, kernel, stride, dilation, padding } = axis;
  if (padding > kernel / 2) {
    throw new ArgumentError(`${op}: padding ${padding} must be at most half the kernel size ${kernel}`, { op });
  }
  const span = dilation * (kernel - 1) + 1;
  const steps = (size + 2 * padding - span) / stride;
  let count = (ceilMode ? Math.ceil(steps) : Math.floor(steps)) + 1;
  if (ceilMode && (count - 1) * stride >= size + padding) count--;
  if (count < 1) {
    throw new ShapeError(
      `${op}: a window of ${span} does not fit the padded size ${size + 2 * padding} (input ${formatShape(x.shape)})`,
      { op, shapes: [x.shape] },
    );
  }
  return { ...axis, count, after: Math.max(0, (count - 1) * stride + span - size - padding) };
}

/** The input cut into windows, `[…, o1, k1, o2, k2, …]`, with `fill` where they reach over the input. */
function windows(x: Node, axes: readonly Axis[], fill: number): { node: Node; kernelDims: number[] } {
  const lead = x.shape.length - axes.length;
  const isPadded = axes.some((axis) => axis.padding > 0 || axis.after > 0);
  const before = new Array<number>(lead).fill(0);
  const padded = isPadded
    ? pad(x, [...before, ...axes.map((axis) => axis.padding)], [...before, ...axes.map((axis) => axis.after)], fill)
    : x;
  const node = window(
    padded,
    axes.map((axis, d) => ({
      dim: lead + d,
      count: axis.count,
      size: axis.kernel,
      stride: axis.stride,
      dilation: axis.dilation,
    })),
  );
  return { node, kernelDims: axes.map((_, d) => lead + 2 * d + 1) };
}

/** The value that never wins a maximum. */
export function lowest(dtype: DType): number {
  if (isFloat(dtype)) return Number.NEGATIVE_INFINITY;
  return dtype === "int32" ? -(2 ** 31) : dtype === "int64" ? -(2 ** 63) : 0;
}

/** Maxima over the windows; the first largest element gets the gradient, NaN counts as largest, padding never wins. */
function maxPool(op: string, rank: number, x: Node, kernelSize: PerDim, options: MaxPoolOptions): Node {
  const axes = windowAxes(op, x, rank, kernelSize, options);
  const { node, kernelDims } = windows(x, axes, lowest(x.dtype));
  if (!x.requiresGrad) return amax(node, kernelDims);
  return firstElement(node, kernelDims, "max").values;
}

/** Where each maximum is, counted row-major over the spatial dims of the input (int32). */
function maxPoolIndices(op: string, rank: number, x: Node, kernelSize: PerDim, options: MaxPoolOptions): Node {
  const axes = windowAxes(op, x, rank, kernelSize, options);
  const { node, kernelDims } = windows(x, axes, lowest(x.dtype));
  // Padding equals real elements where those are all as low as can be: it must not be named.
  const isElement = windows(expand(constant(true, "bool"), x.shape), axes, 0).node;
  let inside = firstIndex(node, kernelDims, "max", isElement);
  let flat: Node | null = null;
  let weight = 1;
  for (let d = rank - 1; d >= 0; d--) {
    const { kernel, stride, dilation, padding, count, size } = axes[d] as Axis;
    const offset = d === 0 ? inside : rem(inside, int(kernel));
    if (d > 0) inside = intdiv(inside, int(kernel));
    const start = reshape(iota(count), [count, ...new Array<number>(rank - 1 - d).fill(1)]);
    const position = sub(add(mul(start, int(stride)), mul(offset, int(dilation))), int(padding));
    const part = weight === 1 ? position : mul(position, int(weight));
    flat = flat ? add(flat, part) : part;
    weight *= size;
  }
  return flat as Node;
}

function int(value: number): Node {
  return constant(value, "int32");
}

export function maxPool1d(x: Node, kernelSize: PerDim, options: MaxPoolOptions = {}): Node {
  return maxPool("maxPool1d", 1, x, kernelSize, options);
}

export function maxPool2d(x: Node, kernelSize: PerDim, options: MaxPoolOptions = {}): Node {
  return maxPool("maxPool2d", 2, x, kernelSize, options);
}

export function maxPool3d(x: Node, kernelSize: PerDim, options: MaxPoolOptions = {}): Node {
  return maxPool("maxPool3d", 3, x, kernelSize, options);
}

/** The places of maxPool1d's results in the input. */
export function maxPool1dIndices(x: Node, kernelSize: PerDim, options: MaxPoolOptions = {}): Node {
  return maxPoolIndices("maxPool1d", 1, x, kernelSize, options);
}

/** The places of maxPool2d's results in each input plane, `h * W + w`. */
export function maxPool2dIndices(x: Node, kernelSize: PerDim, options: MaxPoolOptions = {}): Node {
  return maxPoolIndices("maxPool2d", 2, x, kernelSize, options);
}

/** The places of maxPool3d's results in each input volume, `(d * H + h) * W + w`. */
export function maxPool3dIndices(x: Node, kernelSize: PerDim, options: MaxPoolOptions = {}): Node {
  return maxPoolIndices("maxPool3d", 3, x, kernelSize, options);
}

/** (Σ x^p)^(1/p) over windows of the last `rank` dims. As in PyTorch the sums are of x^p, not |x|^p: odd p give NaN for negative ones. */
export function lpPool(
  op: string,
  rank: number,
  x: Node,
  p: number,
  kernelSize: PerDim,
  options: Pick<WindowOptions, "stride" | "ceilMode">,
): Node {
  const input = toFloat(x);
  const power = pow(input, constantLike(input, p));
  const kernel = perDim(op, "kernelSize", kernelSize, rank, 1);
  const mean = avgPool(op, rank, power, kernelSize, options);
  const total = mul(
    mean,
    constantLike(
      mean,
      kernel.reduce((n, k) => n * k, 1),
    ),
  );
  return pow(total, constantLike(total, 1 / p));
}

/** Number of elements in each window of one axis: those of the input, and with `includePad` those of the padding. */
function elementCounts(axis: Axis, dtype: DType, includePad: boolean): Node {
  const start = sub(mul(iota(axis.count), int(axis.stride)), int(axis.padding));
  const last = axis.size + (includePad ? axis.padding : 0);
  const end = minimum(add(start, int(axis.kernel)), int(last));
  return cast(sub(end, includePad ? start : maximum(start, int(0))), dtype);
}

/** What window sums are divided by: a number where all windows have as many elements, else a value of shape `[o1, …]`. */
function divisor(x: Node, axes: readonly Axis[], includePad: boolean): Node {
  const isUniform = axes.every((axis) => (includePad ? axis.after <= axis.padding : axis.padding + axis.after === 0));
  if (isUniform) {
    let elements = 1;
    for (const axis of axes) elements *= axis.kernel;
    return constantLike(x, elements);
  }
  return axes
    .map((axis, d) =>
      reshape(elementCounts(axis, x.dtype, includePad), [
        axis.count,
        ...new Array<number>(axes.length - 1 - d).fill(1),
      ]),
    )
    .reduce((product, counts) => mul(product, counts));
}

function avgPool(op: string, rank: number, x: Node, kernelSize: PerDim, options: AvgPoolOptions): Node {
  const { countIncludePad = true, divisorOverride = null } = options;
  if (divisorOverride === 0) throw new ArgumentError(`${op}: divisorOverride must not be 0`, { op });
  const input = toFloat(x);
  const axes = windowAxes(op, input, rank, kernelSize, options);
  const { node, kernelDims } = windows(input, axes, 0);
  const total = sum(node, kernelDims);
  return div(
    total,
    divisorOverride === null ? divisor(input, axes, countIncludePad) : constantLike(input, divisorOverride),
  );
}

export function avgPool1d(x: Node, kernelSize: PerDim, options: AvgPoolOptions = {}): Node {
  return avgPool("avgPool1d", 1, x, kernelSize, options);
}

export function avgPool2d(x: Node, kernelSize: PerDim, options: AvgPoolOptions = {}): Node {
  return avgPool("avgPool2d", 2, x, kernelSize, options);
}

export function avgPool3d(x: Node, kernelSize: PerDim, options: AvgPoolOptions = {}): Node {
  return avgPool("avgPool3d", 3, x, kernelSize, options);
}

export interface MaxUnpoolOptions {
  readonly stride?: PerDim;
  readonly padding?: PerDim;
  readonly outputSize?: readonly number[];
}

/** The asked spatial sizes, which must be among those that the pooling maps to the input's. */
function unpooledSizes(
  op: string,
  x: Node,
  outputSize: readonly number[],
  usual: readonly number[],
  stride: readonly number[],
): readonly number[] {
  const rank = usual.length;
  const sizes = outputSize.slice(-rank);
  const fits = (size: number, d: number) =>
    Number.isInteger(size) && Math.abs(size - (usual[d] as number)) < (stride[d] as number);
  if ((outputSize.length === rank || outputSize.length === x.shape.length) && sizes.every(fits)) return sizes;
  throw new ShapeError(
    `${op}: outputSize must be ${rank} sizes nearer to ${formatShape(usual)} than the stride ${formatShape(stride)}, or all ${x.shape.length} dims' with them last, got ${formatShape(outputSize)} (input ${formatShape(x.shape)})`,
    { op, shapes: [x.shape, outputSize] },
  );
}

/** Each element of `x` at the place in its plane that `indices` gives, zeros elsewhere. */
export function maxUnpool(
  op: string,
  rank: number,
  x: Node,
  indices: Node,
  kernelSize: PerDim,
  options: MaxUnpoolOptions,
): Node {
  const kernel = perDim(op, "kernelSize", kernelSize, rank, 1);
  const stride = options.stride === undefined ? kernel : perDim(op, "stride", options.stride, rank, 1);
  const padding = perDim(op, "padding", options.padding ?? 0, rank, 0);
  if (x.shape.length !== rank + 1 && x.shape.length !== rank + 2) {
    throw new ShapeError(
      `${op}: input must have ${rank + 2} dims, or ${rank + 1} without a batch (input ${formatShape(x.shape)})`,
      {
        op,
        shapes: [x.shape],
      },
    );
  }
  const lead = x.shape.slice(0, -rank);
  const usual = kernel.map(
    (k, d) => ((x.shape[lead.length + d] as number) - 1) * (stride[d] as number) - 2 * (padding[d] as number) + k,
  );
  if (!shapesEqual(x.shape, indices.shape)) {
    throw new ShapeError(
      `${op}: indices must have the input's shape (input ${formatShape(x.shape)}, indices ${formatShape(indices.shape)})`,
      { op, shapes: [x.shape, indices.shape] },
    );
  }
  const sizes = options.outputSize ? unpooledSizes(op, x, options.outputSize, usual, stride) : usual;
  const planes = numel(lead);
  const size = numel(sizes);
  const perPlane = x.size / Math.max(1, planes);
  const zeros = expand(constantLike(x, 0), [planes, size]);
  const at = reshape(indices, [planes, perPlane]);
  return reshape(scatter(zeros, 1, at, reshape(x, [planes, perPlane])), [...lead, ...sizes]);
}
