// The calling convention: sizes, options, numbers beside tensors, devices; and what is said when it is not kept.
import { describe, expect, test } from "vitest";
import * as gradus from "../../src/index.js";
import {
  arange,
  asTensor,
  availableTargets,
  clamp,
  full,
  gpu,
  linspace,
  ones,
  setTarget,
  setThreads,
  sum,
  targetName,
  tensor,
  zeros,
} from "../../src/index.js";

describe("creation", () => {
  test("given values, the dtype is that of their kind, never guessed from them", () => {
    const dtypes = [
      tensor(1),
      tensor([true]),
      tensor([1n]),
      tensor(Float64Array.of(1)),
      tensor(new Uint8Array(2)),
      full(2, 1),
      full([2], true),
      arange(3),
      arange(0, 1, 0.5),
      zeros(1),
    ];
    expect(dtypes.map((x) => x.dtype)).toEqual([
      "float32",
      "bool",
      "int64",
      "float64",
      "uint8",
      "float32",
      "bool",
      "int32",
      "float32",
      "float32",
    ]);
  });

  test("given sizes one by one, as an array, and options, gives the same shapes", () => {
    expect(zeros(2, 3).shape).toEqual([2, 3]);
    expect(zeros([2, 3], { dtype: "int32" }).shape).toEqual([2, 3]);
    expect(zeros().shape).toEqual([]);
    expect(ones([0, 4]).shape).toEqual([0, 4]);
    expect(linspace(0, 1, 3).toArray()).toEqual([0, 0.5, 1]);
  });

  test("given a typed array, copies it", () => {
    const values = Float32Array.of(1, 2);
    const x = tensor(values);
    values[0] = 9;
    expect(x.toArray()).toEqual([1, 2]);
    expect(asTensor(x)).toBe(x);
  });

  test("given data that is no tensor, throws what is wrong", () => {
    expect(() => tensor([[1, 2], [3]])).toThrow(
      "tensor: nested arrays must be rectangular; at depth 1 the first has 2 elements, another is 1 elements",
    );
    expect(() => tensor([1, [2]])).toThrow("nested arrays must be rectangular");
    expect(() => tensor([1, true])).toThrow("tensor: all values must be of one kind, got number and boolean");
    expect(() => tensor("1" as never)).toThrow("tensor: cannot make a tensor of [object String]");
    expect(() => tensor([Number.NaN], { dtype: "int32" })).toThrow("tensor: NaN cannot be stored as int32");
    expect(() => tensor([300], { dtype: "uint8" })).toThrow("tensor: 300 does not fit uint8, which holds 0 to 255");
    expect(() => tensor(new Uint32Array(1))).toThrow("tensor: Uint32Array has no dtype of its own");
    expect(() => zeros(-1)).toThrow("zeros: sizes must be >= 0, got [-1]");
    expect(() => zeros([1.5])).toThrow("zeros: sizes and dims are integers");
  });
});

describe("options and surplus arguments", () => {
  test("given an unknown option, throws with the nearest name", () => {
    expect(() => zeros([2], { dType: "int32" } as never)).toThrow(
      'zeros: unknown option "dType"; did you mean "dtype"?',
    );
    expect(() => sum(ones(2), 0, { keepDim: true } as never)).toThrow(
      'sum: unknown option "keepDim"; did you mean "keepdim"?',
    );
    expect(() => ones(2).sum({ axis: 0 } as never)).toThrow('sum: unknown option "axis"; one of dim, keepdim, dtype');
    expect(() => zeros([2], { dtype: "float31" } as never)).toThrow('zeros: unknown dtype "float31"');
  });

  test("given surplus arguments, throws", () => {
    const relu = gradus.relu as (...args: unknown[]) => unknown;
    expect(() => relu(ones(1), true)).toThrow(
      "relu: got 1 argument(s) too many (true …); options go into one object, last",
    );
    const add = ones(1).add as (...args: unknown[]) => unknown;
    expect(() => add.call(ones(1), 1, {}, 2)).toThrow("add: got 1 argument(s) too many");
  });

  test("given dim as an argument or as an option, gives the same", () => {
    const x = arange(6).view(2, 3);
    expect(x.sum(1, { keepdim: true }).toArray()).toEqual(x.sum({ dim: 1, keepdim: true }).toArray());
    expect(clamp(x, { max: 2 }).toArray()).toEqual([
      [0, 1, 2],
      [2, 2, 2],
    ]);
    expect(x.clamp(1, 3).toArray()).toEqual([
      [1, 1, 2],
      [3, 3, 3],
    ]);
    expect(x.max(1).indices.toArray()).toEqual([2, 2]);
  });

  test("given something else than a tensor, throws with the remedy", () => {
    const relu = gradus.relu as (x: unknown) => unknown;
    expect(() => relu([1, 2])).toThrow("relu: input must be a Tensor, got an array; make it one with tensor(…)");
    expect(() => ones(1).add("1" as never)).toThrow("add: other must be a Tensor or a number, got string");
    expect(() => gradus.matmul(ones(1), null as never)).toThrow("matmul: other must be a Tensor, got null");
  });
});

describe("numbers beside tensors", () => {
  test("given a number, it takes the tensor's dtype unless that cannot hold its kind", () => {
    const i = arange(2);
    expect(i.add(1).dtype).toBe("int32");
    expect(i.add(0.5).dtype).toBe("float32");
    expect(i.div(2).dtype).toBe("float32");
    expect(tensor([true]).add(1).dtype).toBe("int64");
    expect(tensor([1.5], { dtype: "float64" }).mul(2).dtype).toBe("float64");
    expect(gradus.sub(10, i).toArray()).toEqual([10, 9]);
    expect(i.mul(3n).dtype).toBe("int32");
  });

  test("given a number that the integer dtype cannot hold, throws", () => {
    expect(() => tensor(new Uint8Array(1)).add(300)).toThrow(
      'add: 300 does not fit uint8; convert the tensor with .to("int64")',
    );
  });
});

describe("devices and targets", () => {
  test("given the GPU, says that it is not there and why", async () => {
    expect(await gpu.isAvailable()).toBe(false);
    expect(await gpu.unavailableReason()).toBe("this version of Gradus computes on the CPU only");
    expect(() => ones(1).to("gpu")).toThrow(
      'to: device "gpu" is not available: this version of Gradus computes on the CPU only',
    );
    expect(() => zeros([1], { device: "gpu:1" })).toThrow('zeros: device "gpu:1" is not available');
    expect(() => zeros([1], { device: "cuda" as never })).toThrow('zeros: unknown device "cuda"');
    expect(ones(1).to("cpu").device).toBe("cpu");
  });

  test("given dtypes and devices, to converts, and gives the tensor itself if nothing changes", () => {
    const x = tensor([1.7, -1.7]);
    expect(x.to("float32")).toBe(x);
    expect(x.to("int32").toArray()).toEqual([1, -1]);
    expect(x.to({ dtype: "float64", device: "cpu" }).dtype).toBe("float64");
    expect(x.to("float32", { copy: true }) === x).toBe(false);
    expect(x.bool().toArray()).toEqual([true, true]);
    expect(() => x.to("float8" as never)).toThrow('to: "float8" is neither a dtype nor a device');
  });

  test("given a target's name, computes on it; given an unknown one or no threads, throws", () => {
    const previous = targetName();
    expect(availableTargets()).toContain("wasm");
    expect(setTarget("reference")).toBe(previous);
    expect(ones(2).add(1).toArray()).toEqual([2, 2]);
    setTarget(previous);
    expect(() => setTarget("wsam")).toThrow('setTarget: unknown target "wsam"; did you mean "wasm"?');
    expect(() => setThreads(0)).toThrow("setThreads: the count must be a positive integer, got 0");
  });
});

test("given the package root, it re-exports no namespaces, and methods are the functions", () => {
  expect(Object.values(gradus).filter((value) => Object.prototype.toString.call(value) === "[object Module]")).toEqual(
    [],
  );
  const x = tensor([[1, -2]]);
  expect([x.relu(), x.abs(), x.exp()].map((y) => y.toArray())).toEqual(
    [gradus.relu(x), gradus.abs(x), gradus.exp(x)].map((y) => y.toArray()),
  );
});

test("given a tensor of another copy of the package, says so", () => {
  const foreign = { [Symbol.for("gradus.Tensor")]: 1 };
  expect(() => gradus.relu(foreign as never)).toThrow("made by another copy of the package; install one copy only");
});

test("given a dim as an argument and as an option, it is refused", () => {
  expect(() => ones(2, 3).norm(2, { dim: 1 } as never)).toThrow(
    "norm: dim is given twice, as an argument and as an option",
  );
});
