// Several results of one function: by name, and in PyTorch's order.

/** Results by name that also come apart in order, as PyTorch's named tuples do: `const [values, indices] = x.max(1)`. */
export type Named<T extends object> = T & Iterable<T[keyof T], undefined>;

/** Makes the values of an object come apart in the order of its keys. */
export function named<T extends object>(results: T): Named<T> {
  const iterate = (): Iterator<T[keyof T], undefined> =>
    (Object.values(results) as T[keyof T][])[Symbol.iterator]() as Iterator<T[keyof T], undefined>;
  return Object.defineProperty(results, Symbol.iterator, { value: iterate }) as Named<T>;
}

/** True for what `named` gave. */
export function isNamed(value: object): boolean {
  return Object.hasOwn(value, Symbol.iterator);
}
