// Rebuilds the tensors of a case from its id.
import type { DType, Tensor } from "gradus";
import { makeTensor, method } from "./api.js";
import { isTensorSpec, type TensorSpec } from "./fixtures.js";
import { generate, type Kind, parseNumber, textSeed } from "./inputs.js";

function isFloat(dtype: DType): boolean {
  return dtype.includes("float");
}

function defaultKind(dtype: DType): Kind {
  if (isFloat(dtype)) return "normal";
  if (dtype === "bool") return "bool";
  return dtype === "uint8" ? ["int", 0, 11] : ["int", -5, 6];
}

/** The tensors of one run of a case; leaves are numbered in the order of arguments, then options. */
export class Inputs {
  readonly differentiable: Tensor[] = [];
  #slot = 0;

  constructor(
    readonly caseId: string,
    readonly dtype: DType,
    readonly wantsGradients: boolean,
  ) {}

  /** Elements of the input `name` of this case. */
  values(shape: readonly number[], dtype: DType, name: string, kind?: Kind): Float64Array {
    const count = shape.reduce((product, size) => product * size, 1);
    return generate(textSeed(`${this.caseId}/${name}`), count, kind ?? defaultKind(dtype));
  }

  leaf(shape: readonly number[], name: string, requiresGrad = false, dtype = this.dtype): Tensor {
    return makeTensor(this.values(shape, dtype, name), shape, dtype, requiresGrad);
  }

  tensor(spec: TensorSpec, name?: string): Tensor {
    const dtype = spec.dtype ?? this.dtype;
    const requiresGrad = this.wantsGradients && isFloat(dtype) && spec.grad !== false;
    const values = this.values(spec.shape, dtype, name ?? String(this.#slot++), spec.kind);
    const leaf = makeTensor(values, spec.shape, dtype, requiresGrad);
    if (requiresGrad) this.differentiable.push(leaf);
    return (spec.view ?? []).reduce((value, [step, args]) => method(value, step)(...args) as Tensor, leaf);
  }

  /** An argument as the library takes it: tensors built, non-finite numbers read. */
  build(value: unknown): unknown {
    if (isTensorSpec(value)) return this.tensor(value);
    if (Array.isArray(value)) return value.map((item) => this.build(item));
    if (typeof value !== "object" || value === null) return value;
    if ("number" in value) return parseNumber(value.number);
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.build(item)]));
  }

  /** The weights of an output in the sum that is differentiated. */
  cotangent(shape: readonly number[], dtype: DType, output: number): Tensor {
    return this.leaf(shape, `ct${output}`, false, dtype);
  }
}
