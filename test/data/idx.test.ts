// The idx format: values by hand, and every way a file can be wrong.
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { FormatError } from "../../src/base/index.js";
import { gunzip, parseIdx } from "../../src/data/idx.js";

const file = (...bytes: number[]) => Uint8Array.from(bytes);

describe("parseIdx", () => {
  test("given a uint8 matrix, it gives shape and values", () => {
    const { shape, data } = parseIdx(file(0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 255), "m");
    expect(shape).toEqual([2, 3]);
    expect(data).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 255));
  });

  test("given big-endian int32 and int8 vectors, it gives int32", () => {
    expect(parseIdx(file(0, 0, 12, 1, 0, 0, 0, 1, 255, 255, 255, 254), "m").data).toEqual(Int32Array.of(-2));
    expect(parseIdx(file(0, 0, 9, 1, 0, 0, 0, 2, 255, 7), "m").data).toEqual(Int32Array.of(-1, 7));
  });

  test("given a float32 vector at an odd offset of its buffer, it reads it", () => {
    const bytes = file(9, 0, 0, 13, 1, 0, 0, 0, 1, 0x3f, 0xc0, 0, 0).subarray(1);
    expect(parseIdx(bytes, "m").data).toEqual(Float32Array.of(1.5));
  });

  test.each([
    [file(), "idx: a.idx has 0 bytes, too few for a header; fetch the file again"],
    [file(1, 2, 8, 1, 0), "idx: a.idx is not an idx file: it begins with 01 02 08 01, not 00 00 <type> <rank>"],
    [file(0, 0, 7, 1, 0), "idx: a.idx is not an idx file: it begins with 00 00 07 01, not 00 00 <type> <rank>"],
    [file(0, 0, 8, 2, 0, 0), "idx: a.idx ends within its header (6 of 12 bytes)"],
    [
      file(0, 0, 8, 1, 0, 0, 0, 3, 1, 2),
      "idx: a.idx is truncated: 10 bytes where shape [3] needs 11; fetch the file again",
    ],
    [
      file(0, 0, 8, 1, 0, 0, 0, 1, 1, 2),
      "idx: a.idx is too long: 10 bytes where shape [1] needs 9; fetch the file again",
    ],
  ])("given damaged bytes %#, it throws FormatError saying what is wrong", (bytes, message) => {
    expect(() => parseIdx(bytes, "a.idx")).toThrow(new FormatError(message, { op: "idx" }));
  });
});

describe("gunzip", () => {
  test("given gzipped bytes it unpacks them, given others it returns them", async () => {
    const plain = file(0, 0, 8, 1);
    expect(await gunzip(new Uint8Array(gzipSync(plain)), "a.gz")).toEqual(plain);
    expect(await gunzip(plain, "a")).toBe(plain);
  });

  test("given a truncated gzip file, it throws FormatError naming it", async () => {
    const packed = new Uint8Array(gzipSync(new Uint8Array(1000).fill(7)));
    await expect(gunzip(packed.subarray(0, 20), "a.gz")).rejects.toThrow(
      "gzip: a.gz is damaged or truncated; fetch the file again",
    );
  });
});
