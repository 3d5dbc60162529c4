// NumPy's files: what NumPy wrote is read, what is written has NumPy's layout, and damaged files are refused.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { arange, FormatError, type Tensor, tensor, zeros } from "gradus";
import { decodeNpy, decodeNpz, encodeNpy, loadNpy, loadNpz, saveNpy, saveNpz } from "gradus/formats";
import { afterAll, beforeAll, expect, test } from "vitest";

const fixtures = new URL("../fixtures/numpy/", import.meta.url);
const read = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, fixtures)));
const shown = (t: Tensor) => [t.dtype, t.shape, ...Array.from(t.toTypedArray() as ArrayLike<number | bigint>)];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "gradus-npy-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("decodeNpz: given arrays of all dtypes and orders, gives NumPy's values", () => {
  const arrays = decodeNpz(read("arrays.npz"));
  expect(Object.fromEntries(Object.entries(arrays).map(([name, t]) => [name, shown(t)]))).toEqual({
    f8: ["float64", [3], 1.5, Number.NaN, 5e-324],
    f4: ["float32", [2, 3], 0, 1, 2, 3, 4, 5],
    f2: ["float16", [1], 0.5],
    i8: ["int64", [2], 2n ** 62n, -1n],
    i4: ["int32", [1, 1], 7],
    i2: ["int16", [1], -300],
    i1: ["int8", [1], -128],
    u1: ["uint8", [1], 255],
    u2: ["int32", [1], 65535],
    b1: ["bool", [2], 1, 0],
    scalar: ["float64", [], 3],
    empty: ["float64", [0, 4]],
    fortran: ["float32", [2, 3, 4], ...Array.from({ length: 24 }, (_, i) => i)],
  });
});

test("encodeNpy: given the array that NumPy saved, gives NumPy's bytes", () => {
  const value = arange(6, { dtype: "float32" }).reshape(2, 3);
  const bytes = encodeNpy(value);
  expect(new TextDecoder().decode(bytes.subarray(10, 128))).toBe(
    `${"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }".padEnd(117)}\n`,
  );
  expect(shown(decodeNpy(bytes))).toEqual(shown(value));
});

test("saveNpz and saveNpy: given tensors, loading gives them back", async () => {
  const arrays = {
    ...{ a: tensor([1, 2]), b: tensor([[true], [false]]), c: zeros([0, 2]), d: tensor(Float64Array.of(0.1)) },
    ...{ e: tensor([1.5, NaN], { dtype: "float16" }), f: tensor(Int8Array.of(-3)), g: tensor(Int16Array.of(-300)) },
  };
  await saveNpz(join(folder, "x.npz"), arrays);
  const back = await loadNpz(join(folder, "x.npz"));
  expect(Object.entries(back).map(([name, t]) => [name, shown(t)])).toEqual(
    Object.entries(arrays).map(([name, t]) => [name, shown(t)]),
  );
  await saveNpy(join(folder, "x.npy"), arrays.a);
  expect(shown(await loadNpy(join(folder, "x.npy")))).toEqual(shown(arrays.a));
});

test.each<[() => unknown, string]>([
  [
    () => decodeNpz(read("compressed.npz")),
    "zip: bytes has the compressed entry a.npy; only archives without compression",
  ],
  [
    () => decodeNpy(read("objects.npy")),
    "npy: bytes has an unreadable header (arrays of objects and records are not read)",
  ],
  [() => decodeNpy(Uint8Array.of(1, 2, 3)), "npy: bytes is no file of NumPy"],
  [() => decodeNpy(read("fortran.npy").subarray(0, 200)), "npy: bytes has 72 data bytes where f4 [2, 3, 4] needs 96"],
])("given a file %# that cannot be read, it throws saying why", (make, message) => {
  expect(make).toThrow(message);
});

test("decodeNpy: given a file cut anywhere, throws a FormatError", () => {
  const bytes = read("fortran.npy");
  for (let length = 0; length < bytes.length; length++) {
    expect(() => decodeNpy(bytes.subarray(0, length))).toThrow(FormatError);
  }
});
