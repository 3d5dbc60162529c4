// Nested state (objects, lists, numbers, tensors) as JSON text and a list of named tensors, and back, bit for bit.
import { FormatError, isPlainObject, noMore, shownValue } from "../base/index.js";
import { Tensor } from "../tensor/index.js";

/** What a checkpoint can hold. */
export type State = Tensor | number | bigint | string | boolean | null | undefined | readonly State[] | StateObject;
/** Named parts of a state. */
export interface StateObject {
  readonly [key: string]: State;
}

/** A state as text and tensors. */
export interface SplitState {
  /** All but the tensors; marks stand in their places. */
  readonly json: string;
  /** The tensors, by their paths in the state. */
  readonly tensors: Record<string, Tensor>;
}

/** Marks the places in the JSON text that stand for something JSON has no word for. */
const tensorMark = "$tensor";
const numberMark = "$number";
const bigintMark = "$bigint";
const marks = [tensorMark, numberMark, bigintMark];

/**
 * Takes the tensors out of a state; each is named after its path, such as `model.fc.weight`. Shapes: any → the same.
 * @param state - a `StateObject`; what `stateDict()` of modules, optimizers, schedules and loaders gives is one.
 * @throws FormatError if a key is one of those that stand for tensors and numbers, such as `$tensor`, or something else than a `State` is
 * in it.
 */
export function splitState(state: object, ...surplus: []): SplitState {
  noMore("splitState", surplus);
  if (typeof state !== "object" || state === null) {
    throw new FormatError(`checkpoint: a state is an object, got ${shownValue(state)}`);
  }
  const tensors: Record<string, Tensor> = {};
  const strip = (value: unknown, path: string): unknown => {
    if (value instanceof Tensor) {
      tensors[path] = value;
      return { [tensorMark]: path };
    }
    if (Array.isArray(value)) return value.map((item, i) => strip(item, `${path}.${i}`));
    if (typeof value === "bigint") return { [bigintMark]: String(value) };
    // JSON would turn these into null, 0 and nothing.
    if (typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0))) {
      return { [numberMark]: Object.is(value, -0) ? "-0" : String(value) };
    }
    if (value === null || ["number", "string", "boolean", "undefined"].includes(typeof value)) return value;
    if (!isPlainObject(value)) {
      const held = "tensors, numbers, bigints, texts, booleans, null, and arrays and plain objects of these";
      const kind = typeof value === "object" ? `a ${value.constructor?.name}` : shownValue(value);
      throw new FormatError(`checkpoint: ${path || "the state"} is ${kind}; a checkpoint holds ${held}`);
    }
    const entries = Object.entries(value);
    if (entries.some(([key]) => marks.includes(key))) throw new FormatError(`checkpoint: ${path} uses a reserved key`);
    return Object.fromEntries(entries.map(([key, item]) => [key, strip(item, path ? `${path}.${key}` : key)]));
  };
  return { json: JSON.stringify(strip(state, "")), tensors };
}

/**
 * The inverse of `splitState`. Shapes: any → the same.
 * @throws FormatError if it is nothing of that kind, the text is damaged or names a tensor that is not there.
 */
export function joinState(state: SplitState, ...surplus: []): StateObject {
  noMore("joinState", surplus);
  if (typeof state?.json !== "string" || !isPlainObject(state.tensors)) {
    throw new FormatError(`joinState: takes what splitState gave, { json, tensors }, got ${shownValue(state)}`);
  }
  const { json, tensors } = state;
  const revive = (value: unknown): State => {
    if (Array.isArray(value)) return value.map(revive);
    if (typeof value !== "object" || value === null) return value as State;
    const object = value as Record<string, unknown>;
    if (typeof object[tensorMark] === "string") return findTensor(tensors, object[tensorMark]);
    if (typeof object[numberMark] === "string") return Number(object[numberMark]);
    if (typeof object[bigintMark] === "string") return BigInt(object[bigintMark]);
    return Object.fromEntries(Object.entries(object).map(([key, item]) => [key, revive(item)]));
  };
  try {
    return revive(JSON.parse(json)) as StateObject;
  } catch (cause) {
    if (cause instanceof FormatError) throw cause;
    throw new FormatError(`checkpoint: damaged state: ${(cause as Error).message}`, { cause });
  }
}

function findTensor(tensors: Readonly<Record<string, Tensor>>, name: string): Tensor {
  const tensor = tensors[name];
  if (!tensor) throw new FormatError(`checkpoint: the tensor ${name} is missing`);
  return tensor;
}
