// Conversions between float16, bfloat16, the integers of 8 and 16 bits and the other dtypes, on every target.
import { cat, tensor } from "gradus";
import { describe, expect, test } from "vitest";
import { halfToNumber, numberToHalf } from "../../src/base/index.js";
import { forEachTarget } from "../conformance/targets.js";

const halves = ["float16", "bfloat16"] as const;
/** All finite values of a half dtype, ascending, from its definition: sign, exponent, fraction. */
function ladder(fractionBits: number, exponentBits: number): number[] {
  const bias = 2 ** (exponentBits - 1) - 1;
  const values: number[] = [];
  for (let exponent = 0; exponent < 2 ** exponentBits - 1; exponent++) {
    for (let fraction = 0; fraction < 2 ** fractionBits; fraction++) {
      const scale = 2 ** (Math.max(exponent, 1) - bias);
      values.push((Number(exponent > 0) + fraction / 2 ** fractionBits) * scale);
    }
  }
  return values;
}
const ladders = { float16: ladder(10, 5), bfloat16: ladder(7, 8) };

describe("bits of half dtypes", () => {
  test.each(halves)("%s: each pattern is the value of its definition", (dtype) => {
    const values = ladders[dtype];
    expect(values.map((_, bits) => halfToNumber(dtype, bits))).toEqual(values);
    expect(values.map((_, bits) => halfToNumber(dtype, bits | 0x8000))).toEqual(values.map((value) => -value));
    expect(values.map((value) => numberToHalf(dtype, value))).toEqual([...values.keys()]);
    expect(halfToNumber(dtype, values.length)).toBe(Infinity);
    expect(halfToNumber(dtype, values.length + 1)).toBeNaN();
  });
});

/** Float32 numbers on, and right beside, the middle between neighbours of a half dtype, with what rounding gives. */
function middles(dtype: "float16" | "bfloat16", step: number): { given: Float32Array; expected: Float32Array } {
  const values = ladders[dtype];
  const [given, expected]: [number[], number[]] = [[], []];
  const word = new Float32Array(1);
  const bits = new Uint32Array(word.buffer);
  for (let i = 0; i + 1 < values.length; i += step) {
    const [low, high] = [values[i] as number, values[i + 1] as number];
    word[0] = (low + high) / 2; // exact: one more bit
    const middle = word[0];
    const even = i % 2 === 0 ? low : high;
    bits[0] = (bits[0] as number) + 1;
    const above = word[0];
    bits[0] = (bits[0] as number) - 2;
    const below = word[0];
    given.push(middle, above, below, -middle, -above, -below);
    expected.push(even, high, low, -even, -high, -low);
  }
  return { given: Float32Array.from(given), expected: Float32Array.from(expected) };
}

const special = [
  0,
  -0,
  Infinity,
  -Infinity,
  NaN,
  65504,
  65519.996,
  65520,
  -65520,
  3.3961775e38,
  3.4028234e38,
  1e-45,
  2 ** -25,
];

forEachTarget((target) => {
  const step = target.startsWith("interpreter") ? 97 : 5;
  describe.each(halves)("%s", (dtype) => {
    test("rounding goes to the nearest value, half to even", () => {
      const { given, expected } = middles(dtype, step);
      expect(tensor(given).to(dtype).toTypedArray()).toEqual(expected);
      // Without memory between: rounded in a register.
      expect(tensor(given).to(dtype).float().toTypedArray()).toEqual(expected);
    });

    test("special values: infinities, NaN, what is too large, what vanishes", () => {
      const given = Float32Array.from(special);
      const expected = Array.from(given, (x) => halfToNumber(dtype, numberToHalf(dtype, x)));
      expect(Array.from(tensor(given).to(dtype).toTypedArray() as Float32Array)).toEqual(expected);
      expect(Array.from(tensor(given).to(dtype).float().toTypedArray() as Float32Array)).toEqual(expected);
    });

    test("all bits survive reading, copying and writing", () => {
      const count = target.startsWith("interpreter") ? 4096 : 65536;
      const bits = Uint16Array.from({ length: count }, (_, i) => (i * 65537) / count);
      const x = tensor(bits, { dtype });
      const values = Array.from(bits, (b) => halfToNumber(dtype, b));
      expect(Array.from(x.toTypedArray() as Float32Array)).toEqual(values);
      expect(Array.from(cat([x, x]).toTypedArray() as Float32Array)).toEqual([...values, ...values]);
      expect(Array.from(x.float().add(0).toTypedArray() as Float32Array, Math.abs)).toEqual(values.map(Math.abs));
    });

    test("strided, reversed and few elements", () => {
      const values = Array.from({ length: 45 }, (_, i) => i - 20.5);
      const x = tensor(values, { dtype });
      expect(x.at("::2").add(0).toArray()).toEqual(values.filter((_, i) => i % 2 === 0));
      expect(x.flip(0).neg().toArray()).toEqual(values.map((v) => -v).reverse());
      for (const n of [1, 2, 3, 5])
        expect(
          x
            .at(`1:${n + 1}`)
            .mul(2)
            .toArray(),
        ).toEqual(values.slice(1, n + 1).map((v) => v * 2));
      expect(x.reshape(9, 5).t().abs().toArray()).toEqual(
        Array.from({ length: 5 }, (_, j) => Array.from({ length: 9 }, (_, i) => Math.abs(values[i * 5 + j] as number))),
      );
    });
  });

  describe.each([
    ["int8", -128, 127],
    ["int16", -32768, 32767],
  ] as const)("%s", (dtype, low, high) => {
    test("integers wrap", () => {
      const width = high - low + 1;
      const given = Array.from({ length: 37 }, (_, i) => (i - 18) * 12345);
      const wrapped = given.map((x) => ((((x - low) % width) + width) % width) + low);
      expect(tensor(given, { dtype: "int32" }).to(dtype).toArray()).toEqual(wrapped);
      expect(tensor(given, { dtype: "int32" }).to(dtype).int().toArray()).toEqual(wrapped);
      expect(tensor(given, { dtype: "int64" }).to(dtype).toArray()).toEqual(wrapped);
    });

    test("floats saturate, NaN gives 0", () => {
      const given = [0.5, -1.9, 1e10, -1e10, NaN, Infinity, -Infinity, high + 0.5];
      const x = tensor(given).to(dtype);
      expect(x.toArray()).toEqual([0, -1, high, low, 0, high, low, high]);
      expect(x.int().toArray()).toEqual([0, -1, high, low, 0, high, low, high]);
    });

    test("arithmetic wraps, in registers and in memory", () => {
      const x = tensor([high, low, 7, -7, high], { dtype });
      expect(x.add(1).toArray()).toEqual([low, low + 1, 8, -6, low]);
      expect(x.add(1).lt(0).toArray()).toEqual([true, true, false, true, true]);
      expect(x.mul(x).int().toArray()).toEqual([1, 0, 49, 49, 1]);
      expect(x.neg().toArray()).toEqual([-high, low, -7, 7, -high]);
      expect(x.sum().item()).toBe(2 * high + low);
      expect(x.sum().dtype).toBe("int64");
    });

    test("strided, reversed and few elements", () => {
      const values = Array.from({ length: 45 }, (_, i) => i * 5 - 110);
      const x = tensor(values, { dtype });
      expect(x.at("::2").bitwiseXor(0).toArray()).toEqual(values.filter((_, i) => i % 2 === 0));
      expect(x.flip(0).bitwiseNot().toArray()).toEqual(values.map((v) => ~v).reverse());
      for (const n of [1, 2, 3, 5])
        expect(
          x
            .at(`1:${n + 1}`)
            .bitwiseNot()
            .toArray(),
        ).toEqual(values.slice(1, n + 1).map((v) => ~v));
    });
  });
});
