// Result dtypes of all pairs of dtypes are PyTorch's.
import type { DType } from "gradus";
import { expect, test } from "vitest";
import { isTensor, makeTensor, operation } from "./api.js";
import { loadFamily } from "./fixtures.js";

/** Dtype names by the other operand; null where PyTorch refuses. */
type Row = Readonly<Record<string, DType | null>>;

interface PairCase {
  readonly op: string;
  readonly first: DType;
  readonly tensor: Row;
  readonly zeroDim: Row;
  readonly number?: Row;
}

interface UnaryCase {
  readonly op: string;
  readonly unary: Row;
}

const { cases } = loadFamily<PairCase | UnaryCase>("promotion");
const pairs = cases.filter((item): item is PairCase => "first" in item);
const unary = cases.filter((item): item is UnaryCase => "unary" in item);

// Index results are int32 in Gradus.
const INDEX_OPS = ["argmax"];
const NEEDS_DIM = ["cumsum", "softmax"];

function ones(dtype: DType, shape: readonly number[]) {
  return makeTensor(new Float64Array(shape.length === 0 ? 1 : 2).fill(1), shape, dtype);
}

function resultDtype(op: string, operands: readonly unknown[]): DType | string {
  const condition = op === "where" ? [makeTensor(Float64Array.of(1), [1], "bool")] : [];
  const output = operation(op)(...condition, ...operands);
  return isTensor(output) ? output.dtype : `no tensor: ${output}`;
}

/** Each entry that PyTorch accepts, with the dtype Gradus gives. */
function resultRow(row: Row, operandsOf: (other: string) => readonly unknown[], op: string): Record<string, string> {
  const accepted = Object.keys(row).filter((other) => row[other] !== null);
  return Object.fromEntries(accepted.map((other) => [other, resultDtype(op, operandsOf(other))]));
}

function acceptedOnly(row: Row): Row {
  return Object.fromEntries(Object.entries(row).filter(([, dtype]) => dtype !== null));
}

// The two half dtypes have float32 as their common one, also in pow: PyTorch's keeps the first there.
const HALVES: readonly string[] = ["float16", "bfloat16"];
function withoutPowOfHalves(op: string, first: DType, row: Row): Row {
  if (op !== "pow" || !HALVES.includes(first)) return row;
  return Object.fromEntries(Object.entries(row).filter(([other]) => other === first || !HALVES.includes(other)));
}

test.each(pairs)("$op: given $first and each other dtype or number, the result's dtype is PyTorch's", (item) => {
  const { op, first, number = {} } = item;
  const [tensor, zeroDim] = [item.tensor, item.zeroDim].map((row) => withoutPowOfHalves(op, first, row)) as [Row, Row];
  const left = ones(first, [2]);

  expect(resultRow(tensor, (other) => [left, ones(other as DType, [2])], op)).toEqual(acceptedOnly(tensor));
  expect(resultRow(zeroDim, (other) => [left, ones(other as DType, [])], op)).toEqual(acceptedOnly(zeroDim));
  expect(resultRow(number, (other) => [left, Number(other)], op)).toEqual(acceptedOnly(number));
});

test.each(unary)("$op: given each dtype, the result's dtype is PyTorch's", ({ op, unary: row }) => {
  const dim = NEEDS_DIM.includes(op) ? [0] : [];
  const expected = Object.entries(acceptedOnly(row)).map(([dtype, out]) => [
    dtype,
    INDEX_OPS.includes(op) ? "int32" : out,
  ]);

  const actual = resultRow(row, (dtype) => [ones(dtype as DType, [2]), ...dim], op);

  expect(actual).toEqual(Object.fromEntries(expected));
});
