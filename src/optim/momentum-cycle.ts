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
