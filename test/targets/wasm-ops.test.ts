// Every operator × type × lane count of the wasm code generator against plain TypeScript arithmetic.
import { describe, expect, it } from "vitest";
import { Storage } from "../../src/base/storage.js";
import { ExprFactory } from "../../src/ir/index.js";
import { createWasmTarget, Runtime } from "../../src/targets/index.js";
import { operatorChecks } from "./operator-checks.js";
import { emptyStorage, makeKernel, makeProgram, store } from "./programs.js";

const runtime = new Runtime({ threads: 1 });
const target = createWasmTarget({ runtime });

describe("wasm operators", () => {
  for (const { name, run } of operatorChecks(target, { lanes: [1, 2, 4], wideLanes: 2 })) it(name, run);

  it("given relaxed SIMD, fma rounds once, the same in scalars and vectors", (ctx) => {
    let relaxed: ReturnType<typeof createWasmTarget>;
    try {
      relaxed = createWasmTarget({ relaxed: true, runtime });
    } catch {
      return ctx.skip("this host has no relaxed SIMD");
    }
    const x = new ExprFactory();
    const a = x.buffer("a", "float32", 4);
    const out = x.buffer("out", "float32", 8);
    const value = (lanes: number, at: number) => {
      const v = x.load(a, x.int(at), lanes);
      return x.fma(v, v, x.const("f32", -1, lanes));
    };
    const body = [store(out, x.int(0), value(4, 0)), ...[0, 1, 2, 3].map((i) => store(out, x.int(4 + i), value(1, i)))];
    const program = makeProgram({ stages: [[makeKernel(x, 1, () => body)]], bound: [a, out] });
    const result = emptyStorage(out);
    const near = Math.fround(1 + 2 ** -12);

    relaxed.load(program).run([Storage.from("float32", new Float32Array(4).fill(near)), result], new Float64Array(0));

    // (1 + 2^-12)^2 - 1 = 2^-11 + 2^-24 exactly; rounding the product first loses the last term.
    const values = [...result.toTypedArray()];
    expect(new Set(values).size).toBe(1);
    expect([2 ** -11 + 2 ** -24, 2 ** -11]).toContain(values[0]);
  });
});
