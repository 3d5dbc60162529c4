// Tensors of half dtypes and narrow integers in daily use: made, read, filled, saved, trained.
import {
  arange,
  compile,
  finfo,
  full,
  iinfo,
  manualSeed,
  rand,
  randint,
  randn,
  setTarget,
  type Tensor,
  tensor,
  zeros,
} from "gradus";
import { decodeNpy, decodeTorch, encodeNpy, encodeTorch } from "gradus/formats";
import * as nn from "gradus/nn";
import * as optim from "gradus/optim";
import { beforeAll, describe, expect, test } from "vitest";
import { forEachTarget } from "../conformance/targets.js";

const halves = ["float16", "bfloat16"] as const;

describe("reading and making", () => {
  beforeAll(() => void setTarget("interpreter"));

  test("values are numbers: item, toArray, toTypedArray, data", async () => {
    const x = tensor([0.1, -2], { dtype: "float16" });
    expect(x.toArray()).toEqual([0.0999755859375, -2]);
    expect(x.toTypedArray()).toEqual(Float32Array.of(0.0999755859375, -2));
    expect(await x.data()).toEqual(Float32Array.of(0.0999755859375, -2));
    expect(x.at(0).item()).toBe(0.0999755859375);
    expect(tensor(Int8Array.of(-3)).toTypedArray()).toEqual(Int8Array.of(-3));
    expect(tensor(Int16Array.of(-300)).dtype).toBe("int16");
    expect(x.elementSize()).toBe(2);
  });

  test("bits: a Uint16Array beside a half dtype", () => {
    expect(tensor(Uint16Array.of(0x3c00, 0x7bff), { dtype: "float16" }).toArray()).toEqual([1, 65504]);
    expect(tensor(Uint16Array.of(0x3f80), { dtype: "bfloat16" }).toArray()).toEqual([1]);
    expect(() => tensor(Uint16Array.of(1))).toThrow("Uint16Array has no dtype of its own");
  });

  test("creation functions take the dtypes; numbers out of range are refused", () => {
    expect(full([2], 0.1, { dtype: "bfloat16" }).toArray()).toEqual([0.10009765625, 0.10009765625]);
    expect(arange(3, { dtype: "int8" }).toArray()).toEqual([0, 1, 2]);
    expect(zeros([2], { dtype: "int16" }).dtype).toBe("int16");
    expect(() => tensor([200], { dtype: "int8" })).toThrow("tensor: 200 does not fit int8, which holds -128 to 127");
    expect(() => tensor([1], { dtype: "int8" }).add(300)).toThrow("300 does not fit int8");
  });

  test("limits", () => {
    expect(finfo("float16")).toMatchObject({ bits: 16, eps: 2 ** -10, max: 65504, tiny: 2 ** -14 });
    expect(finfo("bfloat16")).toMatchObject({ bits: 16, eps: 2 ** -7, max: 3.3895313892515355e38, tiny: 2 ** -126 });
    expect(iinfo("int8")).toMatchObject({ bits: 8, min: -128, max: 127 });
    expect(iinfo("int16")).toMatchObject({ bits: 16, min: -32768, max: 32767 });
  });

  test("files: .pt keeps the dtypes, .npy all but bfloat16", () => {
    const values = {
      h: tensor([1.5, NaN, -65504], { dtype: "float16" }),
      b: tensor([1e30, -0], { dtype: "bfloat16" }),
      s: tensor(Int16Array.of(-300, 5)),
      c: tensor(Int8Array.of(-128, 127)),
    };
    const back = decodeTorch(encodeTorch(values)) as Record<string, Tensor>;
    for (const [name, value] of Object.entries(values)) {
      expect([back[name]?.dtype, back[name]?.toTypedArray()]).toEqual([value.dtype, value.toTypedArray()]);
    }
    expect(decodeNpy(encodeNpy(values.h)).dtype).toBe("float16");
    expect(() => encodeNpy(values.b)).toThrow('npy: NumPy has no bfloat16; convert the tensor with .to("float32")');
  });

  test("loadStateDict: given wider values, rounds them; what does not fit is an error", () => {
    const model = new nn.Linear(1, 1, { bias: false }).half();
    model.loadStateDict({ weight: tensor([[0.1]]) });
    expect(model.weight.toArray()).toEqual([[0.0999755859375]]);
    expect(() => model.loadStateDict({ weight: tensor([[1e6]]) })).toThrow(
      "weight holds 1000000, which float16 cannot",
    );
  });
});

forEachTarget(() => {
  test.each(halves)("%s: random fills lie in their ranges and have the right moments", (dtype) => {
    manualSeed(3);
    const u = rand([4000], { dtype });
    const values = u.toArray() as number[];
    expect(u.dtype).toBe(dtype);
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
    expect(Math.abs(values.reduce((a, b) => a + b) / 4000 - 0.5)).toBeLessThan(0.03); // 6 standard errors
    const z = zeros([4000], { dtype }).normal_(1, 2);
    const drawn = z.toArray() as number[];
    expect(z.dtype).toBe(dtype);
    expect(Math.abs(drawn.reduce((a, b) => a + b) / 4000 - 1)).toBeLessThan(0.2);
    expect(randn([3], { dtype }).dtype).toBe(dtype);
    expect(randint(0, 5, [3], { dtype }).dtype).toBe(dtype);
  });

  test.each(halves)("%s: a network trains, plain and compiled alike", (dtype) => {
    const losses = [false, true].map((isCompiled) => {
      manualSeed(1);
      const model = new nn.Sequential(new nn.Linear(4, 8), new nn.GELU(), new nn.LayerNorm(8), new nn.Linear(8, 2)).to(
        dtype,
      );
      const optimizer = new optim.SGD(model.parameters(), { lr: 0.1, momentum: 0.9 });
      const x = randn([16, 4], { dtype });
      const y = x.select(1, 0).gt(0).to("int64");
      const plain = (): Tensor => {
        optimizer.zeroGrad();
        const loss = nn.functional.crossEntropy(model(x), y);
        loss.backward();
        optimizer.step();
        return loss;
      };
      const step = isCompiled ? compile(plain) : plain;
      const course = Array.from({ length: 12 }, () => step().item());
      expect([...model.parameters()].every((p) => p.dtype === dtype)).toBe(true);
      return course;
    });
    const [plain, compiled] = losses as [number[], number[]];
    expect(plain[11]).toBeLessThan((plain[0] as number) * 0.7);
    plain.forEach((value, i) => {
      expect(Math.abs(value - (compiled[i] as number))).toBeLessThanOrEqual(0.05);
    });
  });

  test.each(halves)("%s: fused operations round where each of them would", (dtype) => {
    const x = randn([77], { dtype });
    const chain = (value: Tensor): Tensor => value.mul(1.37).add(value).exp().sub(0.25).div(value.abs().add(1));
    const fused = chain(x).toArray();
    let at = x; // each result read before the next
    const read = (value: Tensor): Tensor => tensor(value.toArray() as number[], { dtype });
    at = read(read(read(read(x.mul(1.37)).add(x)).exp()).sub(0.25)).div(read(read(x.abs()).add(1)));
    expect(fused).toEqual(at.toArray());
  });
});
