// Layers that change shapes, or nothing.
import { checkOptions } from "../base/index.js";
import { checkTensor, type Tensor } from "../tensor/index.js";
import { Module } from "./module.js";
import { printArguments } from "./print.js";

/**
 * Returns its input.
 *
 * Shapes: any → the same.
 */
export class Identity extends Module {
  forward(input: Tensor): Tensor {
    return input;
  }
}

/**
 * Joins dims `startDim` (default 1) to `endDim` (default -1) into one.
 *
 * Shapes: `[N, d1, …, dk]` → `[N, d1 · … · dk]` by default.
 * @throws ArgumentError if `startDim` lies behind `endDim` (in the call).
 * @throws IndexError if the input has no such dims.
 * @example new nn.Flatten()(randn([32, 1, 5, 5])).shape // [32, 25]
 */
export class Flatten extends Module {
  /** First of the dims that become one. */
  readonly startDim: number;
  /** Last of them. */
  readonly endDim: number;

  constructor(options: { readonly startDim?: number; readonly endDim?: number } = {}, ...surplus: []) {
    super(...surplus);
    checkOptions("Flatten", options, ["startDim", "endDim"]);
    this.startDim = options.startDim ?? 1;
    this.endDim = options.endDim ?? -1;
  }

  forward(input: Tensor): Tensor {
    checkTensor("Flatten", "input", input);
    return input.flatten(this.startDim, this.endDim);
  }

  override extraRepr(): string {
    return printArguments({ startDim: this.startDim, endDim: this.endDim });
  }
}

/**
 * Splits a dim into several; one size may be -1, for what is left.
 *
 * Shapes: `[…, D, …]` → `[…, ...unflattenedSize, …]`.
 * @throws IndexError if the input has no such dim.
 * @throws ShapeError if the sizes do not multiply to its size.
 * @example new nn.Unflatten(1, [2, 5, 5])(randn([32, 50])).shape // [32, 2, 5, 5]
 */
export class Unflatten extends Module {
  constructor(
    /** The dim that is taken apart. */
    readonly dim: number,
    /** The sizes it becomes; their product is its size. */
    readonly unflattenedSize: readonly number[],
    ...surplus: []
  ) {
    super(...surplus);
  }

  forward(input: Tensor): Tensor {
    checkTensor("Unflatten", "input", input);
    return input.unflatten(this.dim, this.unflattenedSize);
  }

  override extraRepr(): string {
    return printArguments({ dim: this.dim, unflattenedSize: this.unflattenedSize });
  }
}
