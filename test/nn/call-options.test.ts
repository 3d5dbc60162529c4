// Options of calls and constructors: output sizes, tables kept short, shifts left out, custom parts.
import { ones, randn, type Tensor, tensor, vmap } from "gradus";
import { grad } from "gradus/func";
import * as nn from "gradus/nn";
import { embedding, embeddingBag } from "gradus/nn/functional";
import { describe, expect, test } from "vitest";

describe("outputSize of transposed convolutions", () => {
  const layer = new nn.ConvTranspose2d(1, 1, 3, { stride: 2, padding: 1 });

  test("given a size within the stride's reach, the output has it", () => {
    const x = ones([1, 1, 4, 4]);
    expect(layer(x).shape).toEqual([1, 1, 7, 7]);
    expect(layer(x, [8, 8]).shape).toEqual([1, 1, 8, 8]);
    expect(layer(x, { outputSize: [1, 1, 7, 8] }).shape).toEqual([1, 1, 7, 8]);
    expect(layer(ones([1, 4, 4]), { outputSize: [8, 7] }).shape).toEqual([1, 8, 7]);
  });

  test("given sizes out of reach, too few or an unknown option, it throws saying what fits", () => {
    const x = ones([1, 1, 4, 4]);
    expect(() => layer(x, [9, 8])).toThrow(
      "ConvTranspose2d: outputSize [9,8] cannot be reached from input of shape [1,1,4,4]; sizes from [7,7] to [8,8] can",
    );
    expect(() => layer(x, [8])).toThrow(
      "ConvTranspose2d: outputSize must have 2 or 4 sizes for input of shape [1,1,4,4], got [8]",
    );
    expect(() => layer(x, { outputsize: [8, 8] } as object)).toThrow(
      'ConvTranspose2d: unknown option "outputsize"; did you mean "outputSize"?',
    );
  });
});

describe("maxNorm and scaleGradByFreq of embeddings", () => {
  const table = () =>
    tensor([
      [3, 4],
      [0.3, 0.4],
      [6, 8],
    ]);
  const places = tensor([0, 1, 0], { dtype: "int64" });

  test("given maxNorm, the rows that are read are shortened in the table, the others stay", () => {
    const weight = table();
    const y = embedding(places, weight, { maxNorm: 1 });
    const [first, second, third] = weight.toArray() as number[][];
    expect(first).toEqual([expect.closeTo(0.6, 6), expect.closeTo(0.8, 6)]);
    expect(second).toEqual([Math.fround(0.3), Math.fround(0.4)]);
    expect(third).toEqual([6, 8]);
    expect(y.toArray()).toEqual([first, second, first]);
  });

  test("given the largest number as norm, rows are measured by it", () => {
    const weight = table();
    embeddingBag(places.unsqueeze(0), weight, { maxNorm: 2, normType: Infinity });
    expect((weight.toArray() as number[][])[0]).toEqual([expect.closeTo(1.5, 6), expect.closeTo(2, 6)]);
  });

  test("given scaleGradByFreq under vmap, uses are counted in each example", () => {
    const rows = randn([3, 2]);
    const lookup = (weight: Tensor, at: Tensor) => embedding(at, weight, { scaleGradByFreq: true }).sum();
    const at = tensor(
      [
        [0, 0, 1],
        [1, 1, 1],
      ],
      { dtype: "int64" },
    );
    const each = vmap((index: Tensor) => grad(lookup)(rows, index))(at) as Tensor;
    expect(each.select(-1, 0).toArray()).toEqual([
      [1, 1, 0],
      [0, 1, 0],
    ]);
    const weight = rows.clone().requiresGrad_();
    (vmap((index: Tensor) => lookup(weight, index))(at) as Tensor).sum().backward();
    expect(weight.grad?.select(-1, 0).toArray()).toEqual([1, 2, 0]);
  });

  test("given what does not fit, it throws", () => {
    expect(() => new nn.Embedding(3, 2, { maxNorm: 0 })).toThrow("Embedding: maxNorm must be > 0, got 0");
    expect(() => embeddingBag(places, table(), { mode: "max", scaleGradByFreq: true })).toThrow(
      'embeddingBag: scaleGradByFreq goes with modes "sum" and "mean" only, got "max"',
    );
    expect(() => embedding(places.add(1).to("int64").mul(3), table(), { maxNorm: 1 }).toArray()).toThrow(
      /^embedding: /,
    );
  });

  test("given the options, layers print them", () => {
    expect(String(new nn.Embedding(3, 2, { maxNorm: 1, normType: 1 }))).toBe("Embedding(3, 2, maxNorm=1, normType=1)");
    expect(String(new nn.EmbeddingBag(3, 2, { scaleGradByFreq: true }))).toBe(
      'EmbeddingBag(3, 2, mode="mean", scaleGradByFreq=true)',
    );
  });
});

test("given bias: false, norms have factors and no shifts", () => {
  for (const layer of [
    new nn.BatchNorm1d(4, { bias: false }),
    new nn.InstanceNorm1d(4, { affine: true, bias: false }),
    new nn.GroupNorm(2, 4, { bias: false }),
  ]) {
    expect(layer.weight).not.toBe(null);
    expect(layer.bias).toBe(null);
    expect(String(layer)).toContain("bias=false");
  }
});

describe("Transformer with parts of its own", () => {
  class Half extends nn.Module {
    scale = new nn.Parameter(ones([4, 4]));
    forward(src: Tensor): Tensor {
      return src.mul(0.5);
    }
  }

  test("given a custom encoder, the decoder gets its output", () => {
    const model = new nn.Transformer({
      dModel: 4,
      nhead: 2,
      numDecoderLayers: 1,
      dimFeedforward: 4,
      customEncoder: new Half(),
    });
    const [src, tgt] = [randn([3, 1, 4]), randn([2, 1, 4])];
    model.eval();
    expect(model(src, tgt).toArray()).toEqual(model.decoder(tgt, src.mul(0.5)).toArray());
    expect((model.encoder as Half).scale.toArray()).not.toEqual(ones([4, 4]).toArray());
  });

  test("given no module, it throws", () => {
    expect(() => new nn.Transformer({ customDecoder: (x: Tensor) => x } as object)).toThrow(
      "Transformer: customDecoder is function, not a module",
    );
  });
});

describe("inplace of layers", () => {
  test("given inplace, results are the same and the input keeps its values", () => {
    const layers = [
      [new nn.ReLU({ inplace: true }), new nn.ReLU()],
      [new nn.LeakyReLU({ negativeSlope: 0.2, inplace: true }), new nn.LeakyReLU({ negativeSlope: 0.2 })],
      [new nn.Hardtanh({ inplace: true }), new nn.Hardtanh()],
      [new nn.Threshold(0.5, 3, { inplace: true }), new nn.Threshold(0.5, 3)],
      [new nn.Dropout(0, { inplace: true }), new nn.Dropout(0)],
    ] as const;
    for (const [changed, usual] of layers) {
      const x = tensor([-2, 0.25, 2]);
      expect(changed(x).toArray()).toEqual(usual(x).toArray());
      expect(x.toArray()).toEqual([-2, 0.25, 2]);
      expect(String(changed)).toBe(String(usual));
    }
  });

  test("given anything else, layers throw", () => {
    expect(() => new nn.ReLU({ inplce: true } as object)).toThrow(
      'ReLU: unknown option "inplce"; did you mean "inplace"?',
    );
    expect(() => new nn.ELU({ inplace: 1 } as object)).toThrow("ELU: inplace must be true or false, got 1");
    expect(() => new nn.ReLU6(true as unknown as object)).toThrow(
      "ReLU6: options must be an object like { inplace }, got true",
    );
    expect(() => new nn.LeakyReLU(0.2 as unknown as object)).toThrow("LeakyReLU: options must be an object");
    expect(() => new (nn.Sigmoid as new (x: object) => nn.Sigmoid)({ inplace: true })).toThrow(
      "Sigmoid: takes no arguments",
    );
  });
});
