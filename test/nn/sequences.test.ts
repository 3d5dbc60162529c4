// Recurrent and attention layers beyond what PyTorch's fixtures show: steps, caches, compiled training, errors.
import { compile, eye, manualSeed, noGrad, ones, randn, type Tensor, tensor, zeros } from "gradus";
import * as nn from "gradus/nn";
import * as optim from "gradus/optim";
import { describe, expect, test } from "vitest";

const values = (t: Tensor) => Array.from(t.toTypedArray(), Number);

function expectClose(actual: Tensor, wanted: Tensor, tolerance = 1e-6): void {
  expect(actual.shape).toEqual(wanted.shape);
  const b = values(wanted);
  expect(Math.max(0, ...values(actual).map((value, i) => Math.abs(value - (b[i] as number))))).toBeLessThan(tolerance);
}

describe("recurrent layers", () => {
  test("given an LSTM and a cell with its weights, stepping gives the layer's outputs", () => {
    const layer = new nn.LSTM(3, 4);
    const cell = new nn.LSTMCell(3, 4);
    const state = Object.entries(layer.stateDict()).map(([key, value]) => [key.replace("_l0", ""), value] as const);
    cell.loadStateDict(Object.fromEntries(state));
    const x = randn([5, 2, 3]);
    const [output, [h, c]] = layer(x);
    let last: [Tensor, Tensor] | null = null;
    for (let t = 0; t < 5; t++) {
      last = cell(x.select(0, t), last);
      expectClose(last[0], output.select(0, t));
    }
    expectClose(h.select(0, 0), last?.[0] as Tensor);
    expectClose(c.select(0, 0), last?.[1] as Tensor);
  });

  test("given lengths, what is beyond them changes nothing, also for gradients", () => {
    manualSeed(1);
    const layer = new nn.GRU(2, 3, { bidirectional: true, numLayers: 2 });
    const run = (beyond: number) => {
      const x = ones([4, 2, 2]);
      noGrad(() => x.narrow(1, 1, 1).narrow(0, 2, 2).fill_(beyond));
      layer.zeroGrad();
      const [output, h] = layer(x, null, { lengths: tensor(Int32Array.of(4, 2)) });
      output.square().sum().add(h.sum()).backward();
      return [...values(output), ...values(h), ...values(layer.parameters()[0]?.grad as Tensor)];
    };
    expect(run(100)).toEqual(run(0));
  });

  test("given a compiled step with changing lengths, one program serves and the loss falls", () => {
    manualSeed(2);
    const layer = new nn.LSTM(2, 4, { batchFirst: true });
    const head = new nn.Linear(4, 1);
    const optimizer = new optim.Adam([...layer.parameters(), ...head.parameters()], { lr: 0.05 });
    const step = compile((x: Tensor, lengths: Tensor, y: Tensor) => {
      const [, [h]] = layer(x, null, { lengths });
      const loss = head(h.select(0, 0)).squeeze(1).sub(y).square().mean();
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      return loss;
    });
    const x = randn([3, 4, 2]);
    const losses = Array.from({ length: 30 }, (_, i) => {
      const lengths = tensor(Int32Array.of(4, 1 + (i % 3), 2));
      return step(x, lengths, tensor([1, -1, 0])).item() as number;
    });
    expect(step.programs).toBe(1);
    expect(losses.at(-1)).toBeLessThan((losses[0] as number) / 4);
  });

  test("given printing, arguments that differ from the defaults are shown", () => {
    expect(String(new nn.LSTM(3, 4, { numLayers: 2, projSize: 2, batchFirst: true }))).toBe(
      "LSTM(3, 4, projSize=2, numLayers=2, batchFirst=true)",
    );
    expect(Object.keys(new nn.LSTM(3, 4, { projSize: 2, bidirectional: true }).stateDict())).toEqual(
      ["", "_reverse"].flatMap((end) =>
        ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0", "weight_hr_l0"].map((key) => key + end),
      ),
    );
  });

  test.each<[() => unknown, string]>([
    [() => new nn.LSTM(3, 4)(ones([2, 2, 5])), "LSTM: input must be [L, N, 3] or [L, 3], got shape [2,2,5]"],
    [
      () => new nn.GRU(3, 4)(ones([2, 2, 3]), ones([2, 2, 4])),
      "GRU: the hidden state must have shape [1,2,4], got [2,2,4]",
    ],
    [
      () => new nn.RNN(3, 4)(ones([2, 2, 3]), null, { lengths: [3, 1] }),
      "RNN: lengths must be 2 integers from 1 to 2, one a sequence, got [3, 1]",
    ],
    [() => new nn.LSTM(3, 4, { projSize: 4 }), "LSTM: projSize must be an integer from 0 to below hiddenSize 4, got 4"],
    [() => new nn.GRUCell(3, 4)(ones([2, 2])), "GRUCell: input must be [N, 3] or [3], got shape [2,2]"],
    [() => new nn.MultiheadAttention(6, 4), "MultiheadAttention: numHeads 4 must divide embedDim 6"],
    [
      () => new nn.MultiheadAttention(4, 2)(ones([3, 4]), ones([3, 4]), ones([3, 4]), { attnMask: ones([2, 3]) }),
      "MultiheadAttention: attnMask must have shape [3,3] for these inputs, got [2,3]",
    ],
    [
      () => new nn.TransformerEncoderLayer(4, 2, { activation: "tanh" as "relu" }),
      'TransformerEncoderLayer: activation must be "relu", "gelu" or a function, got "tanh"',
    ],
  ])("given wrong arguments %#, it throws saying what is wrong", (make, message) => {
    expect(make).toThrow(message);
  });
});

describe("KVCache", () => {
  const attention = () => {
    manualSeed(3);
    return new nn.MultiheadAttention(8, 2, { batchFirst: true });
  };

  test("given positions one by one or in parts, outputs are those of the whole causal sequence", () => {
    const layer = attention();
    const x = randn([2, 5, 8]);
    const [whole] = layer(x, x, x, { isCausal: true });
    for (const parts of [
      [1, 1, 1, 1, 1],
      [3, 2],
      [2, 1, 2],
    ]) {
      const cache = new nn.KVCache([2, 2, 7, 4]);
      let at = 0;
      for (const size of parts) {
        const part = x.narrow(1, at, size);
        const [y] = layer(part, part, part, { cache, needWeights: false });
        expectClose(y, whole.narrow(1, at, size), 2e-6);
        at += size;
      }
      expect(cache.length).toBe(5);
    }
  });

  test("given a compiled step, one program serves all positions and says when there is no room", () => {
    const layer = attention().eval();
    const x = randn([1, 4, 8]);
    const [whole] = layer(x, x, x, { isCausal: true });
    const cache = new nn.KVCache([1, 2, 4, 4]);
    const step = compile((part: Tensor) => noGrad(() => layer(part, part, part, { cache, needWeights: false })[0]));
    for (let t = 0; t < 4; t++) expectClose(step(x.narrow(1, t, 1).clone()), whole.narrow(1, t, 1), 2e-6);
    expect(step.programs).toBe(1);
    expect(() => step(x.narrow(1, 0, 1).clone())).toThrow(
      "KVCache: 4 positions are stored and 1 more do not fit into 4",
    );
    cache.reset();
    expectClose(step(x.narrow(1, 0, 1).clone()), whole.narrow(1, 0, 1), 2e-6);
  });
});

describe("utils", () => {
  test("padSequence and unpadSequence: given sequences, the one undoes the other", () => {
    const parts = [
      tensor([[1, 2]]),
      tensor([
        [3, 4],
        [5, 6],
        [7, 8],
      ]),
    ]; // [L, 2]
    const padded = nn.utils.padSequence(parts, { batchFirst: true, paddingValue: -1 });
    expect(padded.toArray()).toEqual([
      [
        [1, 2],
        [-1, -1],
        [-1, -1],
      ],
      [
        [3, 4],
        [5, 6],
        [7, 8],
      ],
    ]);
    expect(nn.utils.padSequence(parts).shape).toEqual([3, 2, 2]);
    const left = nn.utils.padSequence(parts, { batchFirst: true, paddingSide: "left" });
    expect(left.select(0, 0).toArray()).toEqual([
      [0, 0],
      [0, 0],
      [1, 2],
    ]);
    const back = nn.utils.unpadSequence(padded, [1, 3], { batchFirst: true });
    expect(back.map((t) => t.toArray())).toEqual(parts.map((t) => t.toArray()));
  });

  test("parametersToVector and vectorToParameters: given a model, values go out and back", () => {
    const model = new nn.Linear(2, 2);
    const vector = nn.utils.parametersToVector(model.parameters());
    expect(vector.shape).toEqual([6]);
    nn.utils.vectorToParameters(tensor([1, 2, 3, 4, 5, 6]), model.parameters());
    expect([model.weight.toArray(), model.bias?.toArray()]).toEqual([
      [
        [1, 2],
        [3, 4],
      ],
      [5, 6],
    ]);
    expect(() => nn.utils.vectorToParameters(ones([5]), model.parameters())).toThrow(
      "vectorToParameters: the vector must have shape [6], as many elements as the parameters, got [5]",
    );
  });

  test.each([
    ["Conv2d", new nn.Conv2d(4, 6, 3, { groups: 2, bias: false }), new nn.BatchNorm2d(6), [2, 4, 5, 5]],
    ["ConvTranspose2d", new nn.ConvTranspose2d(4, 6, 3), new nn.BatchNorm2d(6), [2, 4, 5, 5]],
    ["Conv1d without affine", new nn.Conv1d(4, 6, 3), new nn.BatchNorm1d(6, { affine: false }), [2, 4, 5]],
  ] as const)("fuseConvBnEval: given %s, the fused layer does what both did", (_, conv, norm, shape) => {
    const x = randn([...shape]);
    const run = conv as unknown as (x: Tensor) => Tensor;
    norm(run(x)); // statistics of a batch
    if (norm.weight) noGrad(() => norm.weight?.uniform_(0.5, 2));
    expect(() => nn.utils.fuseConvBnEval(conv, norm)).toThrow("fuseConvBnEval: fusing is for evaluation only");
    conv.eval();
    norm.eval();
    const fused = nn.utils.fuseConvBnEval(conv, norm) as unknown as (x: Tensor) => Tensor;
    expectClose(fused(x), norm(run(x)), 1e-5);
  });
});

describe("parametrizations", () => {
  test("weightNorm: given a layer, its value stays, keys are PyTorch's, and training moves length and direction", () => {
    const layer = new nn.Linear(3, 2);
    const before = values(layer.weight);
    nn.utils.weightNorm(layer);
    expectClose(layer.weight, tensor(before).reshape([2, 3]));
    expect(Object.keys(layer.stateDict())).toEqual([
      "bias",
      "parametrizations.weight.original0",
      "parametrizations.weight.original1",
    ]);
    const [g, v] = ["0", "1"].map((i) => layer.getParameter(`parametrizations.weight.original${i}`));
    expect(g?.shape).toEqual([2, 1]);
    const optimizer = new optim.SGD(layer.parameters(), { lr: 0.1 });
    layer(ones([4, 3]))
      .square()
      .sum()
      .backward();
    optimizer.step();
    // w = g v / ‖v‖ after the step too.
    const wanted = (v as Tensor).div((v as Tensor).norm(1, { keepdim: true })).mul(g as Tensor);
    expectClose(layer.weight, wanted);
    expect(values(layer.weight)).not.toEqual(before);
  });

  test("weightNorm: given removal or a clone, values stay and the clone is of its own", () => {
    const layer = nn.utils.weightNorm(new nn.Linear(3, 2), { dim: null });
    const copy = layer.clone();
    expectClose(copy.weight, layer.weight);
    noGrad(() => copy.getParameter("parametrizations.weight.original0").mul_(2));
    expectClose(copy.weight, layer.weight.mul(2));
    const now = values(layer.weight);
    nn.utils.removeParametrizations(layer, "weight");
    expect(nn.utils.isParametrized(layer)).toBe(false);
    expectClose(layer.weight, tensor(now).reshape([2, 3]));
    expect(layer.weight).toBeInstanceOf(nn.Parameter);
  });

  test("spectralNorm: given a vector, divides by its norm, without estimates", () => {
    const layer = new nn.Linear(2, 2);
    layer.bias = new nn.Parameter(tensor([3, 4]));

    nn.utils.spectralNorm(layer, { name: "bias" });

    expect(layer.bias.toArray()).toEqual([expect.closeTo(0.6, 6), expect.closeTo(0.8, 6)]);
    expect(Object.keys(layer.stateDict())).toEqual(["weight", "parametrizations.bias.original"]);
  });

  test("spectralNorm: given a matrix of known singular values, divides by the largest", () => {
    const layer = new nn.Linear(2, 2, { bias: false });
    noGrad(() =>
      layer.weight.copy_(
        tensor([
          [3, 0],
          [0, 1],
        ]),
      ),
    );
    nn.utils.spectralNorm(layer);
    for (let i = 0; i < 20; i++) layer(zeros([1, 2]));
    expectClose(
      layer.weight,
      tensor([
        [1, 0],
        [0, 1 / 3],
      ]),
      1e-5,
    );
    expect(Object.keys(layer.stateDict())).toEqual([
      "parametrizations.weight.original",
      "parametrizations.weight.0._u",
      "parametrizations.weight.0._v",
    ]);
    layer.eval();
    const u = values(layer.stateDict()["parametrizations.weight.0._u"] as Tensor);
    layer(ones([1, 2]));
    expect(values(layer.stateDict()["parametrizations.weight.0._u"] as Tensor)).toEqual(u);
  });

  test.each([
    [4, 4, "matrixExp"],
    [4, 4, "cayley"],
    [3, 5, "householder"],
    [5, 3, "matrixExp"],
    [5, 3, "householder"],
  ] as const)(
    "orthogonal: given %i to %i features and %s, the weight stays orthogonal in training",
    (from, to, map) => {
      const layer = nn.utils.orthogonal(new nn.Linear(from, to), { orthogonalMap: map });
      const gap = () => {
        const w = noGrad(() => (to >= from ? layer.weight : layer.weight.t())); // tall
        return w
          .t()
          .matmul(w)
          .sub(eye(Math.min(from, to)))
          .abs()
          .max()
          .item();
      };
      expect(gap()).toBeLessThan(1e-5);
      expect(Object.keys(layer.stateDict()).sort()).toEqual([
        "bias",
        "parametrizations.weight.0.base",
        "parametrizations.weight.original",
      ]);
      const before = values(layer.weight);
      const optimizer = new optim.SGD(layer.parameters(), { lr: 0.5 });
      const x = randn([6, from]);
      for (let step = 0; step < 3; step++) {
        optimizer.zeroGrad();
        layer(x).sub(1).square().mean().backward();
        optimizer.step();
      }
      expect(gap()).toBeLessThan(1e-5);
      expect(values(layer.weight)).not.toEqual(before);
    },
  );

  test("orthogonal: given an orthogonal matrix, it starts there; wrong uses throw", () => {
    const layer = new nn.Linear(5, 5);
    nn.init.orthogonal_(layer.weight);
    const weight = values(layer.weight);
    nn.utils.orthogonal(layer);
    values(layer.weight).forEach((v, i) => void expect(v).toBeCloseTo(weight[i] as number, 5));
    expect(() => nn.utils.orthogonal(new nn.Linear(2, 2), { name: "wight" })).toThrow(
      'orthogonal: Linear has no parameter "wight"',
    );
    expect(() => nn.utils.orthogonal(new nn.Linear(2, 2), { orthogonalMap: "qr" as never })).toThrow(
      'orthogonal: orthogonalMap must be one of matrixExp, cayley, householder, got "qr"',
    );
    expect(() => nn.utils.orthogonal(new nn.Linear(2, 2), { name: "bias" })).toThrow(
      'orthogonal: "bias" must have at least 2 dims, has shape [2]',
    );
  });

  test("registerParametrization: given no such parameter, it throws", () => {
    class Twice extends nn.Module {
      forward(x: Tensor): Tensor {
        return x.mul(2);
      }
    }
    expect(() => nn.utils.registerParametrization(new nn.Linear(1, 1), "scale", new Twice())).toThrow(
      'registerParametrization: Linear has no parameter "scale"',
    );
    const layer = nn.utils.registerParametrization(new nn.Linear(1, 1, { bias: false }), "weight", new Twice());
    nn.utils.registerParametrization(layer, "weight", new Twice());
    noGrad(() => layer.getParameter("parametrizations.weight.original").fill_(3));
    expect(layer(ones([1, 1])).item()).toBe(12);
  });
});
