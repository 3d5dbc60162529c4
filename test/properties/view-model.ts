// What views and in-place writes mean, on plain arrays: a view is a list of places in a memory.

/** A tensor of the model. Views share the memory of what they look at. */
export interface Model {
  readonly memory: number[];
  readonly places: readonly number[];
  readonly shape: readonly number[];
}

export const count = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Row-major indices of a shape. */
function indicesOf(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>(
    (all, size) => all.flatMap((index) => Array.from({ length: size }, (_, i) => [...index, i])),
    [[]],
  );
}

function flatAt(shape: readonly number[], index: readonly number[]): number {
  return shape.reduce((at, size, d) => at * size + (index[d] as number), 0);
}

/** A tensor with memory of its own. */
export function fresh(values: readonly number[], shape: readonly number[]): Model {
  return { memory: [...values], places: values.map((_, i) => i), shape };
}

export function valuesIn({ memory, places }: Model): number[] {
  return places.map((place) => memory[place] as number);
}

/** The view of `shape` whose element at an index is the one of `x` at `source(index)`. */
export function viewBy(x: Model, shape: readonly number[], source: (index: readonly number[]) => number[]): Model {
  const places = indicesOf(shape).map((index) => x.places[flatAt(x.shape, source(index))] as number);
  return { memory: x.memory, places, shape };
}

/** A view if steps of constant length lead through the places of the new shape, else a copy. */
export function reshaped(x: Model, shape: readonly number[]): Model {
  const first = x.places[0] ?? 0;
  const steps = shape.map((size, d) => {
    const next = count(shape.slice(d + 1));
    return size > 1 ? (x.places[next] as number) - first : 0;
  });
  const isRegular = indicesOf(shape).every(
    (index, i) => x.places[i] === first + index.reduce((sum, at, d) => sum + at * (steps[d] as number), 0),
  );
  return isRegular ? { memory: x.memory, places: x.places, shape } : fresh(valuesIn(x), shape);
}

/** Whether several elements lie in one place: such a tensor must not be written. */
export function overlaps({ places }: Model): boolean {
  return new Set(places).size < places.length;
}

/** The values of `x`, repeated to `shape` as broadcasting does. */
export function spreadTo(x: Model, shape: readonly number[]): number[] {
  const source = (index: readonly number[]) =>
    x.shape.map((size, d) => (size === 1 ? 0 : (index[index.length - x.shape.length + d] as number)));
  return valuesIn(viewBy(x, shape, source));
}

export function fits(from: readonly number[], to: readonly number[]): boolean {
  return from.length <= to.length && from.every((size, d) => size === 1 || size === to[to.length - from.length + d]);
}

/** Writes float32 values. All are known before the first is written. */
export function write({ memory, places }: Model, values: readonly number[]): void {
  places.forEach((place, i) => {
    memory[place] = Math.fround(values[i] as number);
  });
}
