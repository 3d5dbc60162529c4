// Trees of plain arrays and objects with tensors among their leaves: arguments and results of compiled functions.
import { isNamed, isPlainObject, named } from "../base/index.js";
import { Tensor } from "./tensor.js";

/** Where tensors were replaced by their number in order of appearance. */
export type Template =
  | { readonly kind: "tensor"; readonly index: number }
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "array"; readonly items: readonly Template[] }
  | {
      readonly kind: "object";
      readonly entries: readonly (readonly [string, Template])[];
      /** Comes apart in order, as the results of `max` do. */
      readonly isNamed: boolean;
    };

const ids = new WeakMap<object, number>();
let nextId = 0;

/** A number that stands for an object's identity. */
function identity(value: object): number {
  const id = ids.get(value) ?? nextId++;
  ids.set(value, id);
  return id;
}

/** The tree of `value`; its tensors are appended to `tensors`. */
export function templateOf(value: unknown, tensors: Tensor[]): Template {
  if (value instanceof Tensor) return { kind: "tensor", index: tensors.push(value) - 1 };
  if (Array.isArray(value)) return { kind: "array", items: value.map((item) => templateOf(item, tensors)) };
  if (isPlainObject(value)) {
    return {
      kind: "object",
      entries: Object.entries(value).map(([key, item]) => [key, templateOf(item, tensors)]),
      isNamed: isNamed(value),
    };
  }
  return { kind: "value", value };
}

/** The tree with `values` in the places of its tensors. */
export function fillTemplate(template: Template, values: readonly unknown[]): unknown {
  switch (template.kind) {
    case "tensor":
      return values[template.index];
    case "value":
      return template.value;
    case "array":
      return template.items.map((item) => fillTemplate(item, values));
    case "object": {
      const filled = Object.fromEntries(template.entries.map(([key, item]) => [key, fillTemplate(item, values)]));
      return template.isNamed ? named(filled) : filled;
    }
  }
}

/** Whether anything but tensors is among the leaves. */
export function hasOtherValues(template: Template): boolean {
  if (template.kind === "array") return template.items.some(hasOtherValues);
  if (template.kind === "object") return template.entries.some(([, item]) => hasOtherValues(item));
  return template.kind === "value";
}

/** Text that two argument trees share if and only if one program can serve both; collects the tensors. */
export function signatureOf(value: unknown, tensors: Tensor[]): string {
  if (value instanceof Tensor) {
    tensors.push(value);
    return `${value.dtype}${value.requiresGrad ? "*" : ""}[${value.shape.join()}]`;
  }
  if (Array.isArray(value)) return `[${value.map((item) => signatureOf(item, tensors)).join()}]`;
  if (typeof value === "object" && value !== null) {
    if (!isPlainObject(value)) return `#${identity(value)}`;
    return `{${Object.entries(value)
      .map(([key, item]) => `${JSON.stringify(key)}:${signatureOf(item, tensors)}`)
      .join()}}`;
  }
  if (typeof value === "function") return `#${identity(value)}`;
  return typeof value === "string" ? JSON.stringify(value) : `${typeof value}:${String(value)}`;
}
