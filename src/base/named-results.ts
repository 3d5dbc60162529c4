// Several results of one function: by name, by number, and in PyTorch's order.

/** The places of results, as of PyTorch's tuples: `x.max(1)[1]`; two unless said otherwise. */
export type Places<V, Count extends 2 | 3 = 2> = (Count extends 3 ? ThirdPlace<V> : unknown) & {
  /** The first result. */
  readonly 0: V;
  /** The second result. */
  readonly 1: V;
};

interface ThirdPlace<V> {
  /** The third result. */
  readonly 2: V;
}

/** Results by name that also have places and come apart in order, as PyTorch's named tuples: `const [values, indices] = x.max(1)`. */
export type Named<T extends object, Count extends 2 | 3 = 2> = T &
  Places<T[keyof T], Count> &
  Iterable<T[keyof T], undefined>;

/** Gives the values of an object places in the order of its keys, and makes them come apart in that order. */
export function named<T extends object>(results: T): Named<T, 3> {
  const values = Object.values(results) as T[keyof T][];
  const iterate = () => values[Symbol.iterator]() as Iterator<T[keyof T], undefined>;
  values.forEach((value, place) => {
    Object.defineProperty(results, place, { value });
  });
  return Object.defineProperty(results, Symbol.iterator, { value: iterate }) as Named<T, 3>;
}

/** True for what `named` gave. */
export function isNamed(value: object): boolean {
  return Object.hasOwn(value, Symbol.iterator);
}
