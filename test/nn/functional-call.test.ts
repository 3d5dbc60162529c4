// Modules as functions of their parameters: other values, ties, parametrizations, gradients of functions, ensembles.
import { allclose, ones, randn, relu, type Tensor, tensor, zeros } from "gradus";
import { functionalCall, grad, type NamedTensors, stackModuleState, vmap } from "gradus/func";
import * as nn from "gradus/nn";
import { linear } from "gradus/nn/functional";
import { describe, expect, test } from "vitest";

const close = (a: Tensor, b: Tensor) => expect(allclose(a, b, { rtol: 1e-5, atol: 1e-6 })).toBe(true);
const named = (module: nn.Module) => Object.fromEntries(module.namedParameters());

class Net extends nn.Module {
  readonly layers = [new nn.Linear(3, 4), new nn.Linear(4, 2)];

  forward(x: Tensor): Tensor {
    const [first, second] = this.layers as [nn.Linear, nn.Linear];
    return second(relu(first(x)));
  }
}

class Tied extends nn.Module {
  readonly foo = new nn.Parameter(ones([]));
  readonly fooTied = this.foo;

  forward(x: Tensor): Tensor {
    return x.add(this.foo).add(this.fooTied);
  }
}

class Doubled extends nn.Module {
  forward(x: Tensor): Tensor {
    return x.mul(2);
  }
}

describe("functionalCall", () => {
  test("given other values, computes with them and leaves the module as it was", () => {
    const net = new Net();
    const before = net.layers.map(({ weight }) => weight);
    const [w0, x] = [randn([4, 3]), randn([5, 3])];
    const out = functionalCall(net, { "layers.0.weight": w0 }, x);
    const [first, second] = net.layers as [nn.Linear, nn.Linear];
    close(out, second(relu(linear(x, w0, first.bias))));
    net.layers.forEach(({ weight }, i) => void expect(weight).toBe(before[i]));
    expect(net.namedParameters().map(([key]) => key)).toEqual([
      "layers.0.weight",
      "layers.0.bias",
      "layers.1.weight",
      "layers.1.bias",
    ]);
  });

  test("given an error in forward, the module has its own tensors again", () => {
    const layer = new nn.Linear(3, 2);
    const { weight } = layer;
    expect(() => functionalCall(layer, { weight: zeros([2, 3]) }, zeros([4, 7]))).toThrow("linear");
    expect(layer.weight).toBe(weight);
  });

  test("given several objects and several arguments, uses all of them; a key in two of them throws", () => {
    const layer = new nn.Bilinear(2, 3, 1);
    const [a, b] = [randn([5, 2]), randn([5, 3])];
    const zero = functionalCall(layer, [{ weight: zeros([1, 2, 3]) }, { bias: ones([1]) }], [a, b]);
    close(zero, ones([5, 1]));
    expect(() => functionalCall(layer, [{ bias: ones([1]) }, { bias: ones([1]) }], [a, b])).toThrow(
      'functionalCall: "bias" is in more than one of the objects',
    );
  });

  // The cases of PyTorch's documentation of torch.func.functional_call.
  test("given tied weights, one value counts for both keys, unless tieWeights is false; different values throw", () => {
    const tied = new Tied();
    const at = (values: NamedTensors, options = {}) => functionalCall(tied, values, zeros([]), options).item();
    expect(at({ foo: zeros([]) })).toBe(0);
    expect(at({ foo_tied: zeros([]) })).toBe(0);
    expect(at({ foo: zeros([]) }, { tieWeights: false })).toBe(1);
    const same = zeros([]);
    expect(at({ foo: same, foo_tied: same })).toBe(0);
    expect(() => at({ foo: zeros([]), foo_tied: ones([]) })).toThrow(
      "functionalCall: foo, foo_tied are one tensor in the module but got different values; pass one, or { tieWeights: false }",
    );
  });

  test("given strict, missing and unexpected keys throw; without, they are let through", () => {
    const layer = new nn.Linear(2, 1);
    const values = { weight: zeros([1, 2]), wieght: zeros([1, 2]) };
    expect(() => functionalCall(layer, values, zeros([3, 2]), { strict: true })).toThrow(
      "functionalCall: the tensors do not fit Linear; missing keys: bias; unexpected keys: wieght",
    );
    close(functionalCall(layer, values, ones([3, 2])), layer.bias?.expand(3, 1) as Tensor);
  });

  test("given buffers, running statistics are written into them and not into the module's", () => {
    const norm = new nn.BatchNorm1d(2);
    const buffers = { running_mean: zeros([2]), running_var: ones([2]), num_batches_tracked: tensor(0n) };
    const x = randn([8, 2]).add(5);
    functionalCall(norm, buffers, x);
    close(buffers.running_mean, x.mean(0).mul(0.1));
    close(norm.runningMean as Tensor, zeros([2]));
  });

  test("given a parametrized weight, its own key turns the parametrization off, the original's goes through it", () => {
    const layer = nn.utils.registerParametrization(new nn.Linear(2, 1, { bias: false }), "weight", new Doubled());
    const [x, w] = [ones([1, 2]), ones([1, 2])];
    expect(functionalCall(layer, { weight: w }, x).item()).toBe(2);
    expect(functionalCall(layer, { "parametrizations.weight.original": w }, x).item()).toBe(4);
    close(layer.weight, layer.getParameter("parametrizations.weight.original").mul(2));
  });

  test("given wrong arguments, throws and says what to do", () => {
    const layer = new nn.Linear(2, 1);
    expect(() => functionalCall(layer, new Map() as never, zeros([1, 2]))).toThrow(
      "functionalCall: parametersAndBuffers must be an object of tensors by key, or an array of them; write Object.fromEntries(model.namedParameters())",
    );
    expect(() => functionalCall(layer, { weight: 3 as never }, zeros([1, 2]))).toThrow(
      "functionalCall: weight must be a Tensor, got number; make it one with tensor(…)",
    );
    expect(() => functionalCall(3 as unknown as nn.Linear, {}, zeros([1, 2]))).toThrow(
      "functionalCall: the first argument must be a module",
    );
  });
});

describe("transforms of modules", () => {
  test("given grad of a loss of parameters, gives what backward gives, by key", () => {
    const net = new Net();
    const x = randn([5, 3]);
    const loss = (params: NamedTensors, input: Tensor) => functionalCall(net, params, input).square().mean();
    const gradients = grad(loss)(named(net), x);
    net(x).square().mean().backward();
    expect(Object.keys(gradients)).toEqual(net.namedParameters().map(([key]) => key));
    for (const [key, parameter] of net.namedParameters()) {
      close(gradients[key] as Tensor, parameter.grad as Tensor);
    }
  });

  test("given vmap of grad, gives the gradient of each example", () => {
    const net = new Net();
    const x = randn([6, 3]);
    const loss = (params: NamedTensors, input: Tensor) => functionalCall(net, params, input).square().sum();
    const each = vmap((params: NamedTensors, input: Tensor) => grad(loss)(params, input), { inDims: [null, 0] });
    const gradients = each(named(net), x);
    const weight = (net.layers[0] as nn.Linear).weight;
    for (const i of [0, 3]) {
      net.zeroGrad();
      net(x.select(0, i)).square().sum().backward();
      close((gradients["layers.0.weight"] as Tensor).select(0, i), weight.grad as Tensor);
    }
  });

  test("given an ensemble, vmap over stacked parameters gives each model's output", () => {
    const models = [new Net(), new Net(), new Net()] as const;
    const x = randn([4, 3]);
    const [params, buffers] = stackModuleState(models);
    expect((params["layers.0.weight"] as Tensor).shape).toEqual([3, 4, 3]);
    expect((params["layers.0.weight"] as Tensor).isLeaf).toBe(true);
    const all = vmap((p: NamedTensors, input: Tensor) => functionalCall(models[0], [p, buffers], input), {
      inDims: [0, null],
    });
    const out = all(params, x);
    models.forEach((model, i) => void close(out.select(0, i), model(x)));
    out.sum().backward();
    expect((params["layers.1.bias"] as Tensor).grad?.shape).toEqual([3, 2]);
  });

  test("given models without buffers, their empty object is no argument without a batch", () => {
    const models = [new nn.Linear(3, 2), new nn.Linear(3, 2)] as const;
    const x = randn([4, 3]);
    const all = vmap((p: NamedTensors, b: NamedTensors) => functionalCall(models[0], [p, b], x));

    const out = all(...stackModuleState(models));

    models.forEach((model, i) => void close(out.select(0, i), model(x)));
    expect(() => all({}, {})).toThrow("vmap: argument 0 must be a Tensor, or an array or object of tensors");
  });

  test("given models that differ in kind or mode, stackModuleState throws", () => {
    expect(() => stackModuleState([])).toThrow("stackModuleState: got no modules");
    expect(() => stackModuleState([new Net(), new Tied()])).toThrow(
      "stackModuleState: all modules must be of one class, got Net and Tied",
    );
    expect(() => stackModuleState([new Net(), new Net().eval()])).toThrow(
      "stackModuleState: some modules are in training mode and some are not; call eval() or train()",
    );
    const frozen = new Net().requiresGrad_(false);
    expect(() => stackModuleState([new Net(), frozen])).toThrow(
      'stackModuleState: "layers.0.weight" requires grad in some modules only',
    );
  });
});
