import { describe, expect, test } from "vitest";
import { ArgumentError } from "../../src/base/index.js";
import type { Node } from "../../src/graph/index.js";
import {
  celu,
  clamp,
  constant,
  elu,
  gelu,
  hardsigmoid,
  hardswish,
  hardtanh,
  leakyRelu,
  logSigmoid,
  mish,
  prelu,
  relu,
  relu6,
  selu,
  sigmoid,
  silu,
  softplus,
  softsign,
  tanhshrink,
} from "../../src/ops/index.js";
import { expectError } from "./errors.js";
import { expectClose, expectSameOnWasm, gradcheck, gradgradcheck, gradients, tensor, valuesOf } from "./nodes.js";

const functions: Record<string, (x: Node) => Node> = {
  relu,
  leakyRelu,
  elu: (x) => elu(x, 1.7),
  selu,
  celu: (x) => celu(x, 0.6),
  gelu,
  geluTanh: (x) => gelu(x, "tanh"),
  sigmoid,
  silu,
  logSigmoid,
  softplus: (x) => softplus(x, 2, 3),
  mish,
  softsign,
  tanhshrink,
  hardtanh,
  relu6,
  hardsigmoid,
  hardswish,
  clamp: (x) => clamp(x, -0.5, 1.25),
  prelu: (x) => prelu(x, constant(0.25, x.dtype)),
};

// Plain formulas in float64, the oracle of the values.
const formulas: Record<string, (x: number) => number> = {
  relu: (x) => Math.max(0, x),
  leakyRelu: (x) => (x > 0 ? x : 0.01 * x),
  elu: (x) => (x > 0 ? x : 1.7 * Math.expm1(x)),
  selu: (x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x)),
  celu: (x) => (x > 0 ? x : 0.6 * Math.expm1(x / 0.6)),
  geluTanh: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  silu: (x) => x / (1 + Math.exp(-x)),
  logSigmoid: (x) => -Math.log1p(Math.exp(-x)),
  softplus: (x) => (2 * x > 3 ? x : Math.log1p(Math.exp(2 * x)) / 2),
  mish: (x) => x * Math.tanh(Math.log1p(Math.exp(x))),
  softsign: (x) => x / (1 + Math.abs(x)),
  tanhshrink: (x) => x - Math.tanh(x),
  hardtanh: (x) => Math.min(1, Math.max(-1, x)),
  relu6: (x) => Math.min(6, Math.max(0, x)),
  hardsigmoid: (x) => Math.min(6, Math.max(0, x + 3)) / 6,
  hardswish: (x) => (x * Math.min(6, Math.max(0, x + 3))) / 6,
  clamp: (x) => Math.min(1.25, Math.max(-0.5, x)),
  prelu: (x) => (x > 0 ? x : 0.25 * x),
};

const points = [-7.3, -3.2, -1.1, -0.4, 0.3, 0.9, 1.4, 2.2, 5.1, 6.4];

describe("activations", () => {
  test.each(Object.keys(formulas))("%s: given float64 points, gives the formula's values", (name) => {
    const y = functions[name]?.(tensor(points, [10], "float64")) as Node;
    expectClose(valuesOf(y), points.map(formulas[name] as (x: number) => number), 1e-14);
  });

  test.each(Object.keys(functions))("%s: given float64 points, has the right gradients of both orders", (name) => {
    const f = functions[name] as (x: Node) => Node;
    gradcheck(f, [{ shape: [10], values: points }]);
    gradgradcheck(f, [{ shape: [10], values: points }]);
  });

  test.each(Object.keys(functions))("%s: given NaN, gives NaN", (name) => {
    expect(valuesOf(functions[name]?.(tensor([Number.NaN])) as Node)).toEqual([Number.NaN]);
  });

  test.each(Object.keys(functions))("%s: given float32 points, gives the same on wasm", (name) => {
    // Elementary functions differ by a few units in the last place.
    expectSameOnWasm(() => functions[name]?.(tensor(points)) as Node, 1e-6);
  });

  // PyTorch's gradients at the kinks.
  test.each([
    ["relu", 0, 0],
    ["leakyRelu", 0, 0.01],
    ["elu", 0, 1.7],
    ["hardtanh", 1, 0],
    ["hardtanh", -1, 0],
    ["relu6", 6, 0],
    ["hardswish", -3, 0],
    ["clamp", 1.25, 0],
    ["clamp", -0.5, 0],
    ["logSigmoid", 0, 0.5],
    ["softsign", 0, 1],
  ])("%s: given the kink at %f, has gradient %f", (name, at, slope) => {
    const x = tensor([at], [1], "float64", true);
    const [grad] = gradients(functions[name]?.(x) as Node, tensor([1], [1], "float64"), [x]);
    expectClose(valuesOf(grad as Node), [slope], 1e-15);
  });

  test.each(["elu", "selu", "celu", "sigmoid", "logSigmoid", "softplus", "mish", "silu"])(
    "%s: given ±1000 in float32, has finite values and gradients",
    (name) => {
      const x = tensor([-1000, 1000], [2], "float32", true);
      const y = functions[name]?.(x) as Node;
      const [grad] = gradients(y, tensor([1, 1]), [x]);
      expect([...valuesOf(y), ...valuesOf(grad as Node)].every(Number.isFinite)).toBe(true);
    },
  );

  test("sigmoid: given large negative numbers, keeps their relative size", () => {
    expectClose(
      valuesOf(sigmoid(tensor([-50], [1], "float64"))).map((y) => y * 1e22),
      [Math.exp(-50) * 1e22],
      1e-12,
    );
  });

  test("gelu: given 1, gives Φ(1)", () => {
    expectClose(valuesOf(gelu(tensor([1], [1], "float64"))), [0.8413447460685429], 1e-15);
  });

  test("clamp: given min above max, gives max; given tensors, passes them the gradient", () => {
    expect(valuesOf(clamp(tensor([-2, 0, 5]), 3, 1))).toEqual([1, 1, 1]);
    const [x, low] = [tensor([0, 2, 1], [3], "float64", true), tensor([1, 1, 1], [3], "float64", true)];
    const grads = gradients(clamp(x, low), tensor([1, 1, 1], [3], "float64"), [x, low]);
    expect(grads.map((g) => valuesOf(g as Node))).toEqual([
      [0, 1, 0.5],
      [1, 0, 0.5],
    ]);
  });

  test("clamp: given no bound, throws; gelu: given an unknown form, throws", () => {
    expectError(() => clamp(tensor([1])), ArgumentError, "clamp: needs min, max or both");
    expectError(
      () => gelu(tensor([1]), "fast" as "tanh"),
      ArgumentError,
      'gelu: approximate must be "none" or "tanh", got "fast"',
    );
  });
});
