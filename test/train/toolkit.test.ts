// The pieces of the training toolkit that need no training: state trees, checkpoints, files, metrics, pictures.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tensor } from "gradus";
import { PNG } from "pngjs";
import { afterAll, describe, expect, test } from "vitest";
import {
  encodePng,
  grid,
  joinState,
  loadCheckpoint,
  MetricsLog,
  prepareFolder,
  saveCheckpoint,
  splitState,
  stretchAroundZero,
  stretchEach,
  writeFileAtomic,
} from "../../src/train/index.js";

const folder = mkdtempSync(join(tmpdir(), "gradus-train-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("state", () => {
  test("given tensors, special numbers and nesting, splitState and joinState give the same state back", () => {
    const state = {
      model: { "conv1.weight": tensor([1.5, -2]) },
      list: [1, tensor([3n], { dtype: "int64" }), { deep: null }],
      numbers: [Number.NaN, Number.POSITIVE_INFINITY, -0, 0.1 + 0.2, 2n ** 60n],
      text: "ü",
      isDone: false,
    };
    const { json, tensors } = splitState(state);
    expect(Object.keys(tensors)).toEqual(["model.conv1.weight", "list.1"]);
    const back = joinState({ json, tensors }) as typeof state;
    expect(back.numbers).toEqual(state.numbers);
    expect(Object.is(back.numbers[2], -0)).toBe(true);
    expect(back.model["conv1.weight"].toArray()).toEqual([1.5, -2]);
    expect({ ...back, model: 0, list: 0 }).toEqual({ ...state, model: 0, list: 0 });
  });

  test("given a state without one of its tensors, joinState names it", () => {
    const { json } = splitState({ a: tensor([1]) });
    expect(() => joinState({ json, tensors: {} })).toThrow("checkpoint: the tensor a is missing");
  });
});

describe("checkpoint", () => {
  test("given a saved state, loadCheckpoint gives it back, dtypes and bits", () => {
    const path = join(folder, "a.safetensors");
    saveCheckpoint(path, { step: 3, weight: tensor(Float64Array.of(0.1, 1e-310)), count: tensor(Int32Array.of(-1)) });
    const state = loadCheckpoint(path) as unknown as { step: number; weight: ReturnType<typeof tensor> };
    expect(state.step).toBe(3);
    expect(state.weight.dtype).toBe("float64");
    expect(state.weight.toArray()).toEqual([0.1, 1e-310]);
  });

  test("given what is no state, saveCheckpoint says where and what", () => {
    const path = join(folder, "c.safetensors");
    const text = (value: unknown) => `checkpoint: model.weight is ${value}; a checkpoint holds tensors, numbers,`;
    expect(() => saveCheckpoint(path, { model: { weight: Float32Array.of(1) } })).toThrow(text("a Float32Array"));
    expect(() => saveCheckpoint(path, { model: { weight: () => 1 } })).toThrow(text("a function"));
  });

  test("given a truncated file, says so", () => {
    const path = join(folder, "b.safetensors");
    saveCheckpoint(path, { weight: tensor([1, 2, 3]) });
    writeFileSync(path, readFileSync(path).subarray(0, -4));
    expect(() => loadCheckpoint(path)).toThrow(/b\.safetensors is truncated/);
  });
});

describe("files", () => {
  test("given a failing write, the old file and no other is there", () => {
    const inner = join(folder, "inner");
    mkdirSync(join(inner, "target"), { recursive: true });
    expect(() => writeFileAtomic(join(inner, "target"), "x")).toThrow(/^cannot write .*target: /);
    expect(readdirSync(inner)).toEqual(["target"]);
  });

  test("given a new folder, prepareFolder makes it and its undo removes it only while it is empty", () => {
    const undo = prepareFolder(join(folder, "x/y"));
    expect(readdirSync(join(folder, "x"))).toEqual(["y"]);
    undo();
    expect(existsSync(join(folder, "x"))).toBe(false);
    const undoKept = prepareFolder(join(folder, "x/y"));
    writeFileSync(join(folder, "x/file"), "");
    undoKept();
    expect(readdirSync(join(folder, "x"))).toEqual(["file"]);
  });

  test("given a place where the system makes no folders, prepareFolder says so instead of never returning", (context) => {
    if (!existsSync("/proc/self")) context.skip("no /proc");
    expect(() => prepareFolder("/proc/gradus/run")).toThrow(
      "cannot write to the folder /proc/gradus/run: there is no such place; choose another one",
    );
  });

  test("given records, MetricsLog writes one JSON object a line", () => {
    const log = new MetricsLog();
    log.add({ event: "epoch", loss: 0.5 });
    log.add({ event: "result", testAccuracy: 1 });
    log.write(join(folder, "m.jsonl"));
    expect(readFileSync(join(folder, "m.jsonl"), "utf8")).toBe(
      '{"event":"epoch","loss":0.5}\n{"event":"result","testAccuracy":1}\n',
    );
  });
});

describe("pictures", () => {
  const stack = { count: 2, height: 1, width: 2, values: [0, 1, -4, 2] };

  test("given values, stretchEach maps each image to 0 … 255, stretchAroundZero all to one scale", () => {
    expect(stretchEach(stack).map(({ pixels }) => [...pixels])).toEqual([[0, 255], [0, 255]]); // biome-ignore format: one line an image
    expect(stretchAroundZero(stack).map(({ pixels }) => [...pixels])).toEqual([[128, 159], [0, 191]]); // biome-ignore format: one line an image
  });

  test("given constant and non-finite values, pixels are defined", () => {
    const odd = { count: 2, height: 1, width: 2, values: [3, 3, Number.NaN, 1] };
    expect(stretchEach(odd).map(({ pixels }) => [...pixels])).toEqual([[0, 0], [0, 0]]); // biome-ignore format: one line an image
  });

  test("given two images, grid scales them and leaves gaps; encodePng writes a grey PNG that reads back", () => {
    const picture = grid(stretchEach(stack), { columns: 2, scale: 2, gap: 1 });
    expect([picture.width, picture.height]).toEqual([11, 4]);
    const bytes = encodePng(picture);
    expect([...bytes.subarray(0, 4)]).toEqual([0x89, 0x50, 0x4e, 0x47]);
    expect(bytes[25]).toBe(0); // colour type of the header: grey
    const { data } = PNG.sync.read(Buffer.from(bytes));
    const row = Array.from({ length: 11 }, (_, x) => data[4 * (11 + x)]);
    expect(row).toEqual([255, 0, 0, 255, 255, 255, 0, 0, 255, 255, 255]);
  });
});
