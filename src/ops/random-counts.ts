// Poisson and binomial numbers. Small means by inverting the distribution with one uniform number, larger ones by Hörmann's rejection
// from a table mountain, which a while loop repeats until it accepts. All in float64, whatever the dtype.
// Sources: Hörmann, "The transformed rejection method for generating Poisson random variables", 1993 (PTRS), and "The generation of
// binomial random variates", 1993 (BTRS).
import {
  apply,
  hashText,
  type NdArray,
  type Node,
  nonDifferentiable,
  type RoutineContext,
  type RoutinePrimitive,
} from "../graph/index.js";
import { type Buffer, type Expr, type ExprFactory, type Stmt, scalarOf } from "../ir/index.js";
import { fillArray } from "./define.js";
import { assign, declare, loop, store } from "./kernel-text.js";
import { held, when } from "./matrix-kernels.js";
import { philoxPair, referencePair, type StreamKey, type WordPair } from "./random.js";

/** Elements of one tile. */
const TILE = 256;
/** Means below this are inverted. */
const SMALL = 10;
/** Far more than an inversion of a mean below SMALL needs: P(X > 150) < 1e-100. */
const MOST_STEPS = 150;
/** An attempt is accepted with a chance above 0.8. */
const MOST_TRIALS = 100;

const factorials: number[] = [1];
for (let k = 1; k < 10; k++) factorials.push((factorials[k - 1] as number) * k);
const HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI);

/** log k! - ((k + 1/2) log(k + 1) - (k + 1) + log(2π) / 2): what Stirling's formula lacks. */
const tails = factorials.map((x, k) => Math.log(x) - ((k + 0.5) * Math.log(k + 1) - (k + 1) + HALF_LOG_TWO_PI));

/** The arithmetic that both distributions are written in, on numbers or on expressions. */
interface Arithmetic<T> {
  number(value: number): T;
  add(...terms: T[]): T;
  sub(a: T, b: T): T;
  mul(...factors: T[]): T;
  div(a: T, b: T): T;
  log(x: T): T;
  floor(x: T): T;
  abs(x: T): T;
  sqrt(x: T): T;
  /** Entry of a table. */
  pick(table: readonly number[], at: T, otherwise: T): T;
}

const onNumbers: Arithmetic<number> = {
  number: (value) => value,
  add: (...terms) => terms.reduce((a, b) => a + b),
  sub: (a, b) => a - b,
  mul: (...factors) => factors.reduce((a, b) => a * b),
  div: (a, b) => a / b,
  log: Math.log,
  floor: Math.floor,
  abs: Math.abs,
  sqrt: Math.sqrt,
  pick: (table, at, otherwise) => table[at] ?? otherwise,
};

function onExpressions(f: ExprFactory): Arithmetic<Expr> {
  const number = (value: number): Expr => f.const("f64", value);
  return {
    number,
    add: (...terms) => terms.reduce((a, b) => f.add(a, b)),
    sub: (a, b) => f.sub(a, b),
    mul: (...factors) => factors.reduce((a, b) => f.mul(a, b)),
    div: (a, b) => f.div(a, b),
    log: (x) => f.unary("log", x),
    floor: (x) => f.unary("floor", x),
    abs: (x) => f.unary("abs", x),
    sqrt: (x) => f.unary("sqrt", x),
    pick: (table, at, otherwise) =>
      table.reduceRight((rest, value, k) => f.select(f.eq(at, number(k)), number(value), rest), otherwise),
  };
}

function stirlingTail<T>(m: Arithmetic<T>, k: T): T {
  const { number, sub, div, mul } = m;
  const z = m.add(k, number(1));
  const inverse = div(number(1), mul(z, z));
  const series = sub(number(1 / 12), mul(sub(number(1 / 360), mul(inverse, number(1 / 1260))), inverse));
  return m.pick(tails, k, div(series, z));
}

/** A proposal, and the quantities that decide about it. */
interface Proposal<T> {
  readonly k: T;
  /** Distance of the first uniform number from its nearer end. */
  readonly distance: T;
  /** Up to this the second uniform number accepts at once, if the distance is at least 0.07. */
  readonly quick: T;
  /** Else k is accepted if `trial` is not above `limit`: both are logarithms. */
  readonly trial: T;
  readonly limit: T;
}

/** What is particular of a distribution. `size` and `chance` are its parameters; the Poisson distribution has only `size`, its mean. */
interface Distribution {
  /** The mean, by which the method is chosen. */
  mean<T>(m: Arithmetic<T>, size: T, chance: T): T;
  /** log of the probability of 0. */
  logZero<T>(m: Arithmetic<T>, log1p: (x: T) => T, size: T, chance: T): T;
  /** P(k) / P(k - 1). */
  ratio<T>(m: Arithmetic<T>, k: T, size: T, chance: T): T;
  propose<T>(m: Arithmetic<T>, u: T, v: T, size: T, chance: T): Proposal<T>;
}

const poissonOf: Distribution = {
  mean: (_, size) => size,
  logZero: (m, _, size) => m.sub(m.number(0), size),
  ratio: (m, k, size) => m.div(size, k),
  propose: (m, u, v, size) => {
    const { number, add, sub, mul, div, log } = m;
    const b = add(number(0.931), mul(number(2.53), m.sqrt(size)));
    const a = add(number(-0.059), mul(number(0.02483), b));
    const centred = sub(u, number(0.5));
    const distance = sub(number(0.5), m.abs(centred));
    const slope = add(div(mul(number(2), a), distance), b);
    const k = m.floor(add(mul(slope, centred), size, number(0.43)));
    const hat = add(div(a, mul(distance, distance)), b);
    const next = add(k, number(1));
    const stirling = add(sub(mul(add(k, number(0.5)), log(next)), next), number(HALF_LOG_TWO_PI), stirlingTail(m, k));
    const inverseAlpha = add(number(1.1239), div(number(1.1328), sub(b, number(3.4))));
    return {
      k,
      distance,
      quick: sub(number(0.9277), div(number(3.6224), sub(b, number(2)))),
      trial: log(div(mul(v, inverseAlpha), hat)),
      limit: sub(mul(k, log(size)), add(size, stirling)),
    };
  },
};

const binomialOf: Distribution = {
  mean: (m, size, chance) => m.mul(size, chance),
  logZero: (m, log1p, size, chance) => m.mul(size, log1p(m.sub(m.number(0), chance))),
  ratio: (m, k, size, chance) => {
    const odds = m.div(chance, m.sub(m.number(1), chance));
    return m.mul(m.div(m.add(m.sub(size, k), m.number(1)), k), odds);
  },
  propose: (m, u, v, size, chance) => {
    const { number, add, sub, mul, div, log } = m;
    const rest = sub(number(1), chance);
    const deviation = m.sqrt(mul(size, chance, rest));
    const b = add(number(1.15), mul(number(2.53), deviation));
    const a = add(number(-0.0873), mul(number(0.0248), b), mul(number(0.01), chance));
    const centred = sub(u, number(0.5));
    const distance = sub(number(0.5), m.abs(centred));
    const k = m.floor(add(mul(add(div(mul(number(2), a), distance), b), centred), mul(size, chance), number(0.5)));
    const alpha = mul(add(number(2.83), div(number(5.1), b)), deviation);
    const odds = div(chance, rest);
    const middle = m.floor(mul(add(size, number(1)), chance));
    const after = (x: typeof k) => add(sub(size, x), number(1));
    const limit = sub(
      add(
        mul(add(middle, number(0.5)), log(div(add(middle, number(1)), mul(odds, after(middle))))),
        mul(add(size, number(1)), log(div(after(middle), after(k)))),
        mul(add(k, number(0.5)), log(div(mul(odds, after(k)), add(k, number(1))))),
        stirlingTail(m, middle),
        stirlingTail(m, sub(size, middle)),
      ),
      add(stirlingTail(m, k), stirlingTail(m, sub(size, k))),
    );
    return {
      k,
      distance,
      quick: sub(number(0.92), div(number(4.2), b)),
      trial: log(div(mul(v, alpha), add(div(a, mul(distance, distance)), b))),
      limit,
    };
  },
};

function referenceCount(which: Distribution, i: number, size: number, chance: number, key: StreamKey<number>): number {
  const m = onNumbers;
  if (!(which.mean(m, size, chance) >= SMALL)) {
    const [u] = referencePair(i, 0, key);
    let k = 0;
    let p = Math.exp(which.logZero(m, Math.log1p, size, chance));
    for (let sum = p; sum <= u && k < MOST_STEPS; sum += p) p *= which.ratio(m, ++k, size, chance);
    return Number.isNaN(p) ? Number.NaN : k;
  }
  for (let trial = 0; trial < MOST_TRIALS; trial++) {
    const [u, v] = referencePair(i, trial, key);
    const made = which.propose(m, u, v, size, chance);
    if (made.distance >= 0.07 && v <= made.quick) return made.k;
    const isFar = made.k < 0 || (made.distance < 0.013 && v > made.distance);
    if (!isFar && made.trial <= made.limit) return made.k;
  }
  return Number.NaN;
}

/** Statements that leave a number of the distribution in `result`, which holds NaN before. */
function kernelCount(
  f: ExprFactory,
  which: Distribution,
  i: Expr,
  [size, chance]: readonly [Expr, Expr],
  key: StreamKey<Expr>,
  result: ReturnType<ExprFactory["variable"]>,
): Stmt[] {
  const m = onExpressions(f);
  const number = (value: number): Expr => f.const("f64", value);
  const mean = which.mean(m, size, chance);
  const variable = (name: string) => f.variable(name, "f64", { mutable: true });
  const [k, p, sum] = [variable("k"), variable("p"), variable("sum")];
  const trial = f.variable("trial", "i32", { mutable: true, min: 0, max: MOST_TRIALS });
  const isOpen = f.variable("isOpen", "i32", { mutable: true, min: 0, max: 1 });
  const [first] = philoxPair(f, i, f.int(0), key);
  const u0 = held(f, "u0", first);
  const invert: Stmt[] = [
    u0.statement,
    declare(k, number(0)),
    declare(
      p,
      f.unary(
        "exp",
        which.logZero(m, (x) => f.unary("log1p", x), size, chance),
      ),
    ),
    declare(sum, p),
    {
      kind: "while",
      cond: f.and(f.le(sum, u0.v), f.lt(k, number(MOST_STEPS))),
      body: [
        assign(k, f.add(k, number(1))),
        assign(p, f.mul(p, which.ratio(m, k, size, chance))),
        assign(sum, f.add(sum, p)),
      ],
    },
    assign(result, f.select(f.eq(p, p), k, number(Number.NaN))),
  ];
  const [u, v] = philoxPair(f, i, trial, key).map((x, n) => held(f, n === 0 ? "u" : "v", x)) as [Held, Held];
  const made = which.propose(m, u.v, v.v, size, chance);
  const place = held(f, "place", made.k);
  const isQuick = f.and(f.le(number(0.07), made.distance), f.le(v.v, made.quick));
  const isNear = f.and(
    f.le(number(0), place.v),
    f.not(f.and(f.lt(made.distance, number(0.013)), f.lt(made.distance, v.v))),
  );
  const accept: Stmt[] = [assign(result, place.v), assign(isOpen, f.int(0))];
  const reject: Stmt[] = [
    declare(trial, f.int(0)),
    declare(isOpen, f.int(1)),
    {
      kind: "while",
      cond: f.and(f.eq(isOpen, f.int(1)), f.lt(trial, f.int(MOST_TRIALS))),
      body: [
        u.statement,
        v.statement,
        place.statement,
        when(isQuick, accept, [when(f.and(isNear, f.le(made.trial, made.limit)), accept)]),
        assign(trial, f.add(trial, f.int(1))),
      ],
    },
  ];
  return [when(f.le(number(SMALL), mean), reject, invert)];
}

type Held = ReturnType<typeof held>;

/** Inputs: the stream's four words, then the parameters. */
const PARAMETERS = 4;

function countPrimitive(name: string, which: Distribution): RoutinePrimitive {
  return {
    kind: "routine",
    name,
    hash: hashText(name),
    saves: { inputs: [], output: false },
    vjp: nonDifferentiable("random numbers do not depend on anything smoothly"),
    infer: (inputs) => {
      const { shape, dtype } = inputs[PARAMETERS] as Node;
      return { shape, dtype };
    },
    numbers: [0, 1, 2, 3],
    build: (context, node) => buildCounts(context, node, which),
    reference: (node, inputs) => {
      const key = inputs.slice(0, PARAMETERS).map((x) => Number(x.data[0])) as [number, number, number, number];
      const at = (input: number, i: number): number => Number((inputs[PARAMETERS + input] as NdArray).data[i]);
      const has = inputs.length > PARAMETERS + 1;
      return fillArray(node.shape, node.dtype, (i) => referenceCount(which, i, at(0, i), has ? at(1, i) : 0, key));
    },
  };
}

function buildCounts({ f, inputs, output, number, kernel }: RoutineContext, node: Node, which: Distribution): void {
  const key = [number(0), number(1), number(2), number(3)] as const;
  const parameters = inputs.slice(PARAMETERS);
  kernel(node.primitive.name, Math.ceil(node.size / TILE), (tile) => {
    const start = f.mul(tile, f.int(TILE));
    const count = f.min(f.int(TILE), f.sub(f.int(node.size), start));
    return [
      loop(
        f,
        "i",
        count,
        (offset) => {
          const i = f.add(start, offset);
          const values = parameters.map((buffer: Buffer, n) =>
            held(f, n === 0 ? "size" : "chance", f.cast(f.load(buffer, i), "f64")),
          );
          const [size, chance = f.const("f64", 0)] = values.map(({ v }) => v) as [Expr, Expr?];
          const result = f.variable("result", "f64", { mutable: true });
          return [
            ...values.map(({ statement }) => statement),
            declare(result, f.const("f64", Number.NaN)),
            ...kernelCount(f, which, i, [size, chance], key, result),
            store(output, i, f.cast(result, scalarOf(node.dtype))),
          ];
        },
        { most: TILE },
      ),
    ];
  });
}

const poissonP = countPrimitive("poisson", poissonOf);
const binomialP = countPrimitive("binomial", binomialOf);

/** Poisson numbers of the given means (float32 or float64, >= 0). Takes one block of the stream an element. */
export function poissonCounts(rates: Node, seed: WordPair, offset: WordPair): Node {
  return apply(poissonP, [seed.low, seed.high, offset.low, offset.high, rates]);
}

/** How many of `counts` (whole, >= 0) trials succeed with the chance `chances` (0 to 0.5), of one shape and dtype. */
export function binomialCounts(counts: Node, chances: Node, seed: WordPair, offset: WordPair): Node {
  return apply(binomialP, [seed.low, seed.high, offset.low, offset.high, counts, chances]);
}
