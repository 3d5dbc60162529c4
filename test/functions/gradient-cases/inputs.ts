// What the tables of gradient cases are made of.
import { rand, randn, type Tensor, tensor } from "gradus";

type Make = () => Tensor;

/** A function of tensors that are all differentiated, and how these are made. */
export type Case = readonly [f: (...x: Tensor[]) => Tensor | readonly Tensor[], ...inputs: Make[]];

/**
 * Cases by the name users write: the first word is an export of `gradus` or `gradus/nn/functional`, or of `gradus/linalg`
 * behind `linalg.`; words after it tell variants apart.
 */
export type Cases = Readonly<Record<string, Case>>;

export const like =
  (...shape: number[]): Make =>
  () =>
    randn(shape, { dtype: "float64" });

/** Uniform in [low, high). */
export const between =
  (low: number, high: number, ...shape: number[]): Make =>
  () =>
    rand(shape, { dtype: "float64" })
      .mul(high - low)
      .add(low);

export const index = (...values: number[]): Tensor => tensor(values, { dtype: "int64" });
export const mask = (...values: boolean[]): Tensor => tensor(values);
export const fixed = (...values: number[]): Tensor => tensor(values, { dtype: "float64" });
