// Where kernels ask for memory ahead: by the kernels' statements, on a target that says it can.
import { setTarget } from "gradus";
import { afterEach, beforeEach, expect, it } from "vitest";
import { numel } from "../../src/base/index.js";
import { setScheduleHook } from "../../src/compiler/contraction/options.js";
import type { Node } from "../../src/graph/index.js";
import { type Expr, type Kernel, type Stmt, type Target, visitStatements } from "../../src/ir/index.js";
import { add, matmul, permute, slice, softmax } from "../../src/ops/index.js";
import { createInterpreter } from "../../src/targets/interpreter/index.js";
import { input, integers } from "../ops/helpers.js";
import { kernelsOf } from "./noting.js";

let previous: string;
beforeEach(() => {
  previous = setTarget("reference");
});
afterEach(() => {
  setTarget(previous);
});

type Prefetch = Extract<Stmt, { kind: "prefetch" }>;

function prefetching(prefetches = true): Target {
  const plain = createInterpreter({ lanes: 16, masks: true });
  return { ...plain, info: { ...plain.info, prefetches } };
}

function kernelOf(output: Node, prefetches: boolean): Kernel {
  return kernelsOf([output], prefetching(prefetches)).at(-1) as Kernel;
}

/** What is asked for, as "buffer use", each once. */
function asked(kernel: Kernel): string[] {
  const found: Prefetch[] = [];
  visitStatements(kernel.body, (stmt) => {
    if (stmt.kind === "prefetch") found.push(stmt);
  });
  return [...new Set(found.map(({ buffer, use }) => `${buffer.name} ${use}`))];
}

const rows = (shape: readonly number[], seed: number): Node => input(integers(numel(shape), 4, seed), shape);

it("given long rows that three loops pass over, the second loop asks for the next row and for the place of this one", () => {
  const kernel = kernelOf(softmax(rows([3, 512], 1), 1), true);

  const loops: string[][] = [];
  visitStatements(kernel.body, (stmt) => {
    const own = stmt.kind === "for" ? stmt.body.filter((inner) => inner.kind === "prefetch") : [];
    if (stmt.kind === "for" && stmt.body.every((inner) => inner.kind !== "for"))
      loops.push([...new Set((own as Prefetch[]).map(({ use }) => use))]);
  });
  expect(loops).toEqual([[], ["read", "write"], []]);
});

it.each([128, 256, 512])("given rows of %i elements, asks for the one that begins 512 elements later", (size) => {
  const kernel = kernelOf(softmax(rows([8, size], 1), 1), true);

  const values = new Map<Expr, number>(); // at the first element: loops and tiles are at 0
  const placeOf = (x: Expr): number => {
    if (x.kind === "linear")
      return x.terms.reduce((n, t, i) => n + placeOf(t) * (x.coefficients[i] as number), x.constant);
    if (x.kind === "binary" && x.op === "add") return placeOf(x.a) + placeOf(x.b);
    return x.kind === "const" ? Number(x.value) : (values.get(x) ?? 0);
  };
  const offsets: number[] = [];
  visitStatements(kernel.body, (stmt) => {
    if (stmt.kind === "let" && stmt.v.type === "i32" && stmt.value.lanes === 1) values.set(stmt.v, placeOf(stmt.value));
    if (stmt.kind === "prefetch" && stmt.use === "read") offsets.push(placeOf(stmt.index));
  });
  expect(Math.min(...offsets)).toBe(512);
});

it("given short rows, asks for nothing", () => {
  expect(asked(kernelOf(softmax(rows([3, 64], 1), 1), true))).toEqual([]);
});

it("given a product, asks for its results, and for the next rows where they are read in place", () => {
  const product = matmul(rows([64, 128], 1), rows([128, 96], 2));

  const names = asked(kernelOf(product, true));

  expect(names.sort()).toEqual(["contract0 write", "leaf0 read"]);
});

it.each([
  ["tile", ["leaf0 later", "leaf1 later"]],
  ["before", ["leaf0 later", "packed_b later"]],
] as const)(
  "given a long sum and columns packed %s, asks for what is read for its next block",
  (packColumns, expected) => {
    const before = setScheduleHook((_, found) => ({ ...found, packRows: "tile", packColumns }));
    try {
      const product = matmul(permute(rows([800, 40], 1), [1, 0]), rows([800, 40], 2));
      const names = asked(kernelOf(product, true));
      expect(names.filter((name) => name.endsWith("later")).sort()).toEqual(expected);
    } finally {
      setScheduleHook(before);
    }
  },
);

it("given a sum of one block, asks for nothing to be read later", () => {
  const product = matmul(permute(rows([200, 40], 1), [1, 0]), rows([200, 40], 2));

  const names = asked(kernelOf(product, true));

  expect(names.filter((name) => name.endsWith("later"))).toEqual([]);
});

/** Values of each of six batches, as a part of longer rows or as all there is. */
function batches([rows, columns]: readonly [number, number], seed: number, isPart: boolean): Node {
  const width = isPart ? 3 * columns : columns;
  const x = input(integers(6 * rows * width, 4, seed), [6, rows, width]);
  return isPart ? slice(x, 2, columns, 2 * columns) : x;
}

it("given products of batches whose columns are parts of longer rows, asks for the columns of the next batch", () => {
  const columns = [batches([20, 40], 2, true), permute(batches([40, 20], 3, true), [0, 2, 1])];

  const found = columns.map((x) => asked(kernelOf(matmul(batches([70, 20], 1, false), x), true)));

  expect(found).toEqual([["leaf1 read"], ["leaf1 read"]]); // runs along the columns, and along the sum
});

it("given columns in one piece, the same for all batches, or of few rows, asks for no next ones", () => {
  const products: [Node, Node][] = [
    [batches([70, 20], 1, false), batches([20, 40], 2, false)],
    [batches([70, 20], 1, false), slice(rows([20, 80], 2), 1, 0, 40)],
    [batches([8, 20], 1, false), batches([20, 40], 2, true)],
  ];

  const found = products.map(([x, y]) => asked(kernelOf(matmul(x, y), true)));

  expect(found).toEqual([[], [], []]);
});

it("given few rows and long columns, reads those in place and asks for the next tile's, but not where lines of memory do not fit", () => {
  const shapes = [
    [24, 96, 624], // reads in place
    [24, 96, 625], // rows do not begin with a line
    [24, 96, 768], // all rows want the same sets of a cache
    [90, 96, 624], // many rows
    [24, 32, 624], // a sum too short to wait behind
  ] as const;

  const found = shapes.map(([m, k, n]) => {
    const kernel = kernelOf(matmul(rows([2, m, k], 1), rows([2, k, n], 2)), true);
    const isPacked = kernel.buffers.some(({ name }) => name === "panels_b");
    return [isPacked, asked(kernel).includes("leaf1 read")];
  });

  expect(found).toEqual([[false, true], ...Array.from({ length: 4 }, () => [true, false])]);
});

it("given a chain of kernels over batches, asks for nothing that the chain writes itself before it reads it", () => {
  const [q, k, v] = [rows([16, 70, 20], 1), rows([16, 20, 128], 2), rows([16, 128, 40], 3)];

  const kernels = kernelsOf([matmul(softmax(matmul(q, k), 2), v)], prefetching());

  expect(kernels.map(asked)).toEqual([["contract5 write"]]);
});

/** Loops that ask for something, then sum: how often, what for, and how many elements. */
function pieces(kernel: Kernel): string[][] {
  const found: string[][] = [];
  visitStatements(kernel.body, (stmt) => {
    if (stmt.kind !== "for") return;
    const last = stmt.body.at(-1);
    const uses: string[] = [];
    visitStatements(stmt.body, (inner) => {
      if (inner.kind === "prefetch") uses.push(inner.use);
    });
    if (last?.kind === "for" && last.body.some(({ kind }) => kind === "assign") && uses.length > 0)
      found.push([`${stmt.to.max} times`, ...uses, `sum of ${last.to.max}`]);
  });
  return found;
}

it("given a sum of 128 elements, asks for a row of results and of the next rows before each 16 of them", () => {
  const kernel = kernelOf(matmul(rows([64, 128], 1), rows([128, 96], 2)), true);

  expect(pieces(kernel)).toEqual([["8 times", "write", "write", "read", "read", "read", "read", "sum of 16"]]);
});

it("given a sum that is not cut into equal pieces, asks before it", () => {
  const kernel = kernelOf(matmul(rows([64, 131], 1), rows([131, 96], 2)), true);

  expect(pieces(kernel)).toEqual([]);
  expect(asked(kernel).sort()).toEqual(["contract0 write", "leaf0 read"]);
});

it("given a target without prefetches, asks for nothing", () => {
  const long = softmax(rows([3, 512], 1), 1);
  const product = matmul(rows([64, 128], 1), rows([128, 96], 2));

  expect([long, product].map((output) => asked(kernelOf(output, false)))).toEqual([[], []]);
});

it("given 60 sums of a value with itself after a product, each is looked at once", () => {
  const twice = (x: Node): Node => Array.from({ length: 60 }).reduce((sum: Node) => add(sum, sum), x);
  const product = matmul(rows([64, 64], 2), rows([64, 64], 3));

  expect(asked(kernelOf(twice(product), true)).length).toBeGreaterThan(0);
});
