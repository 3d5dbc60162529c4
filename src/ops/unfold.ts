// Windows of images as columns, and their sums back in place: im2col and col2im.
import { ArgumentError, formatShape, type PerDim, perDim, ShapeError } from "../base/index.js";
import type { Node } from "../graph/index.js";
import { batched } from "./conv.js";
import { fold as foldWindows, pad, permute, reshape, slice, type WindowAxis, window } from "./movement.js";

export interface UnfoldOptions {
  /** Distance of a window's elements; default 1. */
  readonly dilation?: PerDim;
  /** Zeros added on both sides of height and width; default 0. */
  readonly padding?: PerDim;
  /** Distance of the windows; default 1. */
  readonly stride?: PerDim;
}

interface Geometry {
  readonly axes: readonly WindowAxis[];
  readonly padding: readonly number[];
  /** Sizes with padding. */
  readonly lengths: readonly number[];
}

/** Windows over dims 2 and 3 of sizes `sizes`. */
function geometryOf(op: string, sizes: readonly number[], kernelSize: PerDim, options: UnfoldOptions): Geometry {
  const kernel = perDim(op, "kernelSize", kernelSize, 2, 1);
  const dilation = perDim(op, "dilation", options.dilation ?? 1, 2, 1);
  const padding = perDim(op, "padding", options.padding ?? 0, 2, 0);
  const stride = perDim(op, "stride", options.stride ?? 1, 2, 1);
  const lengths = sizes.map((size, d) => size + 2 * (padding[d] as number));
  const axes = lengths.map((length, d): WindowAxis => {
    const span = (dilation[d] as number) * ((kernel[d] as number) - 1) + 1;
    const count = Math.floor((length - span) / (stride[d] as number)) + 1;
    if (count < 1) {
      throw new ShapeError(`${op}: a window of ${span} does not fit the padded size ${length} of dim ${d + 2}`, { op });
    }
    return {
      dim: d + 2,
      count,
      size: kernel[d] as number,
      stride: stride[d] as number,
      dilation: dilation[d] as number,
    };
  });
  return { axes, padding, lengths };
}

/** `[N, C, H, W]` to `[N, C kH kW, L]`: the L windows as columns. */
export function unfold(x: Node, kernelSize: PerDim, options: UnfoldOptions = {}): Node {
  const op = "unfold";
  if (x.shape.length !== 3 && x.shape.length !== 4) {
    throw new ShapeError(`${op}: input must have 4 dims, or 3 without a batch (input ${formatShape(x.shape)})`, {
      op,
      shapes: [x.shape],
    });
  }
  const { axes, padding } = geometryOf(op, x.shape.slice(-2), kernelSize, options);
  return batched(x, 2, (input) => {
    const [n, c] = input.shape as [number, number];
    const sides = [0, 0, ...padding];
    const cut = window(pad(input, sides, sides, 0), axes); // [N, C, o1, k1, o2, k2]
    const kernel = axes.reduce((total, { size }) => total * size, 1);
    const columns = axes.reduce((total, { count }) => total * count, 1);
    return reshape(permute(cut, [0, 1, 3, 5, 2, 4]), [n, c * kernel, columns]);
  });
}

/** `[N, C kH kW, L]` to `[N, C, …outputSize]`: each column added at its window. */
export function foldColumns(x: Node, outputSize: PerDim, kernelSize: PerDim, options: UnfoldOptions = {}): Node {
  const op = "fold";
  const sizes = perDim(op, "outputSize", outputSize, 2, 1);
  const { axes, padding, lengths } = geometryOf(op, sizes, kernelSize, options);
  const kernel = axes.reduce((total, { size }) => total * size, 1);
  const columns = axes.reduce((total, { count }) => total * count, 1);
  const [rows, last] = x.shape.slice(-2) as [number, number];
  if ((x.shape.length !== 2 && x.shape.length !== 3) || rows % kernel !== 0 || last !== columns) {
    throw new ArgumentError(
      `${op}: input must be [N, C * ${kernel}, ${columns}] for this output and kernel size (input ${formatShape(x.shape)})`,
      { op },
    );
  }
  const isSingle = x.shape.length === 2;
  const [n, c] = [isSingle ? 1 : (x.shape[0] as number), rows / kernel];
  const [first, second] = axes as [WindowAxis, WindowAxis];
  const split = reshape(x, [n, c, first.size, second.size, first.count, second.count]);
  const summed = foldWindows(permute(split, [0, 1, 4, 2, 5, 3]), axes, lengths); // [N, C, H, W]
  const cropped = padding.reduce((y, by, d) => slice(y, d + 2, by, by + (sizes[d] as number)), summed);
  return isSingle ? reshape(cropped, cropped.shape.slice(1)) : cropped;
}
