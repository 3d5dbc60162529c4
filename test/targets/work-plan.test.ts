// How stages become segments, shares and regions.
import { describe, expect, it } from "vitest";
import { ExprFactory, type Kernel } from "../../src/ir/index.js";
import { planSegments, type Segment } from "../../src/targets/threads/work-plan.js";
import { makeKernel, makeProgram } from "./programs.js";

const x = new ExprFactory();
const kernel = (tiles: number, us: number): Kernel => makeKernel(x, tiles, () => [], us * 20_000);

/** For each claim the tiles it runs, as `kernel:begin-end`, region by region. */
function claims({ shares, regionEnds }: Segment, names: readonly Kernel[]): string[][] {
  const byClaim = shares.flatMap((share) => {
    if (share.kind === "kernels") return [share.kernels.map((k) => names.indexOf(k)).join("+")];
    return Array.from({ length: share.count }, (_, i) => {
      const begin = share.firstTile + i * share.chunk;
      return `${names.indexOf(share.kernel)}:${begin}-${Math.min(begin + share.chunk, share.kernel.tiles)}`;
    });
  });
  return regionEnds.map((end, region) => byClaim.slice(regionEnds[region - 1] ?? 0, end));
}

describe("planSegments", () => {
  it("given kernels of one stage, each region has an equal part of each, and each tile is in one claim", () => {
    const kernels = [kernel(8, 32), kernel(6, 24)];
    const [segment] = planSegments(makeProgram({ stages: [kernels], bound: [] }), { threads: 2, regions: 2 });
    expect(claims(segment as Segment, kernels)).toEqual([
      ["0:0-1", "0:1-2", "0:2-3", "0:3-4", "1:0-1", "1:1-2", "1:2-3"],
      ["0:4-5", "0:5-6", "0:6-7", "0:7-8", "1:3-4", "1:4-5", "1:5-6"],
    ]);
  });

  it("given tiles that do not divide, the last claim ends with the kernel", () => {
    const kernels = [kernel(7, 14)];
    const [segment] = planSegments(makeProgram({ stages: [kernels], bound: [] }), { threads: 2, regions: 3 });
    expect(claims(segment as Segment, kernels)).toEqual([
      ["0:0-1", "0:1-2"],
      ["0:2-3", "0:3-4"],
      ["0:4-5", "0:5-6", "0:6-7"],
    ]);
  });

  it("given kernels that are one claim each, they go to the region with the least of them", () => {
    const kernels = [kernel(1, 9), kernel(1, 5), kernel(1, 3), kernel(4, 16)];
    const [segment] = planSegments(makeProgram({ stages: [kernels], bound: [] }), { threads: 2, regions: 2 });
    expect(claims(segment as Segment, kernels)).toEqual([
      ["0", "3:0-1", "3:1-2"],
      ["1", "2", "3:2-3", "3:3-4"],
    ]);
  });

  it("given small stages before and after the last that may set the status, they are segments of their own", () => {
    const small = [kernel(1, 0.1), kernel(1, 0.1), kernel(1, 0.1)];
    const status = x.buffer("status", "int32", 4);
    const stages = small.map((k) => [k]);
    const plan = (checkedStage: number) =>
      planSegments(makeProgram({ stages, bound: [], status, checkedStage }), { threads: 2, regions: 1 });
    expect(plan(0).map(({ stage }) => stage)).toEqual([0]);
    expect(plan(2).map(({ stage }) => stage)).toEqual([0, 2]);
  });
});
