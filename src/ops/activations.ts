// Activation functions. Each keeps NaN, and its gradient at a kink is PyTorch's.
import { ArgumentError, isFloat } from "../base/index.js";
import type { Node } from "../graph/index.js";
import { apply } from "./apply.js";
import { clamp } from "./clamp.js";
import { constantLike, toFloat } from "./composing.js";
import { defineComposite } from "./composite.js";
import { abs, add, div, erf, exp, expm1, le, log1p, lt, mul, neg, sub, tanh, where } from "./elementwise.js";

/** max(x, 0); the gradient at 0 is 0. */
export function relu(x: Node): Node {
  const zero = constantLike(x, 0);
  return where(le(x, zero), zero, x);
}

/** x where x > 0, else slope * x. */
export function leakyRelu(x: Node, slope = 0.01): Node {
  const isPositive = lt(constantLike(x, 0), x);
  return mul(x, where(isPositive, constantLike(x, 1), constantLike(x, slope)));
}

/** x where x > 0, else slope * x with one learned slope, or one a channel (dim 1). */
export function prelu(x: Node, slope: Node): Node {
  const zero = constantLike(x, 0);
  return where(lt(zero, x), x, mul(slope, x));
}

/** scale * (x where x > 0, else alpha * (exp(x) - 1)). */
export function elu(x: Node, alpha = 1, scale = 1): Node {
  const input = toFloat(x);
  const zero = constantLike(input, 0);
  const isHigh = lt(zero, input);
  // exp sees no large x: its infinity would make the gradient of the unused side 0 * Infinity.
  const low = expm1(where(isHigh, zero, input));
  const y = where(isHigh, input, alpha === 1 ? low : mul(low, constantLike(input, alpha)));
  return scale === 1 ? y : mul(y, constantLike(input, scale));
}

// Klambauer et al., "Self-Normalizing Neural Networks", 2017, arXiv:1706.02515.
const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;

/** Scaled elu that keeps mean 0 and variance 1. */
export function selu(x: Node): Node {
  return elu(x, SELU_ALPHA, SELU_SCALE);
}

/** alpha * (exp(x / alpha) - 1) below 0, x above. */
export function celu(x: Node, alpha = 1): Node {
  if (alpha === 0) throw new ArgumentError("celu: alpha must not be 0", { op: "celu" });
  const input = toFloat(x);
  const zero = constantLike(input, 0);
  const isHigh = lt(zero, input);
  const scale = constantLike(input, alpha);
  return where(isHigh, input, mul(expm1(div(where(isHigh, zero, input), scale)), scale));
}

/** x Φ(x) with the normal distribution's Φ, or its tanh approximation. Hendrycks & Gimpel, 2016, arXiv:1606.08415. */
export function gelu(x: Node, approximate: "none" | "tanh" = "none"): Node {
  const input = toFloat(x);
  if (approximate !== "none" && approximate !== "tanh") {
    throw new ArgumentError(`gelu: approximate must be "none" or "tanh", got ${JSON.stringify(approximate)}`, {
      op: "gelu",
    });
  }
  return apply(geluPrimitive, [input], { approximate });
}

// The gradient is one factor, which depends on x alone: it may be computed with the value, and kept instead of x.
const geluPrimitive = defineComposite("gelu", {
  compose([x], { approximate }) {
    const input = x as Node;
    return mul(mul(input, constantLike(input, 0.5)), add(geluGate(input, approximate), constantLike(input, 1)));
  },
  vjp(node, grad) {
    const x = node.inputs[0] as Node;
    const { approximate } = node.attrs;
    const gate = geluGate(x, approximate);
    const one = constantLike(x, 1);
    const share = mul(add(gate, one), constantLike(x, 0.5));
    return [mul(grad, add(share, mul(mul(x, constantLike(x, 0.5)), gateSlope(x, gate, approximate))))];
  },
  saves: { inputs: [0], output: false },
});

/** 2 Φ(x) - 1 or what approximates it. */
function geluGate(x: Node, approximate: unknown): Node {
  return approximate === "tanh" ? tanh(geluInner(x)) : erf(mul(x, constantLike(x, Math.SQRT1_2)));
}

/** The derivative of `gate` by x. */
function gateSlope(x: Node, gate: Node, approximate: unknown): Node {
  if (approximate === "tanh") {
    const inner = add(mul(mul(x, x), constantLike(x, 3 * 0.044715)), constantLike(x, 1));
    return mul(mul(sub(constantLike(x, 1), mul(gate, gate)), inner), constantLike(x, Math.sqrt(2 / Math.PI)));
  }
  return mul(exp(mul(mul(x, x), constantLike(x, -0.5))), constantLike(x, Math.sqrt(2 / Math.PI)));
}

/** √(2/π) (x + 0.044715 x³) */
function geluInner(x: Node): Node {
  const cubic = mul(mul(mul(x, x), x), constantLike(x, 0.044715));
  return mul(add(x, cubic), constantLike(x, Math.sqrt(2 / Math.PI)));
}

// exp(-x) may overflow to Infinity: 1 / Infinity = 0 is right for the value, but the chain rule of the parts would give
// 0 * Infinity, so the gradient is y (1 - y).
const sigmoidPrimitive = defineComposite("sigmoid", {
  compose([x]) {
    const input = x as Node;
    const one = constantLike(input, 1);
    return div(one, add(one, exp(neg(input))));
  },
  vjp: (y, grad) => [mul(grad, mul(y, sub(constantLike(y, 1), y)))],
  saves: { inputs: [], output: true },
});

/** 1 / (1 + exp(-x)) */
export function sigmoid(x: Node): Node {
  return apply(sigmoidPrimitive, [toFloat(x)]);
}

/** x sigmoid(x), also known as swish. */
export function silu(x: Node): Node {
  const input = toFloat(x);
  return mul(input, sigmoid(input));
}

/** log(sigmoid(x)) = min(x, 0) - log(1 + exp(-|x|)), without overflow on either side. */
export function logSigmoid(x: Node): Node {
  const input = toFloat(x);
  const zero = constantLike(input, 0);
  const isHigh = le(zero, input);
  const negative = where(isHigh, neg(input), input);
  return sub(where(isHigh, zero, input), log1p(exp(negative)));
}

/** log(1 + exp(beta x)) / beta; x itself where beta x > threshold. */
export function softplus(x: Node, beta = 1, threshold = 20): Node {
  const input = toFloat(x);
  const scaled = beta === 1 ? input : mul(input, constantLike(input, beta));
  const isLinear = lt(constantLike(input, threshold), scaled);
  const soft = log1p(exp(where(isLinear, constantLike(input, 0), scaled)));
  return where(isLinear, input, beta === 1 ? soft : div(soft, constantLike(input, beta)));
}

/** x tanh(softplus(x)) */
export function mish(x: Node): Node {
  const input = toFloat(x);
  return mul(input, tanh(softplus(input)));
}

/** x / (1 + |x|) */
export function softsign(x: Node): Node {
  const input = toFloat(x);
  return div(input, add(abs(input), constantLike(input, 1)));
}

/** x - tanh(x) */
export function tanhshrink(x: Node): Node {
  const input = toFloat(x);
  return sub(input, tanh(input));
}

/** x limited to [min, max]. */
export function hardtanh(x: Node, min = -1, max = 1): Node {
  if (min > max) throw new ArgumentError(`hardtanh: min ${min} is larger than max ${max}`, { op: "hardtanh" });
  if (!isFloat(x.dtype)) return clamp(x, Math.trunc(min), Math.trunc(max)); // PyTorch's bounds are of the input's dtype
  return clamp(x, min, max);
}

/** min(max(x, 0), 6) */
export function relu6(x: Node): Node {
  return hardtanh(x, 0, 6);
}

/** relu6(x + 3) / 6 */
export function hardsigmoid(x: Node): Node {
  const input = toFloat(x);
  return div(relu6(add(input, constantLike(input, 3))), constantLike(input, 6));
}

/** x relu6(x + 3) / 6. Howard et al., "Searching for MobileNetV3", 2019, arXiv:1905.02244. */
export function hardswish(x: Node): Node {
  const input = toFloat(x);
  return mul(input, hardsigmoid(input));
}
