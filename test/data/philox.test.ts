// The host's random numbers: known answers and independence of how they are asked for.
import { describe, expect, test } from "vitest";
import { permutation, philox, RandomSequence } from "../../src/data/philox.js";

const hex = (words: Uint32Array) => Array.from(words, (word) => word.toString(16).padStart(8, "0")).join(" ");

describe("philox", () => {
  // Known answers of the authors' Random123 library, kat_vectors, philox4x32 10.
  test.each([
    [[0, 0], [0, 0, 0, 0], "6627e8d5 e169c58d bc57ac4c 9b00dbd8"],
    [[0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], "408f276d 41c83b0e a20bc7c6 6d5451fd"],
    [[0xa4093822, 0x299f31d0], [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], "d16cfe09 94fdcceb 5001e420 24126ea1"],
  ])("given the published key %j and counter, it gives the published words", (key, counter, expected) => {
    const out = new Uint32Array(4);
    philox(key[0] as number, key[1] as number, counter, out);
    expect(hex(out)).toBe(expected);
  });
});

describe("RandomSequence", () => {
  test("given the same address, it gives the same numbers; given another sample, epoch or seed, others", () => {
    const draw = (seed: number, epoch: number, sample: number) => {
      const random = new RandomSequence(seed, "transform", epoch, sample);
      return [random.bits(), random.bits(), random.bits(), random.bits(), random.bits()].join();
    };
    const all = [
      draw(1, 0, 0),
      draw(2, 0, 0),
      draw(1, 1, 0),
      draw(1, 0, 1),
      draw(2 ** 40 + 1, 0, 0),
      draw(1, 0, 2 ** 32),
    ];
    expect(draw(1, 0, 0)).toBe(all[0]);
    expect(new Set(all).size).toBe(all.length);
  });

  test("given many draws below 5, each value comes about equally often", () => {
    const random = new RandomSequence(3, "sample");
    const counts = new Array<number>(5).fill(0);
    for (let i = 0; i < 10_000; i++) counts[random.below(5)]!++;
    // Standard deviation of a count: √(10000 · 0.2 · 0.8) = 40; five of them.
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(200);
  });
});

describe("permutation", () => {
  test("given a length, it holds each number once, in another order for another epoch", () => {
    const first = permutation(100, new RandomSequence(0, "shuffle", 0));
    const second = permutation(100, new RandomSequence(0, "shuffle", 1));
    expect([...first].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect([...second]).not.toEqual([...first]);
    expect([...permutation(100, new RandomSequence(0, "shuffle", 0))]).toEqual([...first]);
  });

  test("given nothing or one element, it is empty or trivial", () => {
    expect([...permutation(0, new RandomSequence(0, "shuffle"))]).toEqual([]);
    expect([...permutation(1, new RandomSequence(0, "shuffle"))]).toEqual([0]);
  });
});
