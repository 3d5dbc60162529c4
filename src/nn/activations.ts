// Activation functions as modules.
import { ArgumentError, checkOptions, formatShape, noMore, ShapeError } from "../base/index.js";
import { checkTensor, full, type Tensor } from "../tensor/index.js";
import { checkCounts } from "./checks.js";
import * as F from "./functional.js";
import { checkInplace, type InplaceOption, withoutInplace } from "./inplace.js";
import { Module } from "./module.js";
import { Parameter } from "./parameter.js";
import { printArguments } from "./print.js";

/** An activation without options. */
abstract class Plain extends Module {
  constructor(...surplus: []) {
    super();
    const layer = new.target.name;
    if (surplus.length > 0) throw new ArgumentError(`${layer}: takes no arguments`, { op: layer });
  }
}

/** An activation without options but for `inplace`. */
abstract class InplaceLayer extends Module {
  constructor(options?: InplaceOption, ...surplus: []) {
    super(...surplus);
    checkInplace(new.target.name, options);
  }
}

/**
 * max(x, 0); the gradient at 0 is 0.
 *
 * Shapes: any → the same, of any dtype but bool.
 * @throws DTypeError if the input is bool.
 * @example new nn.ReLU()(tensor([-1, 2])) // [0, 2]
 */
export class ReLU extends InplaceLayer {
  forward(input: Tensor): Tensor {
    return F.relu(input);
  }
}

/**
 * min(max(x, 0), 6)
 *
 * Shapes: any → the same, of any dtype but bool. Source: Howard et al., 2017, arXiv:1704.04861.
 * @throws DTypeError if the input is bool.
 */
export class ReLU6 extends InplaceLayer {
  forward(input: Tensor): Tensor {
    return F.relu6(input);
  }
}

/**
 * 1 / (1 + exp(-x))
 *
 * Shapes: any → the same; integers and bool give float32.
 */
export class Sigmoid extends Plain {
  forward(input: Tensor): Tensor {
    return F.sigmoid(input);
  }
}

/**
 * tanh(x) = (e^x - e^-x) / (e^x + e^-x), element by element.
 *
 * Shapes: any → the same; integers and bool give float32.
 */
export class Tanh extends Plain {
  forward(input: Tensor): Tensor {
    return F.tanh(input);
  }
}

/**
 * x · sigmoid(x), also known as swish.
 *
 * Shapes: any → the same. Source: Hendrycks & Gimpel, 2016, arXiv:1606.08415; Ramachandran et al., 2017,
 * arXiv:1710.05941.
 * @throws DTypeError if the input is no float tensor.
 */
export class SiLU extends InplaceLayer {
  forward(input: Tensor): Tensor {
    return F.silu(input);
  }
}

/**
 * x · tanh(softplus(x))
 *
 * Shapes: any → the same. Source: Misra, 2019, arXiv:1908.08681.
 * @throws DTypeError if the input is no float tensor.
 */
export class Mish extends InplaceLayer {
  forward(input: Tensor): Tensor {
    return F.mish(input);
  }
}

/**
 * s · ELU(x) with s = 1.0507… and α = 1.6733…, which keep mean 0 and variance 1.
 *
 * Shapes: any → the same. Source: Klambauer et al., 2017, arXiv:1706.02515.
 * @throws DTypeError if the input is no float tensor.
 */
export class SELU extends InplaceLayer {
  forward(input: Tensor): Tensor {
    return F.selu(input);
  }
}

/**
 * log(sigmoid(x))
 *
 * Shapes: any → the same.
 * @throws DTypeError if the input is no float tensor.
 */
export class LogSigmoid extends Plain {
  forward(input: Tensor): Tensor {
    return F.logSigmoid(input);
  }
}

/**
 * x / (1 + |x|)
 *
 * Shapes: any → the same; integers and bool give float32.
 */
export class Softsign extends Plain {
  forward(input: Tensor): Tensor {
    return F.softsign(input);
  }
}

/**
 * x - tanh(x)
 *
 * Shapes: any → the same; integers and bool give float32.
 */
export class Tanhshrink extends Plain {
  forward(input: Tensor): Tensor {
    return F.tanhshrink(input);
  }
}

/**
 * relu6(x + 3) / 6
 *
 * Shapes: any → the same.
 * @throws DTypeError if the input is no float tensor.
 */
export class Hardsigmoid extends InplaceLayer {
  forward(input: Tensor): Tensor {
    return F.hardsigmoid(input);
  }
}

/**
 * x · relu6(x + 3) / 6
 *
 * Shapes: any → the same. Source: Howard et al., 2019, arXiv:1905.02244.
 * @throws DTypeError if the input is no float tensor.
 */
export class Hardswish extends InplaceLayer {
  forward(input: Tensor): Tensor {
    return F.hardswish(input);
  }
}

/** An activation with options: checks their names and prints them. */
abstract class WithOptions<Options extends object> extends Module {
  /** As given, with the defaults. */
  protected readonly options: Options;

  constructor(layer: string, defaults: Options, options: Partial<Options> | undefined, ...surplus: []) {
    super(...surplus);
    checkOptions(layer, options, Object.keys(defaults));
    this.options = { ...defaults, ...options };
  }

  override extraRepr(): string {
    return printArguments({ ...this.options });
  }
}

/**
 * x where x > 0, else `negativeSlope` (default 0.01) · x.
 *
 * Shapes: any → the same.
 * @throws DTypeError if the input is no float tensor.
 * @example new nn.LeakyReLU({ negativeSlope: 0.2 })(tensor([-1, 2])) // [-0.2, 2]
 */
export class LeakyReLU extends WithOptions<{ readonly negativeSlope: number }> {
  constructor(options?: { readonly negativeSlope?: number } & InplaceOption, ...surplus: []) {
    super("LeakyReLU", { negativeSlope: 0.01 }, withoutInplace("LeakyReLU", options), ...surplus);
  }

  forward(input: Tensor): Tensor {
    return F.leakyRelu(input, this.options);
  }
}

/**
 * x where x > 0, else α (exp(x) - 1), with α = `alpha` (default 1).
 *
 * Shapes: any → the same. Source: Clevert et al., 2015, arXiv:1511.07289.
 * @throws DTypeError if the input is no float tensor.
 */
export class ELU extends WithOptions<{ readonly alpha: number }> {
  constructor(options?: { readonly alpha?: number } & InplaceOption, ...surplus: []) {
    super("ELU", { alpha: 1 }, withoutInplace("ELU", options), ...surplus);
  }

  forward(input: Tensor): Tensor {
    return F.elu(input, this.options);
  }
}

/**
 * x where x > 0, else α (exp(x / α) - 1), with α = `alpha` (default 1).
 *
 * Shapes: any → the same. Source: Barron, 2017, arXiv:1704.07483.
 * @throws ArgumentError if `alpha` is 0 (in the call).
 * @throws DTypeError if the input is no float tensor.
 */
export class CELU extends WithOptions<{ readonly alpha: number }> {
  constructor(options?: { readonly alpha?: number } & InplaceOption, ...surplus: []) {
    super("CELU", { alpha: 1 }, withoutInplace("CELU", options), ...surplus);
  }

  forward(input: Tensor): Tensor {
    return F.celu(input, this.options);
  }
}

/**
 * x Φ(x), with the normal distribution's Φ exact (`approximate: "none"`, the default) or, with "tanh",
 * x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2.
 *
 * Shapes: any → the same. Source: Hendrycks & Gimpel, 2016, arXiv:1606.08415.
 * @throws ArgumentError if `approximate` is neither "none" nor "tanh" (in the call).
 * @throws DTypeError if the input is no float tensor.
 */
export class GELU extends WithOptions<{ readonly approximate: "none" | "tanh" }> {
  constructor(options?: { readonly approximate?: "none" | "tanh" }, ...surplus: []) {
    super("GELU", { approximate: "none" }, options, ...surplus);
  }

  forward(input: Tensor): Tensor {
    return F.gelu(input, this.options);
  }
}

/**
 * log(1 + exp(βx)) / β with β = `beta` (default 1); x itself where βx > `threshold` (default 20).
 *
 * Shapes: any → the same.
 * @throws DTypeError if the input is no float tensor.
 */
export class Softplus extends WithOptions<{ readonly beta: number; readonly threshold: number }> {
  constructor(options?: { readonly beta?: number; readonly threshold?: number }, ...surplus: []) {
    super("Softplus", { beta: 1, threshold: 20 }, options, ...surplus);
  }

  forward(input: Tensor): Tensor {
    return F.softplus(input, this.options);
  }
}

/**
 * x limited to [`minVal`, `maxVal`] (default -1 and 1).
 *
 * Shapes: any → the same, of any dtype.
 * @throws ArgumentError if `minVal` is above `maxVal` (in the call).
 */
export class Hardtanh extends WithOptions<{ readonly minVal: number; readonly maxVal: number }> {
  constructor(options?: { readonly minVal?: number; readonly maxVal?: number } & InplaceOption, ...surplus: []) {
    super("Hardtanh", { minVal: -1, maxVal: 1 }, withoutInplace("Hardtanh", options), ...surplus);
  }

  forward(input: Tensor): Tensor {
    return F.hardtanh(input, this.options);
  }
}

/**
 * x where x > 0, else a learned slope · x: one slope, or one a channel.
 *
 * Shapes: input `[N, C, …]` → the same; `weight` is `[numParameters]`. Source: He et al., 2015, arXiv:1502.01852.
 * @param options - `numParameters` (default 1; or C, one slope a channel), `init` (default 0.25): the first slopes.
 * @throws ArgumentError if `numParameters` is no integer >= 1.
 * @throws ShapeError if there are several slopes, and not C of them.
 * @throws DTypeError if the input has another dtype than the weight.
 */
export class PReLU extends Module {
  /** The slopes for negative values, `[numParameters]`. */
  weight: Parameter;
  /** 1, or the number of channels. */
  readonly numParameters: number;

  constructor(options: { readonly numParameters?: number; readonly init?: number } = {}, ...surplus: []) {
    super(...surplus);
    checkOptions("PReLU", options, ["numParameters", "init"]);
    this.numParameters = options.numParameters ?? 1;
    checkCounts("PReLU", { numParameters: this.numParameters });
    this.weight = new Parameter(full([this.numParameters], options.init ?? 0.25));
  }

  forward(input: Tensor): Tensor {
    return F.prelu(input, this.weight);
  }

  override extraRepr(): string {
    return printArguments({ numParameters: this.numParameters });
  }
}

/**
 * x, and 0 where |x| <= `lambd` (default 0.5).
 *
 * Shapes: any → the same.
 * @throws DTypeError if the input is no float tensor.
 */
export class Hardshrink extends WithOptions<{ readonly lambd: number }> {
  constructor(options?: { readonly lambd?: number }, ...surplus: []) {
    super("Hardshrink", { lambd: 0.5 }, options, ...surplus);
  }

  forward(input: Tensor): Tensor {
    return F.hardshrink(input, this.options);
  }
}

/**
 * x moved by `lambd` (default 0.5) towards 0, and 0 where |x| <= lambd.
 *
 * Shapes: any → the same.
 * @throws ArgumentError if `lambd` is negative (in the call).
 * @throws DTypeError if the input is no float tensor.
 */
export class Softshrink extends WithOptions<{ readonly lambd: number }> {
  constructor(options?: { readonly lambd?: number }, ...surplus: []) {
    super("Softshrink", { lambd: 0.5 }, options, ...surplus);
  }

  forward(input: Tensor): Tensor {
    return F.softshrink(input, this.options);
  }
}

/**
 * The first half along `dim` (default -1) times the sigmoid of the second. Dauphin et al., 2017, arXiv:1612.08083.
 *
 * Shapes: `[…, 2 D, …]` → `[…, D, …]`.
 * @throws IndexError if the input has no such dim.
 * @throws ShapeError if the size of `dim` is odd.
 * @throws DTypeError if the input is no float tensor.
 */
export class GLU extends WithOptions<{ readonly dim: number }> {
  constructor(options?: { readonly dim?: number }, ...surplus: []) {
    super("GLU", { dim: -1 }, options, ...surplus);
  }

  forward(input: Tensor): Tensor {
    return F.glu(input, this.options);
  }
}

/**
 * Leaky ReLU with slopes drawn in [`lower`, `upper`) (default 1/8 and 1/3) in training, their mean in evaluation. Xu et al., 2015,
 * arXiv:1505.00853.
 *
 * Shapes: any → the same.
 * @throws ArgumentError if `lower` is above `upper` (in the call).
 * @throws DTypeError if the input is no float tensor.
 */
export class RReLU extends WithOptions<{ readonly lower: number; readonly upper: number }> {
  constructor(options?: { readonly lower?: number; readonly upper?: number } & InplaceOption, ...surplus: []) {
    super("RReLU", { lower: 1 / 8, upper: 1 / 3 }, withoutInplace("RReLU", options), ...surplus);
  }

  forward(input: Tensor): Tensor {
    return F.rrelu(input, { ...this.options, training: this.training });
  }
}

/**
 * x where x > threshold, else `value`.
 *
 * Shapes: any → the same, of any dtype.
 */
export class Threshold extends Module {
  constructor(
    /** Values above it stay. */
    readonly threshold: number,
    /** Takes the place of all other values. */
    readonly value: number,
    options?: InplaceOption,
    ...surplus: []
  ) {
    super(...surplus);
    checkInplace("Threshold", options);
  }

  forward(input: Tensor): Tensor {
    return F.threshold(input, this.threshold, this.value);
  }

  override extraRepr(): string {
    return printArguments({ threshold: this.threshold, value: this.value });
  }
}

abstract class AlongDim extends Module {
  constructor(
    /** The dim whose values belong together; negative counts from the end. */
    readonly dim: number,
    ...surplus: []
  ) {
    super();
    noMore(new.target.name, surplus);
    // PyTorch guesses a missing dim, with a deprecation warning; here it is required.
    if (!Number.isInteger(dim)) {
      throw new ArgumentError(`${new.target.name}: dim must be an integer, got ${String(dim)}`, {
        op: new.target.name,
      });
    }
  }

  override extraRepr(): string {
    return printArguments({ dim: this.dim });
  }
}

/**
 * exp(x) / Σ exp(x) along `dim`.
 *
 * Shapes: any → the same; values along `dim` sum to 1.
 * @throws ArgumentError if `dim` is no integer.
 * @throws IndexError if the input has no such dim.
 * @throws DTypeError if the input is no float tensor.
 * @example new nn.Softmax(-1)(tensor([0, 0])) // [0.5, 0.5]
 */
export class Softmax extends AlongDim {
  forward(input: Tensor): Tensor {
    return F.softmax(input, this.dim);
  }
}

/**
 * softmax(-x) along `dim`.
 *
 * Shapes: any → the same; values along `dim` sum to 1.
 * @throws ArgumentError if `dim` is no integer.
 * @throws IndexError if the input has no such dim.
 * @throws DTypeError if the input is no float tensor.
 */
export class Softmin extends AlongDim {
  forward(input: Tensor): Tensor {
    return F.softmin(input, this.dim);
  }
}

/**
 * log(softmax(x)) along `dim`.
 *
 * Shapes: any → the same.
 * @throws ArgumentError if `dim` is no integer.
 * @throws IndexError if the input has no such dim.
 * @throws DTypeError if the input is no float tensor.
 */
export class LogSoftmax extends AlongDim {
  forward(input: Tensor): Tensor {
    return F.logSoftmax(input, this.dim);
  }
}

/**
 * Softmax over the channels of images: for each place values that sum to 1.
 *
 * Shapes: `[N, C, H, W]` or `[C, H, W]` → the same.
 * @throws ShapeError if the input has neither 3 nor 4 dims.
 * @throws DTypeError if the input is no float tensor.
 */
export class Softmax2d extends Module {
  forward(input: Tensor): Tensor {
    checkTensor("Softmax2d", "input", input);
    const { shape } = input;
    if (shape.length !== 3 && shape.length !== 4) {
      throw new ShapeError(`Softmax2d: input must have 3 or 4 dims, got shape ${formatShape(shape)}`, {
        op: "Softmax2d",
        shapes: [shape],
      });
    }
    return F.softmax(input, -3);
  }
}
