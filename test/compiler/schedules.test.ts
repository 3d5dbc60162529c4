// Other schedules of a contraction: each gives the same bits; what a search finds is kept, and damaged findings do no harm.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Storage } from "../../src/base/index.js";
import {
  type ContractionOptions,
  clearProgramCache,
  compileStep,
  isPossible,
  otherSchedules,
  runStep,
  type ScheduleFound,
  type ScheduleRequest,
  setScheduleHook,
} from "../../src/compiler/index.js";
import type { Node } from "../../src/graph/index.js";
import { conv2d, matmul, permute, relu } from "../../src/ops/index.js";
import { createInterpreter } from "../../src/targets/interpreter/index.js";
import { input } from "../ops/helpers.js";

const target = createInterpreter({ lanes: 16, masks: true });

/** Numbers whose sums depend on their order. */
function fractions(count: number, seed: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.fround(Math.sin(seed + 12.9898 * i)));
}

const tensor = (seed: number, ...shape: number[]): Node =>
  input(
    fractions(
      shape.reduce((n, d) => n * d, 1),
      seed,
    ),
    shape,
  );

const cases: Record<string, () => Node> = {
  "a product": () => matmul(tensor(1, 70, 30), tensor(2, 30, 90)),
  "a turned product with an activation": () =>
    relu(matmul(permute(tensor(3, 40, 50), [1, 0]), permute(tensor(4, 70, 40), [1, 0]))),
  "a batch that shares its columns": () => matmul(tensor(5, 3, 20, 33), tensor(6, 33, 50)),
  "a convolution": () => conv2d(tensor(7, 2, 5, 12, 12), tensor(8, 20, 5, 3, 3), null, { padding: 1 }),
};

function bits(node: Node): Uint8Array {
  clearProgramCache();
  runStep({ outputs: [node], updates: [] }, target);
  return new Uint8Array((node.storage as Storage).toTypedArray().buffer);
}

function requestOf(make: () => Node): ScheduleRequest {
  let asked: ScheduleRequest | null = null;
  setScheduleHook((request, found) => {
    asked = request;
    return found;
  });
  bits(make());
  setScheduleHook(null);
  if (!asked) throw new Error("the contraction has no schedule");
  return asked;
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gradus-schedules-"));
});
afterEach(() => {
  setScheduleHook(null);
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

describe("other schedules", () => {
  it.each(Object.entries(cases))("of %s: all give the bits of the chosen one", (_, make) => {
    const request = requestOf(make);
    const others = otherSchedules(request, 10);
    const wanted = bits(make());

    expect(others.length).toBe(10);
    for (const options of others) {
      setScheduleHook(() => options);
      expect(bits(make()), JSON.stringify(options)).toEqual(wanted);
    }
  });

  it("given options that order sums otherwise, or panels cut in two, are not possible", () => {
    const request = requestOf(cases["a product"] as () => Node);
    const { chosen } = request;

    expect(isPossible(request, chosen)).toBe(true);
    const wrong: Partial<Record<keyof ContractionOptions, unknown>>[] = [
      { blockDepth: chosen.blockDepth / 2 },
      { parts: 2 },
      { tileRows: chosen.tileRows + 1 },
      { tileColumns: 0 },
      { microRows: 1000 },
      { packRows: "sideways" },
      { tileRows: "70" },
    ];
    for (const change of wrong) expect(isPossible(request, { ...chosen, ...change } as ContractionOptions)).toBe(false);
  });
});

/** Compiles with a search; what it reports. Each folder name is a memory of its own. */
function search(place: string, make: () => Node): ScheduleFound[] {
  vi.stubEnv("GRADUS_SCHEDULES", place);
  const found: ScheduleFound[] = [];
  const report = (result: ScheduleFound): void => void found.push(result);
  compileStep({ outputs: [make()], updates: [] }, target, { candidates: 3, report }).free();
  return found;
}

function onlyFile(place: string): string {
  const [machine] = readdirSync(place) as [string];
  const files = readdirSync(join(place, machine));
  expect(files).toHaveLength(1);
  return join(place, machine, files[0] as string);
}

describe("a search", () => {
  const product = cases["a product"] as () => Node;

  it("given a contraction, reports once and keeps what it found on disk", () => {
    expect(search(folder, product)).toMatchObject([{ contraction: "[70,30]·[30,90]", flops: 378_000, tried: 4 }]);
    expect(search(folder, product)).toEqual([]);

    const { key, options } = JSON.parse(readFileSync(onlyFile(folder), "utf8"));
    const request = requestOf(product);
    expect(key).toBe(request.key);
    expect(isPossible(request, options)).toBe(true);
  });

  it("given findings of another process, uses them", () => {
    search(folder, product);
    const copy = join(folder, "..", `${folder.split("/").at(-1)}-copy`);
    try {
      const [machine] = readdirSync(folder) as [string];
      const file = onlyFile(folder);
      const entry = JSON.parse(readFileSync(file, "utf8"));
      const other = otherSchedules(requestOf(product), 5)[4] as ContractionOptions;
      search(copy, cases["a convolution"] as () => Node); // makes the folder
      writeFileSync(
        join(copy, machine, file.split("/").at(-1) as string),
        JSON.stringify({ ...entry, options: other }),
      );

      let used: ContractionOptions | null = null;
      setScheduleHook((_, found) => {
        used = found;
        return found;
      });
      bits(product());
      expect(used).toEqual(other);
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  });

  it.each([
    ["cut off", (text: string) => text.slice(0, 40)],
    ["empty", () => ""],
    ["null", () => "null"],
    ["of another version", (text: string) => text.replace('"version":1', '"version":0')],
    ["for another contraction", (text: string) => text.replace("float32", "float64")],
    ["with options that do not fit", (text: string) => text.replace(/"tileRows":\d+/, '"tileRows":7')],
    ["without options", (text: string) => text.replace(/"options":.*/, '"options":null}')],
  ])("given a file that is %s, takes it for none", (name, damage) => {
    const first = join(folder, "first");
    search(first, product);
    const file = onlyFile(first);
    const second = join(folder, name.replaceAll(" ", "-"));
    search(second, cases["a convolution"] as () => Node);
    const [machine] = readdirSync(second) as [string];
    writeFileSync(join(second, machine, file.split("/").at(-1) as string), damage(readFileSync(file, "utf8")));

    let used: ContractionOptions | null = null;
    setScheduleHook((request, found) => {
      expect(found).toEqual(request.chosen);
      used = found;
      return found;
    });
    bits(product());
    expect(used).not.toBeNull();
    setScheduleHook(null);
    expect(search(second, product)).toHaveLength(1); // and it is replaced
  });

  it("given a folder that cannot be written, says so once and goes on", () => {
    const warned = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const file = join(folder, "file");
    writeFileSync(file, "");

    expect(search(file, product)).toHaveLength(1);
    search(file, cases["a convolution"] as () => Node);

    expect(warned.mock.calls.map(([text]) => String(text))).toEqual([
      expect.stringMatching(/^gradus: schedules cannot be kept in .*file\/.* \(.*\)\n$/),
    ]);
    warned.mockRestore();
  });
});
