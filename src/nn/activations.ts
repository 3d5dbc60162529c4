// Activation functions as modules.
import { ArgumentError, checkOptions, formatShape, ShapeError } from "../base/index.js";
import { full, type Tensor } from "../tensor/index.js";
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
  constructor(options?: InplaceOption) {
    super();
    checkInplace(new.target.name, options);
  }
}

/**
 * max(x, 0); the gradient at 0 is 0.
 *
 * Shapes: any → the same.
 */
export class ReLU extends InplaceLayer {
  forward(input: Tensor): Tensor {
    return F.relu(input);
  }
}

/**
 * min(max(x, 0), 6)
 *
 * Shapes: any → the same. Source: Howard et al., 2017, arXiv:1704.04861.
 */
export class ReLU6 extends InplaceLayer {
  forward(input: Tensor): Tensor {
    return F.relu6(input);
  }
}

/**
 * 1 / (1 + exp(-x))
 *
 * Shapes: any → the same.
 */
export class Sigmoid extends Plain {
  forward(input: Tensor): Tensor {
    return F.sigmoid(input);
  }
}

/**
 * tanh(x) = (e^x - e^-x) / (e^x + e^-x), element by element.
 *
 * Shapes: any → the same.
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
 */
export class Mish extends InplaceLayer {
  forward(input: Tensor): Tensor {
    return F.mish(input);
  }
}

/**
 * ELU with the constants that keep mean 0 and variance 1.
 *
 * Shapes: any → the same. Source: Klambauer et al., 2017, arXiv:1706.02515.
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
 */
export class LogSigmoid extends Plain {
  forward(input: Tensor): Tensor {
    return F.logSigmoid(input);
  }
}

/**
 * x / (1 + |x|)
 *
 * Shapes: any → the same.
 */
export class Softsign extends Plain {
  forward(input: Tensor): Tensor {
    return F.softsign(input);
  }
}

/**
 * x - tanh(x)
 *
 * Shapes: any → the same.
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
 */
export class Hardswish extends InplaceLayer {
  forward(input: Tensor): Tensor {
    return F.hardswish(input);
  }
}

/** An activation with options: checks their names and prints them. */
abstract class WithOptions<Options extends object> extends Module {
  protected readonly options: Options;

  constructor(layer: string, defaults: Options, options: Partial<Options> | undefined) {
    super();
    checkOptions(layer, options, Object.keys(defaults));
    this.options = { ...defaults, ...options };
  }

  override extraRepr(): string {
    return printArguments({ ...this.options });
  }
}

/**
 * x where x > 0, else negativeSlope · x (default 0.01).
 *
 * Shapes: any → the same.
 */
export class LeakyReLU extends WithOptions<{ readonly negativeSlope: number }> {
  constructor(options?: { readonly negativeSlope?: number } & InplaceOption) {
    super("LeakyReLU", { negativeSlope: 0.01 }, withoutInplace("LeakyReLU", options));
  }

  forward(input: Tensor): Tensor {
    return F.leakyRelu(input, this.options);
  }
}

/**
 * x where x > 0, else α (exp(x) - 1).
 *
 * Shapes: any → the same. Source: Clevert et al., 2015, arXiv:1511.07289.
 */
export class ELU extends WithOptions<{ readonly alpha: number }> {
  constructor(options?: { readonly alpha?: number } & InplaceOption) {
    super("ELU", { alpha: 1 }, withoutInplace("ELU", options));
  }

  forward(input: Tensor): Tensor {
    return F.elu(input, this.options);
  }
}

/**
 * x where x > 0, else α (exp(x / α) - 1).
 *
 * Shapes: any → the same. Source: Barron, 2017, arXiv:1704.07483.
 */
export class CELU extends WithOptions<{ readonly alpha: number }> {
  constructor(options?: { readonly alpha?: number } & InplaceOption) {
    super("CELU", { alpha: 1 }, withoutInplace("CELU", options));
  }

  forward(input: Tensor): Tensor {
    return F.celu(input, this.options);
  }
}

/**
 * x Φ(x), with Φ exact or (`approximate: "tanh"`) approximated.
 *
 * Shapes: any → the same. Source: Hendrycks & Gimpel, 2016, arXiv:1606.08415.
 */
export class GELU extends WithOptions<{ readonly approximate: "none" | "tanh" }> {
  constructor(options?: { readonly approximate?: "none" | "tanh" }) {
    super("GELU", { approximate: "none" }, options);
  }

  forward(input: Tensor): Tensor {
    return F.gelu(input, this.options);
  }
}

/**
 * log(1 + exp(βx)) / β; x itself where βx > threshold (20).
 *
 * Shapes: any → the same.
 */
export class Softplus extends WithOptions<{ readonly beta: number; readonly threshold: number }> {
  constructor(options?: { readonly beta?: number; readonly threshold?: number }) {
    super("Softplus", { beta: 1, threshold: 20 }, options);
  }

  forward(input: Tensor): Tensor {
    return F.softplus(input, this.options);
  }
}

/**
 * x limited to [minVal, maxVal] (-1 and 1).
 *
 * Shapes: any → the same.
 */
export class Hardtanh extends WithOptions<{ readonly minVal: number; readonly maxVal: number }> {
  constructor(options?: { readonly minVal?: number; readonly maxVal?: number } & InplaceOption) {
    super("Hardtanh", { minVal: -1, maxVal: 1 }, withoutInplace("Hardtanh", options));
  }

  forward(input: Tensor): Tensor {
    return F.hardtanh(input, this.options);
  }
}

/**
 * x where x > 0, else a learned slope · x: one slope, or one a channel.
 *
 * Shapes: input `[N, C, …]` → the same. Source: He et al., 2015, arXiv:1502.01852.
 */
export class PReLU extends Module {
  /** The slopes for negative values, `[numParameters]`. */
  weight: Parameter;
  /** 1, or the number of channels. */
  readonly numParameters: number;

  /** @param options - `numParameters` (default 1), `init` (default 0.25). */
  constructor(options: { readonly numParameters?: number; readonly init?: number } = {}) {
    super();
    checkOptions("PReLU", options, ["numParameters", "init"]);
    this.numParameters = options.numParameters ?? 1;
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
 * x, and 0 where |x| <= lambd (0.5).
 *
 * Shapes: any → the same.
 */
export class Hardshrink extends WithOptions<{ readonly lambd: number }> {
  constructor(options?: { readonly lambd?: number }) {
    super("Hardshrink", { lambd: 0.5 }, options);
  }

  forward(input: Tensor): Tensor {
    return F.hardshrink(input, this.options);
  }
}

/**
 * x moved by lambd (0.5) towards 0, and 0 where |x| <= lambd.
 *
 * Shapes: any → the same.
 */
export class Softshrink extends WithOptions<{ readonly lambd: number }> {
  constructor(options?: { readonly lambd?: number }) {
    super("Softshrink", { lambd: 0.5 }, options);
  }

  forward(input: Tensor): Tensor {
    return F.softshrink(input, this.options);
  }
}

/**
 * The first half along `dim` (-1) times the sigmoid of the second. Dauphin et al., 2017, arXiv:1612.08083.
 *
 * Shapes: `[…, 2 D, …]` → `[…, D, …]`.
 * @throws ShapeError if the size of `dim` is odd.
 */
export class GLU extends WithOptions<{ readonly dim: number }> {
  constructor(options?: { readonly dim?: number }) {
    super("GLU", { dim: -1 }, options);
  }

  forward(input: Tensor): Tensor {
    return F.glu(input, this.options);
  }
}

/**
 * Leaky ReLU with slopes drawn in [lower, upper) (1/8, 1/3) in training, their mean in evaluation. Xu et al., 2015,
 * arXiv:1505.00853.
 *
 * Shapes: any → the same.
 */
export class RReLU extends WithOptions<{ readonly lower: number; readonly upper: number }> {
  constructor(options?: { readonly lower?: number; readonly upper?: number } & InplaceOption) {
    super("RReLU", { lower: 1 / 8, upper: 1 / 3 }, withoutInplace("RReLU", options));
  }

  forward(input: Tensor): Tensor {
    return F.rrelu(input, { ...this.options, training: this.training });
  }
}

/**
 * x where x > threshold, else `value`.
 *
 * Shapes: any → the same.
 */
export class Threshold extends Module {
  constructor(
    /** Values above it stay. */
    readonly threshold: number,
    /** Takes the place of all other values. */
    readonly value: number,
    options?: InplaceOption,
  ) {
    super();
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
  constructor(readonly dim: number) {
    super();
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
 */
export class LogSoftmax extends AlongDim {
  forward(input: Tensor): Tensor {
    return F.logSoftmax(input, this.dim);
  }
}

/** Softmax over the channels of images: `[N, C, H, W]` (dim 1) or `[C, H, W]` (dim 0). */
export class Softmax2d extends Module {
  forward(input: Tensor): Tensor {
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
