// Programs of views, in-place writes and backward passes: the final value of every variable is PyTorch's.
import type { DType, Tensor } from "gradus";
import { expect, test } from "vitest";
import { method } from "./api.js";
import { Inputs } from "./build.js";
import { loadFamily, type Place, type TensorSpec, type Tolerance } from "./fixtures.js";
import { Report } from "./run-op.js";
import { forEachTarget } from "./targets.js";

/** target = source.method(...args, options); a text "$name" is a variable. */
type Step = readonly [
  target: string,
  source: string,
  method: string,
  args: readonly unknown[],
  options?: Readonly<Record<string, unknown>>,
];

interface ProgramCase {
  readonly id: string;
  readonly title: string;
  readonly leaves: Readonly<Record<string, TensorSpec>>;
  readonly requiresGrad: readonly string[];
  readonly steps: readonly Step[];
  readonly tol: Tolerance;
  readonly expect: Readonly<Record<string, Place | null>>;
}

const family = loadFamily<ProgramCase>("programs");

type Variables = Map<string, Tensor | null>;

function resolve(value: unknown, variables: Variables): unknown {
  if (typeof value === "string" && value.startsWith("$")) return variables.get(value.slice(1));
  return Array.isArray(value) ? value.map((item) => resolve(item, variables)) : value;
}

function perform([target, source, name, args, options]: Step, variables: Variables): void {
  const receiver = variables.get(source) as Tensor;
  if (name === "grad") {
    variables.set(target, receiver.grad);
    return;
  }
  if (name === "zeroGradToNull") {
    receiver.grad = null;
    return;
  }
  const built = args.map((arg) => resolve(arg, variables));
  const result = method(receiver, name)(...built, ...(options ? [options] : []));
  if (target !== "") variables.set(target, result as Tensor);
}

function run(program: ProgramCase, dtype: DType): Variables {
  const variables: Variables = new Map();
  for (const [name, spec] of Object.entries(program.leaves)) {
    const inputs = new Inputs(program.id, dtype, program.requiresGrad.includes(name));
    variables.set(name, inputs.tensor(spec, name));
  }
  for (const step of program.steps) perform(step, variables);
  return variables;
}

forEachTarget(() => {
  test.each(family.cases)("$title: given the steps of $id, gives PyTorch's values", (program) => {
    for (const dtype of ["float64", "float32"] as const) {
      const variables = run(program, dtype);

      const report = new Report(family, dtype, program.tol);
      for (const [name, place] of Object.entries(program.expect)) {
        const actual = variables.get(name) ?? null;
        if (place === null || name === "g" || name === "h") report.gradient(name, actual, place);
        else report.tensor(name, actual, place);
      }
      expect(report.problems, JSON.stringify(program.steps)).toEqual([]);
    }
  });
});
