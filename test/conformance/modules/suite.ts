// Modules: outputs, gradients of inputs and parameters, and buffers are PyTorch's. The suite that each target runs in a file of
// its own, so that they run side by side.
import type { DType, Tensor } from "gradus";
import type { Module } from "gradus/nn";
import { expect, test } from "vitest";
import { makeModule, makeTensor } from "../api.js";
import { Inputs } from "../build.js";
import { casesBy, isTensorSpec, loadFamily, type Place, type Tolerance } from "../fixtures.js";
import type { Kind } from "../inputs.js";
import { differentiate, Report, results } from "../run-op.js";
import { coveringPart } from "../targets.js";

interface ModuleCase {
  readonly id: string;
  readonly module: string;
  readonly args: readonly unknown[];
  readonly options?: Readonly<Record<string, unknown>>;
  readonly inputs: readonly unknown[];
  /** What parameters are drawn from; default: normal. */
  readonly state?: Kind;
  /** Options of the call. */
  readonly call?: Readonly<Record<string, unknown>>;
  readonly training: boolean;
  readonly calls: number;
  readonly tol: Tolerance;
  readonly expect: {
    /** null where the module returns null. */
    readonly out: readonly (Place | null)[];
    readonly grad: readonly (Place | null)[];
    readonly paramGrad: Readonly<Record<string, Place | null>>;
    readonly buffers: Readonly<Record<string, Place>>;
  };
}

type CallableModule = Module & ((...inputs: unknown[]) => unknown);

const family = loadFamily<ModuleCase>("modules");
const products = loadFamily<ModuleCase>("module-options");

/** Values of a state entry that are sensible for its role; the same rule as in the generator. */
function stateKind(key: string, other?: Kind): Kind | undefined {
  return key.endsWith("running_var") ? ["uniform", 0.5, 2] : other;
}

function fillState(module: CallableModule, inputs: Inputs, kind?: Kind): void {
  const state: Record<string, Tensor> = {};
  for (const [key, value] of Object.entries(module.stateDict())) {
    const isFloat = value.dtype === "float32" || value.dtype === "float64";
    const { dtype } = inputs;
    state[key] = isFloat
      ? makeTensor(inputs.values(value.shape, dtype, `state:${key}`, stateKind(key, kind)), value.shape, dtype)
      : value;
  }
  module.loadStateDict(state);
}

/** Positional arguments before the options of a call; those left out are null. */
const positions: Readonly<Record<string, number>> = { RNN: 2, LSTM: 2, GRU: 2 };

function callArguments({ module, call = {} }: ModuleCase, given: unknown[], inputs: Inputs): unknown[] {
  const missing = Math.max(0, (positions[module] ?? 0) - given.length);
  return [...given, ...new Array<null>(missing).fill(null), optionsOf(call, inputs, "call")];
}

/** Options with their tensors built, under names of their own. */
function optionsOf(
  options: Readonly<Record<string, unknown>>,
  inputs: Inputs,
  prefix = "option",
): Record<string, unknown> {
  const entries = Object.entries(options).map(([key, value]) => [
    key,
    isTensorSpec(value) ? inputs.tensor(value, `${prefix}:${key}`) : value,
  ]);
  return Object.fromEntries(entries);
}

function check(moduleCase: ModuleCase, dtype: DType, values: typeof family): string[] {
  const report = new Report(values, dtype, moduleCase.tol);
  const inputs = new Inputs(moduleCase.id, dtype, true);
  const options = moduleCase.options ? [optionsOf(moduleCase.options, inputs)] : [];
  const module = makeModule(moduleCase.module, [...moduleCase.args, ...options]) as CallableModule;
  module.to({ dtype });
  module.train(moduleCase.training);
  fillState(module, inputs, moduleCase.state);
  const given = moduleCase.inputs.map((spec) => inputs.build(spec));
  const args = moduleCase.call ? callArguments(moduleCase, given, inputs) : given;

  let outputs: unknown[] = [];
  for (let call = 0; call < moduleCase.calls; call++) outputs = results(module(...args));
  differentiate(
    outputs.filter((output) => output !== null),
    inputs,
  );

  const { out, grad, paramGrad, buffers } = moduleCase.expect;
  const parameters = new Map(module.namedParameters());
  const state = module.stateDict();
  out.forEach((place, k) => {
    if (place) report.tensor(`output ${k}`, outputs[k], place);
    else if (outputs[k] !== null) report.problems.push(`output ${k} is not null`);
  });
  grad.forEach((place, k) => {
    report.gradient(`gradient ${k}`, inputs.differentiable[k]?.grad ?? null, place);
  });
  // States of optimizers go by the parameters' numbers.
  const order = (names: Iterable<string>) => [...names].join(" ");
  if (order(parameters.keys()) !== order(Object.keys(paramGrad))) {
    report.problems.push(
      `parameters in the order ${order(parameters.keys())}, PyTorch ${order(Object.keys(paramGrad))}`,
    );
  }
  for (const [key, place] of Object.entries(paramGrad)) {
    report.gradient(`gradient of ${key}`, parameters.get(key)?.grad ?? null, place);
  }
  for (const [key, place] of Object.entries(buffers)) report.tensor(key, state[key], place);
  return report.problems;
}

function expectPyTorch(moduleCase: ModuleCase, dtypes: readonly DType[], values: typeof family): void {
  const problems = dtypes.flatMap((dtype) => check(moduleCase, dtype, values).map((problem) => `${dtype} ${problem}`));

  expect(problems, JSON.stringify(moduleCase)).toEqual([]);
}

export function moduleSuite(target: string): void {
  test.each(family.cases)(
    "$module: given the inputs of $id, gives PyTorch's outputs, gradients and state",
    (moduleCase) => {
      expectPyTorch(moduleCase, ["float64", "float32"], family);
    },
  );

  const byModule = casesBy(coveringPart(products.cases, target), ({ module }) => module);
  test.each(byModule)("%s: given products of its options, gives PyTorch's values", (_module, cases) => {
    for (const moduleCase of cases) expectPyTorch(moduleCase, ["float64"], products);
  });
}
