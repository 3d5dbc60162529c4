// The module mechanism: calling, finding fields, modes, hooks, copies, printing.
import { manualSeed, ones, randn, type Tensor, tensor, zeros } from "gradus";
import * as nn from "gradus/nn";
import { afterEach, describe, expect, test, vi } from "vitest";

class Net extends nn.Module {
  fcIn = new nn.Linear(3, 4);
  act = new nn.ReLU();
  fcOut = new nn.Linear(4, 2, { bias: false });
  forward(x: Tensor): Tensor {
    return this.fcOut(this.act(this.fcIn(x)));
  }
}

class Nested extends nn.Module {
  scale = new nn.Parameter(ones([2]));
  counts = new nn.Buffer(zeros([1]));
  scratch = new nn.Buffer(zeros([1]), { persistent: false });
  layers = [new nn.Linear(2, 2), new nn.Linear(2, 2)];
  byName = { first: new nn.Linear(2, 2), list: [new nn.Parameter(ones([1]))] };
  plain = ones([3]);
  name = "nested";
  length = 7;
  forward(x: Tensor): Tensor {
    return this.layers[1]!(this.layers[0]!(x)).mul(this.scale);
  }
}

afterEach(() => void vi.restoreAllMocks());

describe("a module", () => {
  test("given an input, calling it runs forward, and it is an instance of its classes and of function type", () => {
    const net = new Net();
    expect(net(randn([5, 3])).shape).toEqual([5, 2]);
    expect(net).toBeInstanceOf(Net);
    expect(net).toBeInstanceOf(nn.Module);
    expect(typeof net).toBe("function");
  });

  test("given fields called name and length, they hold what was assigned", () => {
    const nested = new Nested();
    expect([nested.name, nested.length]).toEqual(["nested", 7]);
    expect(Object.keys(new Net())).toEqual(["fcIn", "act", "fcOut"]);
  });

  test("given private fields and accessors, they work on the callable", () => {
    class Private extends nn.Module {
      #factor = 2;
      get factor(): number {
        return this.#factor;
      }
      forward(x: Tensor): Tensor {
        return x.mul(this.#factor);
      }
    }
    const module = new Private();
    expect(module.factor).toBe(2);
    expect(module(tensor([3])).toArray()).toEqual([6]);
  });
});

describe("a call that fails before it begins", () => {
  test("given pending work that fails as a module is entered, the next module is not taken for a part of it", () => {
    const warn = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const [first, second] = [new Net(), new Net()];
    const x = randn([1, 3]);
    first(x).toArray();
    const index = tensor([7], { dtype: "int32" }).add(0);
    let pending = zeros([5, 2]).indexSelect(0, index);
    for (let i = 0; i < 150; i++) pending = pending.add(1);

    expect(() => first(x)).toThrow("index 7 is out of range");

    expect(second(x).shape).toEqual([1, 2]);
    expect(warn).not.toHaveBeenCalled();
  });
});

describe("fields", () => {
  test("given parameters, buffers, modules, arrays and objects of them, all are found in order by their keys", () => {
    const nested = new Nested();
    expect(nested.namedParameters().map(([name]) => name)).toEqual([
      "scale",
      "by_name.list.0",
      "layers.0.weight",
      "layers.0.bias",
      "layers.1.weight",
      "layers.1.bias",
      "by_name.first.weight",
      "by_name.first.bias",
    ]);
    expect(nested.namedBuffers().map(([name]) => name)).toEqual(["counts", "scratch"]);
    expect(nested.namedModules().map(([name]) => name)).toEqual(["", "layers.0", "layers.1", "by_name.first"]);
    expect(nested.children()).toHaveLength(3);
  });

  test("given a tied parameter, it counts once but is in the state dict under both keys", () => {
    class Tied extends nn.Module {
      a = new nn.Linear(2, 2, { bias: false });
      b = new nn.Linear(2, 2, { bias: false });
      forward(x: Tensor): Tensor {
        return this.b(this.a(x));
      }
    }
    const tied = new Tied();
    tied.b.weight = tied.a.weight;
    expect(tied.parameters()).toHaveLength(1);
    expect(tied.parameters()[0] === tied.a.weight).toBe(true);
    expect(Object.keys(tied.stateDict())).toEqual(["a.weight", "b.weight"]);
  });

  test("given static stateKeys, keys follow it", () => {
    class Renamed extends nn.Module {
      static override readonly stateKeys = { head: "classifier" };
      head = new nn.Linear(1, 1);
      forward(x: Tensor): Tensor {
        return this.head(x);
      }
    }
    expect(Object.keys(new Renamed().stateDict())).toEqual(["classifier.weight", "classifier.bias"]);
  });

  test("given a name, getSubmodule and getParameter find it or throw naming it", () => {
    const net = new Net();
    expect(net.getSubmodule("fc_in")).toBe(net.fcIn);
    expect(net.getParameter("fc_out.weight")).toBe(net.fcOut.weight);
    expect(() => net.getParameter("fc_out.bias")).toThrow('getParameter: Net has no parameter "fc_out.bias"');
  });

  test("given a trainable module in a private field, one warning says its parameters are lost", () => {
    class Hidden extends nn.Module {
      #fc = new nn.Linear(2, 2);
      forward(x: Tensor): Tensor {
        return this.#fc(x);
      }
    }
    const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const hidden = new Hidden();
    hidden(ones([1, 2]));
    hidden(ones([1, 2]));
    expect(write.mock.calls.map(([text]) => text)).toEqual([
      "Hidden: forward calls a Linear that is in none of its fields, so its parameters are not trained, saved or moved; keep it in a field that is not private (fc, not #fc)\n",
    ]);
  });

  test("given an activation made in forward, there is no warning", () => {
    class Inline extends nn.Module {
      forward(x: Tensor): Tensor {
        return new nn.ReLU()(x);
      }
    }
    const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    new Inline()(ones([1]));
    expect(write).not.toHaveBeenCalled();
  });
});

describe("errors", () => {
  test("given a layer deep inside that gets a wrong shape, the message ends with its path", () => {
    class Outer extends nn.Module {
      net = new Net();
      forward(x: Tensor): Tensor {
        return this.net(x);
      }
    }
    expect(() => new Outer()(ones([5, 7]))).toThrow(/ \(in Outer\.net\.fcIn\)$/);
  });

  test("given a bare layer, the message has no path", () => {
    expect(() => new nn.Linear(3, 4)(ones([5, 7]))).not.toThrow(/\(in /);
  });
});

describe("modes", () => {
  test("given eval and train, all modules inside follow, and the module is returned", () => {
    const net = new Net();
    expect(net.eval()).toBe(net);
    expect(net.modules().map(({ training }) => training)).toEqual([false, false, false, false]);
    net.train();
    expect(net.act.training).toBe(true);
  });

  test("given requiresGrad_(false), backward leaves the parameters without gradient", () => {
    const net = new Net();
    net.fcIn.requiresGrad_(false);
    net(ones([1, 3]))
      .sum()
      .backward();
    expect(net.fcIn.weight.grad).toBe(null);
    expect(net.fcOut.weight.grad?.shape).toEqual([2, 4]);
  });

  test("given gradients, zeroGrad drops them or sets zeros", () => {
    const net = new Net();
    net(ones([1, 3]))
      .sum()
      .backward();
    net.zeroGrad({ setToNone: false });
    expect(net.fcOut.weight.grad?.toArray()).toEqual([
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ]);
    net.zeroGrad();
    expect(net.fcOut.weight.grad).toBe(null);
  });

  test("given apply, inner modules come before outer ones", () => {
    const names: string[] = [];
    new Net().apply((module) => names.push(module.constructor.name));
    expect(names).toEqual(["Linear", "ReLU", "Linear", "Net"]);
  });

  test("given to('float64'), parameters and float buffers change dtype in place and keep their values", () => {
    const norm = new nn.BatchNorm1d(2);
    const { weight } = norm;
    expect(norm.to("float64")).toBe(norm);
    expect(norm.weight).toBe(weight);
    expect([weight!.dtype, norm.runningVar!.dtype, norm.numBatchesTracked!.dtype]).toEqual([
      "float64",
      "float64",
      "int64",
    ]);
    expect(weight!.toArray()).toEqual([1, 1]);
    expect(weight!.requiresGrad && weight!.isLeaf).toBe(true);
    expect(() => norm.to("int32")).toThrow("Module.to: dtype must be a float dtype, got int32");
  });
});

describe("clone", () => {
  test("given a module, the copy has equal but separate parameters, ties and modes", () => {
    const net = new Net().eval();
    const copy = net.clone();
    expect(copy).toBeInstanceOf(Net);
    expect(copy.training).toBe(false);
    expect(copy.fcIn.weight === net.fcIn.weight).toBe(false);
    expect(copy.fcIn.weight.toArray()).toEqual(net.fcIn.weight.toArray());
    copy.fcIn.weight.detach().zero_();
    expect(net.fcIn.weight.abs().sum().item()).toBeGreaterThan(0);
    const x = ones([1, 3]);
    expect(copy(x).shape).toEqual([1, 2]);
  });

  test("given tied parameters, they are tied in the copy", () => {
    const nested = new Nested();
    nested.layers[1]!.weight = nested.layers[0]!.weight;
    const copy = nested.clone();
    expect(copy.layers[1]!.weight).toBe(copy.layers[0]!.weight);
    expect(copy.scratch.persistent).toBe(false);
  });
});

describe("hooks", () => {
  test("given forward hooks, they see and replace arguments and output, until they are removed", () => {
    const layer = new nn.Identity();
    const pre = layer.registerForwardPreHook((_module, [x]) => [(x as Tensor).mul(10)]);
    const post = layer.registerForwardHook((_module, [x], y) => (y as Tensor).add(x as Tensor));
    expect(layer(tensor([1])).toArray()).toEqual([20]);
    pre.remove();
    post.remove();
    expect(layer(tensor([1])).toArray()).toEqual([1]);
  });

  test("given a hook on an inner module, what it kept can be read later", () => {
    manualSeed(0);
    const net = new Net();
    let seen: Tensor | null = null;
    net.act.registerForwardHook((_module, _args, y) => {
      seen = y as Tensor;
    });
    const loss = net(ones([1, 3])).sum();
    loss.backward();
    expect(loss.item()).toBeTypeOf("number");
    expect(seen!.shape).toEqual([1, 4]);
    expect(seen!.ge(0).all().item()).toBe(true);
  });

  test("given a full backward hook, it gets the gradients of input and output and may replace the former", () => {
    const layer = new nn.Linear(1, 1, { bias: false });
    layer.weight.detach().fill_(3);
    const seen: number[] = [];
    layer.registerFullBackwardHook((_module, [gradInput], [gradOutput]) => {
      seen.push(gradInput!.item() as number, gradOutput!.item() as number);
      return [gradInput!.mul(100)];
    });
    const x = tensor([[2]], { requiresGrad: true });
    layer(x).mul(5).sum().backward();
    expect(seen).toEqual([15, 5]);
    expect(x.grad!.toArray()).toEqual([[1500]]);
    expect(layer.weight.grad!.toArray()).toEqual([[10]]);
  });
});

describe("toString", () => {
  test("given a model, it prints the tree as PyTorch does", () => {
    expect(String(new Net())).toBe(
      `Net(
  (fcIn): Linear(inFeatures=3, outFeatures=4, bias=true)
  (act): ReLU()
  (fcOut): Linear(inFeatures=4, outFeatures=2, bias=false)
)`,
    );
  });

  test("given containers, their items are numbered", () => {
    const model = new nn.Sequential(new nn.Conv2d(1, 32, 3), new nn.MaxPool2d(2, 2), new nn.Flatten());
    expect(String(model)).toBe(
      `Sequential(
  (0): Conv2d(1, 32, kernelSize=[3, 3], stride=[1, 1])
  (1): MaxPool2d(kernelSize=2, stride=2)
  (2): Flatten(startDim=1, endDim=-1)
)`,
    );
  });
});
