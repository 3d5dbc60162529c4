// Tensors inside the values that modules take and return.
import { Tensor } from "../tensor/index.js";

/** Applies `map` to the tensors in `value`: itself, or in nested arrays and plain objects. Other values stay. */
export function mapTensors(value: unknown, map: (tensor: Tensor) => Tensor): unknown {
  if (value instanceof Tensor) return map(value);
  if (Array.isArray(value)) return value.map((item) => mapTensors(item, map));
  if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapTensors(item, map)]));
  }
  return value;
}
