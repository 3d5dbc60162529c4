// Which contractions are sums of many terms to few columns of results: see lower-long-sum.ts.
import { numel } from "../base/index.js";
import { attr, type Node } from "../graph/index.js";
import { affineView } from "./contraction/form.js";
import { readsWindows, termCount } from "./costs.js";
import { isView } from "./views.js";

/** A long sum, its dims by their labels. */
export interface LongSum {
  /** The operand with few free elements (the taps of a filter, the outputs of a last layer), read where it lies. */
  readonly few: Node;
  readonly fewLabels: readonly number[];
  readonly many: Node;
  readonly manyLabels: readonly number[];
  /** `many` is computed where it is read, since nothing else would need it in memory. */
  readonly isManyInline: boolean;
  /** Free dims of `many` and of `few`, and how many elements they make. */
  readonly rows: readonly number[];
  readonly columns: readonly number[];
  readonly rowCount: number;
  readonly columnCount: number;
  readonly summed: readonly number[];
  readonly extents: ReadonlyMap<number, number>;
}

/** Sums of fewer terms are left to the general schedule. */
const LEAST_TERMS = 2048;
/** The last loop of the sum runs in vectors. */
const LEAST_INNER = 8;
/** Accumulators of one row of results stay in registers. */
const MOST_COLUMNS = 12;
const MOST_ROWS = 128;

const memo = new WeakMap<Node, LongSum | null>();

/** `node` as a long sum, or null if it is none. */
export function longSum(node: Node): LongSum | null {
  if (node.primitive.kind !== "contraction" || node.isRealized) return null;
  const known = memo.get(node);
  if (known !== undefined) return known;
  const made = describe(node);
  memo.set(node, made);
  return made;
}

function describe(node: Node): LongSum | null {
  if (node.size === 0 || (node.dtype !== "float32" && node.dtype !== "float64")) return null;
  if (termCount(node) < LEAST_TERMS) return null;
  const labels = (key: string): readonly number[] => attr<readonly number[]>(node, key);
  const [a, b, out] = [labels("a"), labels("b"), labels("out")];
  const [x, y] = node.inputs as [Node, Node];
  const sizesOf = (of: readonly number[], operand: Node): [number, number][] =>
    of.map((label, d) => [label, operand.shape[d] as number]);
  const extents = new Map([...sizesOf(a, x), ...sizesOf(b, y)]);
  const count = (of: readonly number[]): number => numel(of.map((label) => extents.get(label) as number));
  const free = (of: readonly number[]): number[] => of.filter((label) => out.includes(label));
  if (count(free(a).filter((label) => b.includes(label))) > 1) return null;
  const swap = count(free(a)) > count(free(b));
  const [few, many] = swap ? [y, x] : [x, y];
  const [fewLabels, manyLabels] = swap ? [b, a] : [a, b];
  const [columns, rows] = [free(fewLabels), free(manyLabels)];
  const [columnCount, rowCount] = [count(columns), count(rows)];
  const summed = manyLabels.filter((label) => !out.includes(label) && extents.get(label) !== 1);
  const last = summed.at(-1) as number;
  if (columnCount > MOST_COLUMNS || rowCount > MOST_ROWS || (extents.get(last) as number) < LEAST_INNER) return null;
  const isManyInline = readsWindows(few);
  const runsAlong = (operand: Node, of: readonly number[]): boolean => stepAlong(operand, of.indexOf(last)) === 1;
  if (!isManyInline && !(rowCount > 1 && runsAlong(few, fewLabels) && runsAlong(many, manyLabels))) return null;
  return { few, fewLabels, many, manyLabels, isManyInline, rows, columns, rowCount, columnCount, summed, extents };
}

/** How far apart neighbours along dim `d` lie in memory; null if `node` is no plain view. */
function stepAlong(node: Node, d: number): number | null {
  const view = affineView(node, isView, () => false);
  return view ? (view.strides[d] as number) : null;
}

/** True if `node` sums the rows of `many` over all that the long sum sums: the gradient of a bias beside that of its filter. */
export function isRowSum({ many, manyLabels, rows, rowCount }: LongSum, node: Node): boolean {
  if (node.primitive.name !== "sum" || node.size !== rowCount || node.dtype !== many.dtype) return false;
  let labels = manyLabels;
  let at = many;
  while (at !== node.inputs[0] && at.primitive.name === "permute") {
    const dims = attr<readonly number[]>(at, "dims");
    labels = dims.map((_, d) => labels[dims.indexOf(d)] as number);
    at = at.inputs[0] as Node;
  }
  if (at !== node.inputs[0]) return false;
  const reduced = attr<readonly number[]>(node, "dims");
  const kept = labels.filter((_, d) => !reduced.includes(d) && at.shape[d] !== 1);
  const wanted = rows.filter((label) => at.shape[labels.indexOf(label)] !== 1);
  return kept.length === wanted.length && kept.every((label, i) => label === wanted[i]);
}
