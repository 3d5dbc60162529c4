// A program that notices barriers passed too early; for tests of threads in Node and in a browser.
import { Storage } from "../../src/base/storage.js";
import { type Buffer, type Executable, ExprFactory, type Program } from "../../src/ir/index.js";
import { emptyStorage, loop, makeKernel, makeProgram, store } from "./programs.js";

const n = 4096;
/** Makes kernels look expensive, so that they are shared among threads. */
export const heavy = 1e8;

/** Stages that each read what other tiles of the stage before wrote: t[i] = t[(5 i + 1) mod n] * 0.7 + t[i]. */
export function mixingProgram(stages: number): { program: Program; bound: Buffer[] } {
  const x = new ExprFactory();
  const [a, out] = [x.buffer("a", "float32", n), x.buffer("out", "float32", n)];
  const ping = [x.buffer("p", "float32", n), x.buffer("q", "float32", n)];
  const tiles = 64;
  const perTile = n / tiles;
  const list = Array.from({ length: stages }, (_, s) => {
    const from = s === 0 ? a : (ping[s % 2] as Buffer);
    const to = s === stages - 1 ? out : (ping[(s + 1) % 2] as Buffer);
    const half = (part: number) =>
      makeKernel(
        x,
        tiles / 2,
        (tile) => {
          const start = x.variable("start");
          return [
            { kind: "let", v: start, value: x.mul(x.add(tile, x.int((part * tiles) / 2)), x.int(perTile)) },
            loop(x, 0, perTile, 1, (i) => {
              const at = x.add(start, i);
              const other = x.binary("and", x.add(x.mul(at, x.int(5)), x.int(1)), x.int(n - 1));
              const value = x.add(x.mul(x.load(from, other), x.const("f32", 0.7)), x.load(from, at));
              return [store(to, at, value)];
            }),
          ];
        },
        heavy,
      );
    return [half(0), half(1)];
  });
  return { program: makeProgram({ stages: list, bound: [a, out], arena: ping }), bound: [a, out] };
}

/** The bytes the program gives for a fixed input. */
export function runMixing(executable: Executable, bound: readonly Buffer[]): Uint8Array {
  const input = Storage.from(
    "float32",
    Float32Array.from({ length: n }, (_, i) => (i * 37) % 101),
  );
  const output = emptyStorage(bound[1] as Buffer);
  executable.run([input, output], new Float64Array(0));
  return output.hostBytes();
}

/** A number that tells results apart (FNV-1a). */
export function checksum(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
