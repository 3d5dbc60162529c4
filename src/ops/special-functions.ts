// Special functions, composed of primitives: the gamma function's family, the inverse error function, log odds.
import { ArgumentError } from "../base/index.js";
import { attr, type Node } from "../graph/index.js";
import { apply } from "./apply.js";
import { clamp } from "./clamp.js";
import { isnan } from "./comparison.js";
import { constantLike, toFloat } from "./composing.js";
import { defineComposite } from "./composite.js";
import {
  abs,
  add,
  and,
  div,
  eq,
  erf,
  exp,
  floor,
  le,
  log,
  lt,
  mul,
  neg,
  or,
  round,
  sin,
  sqrt,
  sub,
  tan,
  where,
} from "./elementwise.js";
import { pow } from "./power.js";

const number = constantLike;

/** Σ coefficients[i] x^(n - i), by Horner's scheme. */
function polynomial(x: Node, coefficients: readonly number[]): Node {
  const [first = 0, ...rest] = coefficients;
  return rest.reduce((sum: Node, c) => add(mul(sum, x), number(x, c)), number(x, first));
}

// ---- log Γ and its derivatives ----------------------------------------------------------------------------------
// Rational approximation on [2, 3) and Stirling's series after Cephes, gamma.c and psi.c (Moshier, MIT license).

const LGAMMA_P = [
  -1.3782515256912086e3, -3.8801631513463784e4, -331612.9927388712, -1162370.974927623, -1.7217370082083966e6,
  -8.535556642457654e5,
];
const LGAMMA_Q = [
  1, -3.5181570143652345e2, -17064.21066518812, -2.2052859055385445e5, -1.1393344436798252e6, -2.532523071775829e6,
  -2.0188914143353277e6,
];
const STIRLING = [
  8.116141674705085e-4, -5.950619042843014e-4, 7.936503404577169e-4, -2.777777777300997e-3, 8.333333333333319e-2,
];
const HALF_LOG_TWO_PI = 0.9189385332046728;
/** From here on Stirling's series is exact. */
const LARGE = 13;

/** log Γ(x) for x >= 0.5: shifted into [2, 3) by Γ(x + 1) = x Γ(x), or Stirling's series. */
function logGammaPositive(x: Node): Node {
  const one = number(x, 1);
  const isLarge = le(number(x, LARGE), x);
  let u = where(isLarge, number(x, 2), x);
  let [above, below] = [one, one];
  for (let step = 0; step < LARGE - 3; step++) {
    const isHigh = le(number(x, 3), u);
    u = where(isHigh, sub(u, one), u);
    above = where(isHigh, mul(above, u), above);
  }
  for (let step = 0; step < 2; step++) {
    const isLow = lt(u, number(x, 2));
    below = where(isLow, mul(below, u), below);
    u = where(isLow, add(u, one), u);
  }
  const t = sub(u, number(x, 2));
  const middle = add(log(div(above, below)), div(mul(t, polynomial(t, LGAMMA_P)), polynomial(t, LGAMMA_Q)));
  const far = where(isLarge, x, number(x, LARGE));
  const inverse = div(one, far);
  const main = add(sub(mul(sub(far, number(x, 0.5)), log(far)), far), number(x, HALF_LOG_TWO_PI));
  const stirling = add(main, mul(inverse, polynomial(mul(inverse, inverse), STIRLING)));
  const isInfinite = eq(x, number(x, Number.POSITIVE_INFINITY));
  return where(isInfinite, x, where(isLarge, stirling, middle));
}

/** The distance to the nearest whole number, in [-0.5, 0.5]: exact near poles. */
const fraction = (x: Node): Node => sub(x, round(x));

const lgammaP = defineComposite("lgamma", {
  compose([input]) {
    const x = input as Node;
    const isLow = lt(x, number(x, 0.5));
    const one = number(x, 1);
    const value = logGammaPositive(where(isLow, sub(one, x), x));
    // Γ(x) Γ(1 - x) = π / sin πx
    const sine = abs(sin(mul(where(isLow, fraction(x), number(x, 0.5)), number(x, Math.PI))));
    const isPole = and(le(x, number(x, 0)), eq(x, floor(x)));
    const reflected = sub(sub(number(x, Math.log(Math.PI)), log(where(isPole, one, sine))), value);
    const result = where(isLow, reflected, value);
    const isEnd = or(isPole, eq(abs(x), number(x, Number.POSITIVE_INFINITY)));
    return where(isEnd, number(x, Number.POSITIVE_INFINITY), result);
  },
  vjp: (node, grad) => [mul(grad, digamma(node.inputs[0] as Node))],
  saves: { inputs: [0], output: false },
});

/** log |Γ(x)|; Infinity at 0, -1, -2 … */
export function lgamma(x: Node): Node {
  return apply(lgammaP, [toFloat(x)]);
}

const PSI = [
  8.333333333333333e-2, -2.1092796092796094e-2, 7.575757575757576e-3, -0.004166666666666667, 3.968253968253968e-3,
  -8.333333333333333e-3, 8.333333333333333e-2,
];
/** The recurrence lifts arguments to at least this, where the asymptotic series is exact. */
const PSI_LARGE = 10;

const digammaP = defineComposite("digamma", {
  compose([input]) {
    const x = input as Node;
    const [zero, one] = [number(x, 0), number(x, 1)];
    const isLow = lt(x, zero);
    let u = where(isLow, sub(one, x), x);
    let lifted = zero;
    for (let step = 0; step < PSI_LARGE; step++) {
      const isSmall = lt(u, number(x, PSI_LARGE));
      lifted = where(isSmall, add(lifted, div(one, u)), lifted);
      u = where(isSmall, add(u, one), u);
    }
    const square = div(one, mul(u, u));
    const series = sub(sub(log(u), div(number(x, 0.5), u)), mul(square, polynomial(square, PSI)));
    const value = sub(series, lifted);
    // ψ(1 - x) - ψ(x) = π / tan πx
    const part = where(isLow, fraction(x), number(x, 0.5));
    const isPole = and(isLow, eq(part, zero));
    const angle = mul(where(isPole, number(x, 0.5), part), number(x, Math.PI));
    const result = where(isLow, sub(value, div(number(x, Math.PI), tan(angle))), value);
    const atZero = where(eq(x, zero), neg(div(one, x)), result);
    return where(isPole, number(x, Number.NaN), atZero);
  },
  vjp: (node, grad) => [mul(grad, polygamma(1, node.inputs[0] as Node))],
  saves: { inputs: [0], output: false },
});

/** The derivative of log Γ; NaN at -1, -2 … */
export function digamma(x: Node): Node {
  return apply(digammaP, [toFloat(x)]);
}

/** B_2j / (2j)!: Euler and Maclaurin's corrections. */
const BERNOULLI = [1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 1 / 47900160, -691 / 1307674368000, 1 / 74724249600];
const ZETA_TERMS = 10;

/** Hurwitz's ζ(s, q) = Σ (q + k)^-s for whole s >= 2 and q > 0. */
function zeta(s: number, q: Node): Node {
  const power = (x: Node, p: number) => pow(x, number(x, -p));
  let sum = power(q, s);
  for (let k = 1; k < ZETA_TERMS; k++) sum = add(sum, power(add(q, number(q, k)), s));
  const w = add(q, number(q, ZETA_TERMS));
  sum = add(sum, mul(power(w, s - 1), number(q, 1 / (s - 1))));
  sum = add(sum, mul(power(w, s), number(q, 0.5)));
  let factor = 1;
  BERNOULLI.forEach((b, j) => {
    factor *= j === 0 ? s : (s + 2 * j - 1) * (s + 2 * j);
    sum = add(sum, mul(power(w, s + 2 * j + 1), number(q, b * factor)));
  });
  return sum;
}

/** ζ(s, x) also for x down to -ZETA_TERMS: as many first terms, then the sum from there. NaN below. */
function lowZeta(s: number, x: Node): Node {
  const isLow = lt(x, number(x, 0));
  let first = number(x, 0);
  for (let k = 0; k < ZETA_TERMS; k++) {
    const term = pow(where(isLow, add(x, number(x, k)), number(x, 1)), number(x, -s));
    first = add(first, where(isLow, term, number(x, 0)));
  }
  const lifted = where(isLow, add(x, number(x, ZETA_TERMS)), x);
  return where(lt(lifted, number(x, 0)), number(x, Number.NaN), add(first, zeta(s, lifted)));
}

const polygammaP = defineComposite("polygamma", {
  compose([input], attrs) {
    const x = input as Node;
    const order = attrs.order as number;
    let scale = order % 2 === 0 ? -1 : 1;
    for (let k = 2; k <= order; k++) scale *= k;
    if (order > 1) return mul(lowZeta(order + 1, x), number(x, scale));
    // ψ'(1 - x) + ψ'(x) = π² / sin² πx
    const isLow = lt(x, number(x, 0));
    const value = zeta(2, where(isLow, sub(number(x, 1), x), x));
    const sine = sin(mul(where(isLow, fraction(x), number(x, 0.5)), number(x, Math.PI)));
    return where(isLow, sub(div(number(x, Math.PI * Math.PI), mul(sine, sine)), value), value);
  },
  vjp: (node, grad) => [mul(grad, polygamma(attr<number>(node, "order") + 1, node.inputs[0] as Node))],
  saves: { inputs: [0], output: false },
});

/** The n-th derivative of digamma. For n >= 2 x below -10 give NaN. */
export function polygamma(n: number, x: Node): Node {
  if (!Number.isInteger(n) || n < 0) {
    throw new ArgumentError(`polygamma: n must be an integer >= 0, got ${n}`, { op: "polygamma" });
  }
  return n === 0 ? digamma(x) : apply(polygammaP, [toFloat(x)], { order: n });
}

// ---- inverse error function, log odds, x log y ------------------------------------------------------------------

// Rational approximations to 7 digits; two steps of Newton's method double the digits twice. Coefficients as PyTorch,
// aten/src/ATen/native/Math.h (BSD), after P. J. Acklam.
const CENTRE_P = [-0.140543331, 0.914624893, -1.645349621, 0.886226899];
const CENTRE_Q = [0.012229801, -0.329097515, 1.44271046, -2.118377725, 1];
const TAIL_P = [1.641345311, 3.429567803, -1.624906493, -1.970840454];
const TAIL_Q = [1.6370678, 3.5438892, 1];
const CENTRE = 0.7;

const erfinvP = defineComposite("erfinv", {
  compose([input]) {
    const y = input as Node;
    const size = abs(y);
    const one = number(y, 1);
    const isEnd = le(one, size);
    const isTail = lt(number(y, CENTRE), size);
    const square = mul(y, y);
    const centre = div(mul(y, polynomial(square, CENTRE_P)), polynomial(square, CENTRE_Q));
    const inside = where(and(isTail, lt(size, one)), size, number(y, 0.8));
    const z = sqrt(neg(log(mul(sub(one, inside), number(y, 0.5)))));
    const tail = div(polynomial(z, TAIL_P), polynomial(z, TAIL_Q));
    let x = where(isTail, where(lt(y, number(y, 0)), neg(tail), tail), centre);
    const target = where(isEnd, number(y, 0), y);
    x = where(isEnd, number(y, 0), x);
    for (let step = 0; step < 2; step++) {
      const slope = mul(exp(neg(mul(x, x))), number(y, 2 / Math.sqrt(Math.PI)));
      x = sub(x, div(sub(erf(x), target), slope));
    }
    const infinite = mul(y, number(y, Number.POSITIVE_INFINITY));
    const end = where(eq(size, one), infinite, number(y, Number.NaN));
    return where(isnan(y), y, where(isEnd, end, x));
  },
  vjp: (node, grad) => [mul(grad, mul(exp(mul(node, node)), number(node, Math.sqrt(Math.PI) / 2)))],
  saves: { inputs: [], output: true },
});

/** The x with erf(x) = y; ±Infinity at ±1, NaN beyond. */
export function erfinv(x: Node): Node {
  return apply(erfinvP, [toFloat(x)]);
}

const logitP = defineComposite("logit", {
  compose([input]) {
    const x = input as Node;
    return log(div(x, sub(number(x, 1), x)));
  },
  vjp(node, grad) {
    const x = node.inputs[0] as Node;
    const isOutside = or(lt(x, number(x, 0)), lt(number(x, 1), x));
    return [where(isOutside, number(x, Number.NaN), div(grad, mul(x, sub(number(x, 1), x))))];
  },
  saves: { inputs: [0], output: false },
});

/** log(x / (1 - x)), of x limited to [eps, 1 - eps] if `eps` is given. */
export function logit(x: Node, eps: number | null = null): Node {
  const input = toFloat(x);
  return apply(logitP, [eps === null ? input : clamp(input, eps, 1 - eps)]);
}

const entrP = defineComposite("entr", {
  compose([input]) {
    const x = input as Node;
    const inside = lt(number(x, 0), x);
    const value = neg(mul(x, log(where(inside, x, number(x, 1)))));
    const outside = where(eq(x, number(x, 0)), number(x, 0), number(x, Number.NEGATIVE_INFINITY));
    return where(isnan(x), x, where(inside, value, outside));
  },
  vjp: (node, grad) => {
    const x = node.inputs[0] as Node;
    return [mul(grad, sub(number(x, -1), log(x)))];
  },
  saves: { inputs: [0], output: false },
});

/** -x log x; 0 at 0, -Infinity below. */
export function entr(x: Node): Node {
  return apply(entrP, [toFloat(x)]);
}

const xlogyP = defineComposite("xlogy", {
  compose([a, b]) {
    const [x, y] = [a as Node, b as Node];
    const product = where(eq(x, number(x, 0)), number(x, 0), mul(x, log(y)));
    return where(isnan(y), y, product);
  },
  vjp(node, grad, needs) {
    const [x, y] = node.inputs as [Node, Node];
    const isFlat = and(eq(x, number(x, 0)), le(y, number(y, 0)));
    return [needs[0] ? mul(grad, where(isFlat, number(x, 0), log(y))) : null, needs[1] ? div(mul(grad, x), y) : null];
  },
  saves: { inputs: [0, 1], output: false },
});

/** x log y of equal shapes and float dtypes; 0 where x is 0, unless y is NaN. */
export function xlogy(x: Node, y: Node): Node {
  return apply(xlogyP, [x, y]);
}
