// safetensors: bits survive a round trip, and damaged files are refused.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ones, tensor, zeros } from "gradus";
import { decodeSafetensors, encodeSafetensors, load, loadWithMetadata, save } from "gradus/formats";
import * as nn from "gradus/nn";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "gradus-formats-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A file from a header and data bytes. */
function fileOf(header: unknown, data: readonly number[] = []): Uint8Array {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const file = new Uint8Array(8 + json.length + data.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  file.set(data, 8 + json.length);
  return file;
}

describe("encode and decode", () => {
  test("given all dtypes, odd sizes, 0-d, empty and views, dtype, shape and bits survive", () => {
    const tensors = {
      f32: tensor([1.5, Number.NaN, -0, Number.POSITIVE_INFINITY, 1e-45]),
      f64: tensor(Float64Array.of(Math.PI, 5e-324)),
      i32: tensor(Int32Array.of(-(2 ** 31), 7, 9)),
      i64: tensor([2n ** 62n, -1n]),
      u8: tensor(Uint8Array.of(0, 255, 3)),
      flag: tensor([true, false, true]),
      scalar: tensor(3),
      empty: zeros([0, 4]),
      view: tensor([
        [1, 2],
        [3, 4],
      ]).t(),
    };
    const { tensors: read } = decodeSafetensors(encodeSafetensors(tensors));
    expect(Object.keys(read).sort()).toEqual(Object.keys(tensors).sort());
    for (const [name, value] of Object.entries(tensors)) {
      expect([read[name]!.dtype, read[name]!.shape], name).toEqual([value.dtype, value.shape]);
      expect(new Uint8Array(read[name]!.toTypedArray().buffer), name).toEqual(
        new Uint8Array(value.toTypedArray().buffer),
      );
    }
  });

  test("given one float32, the bytes are those of the specification, with an aligned header", () => {
    const bytes = encodeSafetensors({ a: tensor([1]) }, { metadata: { format: "pt" } });
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    const header = new TextDecoder().decode(bytes.subarray(8, 8 + length)).trimEnd();
    expect(header).toBe('{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}');
    expect([...bytes.subarray(8 + length)]).toEqual([0, 0, 0x80, 0x3f]);
    expect(decodeSafetensors(bytes).metadata).toEqual({ format: "pt" });
  });

  test("given float16, bfloat16 and small integers, every bit comes back", () => {
    const header = {
      h: { dtype: "F16", shape: [3], data_offsets: [0, 6] },
      b: { dtype: "BF16", shape: [1], data_offsets: [6, 8] },
      i: { dtype: "I8", shape: [1], data_offsets: [8, 9] },
    };
    const data = [0x00, 0x3e, 0x01, 0x00, 0x00, 0xfc, 0xc0, 0x3f, 0xff];
    const { tensors } = decodeSafetensors(fileOf(header, data));
    expect(tensors.h!.toArray()).toEqual([1.5, 2 ** -24, Number.NEGATIVE_INFINITY]);
    expect(tensors.b!.toArray()).toEqual([1.5]);
    expect(tensors.i!.toArray()).toEqual([-1]);
    expect(Object.values(tensors).map(({ dtype }) => dtype)).toEqual(["float16", "bfloat16", "int8"]);
  });

  test("given all patterns of 16 bits, NaN payloads included, writing gives the bytes that were read", () => {
    const bits = Uint16Array.from({ length: 65536 }, (_, i) => i);
    for (const dtype of ["float16", "bfloat16"] as const) {
      const bytes = encodeSafetensors({
        x: tensor(bits, { dtype }),
        i: tensor(new Int16Array(bits), { dtype: "int16" }),
      });
      const { tensors } = decodeSafetensors(bytes);
      expect(tensors.x!.dtype).toBe(dtype);
      expect(Buffer.compare(encodeSafetensors(tensors), bytes)).toBe(0);
      expect(Buffer.compare(bytes.subarray(-2 * 65536), new Uint8Array(bits.buffer))).toBe(0);
    }
  });
});

describe("damaged files", () => {
  const entry = (offsets: readonly number[], rest: object = {}) => ({
    a: { dtype: "F32", shape: [1], data_offsets: offsets, ...rest },
  });

  test.each([
    [Uint8Array.of(1, 2), "safetensors: x has 2 bytes, too few for a safetensors file"],
    [
      new Uint8Array(8).fill(0xff),
      "safetensors: x is not a safetensors file: its header would have 18446744073709552000 bytes",
    ],
    [Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 0, 123), "safetensors: x is truncated: the header has 9 bytes, the file 9"],
    [fileOf("[]"), "safetensors: x has a header that is not an object"],
    [fileOf(entry([0, 4])), "safetensors: x is truncated: 0 of 4 data bytes"],
    [fileOf(entry([0, 4]), [1, 2, 3, 4, 5]), "safetensors: x has 1 bytes too many"],
    [fileOf(entry([4, 8]), new Array(8).fill(0)), "safetensors: x has tensor a at byte 4 where byte 0 is next"],
    [fileOf(entry([0, 8]), new Array(8).fill(0)), "safetensors: x has tensor a of 8 bytes where F32[1] needs 4"],
    [fileOf(entry([0, 4], { shape: [-1] })), "safetensors: x has tensor a without a valid shape"],
    [fileOf(entry([0])), "safetensors: x has tensor a without valid data_offsets"],
    [
      fileOf(entry([0, 4], { dtype: "C64" })),
      'safetensors: x has tensor a of dtype "C64"; readable are F64, F32, I64, I32, U8, BOOL, F16, BF16, I16, U16, I8',
    ],
    [fileOf({ __metadata__: { a: 1 } }), "safetensors: x has metadata that is not text by key"],
  ])("given damage %#, it throws saying what is wrong", (bytes, message) => {
    expect(() => decodeSafetensors(bytes, "x")).toThrow(message);
  });

  test("given a header that is no JSON, it throws naming the file", () => {
    expect(() => decodeSafetensors(fileOf("{nonsense"), "x")).toThrow(/^safetensors: x has a damaged header: /);
  });
});

describe("files", () => {
  test("given a model, its state survives save and load", async () => {
    const [a, b] = [new nn.BatchNorm1d(3), new nn.BatchNorm1d(3)];
    a.runningMean!.fill_(4);
    const file = join(folder, "deep/model.safetensors");
    await save(file, a.stateDict(), { metadata: { epoch: "3" } });
    b.loadStateDict(await load(file));
    expect(b.runningMean!.toArray()).toEqual([4, 4, 4]);
    expect((await loadWithMetadata(file)).metadata).toEqual({ epoch: "3" });
    expect(readdirSync(join(folder, "deep"))).toEqual(["model.safetensors"]);
  });

  test("given a missing file, a truncated one or an unwritable place, it throws naming the file", async () => {
    await expect(load(join(folder, "none"))).rejects.toThrow(
      `load: cannot read ${join(folder, "none")}: there is no such file`,
    );
    const file = join(folder, "cut.safetensors");
    writeFileSync(file, encodeSafetensors({ a: ones([8]) }).subarray(0, 90));
    await expect(load(file)).rejects.toThrow(/^safetensors: .*cut\.safetensors is truncated: /);
    await expect(save(join(file, "x"), {})).rejects.toThrow(/^save: cannot write .*cut\.safetensors\/x: /);
  });
});
