// State dicts: tensors by PyTorch's keys, out of a module and back into one.
import {
  ArgumentError,
  checkFlag,
  checkOptions,
  type DType,
  DTypeError,
  formatShape,
  isFloat,
  NumericError,
  promote,
  ShapeError,
  shapesEqual,
} from "../base/index.js";
import { checkTensor, noGrad, type Tensor } from "../tensor/index.js";
import type { AnyModule } from "./any-module.js";
import { fieldsOf, isModule } from "./fields.js";
import { assignTo, Buffer, type Parameter } from "./parameter.js";

/** Tensors by key: `conv1.weight`, `bn.running_mean`. */
export type StateDict = Record<string, Tensor>;

/** Options of `loadStateDict`. */
export interface LoadOptions {
  /** Missing and unexpected keys are an error; default true. */
  readonly strict?: boolean;
  /** Parameters and buffers become what the state has, with its dtypes and devices; default false: values are cast to theirs. */
  readonly assign?: boolean;
}

/** What a state dict and a module did not have in common. */
export interface LoadResult {
  /** Keys of the module that the state lacks. */
  readonly missingKeys: readonly string[];
  /** Keys of the state that the module lacks. */
  readonly unexpectedKeys: readonly string[];
}

/** Parameters and persistent buffers; tied ones under each of their keys, as in PyTorch. */
function entriesOf(module: AnyModule, prefix: string): [key: string, tensor: Parameter | Buffer][] {
  const own: [string, Parameter | Buffer][] = [];
  const inner: [string, Parameter | Buffer][] = [];
  for (const { key, value } of fieldsOf(module)) {
    if (isModule(value)) inner.push(...entriesOf(value, `${prefix}${key}.`));
    else if (!(value instanceof Buffer) || value.persistent) own.push([prefix + key, value]);
  }
  return [...own, ...inner];
}

/** Modules with a state of their own making, by its key. */
function extrasOf(module: AnyModule, prefix: string): [key: string, module: AnyModule][] {
  const own: [string, AnyModule][] =
    module.getExtraState || module.setExtraState ? [[`${prefix}_extra_state`, module]] : [];
  const inner = fieldsOf(module).flatMap(({ key, value }) =>
    isModule(value) ? extrasOf(value, `${prefix}${key}.`) : [],
  );
  return [...own, ...inner];
}

function extraState(module: AnyModule): Tensor {
  const name = module.constructor.name;
  if (!module.getExtraState || !module.setExtraState) {
    throw new ArgumentError(`${name}: has only one of getExtraState and setExtraState; write both`, { op: name });
  }
  const state = module.getExtraState();
  checkTensor(name, "what getExtraState returns", state);
  return state.detach();
}

export function saveState(module: AnyModule, prefix: string): StateDict {
  const entries = entriesOf(module, prefix).map(([key, tensor]) => [key, tensor.detach()] as const);
  const extras = extrasOf(module, prefix).map(([key, owner]) => [key, extraState(owner)] as const);
  return Object.fromEntries([...entries, ...extras]);
}

export function loadState(
  module: AnyModule,
  state: Readonly<Record<string, Tensor>>,
  options: LoadOptions,
): LoadResult {
  checkOptions("loadStateDict", options, ["strict", "assign"]);
  const { strict = true, assign = false } = options;
  checkFlag("loadStateDict", "assign", assign);
  const name = module.constructor.name;
  if (typeof state !== "object" || state === null) {
    throw new ArgumentError(
      `loadStateDict: takes an object of tensors by key, as of stateDict(), got ${state === null ? "null" : typeof state}`,
      { op: "loadStateDict" },
    );
  }
  const entries = entriesOf(module, "");
  const extras = extrasOf(module, "");
  const known = new Set([...entries, ...extras].map(([key]) => key));
  const result = {
    missingKeys: [...known].filter((key) => !Object.hasOwn(state, key)),
    unexpectedKeys: Object.keys(state).filter((key) => !known.has(key)),
  };
  const present = entries.filter(([key]) => Object.hasOwn(state, key));
  if (strict) checkKeys(name, result);
  for (const [key, target] of present) checkValue(name, key, state[key] as Tensor, target, assign);
  noGrad(() => {
    for (const [key, target] of present) {
      if (assign) assignTo(target, state[key] as Tensor);
      else target.copy_(state[key] as Tensor);
    }
  });
  for (const [key, owner] of extras) if (Object.hasOwn(state, key)) owner.setExtraState?.(state[key] as Tensor);
  return result;
}

function checkKeys(name: string, { missingKeys, unexpectedKeys }: LoadResult): void {
  if (missingKeys.length + unexpectedKeys.length === 0) return;
  const parts: string[] = [];
  if (missingKeys.length > 0) parts.push(`missing keys: ${missingKeys.join(", ")}`);
  if (unexpectedKeys.length > 0) parts.push(`unexpected keys: ${unexpectedKeys.join(", ")}`);
  throw new ArgumentError(
    `loadStateDict: the state does not fit ${name}; ${parts.join("; ")}; pass { strict: false } to load what fits`,
    { op: "loadStateDict", fix: "strict" },
  );
}

function checkValue(name: string, key: string, value: Tensor, target: Tensor, assign: boolean): void {
  checkTensor("loadStateDict", key, value);
  if (!shapesEqual(value.shape, target.shape)) {
    throw new ShapeError(
      `loadStateDict: ${key} has shape ${formatShape(value.shape)} in the state but ${formatShape(target.shape)} in ${name}`,
      { op: "loadStateDict", shapes: [value.shape, target.shape] },
    );
  }
  if (assign && target.requiresGrad && !isFloat(value.dtype)) {
    throw new DTypeError(
      `loadStateDict: ${key} is ${value.dtype} in the state and cannot be assigned to a parameter that needs a gradient; load it without assign, which casts`,
      { op: "loadStateDict" },
    );
  }
  if (assign || value.dtype === target.dtype || promote(value.dtype, target.dtype) === target.dtype) return;
  const bad = firstUnfit(value, target.dtype);
  if (bad === null) return;
  throw new NumericError(`loadStateDict: ${key} holds ${bad}, which ${target.dtype} cannot; convert the state first`, {
    op: "loadStateDict",
  });
}

const ranges: Readonly<Record<DType, readonly [low: number, high: number]>> = {
  float64: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
  float32: [-3.4028235677973366e38, 3.4028235677973366e38],
  float16: [-65520, 65520],
  bfloat16: [-3.3961775292304601e38, 3.3961775292304601e38],
  int64: [-(2 ** 63), 2 ** 63 - 1024],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int16: [-32768, 32767],
  int8: [-128, 127],
  uint8: [0, 255],
  bool: [0, 1],
};

/** The first value that a narrower dtype cannot hold; rounding to a float is allowed, infinities and NaN stay floats. */
function firstUnfit(value: Tensor, dtype: DType): number | null {
  const [low, high] = ranges[dtype];
  for (const raw of value.toTypedArray()) {
    const x = Number(raw);
    if (isFloat(dtype) ? Number.isFinite(x) && (x < low || x >= high) : !(Number.isInteger(x) && x >= low && x <= high))
      return x;
  }
  return null;
}
