// Deep copies of modules.
import { noGrad, Tensor } from "../tensor/index.js";
import type { AnyModule } from "./any-module.js";
import { isModule } from "./fields.js";
import { Buffer, Parameter } from "./parameter.js";

/** Copies `module` field by field; `create` makes an empty module of the same class. Ties inside are kept. */
export function cloneModule(module: AnyModule, create: (module: AnyModule) => AnyModule): AnyModule {
  const copies = new Map<unknown, unknown>();

  function copy(value: unknown): unknown {
    const known = copies.get(value);
    if (known !== undefined) return known;
    if (isModule(value)) return copyFields(value, remember(value, create(value)));
    if (value instanceof Tensor) return remember(value, copyTensor(value));
    if (Array.isArray(value)) return copyFields(value, remember(value, []));
    if (value instanceof Map) {
      const map = remember(value, new Map<unknown, unknown>());
      for (const [key, item] of value) map.set(key, copy(item));
      return map;
    }
    if (value instanceof Set) {
      const set = remember(value, new Set<unknown>());
      for (const item of value) set.add(copy(item));
      return set;
    }
    const prototype: unknown = typeof value === "object" && value !== null ? Object.getPrototypeOf(value) : undefined;
    if (prototype === Object.prototype || prototype === null) {
      return copyFields(value as object, remember(value, Object.create(prototype)));
    }
    return value;
  }

  function remember<T>(original: unknown, made: T): T {
    copies.set(original, made);
    return made;
  }

  function copyFields<T extends object>(from: object, to: T): T {
    for (const name of Object.getOwnPropertyNames(from)) {
      const property = Object.getOwnPropertyDescriptor(from, name) as PropertyDescriptor;
      if (!property.enumerable && !property.get) continue;
      // A computed field (a parametrized weight), which is not enumerable, stays computed, from the copy's own fields.
      if (property.get) Object.defineProperty(to, name, property);
      else (to as Record<string, unknown>)[name] = copy(property.value);
    }
    return to;
  }

  return copy(module) as AnyModule;
}

function copyTensor(tensor: Tensor): Tensor {
  const { requiresGrad, grad } = tensor;
  let copy: Tensor;
  if (tensor instanceof Parameter) copy = new Parameter(tensor, { requiresGrad });
  else if (tensor instanceof Buffer) copy = new Buffer(tensor, { persistent: tensor.persistent });
  else copy = noGrad(() => tensor.detach().clone());
  if (grad !== null && copy.requiresGrad) copy.grad = noGrad(() => grad.detach().clone());
  return copy;
}
