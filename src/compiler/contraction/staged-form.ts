// Which operands of a contraction are staged, and the loops that become batch loops for it.
import { type Axis, type ContractionForm, extentOf } from "./form.js";
import { leadingApart, planStage, type StagePlan } from "./stage.js";

export interface StagedForm extends ContractionForm {
  readonly stageA: StagePlan | null;
  readonly stageB: StagePlan | null;
  /** The rows' operand has no memory and is worked out while it is packed. */
  readonly isComputedA: boolean;
}

/** Fewest rows of a staged operand that loops outside of them may become batch loops for. */
const MIN_STAGED_ROWS = 64;

/** Columns side by side that loops outside of them may become batch loops for: no panel then goes beyond their end. */
const LONG_RUN = 256;

/** Share of all lanes that must be won for loops that could be batch loops to stay columns. */
const FULLER = 0.05;

/**
 * How many leading loops of columns, which windows do not overlap along, become batch loops: all, but for the last ones where
 * the columns left would be so few that vectors are empty. In the box these have what the windows reach beyond each end between.
 */
function loopsAround(plan: StagePlan, { columns, summed }: ContractionForm, lanes: number): number {
  const reach = plan.own.map(({ dim, step }) =>
    Math.floor(
      plan.summed.reduce((n, move, i) => n + (move.dim === dim ? move.step * ((summed[i] as Axis).extent - 1) : 0), 0) /
        step,
    ),
  );
  const lanesEach = (around: number): number => {
    let [count, size] = [1, 1];
    for (let i = columns.length - 1; i >= around; i--) {
      const { extent } = columns[i] as Axis;
      count += (extent - 1) * size;
      size *= extent + (reach[i] as number);
    }
    return (Math.ceil(count / lanes) * lanes) / extentOf(columns.slice(around));
  };
  let around = leadingApart(plan);
  while (around > 0 && lanesEach(around - 1) < lanesEach(around) * (1 - FULLER)) around--;
  return around;
}

export function stageForm(form: ContractionForm, isComputedA: boolean, lanes: number): StagedForm {
  const plan = (f: ContractionForm, key: "a" | "b"): StagePlan | null =>
    planStage(f[key].base, f[key].offset, key, key === "a" ? f.rows : f.columns, f.summed, f.batch);
  let split = form;
  const b = plan(form, "b");
  // Neighbouring columns are neighbours in the box only without loops around the windows.
  const around = b ? loopsAround(b, split, lanes) : 0;
  if (b) split = { ...split, batch: [...split.batch, ...split.columns.slice(0, around)] };
  if (b) split = { ...split, columns: split.columns.slice(around) };
  const last = form.columns[form.columns.length - 1];
  if (!b && last && last.extent >= LONG_RUN && last.b === 1 && last.out === 1) {
    split = { ...form, batch: [...form.batch, ...form.columns.slice(0, -1)], columns: [last] };
  }
  const a = plan(split, "a");
  const inner = a ? split.rows.slice(leadingApart(a)) : [];
  if (a && extentOf(inner) >= MIN_STAGED_ROWS) {
    split = { ...split, batch: [...split.batch, ...split.rows.slice(0, leadingApart(a))], rows: inner };
  }
  const stageB = plan(split, "b");
  return {
    ...split,
    isComputedA,
    stageA: plan(split, "a"),
    stageB: stageB && isNested(stageB, split.columns) ? stageB : null,
  };
}

/** Loops of columns whose positions a box can hold side by side: in the order of the dims they move along. */
export function isNested(plan: StagePlan, columns: readonly Axis[]): boolean {
  return (
    columns.length > 0 && plan.own.every(({ dim }, i) => i === 0 || dim > (plan.own[i - 1] as { dim: number }).dim)
  );
}
