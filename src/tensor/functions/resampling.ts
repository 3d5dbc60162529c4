// Resizing and sampling of images; windows as columns.
import {
  ArgumentError,
  checkArray,
  checkOptions,
  formatShape,
  noMore,
  type PerDim,
  ShapeError,
} from "../../base/index.js";
import type { Node } from "../../graph/index.js";
import type { Interpolation1d, PaddingMode, SampleMode, UnfoldOptions } from "../../ops/index.js";
import * as ops from "../../ops/index.js";
import { floatNode, nodeOf } from "../args.js";
import { type Tensor, wrap } from "../tensor.js";

export type InterpolateMode =
  | ("nearest" | "nearest-exact" | "area")
  | ("linear" | "bilinear" | "bicubic" | "trilinear");

export interface InterpolateOptions {
  /** Spatial sizes of the result; either these or `scaleFactor`. */
  readonly size?: PerDim;
  /** Spatial sizes of the result as multiples of the input's; either these or `size`. */
  readonly scaleFactor?: PerDim;
  /** Default "nearest". */
  readonly mode?: InterpolateMode;
  /** Lets the centres of the corner elements coincide instead of their outer edges; for linear and cubic modes. */
  readonly alignCorners?: boolean;
  /** Takes the scale from the sizes, not from `scaleFactor`. */
  readonly recomputeScaleFactor?: boolean;
  /** Widens the filter when shrinking; for "bilinear" and "bicubic". */
  readonly antialias?: boolean;
}

const interpolateOptions = [
  "size",
  "scaleFactor",
  "mode",
  "alignCorners",
  "recomputeScaleFactor",
  "antialias",
] as const;

/** The number of spatial dims of the modes that have one. */
const modeRanks: Partial<Record<InterpolateMode, number>> = { linear: 1, bilinear: 2, bicubic: 2, trilinear: 3 };

function spatialList(op: string, name: string, value: PerDim, rank: number): readonly number[] {
  const list = typeof value === "number" ? new Array<number>(rank).fill(value) : value;
  if (list.length === rank && list.every((n) => n > 0)) return list;
  throw new ArgumentError(
    `${op}: ${name} must be a positive number, or ${rank} of them, got ${JSON.stringify(value)}`,
    { op },
  );
}

/** One dim's filter. */
function axisKind(mode: InterpolateMode): Interpolation1d {
  if (mode === "nearest" || mode === "nearest-exact") return mode;
  return mode === "bicubic" ? "cubic" : "linear";
}

/**
 * Resizes the spatial dims, 1 to 3 of them, to `size` or by `scaleFactor`.
 *
 * Shapes: `[N, C, …]` → `[N, C, ...size]`, with ⌊size · scaleFactor⌋ for a factor.
 * @throws ShapeError unless there are 3 to 5 dims.
 * @throws DTypeError unless the input is a float tensor, or uint8 where the nearest elements are chosen.
 * @throws ArgumentError for modes that do not fit the number of spatial dims, options that do not fit the mode, both or
 * neither of size and scaleFactor, or sizes that are not positive.
 * @example interpolate(images, { scaleFactor: 2, mode: "bilinear" })
 */
export function interpolate(input: Tensor, options: InterpolateOptions = {}, ...surplus: []): Tensor {
  const op = "interpolate";
  noMore(op, surplus);
  checkOptions(op, options, interpolateOptions);
  const x = nodeOf(op, "input", input);
  const { mode = "nearest", alignCorners, antialias = false } = options;
  // Bytes of pictures are chosen as they are.
  const isBytes = x.dtype === "uint8" && (mode === "nearest" || mode === "nearest-exact");
  if (!isBytes) floatNode(op, "input", input);
  const rank = x.shape.length - 2;
  if (rank < 1 || rank > 3) {
    throw new ShapeError(`${op}: input must have 3 to 5 dims, [N, C, …] (input ${formatShape(x.shape)})`, {
      op,
      shapes: [x.shape],
    });
  }
  checkMode(op, mode, rank, options);
  const { sizes, scales } = targetSizes(op, x, rank, options);
  if (mode === "area") return wrap(areaPool(x, rank, sizes));
  const kind = axisKind(mode);
  const resized = sizes.reduce((y, out, d) => {
    const size = x.shape[d + 2] as number;
    // What keeps its size keeps its elements in every mode.
    if (out === size && !scales[d]) return y;
    return ops.resampleDim(y, d + 2, kind, {
      size,
      out,
      scale: scales[d] ?? null,
      alignCorners: alignCorners ?? false,
      antialias,
    });
  }, ops.toFloat(x));
  return wrap(isBytes ? ops.cast(resized, "uint8") : resized);
}

function checkMode(
  op: string,
  mode: InterpolateMode,
  rank: number,
  { alignCorners, antialias }: InterpolateOptions,
): void {
  const known = ["nearest", "nearest-exact", "area", "linear", "bilinear", "bicubic", "trilinear"];
  if (!known.includes(mode)) {
    throw new ArgumentError(`${op}: mode must be one of ${known.join(", ")}, got ${JSON.stringify(mode)}`, { op });
  }
  const wanted = modeRanks[mode];
  if (wanted !== undefined && wanted !== rank) {
    throw new ArgumentError(`${op}: mode "${mode}" is for ${wanted} spatial dims, the input has ${rank}`, { op });
  }
  if (alignCorners !== undefined && wanted === undefined) {
    throw new ArgumentError(`${op}: alignCorners goes with linear, bilinear, bicubic and trilinear, not "${mode}"`, {
      op,
    });
  }
  if (antialias && mode !== "bilinear" && mode !== "bicubic") {
    throw new ArgumentError(`${op}: antialias goes with bilinear and bicubic, not "${mode}"`, { op });
  }
}

function targetSizes(
  op: string,
  x: Node,
  rank: number,
  { size, scaleFactor, recomputeScaleFactor }: InterpolateOptions,
) {
  if ((size === undefined) === (scaleFactor === undefined)) {
    throw new ArgumentError(`${op}: give either size or scaleFactor`, { op });
  }
  if (size !== undefined) return { sizes: spatialList(op, "size", size, rank), scales: [] as number[] };
  const factors = spatialList(op, "scaleFactor", scaleFactor as PerDim, rank);
  const sizes = factors.map((factor, d) => Math.floor((x.shape[d + 2] as number) * factor));
  return { sizes, scales: recomputeScaleFactor ? [] : factors.map((factor) => 1 / factor) };
}

function areaPool(x: Node, rank: number, sizes: readonly number[]): Node {
  if (rank === 1) return ops.adaptiveAvgPool1d(x, sizes);
  return rank === 2 ? ops.adaptiveAvgPool2d(x, sizes) : ops.adaptiveAvgPool3d(x, sizes);
}

export interface GridSampleOptions {
  /** Default "bilinear" (trilinear for volumes). */
  readonly mode?: SampleMode;
  /** What lies outside: 0, the border, or the mirrored input. Default "zeros". */
  readonly paddingMode?: PaddingMode;
  /** Whether -1 and 1 are the centres of the corner elements or their outer edges (default). */
  readonly alignCorners?: boolean;
}

/**
 * The input at the positions `grid`, coordinates in [-1, 1], x first; between elements by `mode`.
 *
 * Shapes: input `[N, C, H, W]`, grid `[N, H', W', 2]` → `[N, C, H', W']`; volumes `[N, C, D, H, W]`, `[N, D', H', W',
 * 3]` → `[N, C, D', H', W']`.
 * @throws ShapeError if the shapes do not fit.
 * @throws DTypeError if one is no float tensor.
 * @throws ArgumentError if `mode` or `paddingMode` is another name, or "bicubic" goes with a volume.
 */
export function gridSample(input: Tensor, grid: Tensor, options: GridSampleOptions = {}, ...surplus: []): Tensor {
  const op = "gridSample";
  noMore(op, surplus);
  checkOptions(op, options, ["mode", "paddingMode", "alignCorners"]);
  const { mode = "bilinear", paddingMode = "zeros", alignCorners = false } = options;
  const [x, at] = [floatNode(op, "input", input), floatNode(op, "grid", grid)];
  const dims = x.shape.length - 2;
  const fits = (dims === 2 || dims === 3) && at.shape.length === x.shape.length && at.shape.at(-1) === dims;
  if (!fits || at.shape[0] !== x.shape[0]) {
    throw new ShapeError(
      `${op}: takes [N,C,H,W] with a grid [N,H',W',2], or [N,C,D,H,W] with [N,D',H',W',3] (input ${formatShape(x.shape)}, grid ${formatShape(at.shape)})`,
      { op, shapes: [x.shape, at.shape] },
    );
  }
  const isKnown =
    ["bilinear", "nearest", "bicubic"].includes(mode) && ["zeros", "border", "reflection"].includes(paddingMode);
  if (!isKnown || (mode === "bicubic" && dims === 3)) {
    throw new ArgumentError(
      `${op}: mode must be "bilinear", "nearest" or (for images) "bicubic", paddingMode "zeros", "border" or "reflection"; got ${JSON.stringify(mode)} and ${JSON.stringify(paddingMode)}`,
      { op },
    );
  }
  return wrap(ops.gridSample(x, at, { mode, paddingMode, alignCorners }));
}

/**
 * The grid for {@link gridSample} of affine maps of the output positions.
 *
 * Shapes: theta `[N, 2, 3]` and size `[N, C, H, W]` → `[N, H, W, 2]`; `[N, 3, 4]` and `[N, C, D, H, W]` → `[N, D, H, W,
 * 3]`.
 * @throws ShapeError if theta does not fit the size.
 * @throws DTypeError if theta is no float tensor.
 */
export function affineGrid(
  theta: Tensor,
  size: readonly number[],
  options: { readonly alignCorners?: boolean } = {},
  ...surplus: []
): Tensor {
  const op = "affineGrid";
  noMore(op, surplus);
  checkOptions(op, options, ["alignCorners"]);
  const map = floatNode(op, "theta", theta);
  checkArray(op, "size", size);
  const sizes = size.slice(2);
  const dims = sizes.length;
  if ((dims !== 2 && dims !== 3) || map.shape.length !== 3 || map.shape[1] !== dims || map.shape[2] !== dims + 1) {
    throw new ShapeError(
      `${op}: theta must be [N,2,3] for a size of 4 numbers, [N,3,4] for 5 (theta ${formatShape(map.shape)}, size [${size.join(",")}])`,
      { op, shapes: [map.shape] },
    );
  }
  const coordinate = (count: number): Node => {
    const line = ops.linspace(-1, 1, count, map.dtype);
    if (count === 1) return ops.full([1], 0, map.dtype);
    if (options.alignCorners) return line;
    // Rounded twice, as PyTorch does: an identity hits the same points to the bit.
    return ops.div(ops.mul(line, ops.constantLike(map, count - 1)), ops.constantLike(map, count));
  };
  const columns = sizes.map((count, d) => {
    const own = sizes.map((_, i) => (i === d ? count : 1));
    return ops.expand(ops.reshape(coordinate(count), own), sizes);
  });
  const one = ops.full(sizes, 1, map.dtype);
  const base = ops.stack([...columns.reverse(), one], dims); // […, x y (z) 1]
  const points = sizes.reduce((n, s) => n * s, 1);
  const grid = ops.matmul(ops.reshape(base, [points, dims + 1]), ops.matrixTranspose(map)); // [N, points, dims]
  return wrap(ops.reshape(grid, [map.shape[0] as number, ...sizes, dims]));
}

const unfoldOptions = ["dilation", "padding", "stride"] as const;

/** Floats, or bool: PyTorch's kernels of columns have no integers. */
function columnsNode(op: string, input: Tensor): Node {
  const x = nodeOf(op, "input", input);
  return x.dtype === "bool" ? x : floatNode(op, "input", input);
}

/**
 * Windows of images as columns.
 *
 * Shapes: `[N, C, H, W]` (or without N) → `[N, C kH kW, L]` for L windows, H' · W' with H' = ⌊(H + 2 padding - dilation
 * (kH - 1) - 1) / stride⌋ + 1, W' likewise.
 * @throws ShapeError if the dims do not fit, or a window is larger than the padded image.
 * @throws DTypeError if the input holds integers.
 * @throws ArgumentError if a size is no integer, too small or of the wrong number.
 */
export function unfold(input: Tensor, kernelSize: PerDim, options: UnfoldOptions = {}, ...surplus: []): Tensor {
  noMore("unfold", surplus);
  checkOptions("unfold", options, unfoldOptions);
  return wrap(ops.unfold(columnsNode("unfold", input), kernelSize, options));
}

/**
 * Columns added up at their windows: the sum that {@link unfold}'s gradient is.
 *
 * Shapes: `[N, C kH kW, L]` (or without N) → `[N, C, ...outputSize]`.
 * @throws ShapeError if the columns do not fit, or a window is larger than the padded output.
 * @throws DTypeError if the input holds integers.
 * @throws ArgumentError if a size is no integer, too small or of the wrong number.
 */
export function fold(
  input: Tensor,
  outputSize: PerDim,
  kernelSize: PerDim,
  options: UnfoldOptions = {},
  ...surplus: []
): Tensor {
  noMore("fold", surplus);
  checkOptions("fold", options, unfoldOptions);
  return wrap(ops.foldColumns(columnsNode("fold", input), outputSize, kernelSize, options));
}
