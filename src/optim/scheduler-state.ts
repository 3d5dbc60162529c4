// What schedules save, in our form and in PyTorch's: there the attributes of the schedule, in snake case.
import { ArgumentError, shownValue, snakeCase } from "../base/index.js";
import { camelCase, type TorchEntries } from "./torch-state.js";

/** Plain data, which survives JSON. */
export type SchedulerEntry =
  | number
  | string
  | boolean
  | null
  | readonly SchedulerEntry[]
  | { readonly [name: string]: SchedulerEntry };

/** What a schedule was made with: loading a state replaces it, as in PyTorch. */
export type SchedulerSettings = Readonly<Record<string, SchedulerEntry>>;

/** What a schedule saves: plain data that survives JSON. */
export interface SchedulerState {
  /** Steps taken. */
  readonly lastEpoch: number;
  /** How often rates were set, the first ones included; a schedule that waits in a SequentialLR has none of its own yet. */
  readonly stepCount?: number;
  /** The rate each param group started from. */
  readonly baseLrs: readonly number[];
  /** The rate each param group had last. */
  readonly lastLr: readonly number[];
  /** States of the schedules inside a SequentialLR or ChainedScheduler. */
  readonly schedulers?: readonly SchedulerState[];
  /** What the schedule was made with, such as `gamma`. */
  readonly [setting: string]: SchedulerEntry | readonly SchedulerState[] | undefined;
}

/** What PyTorch's `scheduler.state_dict()` gives, as its files hold it. */
export interface TorchSchedulerState {
  /** The rate each param group had last. */
  readonly _last_lr: readonly number[];
  /** The other attributes of the schedule. */
  readonly [attribute: string]: unknown;
}

/** Whether a state has PyTorch's form. */
export function isTorchSchedulerState(state: unknown): state is TorchSchedulerState {
  return typeof state === "object" && state !== null && "_last_lr" in state;
}

/** PyTorch's names that are not ours in snake case. */
const torchNames: Readonly<Record<string, string>> = {
  lastLr: "_last_lr",
  stepCount: "_step_count",
  schedulers: "_schedulers",
  phases: "_schedule_phases",
  tMax: "T_max",
  t0: "T_0",
  tI: "T_i",
  tMult: "T_mult",
  tCur: "T_cur",
  badEpochs: "num_bad_epochs",
};
const ownNames = Object.fromEntries(Object.entries(torchNames).map(([own, torch]) => [torch, own]));

const renamed = (entries: object, rename: (name: string) => string): Record<string, unknown> =>
  Object.fromEntries(Object.entries(entries).map(([name, value]) => [rename(name), value]));

/** Entries of a state with PyTorch's names. */
export const namedAsTorch = (entries: object): Record<string, unknown> =>
  renamed(entries, (name) => torchNames[name] ?? snakeCase(name));

/** The inverse of `namedAsTorch`. */
export const namedAsOwn = (entries: TorchEntries): Record<string, unknown> =>
  renamed(entries, (name) => ownNames[name] ?? camelCase(name));

/** Lists with one number a param group. */
const groupLists = ["baseLrs", "lastLr", "maxLrs", "baseMomentums", "maxMomentums", "minLrs"];

const kindOf = (value: unknown): string => {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
};

/**
 * The values that a state has of `known`, and those of `known` where it has none.
 * @param known - the names that count, with values of the kind the state's must have.
 * @throws ArgumentError if the state is none, a value is of another kind, or a list is for another number of param groups.
 */
export function takenFrom<S extends object>(name: string, known: S, state: unknown, groups: number): S {
  const op = `${name}.loadStateDict`;
  const fail = (text: string) => new ArgumentError(`${op}: ${text}`, { op });
  if (typeof state !== "object" || state === null || Array.isArray(state)) {
    throw fail(`takes what stateDict() or torchStateDict() gave, got ${shownValue(state)}`);
  }
  const given = state as Record<string, unknown>;
  const taken = Object.entries(known).flatMap(([key, own]) => {
    const value = given[key];
    if (value === undefined) return [];
    if (kindOf(value) !== kindOf(own) || Number.isNaN(value)) {
      throw fail(`${key} of the state is ${shownValue(value)}, where a value like ${JSON.stringify(own)} is needed`);
    }
    if (groupLists.includes(key)) checkGroupList(key, value as readonly unknown[]);
    return [[key, structuredClone(value)] as const];
  });
  return { ...known, ...Object.fromEntries(taken) };

  function checkGroupList(key: string, values: readonly unknown[]): void {
    if (values.length !== groups) {
      throw fail(`the state is for ${values.length} param groups (${key}) but the optimizer has ${groups}`);
    }
    const bad = values.find((value) => typeof value !== "number");
    if (bad !== undefined) throw fail(`${key} of the state must be numbers, got ${shownValue(bad)}`);
  }
}
