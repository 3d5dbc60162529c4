// The fully connected layer.
import { checkOptions } from "../base/index.js";
import type { Tensor } from "../tensor/index.js";
import { checkCounts } from "./checks.js";
import { linear } from "./functional.js";
import { uniform_ } from "./init.js";
import { Module } from "./module.js";
import { initialized, type Parameter } from "./parameter.js";
import { printArguments } from "./print.js";

/** Options of `Linear`. */
export interface LinearOptions {
  /** Add a learned bias; default true. */
  readonly bias?: boolean;
}

/**
 * y = x Wᵀ + b over the last dim.
 *
 * Shapes: input `[…, inFeatures]` → `[…, outFeatures]`; `weight` is `[outFeatures, inFeatures]`, `bias` `[outFeatures]`.
 * Both start uniform in ±1/√inFeatures, as PyTorch's.
 * @throws ArgumentError if a size is no integer >= 1.
 * @throws ShapeError if the input's last dim is not `inFeatures`.
 * @throws DTypeError if the input has another dtype than the weight.
 * @example new nn.Linear(20, 30)(randn([128, 20])).shape // [128, 30]
 */
export class Linear extends Module {
  /** `[outFeatures, inFeatures]`. */
  weight: Parameter;
  /** `[outFeatures]`; null without `bias`. */
  bias: Parameter | null;

  constructor(
    /** Last dim of the input. */
    readonly inFeatures: number,
    /** Last dim of the output. */
    readonly outFeatures: number,
    options: LinearOptions = {},
    ...surplus: []
  ) {
    super(...surplus);
    checkOptions("Linear", options, ["bias"]);
    checkCounts("Linear", { inFeatures, outFeatures });
    const bound = 1 / Math.sqrt(inFeatures);
    this.weight = uniformParameter([outFeatures, inFeatures], bound);
    this.bias = (options.bias ?? true) ? uniformParameter([outFeatures], bound) : null;
  }

  forward(input: Tensor): Tensor {
    return linear(input, this.weight, this.bias);
  }

  override extraRepr(): string {
    const { inFeatures, outFeatures, bias } = this;
    return printArguments({ inFeatures, outFeatures, bias: bias !== null });
  }
}

/** A parameter uniform in ±`bound`. */
export function uniformParameter(shape: readonly number[], bound: number): Parameter {
  return initialized(shape, (weight) => uniform_(weight, { a: -bound, b: bound }));
}
