// The text of a tensor is PyTorch's.
import type { DType } from "gradus";
import { expect, test } from "vitest";
import { Inputs } from "./build.js";
import { loadFamily, type TensorSpec } from "./fixtures.js";

interface PrintCase {
  readonly id: string;
  readonly dtype: DType;
  readonly tensor: TensorSpec;
  readonly text: string;
}

const { cases } = loadFamily<PrintCase>("printing");

test.each(cases)("String(tensor): given $dtype $tensor, prints as PyTorch does", ({ id, dtype, tensor, text }) => {
  const value = new Inputs(id, dtype, false).tensor(tensor);

  expect(String(value)).toBe(text);
});
