// The numbers of one step that change from step to step, as inputs of its program.

import type { DType } from "../base/index.js";
import { wideDType } from "../base/index.js";
import { runtimeScalar, type Tensor } from "../tensor/index.js";
import type { ParamState } from "./optimizer.js";

/**
 * Makes each number once a step count and dtype, so that parameters share it: rates, bias corrections, decays. They are
 * inputs of the program and never compile it anew. Parameters that joined later count their own steps.
 */
export class StepNumbers {
  readonly #known = new Map<string, { readonly step: number; readonly dtype: DType; readonly tensor: Tensor }[]>();

  /** A 0-d tensor (float32 beside half parameters: 0.999 is no bfloat16) of what `read` gives for the step count of `state`, read again at each replay. */
  of(name: string, { param, state }: { param: Tensor; state: ParamState }, read: (step: number) => number): Tensor {
    return this.as(name, wideDType(param.dtype), state, read);
  }

  as(name: string, dtype: DType, state: ParamState, read: (step: number) => number): Tensor {
    const { step } = state;
    const named = this.#known.get(name) ?? [];
    if (named.length === 0) this.#known.set(name, named);
    // Most often one entry: parameters of one dtype that have made as many steps.
    for (const entry of named) if (entry.step === step && entry.dtype === dtype) return entry.tensor;
    const tensor = runtimeScalar(() => read(state.step), dtype);
    named.push({ step, dtype, tensor });
    return tensor;
  }
}
