// A contraction becomes kernels: tiled with packed panels, windows written out, or plain loops where neither pays.
import type { Node } from "../../graph/index.js";
import type { Buffer, KernelDraft } from "../../ir/index.js";
import { type Group, loneGroup, type Member } from "../group.js";
import type { KernelEnv } from "../kernel-env.js";
import { lowerLoops } from "../lower-loops.js";
import { countOf } from "./axes.js";
import { cutDepth } from "./depth.js";
import { lowerDirectContraction } from "./direct.js";
import { hasFewRows, lowerFewRows } from "./few-rows.js";
import { groupFinish, plainFinish } from "./finish.js";
import { type ContractionForm, contractionForm, extentOf, swapOperands } from "./form.js";
import { joinParts } from "./join.js";
import { lowerWindows } from "./lower-windows.js";
import { describeProblem, type Problem, spreadColumns } from "./operand.js";
import { OperandSum, packedSum } from "./operand-sum.js";
import { chooseMicro, depthLimit } from "./options.js";
import { stageForm } from "./staged-form.js";
import { tiledKernels } from "./tiled.js";
import { isTiled, operandView } from "./views.js";
import { findWindows } from "./windows.js";

/** Kernels of a group: a contraction, elementwise nodes that take its sums, and sums of its operands. */
export function lowerContraction(env: KernelEnv, group: Group): KernelDraft[] {
  const [sum] = group.rowSums;
  const isDone = { sum: false };
  const kernels = lowerProducts(env, group, (p) => {
    const side = sum ? packedSum(p, sum) : null;
    isDone.sum = side !== null;
    return sum && side ? new OperandSum(p, side, env.targetOf(sum) as Buffer) : null;
  });
  return sum && !isDone.sum ? [...kernels, ...lowerLoops(env, loneGroup(sum))] : kernels;
}

function lowerProducts(env: KernelEnv, group: Group, sumOf: (p: Problem) => OperandSum | null): KernelDraft[] {
  const [{ node }] = group.members as [Member];
  if (node.size === 0) return [];
  const hasMemory = (n: Node): boolean => env.bufferOf(n) !== null;
  const [a, b] = [operandView(node, 0, hasMemory), operandView(node, 1, hasMemory)];
  const form = contractionForm(node, a.view, b.view, { a: a.isStaged, b: b.isStaged });
  const finish = groupFinish(env, group);
  if (!isTiled(node)) {
    return lowerDirectContraction(env, node, form, finish, (buffer, base) => plainFinish(env, buffer, base));
  }
  const windows = findWindows(form, node.dtype === "float64" ? 8 : 4);
  if (windows) return lowerWindows(env, node, windows, finish, (buffer, base) => plainFinish(env, buffer, base));
  const isInMemory = hasMemory(form.a.base) && hasMemory(form.b.base) && !a.isStaged && !b.isStaged;
  const [plain, swapped] = [form, swapOperands(form)].map((side) => isInMemory && hasFewRows(side));
  if (plain || swapped) return lowerFewRows(env, node, plain ? form : swapOperands(form), finish);
  const p = describeProblem(env, node, chooseSides(env, form, node));
  if (p.parts === 1) return tiledKernels(p, () => finish, sumOf(p));
  const partial = env.temporary("partial", node.dtype, p.parts * node.size);
  const kernels = tiledKernels(p, (part) => plainFinish(env, partial, env.f.mul(part, env.f.int(node.size))));
  return [...kernels, joinParts(env, node, partial, p.parts, finish)];
}

/** Rows are broadcast, columns run in vectors: takes the assignment that wastes fewer lanes and stores contiguously. */
function chooseSides(env: KernelEnv, form: ContractionForm, node: Node): ContractionForm {
  const lanes = env.info.lanes(node.dtype === "float64" ? 8 : 4);
  const cost = (found: ContractionForm): number => {
    const f = stageForm(found, false, lanes);
    const blocks = cutDepth(f.summed, depthLimit(lanes));
    const columns = f.stageB ? spreadColumns(f.stageB, f.columns, f.summed, blocks) : f.columns;
    const [m, n, k] = [extentOf(f.rows), countOf(columns), extentOf(f.summed)];
    const last = columns[columns.length - 1];
    const scattered = last && last.out === 1 && last.extent >= lanes ? 0 : (4 * lanes) / k;
    // Columns whose neighbours lie far apart must be gathered into panels.
    const gathered = f.stageB || (last && last.b === 1 && last.extent >= lanes) ? 0 : 2 / m;
    const width = chooseMicro({ batch: 1, m, n, k, lanes }, env.info).vectors * lanes;
    return ((Math.ceil(n / width) * width) / extentOf(columns)) * (1 + scattered + gathered + 1 / m);
  };
  const swapped = swapOperands(form);
  return cost(swapped) < cost(form) ? swapped : form;
}
