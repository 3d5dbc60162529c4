// Surplus arguments and unknown options: refused by every public function and class, and by calls of modules.
import * as gradus from "gradus";
import { ones, type Tensor } from "gradus";
import * as data from "gradus/data";
import * as formats from "gradus/formats";
import * as func from "gradus/func";
import * as linalg from "gradus/linalg";
import * as nn from "gradus/nn";
import * as functional from "gradus/nn/functional";
import * as optim from "gradus/optim";
import * as vision from "gradus/vision";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { entryPoints, programOf } from "../../scripts/docs/public-symbols.js";
import { parameterCount } from "../../src/base/parameter-count.js";
import { makeModule } from "../conformance/api.js";
import { Inputs } from "../conformance/build.js";
import { isTensorSpec, loadFamily } from "../conformance/fixtures.js";
import { type Arguments, dataCalls, optimCalls, visionCalls } from "./calls.js";

type Space = Readonly<Record<string, unknown>>;
type Call = (...args: readonly unknown[]) => unknown;

const spaces: Readonly<Record<string, Space>> = {
  gradus: { ...gradus },
  "gradus/data": { ...data },
  "gradus/formats": { ...formats },
  "gradus/func": { ...func },
  "gradus/linalg": { ...linalg },
  "gradus/nn": { ...nn },
  "gradus/nn/functional": { ...functional },
  "gradus/optim": { ...optim },
  "gradus/vision": { ...vision },
};

/** What takes more than it says, and why. */
const leftOut: Readonly<Record<string, string>> = {
  FunctionContext: "made by applyFunction",
  Tensor: "made by functions",
  isBatchNorm: "a predicate for arrays: modules.filter(isBatchNorm)",
  isTensor: "a predicate for arrays: values.filter(isTensor)",
};

interface ModuleCase {
  readonly id: string;
  readonly module: string;
  readonly args: readonly unknown[];
  readonly options?: Readonly<Record<string, unknown>>;
}

/** Arguments and options that make a layer, of the first case of PyTorch's results that has it. */
const layers = new Map<string, { args: readonly unknown[]; options: Readonly<Record<string, unknown>> }>();
for (const { module, args, options = {}, id } of loadFamily<ModuleCase>("modules").cases) {
  if (layers.has(module) || !(module in nn)) continue;
  const inputs = new Inputs(id, "float32", false);
  const entries = Object.entries(options).map(([key, value]) => [
    key,
    isTensorSpec(value) ? inputs.tensor(value) : value,
  ]);
  layers.set(module, { args, options: Object.fromEntries(entries) });
}

const calls: Readonly<Record<string, Arguments>> = {
  ...dataCalls,
  ...optimCalls,
  ...visionCalls,
  ...Object.fromEntries(Array.from(layers, ([name, { args }]) => [name, () => args])),
};

/** The most arguments a signature takes; Infinity for any number. */
function most(signatures: readonly ts.Signature[]): number {
  const counts = signatures.map(({ parameters }) => {
    const own = parameters.filter(({ name }) => name !== "surplus");
    const last = own.at(-1)?.valueDeclaration as ts.ParameterDeclaration | undefined;
    return last?.dotDotDotToken ? Infinity : own.length;
  });
  return Math.max(0, ...counts);
}

function takesTensor(checker: ts.TypeChecker, signatures: readonly ts.Signature[]): boolean {
  const first = signatures[0]?.parameters[0];
  return first !== undefined && /^Tensor(Like)?\b/.test(checker.typeToString(checker.getTypeOfSymbol(first)));
}

/** What a call with surplus arguments does wrong; null if it refuses them. */
async function fault(fn: Call, isClass: boolean, args: readonly unknown[]): Promise<string | null> {
  try {
    await (isClass ? Reflect.construct(fn, args) : fn(...args));
  } catch (error) {
    const { message } = error as Error;
    return /^[\w.]+: got \d argument\(s\) too many|takes no arguments/.test(message) ? null : message;
  }
  return "takes it silently";
}

const before = gradus.targetName();
beforeAll(() => void gradus.setTarget("reference"));
afterAll(() => void gradus.setTarget(before));

test("given one argument more than the signature has, every function and class refuses it", {
  timeout: 120_000,
}, async () => {
  const program = programOf(entryPoints());
  const checker = program.getTypeChecker();
  const seen = new Set<unknown>();
  const faults: string[] = [];
  let count = 0;

  const walk = async (entry: string, module: ts.Symbol, space: Space): Promise<void> => {
    for (const exported of checker.getExportsOfModule(module)) {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      const { name } = exported;
      const value = space[name];
      if (symbol.flags & ts.SymbolFlags.ValueModule) await walk(`${entry}.${name}`, symbol, value as Space);
      const at = symbol.valueDeclaration;
      if (typeof value !== "function" || !at || seen.has(value) || name in leftOut || /Error$/.test(name)) continue;
      seen.add(value);
      const type = checker.getTypeOfSymbolAtLocation(symbol, at);
      const isClass = Boolean(symbol.flags & ts.SymbolFlags.Class);
      const signatures = isClass ? type.getConstructSignatures() : type.getCallSignatures();
      const n = most(signatures);
      if (n === Infinity) continue;
      const right = calls[name]?.() ?? (takesTensor(checker, signatures) ? [ones([2, 2])] : []);
      const args = Array.from({ length: n }, (_, i) => right[i]);
      const found = await fault(value as Call, isClass, [...args, 7]);
      count++;
      if (found !== null) faults.push(`${entry} ${name}: ${found}`);
    }
  };
  for (const [entry, space] of Object.entries(spaces)) {
    const source = program.getSourceFile(entryPoints()[entry] as string) as ts.SourceFile;
    await walk(entry, checker.getSymbolAtLocation(source) as ts.Symbol, space);
  }

  expect(faults).toEqual([]);
  expect(count).toBeGreaterThan(700);
});

test("given an option that is not there, every layer refuses it", () => {
  const faults: string[] = [];
  for (const [name, { args, options }] of layers) {
    try {
      makeModule(name, [...args, { ...options, noSuchOption: 1 }]);
      faults.push(`${name}: takes it silently`);
    } catch (error) {
      if (!/unknown option "noSuchOption"|too many|takes no/.test((error as Error).message)) {
        faults.push(`${name}: ${(error as Error).message}`);
      }
    }
  }

  expect(faults).toEqual([]);
  expect(layers.size).toBeGreaterThan(100);
});

describe("calls of modules", () => {
  const anyCall = (module: nn.Module) => module as unknown as Call;

  test("given more than forward takes, they are refused, and where in the model", () => {
    const model = new nn.Sequential(new nn.Linear(2, 2));
    expect(() => anyCall(model)(ones([1, 2]), 3)).toThrow("Sequential: got 1 argument(s) too many (3 …)");
    expect(() => anyCall(new nn.LSTM(2, 2))(ones([1, 1, 2]), null, {}, 3)).toThrow("LSTM: got 1 argument(s) too many");
    expect(() => anyCall(new nn.Softmax(0))(ones([1]), null, 3)).toThrow("Softmax: got 2 argument(s) too many");

    class Outer extends nn.Module {
      inner = new nn.ReLU();
      forward(x: Tensor): unknown {
        return anyCall(this.inner)(x, 5);
      }
    }
    expect(() => new Outer()(ones([1]))).toThrow(/^ReLU: got 1 argument\(s\) too many .* \(in Outer\.inner\)$/);
  });

  test("given a module of one's own, its optional and rest parameters count", () => {
    class Optional extends nn.Module {
      forward(x: Tensor, mask: Tensor | null = null): boolean {
        return mask !== null && x.shape.length > 0;
      }
    }
    class Any extends nn.Module {
      forward(...xs: Tensor[]): number {
        return xs.length;
      }
    }
    const x = ones([1]);
    expect(new Optional()(x, x)).toBe(true);
    expect(() => anyCall(new Optional())(x, x, x)).toThrow("Optional: got 1 argument(s) too many (an object …)");
    expect(new Any()(x, x, x)).toBe(3);
    const patched = new Optional();
    patched(x);
    patched.forward = ((_a: Tensor, _b: Tensor, c: unknown) => c) as never;
    expect(anyCall(patched)(x, x, 9)).toBe(9);
  });

  test("given a class without a constructor, made with an argument, it is refused", () => {
    class Net extends nn.Module {
      forward(x: Tensor): Tensor {
        return x;
      }
    }
    expect(() => Reflect.construct(Net, [3])).toThrow("Net: got 1 argument(s) too many (3 …)");
  });
});

test("given an array's map, its index and array are no surplus, but of functions with a second parameter", () => {
  const tensors = [ones([2]), ones([3])];
  expect(tensors.map(gradus.relu).map(({ shape }) => shape[0])).toEqual([2, 3]);
  expect(tensors.map(new nn.ReLU()).map(({ shape }) => shape[0])).toEqual([2, 3]);
  expect(() => [1, 2].map(gradus.tensor as never)).toThrow("tensor: got 1 argument(s) too many");
  expect(() => (gradus.relu as Call)(ones([1]), 0, 1)).toThrow("relu: got 2 argument(s) too many (0 …)");
});

test("methods of training loops: what PyTorch's take and ours do not is refused", () => {
  const layer = new nn.Linear(2, 2);
  const optimizer = new optim.SGD(layer.parameters(), { lr: 0.1 });
  const scheduler = new optim.StepLR(optimizer, 3);
  const call = (object: object, method: string, ...args: unknown[]) =>
    ((object as Record<string, Call>)[method] as Call).call(object, ...args);
  expect(() => call(scheduler, "step", 3)).toThrow("StepLR.step: got 1 argument(s) too many (3 …)");
  expect(() => call(layer, "to", "cpu", "float64")).toThrow("Module.to: got 1 argument(s) too many (float64 …)");
  expect(() => call(layer, "to", undefined)).toThrow("Module.to: target must be a text or an object, got undefined");
  expect(() => call(layer, "eval", true)).toThrow("eval: got 1 argument(s) too many");
  expect(() => call(layer, "apply", undefined)).toThrow("apply: fn must be a function, got undefined");
  expect(() => call(layer, "getParameter", undefined)).toThrow("getParameter: name must be a text, got undefined");
  expect(() => call(optimizer, "step", 3)).toThrow("SGD.step: closure must be a function, got number");
  expect(() => call(optimizer, "addParamGroup", 3)).toThrow("addParamGroup: takes a group { params: […], … }, got 3");
  expect(() => call(ones([2]), "max", 0, {}, 1)).toThrow("max: got 1 argument(s) too many (1 …)");
});

describe("the number of parameters in a function's text", () => {
  const texts: readonly (readonly [number, unknown])[] = [
    [0, () => 0],
    [1, (x: unknown) => x],
    [2, (x: unknown, y = "a, (b") => [x, y]],
    [2, (x = [1, 2, { a: 3, b: [4, 5] }], y = ((a: number, b: number) => a + b)(1, 2)) => [x, y]],
    [1, async (x: unknown) => x],
    [Infinity, (...xs: unknown[]) => xs],
    [Infinity, Math.max],
    [Infinity, ((x: unknown) => x).bind(null)],
    [2, new Function("a, // one, two\n b /* , c */,", "return a")],
    [Infinity, new Function("a = /[,(]/", "b", "return a")],
    [Infinity, new Function("a", "return arguments.length + a")],
    [2, { *forward(a: unknown, { b, c }: { b?: unknown; c?: unknown } = {}) { yield [a, b, c]; } }.forward], // biome-ignore format: one line
    [Infinity, { ["for" + "ward"](a: unknown) { return a; } }.forward], // biome-ignore format: one line
  ];

  test.each(texts)("%s: as many as there are", (count, fn) => {
    expect(parameterCount(fn as object)).toBe(count);
  });
});
