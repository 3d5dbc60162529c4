// Pooling layers with indices, their inverse, random windows, and the adaptive softmax: what fixtures do not hold.
import { gradcheck, manualSeed, rand, randn, type Tensor, tensor } from "gradus";
import * as nn from "gradus/nn";
import { expect, test } from "vitest";

test("MaxPool2d: given returnIndices, MaxUnpool2d puts the maxima back", () => {
  const x = tensor([
    [
      [
        [1, 5, 2, 0],
        [3, 4, 7, 6],
      ],
    ],
  ]);
  const [values, indices] = new nn.MaxPool2d(2, { returnIndices: true })(x);
  expect([values.toArray(), indices.toArray()]).toEqual([[[[[5, 7]]]], [[[[1, 6]]]]]);
  const back = new nn.MaxUnpool2d(2)(values, indices);
  expect(back.toArray()).toEqual([
    [
      [
        [0, 5, 0, 0],
        [0, 0, 7, 0],
      ],
    ],
  ]);
  const plain: Tensor = new nn.MaxPool2d(2)(x);
  expect(plain.toArray()).toEqual([[[[5, 7]]]]);
});

test("FractionalMaxPool2d: given a seed, windows come again, keep their sizes, and gradients are right", () => {
  const pool = new nn.FractionalMaxPool2d(2, { outputRatio: 0.6 });
  const x = randn([1, 4, 11, 9], { dtype: "float64" });
  const draw = (seed: number) => {
    manualSeed(seed);
    return pool(x).toArray();
  };
  expect(draw(1)).toEqual(draw(1));
  expect(draw(1)).not.toEqual(draw(2));
  expect([...pool(x).shape]).toEqual([1, 4, 6, 5]);
  const randomSamples = rand([1, 4, 2], { dtype: "float64" });
  const fixed = new nn.FractionalMaxPool2d(2, { outputSize: 3, randomSamples });
  expect(gradcheck((y: Tensor) => fixed(y), [x.detach().requiresGrad_()])).toBe(true);
  expect(() => new nn.FractionalMaxPool2d(4, { outputSize: 9 })(x)).toThrow(
    "fractionalMaxPool2d: 9 windows of 4 do not fit 11 elements (input [1,4,11,9])",
  );
  expect(() => nn.functional.fractionalMaxPool2d(x, 2.5, { outputSize: 2 })).toThrow(
    "fractionalMaxPool2d: kernelSize must be an integer >= 1, or 2 of them, got 2.5",
  );
  expect(() => new nn.FractionalMaxPool2d(4, {})(x)).toThrow("takes outputSize or outputRatio, one of them");
});

test("AdaptiveLogSoftmaxWithLoss: given any classes, logProb sums to 1 and holds what forward picks", () => {
  const layer = new nn.AdaptiveLogSoftmaxWithLoss(16, 10, [3, 7], { divValue: 2 });
  const x = randn([5, 16]);
  const y = tensor(Int32Array.of(0, 2, 3, 6, 9));
  const all = layer.logProb(x);
  const { output, loss } = layer(x, y);
  for (const sum of all.exp().sum(1).toArray() as number[]) expect(sum).toBeCloseTo(1, 5);
  const picked = all.gather(1, y.unsqueeze(1)).squeeze(1);
  expect(output.sub(picked).abs().max().item()).toBeLessThan(1e-5);
  expect(loss.item()).toBeCloseTo(-(output.mean().item() as number), 5);
  expect(layer.predict(x).toArray()).toEqual(all.argmax(1).toArray());
  expect(() => layer(x, tensor(Int32Array.of(0, 2, 3, 6, 10))).loss.item()).toThrow("10");
  expect(() => new nn.AdaptiveLogSoftmaxWithLoss(16, 10, [7, 3])).toThrow("cutoffs must be rising");
});
