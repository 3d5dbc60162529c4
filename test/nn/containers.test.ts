// Sequential, ModuleList, ModuleDict.
import { ones, type Tensor } from "gradus";
import * as nn from "gradus/nn";
import { describe, expect, test } from "vitest";

describe("Sequential", () => {
  test("given modules, it chains them; keys are positions", () => {
    const model = new nn.Sequential(new nn.Linear(3, 4), new nn.ReLU(), new nn.Linear(4, 1));
    expect(model(ones([2, 3])).shape).toEqual([2, 1]);
    expect(Object.keys(model.stateDict())).toEqual(["0.weight", "0.bias", "2.weight", "2.bias"]);
    expect(model.at(-1)).toBe([...model][2]);
    expect(model.size).toBe(3);
  });

  test("given an object, keys are its names", () => {
    const model = new nn.Sequential({ body: new nn.Linear(1, 1, { bias: false }), act: new nn.Tanh() });
    expect(Object.keys(model.stateDict())).toEqual(["body.weight"]);
    expect(model(ones([1])).shape).toEqual([1]);
  });

  test("given nothing, it returns its input", () => {
    const x = ones([1]);
    expect(new nn.Sequential()(x)).toBe(x);
  });

  test("given something else, it throws naming the place", () => {
    expect(() => new nn.Sequential(new nn.ReLU(), 3 as unknown as nn.ReLU)).toThrow(
      "Sequential: module 1 is number, not a module",
    );
  });
});

describe("ModuleList and ModuleDict", () => {
  class Model extends nn.Module {
    layers = new nn.ModuleList([new nn.Linear(2, 2), new nn.Linear(2, 2)]);
    heads = new nn.ModuleDict({ a: new nn.Linear(2, 1), train: new nn.Linear(2, 1) });
    forward(x: Tensor): Tensor {
      let y = x;
      for (const layer of this.layers) y = layer(y);
      return this.heads.get("train")(y);
    }
  }

  test("given a model with both, modules are found and used", () => {
    const model = new Model();
    expect(model(ones([1, 2])).shape).toEqual([1, 1]);
    expect(model.namedChildren().map(([name]) => name)).toEqual(["layers", "heads"]);
    expect(model.namedModules().map(([name]) => name)).toEqual([
      "",
      "layers",
      "layers.0",
      "layers.1",
      "heads",
      "heads.a",
      "heads.train",
    ]);
  });

  test("given append and set, the lists grow", () => {
    const model = new Model();
    model.layers.append(new nn.Linear(2, 2));
    model.heads.set("b", new nn.Linear(2, 1));
    expect([model.layers.size, model.heads.size]).toEqual([3, 3]);
    expect(model.parameters()).toHaveLength(12);
  });

  test("given a call, each throws saying to use its modules", () => {
    expect(() => new nn.ModuleList()()).toThrow(
      "ModuleList: has no forward; loop over it in the forward of the module that holds it",
    );
    expect(() => new nn.ModuleDict().get("x")).toThrow('ModuleDict: no module "x"; it has ');
  });

  test("given slices, they hold the same modules; those of a Sequential keep their names", () => {
    const [a, b, c] = [new nn.Linear(2, 2), new nn.ReLU(), new nn.Linear(2, 2)];
    const chain = new nn.Sequential(a, b, c);
    expect(Object.keys(chain.slice(1).stateDict())).toEqual(["2.weight", "2.bias"]);
    expect(Object.keys(chain.slice(0, -1).append(c).stateDict())).toEqual(Object.keys(chain.stateDict()));
    expect(chain.slice(-1).at(0)).toBe(c);
    expect(chain.slice(3).length).toBe(0);
    const named = new nn.Sequential({ first: a, second: b });
    expect(Object.keys(named.slice(0, 1).stateDict())).toEqual(["first.weight", "first.bias"]);
    const list = new nn.ModuleList([a, b, c]).slice(1, 3);
    expect([list.length, list.at(1), Object.keys(list.stateDict())]).toEqual([2, c, ["1.weight", "1.bias"]]);
    expect(new nn.ParameterList([a.weight, a.bias!]).slice(1).at(0)).toBe(a.bias);
  });

  test("given pairs or another dictionary, dictionaries are made of them; popItem takes the last", () => {
    const [a, b] = [new nn.Linear(2, 2), new nn.ReLU()];
    const dict = new nn.ModuleDict<nn.Linear | nn.ReLU>([
      ["a", a],
      ["b", b],
    ]);
    const other = new nn.ModuleDict<nn.Linear | nn.ReLU>(dict);
    expect(other.popItem()).toEqual(["b", b]);
    expect([other.keys(), dict.keys()]).toEqual([["a"], ["a", "b"]]);
    const scales = new nn.ParameterDict({ w: a.weight });
    const copy = scales.copy();
    expect(copy.get("w")).toBe(a.weight);
    copy.clear();
    expect(scales.size).toBe(1);
    expect(() => copy.popItem()).toThrow("ParameterDict: popItem: it has none");
  });
});
