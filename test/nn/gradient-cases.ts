// Modules with inputs, for gradcheck: what is differentiated beside all parameters, and what is not.
import type { Tensor } from "gradus";
import * as nn from "gradus/nn";
import { between, fixed, index, like } from "../functions/gradient-cases/inputs.js";

/** A module, its differentiated inputs, and how it is called with them (default: with them alone). */
export interface ModuleCase {
  readonly make: () => nn.Module;
  readonly inputs: readonly (() => Tensor)[];
  readonly args?: (...inputs: Tensor[]) => readonly unknown[];
}

const of = (make: () => nn.Module, ...inputs: (() => Tensor)[]): ModuleCase => ({ make, inputs });
const withArgs = (
  make: () => nn.Module,
  args: (...inputs: Tensor[]) => readonly unknown[],
  ...inputs: (() => Tensor)[]
): ModuleCase => ({ make, inputs, args });

/** Away from the kinks at 0, ±1, 3 …: neighbours differ by more than any step of a difference. */
const points = () => fixed(-3.7, -1.3, -0.45, 0.3, 0.7, 1.8);
const positive = (...shape: number[]) => between(0.2, 0.9, ...shape);
const spaced = (...shape: number[]) => {
  const count = shape.reduce((n, size) => n * size, 1);
  return () => fixed(...Array.from({ length: count }, (_, i) => ((i * 7) % count) * 0.3 - 0.8)).reshape(shape);
};
/** Draws are the same at each call: the test seeds before it. */
const dropping = { p: 0.4 };
const small = { dimFeedforward: 1, dropout: 0, batchFirst: true };

const activations = {
  CELU: () => new nn.CELU(),
  ELU: () => new nn.ELU(),
  GELU: () => new nn.GELU(),
  Hardshrink: () => new nn.Hardshrink(),
  Hardsigmoid: () => new nn.Hardsigmoid(),
  Hardswish: () => new nn.Hardswish(),
  Hardtanh: () => new nn.Hardtanh(),
  Identity: () => new nn.Identity(),
  LeakyReLU: () => new nn.LeakyReLU(),
  LogSigmoid: () => new nn.LogSigmoid(),
  Mish: () => new nn.Mish(),
  PReLU: () => new nn.PReLU(),
  RReLU: () => new nn.RReLU(),
  ReLU: () => new nn.ReLU(),
  ReLU6: () => new nn.ReLU6(),
  SELU: () => new nn.SELU(),
  SiLU: () => new nn.SiLU(),
  Sigmoid: () => new nn.Sigmoid(),
  Softplus: () => new nn.Softplus(),
  Softshrink: () => new nn.Softshrink(),
  Softsign: () => new nn.Softsign(),
  Tanh: () => new nn.Tanh(),
  Tanhshrink: () => new nn.Tanhshrink(),
  Threshold: () => new nn.Threshold(0.1, 20),
};

const padded = [like(1, 1, 3), like(1, 1, 2, 3), like(1, 1, 2, 2, 2)] as const;
const pads = {
  CircularPad1d: of(() => new nn.CircularPad1d(1), padded[0]),
  CircularPad2d: of(() => new nn.CircularPad2d(1), padded[1]),
  CircularPad3d: of(() => new nn.CircularPad3d(1), padded[2]),
  ConstantPad1d: of(() => new nn.ConstantPad1d(1, 0.5), padded[0]),
  ConstantPad2d: of(() => new nn.ConstantPad2d(1, 0.5), padded[1]),
  ConstantPad3d: of(() => new nn.ConstantPad3d(1, 0.5), padded[2]),
  ReflectionPad1d: of(() => new nn.ReflectionPad1d(1), padded[0]),
  ReflectionPad2d: of(() => new nn.ReflectionPad2d(1), padded[1]),
  ReflectionPad3d: of(() => new nn.ReflectionPad3d([1, 0, 0, 1, 1, 0]), padded[2]),
  ReplicationPad1d: of(() => new nn.ReplicationPad1d(1), padded[0]),
  ReplicationPad2d: of(() => new nn.ReplicationPad2d(1), padded[1]),
  ReplicationPad3d: of(() => new nn.ReplicationPad3d([1, 0, 0, 1, 1, 0]), padded[2]),
  ZeroPad1d: of(() => new nn.ZeroPad1d(1), padded[0]),
  ZeroPad2d: of(() => new nn.ZeroPad2d(1), padded[1]),
  ZeroPad3d: of(() => new nn.ZeroPad3d([1, 0, 0, 1, 1, 0]), padded[2]),
};

/** Losses of an input and a target that is differentiated too. */
const pairLosses = {
  HuberLoss: () => new nn.HuberLoss({ delta: 0.5 }),
  L1Loss: () => new nn.L1Loss(),
  MSELoss: () => new nn.MSELoss(),
  SmoothL1Loss: () => new nn.SmoothL1Loss(),
  BCEWithLogitsLoss: () => new nn.BCEWithLogitsLoss(),
};

const to = (target: Tensor) => (x: Tensor) => [x, target];
const signs = () => fixed(1, -1, 1);

export const moduleCases: Readonly<Record<string, ModuleCase>> = {
  ...Object.fromEntries(Object.entries(activations).map(([name, make]) => [name, of(make, points)])),
  ...pads,
  ...Object.fromEntries(Object.entries(pairLosses).map(([name, make]) => [name, of(make, like(2, 2), like(2, 2))])),
  AdaptiveAvgPool1d: of(() => new nn.AdaptiveAvgPool1d(2), like(1, 1, 3)),
  AdaptiveAvgPool2d: of(() => new nn.AdaptiveAvgPool2d(2), like(1, 1, 3, 2)),
  AdaptiveAvgPool3d: of(() => new nn.AdaptiveAvgPool3d([2, 1, 1]), like(1, 1, 3, 2, 1)),
  AdaptiveLogSoftmaxWithLoss: withArgs(
    () => new nn.AdaptiveLogSoftmaxWithLoss(4, 3, [1, 2], { divValue: 2 }),
    to(index(0, 2)),
    like(2, 4),
  ),
  AdaptiveMaxPool1d: of(() => new nn.AdaptiveMaxPool1d(2), spaced(1, 1, 5)),
  AdaptiveMaxPool2d: of(() => new nn.AdaptiveMaxPool2d(2), spaced(1, 1, 3, 3)),
  AdaptiveMaxPool3d: of(() => new nn.AdaptiveMaxPool3d([2, 1, 1]), spaced(1, 1, 3, 2, 1)),
  AlphaDropout: of(() => new nn.AlphaDropout(dropping.p), like(4)),
  AvgPool1d: of(() => new nn.AvgPool1d(2, { padding: 1 }), like(1, 1, 3)),
  AvgPool2d: of(() => new nn.AvgPool2d(2, 1), like(1, 1, 2, 3)),
  AvgPool3d: of(() => new nn.AvgPool3d([1, 2, 2]), like(1, 1, 2, 2, 2)),
  BCELoss: of(() => new nn.BCELoss(), positive(3), positive(3)),
  BatchNorm1d: of(() => new nn.BatchNorm1d(2), like(3, 2)),
  BatchNorm2d: of(() => new nn.BatchNorm2d(2), like(2, 2, 1, 2)),
  BatchNorm3d: of(() => new nn.BatchNorm3d(1), like(2, 1, 1, 2, 1)),
  Bilinear: of(() => new nn.Bilinear(2, 1, 2), like(2, 2), like(2, 1)),
  CTCLoss: withArgs(
    () => new nn.CTCLoss(),
    (x) => [x.logSoftmax(2), index(1).reshape([1, 1]), index(2), index(1)],
    like(2, 1, 2),
  ),
  ChannelShuffle: of(() => new nn.ChannelShuffle(2), like(1, 4, 1)),
  Conv1d: of(() => new nn.Conv1d(2, 2, 2, { stride: 2, padding: 1 }), like(1, 2, 3)),
  Conv2d: of(() => new nn.Conv2d(2, 2, [2, 1], { groups: 2, paddingMode: "circular", padding: 1 }), like(1, 2, 2, 2)),
  Conv3d: of(() => new nn.Conv3d(1, 2, [2, 1, 2]), like(1, 1, 2, 1, 2)),
  ConvTranspose1d: of(() => new nn.ConvTranspose1d(2, 1, 2, { stride: 2 }), like(1, 2, 2)),
  ConvTranspose2d: of(() => new nn.ConvTranspose2d(1, 2, 2, { padding: 1 }), like(1, 1, 2, 2)),
  ConvTranspose3d: of(() => new nn.ConvTranspose3d(1, 1, [1, 2, 2]), like(1, 1, 2, 1, 2)),
  CosineEmbeddingLoss: withArgs(
    () => new nn.CosineEmbeddingLoss({ margin: -0.9 }),
    (a, b) => [a, b, signs()],
    like(3, 2),
    like(3, 2),
  ),
  CosineSimilarity: of(() => new nn.CosineSimilarity(), like(2, 3), like(2, 3)),
  CrossEntropyLoss: withArgs(
    () => new nn.CrossEntropyLoss({ weight: fixed(0.5, 1, 2), labelSmoothing: 0.1 }),
    to(index(0, 2)),
    like(2, 3),
  ),
  Dropout: of(() => new nn.Dropout(dropping.p), like(4)),
  Dropout1d: of(() => new nn.Dropout1d(dropping.p), like(2, 2, 2)),
  Dropout2d: of(() => new nn.Dropout2d(dropping.p), like(2, 2, 1, 2)),
  Dropout3d: of(() => new nn.Dropout3d(dropping.p), like(2, 2, 1, 1, 2)),
  Embedding: withArgs(
    () => new nn.Embedding(3, 2, { paddingIdx: 0 }),
    () => [index(1, 2, 2)],
  ),
  EmbeddingBag: withArgs(
    () => new nn.EmbeddingBag(3, 2, { mode: "sum" }),
    (weights) => [index(1, 2, 2), index(0, 1), weights],
    like(3),
  ),
  FeatureAlphaDropout: of(() => new nn.FeatureAlphaDropout(dropping.p), like(2, 2, 2)),
  Flatten: of(() => new nn.Flatten(), like(2, 1, 2)),
  Fold: of(() => new nn.Fold([3, 2], 2), like(1, 4, 2)),
  FractionalMaxPool2d: of(() => new nn.FractionalMaxPool2d(2, { outputSize: 2 }), spaced(1, 1, 3, 3)),
  FractionalMaxPool3d: of(
    () => new nn.FractionalMaxPool3d([1, 2, 1], { outputSize: [1, 2, 2] }),
    spaced(1, 1, 1, 3, 2),
  ),
  GLU: of(() => new nn.GLU(), like(2, 4)),
  GRU: of(() => new nn.GRU(1, 1, { bidirectional: true }), like(2, 1, 1), like(2, 1, 1)),
  GRUCell: of(() => new nn.GRUCell(2, 2), like(1, 2), like(1, 2)),
  GaussianNLLLoss: of(() => new nn.GaussianNLLLoss(), like(3), like(3), positive(3)),
  GroupNorm: of(() => new nn.GroupNorm(2, 4), like(1, 4, 2)),
  HingeEmbeddingLoss: withArgs(() => new nn.HingeEmbeddingLoss(), to(signs()), like(3)),
  InstanceNorm1d: of(() => new nn.InstanceNorm1d(2, { affine: true }), like(1, 2, 3)),
  InstanceNorm2d: of(() => new nn.InstanceNorm2d(1, { affine: true }), like(1, 1, 2, 2)),
  InstanceNorm3d: of(() => new nn.InstanceNorm3d(1), like(1, 1, 2, 1, 2)),
  KLDivLoss: of(() => new nn.KLDivLoss({ reduction: "batchmean" }), like(2, 2), positive(2, 2)),
  LPPool1d: of(() => new nn.LPPool1d(3, 2), positive(1, 1, 4)),
  LPPool2d: of(() => new nn.LPPool2d(2, 2), positive(1, 1, 2, 4)),
  LPPool3d: of(() => new nn.LPPool3d(2, [1, 2, 2]), positive(1, 1, 1, 2, 2)),
  LSTM: of(() => new nn.LSTM(1, 1, { numLayers: 2 }), like(2, 1, 1)),
  LSTMCell: withArgs(
    () => new nn.LSTMCell(2, 2),
    (x, h, c) => [x, [h, c]],
    like(1, 2),
    like(1, 2),
    like(1, 2),
  ),
  LayerNorm: of(() => new nn.LayerNorm(3), like(2, 3)),
  Linear: of(() => new nn.Linear(3, 2), like(2, 3)),
  LocalResponseNorm: of(() => new nn.LocalResponseNorm(2), like(1, 3, 2)),
  LogSoftmax: of(() => new nn.LogSoftmax(1), like(2, 3)),
  MarginRankingLoss: withArgs(
    () => new nn.MarginRankingLoss(),
    (a, b) => [a, b, signs()],
    like(3),
    like(3),
  ),
  MaxPool1d: of(() => new nn.MaxPool1d(2, { padding: 1 }), spaced(1, 1, 5)),
  MaxPool2d: of(() => new nn.MaxPool2d(2, 1, { returnIndices: true }), spaced(1, 1, 3, 3)),
  MaxPool3d: of(() => new nn.MaxPool3d([1, 2, 2]), spaced(1, 1, 2, 2, 2)),
  MaxUnpool1d: withArgs(
    () => new nn.MaxUnpool1d(2),
    (x) => [x, index(1, 2).reshape([1, 1, 2])],
    like(1, 1, 2),
  ),
  MaxUnpool2d: withArgs(
    () => new nn.MaxUnpool2d(2),
    (x) => [x, index(1, 6).reshape([1, 1, 1, 2])],
    like(1, 1, 1, 2),
  ),
  MaxUnpool3d: withArgs(
    () => new nn.MaxUnpool3d(2),
    (x) => [x, index(5).reshape([1, 1, 1, 1, 1])],
    like(1, 1, 1, 1, 1),
  ),
  MultiLabelMarginLoss: withArgs(
    () => new nn.MultiLabelMarginLoss(),
    to(index(2, 0, -1, -1).reshape([1, 4])),
    like(1, 4),
  ),
  MultiLabelSoftMarginLoss: withArgs(
    () => new nn.MultiLabelSoftMarginLoss(),
    to(fixed(0, 1, 1).reshape([1, 3])),
    like(1, 3),
  ),
  MultiMarginLoss: withArgs(() => new nn.MultiMarginLoss(), to(index(0, 2)), like(2, 3)),
  MultiheadAttention: of(
    () => new nn.MultiheadAttention(2, 2, { batchFirst: true }),
    like(1, 2, 2),
    like(1, 3, 2),
    like(1, 3, 2),
  ),
  NLLLoss: withArgs(() => new nn.NLLLoss(), to(index(0, 2)), like(2, 3)),
  PairwiseDistance: of(() => new nn.PairwiseDistance({ p: 3 }), like(2, 3), like(2, 3)),
  PixelShuffle: of(() => new nn.PixelShuffle(2), like(1, 4, 1, 1)),
  PixelUnshuffle: of(() => new nn.PixelUnshuffle(2), like(1, 1, 2, 2)),
  PoissonNLLLoss: of(() => new nn.PoissonNLLLoss(), like(3), positive(3)),
  RMSNorm: of(() => new nn.RMSNorm(3), like(2, 3)),
  RNN: of(() => new nn.RNN(2, 2), like(2, 1, 2)),
  RNNCell: of(() => new nn.RNNCell(2, 2), like(1, 2), like(1, 2)),
  Sequential: of(() => new nn.Sequential(new nn.Linear(2, 2), new nn.Tanh(), new nn.Linear(2, 1)), like(2, 2)),
  SoftMarginLoss: withArgs(() => new nn.SoftMarginLoss(), to(signs()), like(3)),
  Softmax: of(() => new nn.Softmax(1), like(2, 3)),
  Softmax2d: of(() => new nn.Softmax2d(), like(1, 3, 1, 2)),
  Softmin: of(() => new nn.Softmin(1), like(2, 3)),
  Transformer: of(
    () => new nn.Transformer({ dModel: 2, nhead: 1, numEncoderLayers: 1, numDecoderLayers: 1, ...small }),
    like(1, 2, 2),
    like(1, 2, 2),
  ),
  TransformerDecoder: of(
    () => new nn.TransformerDecoder(new nn.TransformerDecoderLayer(2, 1, small), 1),
    like(1, 2, 2),
    like(1, 2, 2),
  ),
  TransformerDecoderLayer: of(
    () => new nn.TransformerDecoderLayer(2, 1, { ...small, normFirst: true }),
    like(1, 2, 2),
    like(1, 2, 2),
  ),
  TransformerEncoder: of(
    () => new nn.TransformerEncoder(new nn.TransformerEncoderLayer(2, 1, small), 1),
    like(1, 2, 2),
  ),
  TransformerEncoderLayer: of(
    () => new nn.TransformerEncoderLayer(2, 1, { ...small, activation: "gelu" }),
    like(1, 2, 2),
  ),
  TripletMarginLoss: of(() => new nn.TripletMarginLoss(), like(2, 3), like(2, 3), like(2, 3)),
  TripletMarginWithDistanceLoss: of(
    () =>
      new nn.TripletMarginWithDistanceLoss({ distanceFunction: (a: Tensor, b: Tensor) => a.sub(b).square().sum(1) }),
    like(2, 3),
    like(2, 3),
    like(2, 3),
  ),
  Unflatten: of(() => new nn.Unflatten(1, [2, 2]), like(1, 4)),
  Unfold: of(() => new nn.Unfold(2), like(1, 1, 3, 2)),
  Upsample: of(() => new nn.Upsample({ scaleFactor: 2, mode: "bicubic" }), like(1, 1, 2, 2)),
  UpsamplingBilinear2d: of(() => new nn.UpsamplingBilinear2d({ scaleFactor: 2 }), like(1, 1, 2, 2)),
  UpsamplingNearest2d: of(() => new nn.UpsamplingNearest2d({ scaleFactor: 2 }), like(1, 1, 2, 2)),
};

/** Modules without a case, and why. */
export const withoutCase: Readonly<Record<string, string>> = {
  ModuleDict: "holds modules, is not called",
  ModuleList: "holds modules, is not called",
  ParameterDict: "holds parameters, is not called",
  ParameterList: "holds parameters, is not called",
};
