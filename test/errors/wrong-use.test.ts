// Wrong arguments, as users get them wrong: the error comes at the call, is of the family, and says what to do.
import * as gradus from "gradus";
import { GradusError, tensor, zeros } from "gradus";
import * as data from "gradus/data";
import { encodeSafetensors } from "gradus/formats";
import * as func from "gradus/func";
import * as nn from "gradus/nn";
import * as optim from "gradus/optim";
import * as vision from "gradus/vision";
import { describe, expect, it } from "vitest";

/** What JavaScript lets through where TypeScript would not. */
const wrong = (value: unknown) => value as never;
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
    'norm: p must be a number or "fro", got "x"',
  ],
  [
    "a number in place of a callback",
    () => gradus.noGrad(wrong(3)),
    "ARGUMENT",
    "a scope takes a function, or nothing as in `using _ = noGrad()`, got number",
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
    "utils: takes a tensor or an array of parameters: pass model.parameters()",
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
    'SGD: lr must be >= 0, got "0.1"',
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
    "RandomSampler: takes the number of items, such as dataset.length, got undefined",
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
];

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
