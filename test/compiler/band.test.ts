// Contractions of which a band takes no part: what is needed is as without it, and blocks that nobody needs are not summed.
import { describe, expect, it } from "vitest";
import type { Storage } from "../../src/base/index.js";
import { runStep } from "../../src/compiler/index.js";
import type { Node } from "../../src/graph/index.js";
import type { Target } from "../../src/ir/index.js";
import { type ContractBand, contract } from "../../src/ops/contraction.js";
import { createInterpreter } from "../../src/targets/interpreter/index.js";
import { input, integers, values } from "../ops/helpers.js";

const [rows, columns, few, many] = [61, 70, 20, 450]; // several panels; one block of terms, and several
const [ROW, COLUMN, TERM] = [0, 1, 2];

/** The interpreter, taking itself for a machine with vectors of `lanes` floats. */
function machine(lanes: number): Target {
  const target = createInterpreter({ detectRaces: true });
  const microShapes = [{ rows: 5, vectors: 2 }];
  const info = {
    ...target.info,
    lanes: (bytes: number) => (bytes === 8 ? lanes / 2 : lanes),
    supportsVector: () => true,
    microShapes,
  };
  return { name: target.name, info, load: (program) => target.load(program) };
}

function computed(node: Node, target: Target): number[] {
  runStep({ outputs: [node], updates: [] }, target);
  return Array.from((node.storage as Storage).toTypedArray() as ArrayLike<number>);
}

interface Factors {
  readonly a: (row: number, term: number) => number;
  readonly b: (term: number, column: number) => number;
}

const left = integers(rows * many, 4, 1);
const right = integers(many * columns, 4, 2);
const plain: Factors = {
  a: (row, term) => left[row * many + term] as number,
  b: (term, column) => right[term * columns + column] as number,
};

/** `[rows, terms]·[terms, columns]`. */
function product({ a, b }: Factors, band?: ContractBand, terms = many, rows = 33, columns = 38): Node {
  const table = (height: number, width: number, at: (i: number, j: number) => number): Node =>
    input(
      Array.from({ length: height * width }, (_, i) => at(Math.floor(i / width), i % width)),
      [height, width],
    );
  const labels = { a: [ROW, TERM], b: [TERM, COLUMN], out: [ROW, COLUMN] };
  return contract(table(rows, terms, a), table(terms, columns, b), band ? { ...labels, band } : labels);
}

describe.each([4, 16])("vectors of %i floats", (lanes) => {
  const target = machine(lanes);

  it.each([
    ["columns ahead of rows", [COLUMN, ROW, 0]],
    ["columns ahead of rows by more", [COLUMN, ROW, 20]],
    ["columns ahead of rows by less", [COLUMN, ROW, -20]],
    ["rows ahead of columns", [ROW, COLUMN, 0]],
    ["rows ahead of columns by less", [ROW, COLUMN, -20]],
  ] as [string, ContractBand][])("given %s, gives what is needed, and 0 far from it", (_, band) => {
    const sums = values(product(plain, undefined, few, rows, columns));
    const actual = computed(product(plain, band, few, rows, columns), target);
    const [wrong, far] = [[] as number[], [] as number[]];
    for (let i = 0; i < sums.length; i++) {
      const at = [Math.floor(i / columns), i % columns];
      const ahead = (at[band[0]] as number) - (at[band[1]] as number) - band[2];
      if (ahead <= 0 && actual[i] !== sums[i]) wrong.push(i);
      if (ahead > 2 * lanes + 5) far.push(actual[i] as number);
    }
    expect(wrong).toEqual([]);
    expect(far.length).toBeGreaterThan(0);
    expect(far.every((x) => x === 0)).toBe(true);
  });

  it.each([
    ["terms ahead of rows", [TERM, ROW, 0]],
    ["terms ahead of rows by more", [TERM, ROW, 380]],
    ["rows ahead of terms", [ROW, TERM, 0]],
    ["rows ahead of terms by less", [ROW, TERM, -390]],
    ["terms ahead of columns", [TERM, COLUMN, 0]],
    ["columns ahead of terms", [COLUMN, TERM, -1]],
  ] as [string, ContractBand][])("given %s, whose factors are 0, takes each other term once", (_, band) => {
    const isOut = (row: number, term: number, column: number): boolean => {
      const at = [row, column, term];
      return (at[band[0]] as number) - (at[band[1]] as number) > band[2];
    };
    const isOfRows = band.slice(0, 2).includes(ROW);
    const masked: Factors = {
      a: (row, term) => (isOfRows && isOut(row, term, 0) ? 0 : plain.a(row, term)),
      b: (term, column) => (!isOfRows && isOut(0, term, column) ? 0 : plain.b(term, column)),
    };
    expect(computed(product(masked, band), target)).toEqual(values(product(masked)));
    expect(values(product(plain, band))).toEqual(values(product(masked)));
  });

  it("given terms that no row of a block needs, does not read them", () => {
    const masked: Factors = {
      a: (row, term) => (term > row ? 0 : plain.a(row, term)),
      b: (term, column) => (term === 60 ? Number.NaN : plain.b(term, column)),
    };
    const all = computed(product(masked, undefined, 70, rows, columns), target);
    const needed = computed(product(masked, [TERM, ROW, 0], 70, rows, columns), target);
    expect(all.every(Number.isNaN)).toBe(true);
    expect(needed.slice(0, 28 * columns).some(Number.isNaN)).toBe(false);
    expect(needed.slice(60 * columns).every(Number.isNaN)).toBe(true);
  });

  it("given a loop of the band that is one of several rows, sums everything", () => {
    const a = input(integers(4 * 9 * 40, 4, 1), [4, 9, 40]);
    const b = input(integers(40 * 33, 4, 2), [40, 33]);
    const make = (band?: ContractBand) =>
      contract(a, b, { a: [0, 1, 2], b: [2, 3], out: [0, 1, 3], ...(band && { band }) });
    expect(computed(make([3, 1, 0]), target)).toEqual(values(make()));
  });
});
