// Targets that note the programs they load: tests look at the kernels that a step became.
import { runStep } from "../../src/compiler/index.js";
import type { Kernel, Program, Target } from "../../src/ir/index.js";
import { createInterpreter } from "../../src/targets/interpreter/index.js";

type Outputs = Parameters<typeof runStep>[0]["outputs"];

/** `plain` (default: a machine with long vectors), and what it has loaded so far. */
export function noting(plain: Target = createInterpreter({ lanes: 16, masks: true })): {
  target: Target;
  programs: Program[];
} {
  const programs: Program[] = [];
  const load = (program: Program) => {
    programs.push(program);
    return plain.load(program);
  };
  return { target: { ...plain, load }, programs };
}

/** Computes `outputs`; returns the kernels that did. */
export function kernelsOf(outputs: Outputs, plain?: Target): Kernel[] {
  const { target, programs } = noting(plain);
  runStep({ outputs, updates: [] }, target);
  return programs.flatMap(({ stages }) => stages.flat());
}
