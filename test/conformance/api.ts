// The library as the conformance tests reach it: by the names in the fixtures.

import type { DType, Tensor } from "gradus";
import * as gradus from "gradus";
import * as linalg from "gradus/linalg";
import * as nn from "gradus/nn";
import * as functional from "gradus/nn/functional";
import * as optim from "gradus/optim";

type Callable = (...args: unknown[]) => unknown;
type Constructor = new (...args: unknown[]) => unknown;

// PyTorch's overloads that have a name of their own in the fixtures, because they return something else.
const SAME_FUNCTION: Readonly<Record<string, string>> = { maxDim: "max", minDim: "min" };

// A method that has the name of a function which does something else.
const METHODS: Readonly<Record<string, string>> = { unfoldDim: "unfold" };

function member<T>(space: object, name: string): T | undefined {
  return (space as Record<string, T | undefined>)[name];
}

/** The method of a value, bound. */
export function method(receiver: unknown, name: string): Callable {
  const found = member<Callable>(receiver as object, METHODS[name] ?? SAME_FUNCTION[name] ?? name);
  if (typeof found !== "function") throw new Error(`Tensor has no method ${name}`);
  return (...args) => Reflect.apply(found, receiver, args);
}

/** Pooling with indices and its inverse, as one call: what PyTorch's fixtures hold. */
function unpooling(rank: string): Callable {
  const pool = member<Callable>(functional, `maxPool${rank}WithIndices`) as Callable;
  const unpool = member<Callable>(functional, `maxUnpool${rank}`) as Callable;
  return (input, kernelSize, options) => {
    const [values, indices] = pool(input, kernelSize, options) as [Tensor, Tensor];
    const { shape } = input as Tensor;
    return unpool(values, indices, kernelSize, { ...(options as object), outputSize: shape });
  };
}

/** Away from singular matrices, as the generator's ops.py has it. */
const away = (x: Tensor): Tensor => x.add(gradus.eye(x.shape.at(-1) as number, { dtype: x.dtype }).mul(3));
const OF_SHIFTED = ["inv", "det", "slogdet", "logdet", "solve", "solveTriangular", "matrixPower"];

/** As the generator's ops.py has it. */
const factor = (x: Tensor, upper: boolean): Tensor =>
  linalg.cholesky(x.matmul(x.mT).add(gradus.eye(x.shape.at(-1) as number, { dtype: x.dtype })), { upper });
type Upper = { readonly upper?: boolean };
const ofFactor: Readonly<Record<string, Callable>> = {
  choleskySolve: (b, x, o) =>
    gradus.choleskySolve(b as Tensor, factor(x as Tensor, (o as Upper).upper ?? false), o as Upper),
  choleskyInverse: (x, o) => gradus.choleskyInverse(factor(x as Tensor, (o as Upper).upper ?? false), o as Upper),
};

/** Windows, whose dtype the fixtures give by position. */
function windowing(name: string): Callable {
  const call = member<Callable>(gradus, name) as Callable;
  return (size, dtype, options) => call(size, { dtype, ...(options as object) });
}

/** Functions of matrices that are made well-conditioned first. */
function ofMatrix(name: string): Callable | null {
  if (name === "eigvalsh") return (x) => linalg.eigvalsh((x as Tensor).add((x as Tensor).mT));
  if (name === "choleskyOfSquare") {
    return (given, options) => {
      const x = given as Tensor;
      const square = x.matmul(x.mT).add(gradus.eye(x.shape.at(-1) as number, { dtype: x.dtype }));
      return linalg.cholesky(square, options as { upper: boolean });
    };
  }
  if (name === "luFactor") return (x) => Object.values(linalg.luFactor(x as Tensor));
  if (name === "lu") return (x) => Object.values(linalg.lu(x as Tensor));
  if (name === "luUnpackOf") {
    return (x) => {
      const { LU, pivots } = linalg.luFactor(x as Tensor);
      return Object.values(gradus.luUnpack(LU, pivots));
    };
  }
  if (name === "luSolveOf") {
    return (a, b, options) => {
      const { LU, pivots } = linalg.luFactor(a as Tensor);
      return linalg.luSolve(LU, pivots, b as Tensor, options as linalg.LuSolveOptions);
    };
  }
  if (name === "linalgNorm") return linalg.norm as Callable;
  if (name === "lstsqSolution") return (a, b) => linalg.lstsq(a as Tensor, b as Tensor).solution;
  if (name === "svdWithoutSigns") {
    return (x) => {
      const { U, S, Vh } = linalg.svd(x as Tensor, { fullMatrices: false });
      return [U.abs(), S, Vh.abs()];
    };
  }
  if (!OF_SHIFTED.includes(name)) return member<Callable>(linalg, name) ?? null;
  const call = member<Callable>(linalg, name) ?? (member<Callable>(gradus, name) as Callable);
  return (x, ...args) => call(away(x as Tensor), ...args);
}

/** Initialisers write to a copy of their first argument. */
const INITIALISERS: Readonly<Record<string, Callable>> = {
  dirac: (x, options) => nn.init.dirac_((x as Tensor).clone(), options as { groups?: number } | undefined),
};

/** The function of the root or of nn/functional; a Tensor method where PyTorch has only that. */
export function operation(name: string): Callable {
  if (name.startsWith("maxUnpool")) return unpooling(name.slice("maxUnpool".length));
  const known = SAME_FUNCTION[name] ?? name;
  const adapted = INITIALISERS[name] ?? ofFactor[name];
  if (adapted) return adapted;
  if (name.endsWith("Window")) return windowing(name);
  const special = name in gradus && !OF_SHIFTED.includes(name) ? null : ofMatrix(name);
  const found = special ?? member<Callable>(gradus, known) ?? member<Callable>(functional, known);
  if (found) return found;
  return (receiver, ...args) => method(receiver, name)(...args);
}

function construct(space: object, where: string, name: string, args: readonly unknown[]): unknown {
  const found = member<Constructor>(space, name);
  if (typeof found !== "function") throw new Error(`${where} has no ${name}`);
  return new found(...args);
}

/** Arguments that PyTorch also takes by position and we as an option. */
const OPTIONS: Readonly<Record<string, string>> = { LeakyReLU: "negativeSlope" };

/** A stack of layers from the arguments of one layer, their number and whether a norm ends it. */
function makeStack(name: string, args: readonly unknown[]): unknown {
  const [dimension, heads, count, hasNorm, options] = args;
  const layer = construct(nn, "nn", `${name}Layer`, [dimension, heads, options]);
  return construct(nn, "nn", name, [layer, count, hasNorm ? new nn.LayerNorm(dimension as number) : null]);
}

export function makeModule(name: string, args: readonly unknown[]): unknown {
  if (name === "TransformerEncoder" || name === "TransformerDecoder") return makeStack(name, args);
  if (name === "OrthogonalLinear") {
    const [inputs, outputs, map] = args as [number, number, string];
    const orthogonalMap = (map === "matrix_exp" ? "matrixExp" : map) as nn.utils.OrthogonalMap;
    return nn.utils.orthogonal(new nn.Linear(inputs, outputs), { orthogonalMap });
  }
  const option = OPTIONS[name];
  const given = option !== undefined && typeof args[0] === "number" ? [{ [option]: args[0] }] : args;
  return construct(nn, "nn", name, given);
}
export const makeOptim = (name: string, args: readonly unknown[]) => construct(optim, "optim", name, args);

function nested(values: Float64Array, shape: readonly number[], at: number, dtype: DType): unknown {
  const [length, ...rest] = shape;
  if (length === undefined) return dtype === "bool" ? values[at] !== 0 : values[at];
  const stride = rest.reduce((product, size) => product * size, 1);
  return Array.from({ length }, (_, i) => nested(values, rest, at + i * stride, dtype));
}

/** A leaf tensor with the given elements. */
export function makeTensor(values: Float64Array, shape: readonly number[], dtype: DType, requiresGrad = false): Tensor {
  const options = { dtype, requiresGrad };
  if (values.length === 0) return gradus.zeros([...shape], options);
  return gradus.tensor(nested(values, shape, 0, dtype) as number[], options);
}

export function isTensor(value: unknown): value is Tensor {
  return value instanceof gradus.Tensor;
}
