// Runs one case of an op, forward and backward, and says what differs from PyTorch.
import type { DType, Tensor } from "gradus";
import { isTensor, method, operation } from "./api.js";
import { Inputs } from "./build.js";
import { type Allowance, read, tensorProblem } from "./compare.js";
import { allowanceOf } from "./differences.js";
import { type Expectation, expectations, type Family, type OpCase, type Place, type Tolerance } from "./fixtures.js";

/** Tensors and plain values of what a call returned, in order; max(x, dim), sort, aminmax … return objects. */
export function results(output: unknown): unknown[] {
  if (Array.isArray(output)) return output.flatMap(results);
  if (typeof output === "object" && output !== null && !isTensor(output)) return Object.values(output);
  return [output];
}

/** Back-propagates Σ out · cotangent over the outputs that need a gradient. */
export function differentiate(outputs: readonly unknown[], inputs: Inputs): void {
  let total: Tensor | null = null;
  outputs.forEach((out, k) => {
    if (!isTensor(out) || !out.requiresGrad) return;
    const part = out.mul(inputs.cotangent(out.shape, out.dtype, k)).sum();
    total = total === null ? part : total.add(part);
  });
  (total as Tensor | null)?.backward();
}

type Problem = string | null;

/** Collects the problems of one run. */
export class Report {
  readonly problems: string[] = [];

  constructor(
    readonly family: Pick<Family<unknown>, "values">,
    readonly dtype: DType,
    readonly tol: Tolerance,
    private readonly allowance: (part: "output" | "gradient") => Allowance = () => ({}),
  ) {}

  add(what: string, problem: Problem): void {
    if (problem !== null) this.problems.push(`${what}: ${problem}`);
  }

  tensor(what: string, actual: unknown, place: Place, tol = this.tol, part: "output" | "gradient" = "output"): void {
    const dtype = place.dtype ?? this.dtype;
    const isThere = isTensor(actual);
    this.add(
      what,
      isThere
        ? tensorProblem(actual, place, this.family.values(place), dtype, tol, this.allowance(part))
        : `${actual}, PyTorch a tensor`,
    );
  }

  gradient(what: string, actual: Tensor | null, place: Place | null): void {
    if (place !== null) {
      // The gradient of an op that only moves values may be a sum of several.
      this.tensor(what, actual, place, this.tol === "exact" ? "sum" : this.tol, "gradient");
    } else if (actual !== null && read(actual).some((value) => value !== 0)) this.add(what, "not zero, PyTorch none");
  }
}

function checkOutputs(report: Report, outputs: readonly unknown[], expected: Expectation): void {
  if (outputs.length !== expected.out.length) {
    report.add("outputs", `${outputs.length}, PyTorch ${expected.out.length}`);
  }
  expected.out.forEach((place, k) => {
    if (place !== null && "value" in place) {
      report.add(`output ${k}`, outputs[k] === place.value ? null : `${outputs[k]}, PyTorch ${place.value}`);
    } else if (place !== null) report.tensor(`output ${k}`, outputs[k], place);
  });
}

function runOnce(
  family: Family<OpCase>,
  opCase: OpCase,
  dtype: DType,
  expected: Expectation,
  asMethod: boolean,
): string[] {
  const inputs = new Inputs(opCase.id, dtype, expected.grad !== undefined);
  const args = opCase.args.map((arg) => inputs.build(arg));
  if (opCase.options) args.push(inputs.build(opCase.options));
  const report = new Report(family, dtype, opCase.tol, (part) => allowanceOf(opCase, dtype, args, part));
  const outputs = results(asMethod ? callMethod(opCase.op, args) : operation(opCase.op)(...args));
  checkOutputs(report, outputs, expected);
  if (expected.grad !== undefined && report.problems.length === 0) {
    differentiate(outputs, inputs);
    expected.grad.forEach((place, k) => {
      report.gradient(`gradient ${k}`, inputs.differentiable[k]?.grad ?? null, place);
    });
  }
  return report.problems;
}

/** `op` as a method of its first tensor operand: where(condition, x, y) is x.where(condition, y). */
function callMethod(op: string, args: readonly unknown[]): unknown {
  const at = op === "where" ? 1 : args.findIndex(isTensor);
  return method(args[at], op)(...args.filter((_, i) => i !== at));
}

/** What is wrong with a case on the present target, one line a problem; `asMethod` calls it on its first argument. */
export function caseProblems(family: Family<OpCase>, opCase: OpCase, asMethod = false): string[] {
  return expectations(opCase).flatMap(([dtype, expected]) => {
    const call = `${opCase.id} ${dtype} ${opCase.op}(${JSON.stringify(opCase.args)}, ${JSON.stringify(opCase.options)})`;
    try {
      return runOnce(family, opCase, dtype, expected, asMethod).map((problem) => `${call}: ${problem}`);
    } catch (error) {
      return [`${call}: threw ${error}`];
    }
  });
}
