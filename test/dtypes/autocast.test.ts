// Mixed precision: dtypes inside autocast are PyTorch's, scopes nest, gradients come in the parameters' dtype.
import {
  autocast,
  checkpoint,
  type DType,
  getAutocastDtype,
  isAutocastEnabled,
  randn,
  setTarget,
  type Tensor,
  tensor,
} from "gradus";
import * as nn from "gradus/nn";
import { beforeAll, describe, expect, test } from "vitest";
import { isTensor, operation } from "../conformance/api.js";
import { Inputs } from "../conformance/build.js";
import { loadFamily } from "../conformance/fixtures.js";
import { results } from "../conformance/run-op.js";

interface AutocastCase {
  readonly id: string;
  readonly op: string;
  readonly args: readonly unknown[];
  readonly options?: Readonly<Record<string, unknown>>;
  /** The dtype of each output by that of the operands; null: PyTorch refuses. */
  readonly float32: readonly (DType | null)[] | null;
  readonly bfloat16: readonly (DType | null)[] | null;
}

// PyTorch composes these of products, which autocast lowers; they are functions of their own here, and stay in float32.
const STAY = ["cov", "corrcoef", "vecdot", "affineGrid"];
const { cases } = loadFamily<AutocastCase>("autocast");

function dtypesOf({ id, op, args, options }: AutocastCase, dtype: DType): (DType | null)[] {
  const inputs = new Inputs(id, dtype, false);
  const built = args.map((arg) => inputs.build(arg));
  if (options) built.push(inputs.build(options));
  return autocast(() => results(operation(op)(...built))).map((out) => (isTensor(out) ? out.dtype : null));
}

beforeAll(() => {
  setTarget("interpreter");
});

describe("dtypes inside autocast", () => {
  test.each(cases)("$op: given float32 and bfloat16 operands, the result has PyTorch's dtype", (item) => {
    for (const dtype of ["float32", "bfloat16"] as const) {
      const expected = item[dtype];
      if (!expected || (STAY.includes(item.op) && dtype === "float32")) continue;
      const actual = dtypesOf(item, dtype);
      expect(actual.map((found, k) => (expected[k] === null ? null : found))).toEqual(expected);
    }
  });
});

const x = () => randn([2, 3]);

describe("scopes", () => {
  test("given a callback, holds inside it only", () => {
    expect(autocast(() => [isAutocastEnabled(), getAutocastDtype()])).toEqual([true, "bfloat16"]);
    expect([isAutocastEnabled(), getAutocastDtype()]).toEqual([false, null]);
    expect(autocast({ dtype: "float16" }, () => x().matmul(x().t()).dtype)).toBe("float16");
  });

  test("given enabled false inside, functions take what they are given", () => {
    autocast(() => {
      const half = x().matmul(x().t());
      expect(half.dtype).toBe("bfloat16");
      autocast({ enabled: false }, () => {
        expect(x().matmul(x().t()).dtype).toBe("float32");
        expect(half.float().matmul(half.float()).dtype).toBe("float32");
      });
    });
  });

  test("given a promise, holds until it settles", async () => {
    const inside = autocast(async () => {
      await Promise.resolve();
      return x().matmul(x().t()).dtype;
    });
    expect(x().matmul(x().t()).dtype).toBe("float32");
    expect(await inside).toBe("bfloat16");
  });

  test("using: holds to the end of the block", () => {
    {
      using _ = autocast();
      expect(x().matmul(x().t()).dtype).toBe("bfloat16");
    }
    expect(x().matmul(x().t()).dtype).toBe("float32");
  });

  test("given wrong options, throws what is wrong", () => {
    expect(() => autocast({ dtype: "float32" as never }, x)).toThrow(
      'autocast: dtype must be "float16" or "bfloat16", got "float32"',
    );
    expect(() => autocast({ device: "cuda" as never }, x)).toThrow('autocast: device must be "cpu", got "cuda"');
    expect(() => autocast({ dtyp: "float16" } as never, x)).toThrow("dtyp");
  });
});

describe("training", () => {
  const weightsOf = (model: nn.Module): Tensor[] => [...model.parameters()];

  test("gradients have the parameters' dtype and are those of the rounded operands", () => {
    const model = new nn.Linear(3, 2, { bias: false });
    const input = tensor([[1, 2, 3]]);
    const out = autocast(() => model(input));
    expect(out.dtype).toBe("bfloat16");
    out.float().sum().backward();
    const [weight] = weightsOf(model) as [Tensor];
    expect(weight.grad?.dtype).toBe("float32");
    expect(weight.grad?.toArray()).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
  });

  test("checkpoint: given autocast around the call, backward computes in the same precision", () => {
    const weight = randn([3, 3], { requiresGrad: true });
    const input = randn([2, 3], { requiresGrad: true });
    const plain = autocast(() => input.matmul(weight).sin());
    plain.float().sum().backward();
    const expected = weight.grad?.toArray();
    weight.grad = null;
    const kept = autocast(() => checkpoint((value: Tensor) => value.matmul(weight).sin(), input));
    expect(kept.dtype).toBe("bfloat16");
    kept.float().sum().backward();
    expect((weight.grad as Tensor | null)?.toArray()).toEqual(expected);
  });
});
