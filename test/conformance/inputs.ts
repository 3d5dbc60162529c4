// The seeded generator of test inputs, the twin of test/fixtures/generator/inputs.py: both give the same bits.

/** A kind of values: a name, or a name with parameters. */
export type Kind = string | readonly [string, ...unknown[]];

// Values where functions overflow, cancel, change branch or meet their poles.
const EDGE: readonly number[] = [
  NaN, Infinity, -Infinity, 0, -0, 1, -1, 0.5, -0.5, 2, -2, 3, -3, 1e-3, -1e-3, 1e-20, -1e-20, 1e-40, -1e-40, 1e30,
  -1e30, 20, -20, 88, -88, 104, -104, 1.5, -1.5, 2.5, -2.5, 1e-7, -1e-7,
]; // biome-ignore format: one table

/** The lowbias32 finaliser: every input bit reaches every output bit. */
function mix(word: number): number {
  let x = word ^ (word >>> 16);
  x = Math.imul(x, 0x7feb352d);
  x ^= x >>> 15;
  x = Math.imul(x, 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

/** FNV-1a of an ASCII text. */
export function textSeed(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return value;
}

/** One 32-bit word per element; lanes are independent streams of one seed. */
function words(seed: number, count: number, lane = 0): Uint32Array {
  const start = mix((seed + Math.imul(lane, 0x9e3779b1)) >>> 0);
  return Uint32Array.from({ length: count }, (_, i) => mix((start + Math.imul(i, 0x85ebca77)) >>> 0));
}

/** Doubles strictly between 0 and 1. */
function units(seed: number, count: number, lane = 0): Float64Array {
  return Float64Array.from(words(seed, count, lane), (word) => (word + 0.5) / 4294967296);
}

/** A permutation of 0 … count - 1: the rank of each element's word, ties by index. */
function ranks(seed: number, count: number): Float64Array {
  const keys = words(seed, count);
  const order = Array.from(keys.keys()).sort((a, b) => (keys[a] as number) - (keys[b] as number) || a - b);
  const out = new Float64Array(count);
  order.forEach((element, rank) => {
    out[element] = rank;
  });
  return out;
}

/** Nearly normal with variance 1: four uniforms, whose sum has variance 1/3. */
function normal(seed: number, count: number): Float64Array {
  const [a, b, c, d] = [0, 1, 2, 3].map((lane) => units(seed, count, lane)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  return a.map((value, i) => (value + b[i]! + c[i]! + d[i]! - 2) * 1.7320508075688772);
}

function special(seed: number, count: number): Float64Array {
  const choice = words(seed, count, 4);
  const oddities = [NaN, Infinity, -Infinity];
  return normal(seed, count).map((value, i) => oddities[choice[i]! % 12] ?? value);
}

/** JSON has no NaN and infinities: they are written as texts. */
export function parseNumber(value: unknown): number {
  if (value === "nan") return NaN;
  if (value === "inf") return Infinity;
  if (value === "-inf") return -Infinity;
  return Number(value);
}

function draw(seed: number, count: number, name: string, rest: readonly unknown[]): Float64Array {
  const [low, high] = rest as [number, number];
  switch (name) {
    case "normal":
      return normal(seed, count);
    case "uniform":
      return units(seed, count).map((u) => low + u * (high - low));
    case "int":
      return units(seed, count).map((u) => low + Math.floor(u * (high - low)));
    case "bool":
      return Float64Array.from(words(seed, count), (word) => word >>> 31);
    case "distinct":
      return ranks(seed, count).map((rank) => (rank - (count - 1) / 2) * low);
    case "perm":
      return ranks(seed, count);
    case "edge":
      return Float64Array.from({ length: count }, (_, i) => EDGE[i % EDGE.length] as number);
    case "special":
      return special(seed, count);
    case "values":
      return Float64Array.from(rest[0] as unknown[], parseNumber);
    default:
      throw new Error(`unknown kind ${name}`);
  }
}

const UNROUNDED = ["perm", "values", "int"];

/** `count` doubles of a kind, rounded to float32 so that float32 and float64 runs see the same numbers. */
export function generate(seed: number, count: number, kind: Kind): Float64Array {
  const [name, ...rest] = typeof kind === "string" ? [kind] : kind;
  const values = draw(seed, count, name, rest);
  if (values.length !== count) throw new Error(`${values.length} values for ${count} elements`);
  return UNROUNDED.includes(name) ? values : values.map(Math.fround);
}
