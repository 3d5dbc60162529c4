// Plain vectors of doubles.

export type Vector = Float64Array;

/** a + factor · b */
export function add(a: Vector, b: Vector, factor: number): Vector {
  return a.map((value, i) => value + factor * (b[i] as number));
}

export function scaled(a: Vector, factor: number): Vector {
  return a.map((value) => value * factor);
}

export function dot(a: Vector, b: Vector): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

/** The largest magnitude. */
export function largest(a: Vector): number {
  return a.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}
