// Members that get their names at run time; containers that grow and shrink; state of a module's own making.
import { arange, noGrad, ones, randn, type Tensor, tensor, zeros } from "gradus";
import * as nn from "gradus/nn";
import { describe, expect, test } from "vitest";

class Masked extends nn.Module {
  declare mask: nn.Buffer;
  fc = new nn.Linear(2, 2);
  layers = [new nn.Linear(2, 2), new nn.ReLU()];
  constructor() {
    super();
    this.registerBuffer("mask", tensor([1, 0]));
    this.registerBuffer("stepCount", zeros([]), { persistent: false });
  }
  forward(x: Tensor): Tensor {
    return this.fc(x).mul(this.mask);
  }
}

describe("registering", () => {
  test("given buffers, they are fields, moved with the module and, if persistent, in its state", () => {
    const model = new Masked();
    expect(model.namedBuffers().map(([name]) => name)).toEqual(["mask", "step_count"]);
    expect(Object.keys(model.stateDict())).toContain("mask");
    expect(Object.keys(model.stateDict())).not.toContain("step_count");
    expect(model.double().mask.dtype).toBe("float64");
    expect(model.getBuffer("step_count")).toBe((model as unknown as { stepCount: nn.Buffer }).stepCount);
    model.registerBuffer("mask", ones([2]));
    expect(model.mask.toArray()).toEqual([1, 1]);
    expect(model.registerBuffer("none", null)).toBe(null);
  });

  test("given parameters and modules, they are found by name", () => {
    const model = new Masked();
    const scale = new nn.Parameter(ones([2]));
    model.registerParameter("scale", scale);
    model.addModule("head", new nn.Linear(2, 1));
    expect(model.getParameter("scale")).toBe(scale);
    expect(model.getParameter("head.weight").shape).toEqual([1, 2]);
    expect(model.getSubmodule("")).toBe(model);
    expect(model.getSubmodule("layers.1")).toBe(model.layers[1]);
    const tied = new nn.ModuleDict({ a: model.fc, b: model.fc });
    expect(tied.getParameter("b.weight")).toBe(model.fc.weight);
  });

  test("given names that are taken, have dots or do not fit, it throws", () => {
    const model = new Masked();
    expect(() => model.registerBuffer("fc", ones([1]))).toThrow(
      'registerBuffer: Masked has a "fc" already that is no buffer; take another name',
    );
    expect(() => model.addModule("forward", new nn.ReLU())).toThrow('addModule: Masked has a "forward" already');
    expect(() => model.registerBuffer("a.b", ones([1]))).toThrow(
      'registerBuffer: a name is a text without dots, got "a.b"',
    );
    expect(() => model.registerParameter("w", ones([1]) as nn.Parameter)).toThrow(
      "registerParameter: takes a Parameter or null; make one with new nn.Parameter(tensor)",
    );
    expect(() => model.getBuffer("fc.weight")).toThrow('getBuffer: Masked has no buffer "fc.weight"');
    expect(() => new nn.ModuleList([new nn.ReLU()]).addModule("act", new nn.ReLU())).toThrow(
      'addModule: ModuleList has positions, so the next name is "1", got "act"',
    );
  });

  test("given setSubmodule, modules in fields, arrays and containers are replaced", () => {
    const model = new Masked();
    const [a, b, c] = [new nn.Linear(2, 2), new nn.Tanh(), new nn.Tanh()];
    model.setSubmodule("fc", a);
    model.setSubmodule("layers.1", b);
    model.addModule("body", new nn.Sequential({ act: new nn.ReLU() }));
    model.setSubmodule("body.act", c);
    model.setSubmodule("body.more", new nn.Tanh());
    expect([model.fc, model.layers[1], model.getSubmodule("body.act")]).toEqual([a, b, c]);
    expect(String(model.getSubmodule("body"))).toBe("Sequential(\n  (act): Tanh()\n  (more): Tanh()\n)");
    const named = new nn.Sequential({ act: new nn.ReLU() });
    expect(() => named.setSubmodule("0", a)).toThrow("addModule: a number cannot follow names (act)");
    const listed = new nn.Sequential(new nn.ReLU());
    listed.setSubmodule("act", a);
    expect(listed.namedChildren().map(([name]) => name)).toEqual(["0", "act"]);
    expect(() => model.setSubmodule("none", a, { strict: true })).toThrow('setSubmodule: Masked has no module "none"');
    expect(() => model.setSubmodule("mask", a)).toThrow('setSubmodule: "mask" of Masked is no module');
    expect(() => model.setSubmodule("none.fc", a)).toThrow('setSubmodule: Masked has no module "none"');
  });
});

describe("containers that change", () => {
  const kinds = (modules: Iterable<nn.Module>) => Array.from(modules, (module) => module.constructor.name);

  test("given a Sequential, modules are added, inserted, replaced and taken out", () => {
    const model = new nn.Sequential(new nn.Linear(2, 3));
    model.append(new nn.ReLU()).extend([new nn.Linear(3, 1), new nn.Tanh()]);
    model.extend(new nn.Sequential(new nn.Sigmoid()));
    expect(kinds(model)).toEqual(["Linear", "ReLU", "Linear", "Tanh", "Sigmoid"]);
    expect(model.pop()).toBeInstanceOf(nn.Sigmoid);
    expect(model.pop(1)).toBeInstanceOf(nn.ReLU);
    model.insert(1, new nn.GELU()).set(-1, new nn.Identity());
    expect(kinds(model)).toEqual(["Linear", "GELU", "Linear", "Identity"]);
    expect([model.length, model.size]).toEqual([4, 4]);
    expect(Object.keys(model.stateDict())).toEqual(["0.weight", "0.bias", "2.weight", "2.bias"]);
    expect(model(ones([5, 2])).shape).toEqual([5, 1]);
    expect(() => model.pop(9)).toThrow("Sequential: index 9 is out of range for 4 modules");
    expect(() => model.append(3 as unknown as nn.ReLU)).toThrow("Sequential: module 4 is number, not a module");
  });

  test("given a name, a Sequential of positions keeps them as names, in order; a number behind names is an error", () => {
    const model = new nn.Sequential(new nn.Linear(3, 3));
    model.addModule("act", new nn.Tanh());
    model.addModule("head", new nn.Linear(3, 2));
    expect(Object.keys(model.stateDict())).toEqual(["0.weight", "0.bias", "head.weight", "head.bias"]);
    expect([...model.namedChildren()].map(([name]) => name)).toEqual(["0", "act", "head"]);
    expect(model(ones([1, 3])).shape).toEqual([1, 2]);
    expect(() => model.addModule("3", new nn.ReLU())).toThrow(
      'addModule: a number cannot follow names (0, act, head), got "3"; take a name that is none',
    );
  });

  test("given names, a Sequential gets more of them by addModule", () => {
    const model = new nn.Sequential({ body: new nn.Linear(1, 1), act: new nn.Tanh() });
    expect(() => model.append(new nn.ReLU())).toThrow(
      "Sequential: append gives modules positions, and those here have names (body, act); use addModule(name, module)",
    );
    model.addModule("last", new nn.ReLU());
    expect(kinds(model)).toEqual(["Linear", "Tanh", "ReLU"]);
    expect(model.pop(0)).toBeInstanceOf(nn.Linear);
    expect(Object.keys(model.items)).toEqual(["act", "last"]);
  });

  test("given lists and dictionaries of modules, they change as PyTorch's", () => {
    const list = new nn.ModuleList<nn.Module>([new nn.ReLU()]).extend([new nn.Tanh(), new nn.GELU()]);
    list.insert(0, new nn.Identity()).insert(4, new nn.SiLU());
    expect(kinds(list)).toEqual(["Identity", "ReLU", "Tanh", "GELU", "SiLU"]);
    expect([list.pop().constructor.name, list.pop(0).constructor.name, list.length]).toEqual(["SiLU", "Identity", 3]);
    expect(() => list.extend([new nn.ReLU(), 1 as unknown as nn.ReLU])).toThrow("ModuleList: module 4 is number");
    expect(list.length).toBe(3);

    const dict = new nn.ModuleDict<nn.Module>({ a: new nn.ReLU() }).update({ b: new nn.Tanh(), a: new nn.GELU() });
    dict.update([["c", new nn.SiLU()]]);
    expect(dict.entries().map(([name, m]) => `${name} ${m.constructor.name}`)).toEqual(["a GELU", "b Tanh", "c SiLU"]);
    expect(dict.pop("b")).toBeInstanceOf(nn.Tanh);
    expect(() => dict.pop("b")).toThrow('ModuleDict: no module "b"; it has a, c');
    dict.clear();
    expect(dict.size).toBe(0);
  });

  test("given tensors, ParameterList and ParameterDict hold parameters", () => {
    class Model extends nn.Module {
      list = new nn.ParameterList([ones([2]), new nn.Parameter(zeros([3]))]);
      dict = new nn.ParameterDict({ left: ones([1]) });
      forward(x: Tensor): Tensor {
        return this.list.at(0).mul(x).add(this.dict.get("left"));
      }
    }
    const model = new Model();
    model.list.append(randn([4]));
    expect(model.dict.setDefault("left", zeros([1])).item()).toBe(1);
    model.dict.setDefault("right", zeros([1]));
    expect(model.namedParameters().map(([name]) => name)).toEqual([
      "list.0",
      "list.1",
      "list.2",
      "dict.left",
      "dict.right",
    ]);
    model(ones([2]))
      .sum()
      .backward();
    expect(model.list.at(0).grad!.toArray()).toEqual([1, 1]);
    expect(String(model.dict)).toBe("ParameterDict(left=float32[1], right=float32[1])");
    expect(Object.keys(model.clone().stateDict())).toEqual(Object.keys(model.stateDict()));
    expect(() => model.list.append(1 as unknown as Tensor)).toThrow(
      "ParameterList: parameter 3 is number, not a tensor",
    );
  });
});

describe("state", () => {
  class Counter extends nn.Module {
    seen = 0;
    forward(x: Tensor): Tensor {
      this.seen++;
      return x;
    }
    override getExtraState(): Tensor {
      return tensor([this.seen], { dtype: "int64" });
    }
    override setExtraState(state: Tensor): void {
      this.seen = Number(state.at(0).item());
    }
  }

  test("given getExtraState, the state has it under _extra_state and gives it back", () => {
    const model = new nn.Sequential(new nn.Linear(1, 1), new Counter());
    model(ones([1]));
    const state = model.stateDict();
    expect(Object.keys(state)).toEqual(["0.weight", "0.bias", "1._extra_state"]);
    const other = new nn.Sequential(new nn.Linear(1, 1), new Counter());
    other.loadStateDict(state);
    expect((other.at(1) as Counter).seen).toBe(1);
    const { "1._extra_state": _, ...rest } = state;
    expect(() => other.loadStateDict(rest)).toThrow("missing keys: 1._extra_state");
  });

  test("given assign, parameters take the state's dtype and stay the same objects", () => {
    const model = new nn.Linear(2, 2);
    const { weight } = model;
    weight.grad = ones([2, 2]);
    const state = new nn.Linear(2, 2).double().stateDict();
    model.loadStateDict(state, { assign: true });
    expect(model.weight).toBe(weight);
    expect([weight.dtype, weight.requiresGrad, weight.grad]).toEqual(["float64", true, null]);
    expect(weight.toArray()).toEqual(state.weight!.toArray());
    model(ones([1, 2], { dtype: "float64" }))
      .sum()
      .backward();
    expect(weight.grad!.toArray()).toEqual([
      [1, 1],
      [1, 1],
    ]);
    expect(() =>
      model.loadStateDict({ weight: arange(4).to("int64").view(2, 2), bias: zeros([2]) }, { assign: true }),
    ).toThrow(
      "loadStateDict: weight is int64 in the state and cannot be assigned to a parameter that needs a gradient",
    );
  });
});

test("spectralNorm: given that parameters and state are listed, its vectors stay; clones have it too", () => {
  const layer = nn.utils.spectralNorm(new nn.Linear(3, 2));
  const vector = () => [...(layer.stateDict()["parametrizations.weight.0._u"] as Tensor).toTypedArray()];
  noGrad(() => layer.parameters()[1]?.copy_(ones([2, 3]).cumsum(0)));
  const before = vector();
  layer.parameters();
  layer.modules();
  expect(vector()).toEqual(before);
  const copy = layer.clone();
  expect(copy.weight.toArray()).not.toEqual(copy.getParameter("parametrizations.weight.original").toArray());
  layer(ones([1, 3]));
  expect(vector()).not.toEqual(before);
});
