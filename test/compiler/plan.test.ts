// In which stage kernels run, by the programs of a target that computes nothing.
import { setTarget } from "gradus";
import { afterEach, beforeEach, expect, it } from "vitest";
import { runStep } from "../../src/compiler/index.js";
import { planProgram } from "../../src/compiler/plan.js";
import type { Node } from "../../src/graph/index.js";
import { type Executable, ExprFactory, type Kernel } from "../../src/ir/index.js";
import { matmul, relu } from "../../src/ops/index.js";
import { createInterpreter } from "../../src/targets/interpreter/index.js";
import { input } from "../ops/helpers.js";
import { noting } from "./noting.js";

let previous: string;
beforeEach(() => {
  previous = setTarget("reference");
});
afterEach(() => {
  setTarget(previous);
});

it("given weights of two layers, packs each in the stage before the product that needs it", () => {
  const idle: Executable = { sizeBytes: 0, run: () => {}, settle: () => {}, free: () => {} };
  const { target, programs } = noting({ ...createInterpreter({ lanes: 16, masks: true }), load: () => idle });
  const [x, first, second] = [0, 1, 2].map(() => input(new Array<number>(512 * 512).fill(0), [512, 512])) as [
    Node,
    Node,
    Node,
  ];

  runStep({ outputs: [matmul(relu(matmul(x, first)), second)], updates: [] }, target);

  const stages = programs.flatMap(({ stages }) => stages.map((stage) => stage.map(({ name }) => name)));
  expect(stages).toEqual([["pack_b"], ["contract", "pack_b"], ["contract"]]);
});

it("given a kernel that writes nothing, as a loop over no elements does, it stays in its stage", () => {
  const tile = new ExprFactory().variable("tile", "i32", { min: 0, max: 0 });
  const kernel: Kernel = { name: "idle", tiles: 1, tile, body: [], buffers: [], flops: 0, bytes: 0 };

  const { stages } = planProgram({
    name: "step",
    kernels: [{ kernel, writesApart: true, phase: 0 }],
    bound: new Map(),
    bindings: [],
    status: null,
    scalarCount: 0,
  });

  expect(stages).toEqual([[kernel]]);
});
