// Modules as text: PyTorch's tree, with our argument names.

import type { AnyModule } from "./any-module.js";
import { fieldsOf, isModule } from "./fields.js";

/** `Net(\n  (fc): Linear(inFeatures=4, outFeatures=2, bias=true)\n)` */
export function printModule(module: AnyModule): string {
  const name = module.constructor.name;
  const extra = module.extraRepr();
  const children = fieldsOf(module).filter(({ value }) => isModule(value));
  if (children.length === 0) return `${name}(${extra})`;
  const lines = children.map(({ path, value }) => `(${path}): ${String(value)}`);
  if (extra) lines.unshift(extra);
  return `${name}(\n${lines.map(indent).join("\n")}\n)`;
}

function indent(text: string): string {
  return text
    .split("\n")
    .map((line) => `  ${line}`)
    .join("\n");
}

/** `stride=2, padding=[1, 1]`: the named arguments of `extraRepr`; those that are undefined are left out. */
export function printArguments(values: object): string {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${printValue(value)}`)
    .join(", ");
}

function printValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(printValue).join(", ")}]`;
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
