// Members of a module by name: found by their keys, and put there by a name that a program computes.
import { ArgumentError, checkFlag, checkOptions, checkText } from "../base/index.js";
import { checkTensor, type Tensor } from "../tensor/index.js";
import type { AnyModule } from "./any-module.js";
import { type Field, fieldsOf, isModule } from "./fields.js";
import { Buffer, Parameter } from "./parameter.js";

/** The field with this state-dict key, here or in the modules inside. */
function fieldAt(module: AnyModule, key: string): Field | null {
  for (const field of fieldsOf(module)) {
    if (field.key === key) return field;
    if (isModule(field.value) && key.startsWith(`${field.key}.`)) {
      const inner = fieldAt(field.value, key.slice(field.key.length + 1));
      if (inner) return inner;
    }
  }
  return null;
}

/**
 * What has the key `key` and is of a kind, also under a second key of a tied member.
 * @throws ArgumentError where there is nothing, or something else.
 */
export function memberAt<T>(
  module: AnyModule,
  op: string,
  kind: string,
  key: string,
  is: (value: unknown) => value is T,
): T {
  checkText(op, "name", key);
  const found = fieldAt(module, key)?.value;
  if (is(found)) return found;
  throw new ArgumentError(`${op}: ${module.constructor.name} has no ${kind} "${key}"`, { op });
}

/** Throws unless `name` can be a field of `module` that holds nothing yet, or something of the same kind. */
function checkName(
  op: string,
  module: AnyModule,
  name: string,
  what: string,
  is: (value: unknown) => boolean,
): Record<string, unknown> {
  if (typeof name !== "string" || name === "" || name.includes(".")) {
    throw new ArgumentError(`${op}: a name is a text without dots, got ${JSON.stringify(name) ?? String(name)}`, {
      op,
    });
  }
  const holder = module.ownFields as Record<string, unknown>;
  const isOwn = Object.hasOwn(holder, name);
  const value = isOwn ? holder[name] : undefined;
  // What a class defines for all its objects (`training`, `forward`) is no place for a member; an array has places only.
  const isFree = isOwn ? value === undefined || value === null || is(value) : !(name in holder);
  if (isFree && (!Array.isArray(holder) || name === String(holder.length) || isOwn)) return holder;
  throw new ArgumentError(
    Array.isArray(holder)
      ? `${op}: ${module.constructor.name} has positions, so the next name is "${holder.length}", got "${name}"`
      : `${op}: ${module.constructor.name} has a "${name}" already that is no ${what}; take another name`,
    { op },
  );
}

const isBuffer = (value: unknown): value is Buffer => value instanceof Buffer;
const isParameter = (value: unknown): value is Parameter => value instanceof Parameter;

export function registerBuffer(
  module: AnyModule,
  name: string,
  tensor: Tensor | null,
  options: { readonly persistent?: boolean },
): Buffer | null {
  const op = "registerBuffer";
  checkOptions(op, options, ["persistent"]);
  const { persistent = true } = options;
  checkFlag(op, "persistent", persistent);
  if (tensor !== null) checkTensor(op, "tensor", tensor);
  const holder = checkName(op, module, name, "buffer", isBuffer);
  const buffer = tensor === null ? null : new Buffer(tensor, { persistent });
  holder[name] = buffer;
  return buffer;
}

export function registerParameter(module: AnyModule, name: string, parameter: Parameter | null): void {
  const op = "registerParameter";
  if (parameter !== null && !isParameter(parameter)) {
    throw new ArgumentError(`${op}: takes a Parameter or null; make one with new nn.Parameter(tensor)`, { op });
  }
  checkName(op, module, name, "parameter", isParameter)[name] = parameter;
}

export function addModule(module: AnyModule, name: string, member: AnyModule | null): void {
  const op = "addModule";
  if (member !== null && !isModule(member)) {
    throw new ArgumentError(`${op}: "${name}" is ${typeof member}, not a module`, { op });
  }
  checkName(op, module, name, "module", isModule)[name] = member;
}

export function setSubmodule(module: AnyModule, key: string, member: AnyModule, strict: boolean): void {
  const op = "setSubmodule";
  checkFlag(op, "strict", strict);
  if (!isModule(member)) throw new ArgumentError(`${op}: "${key}" is ${typeof member}, not a module`, { op });
  checkText(op, "name", key);
  const field = fieldAt(module, key);
  if (field && isModule(field.value)) {
    (field.holder as Record<string, unknown>)[field.name] = member;
    return;
  }
  const owner = module.constructor.name;
  if (strict || field) {
    const what = field ? `"${key}" of ${owner} is no module` : `${owner} has no module "${key}"`;
    throw new ArgumentError(`${op}: ${what}`, { op });
  }
  const dot = key.lastIndexOf(".");
  const parent = dot < 0 ? module : memberAt(module, op, "module", key.slice(0, dot), isModuleValue);
  parent.addModule(key.slice(dot + 1), member); // a container has rules of its own
}

export const isModuleValue = (value: unknown): value is AnyModule => isModule(value);
export { isBuffer, isParameter };
