// Convolution layers.
import { ArgumentError, checkChoice, checkOptions, formatShape, perDim, ShapeError } from "../base/index.js";
import { checkTensor, type Tensor } from "../tensor/index.js";
import { checkCounts, type Size2, type Size3 } from "./checks.js";
import { conv1d, conv2d, conv3d, convTranspose1d, convTranspose2d, convTranspose3d, pad } from "./functional.js";
import { uniformParameter } from "./linear.js";
import { Module } from "./module.js";
import type { Parameter } from "./parameter.js";
import { printArguments } from "./print.js";

interface ConvOptions<Size> {
  /** Distance of the windows, >= 1; default 1. */
  readonly stride?: Size;
  /** Elements added on each side, >= 0; "same" keeps the size (stride 1 only), "valid" is 0; default 0. */
  readonly padding?: Size | "same" | "valid";
  /** Distance of the kernel's elements, >= 1; default 1. */
  readonly dilation?: Size;
  /** Blocks of channels that see only each other; divides `inChannels` and `outChannels`; default 1. */
  readonly groups?: number;
  /** Add a learned bias; default true. */
  readonly bias?: boolean;
  /** What is beyond the borders; default "zeros". */
  readonly paddingMode?: PaddingMode;
}

/** Zeros, the mirror image without the border, the border's value, or the other side. */
export type PaddingMode = "zeros" | "reflect" | "replicate" | "circular";

const paddingModes: readonly PaddingMode[] = ["zeros", "reflect", "replicate", "circular"];

interface ConvTransposeOptions<Size> extends Omit<ConvOptions<Size>, "padding" | "paddingMode"> {
  /** Takes this much off each side of the output; default 0. */
  readonly padding?: Size;
  /** Added to one side of the output, to choose among the sizes that a stride maps to one; below stride or dilation; default 0. */
  readonly outputPadding?: Size;
}

/** Options of `Conv1d`. */
export type Conv1dOptions = ConvOptions<number>;
/** Options of `Conv2d`; a size is a number for both dims, or `[height, width]`. */
export type Conv2dOptions = ConvOptions<Size2>;
/** Options of `Conv3d`; a size is a number for all dims, or `[depth, height, width]`. */
export type Conv3dOptions = ConvOptions<Size3>;
/** Options of `ConvTranspose1d`. */
export type ConvTranspose1dOptions = ConvTransposeOptions<number>;
/** Options of `ConvTranspose2d`; a size is a number for both dims, or `[height, width]`. */
export type ConvTranspose2dOptions = ConvTransposeOptions<Size2>;
/** Options of `ConvTranspose3d`; a size is a number for all dims, or `[depth, height, width]`. */
export type ConvTranspose3dOptions = ConvTransposeOptions<Size3>;

/** At a call of ConvTranspose: which of the sizes that a stride maps to one size the output has. */
export interface ConvTransposeCallOptions {
  /** Sizes of all dims or of the spatial ones. Takes the place of the layer's `outputPadding`. */
  readonly outputSize?: readonly number[];
}

type AnySize = number | readonly number[];

/** Arguments, parameters and printing of all of them. */
abstract class ConvBase extends Module {
  /** The kernels, `[outChannels, inChannels/groups, ...kernelSize]`; of transposed ones `[inChannels, outChannels/groups, ...]`. */
  weight: Parameter;
  /** Added to each channel of the output, `[outChannels]`; null without `bias`. */
  bias: Parameter | null;
  /** Of a window, one size a spatial dim. */
  readonly kernelSize: readonly number[];
  /** Distance of the windows, one a spatial dim. */
  readonly stride: readonly number[];
  /** Added on each side, one a spatial dim, or "same" or "valid". */
  readonly padding: readonly number[] | "same" | "valid";
  /** Distance of the kernel's elements, one a spatial dim. */
  readonly dilation: readonly number[];
  /** Blocks of channels that see only each other. */
  readonly groups: number;
  /** What is beyond the borders. */
  readonly paddingMode: PaddingMode;

  constructor(
    layer: string,
    rank: number,
    /** Channels of the input. */
    readonly inChannels: number,
    /** Channels of the output. */
    readonly outChannels: number,
    kernelSize: AnySize,
    options: ConvOptions<AnySize>,
    isTransposed: boolean,
    ...surplus: []
  ) {
    super(...surplus);
    const { stride = 1, padding = 0, dilation = 1, groups = 1, bias = true, paddingMode = "zeros" } = options;
    checkCounts(layer, { inChannels, outChannels, groups });
    if (!paddingModes.includes(paddingMode)) {
      throw new ArgumentError(`${layer}: unknown paddingMode "${paddingMode}"; one of ${paddingModes.join(", ")}`, {
        op: layer,
      });
    }
    this.paddingMode = paddingMode;
    if (inChannels % groups !== 0 || outChannels % groups !== 0) {
      throw new ArgumentError(
        `${layer}: groups ${groups} must divide inChannels ${inChannels} and outChannels ${outChannels}`,
        { op: layer },
      );
    }
    this.kernelSize = perDim(layer, "kernelSize", kernelSize, rank, 1);
    this.stride = perDim(layer, "stride", stride, rank, 1);
    if (typeof padding === "string") {
      checkChoice(layer, "padding", padding, ["same", "valid"]);
      if (padding === "same" && this.stride.some((s) => s !== 1)) {
        throw new ArgumentError(`${layer}: padding "same" goes with stride 1, got stride [${this.stride.join(",")}]`, {
          op: layer,
        });
      }
    }
    this.padding = typeof padding === "string" ? padding : perDim(layer, "padding", padding, rank, 0);
    this.dilation = perDim(layer, "dilation", dilation, rank, 1);
    this.groups = groups;
    const channels = isTransposed ? [inChannels, outChannels / groups] : [outChannels, inChannels / groups];
    const shape = [...channels, ...this.kernelSize];
    // PyTorch's default, kaimingUniform_ with a = √5: uniform in ±1/√fanIn.
    const bound = 1 / Math.sqrt(shape.slice(1).reduce((a, b) => a * b, 1));
    this.weight = uniformParameter(shape, bound);
    this.bias = bias ? uniformParameter([outChannels], bound) : null;
  }

  /** The input with borders of another mode than zeros on it, and the padding that is left for the convolution. */
  protected bordered(input: Tensor): { input: Tensor; padding: readonly number[] | "same" | "valid" } {
    const { padding, paddingMode, kernelSize, dilation } = this;
    if (paddingMode === "zeros") return { input, padding };
    const sides = kernelSize.map((size, d) => {
      if (typeof padding !== "string") return [padding[d] as number, padding[d] as number];
      const total = padding === "same" ? (dilation[d] as number) * (size - 1) : 0;
      return [Math.floor(total / 2), Math.ceil(total / 2)];
    });
    // `pad` takes the last dim first.
    return { input: pad(input, sides.reverse().flat(), { mode: paddingMode }), padding: kernelSize.map(() => 0) };
  }

  override extraRepr(): string {
    const { inChannels, outChannels, kernelSize, stride, padding, dilation, groups, bias, paddingMode } = this;
    const changed = <T>(value: T, usual: string): T | undefined => (String(value) === usual ? undefined : value);
    const usual = (value: number) => String(kernelSize.map(() => value));
    return `${inChannels}, ${outChannels}, ${printArguments({
      kernelSize,
      stride,
      padding: changed(padding, usual(0)),
      dilation: changed(dilation, usual(1)),
      groups: changed(groups, "1"),
      bias: bias === null ? false : undefined,
      paddingMode: changed(paddingMode, "zeros"),
    })}`;
  }
}

const names = ["stride", "padding", "dilation", "groups", "bias", "paddingMode"];
const transposedNames = ["stride", "padding", "outputPadding", "dilation", "groups", "bias"];

/**
 * Cross-correlation over sequences: y[n, o, i] = b[o] + Σ_c Σ_k W[o, c, k] x[n, c, i·stride + k·dilation - padding].
 *
 * Shapes: input `[N, inChannels, L]` (or without N) → `[N, outChannels, L']` with
 * L' = ⌊(L + 2·padding - dilation·(K - 1) - 1) / stride⌋ + 1, or L with padding "same"; `weight` is
 * `[outChannels, inChannels/groups, K]`, `bias` `[outChannels]`. Both start uniform in ±1/√(inChannels/groups · K), as PyTorch's.
 * @throws ArgumentError if a size is no integer >= 1, a padding is negative, `groups` does not divide both numbers of channels,
 * or padding "same" meets a stride other than 1.
 * @throws ShapeError if the input has other dims or channels, a window does not fit it, or it is too small for `paddingMode`:
 * "reflect" needs more elements than `padding`, "circular" as many.
 * @throws DTypeError if the input has another dtype than the weight.
 * @example new nn.Conv1d(16, 33, 3, { stride: 2 })(randn([20, 16, 50])).shape // [20, 33, 24]
 */
export class Conv1d extends ConvBase {
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: number,
    options: Conv1dOptions = {},
    ...surplus: []
  ) {
    checkOptions("Conv1d", options, names);
    super("Conv1d", 1, inChannels, outChannels, kernelSize, options, false, ...surplus);
  }

  forward(input: Tensor): Tensor {
    const { weight, bias, stride, dilation, groups } = this;
    const { input: x, padding } = this.bordered(input);
    return conv1d(x, weight, bias, { stride, padding, dilation, groups });
  }
}

/**
 * Cross-correlation over images: y[n, o, i, j] = b[o] + Σ_c Σ_k Σ_l W[o, c, k, l] x[n, c, i + k, j + l], with stride, zero
 * padding, dilation and groups as in Conv1d.
 *
 * Shapes: input `[N, inChannels, H, W]` (or without N) → `[N, outChannels, H', W']` with
 * H' = ⌊(H + 2·padding[0] - dilation[0]·(KH - 1) - 1) / stride[0]⌋ + 1 and W' likewise, or H and W with padding "same"; `weight` is
 * `[outChannels, inChannels/groups, KH, KW]`, `bias` `[outChannels]`. Both start uniform in ±1/√(inChannels/groups · KH · KW), as
 * PyTorch's.
 * @throws ArgumentError if a size is no integer >= 1, a padding is negative, `groups` does not divide both numbers of channels,
 * or padding "same" meets a stride other than 1.
 * @throws ShapeError if the input has other dims or channels, a window does not fit it, or it is too small for `paddingMode`:
 * "reflect" needs more elements than `padding`, "circular" as many.
 * @throws DTypeError if the input has another dtype than the weight.
 * @example new nn.Conv2d(1, 32, 3)(randn([64, 1, 28, 28])).shape // [64, 32, 26, 26]
 */
export class Conv2d extends ConvBase {
  constructor(inChannels: number, outChannels: number, kernelSize: Size2, options: Conv2dOptions = {}, ...surplus: []) {
    checkOptions("Conv2d", options, names);
    super("Conv2d", 2, inChannels, outChannels, kernelSize, options, false, ...surplus);
  }

  forward(input: Tensor): Tensor {
    const { weight, bias, stride, dilation, groups } = this;
    const { input: x, padding } = this.bordered(input);
    return conv2d(x, weight, bias, { stride, padding, dilation, groups });
  }
}

/**
 * Cross-correlation over volumes, with stride, zero padding, dilation and groups as in Conv1d.
 *
 * Shapes: input `[N, inChannels, D, H, W]` (or without N) → `[N, outChannels, D', H', W']` with
 * D' = ⌊(D + 2·padding[0] - dilation[0]·(KD - 1) - 1) / stride[0]⌋ + 1 and H', W' likewise, or the same sizes with padding "same";
 * `weight` is `[outChannels, inChannels/groups, KD, KH, KW]`, `bias` `[outChannels]`. Both start uniform in
 * ±1/√(inChannels/groups · KD · KH · KW), as PyTorch's.
 * @throws ArgumentError if a size is no integer >= 1, a padding is negative, `groups` does not divide both numbers of channels,
 * or padding "same" meets a stride other than 1.
 * @throws ShapeError if the input has other dims or channels, a window does not fit it, or it is too small for `paddingMode`:
 * "reflect" needs more elements than `padding`, "circular" as many.
 * @throws DTypeError if the input has another dtype than the weight.
 * @example new nn.Conv3d(1, 8, 3)(randn([2, 1, 8, 8, 8])).shape // [2, 8, 6, 6, 6]
 */
export class Conv3d extends ConvBase {
  constructor(inChannels: number, outChannels: number, kernelSize: Size3, options: Conv3dOptions = {}, ...surplus: []) {
    checkOptions("Conv3d", options, names);
    super("Conv3d", 3, inChannels, outChannels, kernelSize, options, false, ...surplus);
  }

  forward(input: Tensor): Tensor {
    const { weight, bias, stride, dilation, groups } = this;
    const { input: x, padding } = this.bordered(input);
    return conv3d(x, weight, bias, { stride, padding, dilation, groups });
  }
}

function isSizes(call: readonly number[] | ConvTransposeCallOptions): call is readonly number[] {
  return Array.isArray(call);
}

/** Arguments of the transposed ones. */
abstract class ConvTransposeBase extends ConvBase {
  /** Added to one side of the output, one a spatial dim. */
  readonly outputPadding: readonly number[];

  constructor(
    private readonly layer: string,
    rank: number,
    inChannels: number,
    outChannels: number,
    kernelSize: AnySize,
    options: ConvTransposeOptions<AnySize>,
    ...surplus: []
  ) {
    const { outputPadding = 0, ...rest } = options;
    super(layer, rank, inChannels, outChannels, kernelSize, rest, true, ...surplus);
    this.outputPadding = perDim(layer, "outputPadding", outputPadding, rank, 0);
  }

  /** Options of the function, with the output padding that gives the asked size. */
  protected optionsFor(input: Tensor, call: readonly number[] | ConvTransposeCallOptions) {
    const { stride, dilation, groups } = this;
    const padding = this.padding as readonly number[];
    checkTensor(this.layer, "input", input);
    const { shape } = input;
    if (!isSizes(call)) checkOptions(this.layer, call, ["outputSize"]);
    const outputSize = isSizes(call) ? call : call.outputSize;
    const outputPadding = outputSize === undefined ? this.outputPadding : this.paddingFor(shape, outputSize, padding);
    return { stride, padding, outputPadding, dilation, groups };
  }

  private paddingFor(shape: readonly number[], outputSize: readonly number[], padding: readonly number[]): number[] {
    const { layer, kernelSize, stride, dilation } = this;
    const rank = kernelSize.length;
    const isWhole = outputSize.length === shape.length;
    if (shape.length < rank + 1 || (!isWhole && outputSize.length !== rank)) {
      throw new ShapeError(
        `${layer}: outputSize must have ${rank} or ${shape.length} sizes for input of shape ${formatShape(shape)}, got ${formatShape(outputSize)}`,
        { op: layer, shapes: [shape, outputSize] },
      );
    }
    const spatial = shape.slice(-rank);
    const wanted = outputSize.slice(-rank);
    const at = (values: readonly number[], d: number) => values[d] as number;
    const least = spatial.map(
      (size, d) => (size - 1) * at(stride, d) - 2 * at(padding, d) + at(dilation, d) * (at(kernelSize, d) - 1) + 1,
    );
    const most = least.map((size, d) => size + at(stride, d) - 1);
    if (wanted.some((size, d) => !Number.isInteger(size) || size < at(least, d) || size > at(most, d))) {
      throw new ShapeError(
        `${layer}: outputSize ${formatShape(wanted)} cannot be reached from input of shape ${formatShape(shape)}; sizes from ${formatShape(least)} to ${formatShape(most)} can`,
        { op: layer, shapes: [shape, outputSize] },
      );
    }
    return wanted.map((size, d) => size - at(least, d));
  }

  override extraRepr(): string {
    const isUsual = this.outputPadding.every((size) => size === 0);
    return super.extraRepr() + (isUsual ? "" : `, ${printArguments({ outputPadding: this.outputPadding })}`);
  }
}

/**
 * The gradient of Conv1d with respect to its input, used to enlarge sequences.
 *
 * Shapes: input `[N, inChannels, L]` (or without N) → `[N, outChannels, L']` with
 * L' = (L - 1)·stride - 2·padding + dilation·(K - 1) + outputPadding + 1; `weight` is `[inChannels, outChannels/groups, K]`, `bias`
 * `[outChannels]`. Both start uniform in ±1/√(outChannels/groups · K), as PyTorch's.
 * With a stride several sizes are possible: a call's second argument, `{ outputSize: [L'] }` or the sizes alone, chooses one.
 * @throws ArgumentError if a size is no integer >= 1, a padding is negative, `groups` does not divide both numbers of channels,
 * or `outputPadding` is not below the larger of stride and dilation (in the call).
 * @throws ShapeError if the input has other dims or channels, no output would be left, or no `outputPadding` below the stride gives
 * the `outputSize` of the call.
 * @throws DTypeError if the input has another dtype than the weight.
 * @example new nn.ConvTranspose1d(16, 8, 3, { stride: 2 })(randn([4, 16, 10])).shape // [4, 8, 21]
 */
export class ConvTranspose1d extends ConvTransposeBase {
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: number,
    options: ConvTranspose1dOptions = {},
    ...surplus: []
  ) {
    checkOptions("ConvTranspose1d", options, transposedNames);
    super("ConvTranspose1d", 1, inChannels, outChannels, kernelSize, options, ...surplus);
  }

  forward(input: Tensor, call: readonly number[] | ConvTransposeCallOptions = {}): Tensor {
    return convTranspose1d(input, this.weight, this.bias, this.optionsFor(input, call));
  }
}

/**
 * The gradient of Conv2d with respect to its input, used to enlarge images.
 *
 * Shapes: input `[N, inChannels, H, W]` (or without N) → `[N, outChannels, H', W']` with
 * H' = (H - 1)·stride[0] - 2·padding[0] + dilation[0]·(KH - 1) + outputPadding[0] + 1 and W' likewise; `weight` is
 * `[inChannels, outChannels/groups, KH, KW]`, `bias` `[outChannels]`. Both start uniform in ±1/√(outChannels/groups · KH · KW), as
 * PyTorch's.
 * With a stride several sizes are possible: a call's second argument, `{ outputSize: [H', W'] }` or the sizes alone, chooses one.
 * @throws ArgumentError if a size is no integer >= 1, a padding is negative, `groups` does not divide both numbers of channels,
 * or `outputPadding` is not below the larger of stride and dilation (in the call).
 * @throws ShapeError if the input has other dims or channels, no output would be left, or no `outputPadding` below the stride gives
 * the `outputSize` of the call.
 * @throws DTypeError if the input has another dtype than the weight.
 * @example
 * const up = new nn.ConvTranspose2d(8, 4, 3, { stride: 2, padding: 1 });
 * up(randn([1, 8, 4, 4]), { outputSize: [8, 8] }).shape; // [1, 4, 8, 8]
 */
export class ConvTranspose2d extends ConvTransposeBase {
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: Size2,
    options: ConvTranspose2dOptions = {},
    ...surplus: []
  ) {
    checkOptions("ConvTranspose2d", options, transposedNames);
    super("ConvTranspose2d", 2, inChannels, outChannels, kernelSize, options, ...surplus);
  }

  forward(input: Tensor, call: readonly number[] | ConvTransposeCallOptions = {}): Tensor {
    return convTranspose2d(input, this.weight, this.bias, this.optionsFor(input, call));
  }
}

/**
 * The gradient of Conv3d with respect to its input, used to enlarge volumes.
 *
 * Shapes: input `[N, inChannels, D, H, W]` (or without N) → `[N, outChannels, D', H', W']` with
 * D' = (D - 1)·stride[0] - 2·padding[0] + dilation[0]·(KD - 1) + outputPadding[0] + 1 and H', W' likewise; `weight` is
 * `[inChannels, outChannels/groups, KD, KH, KW]`, `bias` `[outChannels]`. Both start uniform in
 * ±1/√(outChannels/groups · KD · KH · KW), as PyTorch's.
 * A call takes `{ outputSize: [D', H', W'] }` or the sizes alone, as ConvTranspose2d's.
 * @throws ArgumentError if a size is no integer >= 1, a padding is negative, `groups` does not divide both numbers of channels,
 * or `outputPadding` is not below the larger of stride and dilation (in the call).
 * @throws ShapeError if the input has other dims or channels, no output would be left, or no `outputPadding` below the stride gives
 * the `outputSize` of the call.
 * @throws DTypeError if the input has another dtype than the weight.
 * @example new nn.ConvTranspose3d(8, 4, 2, { stride: 2 })(randn([1, 8, 4, 4, 4])).shape // [1, 4, 8, 8, 8]
 */
export class ConvTranspose3d extends ConvTransposeBase {
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: Size3,
    options: ConvTranspose3dOptions = {},
    ...surplus: []
  ) {
    checkOptions("ConvTranspose3d", options, transposedNames);
    super("ConvTranspose3d", 3, inChannels, outChannels, kernelSize, options, ...surplus);
  }

  forward(input: Tensor, call: readonly number[] | ConvTransposeCallOptions = {}): Tensor {
    return convTranspose3d(input, this.weight, this.bias, this.optionsFor(input, call));
  }
}
