// Claims of several tiles: all tiles run, whatever the last claim has left.
import { expect, it } from "vitest";
import { ExprFactory } from "../../src/ir/index.js";
import { createWasmTarget, Runtime } from "../../src/targets/index.js";
import { emptyStorage, makeKernel, makeProgram, store } from "./programs.js";

it.each([1024, 1000, 997])("given %i cheap tiles for two threads, each runs once", (tiles) => {
  const x = new ExprFactory();
  const out = x.buffer("out", "int32", tiles);
  // Estimated at 100 µs: worth two threads, and far less than a claim a tile.
  const kernel = makeKernel(
    x,
    tiles,
    (tile) => [store(out, tile, x.add(x.load(out, tile), x.add(tile, x.int(1))))],
    2e6,
  );
  const program = makeProgram({ stages: [[kernel]], bound: [out], inPlace: [out] });
  const executable = createWasmTarget({ runtime: new Runtime({ threads: 2 }) }).load(program);
  const storage = emptyStorage(out);

  executable.run([storage], new Float64Array(0));

  expect(Array.from(storage.toTypedArray(), Number)).toEqual(Array.from({ length: tiles }, (_, i) => i + 1));
});
