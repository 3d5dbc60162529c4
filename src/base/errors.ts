// The closed family of errors Gradus throws. Programs read `code`, `op` and `fix`; people read `message`.

export interface ErrorDetails {
  /** The function that was called, as users write it. */
  readonly op?: string;
  /** The shapes that do not fit. */
  readonly shapes?: readonly (readonly number[])[];
  /** What mends it, where that is one known step. */
  readonly fix?: string;
  /** The error this one came of. */
  readonly cause?: unknown;
}

/** Base of every error thrown on purpose. */
export class GradusError extends Error {
  /**
   * Names the kind of error, the same in every release: `"SHAPE"`, `"DTYPE"`, `"INDEX"` … For programs, which must not
   * parse messages.
   */
  readonly code: string = "GRADUS";
  /** The function that was called, as users write it: `"conv2d"`. */
  readonly op: string | undefined;
  /** The shapes that do not fit. */
  readonly shapes: readonly (readonly number[])[] | undefined;
  /** What mends it, where that is one known step: `"noGrad"`, `"clone"`. */
  readonly fix: string | undefined;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.op = details.op;
    this.shapes = details.shapes;
    this.fix = details.fix;
  }
}

/**
 * `error` as one of `op`: where it names an operation that `op` is composed of, it names `op` instead. To be thrown again.
 * @example try { return compute(x); } catch (error) { throw inName("mseLoss", error); }
 */
export function inName(op: string, error: unknown): unknown {
  if (!(error instanceof GradusError) || error.op === undefined || error.op === op) return error;
  const { message, op: inner } = error;
  if (!message.startsWith(`${inner}: `)) return error;
  const renamed = error as { message: string; op: string | undefined };
  renamed.message = op + message.slice(inner.length);
  renamed.op = op;
  error.stack = error.stack?.replace(message, () => error.message) ?? "";
  return error;
}

/** Shapes that do not fit an operation or each other. */
export class ShapeError extends GradusError {
  /** Always `"SHAPE"`. */
  override readonly code = "SHAPE";
}

/** A dtype that an operation, or a device, does not take. */
export class DTypeError extends GradusError {
  /** Always `"DTYPE"`. */
  override readonly code = "DTYPE";
}

/** A dimension, element or class index out of range. */
export class IndexError extends GradusError {
  /** Always `"INDEX"`. */
  override readonly code = "INDEX";
}

/** Wrong, unknown or surplus arguments and options. */
export class ArgumentError extends GradusError {
  /** Always `"ARGUMENT"`. */
  override readonly code = "ARGUMENT";
}

/** A device that is missing, mixed up, or cannot do what was asked synchronously. */
export class DeviceError extends GradusError {
  /** Always `"DEVICE"`. */
  override readonly code = "DEVICE";
}

/** More memory than there is. */
export class MemoryError extends GradusError {
  /** Always `"MEMORY"`. */
  override readonly code = "MEMORY";
}

/** Values outside what an operation is defined for, and gradients that cannot be computed. */
export class NumericError extends GradusError {
  /** Always `"NUMERIC"`. */
  override readonly code = "NUMERIC";
}

/** Reverse mode used in a way that has no answer: no graph, a released graph, an overwritten value. */
export class AutogradError extends GradusError {
  /** Always `"AUTOGRAD"`. */
  override readonly code = "AUTOGRAD";
}

/** Files and data that are missing, truncated or not what they should be. */
export class FormatError extends GradusError {
  /** Always `"FORMAT"`. */
  override readonly code = "FORMAT";
}

/** Our own fault. */
export class InternalError extends GradusError {
  /** Always `"INTERNAL"`. */
  override readonly code = "INTERNAL";

  constructor(message: string, details: ErrorDetails = {}) {
    super(`internal: ${message}. Please report this with the graph dump (GRADUS_DEBUG=2)`, details);
  }
}
