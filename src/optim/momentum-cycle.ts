// The momentum of a param group as schedules move it: `momentum`, or β₁ of the Adam family.
import { ArgumentError } from "../base/index.js";
import type { Optimizer, ParamGroup } from "./optimizer.js";

type WithMomentum = ParamGroup & { momentum?: number; betas?: readonly [number, number] };

/** Throws unless the optimizer has a momentum or betas. */
export function checkHasMomentum(name: string, optimizer: Optimizer): void {
  if ("momentum" in optimizer.defaults || "betas" in optimizer.defaults) return;
  throw new ArgumentError(
    `${name}: ${optimizer.constructor.name} has neither momentum nor betas to cycle; pass { cycleMomentum: false }`,
    { op: name, fix: "cycleMomentum" },
  );
}

/** Sets the momentum of a group: `betas[0]` where it has betas. */
export function setMomentum(group: ParamGroup, momentum: number): void {
  // The options of a group are those of its optimizer's class, which schedules do not know.
  const target = group as WithMomentum;
  if (target.betas) target.betas = [momentum, target.betas[1]];
  else target.momentum = momentum;
}

/** Whether what a schedule moves is β₁. */
export const usesBetas = (optimizer: Optimizer): boolean => "betas" in optimizer.defaults;

/** Notes in the param groups between which momenta a cycle goes. */
export function noteMomenta(
  optimizer: Optimizer,
  {
    baseMomentums,
    maxMomentums,
  }: { readonly baseMomentums: readonly number[]; readonly maxMomentums: readonly number[] },
): void {
  optimizer.paramGroups.forEach((group, i) => {
    group.baseMomentum = baseMomentums[i] as number;
    group.maxMomentum = maxMomentums[i] as number;
  });
}
