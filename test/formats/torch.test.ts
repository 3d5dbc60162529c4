// Files of torch.save: what PyTorch wrote is read bit for bit, what was written PyTorch reads, and nothing in them runs.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { FormatError, ones, Tensor, tensor, zeros } from "gradus";
import { decodeTorch, encodeTorch, loadCheckpoint, loadTorch, saveCheckpoint, saveTorch } from "gradus/formats";
import * as nn from "gradus/nn";
import * as optim from "gradus/optim";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const fixtures = new URL("../fixtures/torch/", import.meta.url);
const read = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, fixtures)));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "gradus-torch-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** dtype, shape and elements in place of tensors. */
function shown(value: unknown): unknown {
  if (value instanceof Tensor)
    return [value.dtype, value.shape, ...Array.from(value.toTypedArray() as ArrayLike<number | bigint>)];
  if (Array.isArray(value)) return value.map(shown);
  if (typeof value !== "object" || value === null || value instanceof Set || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shown(item)]));
}

describe.each(["contents.pt", "contents-legacy.pt"])("%s", (file) => {
  test("given tensors of all dtypes and layouts, and plain data, gives PyTorch's values", () => {
    const { plain, ...rest } = shown(decodeTorch(read(file), file)) as Record<string, unknown>;
    expect(rest).toEqual({
      f64: ["float64", [4], 1.5, Number.NaN, Number.NEGATIVE_INFINITY, 5e-324],
      f32: ["float32", [3, 4], 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
      transposed: ["float32", [4, 3], 0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11],
      part: ["float32", [2, 2], 5, 6, 9, 10],
      expanded: ["float32", [3], 7, 7, 7],
      f16: ["float16", [4], 1, 65504, 2 ** -24, Number.POSITIVE_INFINITY],
      bf16: ["bfloat16", [3], 1, (2 - 2 ** -7) * 2 ** 127, -2.5],
      i64: ["int64", [2], 2n ** 62n, -1n],
      i32: ["int32", [2], -(2 ** 31), 7],
      i16: ["int16", [2], -300, 5],
      i8: ["int8", [2], -128, 127],
      u8: ["uint8", [2], 0, 255],
      bool: ["bool", [2], 1, 0],
      scalar: ["float32", [], 3],
      empty: ["float32", [0, 4]],
      parameter: ["float32", [2], 1, 1],
      keys: { 0: "zero", 10: "ten" },
      ordered: { b: 1, a: 2 },
    });
    const { ["__proto__"]: proto, ...others } = plain as Record<string, unknown>;
    expect(Object.hasOwn(plain as object, "__proto__")).toBe(true);
    expect(proto).toBe("a key");
    expect(others).toEqual({
      int: 7,
      negative: -3,
      big: 2n ** 70n,
      float: 0.1,
      text: "é✓",
      none: null,
      flag: true,
      bytes: Uint8Array.of(0, 255),
      list: [1, [2, "x"]],
      tuple: [1, 2, 3, 4],
      set: new Set([5]),
      size: [2, 3],
      dtype: "torch.float32",
      device: "cpu",
    });
  });
});

test("loadTorch: given a training state, its weights load without renaming and optimizer numbers are there", async () => {
  const file = join(folder, "training.pt");
  writeFileSync(file, read("training.pt"));
  const state = (await loadTorch(file)) as {
    model: Record<string, Tensor>;
    optimizer: { state: Record<string, Record<string, Tensor>>; param_groups: { lr: number }[] };
    epoch: number;
  };
  const model = new nn.Sequential(new nn.Conv2d(1, 2, 3), new nn.BatchNorm2d(2), new nn.Flatten(), new nn.Linear(8, 3));
  model.loadStateDict(state.model);
  expect((model.stateDict()["1.num_batches_tracked"] as Tensor).item()).toBe(1);
  expect([state.epoch, state.optimizer.param_groups[0]?.lr]).toEqual([3, 0.01]);
  expect(state.optimizer.state[0]?.exp_avg?.shape).toEqual([2, 1, 3, 3]);
});

describe("what is not plain data", () => {
  test.each([
    ["malicious-system.pt", "posix.system"],
    ["malicious-system-legacy.pt", "posix.system"],
    ["malicious-eval.pt", "__builtin__.eval"],
    ["malicious-eval-legacy.pt", "__builtin__.eval"],
    ["malicious-exec.pt", "__builtin__.exec"],
    ["malicious-exec-legacy.pt", "__builtin__.exec"],
  ])("given %s, it is refused by name and nothing is run", (file, called) => {
    expect(() => decodeTorch(read(file), file)).toThrow(
      `torch: ${file} names ${called}, which is not plain data, and no code of files is run; save model.state_dict() in PyTorch and load that`,
    );
    expect(existsSync("/tmp/gradus-was-run")).toBe(false);
  });

  test("given a whole pickled module, it is refused with the remedy", () => {
    expect(() => decodeTorch(read("module.pt"), "module.pt")).toThrow("save model.state_dict() in PyTorch");
  });

  test.each([
    [new Uint8Array(), "torch: bytes is not a file of torch.save"],
    [Uint8Array.of(0x50, 0x4b, 3, 4, 0, 0), "zip: bytes is truncated: it has no directory at its end"],
    [new TextEncoder().encode("hello"), "torch: bytes is not a file of torch.save"],
  ])("given bytes %#, it throws a FormatError", (bytes, message) => {
    expect(() => decodeTorch(bytes)).toThrow(message);
  });
});

describe("damaged files", () => {
  const files = ["contents.pt", "contents-legacy.pt", "training.pt", "malicious-system.pt"].map(read);

  /** Reads or throws a FormatError; any other error is a fault. */
  function readsOrRefuses(bytes: Uint8Array): void {
    try {
      decodeTorch(bytes);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
    }
  }

  test("given files cut anywhere, all throw a FormatError", () => {
    for (const file of files.slice(0, 3)) {
      for (let length = 0; length < file.length; length += 1 + Math.floor(file.length / 200)) {
        expect(() => decodeTorch(file.subarray(0, length))).toThrow(FormatError);
      }
    }
  });

  test("given files with bytes changed at random, they are read or refused, and no code runs", () => {
    const change = fc.record({ at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), to: fc.nat(255) });
    const property = fc.property(
      fc.nat(files.length - 1),
      fc.array(change, { minLength: 1, maxLength: 8 }),
      (which, all) => {
        const bytes = (files[which] as Uint8Array).slice();
        // Changes fall on the pickle, near the start, more often than on the tensors' bytes.
        for (const { at, to } of all) bytes[Math.floor(at * at * bytes.length)] = to;
        readsOrRefuses(bytes);
      },
    );
    fc.assert(property, { numRuns: 2000, seed: 7 });
    expect(existsSync("/tmp/gradus-was-run")).toBe(false);
  });

  test("given random bytes after a legacy header, they are read or refused", () => {
    const header = read("contents-legacy.pt").slice(0, 137);
    const property = fc.property(fc.uint8Array({ maxLength: 64 }), (rest) => {
      readsOrRefuses(Uint8Array.from([...header, ...rest]));
    });
    fc.assert(property, { numRuns: 2000, seed: 8 });
  });
});

describe("encodeTorch", () => {
  const value = {
    "conv.weight": tensor([
      [1.5, Number.NaN],
      [-0, 1e-45],
    ]),
    f64: tensor(Float64Array.of(Math.PI)),
    i64: tensor([2n ** 62n, -1n]),
    i32: tensor(Int32Array.of(-5)),
    u8: tensor(Uint8Array.of(200)),
    flag: tensor([true, false]),
    scalar: tensor(2),
    empty: zeros([0, 3]),
    view: tensor([
      [1, 2],
      [3, 4],
    ]).t(),
    plain: {
      int: 1,
      big: 2n ** 70n,
      least: -(2n ** 63n),
      edge: 128 * 2 ** 32,
      float: 0.5,
      text: "é",
      none: null,
      list: [true, [-1]],
    },
    keyed: new Map<number, string>([[0, "zero"]]),
  };

  test("given tensors and plain data, decodeTorch gives them back", () => {
    const back = shown(decodeTorch(encodeTorch(value)));
    expect(back).toEqual(shown({ ...value, keyed: { 0: "zero" } }));
  });

  test("given one tensor twice, its bytes are stored once", () => {
    const weight = ones([1000]);
    expect(encodeTorch({ a: weight, b: weight }).length).toBeLessThan(4000 + 1500);
  });

  test.each<[unknown, string]>([
    [{ a: { b: () => 0 } }, "torch: the value.a.b is a function, which PyTorch's files have no form for"],
    [
      { a: Float32Array.of(1) },
      "torch: the value.a is a typed array; make it a tensor, which PyTorch's files have no form for",
    ],
    [{ a: new Date() }, "torch: the value.a is a Date, which PyTorch's files have no form for"],
  ])("given a value that has no form %#, it throws naming the place", (given, message) => {
    expect(() => encodeTorch(given)).toThrow(message);
  });

  test("given a value inside itself, it throws", () => {
    const loop: Record<string, unknown> = {};
    loop.self = loop;
    expect(() => encodeTorch(loop)).toThrow("torch: the value.self is inside itself");
  });

  test("saveTorch: given a model, the file has PyTorch's keys and replaces an older one as a whole", async () => {
    const file = join(folder, "saved/model.pt");
    const model = new nn.Linear(2, 3);
    await saveTorch(file, { old: true });
    await saveTorch(file, model.stateDict());
    expect(Object.keys((await loadTorch(file)) as object)).toEqual(["weight", "bias"]);
    expect(readdirSync(join(folder, "saved"))).toEqual(["model.pt"]);
  });
});

test("checkpoint: given model, optimizer and schedule, a run goes on with the same bits", () => {
  const make = () => {
    const model = new nn.Linear(2, 1);
    const optimizer = new optim.NAdam(model.parameters(), { lr: 0.1 });
    const scheduler = new optim.OneCycleLR(optimizer, 0.2, { totalSteps: 9 });
    const step = () => {
      model(ones([3, 2]))
        .square()
        .sum()
        .backward();
      optimizer.step();
      optimizer.zeroGrad();
      scheduler.step();
    };
    return { model, optimizer, scheduler, step };
  };
  const [first, second] = [make(), make()];
  for (let i = 0; i < 3; i++) first.step();
  const file = join(folder, "run.ckpt");
  saveCheckpoint(file, {
    model: first.model.stateDict(),
    optimizer: first.optimizer.stateDict(),
    scheduler: first.scheduler.stateDict(),
  });
  const state = loadCheckpoint(file) as never as Record<"model" | "optimizer" | "scheduler", never>;
  second.model.loadStateDict(state.model);
  second.optimizer.loadStateDict(state.optimizer);
  second.scheduler.loadStateDict(state.scheduler);
  for (let i = 0; i < 3; i++) {
    first.step();
    second.step();
  }
  expect(second.model.weight.toArray()).toEqual(first.model.weight.toArray());
});
