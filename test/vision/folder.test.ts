// Folders of classes: numbering, order, errors, transforms, worker threads.
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ones, type Tensor } from "gradus";
import { DataLoader, readIdx, TextLines } from "gradus/data";
import { Compose, DatasetFolder, ImageFolder, RandomHorizontalFlip, Resize, ToDtype } from "gradus/vision";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const image = (name: string) => fileURLToPath(new URL(`../fixtures/images/${name}`, import.meta.url));

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "gradus-folder-"));
  for (const folder of ["b/deep", "a", "B"]) mkdirSync(join(root, folder), { recursive: true });
  const files = { "b/2.png": "rgb.png", "b/deep/1.PNG": "gray.png", "a/x.jpg": "s420.jpg", "B/y.png": "rgba.png" };
  for (const [to, from] of Object.entries(files)) copyFileSync(image(from), join(root, to));
  writeFileSync(join(root, "b/notes.txt"), "no image");
});
afterAll(() => rmSync(root, { recursive: true }));

describe("ImageFolder", () => {
  test("given nested folders, classes and files come in the order of their names", () => {
    const folder = new ImageFolder(root);
    expect(folder.classes).toEqual(["B", "a", "b"]);
    expect(folder.classToIdx).toEqual({ B: 0, a: 1, b: 2 });
    expect(folder.samples.map(([path, target]) => [path.slice(root.length), target])).toEqual([
      ["/B/y.png", 0],
      ["/a/x.jpg", 1],
      ["/b/2.png", 2],
      ["/b/deep/1.PNG", 2],
    ]);
    const [pixels, label] = folder.get(1);
    expect([pixels.dtype, [...pixels.shape], label.dtype, label.item()]).toEqual(["uint8", [3, 29, 37], "int32", 1]);
    expect(new ImageFolder(root, { mode: "gray" }).get(-1)[0].shape).toEqual([1, 9, 13]);
  });

  test("given a transform, an image is what it is in a batch of its own, and batches stack", async () => {
    const transform = new Compose([
      new ToDtype("float32", { scale: true }),
      new Resize([8, 8]),
      new RandomHorizontalFlip(),
    ]);
    const folder = new ImageFolder(root, { transform });
    const [[images, labels]] = [...new DataLoader(folder, { batchSize: 4, seed: 3 })] as [[Tensor, Tensor]];
    expect([[...images.shape], labels.dtype, labels.toArray()]).toEqual([[4, 3, 8, 8], "int32", [0, 1, 2, 2]]);
    expect(images.at(2).toArray()).toEqual(folder.get(2, { seed: 3, epoch: 0 })[0].toArray());
  });

  test("given a transform, items have their values, so that sizes of files do not shape a batch's program", () => {
    const transform = new Compose([new Resize([8, 8]), new ToDtype("float32", { scale: true })]);
    const folder = new ImageFolder(root, { transform });
    for (let index = 0; index < 4; index++) expect(folder.get(index)[0].cell.storage).not.toBe(null);
  });

  test("given a loader and a target transform, items are what they make of path and class", () => {
    const options = {
      loader: (path: string) => ones([1, 1, path.length]),
      targetTransform: (target: number) => 10 * target,
    };
    const [pixels, label] = new ImageFolder(root, options).get(1);
    expect([pixels.shape[2], label.item()]).toEqual([join(root, "a/x.jpg").length, 10]);
  });

  test("given worker threads, the batches are the same", async () => {
    const folder = new ImageFolder(root);
    const read = async (options: object) => {
      const all: unknown[] = [];
      const loader = new DataLoader(folder, { shuffle: true, seed: 1, ...options });
      for await (const [images, labels] of loader) all.push(images.toArray(), labels.toArray());
      return all;
    };
    expect(await read({ numWorkers: 1 })).toEqual(await read({}));
  });

  test("given a damaged file, an empty class or no class, the error names it", async () => {
    const broken = join(root, "b/broken.png");
    writeFileSync(broken, "no image at all");
    const folder = new ImageFolder(root);
    expect(() => folder.get(3)).toThrow(
      `decodeImage: ${broken} is neither a PNG nor a JPEG file: it begins with 6e 6f 20 69`,
    );
    const loader = new DataLoader(folder, { numWorkers: 1 });
    const run = async () => {
      for await (const _ of loader);
    };
    await expect(run()).rejects.toThrow(`DataLoader: worker 0 failed at sample 3: decodeImage: ${broken} is neither`);
    rmSync(broken);
    mkdirSync(join(root, "empty"));
    expect(() => new ImageFolder(root)).toThrow(
      `DatasetFolder: no valid file for the classes empty in ${root}; files must end in .png, .jpg, .jpeg`,
    );
    expect(new ImageFolder(root, { allowEmpty: true }).length).toBe(4);
    rmSync(join(root, "empty"), { recursive: true });
    expect(() => new ImageFolder(join(root, "a"))).toThrow("holds no folder; each class has its own");
    expect(() => new ImageFolder(join(root, "none"))).toThrow("DatasetFolder: cannot read the folder");
  });
});

test("DatasetFolder: given a loader and endings, items are what it makes of the paths", () => {
  const folder = new DatasetFolder(root, (path) => path.length, { extensions: [".TXT"], allowEmpty: true });
  expect(folder.samples.map(([path]) => path)).toEqual([join(root, "b/notes.txt")]);
  const [sample, label] = folder.get(0);
  expect([sample, label.item()]).toEqual([join(root, "b/notes.txt").length, 2]);
  const chosen = new DatasetFolder(root, () => 0, { isValidFile: (path) => path.endsWith("y.png"), allowEmpty: true });
  expect(chosen.targets).toEqual([0]);
});

test("TextLines: given a file of any line ends, lines are texts without them; a last empty one does not count", () => {
  const file = join(root, "lines.txt");
  const linesOf = (text: string) => {
    writeFileSync(file, text);
    const lines = new TextLines(file);
    return Array.from({ length: lines.length }, (_, i) => lines.get(i));
  };
  expect(linesOf("año\r\n\nzwei\n")).toEqual(["año", "", "zwei"]);
  expect(linesOf("one\ntwo")).toEqual(["one", "two"]);
  expect(linesOf("")).toEqual([]);
  expect(() => new TextLines(join(root, "none.txt"))).toThrow("TextLines: cannot read");
  rmSync(file);
});

test("readIdx: given a file, it is a tensor of its type and shape", async () => {
  const file = join(root, "x.idx");
  writeFileSync(file, Uint8Array.of(0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 3, 7, 8, 9));
  const x = await readIdx(file);
  expect([x.dtype, x.toArray()]).toEqual(["uint8", [[7, 8, 9]]]);
  await expect(readIdx(join(root, "none"))).rejects.toThrow("readIdx: cannot read");
  rmSync(file);
});
