// Wrong arguments, as users get them wrong: the error comes at the call, is of the family, and says what to do.
import * as gradus from "gradus";
import { GradusError, tensor, zeros } from "gradus";
import * as data from "gradus/data";
import { encodeSafetensors } from "gradus/formats";
import * as func from "gradus/func";
import * as linalg from "gradus/linalg";
import * as nn from "gradus/nn";
import * as F from "gradus/nn/functional";
import * as optim from "gradus/optim";
import * as vision from "gradus/vision";
import { describe, expect, it } from "vitest";

/** What JavaScript lets through where TypeScript would not. */
const wrong = (value: unknown) => value as never;
const ints = (...values: number[]) => tensor(Int32Array.from(values));
const optimizer = () => new optim.SGD([new nn.Parameter(zeros([2]))], { lr: 0.1 });

const cases: readonly (readonly [use: string, call: () => unknown, code: string, message: string])[] = [
  [
    "a text as dim",
    () => zeros([2, 3]).sum(wrong("x")),
    "ARGUMENT",
    'sum: dims must be an integer or an array of them, got "x"',
  ],
  [
    "null as data of a tensor",
    () => tensor(wrong(null)),
    "ARGUMENT",
    "tensor: cannot make a tensor of [object Null]; pass numbers, booleans, bigints, nested arrays or a typed array",
  ],
  [
    "no value to fill with",
    () => gradus.full([2], wrong(undefined)),
    "ARGUMENT",
    "full: value must be a number, boolean or bigint, got undefined",
  ],
  [
    "one tensor for the grid's axes",
    () => gradus.meshgrid(wrong(zeros([2]))),
    "ARGUMENT",
    "meshgrid: tensors must be an array, got a Tensor; write [a, b, …]",
  ],
  [
    "an object for the dims of tensordot",
    () => gradus.tensordot(zeros([2, 3]), zeros([3, 5]), wrong({ dims: 1 })),
    "ARGUMENT",
    'tensordot: dims must be a number, or [dims of input, dims of other], got {"dims":1}',
  ],
  [
    "a text among shapes",
    () => gradus.broadcastShapes([3], wrong("a")),
    "ARGUMENT",
    "broadcastShapes: a shape must be an array, got string; write [a, b, …]",
  ],
  [
    "a text as sizes of parts",
    () => zeros([2]).split(wrong("a")),
    "ARGUMENT",
    "split: sizes must be an array, got string; write [a, b, …]",
  ],
  [
    "a text as places to split at",
    () => zeros([2]).tensorSplit(wrong("a")),
    "ARGUMENT",
    "tensorSplit: indices must be an array, got string; write [a, b, …]",
  ],
  [
    "more values than positions",
    () => zeros([4]).put(tensor(Int32Array.of(0, 1)), zeros([3])),
    "SHAPE",
    "put: 2 positions in index but 3 elements in source",
  ],
  [
    "an unknown order of a norm",
    () => zeros([2]).norm(wrong({ p: "x" })),
    "ARGUMENT",
    'norm: p must be a number, "fro" or "nuc", got "x"',
  ],
  [
    "a number in place of a callback",
    () => gradus.noGrad(wrong(3)),
    "ARGUMENT",
    "scope: takes a function, or nothing as in `using _ = noGrad()`, got number",
  ],
  ["nothing to profile", () => gradus.profile(wrong(3)), "ARGUMENT", "profile: fn must be a function, got number"],
  [
    "a custom function without forward",
    () => gradus.applyFunction(wrong({}), zeros([2])),
    "ARGUMENT",
    "applyFunction: forward must be a function, got undefined",
  ],
  [
    "numbers as outputs of grad",
    () => gradus.grad(wrong(3), zeros([2])),
    "ARGUMENT",
    "grad: outputs[0] must be a Tensor, got number; make it one with tensor(…)",
  ],
  [
    "no function to differentiate",
    () => func.vjp(wrong(3), zeros([2])),
    "ARGUMENT",
    "vjp: its first argument must be a function, got number",
  ],
  [
    "a Jacobian of no function",
    () => func.jacrev(wrong(3))(zeros([2])),
    "ARGUMENT",
    "jacrev: its first argument must be a function, got number",
  ],
  [
    "no kernel size",
    () => new nn.Conv2d(3, 4, wrong(undefined)),
    "ARGUMENT",
    "Conv2d: kernelSize must be an integer >= 1, or 2 of them, got undefined",
  ],
  [
    "a text as a window",
    () => new nn.MaxPool2d(wrong("2")),
    "ARGUMENT",
    'MaxPool2d: kernelSize must be an integer >= 1, or one a dim, got "2"',
  ],
  [
    "a text as output size",
    () => new nn.AdaptiveAvgPool2d(wrong("x")),
    "ARGUMENT",
    'AdaptiveAvgPool2d: outputSize must be an integer >= 0 or null, or one a dim, got "x"',
  ],
  [
    "neither size nor factor",
    () => new nn.Upsample(wrong({})),
    "ARGUMENT",
    "Upsample: takes size or scaleFactor, one of them",
  ],
  [
    "an unknown reduction of KLDivLoss",
    () => new nn.KLDivLoss({ reduction: wrong("batchmeen") }),
    "ARGUMENT",
    'KLDivLoss: unknown reduction "batchmeen"; did you mean "batchmean"?',
  ],
  [
    "an unknown mode of EmbeddingBag",
    () => new nn.EmbeddingBag(3, 2, { mode: wrong("avg") }),
    "ARGUMENT",
    'EmbeddingBag: mode must be "sum" or "mean" or "max", got "avg"',
  ],
  [
    "no state",
    () => new nn.Linear(2, 2).loadStateDict(wrong(null)),
    "ARGUMENT",
    "loadStateDict: takes an object of tensors by key, as of stateDict(), got null",
  ],
  [
    "a list in a state",
    () => new nn.Linear(2, 2).loadStateDict(wrong({ weight: [1], bias: zeros([2]) })),
    "ARGUMENT",
    "loadStateDict: weight must be a Tensor, got an array; make it one with tensor(…)",
  ],
  [
    "a list as parameter",
    () => new nn.Parameter(wrong([1, 2])),
    "ARGUMENT",
    "Parameter: data must be a Tensor, got an array; make it one with tensor(…)",
  ],
  [
    "a number to initialise",
    () => nn.init.zeros_(wrong(3)),
    "ARGUMENT",
    "nn.init: tensor must be a Tensor, got number; make it one with tensor(…)",
  ],
  [
    "a number to draw a fan of",
    () => nn.init.kaimingUniform_(wrong(3)),
    "ARGUMENT",
    "init.kaimingUniform_: tensor must be a Tensor, got number; make it one with tensor(…)",
  ],
  [
    "a number of gradients to clip",
    () => nn.utils.clipGradNorm_(wrong(3), 1),
    "ARGUMENT",
    "clipGradNorm_: takes a tensor or an array of tensors, as model.parameters() gives",
  ],
  [
    "one tensor to pad as sequences",
    () => nn.utils.padSequence(wrong(zeros([2]))),
    "ARGUMENT",
    "padSequence: takes an array of tensors",
  ],
  [
    "a hook that is none",
    () => new nn.Linear(2, 2).registerForwardHook(wrong(3)),
    "ARGUMENT",
    "hook: a hook must be a function, got number",
  ],
  [
    "numbers as parameters",
    () => new optim.SGD(wrong([1, 2]), { lr: 0.1 }),
    "ARGUMENT",
    "SGD: parameters must be tensors or groups { params }, got 1",
  ],
  [
    "a text as rate",
    () => new optim.SGD([new nn.Parameter(zeros([2]))], { lr: wrong("0.1") }),
    "ARGUMENT",
    'SGD: lr must be a number, got "0.1"',
  ],
  [
    "no optimizer for a schedule",
    () => new optim.StepLR(wrong(3), 1),
    "ARGUMENT",
    "StepLR: takes an optimizer first, got number",
  ],
  [
    "no optimizer for the plateau",
    () => new optim.ReduceLROnPlateau(wrong(null)),
    "ARGUMENT",
    "ReduceLROnPlateau: takes an optimizer first, got null",
  ],
  [
    "a number as rule of a rate",
    () => new optim.LambdaLR(optimizer(), wrong(3)),
    "ARGUMENT",
    "LambdaLR: lrLambda must be a function, got number",
  ],
  [
    "one milestone",
    () => new optim.MultiStepLR(optimizer(), wrong(3)),
    "ARGUMENT",
    "MultiStepLR: milestones must be an array of steps, got number",
  ],
  [
    "a state of nothing",
    () => optimizer().loadStateDict(wrong({})),
    "ARGUMENT",
    "SGD: loadStateDict: takes what stateDict() gave, { state, paramGroups }",
  ],
  [
    "no model to average",
    () => new optim.AveragedModel(wrong(3)),
    "ARGUMENT",
    "AveragedModel: takes a model to average, got number",
  ],
  [
    "a list as data set",
    () => new data.DataLoader(wrong([1, 2, 3])),
    "ARGUMENT",
    "DataLoader: a dataset needs `length` and `get(index)`, got an array; write { length: items.length, get: (i) => items[i] }",
  ],
  [
    "no data set",
    () => new data.DataLoader(wrong(null)),
    "ARGUMENT",
    "DataLoader: a dataset needs `length` and `get(index)`, got null",
  ],
  [
    "no number of items",
    () => new data.RandomSampler(wrong(undefined)),
    "ARGUMENT",
    "RandomSampler: takes a dataset or its number of items, got undefined",
  ],
  [
    "a sampler that is none",
    () => new data.BatchSampler(wrong(3), 2),
    "ARGUMENT",
    "BatchSampler: the sampler's indices must be a function, got undefined",
  ],
  [
    "an unknown side of padding",
    () => data.padCollate({ paddingSide: wrong("up") }),
    "ARGUMENT",
    'padCollate: paddingSide must be "left" or "right", got "up"',
  ],
  [
    "a number as table",
    () => data.parseCsv(wrong(3)),
    "ARGUMENT",
    "parseCsv: takes the text of a table, got number; readCsv takes a file",
  ],
  [
    "a number as transforms",
    () => new vision.Compose(wrong(3)),
    "ARGUMENT",
    "Compose: takes an array of transforms: functions, or objects with apply",
  ],
  [
    "a negative jitter",
    () => new vision.ColorJitter({ brightness: -1 }),
    "ARGUMENT",
    "ColorJitter: takes numbers >= 0, or ranges [low, high] from 0 up, got -1",
  ],
  [
    "a number to save",
    () => encodeSafetensors(wrong({ a: 3 })),
    "ARGUMENT",
    "encodeSafetensors: a must be a Tensor, got number; make it one with tensor(…)",
  ],
  [
    "a text as correction",
    () => zeros([2]).std({ correction: wrong("x") }),
    "ARGUMENT",
    'std: correction must be a number, got "x"',
  ],
  [
    "the mean of integers",
    () => ints(1, 2).mean(),
    "DTYPE",
    'mean: input must be a float tensor, is int32; convert it with .to("float32") or pass { dtype: "float32" }',
  ],
  [
    "the mean of truth values",
    () => zeros([2]).eq(0).mean(),
    "DTYPE",
    'mean: input must be a float tensor, is bool; convert it with .to("float32") or pass { dtype: "float32" }',
  ],
  [
    "the variance of integers",
    () => ints(1, 2).var(),
    "DTYPE",
    'var: input must be a float tensor, is int32; convert it with .to("float32")',
  ],
  [
    "a softmax of integers",
    () => gradus.softmax(ints(1, 2), 0),
    "DTYPE",
    'softmax: input must be a float tensor, is int32; convert it with .to("float32")',
  ],
  [
    "the norm of integers",
    () => ints(1, 2).norm(),
    "DTYPE",
    'norm: input must be a float tensor, is int32; convert it with .to("float32")',
  ],
  [
    "an activation of integers",
    () => F.leakyRelu(ints(1, 2)),
    "DTYPE",
    'leakyRelu: input must be a float tensor, is int32; convert it with .to("float32")',
  ],
  [
    "relu of truth values",
    () => gradus.relu(tensor([true])),
    "DTYPE",
    'relu: bool tensors have no relu; cast with .to("int32") or use logical functions',
  ],
  [
    "a dropout of integers",
    () => F.dropout(ints(1, 2)),
    "DTYPE",
    'dropout: input must be a float tensor, is int32; convert it with .to("float32")',
  ],
  [
    "losses of integers",
    () => F.smoothL1Loss(ints(1, 2), ints(1, 2)),
    "DTYPE",
    'smoothL1Loss: input must be a float tensor, is int32; convert it with .to("float32")',
  ],
  [
    "integers as targets of probabilities",
    () => F.binaryCrossEntropy(zeros([2]), ints(0, 1)),
    "DTYPE",
    'binaryCrossEntropy: target must be a float tensor, is int32; convert it with .to("float32")',
  ],
  [
    "probabilities as integers",
    () => gradus.bernoulli(ints(0, 1)),
    "DTYPE",
    'bernoulli: input must be a float tensor, is int32; convert it with .to("float32")',
  ],
  [
    "truth values divided",
    () => tensor([true]).remainder(tensor([true])),
    "DTYPE",
    'remainder: bool tensors cannot be divided; convert them with .to("int32")',
  ],
  [
    "a fractional alpha between integers",
    () => ints(1).add(ints(1), { alpha: 0.5 }),
    "DTYPE",
    'add: alpha must be an integer between integer tensors, got 0.5; convert one with .to("float32")',
  ],
  [
    "dtypes that lerp does not mix",
    () => gradus.lerp(zeros([2]), ints(1, 2), 0.5),
    "DTYPE",
    "lerp: input float32, end int32 must have one dtype; convert with .to(dtype)",
  ],
  [
    "dtypes that allclose does not compare",
    () => gradus.allclose(zeros([2]), ints(1, 2)),
    "DTYPE",
    "allclose: input float32, other int32 must have one dtype; convert with .to(dtype)",
  ],
  [
    "a text as operand",
    () => zeros([2]).add(wrong("x")),
    "ARGUMENT",
    "add: other must be a Tensor or a number, got string",
  ],
  [
    "a share above 1",
    () => zeros([2]).quantile(tensor([0.5, 1.5])),
    "NUMERIC",
    "quantile: q must lie in [0, 1], got 1.5",
  ],
  [
    "a negative number of rows",
    () => gradus.trilIndices(-1, 3),
    "ARGUMENT",
    "trilIndices: rows must be an integer >= 0, got -1",
  ],
  [
    "weights of another length",
    () => gradus.bincount(ints(1, 2), { weights: zeros([3]) }),
    "SHAPE",
    "bincount: weights must have the shape of the input (input [2], weights [3])",
  ],
  [
    "a negative least length",
    () => gradus.bincount(ints(1, 2), { minlength: -1 }),
    "ARGUMENT",
    "bincount: minlength must be an integer >= 0, got -1",
  ],
  [
    "a negative order of distances",
    () => gradus.cdist(zeros([2, 3]), zeros([2, 3]), { p: -1 }),
    "ARGUMENT",
    "cdist: p must be >= 0, got -1",
  ],
  [
    "a negative largest norm",
    () => gradus.renorm(zeros([2, 3]), 2, 0, -1),
    "ARGUMENT",
    "renorm: p must be > 0 and maxnorm >= 0, got 2 and -1",
  ],
  [
    "negative weights of observations",
    () => gradus.cov(zeros([2, 2]), { fweights: ints(-1, 1) }),
    "ARGUMENT",
    "cov: fweights must be >= 0, got -1",
  ],
  [
    "a negative order of differences",
    () => gradus.diff(zeros([3]), { n: -1 }),
    "ARGUMENT",
    "diff: n must be an integer >= 0, got -1",
  ],
  [
    "a text in place of NaN",
    () => gradus.nanToNum(zeros([2]), { nan: wrong("x") }),
    "ARGUMENT",
    'nanToNum: nan must be a number, got "x"',
  ],
  [
    "half a decimal",
    () => gradus.round(zeros([2]), { decimals: 1.5 }),
    "ARGUMENT",
    "round: decimals must be an integer, got 1.5",
  ],
  ["a text as eps", () => gradus.logit(zeros([2]), wrong("x")), "ARGUMENT", 'logit: eps must be a number, got "x"'],
  [
    "a matrix as axis of a grid",
    () => gradus.meshgrid([zeros([2, 3])]),
    "SHAPE",
    "meshgrid: takes vectors and 0-d tensors, tensors[0] has shape [2,3]",
  ],
  [
    "integers as mask",
    () => F.scaledDotProductAttention(zeros([1, 2]), zeros([1, 2]), zeros([1, 2]), { attnMask: ints(1) }),
    "DTYPE",
    "scaledDotProductAttention: attnMask must be a bool or float tensor, is int32; a bool mask is true where keys may be seen",
  ],
  [
    "an unknown padding",
    () => new nn.Conv2d(4, 4, 3, { padding: wrong("foo") }),
    "ARGUMENT",
    'Conv2d: padding must be "same" or "valid", got "foo"',
  ],
  [
    "same padding with a stride",
    () => new nn.Conv2d(4, 4, 3, { padding: "same", stride: 2 }),
    "ARGUMENT",
    'Conv2d: padding "same" goes with stride 1, got stride [2,2]',
  ],
  [
    "a pooling of no size",
    () => new nn.FractionalMaxPool2d(2),
    "ARGUMENT",
    "FractionalMaxPool2d: takes outputSize or outputRatio, one of them",
  ],
  [
    "a pooling that grows",
    () => new nn.FractionalMaxPool2d(2, { outputRatio: 1.5 }),
    "ARGUMENT",
    "FractionalMaxPool2d: outputRatio must be between 0 and 1, got 1.5",
  ],
  [
    "bags beyond the input",
    () => new nn.EmbeddingBag(3, 2)(ints(1, 2), ints(0, 5)),
    "ARGUMENT",
    "embeddingBag: offsets must lie in [0, 2], the number of indices, got 5",
  ],
  [
    "a negative margin",
    () => new nn.TripletMarginLoss({ margin: -1 }),
    "ARGUMENT",
    "TripletMarginLoss: margin must be > 0, got -1",
  ],
  [
    "a negative variance",
    () => F.gaussianNllLoss(zeros([2]), zeros([2]), tensor([-1, 1])),
    "NUMERIC",
    "gaussianNllLoss: variances must be >= 0, got -1",
  ],
  [
    "more steps than there are",
    () => F.ctcLoss(zeros([5, 1, 3]), ints(1, 2).view(1, 2), ints(6), ints(2)),
    "ARGUMENT",
    "ctcLoss: inputLengths must be integers from 0 to 5, got 6",
  ],
  [
    "a text as mode of a model",
    () => new nn.Linear(2, 2).train(wrong("x")),
    "ARGUMENT",
    'train: mode must be true or false, got "x"',
  ],
  [
    "a text as factor of a rate",
    () => new optim.ExponentialLR(optimizer(), wrong("x")),
    "ARGUMENT",
    'ExponentialLR: gamma must be a number, got "x"',
  ],
  [
    "a cycle of no length",
    () => new optim.OneCycleLR(optimizer(), 0.1, wrong(undefined)),
    "ARGUMENT",
    "OneCycleLR: needs { totalSteps }, or { epochs, stepsPerEpoch }, as its third argument",
  ],
  [
    "no metric",
    () => new optim.ReduceLROnPlateau(optimizer()).step(wrong(undefined)),
    "ARGUMENT",
    "ReduceLROnPlateau.step: takes the metric to watch, a number or a tensor of one element",
  ],
  [
    "options as last rate",
    () => new optim.SWALR(optimizer(), wrong({ swaLr: 0.1 })),
    "ARGUMENT",
    "SWALR: swaLr must be a number, got an object",
  ],
  [
    "a negative prefetch",
    () => new data.DataLoader(new data.TensorDataset(zeros([2])), { prefetch: -2 }),
    "ARGUMENT",
    "DataLoader: prefetch must be an integer >= 0, got -2",
  ],
  [
    "no samples",
    () => new data.RandomSampler(4, { numSamples: 0 }),
    "ARGUMENT",
    "RandomSampler: numSamples must be an integer >= 1, got 0",
  ],
  [
    "a text as replacement",
    () => new data.RandomSampler(4, { replacement: wrong("x") }),
    "ARGUMENT",
    'RandomSampler: replacement must be true or false, got "x"',
  ],
  [
    "a negative number of draws",
    () => new data.WeightedRandomSampler([1, 2], -1),
    "ARGUMENT",
    "WeightedRandomSampler: length must be an integer >= 1, got -1",
  ],
  [
    "a text as dropLast",
    () => new data.BatchSampler(new data.SequentialSampler(4), 2, { dropLast: wrong("x") }),
    "ARGUMENT",
    'BatchSampler: dropLast must be true or false, got "x"',
  ],
  [
    "a gradient of no function",
    () => func.grad(wrong(3)),
    "ARGUMENT",
    "grad: its first argument must be a function, got number",
  ],
  [
    "a batch of no function",
    () => func.vmap(wrong(3)),
    "ARGUMENT",
    "vmap: its first argument must be a function, got number",
  ],
  [
    "a forward Jacobian of no function",
    () => func.jacfwd(wrong(3)),
    "ARGUMENT",
    "jacfwd: its first argument must be a function, got number",
  ],
  [
    "a function of examples that gives a number",
    () => func.vmap(wrong(() => 3))(zeros([2])),
    "ARGUMENT",
    "vmap: the function must return tensors",
  ],
  ["a number to compile", () => gradus.compile(wrong(3)), "ARGUMENT", "compile: takes a function, got number"],
  [
    "a number as items of a grid size",
    () => F.affineGrid(zeros([1, 2, 3]), wrong(3)),
    "ARGUMENT",
    "affineGrid: size must be an array, got 3; write [a, b, …]",
  ],
  [
    "no size to pad by",
    () => F.pad(zeros([2]), wrong(undefined)),
    "ARGUMENT",
    "pad: sizes must be an array, got undefined; write [a, b, …]",
  ],
  [
    "no shape to normalise",
    () => F.layerNorm(zeros([2]), wrong(null)),
    "ARGUMENT",
    "layerNorm: normalizedShape must be an array, got null; write [a, b, …]",
  ],
  [
    "null among parameters",
    () => new optim.SGD([wrong(null)], { lr: 0.1 }),
    "ARGUMENT",
    "SGD: parameters must be tensors or groups { params }, got null",
  ],
  [
    "numbers as schedules",
    () => new optim.ChainedScheduler(wrong(3)),
    "ARGUMENT",
    "ChainedScheduler: schedulers must be an array, got 3; write [a, b, …]",
  ],
  [
    "numbers as data",
    () => new data.TensorDataset(wrong(3)),
    "ARGUMENT",
    "TensorDataset: tensor 0 must be a Tensor, got 3",
  ],
  [
    "no data set to take from",
    () => new data.Subset(wrong(null), [0]),
    "ARGUMENT",
    "Subset: a dataset needs `length` and `get(index)`, got null",
  ],
  [
    "a number of parts",
    () => data.randomSplit(new data.TensorDataset(zeros([2])), wrong(2)),
    "ARGUMENT",
    "randomSplit: lengths must be an array, got 2; write [a, b, …]",
  ],
  ["half a diagonal", () => zeros([2]).diagflat(1.5), "ARGUMENT", "diagflat: offset must be an integer, got 1.5"],
  [
    "nothing to expand like",
    () => zeros([2]).expandAs(wrong(undefined)),
    "ARGUMENT",
    "expandAs: other must be a Tensor, got undefined",
  ],
  [
    "an array to a batch norm",
    () => new nn.BatchNorm1d(2)(wrong([1, 2])),
    "ARGUMENT",
    "BatchNorm1d: input must be a Tensor, got an array; make it one with tensor(…)",
  ],
  [
    "nothing to a recurrent layer",
    () => new nn.LSTM(2, 3)(wrong(undefined)),
    "ARGUMENT",
    "LSTM: input must be a Tensor, got undefined",
  ],
  [
    "one tensor as an LSTM's state",
    () => new nn.LSTM(2, 3)(zeros([5, 4, 2]), wrong(zeros([1, 4, 3]))),
    "ARGUMENT",
    "LSTM: the state is two tensors, [h, c], got one",
  ],
  [
    "a state of another batch",
    () => new nn.RNNCell(2, 3)(zeros([5, 2]), zeros([1, 3])),
    "SHAPE",
    "RNNCell: the hidden state must have shape [5,3] for this input, got [1,3]",
  ],
  [
    "a sequence without steps",
    () => new nn.GRU(2, 3)(zeros([0, 4, 2])),
    "SHAPE",
    "GRU: the input needs at least one step, got shape [0,4,2]",
  ],
  [
    "a nonlinearity that objects have",
    () => new nn.RNN(2, 3, { nonlinearity: wrong("constructor") }),
    "ARGUMENT",
    'RNN: unknown nonlinearity "constructor"; one of tanh, relu',
  ],
  [
    "queries and keys of other batches",
    () => new nn.MultiheadAttention(4, 2)(zeros([3, 2, 4]), zeros([3, 1, 4]), zeros([3, 1, 4])),
    "SHAPE",
    "MultiheadAttention: query, key and value need one batch size, key and value one length, got shapes [3,2,4], [3,1,4], [3,1,4]; sequences are [L, N, E] without batchFirst",
  ],
  [
    "keys of another batch than the cache",
    () => new nn.KVCache([2, 2, 8, 4]).append(zeros([1, 2, 1, 4]), zeros([1, 2, 1, 4])),
    "SHAPE",
    "KVCache: key must be [2, 2, L, 4] as the cache, and as long as the key, got [1,2,1,4]",
  ],
  [
    "no padding at all",
    () => new nn.ZeroPad2d(wrong(undefined)),
    "ARGUMENT",
    "ZeroPad2d: padding must be an integer or 4 of them, got undefined",
  ],
  [
    "no normalized shape",
    () => new nn.LayerNorm(wrong(undefined)),
    "ARGUMENT",
    "LayerNorm: normalizedShape must be an integer >= 1, or a list of them, got undefined",
  ],
  [
    "a momentum that is no number",
    () => new nn.BatchNorm1d(2, { momentum: Number.NaN }),
    "ARGUMENT",
    "BatchNorm1d: momentum must be a number, got NaN",
  ],
  [
    "a blank that is no class",
    () => new nn.CTCLoss({ blank: 4 })(zeros([5, 2, 4]), zeros([2, 3], { dtype: "int32" }), [5, 5], [3, 3]),
    "ARGUMENT",
    "ctcLoss: blank must be one of the 4 classes, got 4",
  ],
  [
    "half a class to ignore",
    () => new nn.NLLLoss({ ignoreIndex: 0.5 })(zeros([2, 4]), zeros([2], { dtype: "int32" })),
    "ARGUMENT",
    "nllLoss: ignoreIndex must be an integer, got 0.5",
  ],
  [
    "weights of other classes",
    () => new nn.MultiMarginLoss({ weight: zeros([3]) })(zeros([2, 4]), zeros([2], { dtype: "int32" })),
    "SHAPE",
    "multiMarginLoss: weight must have one element for each of the 4 classes (input [2,4], weight [3])",
  ],
  [
    "an unpooled size out of reach",
    () => new nn.MaxUnpool1d(2)(zeros([1, 1, 2]), zeros([1, 1, 2], { dtype: "int32" }), { outputSize: [6] }),
    "SHAPE",
    "maxUnpool1d: outputSize must be 1 sizes nearer to [4] than the stride [2], or all 3 dims' with them last, got [6] (input [1,1,2])",
  ],
  [
    "integers to fractional pooling",
    () => new nn.FractionalMaxPool2d(2, { outputSize: 2 })(zeros([1, 1, 4, 4], { dtype: "int32" })),
    "DTYPE",
    'fractionalMaxPool2d: input must be a float tensor, is int32; convert it with .to("float32")',
  ],
  [
    "a batch norm of other channels to fuse",
    () => nn.utils.fuseConvBnEval(new nn.Conv2d(2, 3, 1).eval(), new nn.BatchNorm2d(4).eval()),
    "SHAPE",
    "fuseConvBnWeights: the batch norm has 4 channels and the layer 3 outputs (weight [3,2,1,1])",
  ],
  [
    "a parametrization that changes the shape",
    () => nn.utils.registerParametrization(new nn.Linear(2, 3), "weight", new nn.Flatten({ startDim: 0 })),
    "SHAPE",
    'registerParametrization: the parametrization gives float32[6] for "weight", which is float32[3,2]',
  ],
  [
    "a side that is none to pad",
    () => nn.utils.padSequence([zeros([2])], { paddingSide: wrong("top") }),
    "ARGUMENT",
    'padSequence: paddingSide must be "left" or "right", got "top"',
  ],
  [
    "a model whose norm is asked for",
    () => nn.utils.getTotalNorm(wrong(new nn.Linear(2, 3))),
    "ARGUMENT",
    "getTotalNorm: takes a tensor or an array of tensors, as model.parameters() gives",
  ],
  [
    "half an offset",
    () => gradus.diagonal(zeros([2, 2]), { offset: 0.5 }),
    "ARGUMENT",
    "diagonal: offset must be an integer, got 0.5",
  ],
  [
    "half a diagonal of a triangle",
    () => zeros([2, 2]).tril({ diagonal: 0.5 }),
    "ARGUMENT",
    "tril: diagonal must be an integer, got 0.5",
  ],
  [
    "truth values to shift",
    () => gradus.bitwiseLeftShift(tensor([true]), tensor([true])),
    "DTYPE",
    'bitwiseLeftShift: bool tensors have no bits to move; convert one with .to("int32")',
  ],
  ["a number to integrate", () => gradus.trapezoid(tensor(1)), "SHAPE", "trapezoid: y needs at least 1 dim"],
  [
    "digits of integers to round to",
    () => ints(15).round({ decimals: -1 }),
    "DTYPE",
    'round: an input with decimals must be a float tensor, is int32; convert it with .to("float32")',
  ],
  [
    "the inverse of integers",
    () => linalg.matrixPower(gradus.eye(2, { dtype: "int64" }), -1),
    "DTYPE",
    'matrixPower: input must be a float tensor, is int64; convert it with .to("float32")',
  ],
  [
    "a step backwards",
    () => zeros([3]).sliceScatter(zeros([1]), { step: -1 }),
    "ARGUMENT",
    "sliceScatter: step must be an integer >= 1, got -1",
  ],
  [
    "a part of another shape",
    () => zeros([2, 3]).selectScatter(zeros([1]), 0, 0),
    "SHAPE",
    "selectScatter: src must have the input's shape without dim 0 (input [2,3], src [1])",
  ],
  [
    "more indices than dims",
    () => zeros([3]).indexPut([ints(0), ints(0)], zeros([1])),
    "INDEX",
    "indexPut: 2 indices for 1 dims (input [3])",
  ],
  [
    "values that are too many",
    () => zeros([2, 3]).indexPut([ints(0)], zeros([2, 3])),
    "SHAPE",
    "indexPut: cannot broadcast to [1,3]; only dims of size 1 grow (input [2,3])",
  ],
  [
    "fewer slices than places",
    () => zeros([3]).indexCopy(0, ints(0, 1), zeros([1])),
    "SHAPE",
    "indexCopy: source must have the input's shape with 2 slices along dim 0, one for each index (input [3], source [1])",
  ],
  [
    "half a factor between integers",
    () => gradus.addr(ints(1), ints(1), ints(1), { beta: 0.5 }),
    "DTYPE",
    'addr: beta must be an integer between integer tensors, got 0.5; convert them with .to("float32")',
  ],
  [
    "running statistics in integers",
    () => F.batchNorm(zeros([2, 1]), ints(0), ints(1), { training: true }),
    "DTYPE",
    'batchNorm: runningMean must be a float tensor, is int32; convert it with .to("float32")',
  ],
  ["a dim that is not there", () => zeros([2]).size(3), "INDEX", "size: dim 3 is out of range (input [2])"],
  [
    "no results of a checkpoint",
    () => gradus.checkpoint(wrong(() => 3)),
    "ARGUMENT",
    "checkpoint: the function must return a tensor or an array of tensors",
  ],
  [
    "a state of no generator",
    () => new gradus.Generator().setState(wrong({ offset: 1 })),
    "FORMAT",
    "Generator.setState: the state must be what getState() gave",
  ],
];

describe("right use that was refused or gave nonsense", () => {
  it("given a fraction to fill integers with, cuts it off", () => {
    expect(gradus.fullLike(zeros([1], { dtype: "int64" }), 1.5).toArray()).toEqual([1]);
    expect(gradus.full([1], -1.5, { dtype: "int64" }).toArray()).toEqual([-1]);
    expect(ints(0).newFull([1], 1.5).toArray()).toEqual([1]);
  });

  it("given fractional bounds of hardtanh for integers, cuts them off as PyTorch does", () => {
    expect(F.hardtanh(ints(-2, 1, 2), { minVal: -1.5, maxVal: 1.5 }).toArray()).toEqual([-1, 1, 1]);
  });

  it("given null for what stands for infinities, takes the largest numbers", () => {
    const limits = tensor([Number.POSITIVE_INFINITY]).nanToNum({ posinf: null, neginf: null });
    expect(limits.item()).toBe(3.4028234663852886e38);
  });

  it("given half a factor of integers in a float sum, adds it up", () => {
    expect(gradus.addr(ints(1), tensor([1]), tensor([1]), { beta: 0.5 }).toArray()).toEqual([[1.5]]);
  });

  it("given no indices of another rank, scatters nothing", () => {
    const none = zeros([0, 3], { dtype: "int64" });
    expect(
      zeros([1, 2, 4])
        .scatterAdd(-1, none, zeros([2]))
        .toArray(),
    ).toEqual(zeros([1, 2, 4]).toArray());
  });

  it("given floats, writes their negation as truth values in place", () => {
    expect(tensor([0, 1.5]).logicalNot_().toArray()).toEqual([1, 0]);
  });

  it("given integers to turn into radians in place, says that the result is a float", () => {
    expect(() => ints(1).deg2rad_()).toThrow(
      "deg2rad_: the result is float32 and cannot be written into a int32 tensor",
    );
    expect(() => tensor([true]).relu_()).toThrow("relu_: bool tensors have no relu_");
    expect(() => ints(1).frac_()).toThrow("frac_: this tensor must be a float tensor");
    expect(() => tensor([true]).square_()).toThrow(
      "square_: the result is int64 and cannot be written into a bool tensor",
    );
  });
});

describe("wrong use", () => {
  it.each(cases)("given %s, throws an error of the family that says what to do", (_use, call, code, message) => {
    let error: unknown;
    try {
      call();
    } catch (caught) {
      error = caught;
    }

    expect(error).toBeInstanceOf(GradusError);
    expect({ code: (error as GradusError).code, message: (error as GradusError).message }).toEqual({ code, message });
  });
});
