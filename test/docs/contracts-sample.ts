// What contracts.test.ts looks for gaps in.
import { ArgumentError, ShapeError } from "../../src/base/index.js";
import type { Tensor } from "../../src/tensor/tensor.js";

/** Says all. Shapes: any → the same. */
export function complete(x: Tensor): Tensor {
  return x;
}

/** Says no shapes. */
export function shapeless(x: Tensor): Tensor {
  return x;
}

/** Says what goes in only. Shapes: any. */
export function halfSaid(x: Tensor): { readonly values: Tensor } {
  return { values: x };
}

/** What comes out is no tensor. Shapes: any. */
export function counted(x: Tensor): number {
  return x.shape.length;
}

/** The tensors of a callback are its own business. */
export function called(_fn: (x: Tensor) => Tensor): void {}

function refuse(): void {
  throw new ShapeError("sample: refused");
}

/**
 * Names one of its two errors.
 * @throws ArgumentError if `n` is negative.
 */
export function throwing(n: number): void {
  if (n < 0) throw new ArgumentError("sample: negative");
  refuse();
}

/**
 * Names no error.
 * @throws when it likes.
 */
export function vague(): void {}

/**
 * A class is called by its constructor and by `forward`.
 * @throws ArgumentError if `n` is negative.
 */
export class Layer {
  /** A size. */
  readonly n: number;

  constructor(n: number) {
    if (n < 0) throw new ArgumentError("sample: negative");
    this.n = n;
  }

  /** Said at the class. */
  forward(x: Tensor): Tensor {
    refuse();
    return x;
  }
}
