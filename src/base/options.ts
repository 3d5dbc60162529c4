// Option objects at run time: unknown names and surplus arguments are errors that name the nearest option.
import { ArgumentError } from "./errors.js";

/** What an option may be: one of these, or several such as "number | null". An option that is undefined is left out. */
const kinds: Readonly<Record<string, readonly [said: string, holds: (value: unknown) => boolean]>> = {
  number: ["a number", (value) => typeof value === "number"],
  numbers: ["an array of numbers", isNumbers],
  pair: ["two numbers [a, b]", (value) => isNumbers(value) && value.length === 2],
  flag: ["true or false", (value) => typeof value === "boolean"],
  texts: ["an array of texts", (value) => Array.isArray(value) && value.every((item) => typeof item === "string")],
  text: ["a text", (value) => typeof value === "string"],
  function: ["a function", (value) => typeof value === "function"],
  object: ["an object", (value) => typeof value === "object" && value !== null],
  null: ["null", (value) => value === null],
  any: ["anything", () => true],
};

/** Options by name, with the kinds their values may be of. */
export type OptionKinds = Readonly<Record<string, string>>;

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => typeof item === "number");
}

/** The kinds of options whose defaults are the given ones; what may be null is of any kind. */
export function kindsOf(defaults: object): OptionKinds {
  const kindOf = (value: unknown): string => {
    if (typeof value === "boolean") return "flag";
    if (typeof value === "string") return "text";
    if (typeof value === "number") return "number";
    if (isNumbers(value)) return "numbers";
    return typeof value === "function" ? "function" : "any";
  };
  return Object.fromEntries(Object.entries(defaults).map(([name, value]) => [name, kindOf(value)]));
}

/** Throws ArgumentError unless every key of `options` is one of `known`; where kinds are given, also unless its value is of its kind. */
export function checkOptions(op: string, options: object | undefined, known: readonly string[] | OptionKinds): void {
  if (options === undefined) return;
  const names = Array.isArray(known) ? (known as readonly string[]) : Object.keys(known);
  if (options === null || typeof options !== "object" || Array.isArray(options)) {
    const some = names.slice(0, 4).join(", ") + (names.length > 4 ? ", …" : "");
    throw new ArgumentError(`${op}: options must be an object like { ${some} }, got ${describe(options)}`, { op });
  }
  for (const key in options) if (!names.includes(key)) throw unknownName(op, "option", key, names);
  if (Array.isArray(known)) return;
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined) checkKind(op, name, value, (known as OptionKinds)[name] as string);
  }
}

/**
 * Throws if a function or constructor got more arguments than it takes: options go into one object. What is public ends its
 * parameters with `...surplus: []` and hands that here; a constructor with a base hands it on, `super(…, ...surplus)`.
 * `tensors.map(relu)` is no mistake.
 */
export function noMore(op: string, surplus: readonly unknown[]): void {
  if (surplus.length === 0 || isFromArray(surplus)) return;
  const shown = typeof surplus[0] === "object" ? "an object" : String(surplus[0]);
  const problem = `got ${surplus.length} argument(s) too many (${shown} …); options go into one object, last`;
  throw new ArgumentError(`${op}: ${problem}`, { op });
}

/** What an array's `map` and `forEach` add to an element: its index and the array. */
function isFromArray(surplus: readonly unknown[]): boolean {
  const [index, array] = surplus;
  return surplus.length === 2 && Array.isArray(array) && typeof index === "number" && index < array.length;
}

/** Throws unless an argument is of its kind. */
export function checkKind(op: string, name: string, value: unknown, kind: string): void {
  const choices = kind.split(" | ").map((one) => kinds[one] as (typeof kinds)[string]);
  if (choices.some(([, holds]) => holds(value))) return;
  const said = choices.map(([text]) => text).join(" or ");
  throw new ArgumentError(`${op}: ${name} must be ${said}, got ${shownValue(value)}`, { op });
}

/** Throws unless an argument is a function. */
export function checkFunction(op: string, name: string, value: unknown): void {
  if (typeof value === "function") return;
  throw new ArgumentError(`${op}: ${name} must be a function, got ${value === null ? "null" : typeof value}`, { op });
}

/** Throws unless `value` is a number; NaN is none. */
export function checkNumber(op: string, name: string, value: unknown): void {
  if (typeof value === "number" && !Number.isNaN(value)) return;
  throw new ArgumentError(`${op}: ${name} must be a number, got ${shownValue(value)}`, { op });
}

/** Throws unless `value` is an integer, of at least `least`. */
export function checkWholeNumber(op: string, name: string, value: unknown, least = -Infinity): void {
  if (Number.isInteger(value) && (value as number) >= least) return;
  const bound = least === -Infinity ? "" : ` >= ${least}`;
  throw new ArgumentError(`${op}: ${name} must be an integer${bound}, got ${shownValue(value)}`, { op });
}

/** Throws unless `value` is an array, or with `typed` a typed one. */
export function checkArray(op: string, name: string, value: unknown, typed = false): void {
  if (Array.isArray(value) || (typed && ArrayBuffer.isView(value))) return;
  throw new ArgumentError(`${op}: ${name} must be an array, got ${shownValue(value)}; write [a, b, …]`, { op });
}

/** Throws unless `value` is a Uint8Array, such as a Buffer. */
export function checkBytes(op: string, name: string, value: unknown): void {
  if (value instanceof Uint8Array) return;
  throw new ArgumentError(`${op}: ${name} must be a Uint8Array, got ${shownValue(value)}`, { op });
}

/** Throws unless `value` is a text. */
export function checkText(op: string, name: string, value: unknown): void {
  if (typeof value === "string") return;
  throw new ArgumentError(`${op}: ${name} must be a text, got ${shownValue(value)}`, { op });
}

/** Throws unless `value` is true or false. */
export function checkFlag(op: string, name: string, value: unknown): void {
  if (typeof value === "boolean") return;
  throw new ArgumentError(`${op}: ${name} must be true or false, got ${shownValue(value)}`, { op });
}

/** An argument in an error message: short, and whatever it is. */
export function shownValue(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return `[${value.slice(0, 8).map(shownValue).join(",")}${value.length > 8 ? ",…" : ""}]`;
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

/** `runningMean` → `running_mean`: `_` and lower case for each inner capital; a leading capital and underscores stay. */
export function snakeCase(name: string): string {
  return name.replace(/(?!^)[A-Z]/g, (capital) => `_${capital.toLowerCase()}`);
}

/** A name in snake case: `fanOut` as `fan_out`. */
export type SnakeCase<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? First extends Lowercase<First>
    ? `${First}${SnakeCase<Rest>}`
    : `_${Lowercase<First>}${SnakeCase<Rest>}`
  : Name;

/** A name of an option's value in camelCase, or as PyTorch spells it. */
export type Spelled<Name extends string> = Name | SnakeCase<Name>;

/**
 * The camelCase name of an option's value, given in that spelling or in PyTorch's snake_case.
 * @throws ArgumentError for anything else, with the nearest name.
 */
export function chosen<Name extends string>(
  op: string,
  option: string,
  value: Spelled<Name>,
  choices: readonly Name[],
): Name {
  const found = choices.find((name) => name === value || snakeCase(name) === value);
  if (found !== undefined) return found;
  if (typeof value === "string") throw unknownName(op, option, value, choices);
  throw new ArgumentError(`${op}: ${option} must be one of ${choices.join(", ")}, got ${shownValue(value)}`, { op });
}

/** Throws unless an option is one of the names it may have. */
export function checkChoice(op: string, option: string, value: unknown, choices: readonly string[]): void {
  if (choices.includes(value as string)) return;
  throw new ArgumentError(
    `${op}: ${option} must be ${choices.map((choice) => `"${choice}"`).join(" or ")}, got ${JSON.stringify(value) ?? typeof value}`,
    { op },
  );
}

/** The error for a name that is not one of `names`, with the nearest of them. */
export function unknownName(op: string, what: string, name: string, names: readonly string[]): ArgumentError {
  const near = nearest(name, names);
  const hint = near ? `; did you mean "${near}"?` : `; one of ${names.join(", ")}`;
  return new ArgumentError(`${op}: unknown ${what} "${name}"${hint}`, near ? { op, fix: near } : { op });
}

function describe(value: unknown): string {
  return Array.isArray(value) ? "an array" : String(value);
}

/** The name closest to `name`, if it is close at all: at most a third of its letters differ. */
export function nearest(name: string, names: readonly string[]): string | null {
  const plain = (text: string) => text.toLowerCase().replace(/[_-]/g, "");
  let best: string | null = null;
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of names) {
    const distance = editDistance(plain(name), plain(candidate));
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Levenshtein distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitute = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitute, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}

/** A number for all spatial dims, or one a dim. */
export type PerDim = number | readonly number[];

/**
 * One integer >= `least` for each of `rank` dims; a list of one stands for all.
 * @throws ArgumentError for anything else.
 */
export function perDim(op: string, name: string, value: PerDim, rank: number, least: number): number[] {
  const given: readonly number[] = typeof value === "number" ? [value] : Array.isArray(value) ? value : [];
  const list = given.length === 1 ? new Array<number>(rank).fill(given[0] as number) : [...given];
  if (list.length === rank && list.every((n) => Number.isInteger(n) && n >= least)) return list;
  const shown = Array.isArray(value) ? JSON.stringify(value) : shownValue(value);
  throw new ArgumentError(`${op}: ${name} must be an integer >= ${least}, or ${rank} of them, got ${shown}`, { op });
}
