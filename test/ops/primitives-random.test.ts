// Philox random bits: the published vectors, the layout of a stream, and the compiled program.
import { describe, expect, it } from "vitest";
import { philox, randomBits, randomBlocks, scalar, uniformFromBits } from "../../src/ops/index.js";
import { expectSameOnWasm, valuesOf } from "./nodes.js";

type Words = [number, number, number, number];

const pair = (low: number, high: number) => ({ low: scalar(low | 0, "int32"), high: scalar(high | 0, "int32") });
const unsigned = (words: readonly number[]): number[] => words.map((word) => word >>> 0);

describe("philox", () => {
  // kat_vectors of Random123 1.14, philox4x32 with 10 rounds.
  it.each<[Words, [number, number], Words]>([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [-1, -1, -1, -1],
      [-1, -1],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ])("given counter %j and key %j, gives the published words", (counter, key, words) => {
    expect(unsigned(philox(counter, key))).toEqual(words);
  });
});

describe("randomBits", () => {
  it("given a seed and an offset, lays out four counters side by side", () => {
    const bits = valuesOf(randomBits(20, pair(7, 9), pair(5, 0)));
    for (let i = 0; i < 20; i++) {
      const counter: Words = [5 + 4 * Math.floor(i / 16) + (i % 4), 0, 0, 0];
      expect(bits[i]).toBe(philox(counter, [7, 9])[Math.floor((i % 16) / 4)]);
    }
  });

  it("given an offset whose low word overflows, carries into the high word", () => {
    const bits = valuesOf(randomBits(4, pair(1, 2), pair(-2, 3)));
    const counters: Words[] = [
      [-2, 3, 0, 0],
      [-1, 3, 0, 0],
      [0, 4, 0, 0],
      [1, 4, 0, 0],
    ];
    expect(bits).toEqual(counters.map((counter) => philox(counter, [1, 2])[0]));
  });

  it("given a stream cut in two, gives the same numbers", () => {
    const whole = valuesOf(randomBits(48, pair(3, 0), pair(0, 0)));
    const rest = valuesOf(randomBits(16, pair(3, 0), pair(randomBlocks(32), 0)));
    expect(whole.slice(32)).toEqual(rest);
  });

  it.each([1, 4, 15, 16, 1000])("given %i elements, the compiled bits are the defined ones", (count) => {
    expectSameOnWasm(() => randomBits(count, pair(12345, -6), pair(-3, 8)));
    expectSameOnWasm(() => uniformFromBits(randomBits(count, pair(12345, -6), pair(0, 0))));
  });

  it("given many elements, the uniform numbers lie in [0, 1) around 1/2", () => {
    const values = valuesOf(uniformFromBits(randomBits(20000, pair(1, 0), pair(0, 0))));
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThan(1);
    const mean = values.reduce((a, b) => a + b) / values.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.01); // 5 standard errors of 1/√(12·20000)
  });
});
