// Small storages share buffers: nothing of one is seen in another, and no buffer is larger than a page.
import { zeros } from "gradus";
import { expect, it } from "vitest";
import { mostSmallBytes, Storage } from "../../src/base/index.js";

const smallLength = mostSmallBytes / 4;

it("storages of 512 bytes and less share buffers of 4096 bytes, each with a part of its own", () => {
  const storages = Array.from({ length: 40 }, (_, i) => Storage.from("int32", new Int32Array(1 + i * 3).fill(i + 1)));

  const buffers = new Set(storages.map((storage) => storage.buffer));
  expect(buffers.size).toBeLessThan(storages.length / 3);
  expect([...buffers].map((buffer) => buffer?.byteLength)).toEqual([...buffers].map(() => 4096));
  storages.forEach((storage, i) => {
    expect([...storage.toTypedArray()]).toEqual(new Array(1 + i * 3).fill(i + 1));
  });
});

it("given a larger one, it has a buffer of its own", () => {
  const storage = new Storage("float32", smallLength + 1);
  expect(storage.buffer?.byteLength).toBe(storage.byteLength);
  expect(storage.byteOffset).toBe(0);
});

it("a new storage holds zeros, whatever others wrote into their parts of its buffer", () => {
  for (let i = 0; i < 100; i++) {
    const storage = new Storage("float32", smallLength - i);
    expect([...storage.toTypedArray()].every((value) => value === 0)).toBe(true);
    new Uint8Array(storage.hostBuffer(), storage.byteOffset, storage.byteLength).fill(255);
  }
});

it("given a write in place, the tensors beside it keep their values", () => {
  const [before, written, after] = [zeros(3).toArray(), zeros(16), zeros(5)];
  written.fill_(7);
  expect([before, written.sum().item(), after.toArray()]).toEqual([[0, 0, 0], 112, [0, 0, 0, 0, 0]]);
});
