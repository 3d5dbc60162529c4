// For each error that a docstring of gradus/nn names, a call that throws it.
import { ones, type Tensor, tensor, zeros } from "gradus";
import * as nn from "gradus/nn";
import type { ThrownErrors } from "./types.js";

const { init, utils } = nn;
const f = (...shape: number[]) => zeros(shape);
const int = (...shape: number[]) => ones(shape, { dtype: "int64" });
const long = (values: number[] | number[][]) => tensor(values, { dtype: "int64" });

type Call = () => unknown;

/** A layer of `rank` spatial dims: a wrong size, an input of other dims, one of another dtype. */
function errors(argument: Call, shape?: Call, dtype?: Call, index?: Call): ThrownErrors[string] {
  return {
    ArgumentError: argument,
    ...(shape && { ShapeError: shape }),
    ...(dtype && { DTypeError: dtype }),
    ...(index && { IndexError: index }),
  };
}

const onlyFloats = (layer: (x: Tensor) => unknown) => ({ DTypeError: () => layer(int(3)) });
const notBool = (layer: (x: Tensor) => unknown) => ({ DTypeError: () => layer(ones([3], { dtype: "bool" })) });
const alongDim = (make: (dim: number) => (x: Tensor) => unknown) =>
  errors(
    () => make(0.5),
    undefined,
    () => make(0)(int(3)),
    () => make(4)(f(3)),
  );
const dropped = (make: (p: number) => (x: Tensor) => unknown) => errors(() => make(2));

const activations: ThrownErrors = {
  ReLU: notBool(new nn.ReLU()),
  ReLU6: notBool(new nn.ReLU6()),
  SiLU: onlyFloats(new nn.SiLU()),
  Mish: onlyFloats(new nn.Mish()),
  SELU: onlyFloats(new nn.SELU()),
  LogSigmoid: onlyFloats(new nn.LogSigmoid()),
  Hardsigmoid: onlyFloats(new nn.Hardsigmoid()),
  Hardswish: onlyFloats(new nn.Hardswish()),
  LeakyReLU: onlyFloats(new nn.LeakyReLU()),
  ELU: onlyFloats(new nn.ELU()),
  CELU: errors(() => new nn.CELU({ alpha: 0 })(f(3)), undefined, onlyFloats(new nn.CELU()).DTypeError),
  GELU: errors(
    () => new nn.GELU({ approximate: "no" as never })(f(3)),
    undefined,
    onlyFloats(new nn.GELU()).DTypeError,
  ),
  Softplus: onlyFloats(new nn.Softplus()),
  Hardtanh: errors(() => new nn.Hardtanh({ minVal: 2, maxVal: 1 })(f(3))),
  PReLU: errors(
    () => new nn.PReLU({ numParameters: 0 }),
    () => new nn.PReLU({ numParameters: 3 })(f(2, 4)),
    onlyFloats(new nn.PReLU()).DTypeError,
  ),
  Hardshrink: onlyFloats(new nn.Hardshrink()),
  Softshrink: errors(
    () => new nn.Softshrink({ lambd: -1 })(f(3)),
    undefined,
    onlyFloats(new nn.Softshrink()).DTypeError,
  ),
  GLU: {
    IndexError: () => new nn.GLU({ dim: 3 })(f(4)),
    ShapeError: () => new nn.GLU()(f(3)),
    DTypeError: () => new nn.GLU()(int(4)),
  },
  RReLU: errors(() => new nn.RReLU({ lower: 1, upper: 0 })(f(3)), undefined, onlyFloats(new nn.RReLU()).DTypeError),
  Softmax: alongDim((dim) => new nn.Softmax(dim)),
  Softmin: alongDim((dim) => new nn.Softmin(dim)),
  LogSoftmax: alongDim((dim) => new nn.LogSoftmax(dim)),
  Softmax2d: { ShapeError: () => new nn.Softmax2d()(f(3)), DTypeError: () => new nn.Softmax2d()(int(2, 2, 2)) },
  Dropout: { ...dropped((p) => new nn.Dropout(p)), ...onlyFloats(new nn.Dropout()) },
  Dropout1d: { ...dropped((p) => new nn.Dropout1d(p)), ShapeError: () => new nn.Dropout1d()(f(3)) },
  Dropout2d: { ...dropped((p) => new nn.Dropout2d(p)), ShapeError: () => new nn.Dropout2d()(f(3)) },
  Dropout3d: { ...dropped((p) => new nn.Dropout3d(p)), ShapeError: () => new nn.Dropout3d()(f(3)) },
  AlphaDropout: dropped((p) => new nn.AlphaDropout(p)),
  FeatureAlphaDropout: dropped((p) => new nn.FeatureAlphaDropout(p)),
};

const space = [3, 4, 4, 4];
/** `[1, channels]` with `rank` spatial dims. */
const image = (rank: number, channels = 2) => f(1, channels, ...space.slice(0, rank));
const whole = (rank: number, channels = 2) => int(1, channels, ...space.slice(0, rank));

const convolutions: ThrownErrors = {
  Linear: errors(
    () => new nn.Linear(0, 2),
    () => new nn.Linear(4, 2)(f(3)),
    () => new nn.Linear(4, 2)(int(4)),
  ),
  Conv1d: errors(
    () => new nn.Conv1d(3, 4, 1, { groups: 2 }),
    () => new nn.Conv1d(3, 4, 1)(image(1)),
    () => new nn.Conv1d(2, 4, 1)(whole(1)),
  ),
  Conv2d: errors(
    () => new nn.Conv2d(3, 4, 1, { padding: "same", stride: 2 }),
    () => new nn.Conv2d(2, 4, 9)(image(2)),
    () => new nn.Conv2d(2, 4, 1)(whole(2)),
  ),
  Conv3d: errors(
    () => new nn.Conv3d(3, 4, 1, { padding: -1 }),
    () => new nn.Conv3d(2, 4, 1, { padding: 9, paddingMode: "reflect" })(image(3)),
    () => new nn.Conv3d(2, 4, 1)(whole(3)),
  ),
  ConvTranspose1d: errors(
    () => new nn.ConvTranspose1d(2, 4, 0),
    () => new nn.ConvTranspose1d(2, 4, 1)(f(3)),
    () => new nn.ConvTranspose1d(2, 4, 1)(whole(1)),
  ),
  ConvTranspose2d: errors(
    () => new nn.ConvTranspose2d(2, 4, 1, { outputPadding: 3 })(image(2)),
    () => new nn.ConvTranspose2d(2, 4, 1)(image(2), { outputSize: [99, 99] }),
    () => new nn.ConvTranspose2d(2, 4, 1)(whole(2)),
  ),
  ConvTranspose3d: errors(
    () => new nn.ConvTranspose3d(2, 4, 0),
    () => new nn.ConvTranspose3d(2, 4, 1, { padding: 9 })(image(3)),
    () => new nn.ConvTranspose3d(2, 4, 1)(whole(3)),
  ),
};

const norms: ThrownErrors = {
  BatchNorm1d: errors(
    () => new nn.BatchNorm1d(2, { momentum: Number.NaN }),
    () => new nn.BatchNorm1d(2)(f(1, 2)),
    () => new nn.BatchNorm1d(2)(whole(1)),
  ),
  BatchNorm2d: errors(
    () => new nn.BatchNorm2d(0),
    () => new nn.BatchNorm2d(2)(image(3)),
    () => new nn.BatchNorm2d(2)(whole(2)),
  ),
  BatchNorm3d: errors(
    () => new nn.BatchNorm3d(2, { eps: 0 }),
    () => new nn.BatchNorm3d(2)(image(3, 5)),
    () => new nn.BatchNorm3d(2)(whole(3)),
  ),
  InstanceNorm1d: errors(
    () => new nn.InstanceNorm1d(2, { eps: 0 }),
    () => new nn.InstanceNorm1d(2)(f(3, 2, 1)),
    () => new nn.InstanceNorm1d(2)(whole(1)),
  ),
  InstanceNorm2d: errors(
    () => new nn.InstanceNorm2d(0),
    () => new nn.InstanceNorm2d(2)(image(2, 5)),
    () => new nn.InstanceNorm2d(2)(whole(2)),
  ),
  InstanceNorm3d: errors(
    () => new nn.InstanceNorm3d(2, { momentum: "x" as never }),
    () => new nn.InstanceNorm3d(2)(f(2)),
    () => new nn.InstanceNorm3d(2)(whole(3)),
  ),
  LayerNorm: errors(
    () => new nn.LayerNorm([]),
    () => new nn.LayerNorm(4)(f(3)),
    () => new nn.LayerNorm(4)(int(4)),
  ),
  RMSNorm: errors(
    () => new nn.RMSNorm([2, 0]),
    () => new nn.RMSNorm(4)(f(3)),
    () => new nn.RMSNorm(4)(int(4)),
  ),
  GroupNorm: errors(
    () => new nn.GroupNorm(2, 3),
    () => new nn.GroupNorm(2, 4)(f(1, 6, 2)),
    () => new nn.GroupNorm(2, 4)(int(1, 4, 2)),
  ),
  LocalResponseNorm: errors(
    () => new nn.LocalResponseNorm(0),
    () => new nn.LocalResponseNorm(2)(f(2, 3)),
  ),
};

const pooling: ThrownErrors = {
  MaxPool1d: errors(
    () => new nn.MaxPool1d(0),
    () => new nn.MaxPool1d(9)(image(1)),
  ),
  MaxPool2d: errors(
    () => new nn.MaxPool2d(2, { padding: 2 })(image(2)),
    () => new nn.MaxPool2d(9)(image(2)),
  ),
  MaxPool3d: errors(
    () => new nn.MaxPool3d(2, 0)(image(3)),
    () => new nn.MaxPool3d(2)(f(2)),
  ),
  AvgPool1d: errors(
    () => new nn.AvgPool1d(0),
    () => new nn.AvgPool1d(2)(f(2)),
  ),
  AvgPool2d: errors(
    () => new nn.AvgPool2d(2, { divisorOverride: 0 })(image(2)),
    () => new nn.AvgPool2d(9)(image(2)),
  ),
  AvgPool3d: errors(
    () => new nn.AvgPool3d([1, 1, 0]),
    () => new nn.AvgPool3d(9)(image(3)),
  ),
  LPPool1d: errors(
    () => new nn.LPPool1d(0, 2),
    () => new nn.LPPool1d(2, 9)(image(1)),
  ),
  LPPool2d: errors(
    () => new nn.LPPool2d(Number.NaN, 2),
    () => new nn.LPPool2d(2, 9)(image(2)),
  ),
  LPPool3d: errors(
    () => new nn.LPPool3d(2, 0),
    () => new nn.LPPool3d(2, 9)(image(3)),
  ),
  AdaptiveAvgPool1d: errors(
    () => new nn.AdaptiveAvgPool1d(-1),
    () => new nn.AdaptiveAvgPool1d(2)(f(2)),
  ),
  AdaptiveAvgPool2d: errors(
    () => new nn.AdaptiveAvgPool2d([1, 2, 3] as never)(image(2)),
    () => new nn.AdaptiveAvgPool2d(2)(f(1, 2, 0, 4)),
  ),
  AdaptiveAvgPool3d: errors(
    () => new nn.AdaptiveAvgPool3d(0.5),
    () => new nn.AdaptiveAvgPool3d(2)(f(2)),
  ),
  AdaptiveMaxPool1d: errors(
    () => new nn.AdaptiveMaxPool1d(-1),
    () => new nn.AdaptiveMaxPool1d(2)(f(2)),
  ),
  AdaptiveMaxPool2d: errors(
    () => new nn.AdaptiveMaxPool2d(-1),
    () => new nn.AdaptiveMaxPool2d(2)(f(1, 2, 0, 4)),
  ),
  AdaptiveMaxPool3d: errors(
    () => new nn.AdaptiveMaxPool3d(-1),
    () => new nn.AdaptiveMaxPool3d(2)(f(2)),
  ),
  FractionalMaxPool2d: errors(
    () => new nn.FractionalMaxPool2d(0, { outputSize: 2 }),
    () => new nn.FractionalMaxPool2d(1, { outputSize: 2, randomSamples: f(3) })(image(2)),
    () => new nn.FractionalMaxPool2d(1, { outputSize: 2 })(whole(2)),
  ),
  FractionalMaxPool3d: errors(
    () => new nn.FractionalMaxPool3d(2),
    () => new nn.FractionalMaxPool3d(1, { outputSize: 2 })(f(2)),
    () => new nn.FractionalMaxPool3d(1, { outputRatio: 0.5 })(whole(3)),
  ),
  MaxUnpool1d: errors(
    () => new nn.MaxUnpool1d(0),
    () => new nn.MaxUnpool1d(2)(f(1, 1, 2), int(1, 2)),
    () => new nn.MaxUnpool1d(2)(f(1, 1, 2), f(1, 1, 2)),
    () => new nn.MaxUnpool1d(2)(f(1, 1, 1), tensor([[[9]]], { dtype: "int64" })).toArray(),
  ),
  MaxUnpool2d: errors(
    () => new nn.MaxUnpool2d(0),
    () => new nn.MaxUnpool2d(2)(f(1, 1, 2, 2), int(1, 1, 2, 2), { outputSize: [1, 2, 3] }),
    () => new nn.MaxUnpool2d(2)(f(1, 1, 2, 2), f(1, 1, 2, 2)),
    () => new nn.MaxUnpool2d(1)(f(1, 1, 1, 1), int(1, 1, 1, 1)).toArray(),
  ),
  MaxUnpool3d: errors(
    () => new nn.MaxUnpool3d(2, 0)(f(1, 1, 1, 1, 1), int(1, 1, 1, 1, 1)),
    () => new nn.MaxUnpool3d(2)(f(1, 1, 1, 1, 1), int(1)),
    () => new nn.MaxUnpool3d(2)(f(1, 1, 1, 1, 1), f(1, 1, 1, 1, 1)),
    () => new nn.MaxUnpool3d(1)(f(1, 1, 1, 1, 1), int(1, 1, 1, 1, 1)).toArray(),
  ),
};

/** Of each of the paddings of 1 to 3 dims: a number of sizes that does not fit, and a padding that the input does not allow. */
function padded(
  kind: string,
  wrong: number,
  make: (rank: number, padding: nn.Padding) => (x: Tensor) => unknown,
): ThrownErrors {
  return Object.fromEntries(
    [1, 2, 3].map((rank) => [
      `${kind}Pad${rank}d`,
      errors(
        () => make(rank, [1]),
        () => make(rank, wrong)(f(2, 2, 2)),
      ),
    ]),
  );
}

const shapes: ThrownErrors = {
  ...padded(
    "Zero",
    -9,
    (rank, p) =>
      [
        new nn.ZeroPad1d(rank === 1 ? p : 0),
        new nn.ZeroPad2d(rank === 2 ? p : 0),
        new nn.ZeroPad3d(rank === 3 ? p : 0),
      ][rank - 1] as nn.ZeroPad1d,
  ),
  ...padded(
    "Reflection",
    2,
    (rank, p) =>
      [
        new nn.ReflectionPad1d(rank === 1 ? p : 0),
        new nn.ReflectionPad2d(rank === 2 ? p : 0),
        new nn.ReflectionPad3d(rank === 3 ? p : 0),
      ][rank - 1] as nn.ZeroPad1d,
  ),
  ...padded(
    "Replication",
    -1,
    (rank, p) =>
      [
        new nn.ReplicationPad1d(rank === 1 ? p : 0),
        new nn.ReplicationPad2d(rank === 2 ? p : 0),
        new nn.ReplicationPad3d(rank === 3 ? p : 0),
      ][rank - 1] as nn.ZeroPad1d,
  ),
  ...padded(
    "Circular",
    3,
    (rank, p) =>
      [
        new nn.CircularPad1d(rank === 1 ? p : 0),
        new nn.CircularPad2d(rank === 2 ? p : 0),
        new nn.CircularPad3d(rank === 3 ? p : 0),
      ][rank - 1] as nn.ZeroPad1d,
  ),
  ...padded(
    "Constant",
    -9,
    (rank, p) =>
      [
        new nn.ConstantPad1d(rank === 1 ? p : 0, 1),
        new nn.ConstantPad2d(rank === 2 ? p : 0, 1),
        new nn.ConstantPad3d(rank === 3 ? p : 0, 1),
      ][rank - 1] as nn.ZeroPad1d,
  ),
  Flatten: errors(
    () => new nn.Flatten({ startDim: 1, endDim: 0 })(f(2, 3)),
    undefined,
    undefined,
    () => new nn.Flatten()(f(3)),
  ),
  Unflatten: { IndexError: () => new nn.Unflatten(3, [1])(f(2)), ShapeError: () => new nn.Unflatten(0, [2, 2])(f(5)) },
  PixelShuffle: errors(
    () => new nn.PixelShuffle(0),
    () => new nn.PixelShuffle(2)(f(1, 5, 2, 2)),
  ),
  PixelUnshuffle: errors(
    () => new nn.PixelUnshuffle(0),
    () => new nn.PixelUnshuffle(2)(f(1, 5, 3, 2)),
  ),
  ChannelShuffle: errors(
    () => new nn.ChannelShuffle(0),
    () => new nn.ChannelShuffle(2)(f(1, 5, 2)),
  ),
  Upsample: errors(
    () => new nn.Upsample({ size: 2, scaleFactor: 2 } as never),
    () => new nn.Upsample({ size: 2 })(f(3)),
  ),
  UpsamplingNearest2d: errors(
    () => new nn.UpsamplingNearest2d({ size: 0 })(image(2)),
    () => new nn.UpsamplingNearest2d({ size: 2 })(f(3)),
  ),
  UpsamplingBilinear2d: errors(
    () => new nn.UpsamplingBilinear2d({ size: 2 })(image(1)),
    () => new nn.UpsamplingBilinear2d({ size: 2 })(f(3)),
  ),
  Unfold: errors(
    () => new nn.Unfold(0),
    () => new nn.Unfold(9)(image(2)),
  ),
  Fold: errors(() => new nn.Fold(4, 2)(f(1, 7, 9))),
};

const sequences: ThrownErrors = {
  RNN: errors(
    () => new nn.RNN(2, 3, { dropout: 2 }),
    () => new nn.RNN(2, 3)(f(0, 4, 2)),
    () => new nn.RNN(2, 3)(int(5, 4, 2)),
  ),
  LSTM: errors(
    () => new nn.LSTM(2, 3, { projSize: 3 }),
    () => new nn.LSTM(2, 3)(f(5, 4, 2), [f(1, 4, 3), f(1, 4, 4)]),
    () => new nn.LSTM(2, 3)(int(5, 4, 2)),
  ),
  GRU: errors(
    () => new nn.GRU(2, 3)(f(5, 2, 2), null, { lengths: [0, 1] }),
    () => new nn.GRU(2, 3)(f(5, 2, 2), null, { lengths: int(3) }),
    () => new nn.GRU(2, 3)(int(5, 4, 2)),
  ),
  RNNCell: errors(
    () => new nn.RNNCell(0, 3),
    () => new nn.RNNCell(2, 3)(f(5, 2), f(1, 3)),
    () => new nn.RNNCell(2, 3)(int(2)),
  ),
  LSTMCell: errors(
    () => new nn.LSTMCell(2, 3)(f(5, 2), [f(5, 3)] as never),
    () => new nn.LSTMCell(2, 3)(f(5, 2), [f(5, 3), f(5, 4)]),
    () => new nn.LSTMCell(2, 3)(int(2)),
  ),
  GRUCell: errors(
    () => new nn.GRUCell(2, 0),
    () => new nn.GRUCell(2, 3)(f(5, 3)),
    () => new nn.GRUCell(2, 3)(int(2)),
  ),
  KVCache: errors(() => new nn.KVCache([1, 2] as never)),
  "KVCache.append": errors(
    () => new nn.KVCache([1, 2, 3, 4]).append(f(1, 2, 5, 4), f(1, 2, 5, 4)),
    () => new nn.KVCache([1, 2, 3, 4]).append(f(1, 2, 1, 4), f(1, 2, 1, 5)),
  ),
  MultiheadAttention: errors(
    () => new nn.MultiheadAttention(10, 3),
    () => new nn.MultiheadAttention(4, 2)(f(3, 2, 4), f(3, 1, 4), f(3, 1, 4)),
    () => new nn.MultiheadAttention(4, 2)(int(3, 4), int(3, 4), int(3, 4)),
  ),
  TransformerEncoderLayer: errors(
    () => new nn.TransformerEncoderLayer(4, 2, { dropout: 2 }),
    () => new nn.TransformerEncoderLayer(4, 2)(f(3, 1, 5)),
    () => new nn.TransformerEncoderLayer(4, 2)(int(3, 1, 4)),
  ),
  TransformerDecoderLayer: errors(
    () => new nn.TransformerDecoderLayer(4, 2, { activation: "x" as never }),
    () => new nn.TransformerDecoderLayer(4, 2)(f(3, 1, 4), f(3, 1, 5)),
    () => new nn.TransformerDecoderLayer(4, 2)(int(3, 1, 4), int(3, 1, 4)),
  ),
  TransformerEncoder: errors(
    () => new nn.TransformerEncoder(new nn.TransformerEncoderLayer(4, 2), 0),
    () => new nn.TransformerEncoder(new nn.TransformerEncoderLayer(4, 2), 1)(f(3, 1, 5)),
  ),
  TransformerDecoder: errors(
    () => new nn.TransformerDecoder(new nn.TransformerDecoderLayer(4, 2), 0),
    () => new nn.TransformerDecoder(new nn.TransformerDecoderLayer(4, 2), 1)(f(3, 1, 5), f(3, 1, 4)),
  ),
  Transformer: errors(
    () => new nn.Transformer({ dModel: 4, nhead: 3 }),
    () => transformer()(f(3, 1, 4), f(3, 2, 4)),
    () => transformer()(int(3, 1, 4), int(3, 1, 4)),
  ),
  "Transformer.generateSquareSubsequentMask": errors(() => nn.Transformer.generateSquareSubsequentMask(-1)),
  Embedding: errors(
    () => new nn.Embedding(5, 3, { paddingIdx: 5 }),
    undefined,
    () => new nn.Embedding(5, 3)(f(2)),
    () => new nn.Embedding(5, 3)(long([7])),
  ),
  "Embedding.fromPretrained": errors(
    () => nn.Embedding.fromPretrained(f(0, 2)),
    () => nn.Embedding.fromPretrained(f(3)),
  ),
  EmbeddingBag: errors(
    () => new nn.EmbeddingBag(5, 3)(int(3)),
    () => new nn.EmbeddingBag(5, 3, { mode: "sum" })(int(3, 2), null, f(3, 3)),
    () => new nn.EmbeddingBag(5, 3)(f(3, 2)),
    () => new nn.EmbeddingBag(5, 3)(long([[7]])).toArray(),
  ),
};

const transformer = () => new nn.Transformer({ dModel: 4, nhead: 2, numEncoderLayers: 1, numDecoderLayers: 1 });

const notBroadcast = (loss: (x: Tensor, y: Tensor) => Tensor) => ({ ShapeError: () => loss(f(3), f(4)) });
const floatsOnly = (loss: (x: Tensor, y: Tensor) => Tensor) => ({
  ...notBroadcast(loss),
  DTypeError: () => loss(int(3), int(3)),
});

const losses: ThrownErrors = {
  CrossEntropyLoss: errors(
    () => new nn.CrossEntropyLoss({ ignoreIndex: 0.5 })(f(3, 4), int(3)),
    () => new nn.CrossEntropyLoss({ weight: f(3) })(f(3, 4), int(3)),
    () => new nn.CrossEntropyLoss()(int(3, 4), int(3)),
    () => new nn.CrossEntropyLoss()(f(3, 4), long([0, 4, 1])),
  ),
  NLLLoss: errors(
    () => new nn.NLLLoss({ ignoreIndex: 0.5 })(f(3, 4), int(3)),
    () => new nn.NLLLoss()(f(3, 4), int(4)),
    () => new nn.NLLLoss()(f(3, 4), f(3)),
    () => new nn.NLLLoss()(f(3, 4), long([0, 4, 1])),
  ),
  MSELoss: floatsOnly(new nn.MSELoss()),
  L1Loss: floatsOnly(new nn.L1Loss()),
  SmoothL1Loss: {
    ...errors(() => new nn.SmoothL1Loss({ beta: -1 })(f(3), f(3))),
    ...floatsOnly(new nn.SmoothL1Loss()),
  },
  HuberLoss: { ...errors(() => new nn.HuberLoss({ delta: 0 })(f(3), f(3))), ...floatsOnly(new nn.HuberLoss()) },
  KLDivLoss: { ...errors(() => new nn.KLDivLoss({ reduction: "x" as never })), ...floatsOnly(new nn.KLDivLoss()) },
  BCELoss: {
    ...floatsOnly(new nn.BCELoss()),
    NumericError: () => new nn.BCELoss()(tensor([2]), tensor([1])),
  },
  BCEWithLogitsLoss: floatsOnly(new nn.BCEWithLogitsLoss()),
  CTCLoss: errors(
    () => new nn.CTCLoss({ blank: 4 })(f(5, 2, 4), int(2, 3), [5, 5], [3, 3]),
    () => new nn.CTCLoss()(f(5), int(2, 3), [5, 5], [3, 3]),
    () => new nn.CTCLoss()(f(5, 2, 4), f(2, 3), [5, 5], [3, 3]),
    () => new nn.CTCLoss()(f(5, 1, 4), long([[9]]), [5], [1]).item(),
  ),
  MarginRankingLoss: { ShapeError: () => new nn.MarginRankingLoss()(f(3), f(4), f(3)) },
  HingeEmbeddingLoss: floatsOnly(new nn.HingeEmbeddingLoss()),
  SoftMarginLoss: notBroadcast(new nn.SoftMarginLoss()),
  MultiLabelMarginLoss: {
    ShapeError: () => new nn.MultiLabelMarginLoss()(f(3, 4), int(3)),
    IndexError: () => new nn.MultiLabelMarginLoss()(f(1, 3), long([[5, -1, 0]])),
  },
  MultiLabelSoftMarginLoss: {
    ShapeError: () => new nn.MultiLabelSoftMarginLoss()(f(3, 4), f(3)),
    DTypeError: () => new nn.MultiLabelSoftMarginLoss()(int(3, 4), f(3, 4)),
  },
  MultiMarginLoss: errors(
    () => new nn.MultiMarginLoss({ p: 3 as never })(f(3, 4), int(3)),
    () => new nn.MultiMarginLoss({ weight: f(3) })(f(3, 4), int(3)),
    undefined,
    () => new nn.MultiMarginLoss()(f(1, 4), long([4])),
  ),
  CosineEmbeddingLoss: { ShapeError: () => new nn.CosineEmbeddingLoss()(f(3, 4), f(3, 4), f(4)) },
  TripletMarginLoss: errors(
    () => new nn.TripletMarginLoss({ margin: 0 }),
    () => new nn.TripletMarginLoss()(f(3, 4), f(3, 4), f(3, 5)),
  ),
  TripletMarginWithDistanceLoss: errors(() =>
    new nn.TripletMarginWithDistanceLoss({ margin: 0 })(f(3, 4), f(3, 4), f(3, 4)),
  ),
  PoissonNLLLoss: notBroadcast(new nn.PoissonNLLLoss()),
  GaussianNLLLoss: {
    ShapeError: () => new nn.GaussianNLLLoss()(f(3, 2), f(3, 2), f(5)),
    NumericError: () => new nn.GaussianNLLLoss()(f(1), f(1), tensor([-1])).item(),
  },
  CosineSimilarity: {
    ShapeError: () => new nn.CosineSimilarity()(f(5, 2), f(4, 3)),
    IndexError: () => new nn.CosineSimilarity()(f(5), f(5)),
  },
  PairwiseDistance: notBroadcast(new nn.PairwiseDistance()),
  Bilinear: errors(
    () => new nn.Bilinear(2, 0, 3),
    () => new nn.Bilinear(2, 3, 4)(f(5, 2), f(4, 3)),
  ),
  AdaptiveLogSoftmaxWithLoss: errors(
    () => new nn.AdaptiveLogSoftmaxWithLoss(8, 10, [5, 2]),
    () => new nn.AdaptiveLogSoftmaxWithLoss(8, 10, [2])(f(3, 7), int(3)),
    () => new nn.AdaptiveLogSoftmaxWithLoss(8, 10, [2])(f(3, 8), f(3)),
    () => new nn.AdaptiveLogSoftmaxWithLoss(8, 10, [2])(f(1, 8), long([10])).loss.item(),
  ),
  "AdaptiveLogSoftmaxWithLoss.logProb": {
    ShapeError: () => new nn.AdaptiveLogSoftmaxWithLoss(8, 10, [2]).logProb(f(3, 7)),
  },
  "AdaptiveLogSoftmaxWithLoss.predict": {
    ShapeError: () => new nn.AdaptiveLogSoftmaxWithLoss(8, 10, [2]).predict(f(3, 7)),
  },
};

const fan = (fill: (x: Tensor) => Tensor) =>
  errors(
    () => fill(int(3, 3)),
    () => fill(f(3)),
  );

const initialisers: ThrownErrors = {
  "init.calculateGain": errors(() => init.calculateGain("x" as never)),
  "init.uniform_": errors(() => init.uniform_(f(3), { a: 2, b: 1 })),
  "init.normal_": errors(() => init.normal_(f(3), { std: -1 })),
  "init.eye_": { ShapeError: () => init.eye_(f(3)) },
  "init.dirac_": errors(
    () => init.dirac_(f(3, 3, 3), { groups: 2 }),
    () => init.dirac_(f(3, 3)),
  ),
  "init.sparse_": errors(
    () => init.sparse_(f(3, 3), 2),
    () => init.sparse_(f(3), 0.1),
  ),
  "init.xavierUniform_": fan(init.xavierUniform_),
  "init.xavierNormal_": fan(init.xavierNormal_),
  "init.kaimingUniform_": fan(init.kaimingUniform_),
  "init.kaimingNormal_": fan(init.kaimingNormal_),
  "init.truncNormal_": errors(() => init.truncNormal_(f(3), { a: 2, b: 1 })),
  "init.orthogonal_": { ShapeError: () => init.orthogonal_(f(3)) },
};

const [linear, relu] = [() => new nn.Linear(2, 3), () => new nn.ReLU()];
/** Gives its input joined with itself. */
class Doubled extends nn.Module {
  forward(x: Tensor): Tensor {
    return x.repeat(2, 1);
  }
}
class Wide extends nn.Module {
  forward(x: Tensor): Tensor {
    return x.to("float64");
  }
}

const infinite = () => {
  const x = new nn.Parameter(ones([2]));
  x.mul(Number.POSITIVE_INFINITY).sum().backward();
  return [x];
};

const helpers: ThrownErrors = {
  "utils.getTotalNorm": errors(
    () => utils.getTotalNorm(linear() as never),
    undefined,
    () => utils.getTotalNorm([int(2)]),
  ),
  "utils.clipGradNorm_": {
    ...errors(() => utils.clipGradNorm_(linear() as never, 1)),
    NumericError: () => utils.clipGradNorm_(infinite(), 1, { errorIfNonfinite: true }),
  },
  "utils.clipGradsWithNorm_": errors(() => utils.clipGradsWithNorm_(linear() as never, 1, f())),
  "utils.clipGradValue_": errors(() => utils.clipGradValue_([], -1)),
  "utils.parametersToVector": errors(() => utils.parametersToVector([])),
  "utils.vectorToParameters": errors(() => utils.vectorToParameters(f(3), [f(2)])),
  "utils.padSequence": errors(
    () => utils.padSequence([]),
    () => utils.padSequence([f(2), f()]),
  ),
  "utils.unpadSequence": errors(
    () => utils.unpadSequence(f(3, 2), [1]),
    () => utils.unpadSequence(f(3), [1]),
    undefined,
    () => utils.unpadSequence(f(3, 2), [4, 1]),
  ),
  "utils.fuseConvBnWeights": {
    ShapeError: () => utils.fuseConvBnWeights(f(3, 2, 1), null, { ...numbers(4), weight: null, bias: null }),
  },
  "utils.fuseLinearBnWeights": {
    ShapeError: () => utils.fuseLinearBnWeights(f(3, 2), null, { ...numbers(4), weight: null, bias: null }),
  },
  "utils.fuseConvBnEval": errors(
    () => utils.fuseConvBnEval(new nn.Conv2d(2, 3, 1), new nn.BatchNorm2d(3)),
    () => utils.fuseConvBnEval(new nn.Conv2d(2, 3, 1).eval(), new nn.BatchNorm2d(4).eval()),
  ),
  "utils.fuseLinearBnEval": errors(
    () => utils.fuseLinearBnEval(linear().eval(), new nn.BatchNorm1d(3, { trackRunningStats: false }).eval()),
    () => utils.fuseLinearBnEval(linear().eval(), new nn.BatchNorm1d(4).eval()),
  ),
  "utils.weightNorm": errors(
    () => utils.weightNorm(linear(), { name: "x" }),
    undefined,
    undefined,
    () => utils.weightNorm(linear(), { dim: 2 }),
  ),
  "utils.spectralNorm": errors(
    () => utils.spectralNorm(linear(), { nPowerIterations: 0 }),
    undefined,
    undefined,
    () => utils.spectralNorm(linear(), { dim: 4 }),
  ),
  "utils.orthogonal": errors(
    () => utils.orthogonal(linear(), { orthogonalMap: "x" as never }),
    () => utils.orthogonal(linear(), { name: "bias" }),
  ),
  "utils.registerParametrization": errors(
    () => utils.registerParametrization(linear(), "x", relu()),
    () => utils.registerParametrization(linear(), "weight", new Doubled()),
    () => utils.registerParametrization(linear(), "weight", new Wide()),
  ),
  "utils.isParametrized": errors(() => utils.isParametrized(null as never)),
  "utils.removeParametrizations": errors(() => utils.removeParametrizations(linear(), "weight")),
};

const numbers = (channels: number) => ({ runningMean: f(channels), runningVar: ones([channels]), eps: 1e-5 });

const named = () => new nn.Sequential({ a: relu() });
const some = () => new nn.Sequential(relu());

const modules: ThrownErrors = {
  Sequential: errors(() => new nn.Sequential(3 as never)),
  "Sequential.at": errors(() => some().at(1)),
  "Sequential.set": errors(() => some().set(1, relu())),
  "Sequential.addModule": errors(() => named().addModule("7", relu())),
  "Sequential.append": errors(() => named().append(relu())),
  "Sequential.extend": errors(() => some().extend([3 as never])),
  "Sequential.insert": errors(() => some().insert(2, relu())),
  "Sequential.pop": errors(() => new nn.Sequential().pop()),
  ModuleList: errors(() => new nn.ModuleList([3 as never])),
  ModuleDict: errors(() => new nn.ModuleDict({ a: 3 as never })),
  ParameterList: errors(() => new nn.ParameterList([3 as never])),
  ParameterDict: errors(() => new nn.ParameterDict({ a: 3 as never })),
  Parameter: { DTypeError: () => new nn.Parameter(int(3)) },
  "Module.getSubmodule": errors(() => some().getSubmodule("1")),
  "Module.getParameter": errors(() => some().getParameter("x")),
  "Module.getBuffer": errors(() => some().getBuffer("x")),
  "Module.setSubmodule": errors(() => linear().setSubmodule("weight", relu())),
  "Module.registerBuffer": errors(() => linear().registerBuffer("a.b", f(2))),
  "Module.registerParameter": errors(() => linear().registerParameter("forward", new nn.Parameter(f(2)))),
  "Module.addModule": errors(() => linear().addModule("weight", relu())),
  "Module.registerModule": errors(() => linear().registerModule("weight", relu())),
  "Module.to": { ...errors(() => linear().to("int32")), DeviceError: () => linear().to("gpu") },
  "Module.stateDict": errors(() => new HalfExtra().stateDict()),
  "Module.loadStateDict": {
    ...errors(
      () => linear().loadStateDict({}),
      () => linear().loadStateDict({ weight: f(2, 3), bias: f(3) }),
      () => linear().loadStateDict({ weight: int(3, 2), bias: f(3) }, { assign: true }),
    ),
    NumericError: () =>
      linear().loadStateDict({ weight: tensor(new Float64Array(6).fill(1e300)).view(3, 2), bias: f(3) }),
  },
  functionalCall: errors(() => nn.functionalCall(linear(), {}, f(2), { strict: true })),
  stackModuleState: errors(() => nn.stackModuleState([])),
};

class HalfExtra extends nn.Module {
  getExtraState(): Tensor {
    return f(1);
  }
  forward(): void {}
}

export const nnErrors: ThrownErrors = {
  ...activations,
  ...convolutions,
  ...norms,
  ...pooling,
  ...shapes,
  ...sequences,
  ...losses,
  ...initialisers,
  ...helpers,
  ...modules,
};
