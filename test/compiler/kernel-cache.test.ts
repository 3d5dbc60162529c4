// Kernels that are equal but for their buffers and numbers share one body and its code; each program keeps its own pages.
import { relu, setTarget, type Tensor, targetName, tensor } from "gradus";
import { afterEach, describe, expect, it } from "vitest";
import { clearProgramCache, compileStep, runStep } from "../../src/compiler/index.js";
import { type Program, printProgram, type Target } from "../../src/ir/index.js";
import {
  add,
  concat,
  constant,
  matmul,
  mul,
  randomFill,
  relu as reluNode,
  scalar,
  slice,
} from "../../src/ops/index.js";
import { currentTarget } from "../../src/tensor/engine.js";
import { input, integers } from "../ops/helpers.js";
import { noting } from "./noting.js";

const previous = targetName();
afterEach(() => {
  setTarget(previous);
});

type Outputs = Parameters<typeof runStep>[0]["outputs"];

const bodiesOf = (programs: readonly Program[]) =>
  new Set(programs.flatMap(({ stages }) => stages.flat()).map(({ body }) => body));

/** relu(x w + b) for each pair of weights. */
function chain(blocks: number, size: number, seed = 0) {
  const leaf = (shape: readonly number[], s: number) =>
    input(
      integers(
        shape.reduce((a, b) => a * b, 1),
        2,
        s,
      ),
      [...shape],
    );
  let x = leaf([4, size], seed + 99);
  for (let i = 0; i < blocks; i++) {
    x = reluNode(add(matmul(x, leaf([size, size], seed + i)), leaf([4, size], seed + i + 50)));
  }
  return x;
}

describe("kernels shared in a program", () => {
  it("given steps that read and write one buffer at places of their own, compiles one kernel for the first and one for the others", () => {
    const steps = 5;
    const { target, programs } = noting();
    const x = input(integers(steps * 4 * 16, 4, 1), [steps, 4, 16]);
    const parts = Array.from({ length: steps }, (_, t) => {
      const row = slice(x, 0, t, t + 1, 1);
      return mul(row, row);
    });
    const y = concat(parts, 0);

    runStep({ outputs: [y], updates: [] }, target);

    const kernels = programs.flatMap(({ stages }) => stages.flat());
    expect(kernels.length).toBe(steps);
    expect(new Set(kernels.map(({ body }) => body)).size).toBeLessThanOrEqual(2);
    expect(kernels.map(({ buffers }) => buffers.map(({ part }) => part?.from ?? 0))).toEqual(
      Array.from({ length: steps }, (_, t) => [t * 64, t * 64]),
    );
    expect([...(y.storage?.toTypedArray() ?? [])]).toEqual(
      [...(x.storage?.toTypedArray() ?? [])].map((value) => Number(value) ** 2),
    );
  });

  it("given a model of equal blocks, compiles the first, one in the middle and the last, however many there are", () => {
    for (const blocks of [6, 9]) {
      const { target, programs } = noting();
      runStep({ outputs: [chain(blocks, 32)], updates: [] }, target);
      expect(programs[0]?.stages.flat().length).toBe(blocks);
      // The first has no activation before it, the last one behind it.
      expect(bodiesOf(programs).size).toBe(3);
    }
  });

  it("given shared kernels, the text of the program names each one's own buffers", () => {
    const { target, programs } = noting();
    runStep({ outputs: [chain(3, 16)], updates: [] }, target);
    const text = printProgram(programs[0] as Program);
    for (const kernel of programs[0]?.stages.flat() ?? []) {
      for (const buffer of kernel.buffers) expect(text).toContain(`${buffer.name}[`);
    }
  });

  it("given run-time numbers, each kernel reads its own", () => {
    for (const name of ["interpreter", "wasm", previous]) {
      setTarget(name);
      const x = input([1, 2, 3, 4], [4]);
      const y = input([5, 6, 7], [3]);
      const outputs: Outputs = [
        mul(x, scalar(10, "float32")),
        mul(add(x, constant(1, "float32")), scalar(100, "float32")),
        mul(y, scalar(1000, "float32")),
        mul(input([2, 2, 2], [3]), scalar(7, "float32")),
      ];
      runStep({ outputs, updates: [] }, currentTarget() as Target);
      expect(outputs.map((node) => Array.from(node.storage?.toTypedArray() ?? [], Number))).toEqual([
        [10, 20, 30, 40],
        [200, 300, 400, 500],
        [5000, 6000, 7000],
        [14, 14, 14],
      ]);
    }
  });
});

describe("kernels shared by programs", () => {
  it("given random weights of many shapes, one kernel fills them all", () => {
    const { target, programs } = noting();
    const shapes = [[2], [8, 6], [16, 3, 3, 3], [300, 40]];
    const word = (value: number) => ({ low: scalar(value, "int32"), high: scalar(0, "int32") });
    shapes.forEach((shape, i) => {
      const what = { distribution: "uniform", scale: i, shift: -i } as const;
      runStep({ outputs: [randomFill(shape, what, word(3), word(i))], updates: [] }, target);
    });
    expect(programs.length).toBe(shapes.length);
    expect(bodiesOf(programs).size).toBe(1);
  });

  it("given a program that is freed, others with the same kernels go on; new ones find them again", () => {
    const target = currentTarget() as Target;
    const run = (seed: number) => {
      const step = compileStep({ outputs: [chain(3, 16, seed)], updates: [] }, target);
      return {
        step,
        values: () => Array.from(step.run(step.leaves, new Float64Array(0))[0]?.toTypedArray() ?? [], Number),
      };
    };
    const [first, second] = [run(1), run(2)];
    const [a, b] = [first.values(), second.values()];
    expect(a).not.toEqual(b);
    first.step.free();
    clearProgramCache();
    expect(second.values()).toEqual(b);
    const third = run(1);
    expect(third.values()).toEqual(a);
    for (const { step } of [second, third]) step.free();
  });

  it("given a network with repeated layers, values are those of the reference interpreter", () => {
    const values = (name: string): number[] => {
      setTarget(name);
      const x = tensor(Float32Array.from(integers(24, 3, 1))).view(4, 6);
      let y: Tensor = x;
      for (let i = 0; i < 4; i++) {
        y = relu(y.matmul(tensor(Float32Array.from(integers(36, 1, i))).view(6, 6)).add(i)).add(x);
      }
      return Array.from(y.toTypedArray(), Number);
    };
    const expected = values("reference");
    for (const name of ["interpreter", "wasm", previous]) expect(values(name)).toEqual(expected);
  });
});
