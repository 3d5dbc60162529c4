// Einstein summation over any number of operands, left to right, on `contract`.
import { ArgumentError, formatShape, ShapeError } from "../base/index.js";
import type { Node } from "../graph/index.js";
import { contract } from "./contraction.js";
import { mul } from "./elementwise.js";
import { permute, reshape } from "./movement.js";
import { sum } from "./reductions.js";
import { diagonal } from "./shaping.js";

/** A label is a letter's char code; `ELLIPSIS` stands for the dims that "..." covers, which get labels below 0. */
const ELLIPSIS = 0;

interface Equation {
  readonly operands: readonly (readonly number[])[];
  /** Null if the equation has no arrow. */
  readonly output: readonly number[] | null;
}

/** A value and the label of each of its dims, no label twice. */
interface Labelled {
  readonly node: Node;
  readonly labels: readonly number[];
}

const equations = new Map<string, Equation>();

/** Parsing is remembered: a training loop uses the same few equations again and again. */
function parseEquation(equation: string): Equation {
  const known = equations.get(equation);
  if (known) return known;
  const sides = equation.replace(/\s/g, "").split("->");
  if (sides.length > 2) throw new ArgumentError(`einsum: "${equation}" has more than one "->"`, { op: "einsum" });
  const [left, right] = sides as [string, string | undefined];
  const operands = left.split(",").map((term) => parseTerm(term, equation));
  const output = right === undefined ? null : parseTerm(right, equation);
  if (output) checkOutput(operands, output, equation);
  const parsed = { operands, output };
  if (equations.size < 1024) equations.set(equation, parsed);
  return parsed;
}

function parseTerm(term: string, equation: string): number[] {
  const labels: number[] = [];
  for (let i = 0; i < term.length; i++) {
    const letter = term[i] as string;
    if (term.startsWith("...", i) && !labels.includes(ELLIPSIS)) {
      labels.push(ELLIPSIS);
      i += 2;
    } else if (/[a-zA-Z]/.test(letter)) labels.push(letter.charCodeAt(0));
    else {
      throw new ArgumentError(
        `einsum: "${equation}" has "${letter}" where a letter or one "..." an operand is expected`,
        { op: "einsum" },
      );
    }
  }
  return labels;
}

function checkOutput(operands: readonly (readonly number[])[], output: readonly number[], equation: string): void {
  output.forEach((label, i) => {
    const name = label === ELLIPSIS ? "..." : String.fromCharCode(label);
    if (output.indexOf(label) !== i) {
      throw new ArgumentError(`einsum: "${equation}" repeats "${name}" in its output`, { op: "einsum" });
    }
    if (label !== ELLIPSIS && !operands.some((labels) => labels.includes(label))) {
      throw new ArgumentError(`einsum: "${equation}" has "${name}" in its output but in no operand`, { op: "einsum" });
    }
  });
}

/** The labels of one operand's dims; "..." covers what the letters leave, aligned from the right across operands. */
function labelDims(equation: string, labels: readonly number[], node: Node, position: number): number[] {
  const rank = node.shape.length;
  const letters = labels.includes(ELLIPSIS) ? labels.length - 1 : labels.length;
  if (rank < letters || (rank > letters && letters === labels.length)) {
    throw new ShapeError(
      `einsum: "${equation}" names ${letters} dims of operand ${position} but it has ${rank} (operand ${formatShape(node.shape)})`,
      { op: "einsum", shapes: [node.shape] },
    );
  }
  return labels.flatMap((label) => (label === ELLIPSIS ? ellipsisLabels(rank - letters) : [label]));
}

/** Labels of `count` dims under "...": the last is -1, the one before -2. */
function ellipsisLabels(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i - count);
}

/** Takes the diagonal over dims that share a label. */
function takeDiagonals(equation: string, { node, labels }: Labelled): Labelled {
  const repeated = labels.findIndex((label, d) => labels.indexOf(label) !== d);
  if (repeated < 0) return { node, labels };
  const label = labels[repeated] as number;
  const first = labels.indexOf(label);
  if (node.shape[first] !== node.shape[repeated]) {
    throw new ShapeError(
      `einsum: "${equation}" repeats "${String.fromCharCode(label)}" on dims of sizes ${node.shape[first]} and ${node.shape[repeated]} of one operand (operand ${formatShape(node.shape)})`,
      { op: "einsum", shapes: [node.shape] },
    );
  }
  const rest = labels.filter((_, d) => d !== first && d !== repeated);
  return takeDiagonals(equation, { node: diagonal(node, 0, first, repeated), labels: [...rest, label] });
}

/** The size of each label; sizes of 1 broadcast. */
function labelSizes(equation: string, operands: readonly Labelled[]): Map<number, number> {
  const sizes = new Map<number, number>();
  for (const { node, labels } of operands) {
    labels.forEach((label, d) => {
      const size = node.shape[d] as number;
      const known = sizes.get(label) ?? 1;
      if (known !== 1 && size !== 1 && known !== size) {
        const shapes = operands.map((x) => x.node.shape);
        const name = label < 0 ? "..." : String.fromCharCode(label);
        throw new ShapeError(
          `einsum: "${equation}" gives "${name}" sizes ${known} and ${size} (operands ${shapes.map(formatShape).join(", ")})`,
          { op: "einsum", shapes },
        );
      }
      sizes.set(label, known === 1 ? size : known);
    });
  }
  return sizes;
}

/** Drops dims of size 1 whose label is larger elsewhere: they broadcast without a copy. */
function dropBroadcast({ node, labels }: Labelled, sizes: ReadonlyMap<number, number>): Labelled {
  const kept = labels.map((_, d) => d).filter((d) => node.shape[d] === sizes.get(labels[d] as number));
  if (kept.length === labels.length) return { node, labels };
  return {
    node: reshape(
      node,
      kept.map((d) => node.shape[d] as number),
    ),
    labels: kept.map((d) => labels[d] as number),
  };
}

/** Sums over dims whose label is not wanted. */
function sumOut({ node, labels }: Labelled, isWanted: (label: number) => boolean): Labelled {
  const dims = labels.map((_, d) => d).filter((d) => !isWanted(labels[d] as number));
  if (dims.length === 0) return { node, labels };
  return { node: sum(node, dims), labels: labels.filter(isWanted) };
}

/** The value with dims in the order of `out`, size 1 where it lacks a label. */
function align({ node, labels }: Labelled, out: readonly number[]): Node {
  const order = out.filter((label) => labels.includes(label)).map((label) => labels.indexOf(label));
  const moved = order.every((d, i) => d === i) ? node : permute(node, order);
  if (labels.length === out.length) return moved;
  const shape = out.map((label) => (labels.includes(label) ? (node.shape[labels.indexOf(label)] as number) : 1));
  return reshape(moved, shape);
}

function multiply(a: Labelled, b: Labelled, out: readonly number[]): Labelled {
  const isSummed = a.labels.some((label) => b.labels.includes(label) && !out.includes(label));
  const node = isSummed
    ? contract(a.node, b.node, { a: a.labels, b: b.labels, out })
    : mul(align(a, out), align(b, out));
  return { node, labels: out };
}

/** Without an arrow: dims under "...", then the letters that occur once, in alphabetical order. */
function implicitOutput(operands: readonly Labelled[]): number[] {
  const all = operands.flatMap((x) => x.labels);
  const covered = Math.max(0, ...all.map((label) => -label));
  const once = all.filter((label) => label > 0 && all.indexOf(label) === all.lastIndexOf(label));
  return [...ellipsisLabels(covered), ...once.sort((x, y) => x - y)];
}

/**
 * Sum of products over the labels that the output lacks, as torch.einsum: "ij,jk->ik"; "..." covers any dims, a label
 * twice in an operand takes its diagonal, without "->" the output has the labels that occur once.
 */
export function einsum(equation: string, nodes: readonly Node[]): Node {
  const parsed = parseEquation(equation);
  if (parsed.operands.length !== nodes.length) {
    throw new ArgumentError(`einsum: "${equation}" is for ${parsed.operands.length} operands, got ${nodes.length}`, {
      op: "einsum",
    });
  }
  const labelled = nodes.map((node, i) => ({
    node,
    labels: labelDims(equation, parsed.operands[i] as readonly number[], node, i),
  }));
  const covered = Math.max(0, ...labelled.flatMap((x) => x.labels).map((label) => -label));
  const output = parsed.output
    ? parsed.output.flatMap((label) => (label === ELLIPSIS ? ellipsisLabels(covered) : [label]))
    : implicitOutput(labelled);
  const diagonals = labelled.map((x) => takeDiagonals(equation, x));
  const sizes = labelSizes(equation, diagonals);
  return fold(
    diagonals.map((x) => dropBroadcast(x, sizes)),
    output,
  );
}

function fold(operands: readonly Labelled[], output: readonly number[]): Node {
  let result = operands[0] as Labelled;
  for (let i = 1; i < operands.length; i++) {
    const next = operands[i] as Labelled;
    const later = operands.slice(i + 1);
    const isNeeded = (label: number) => output.includes(label) || later.some((x) => x.labels.includes(label));
    const left = sumOut(result, (label) => isNeeded(label) || next.labels.includes(label));
    const right = sumOut(next, (label) => isNeeded(label) || result.labels.includes(label));
    const present = [...left.labels, ...right.labels.filter((label) => !left.labels.includes(label))];
    const kept = present.filter(isNeeded);
    result = multiply(left, right, later.length === 0 ? output.filter((label) => kept.includes(label)) : kept);
  }
  return align(
    sumOut(result, (label) => output.includes(label)),
    output,
  );
}
