// Convolutions and transposed convolutions with PyTorch's arguments, on the general `conv` composite.
import { ArgumentError, DTypeError, formatShape, type PerDim, perDim, ShapeError } from "../base/index.js";
import type { Node } from "../graph/index.js";
import { conv } from "./convolution.js";
import { add } from "./elementwise.js";
import { flip, permute, reshape } from "./movement.js";

export interface ConvOptions {
  readonly stride?: PerDim;
  /** Zeros on both sides; "same" keeps the size (stride 1 only), "valid" is 0. */
  readonly padding?: PerDim | "same" | "valid";
  readonly dilation?: PerDim;
  readonly groups?: number;
}

export interface ConvTransposeOptions {
  readonly stride?: PerDim;
  readonly padding?: PerDim;
  /** Added to one side of the output, to choose among the sizes that a stride maps to one. */
  readonly outputPadding?: PerDim;
  readonly dilation?: PerDim;
  readonly groups?: number;
}

/** Zeros before and after each spatial dim. */
function paddingPairs(
  op: string,
  padding: PerDim | "same" | "valid",
  kernel: readonly number[],
  stride: readonly number[],
  dilation: readonly number[],
): [number, number][] {
  if (typeof padding !== "string") {
    return perDim(op, "padding", padding, kernel.length, 0).map((p) => [p, p]);
  }
  if (padding === "valid") return kernel.map(() => [0, 0]);
  if (padding !== "same") {
    throw new ArgumentError(`${op}: padding must be "same", "valid" or integers, got ${JSON.stringify(padding)}`, {
      op,
    });
  }
  if (stride.some((s) => s !== 1)) {
    throw new ArgumentError(`${op}: padding "same" needs stride 1, got [${stride.join(",")}]`, { op });
  }
  return kernel.map((k, d) => {
    const total = (dilation[d] as number) * (k - 1);
    return [Math.floor(total / 2), Math.ceil(total / 2)];
  });
}

function checkOperands(op: string, x: Node, weight: Node, bias: Node | null, rank: number, outChannels: number): void {
  const shown = () => `input ${formatShape(x.shape)}, weight ${formatShape(weight.shape)}`;
  const shapes = [x.shape, weight.shape];
  if (weight.shape.length !== rank + 2) {
    throw new ShapeError(`${op}: weight must have ${rank + 2} dims, has ${weight.shape.length} (${shown()})`, {
      op,
      shapes,
    });
  }
  if (x.shape.length !== rank + 1 && x.shape.length !== rank + 2) {
    throw new ShapeError(
      `${op}: input must have ${rank + 2} dims, or ${rank + 1} without a batch, has ${x.shape.length} (${shown()})`,
      { op, shapes },
    );
  }
  if (x.dtype !== weight.dtype || (bias && bias.dtype !== x.dtype)) {
    throw new DTypeError(
      `${op}: input ${x.dtype}, weight ${weight.dtype}${bias ? ` and bias ${bias.dtype}` : ""} must have one dtype; convert with .to(dtype)`,
      { op },
    );
  }
  if (bias && (bias.shape.length !== 1 || bias.shape[0] !== outChannels)) {
    throw new ShapeError(`${op}: bias must have shape [${outChannels}], has ${formatShape(bias.shape)} (${shown()})`, {
      op,
      shapes: [...shapes, bias.shape],
    });
  }
}

function checkChannels(op: string, x: Node, weight: Node, rank: number, expected: number): void {
  const channels = x.shape[x.shape.length - rank - 1] as number;
  if (channels === expected) return;
  const last = x.shape[x.shape.length - 1];
  const hint = last === expected && rank > 1 ? `; input looks channels-last: permute it to [N,C,…]` : "";
  throw new ShapeError(
    `${op}: input has ${channels} channels but weight expects ${expected} (input ${formatShape(x.shape)}, weight ${formatShape(weight.shape)})${hint}`,
    { op, shapes: [x.shape, weight.shape] },
  );
}

function checkGroups(op: string, groups: number, weight: Node): void {
  const channels = weight.shape[0] as number;
  if (Number.isInteger(groups) && groups >= 1 && channels % groups === 0) return;
  throw new ArgumentError(
    `${op}: groups ${groups} must be a positive divisor of ${channels}, the first size of weight (weight ${formatShape(weight.shape)})`,
    { op },
  );
}

function checkOutput(op: string, x: Node, weight: Node, sizes: readonly number[]): void {
  if (sizes.every((size) => size > 0)) return;
  throw new ShapeError(
    `${op}: the output would have size [${sizes.join(",")}]; the kernel is larger than the padded input (input ${formatShape(x.shape)}, weight ${formatShape(weight.shape)})`,
    { op, shapes: [x.shape, weight.shape] },
  );
}

/** Runs `f` on a batch of one where the input has no batch dim. */
export function batched(x: Node, rank: number, f: (x: Node) => Node): Node {
  if (x.shape.length !== rank + 1) return f(x);
  const y = f(reshape(x, [1, ...x.shape]));
  return reshape(y, y.shape.slice(1));
}

function addBias(y: Node, bias: Node | null, rank: number): Node {
  if (!bias) return y;
  return add(y, reshape(bias, [bias.size, ...new Array<number>(rank).fill(1)]));
}

function convolve(op: string, rank: number, x: Node, weight: Node, bias: Node | null, options: ConvOptions): Node {
  const { groups = 1 } = options;
  checkOperands(op, x, weight, bias, rank, weight.shape[0] as number);
  const kernel = weight.shape.slice(2);
  const stride = perDim(op, "stride", options.stride ?? 1, rank, 1);
  const dilation = perDim(op, "dilation", options.dilation ?? 1, rank, 1);
  const padding = paddingPairs(op, options.padding ?? 0, kernel, stride, dilation);
  checkGroups(op, groups, weight);
  checkChannels(op, x, weight, rank, (weight.shape[1] as number) * groups);
  const spatial = x.shape.slice(-rank);
  const sizes = spatial.map((size, d) => {
    const [low, high] = padding[d] as [number, number];
    const span = (dilation[d] as number) * ((kernel[d] as number) - 1) + 1;
    return Math.floor((size + low + high - span) / (stride[d] as number)) + 1;
  });
  checkOutput(op, x, weight, sizes);
  return batched(x, rank, (input) =>
    addBias(conv(input, weight, { stride, padding, rhsDilation: dilation, featureGroups: groups }), bias, rank),
  );
}

/** Cross-correlation over one spatial dim: x `[N,C,L]`, weight `[O,C/groups,K]`, bias `[O]` → `[N,O,L']`. */
export function conv1d(x: Node, weight: Node, bias: Node | null = null, options: ConvOptions = {}): Node {
  return convolve("conv1d", 1, x, weight, bias, options);
}

/** Cross-correlation over two spatial dims: x `[N,C,H,W]`, weight `[O,C/groups,KH,KW]`, bias `[O]` → `[N,O,H',W']`. */
export function conv2d(x: Node, weight: Node, bias: Node | null = null, options: ConvOptions = {}): Node {
  return convolve("conv2d", 2, x, weight, bias, options);
}

/** Cross-correlation over three spatial dims: x `[N,C,D,H,W]`, weight `[O,C/groups,KD,KH,KW]`, bias `[O]`. */
export function conv3d(x: Node, weight: Node, bias: Node | null = null, options: ConvOptions = {}): Node {
  return convolve("conv3d", 3, x, weight, bias, options);
}

/** `[C, O/groups, …K]` as the weight of the convolution that runs backwards: `[O, C/groups, …K]`, flipped in space. */
function transposedWeight(weight: Node, groups: number): Node {
  const [channels, perGroup, ...kernel] = weight.shape as [number, number, ...number[]];
  const spatial = kernel.map((_, d) => d);
  const flipped = flip(
    weight,
    spatial.map((d) => d + 2),
  );
  if (groups === 1) return permute(flipped, [1, 0, ...spatial.map((d) => d + 2)]);
  const split = reshape(flipped, [groups, channels / groups, perGroup, ...kernel]);
  const swapped = permute(split, [0, 2, 1, ...spatial.map((d) => d + 3)]); // [G, O/G, C/G, …K]
  return reshape(swapped, [groups * perGroup, channels / groups, ...kernel]);
}

function convolveTransposed(
  op: string,
  rank: number,
  x: Node,
  weight: Node,
  bias: Node | null,
  options: ConvTransposeOptions,
): Node {
  const { groups = 1 } = options;
  checkOperands(op, x, weight, bias, rank, (weight.shape[1] as number) * groups);
  const kernel = weight.shape.slice(2);
  const stride = perDim(op, "stride", options.stride ?? 1, rank, 1);
  const dilation = perDim(op, "dilation", options.dilation ?? 1, rank, 1);
  const padding = perDim(op, "padding", options.padding ?? 0, rank, 0);
  const extra = perDim(op, "outputPadding", options.outputPadding ?? 0, rank, 0);
  checkGroups(op, groups, weight);
  checkChannels(op, x, weight, rank, weight.shape[0] as number);
  extra.forEach((n, d) => {
    if (n < (stride[d] as number) || n < (dilation[d] as number)) return;
    throw new ArgumentError(
      `${op}: outputPadding ${n} must be smaller than stride ${stride[d]} or dilation ${dilation[d]}`,
      { op },
    );
  });
  const pairs = kernel.map((k, d): [number, number] => {
    const low = (dilation[d] as number) * (k - 1) - (padding[d] as number);
    return [low, low + (extra[d] as number)];
  });
  const sizes = x.shape.slice(-rank).map((size, d) => {
    const [low, high] = pairs[d] as [number, number];
    const span = (dilation[d] as number) * ((kernel[d] as number) - 1) + 1;
    return (size - 1) * (stride[d] as number) + 1 + low + high - span + 1;
  });
  checkOutput(op, x, weight, sizes);
  const ones = new Array<number>(rank).fill(1);
  return batched(x, rank, (input) => {
    const y = conv(input, transposedWeight(weight, groups), {
      stride: ones,
      padding: pairs,
      lhsDilation: stride,
      rhsDilation: dilation,
      featureGroups: groups,
    });
    return addBias(y, bias, rank);
  });
}

/** The gradient of conv1d with respect to its input: x `[N,C,L]`, weight `[C,O/groups,K]` → `[N,O,L']`. */
export function convTranspose1d(
  x: Node,
  weight: Node,
  bias: Node | null = null,
  options: ConvTransposeOptions = {},
): Node {
  return convolveTransposed("convTranspose1d", 1, x, weight, bias, options);
}

/** The gradient of conv3d with respect to its input: x `[N,C,D,H,W]`, weight `[C,O/groups,KD,KH,KW]` → `[N,O,D',H',W']`. */
export function convTranspose3d(
  x: Node,
  weight: Node,
  bias: Node | null = null,
  options: ConvTransposeOptions = {},
): Node {
  return convolveTransposed("convTranspose3d", 3, x, weight, bias, options);
}

/** The gradient of conv2d with respect to its input: x `[N,C,H,W]`, weight `[C,O/groups,KH,KW]` → `[N,O,H',W']`. */
export function convTranspose2d(
  x: Node,
  weight: Node,
  bias: Node | null = null,
  options: ConvTransposeOptions = {},
): Node {
  return convolveTransposed("convTranspose2d", 2, x, weight, bias, options);
}
