// A contraction becomes kernels: tiled with packed panels, or plain loops where packing does not pay.
import { InternalError } from "../../base/index.js";
import type { Node } from "../../graph/index.js";
import type { KernelDraft } from "../../ir/index.js";
import type { Group, Member } from "../group.js";
import type { KernelEnv } from "../kernel-env.js";
import { isView } from "../views.js";
import { lowerDirectContraction } from "./direct.js";
import { hasFewRows, lowerFewRows } from "./few-rows.js";
import { groupFinish, plainFinish } from "./finish.js";
import { affineView, type ContractionForm, contractionForm, extentOf, swapOperands } from "./form.js";
import { joinParts } from "./join.js";
import { describeProblem } from "./operand.js";
import { chooseMicro } from "./options.js";
import { tiledKernels } from "./tiled.js";

/** Kernels of a group: a contraction, and elementwise nodes that take its sums. */
export function lowerContraction(env: KernelEnv, group: Group): KernelDraft[] {
  const [{ node }] = group.members as [Member];
  const [x, y] = node.inputs as [Node, Node];
  const hasMemory = (n: Node): boolean => env.bufferOf(n) !== null;
  const [a, b] = [affineView(x, isView, hasMemory), affineView(y, isView, hasMemory)];
  if (!a || !b) throw new InternalError("contraction operand is not an affine view"); // materialize.ts guarantees it
  const form = contractionForm(node, a, b);
  if (node.size === 0) return [];
  const finish = groupFinish(env, group);
  const isFloat = node.dtype === "float32" || node.dtype === "float64";
  const [m, n, k] = [extentOf(form.rows), extentOf(form.columns), extentOf(form.summed)];
  if (!isFloat || Math.min(m, n) < 3 || m * n < 32 || k === 0) {
    return lowerDirectContraction(env, node, form, finish, (buffer, base) => plainFinish(env, buffer, base));
  }
  const [plain, swapped] = [hasFewRows(form), hasFewRows(swapOperands(form))];
  if (plain || swapped) return lowerFewRows(env, node, plain ? form : swapOperands(form), finish);
  const p = describeProblem(env, node, chooseSides(env, form, node));
  if (p.parts === 1) return tiledKernels(p, () => finish);
  const partial = env.temporary("partial", node.dtype, p.parts * node.size);
  const kernels = tiledKernels(p, (part) => plainFinish(env, partial, env.f.mul(part, env.f.int(node.size))));
  return [...kernels, joinParts(env, node, partial, p.parts, finish)];
}

/** Rows are broadcast, columns run in vectors: takes the assignment that wastes fewer lanes and stores contiguously. */
function chooseSides(env: KernelEnv, form: ContractionForm, node: Node): ContractionForm {
  const lanes = env.info.lanes(node.dtype === "float64" ? 8 : 4);
  const cost = (f: ContractionForm): number => {
    const [m, n, k] = [extentOf(f.rows), extentOf(f.columns), extentOf(f.summed)];
    const last = f.columns[f.columns.length - 1];
    const scattered = last && last.out === 1 && last.extent >= lanes ? 0 : 16 / k;
    // Columns whose neighbours lie far apart must be gathered into panels.
    const gathered = last && last.b === 1 && last.extent >= lanes ? 0 : 2 / m;
    const width = chooseMicro({ batch: 1, m, n, k, lanes }, env.info).vectors * lanes;
    return ((Math.ceil(n / width) * width) / n) * (1 + scattered + gathered + 1 / m);
  };
  const swapped = swapOperands(form);
  return cost(swapped) < cost(form) ? swapped : form;
}
