// Type tests: what must compile, and, after `@ts-expect-error`, what must not. Compiled, never run.
import { autocast, compile, type DType, nonzero, type Tensor, tensor, zeros } from "gradus";
import { BatchSampler, DataLoader, type Sampler, TensorDataset } from "gradus/data";
import { functionalCall, grad, hessian, jacrev, type NamedTensors, vjp, vmap } from "gradus/func";
import { eigh, slogdet, svd } from "gradus/linalg";
import * as nn from "gradus/nn";
import { crossEntropy, glu, mseLoss } from "gradus/nn/functional";
import * as optim from "gradus/optim";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Compiles only where `A` and `B` are the same type. */
export function same<A, B>(_verdict: Equal<A, B>): void {}

class Classifier extends nn.Module {
  body = new nn.Sequential(new nn.Linear(4, 8), new nn.ReLU(), new nn.Linear(8, 3));
  forward(x: Tensor): Tensor {
    return this.body(x);
  }
}

class Attention extends nn.Module {
  forward(query: Tensor, options: { causal: boolean }): [output: Tensor, weights: Tensor] {
    return [query, options.causal ? query : query.neg()];
  }
}

export function modulesAreCalled(x: Tensor): void {
  const model = new Classifier();
  same<ReturnType<typeof model>, Tensor>(true);
  const y: Tensor = model(x);
  // @ts-expect-error: forward takes a tensor
  model("image");
  // @ts-expect-error: forward takes one argument
  model();
  // @ts-expect-error: forward takes no second argument
  model(x, x);

  const attention = new Attention();
  const [output, weights] = attention(y, { causal: true });
  same<typeof output, Tensor>(true);
  same<typeof weights, Tensor>(true);
  // @ts-expect-error: the second argument is missing
  attention(y);
  // @ts-expect-error: causal is a boolean
  attention(y, { causal: 1 });
  // @ts-expect-error: Sequential takes modules of one tensor
  new nn.Sequential(new Attention());

  same<ReturnType<typeof model.train>, Classifier>(true);
  same<ReturnType<typeof model.clone>, Classifier>(true);
}

export function layersCheckTheirArguments(): void {
  new nn.Linear(4, 8, { bias: false });
  // @ts-expect-error: outFeatures is missing
  new nn.Linear(4);
  // @ts-expect-error: no boolean positional arguments
  new nn.Linear(4, 8, false);
  // @ts-expect-error: an unknown option
  new nn.Linear(4, 8, { biases: false });
  new nn.Conv2d(1, 32, [3, 3], { stride: 2, padding: [1, 1] });
  // @ts-expect-error: kernelSize is missing
  new nn.Conv2d(1, 32);
  // @ts-expect-error: an unknown option
  new nn.Conv2d(1, 32, 3, { pad: 1 });
  // @ts-expect-error: a two-dimensional layer has two strides
  new nn.Conv2d(1, 32, 3, { stride: [1, 1, 1] });
  // @ts-expect-error: not one of the reductions
  new nn.CrossEntropyLoss({ reduction: "average" });
}

export function tensorsCheckTheirArguments(x: Tensor): void {
  const [batch, channels] = x.shape;
  same<typeof batch, number>(true);
  same<typeof channels, number>(true);
  same<typeof x.grad, Tensor | null>(true);
  x.view(-1, 10).permute([1, 0]).sum(0, { keepdim: true });
  zeros([2, 3], { dtype: "int64", requiresGrad: false });
  // @ts-expect-error: no such dtype
  zeros([2, 3], { dtype: "float31" });
  // @ts-expect-error: no such device
  zeros([2, 3], { device: "cuda" });
  // @ts-expect-error: an unknown option
  zeros([2, 3], { requires_grad: true });
  // @ts-expect-error: the option is called keepdim
  x.sum(0, { keepDim: true });
  // @ts-expect-error: a tensor has no operators
  x + x;
  // @ts-expect-error: strings are no tensors
  tensor("1, 2, 3");
  // @ts-expect-error: the argument is a tensor or a number
  x.add("1");
  // @ts-expect-error: the target is missing
  crossEntropy(x);
}

export function optimizersCheckTheirArguments(model: Classifier): void {
  new optim.SGD(model.parameters(), { lr: 0.1, momentum: 0.9, nesterov: true, weightDecay: 1e-4 });
  new optim.AdamW([{ params: model.parameters(), lr: 0.01 }], { lr: 0.001, betas: [0.9, 0.99] });
  // @ts-expect-error: lr is a number
  new optim.Adam(model.parameters(), { lr: "0.001" });
  // @ts-expect-error: an unknown option
  new optim.Adam(model.parameters(), { learningRate: 0.001 });
  // @ts-expect-error: betas are two
  new optim.Adam(model.parameters(), { betas: [0.9] });
  // @ts-expect-error: an optimizer takes parameters, not the model
  new optim.Adam(model, { lr: 0.001 });
}

export function membersByName(model: Classifier, x: Tensor): void {
  same<ReturnType<typeof model.getBuffer>, nn.Buffer>(true);
  const mask: nn.Buffer = model.registerBuffer("mask", x, { persistent: false });
  const none: nn.Buffer | null = model.registerBuffer("none", null);
  model.registerParameter("scale", new nn.Parameter(none ?? mask));
  model.addModule("head", new nn.Linear(3, 1));
  // @ts-expect-error: an unknown option
  model.setSubmodule("body", new nn.ReLU(), { force: true });
  model.loadStateDict({}, { strict: false, assign: true });
  const layers = new nn.ModuleList([new nn.Linear(1, 1)]);
  same<ReturnType<typeof layers.pop>, nn.Linear>(true);
  // @ts-expect-error: a list of linear layers
  layers.append(new nn.ReLU());
  new nn.ParameterList([x]).append(x).at(0).requiresGrad = false;
  new nn.ParameterDict({ a: x }).update({ b: x });
  model.body.append(new nn.ReLU()).insert(0, new nn.ReLU()).pop();
  // @ts-expect-error: Sequential takes modules of one tensor
  model.body.append(new Attention());
}

export function optionsOfCallsAndConstructors(x: Tensor, encoder: nn.EncoderModule): void {
  const up = new nn.ConvTranspose2d(1, 1, 3, { stride: 2 });
  same<ReturnType<typeof up>, Tensor>(true);
  up(x, { outputSize: x.shape });
  up(x, [8, 8]);
  // @ts-expect-error: an unknown option
  up(x, { outputPadding: 1 });
  new nn.Embedding(3, 2, { maxNorm: 1, normType: 2, scaleGradByFreq: true });
  // @ts-expect-error: gradients are dense
  new nn.Embedding(3, 2, { sparse: true });
  new nn.BatchNorm2d(3, { bias: false });
  new nn.Sequential(new nn.ReLU({ inplace: true }), new nn.Dropout(0.5, { inplace: true }));
  // @ts-expect-error: a sigmoid has no options
  new nn.Sigmoid({ inplace: true });
  new nn.Transformer({ customEncoder: encoder });
  // @ts-expect-error: an encoder takes and gives a tensor
  new nn.Transformer({ customEncoder: new Attention() });
}

export async function loadersTypeTheirBatches(images: Tensor, labels: Tensor): Promise<void> {
  const loader = new DataLoader(new TensorDataset(images, labels), { batchSize: 64, shuffle: true });
  for (const [x, y] of loader) {
    same<typeof x, Tensor>(true);
    same<typeof y, Tensor>(true);
  }
  for await (const [x, y] of loader) {
    same<typeof x, Tensor>(true);
    same<typeof y, Tensor>(true);
  }
  // @ts-expect-error: an unknown option
  new DataLoader(new TensorDataset(images), { batchsize: 64 });
}

export function samplersAreIterators(images: Tensor): void {
  class Backwards implements Sampler {
    constructor(readonly length: number) {}
    *[Symbol.iterator](): Generator<number> {
      for (let i = this.length - 1; i >= 0; i--) yield i;
    }
  }
  const sampler = new Backwards(images.shape[0]);
  new DataLoader(new TensorDataset(images), { sampler });
  const batches: (readonly number[] | Int32Array)[] = [...new BatchSampler(sampler, 2)];
  new DataLoader(new TensorDataset(images), { batchSampler: batches });
  // @ts-expect-error: a sampler has a length
  new DataLoader(new TensorDataset(images), { sampler: new Set([1]) });
}

export function compiledFunctionsKeepTheirTypes(model: Classifier, x: Tensor, y: Tensor): void {
  const step = compile((images: Tensor, labels: Tensor) => crossEntropy(model(images), labels));
  same<ReturnType<typeof step>, Tensor>(true);
  step(x, y);
  // @ts-expect-error: the labels are missing
  step(x);
  // @ts-expect-error: a step takes tensors
  step(x, [1, 2]);
  same<typeof step, ReturnType<typeof compile<[Tensor, Tensor], Tensor>>>(true);
  compile((images: Tensor) => model(images), { search: 20, onSearch: ({ bestMs }) => bestMs.toFixed(1) });
  // @ts-expect-error: a count of schedules
  compile((images: Tensor) => model(images), { search: "all" });
  // @ts-expect-error: only synchronous functions compile
  compile(async (images: Tensor) => model(images));
}

export function narrowDTypes(x: Tensor, optimizer: optim.SGD): void {
  same<ReturnType<typeof x.half>, Tensor>(true);
  const dtypes: DType[] = ["float16", "bfloat16", "int8", "int16"];
  x.to(dtypes[0] as DType)
    .to("bfloat16")
    .short()
    .char();
  tensor(Uint16Array.of(0x3c00), { dtype: "float16" });
  // @ts-expect-error: no such dtype
  x.to("float8");

  same<number, ReturnType<typeof autocast<number>>>(true);
  const y: Tensor = autocast({ dtype: "float16" }, () => x.matmul(x));
  using _ = autocast();
  // @ts-expect-error: products in float32 are no mixed precision
  autocast({ dtype: "float32" }, () => y);

  const scaler = new optim.GradScaler({ initScale: 1024 });
  const many: Tensor[] = scaler.scale([x, y]);
  scaler.scale(many[0] as Tensor).backward();
  scaler.unscale_(optimizer);
  scaler.step(optimizer);
  // @ts-expect-error: an unknown option
  new optim.GradScaler({ scale: 2 });
}

export function modulesAreFunctionsOfTheirParameters(x: Tensor, params: NamedTensors): void {
  const layer = new nn.Linear(4, 2);
  same<ReturnType<typeof functionalCall<nn.Linear>>, Tensor>(true);
  const y: Tensor = functionalCall(layer, params, x, { strict: true });
  const loss = (p: NamedTensors, input: Tensor) => functionalCall(layer, p, [input]).sum().add(y);
  const slopes = grad(loss)(params, x);
  same<typeof slopes, NamedTensors>(true);
  const [, byInput] = grad(loss, { argnums: [0, 1] })(params, x);
  same<typeof byInput, Tensor>(true);
  const each = vmap((p: NamedTensors, input: Tensor) => functionalCall(layer, p, input), { inDims: [null, 0] });
  same<ReturnType<typeof each>, Tensor>(true);
  // @ts-expect-error: an unknown option
  functionalCall(layer, params, x, { tied: true });
  // @ts-expect-error: not what forward takes
  functionalCall(layer, params, "image");

  const [values, places] = new nn.AdaptiveMaxPool2d(3, { returnIndices: true })(x);
  same<typeof values, Tensor>(true);
  same<typeof places, Tensor>(true);
  same<ReturnType<nn.AdaptiveMaxPool2d["forward"]>, Tensor>(true);
  x.newZeros(2, 3)
    .newFull([2], 1)
    .newTensor([[1, 2]]);
  // @ts-expect-error: a value is missing
  x.newFull([2]);
  nn.init.dirac_(x, { groups: 2 });
  // @ts-expect-error: the share of zeros is missing
  nn.init.sparse_(x);
}

export function transformsKeepTheirTrees(w: Tensor, b: Tensor, x: Tensor): void {
  const loss = (p: { w: Tensor; b: readonly [Tensor, Tensor] }, y: Tensor): Tensor => y.matmul(p.w).add(p.b[0]).sum();
  const args = [{ w, b: [b, b] }, x] as const;
  same<ReturnType<typeof run>, Tensor>(true);
  function run(): Tensor {
    const hessians = hessian(loss)(...args);
    return hessians.w.b[0].add(hessians.b[1].w);
  }
  const [both, aux] = grad((p: { w: Tensor }) => [p.w.sum(), "note"] as const, { hasAux: true })({ w });
  same<typeof both, { w: Tensor }>(true);
  same<typeof aux, "note">(true);
  const jacobian = jacrev((p: { w: Tensor }) => ({ a: p.w, b: p.w }))({ w });
  same<typeof jacobian.a.w, Tensor>(true);
  const [outputs, pullback] = vjp((p: { w: Tensor }, y: Tensor) => ({ out: p.w.mul(y) }), { w }, x);
  same<typeof outputs, { out: Tensor }>(true);
  const [byParameters, byInput] = pullback({ out: x });
  same<typeof byParameters, { w: Tensor }>(true);
  same<typeof byInput, Tensor>(true);
  // @ts-expect-error: cotangents are built as the results
  pullback({ other: x });
  // Of one tensor by one tensor derivatives are a tensor, also below vmap.
  const single = (y: Tensor): Tensor => y.pow(3).sum();
  same<ReturnType<ReturnType<typeof rows>>, Tensor>(true);
  function rows() {
    vmap(hessian(single))(w).at(0, 1);
    vmap(grad(single))(w).sum();
    return vmap(jacrev(single));
  }
  // @ts-expect-error: no such kind of randomness
  vmap((y) => y, { randomness: "some" });
}

export function optimizersTakeStatesOfPyTorch(optimizer: optim.Adam, state: optim.TorchOptimizerState): void {
  optimizer.loadStateDict(state);
  optimizer.loadStateDict(optimizer.torchStateDict());
  optimizer.loadStateDict(optimizer.stateDict());
  // @ts-expect-error: the groups are missing
  optimizer.loadStateDict({ state: {} });
}

export function optionsOfFunctions(x: Tensor): void {
  same<ReturnType<typeof places>, Tensor[]>(true);
  function places() {
    return nonzero(x, { asTuple: true });
  }
  const rows = nonzero(x);
  same<typeof rows, Tensor>(true);
  glu(x, 1);
  // @ts-expect-error: no such triangle
  eigh(x, { UPLO: "M" });
  // @ts-expect-error: an unknown option
  mseLoss(x, x, { weights: x });
}

export function resultsWithNamesComeApart(x: Tensor, model: nn.Module): void {
  const { values, indices } = x.max(1);
  same<typeof values, Tensor>(true);
  for (const part of x.sort()) same<typeof part, Tensor>(true);
  const predicted = x.max(1)[1];
  same<typeof predicted, Tensor>(true);
  svd(x)[2].add(slogdet(x)[0]);
  indices.add(values);
  x.clamp_({ min: 0 }).clamp_(0, 1);
  // Who attaches a hook knows what the module gives.
  model.registerForwardHook((_module, _args, output: Tensor) => {
    output.detach();
  });
  model.registerForwardPreHook((_module, [first]: readonly [Tensor]) => [first.mul(2)]);
}
