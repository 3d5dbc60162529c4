// PyTorch's form of an optimizer's state: the same entries with keys in snake_case, and step counts as tensors.
import { isPlainObject, snakeCase } from "../base/index.js";
import { Tensor, tensor } from "../tensor/index.js";

/** What PyTorch's `optimizer.state_dict()` gives, as its files hold it. */
export interface TorchOptimizerState {
  /** By the parameter's number; a Map where it is to be written, since the numbers are no texts in PyTorch. */
  readonly state: ReadonlyMap<number, TorchEntries> | Readonly<Record<string, TorchEntries>>;
  /** The options of each group, with its parameters' numbers. */
  readonly param_groups: readonly TorchEntries[];
}

/** Named values in PyTorch's spelling. */
export type TorchEntries = Readonly<Record<string, unknown>>;

/** `exp_avg_sq` → `expAvgSq` */
export const camelCase = (key: string): string =>
  key.replace(/(?!^)_([a-z])/g, (_, letter: string) => letter.toUpperCase());

const renamed = (entries: TorchEntries, rename: (key: string) => string): Record<string, unknown> =>
  Object.fromEntries(Object.entries(entries).map(([key, value]) => [rename(key), value]));

/** Whether a state has PyTorch's form. */
export function isTorchState(state: unknown): state is TorchOptimizerState {
  return isPlainObject(state) && Array.isArray(state.param_groups);
}

/** Numbers that PyTorch may keep as tensors of one element. */
export const numberOf = (value: unknown): unknown => (value instanceof Tensor ? Number(value.item()) : value);

/** A group's options, without those that say how PyTorch computes (`foreach`, `fused` …) and those that are not set. */
export function groupFromTorch(entries: TorchEntries, known: readonly string[]): Record<string, unknown> {
  const own = Object.entries(renamed(entries, camelCase)).filter(
    ([key, value]) => known.includes(key) && value !== undefined && !(value === null && key === "adjustLrFn"),
  );
  return Object.fromEntries(own.map(([key, value]) => [key, numberOf(value)]));
}

/** A group's options in PyTorch's spelling. */
export const groupToTorch = (options: TorchEntries): TorchEntries => renamed(options, snakeCase);

/** What is kept of a parameter; null where PyTorch has nothing yet (a momentum of None). */
export function entriesFromTorch(entries: TorchEntries): Record<string, number | Tensor> | null {
  const { step = 1, ...rest } = entries; // SGD and Muon count no steps; what has a state has had one
  const values = Object.values(rest);
  if (values.some((value) => value === null)) return null;
  return { step: numberOf(step) as number, ...(renamed(rest, camelCase) as Record<string, Tensor>) };
}

/** What is kept of a parameter, in PyTorch's spelling. */
export function entriesToTorch({ step = 0, ...rest }: Readonly<Record<string, number | Tensor>>): TorchEntries {
  return { step: tensor(numberOf(step) as number, { dtype: "float32" }), ...renamed(rest, snakeCase) };
}

/** The entries of a state by parameter, whichever form it has. */
export function entriesOf(state: TorchOptimizerState["state"]): [number, TorchEntries][] {
  const all = state instanceof Map ? [...state] : Object.entries(state);
  return all.map(([key, value]) => [Number(key), value as TorchEntries]);
}
