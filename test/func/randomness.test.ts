// Random draws and chunks in vmap, by what they mean: torch.func's three kinds of randomness.
import { allclose, dropout, Generator, manualSeed, ones, randn, randnLike, type Tensor, unique, zeros } from "gradus";
import { grad, vmap } from "gradus/func";
import { beforeEach, describe, expect, test } from "vitest";

beforeEach(() => {
  manualSeed(3);
});

const noisy = (x: Tensor) => x.add(randn([3]));

describe("vmap: randomness", () => {
  test("given draws and no leave, throws and says what to pass", () => {
    const text =
      'vmap: the function draws random numbers; pass randomness: "different" (for each example) or "same", or draw outside of it';
    expect(() => vmap(noisy)(zeros([4, 3]))).toThrow(text);
    expect(() => vmap((x) => dropout(x, { p: 0.5 }))(zeros([4, 3]))).toThrow(text);
  });

  test("same: every example has the draw that one alone would have", () => {
    const out = vmap(noisy, { randomness: "same" })(zeros([4, 3])) as Tensor;
    manualSeed(3);
    expect(allclose(out, randn([3]).expand(4, 3))).toBe(true);
  });

  test("different: no two examples have the same numbers, whatever draws them", () => {
    const out = vmap((x) => x.add(randn([3])).add(randnLike(x)), { randomness: "different" })(zeros([50, 3])) as Tensor;
    const values = unique(out) as Tensor;
    expect(values.shape).toEqual([150]);
    const masks = vmap((x) => dropout(x, { p: 0.5 }), { randomness: "different" })(ones([64, 100])) as Tensor;
    const kept = masks.ne(0).to("float32").mean(0);
    expect(kept.sub(0.5).abs().max().item()).toBeLessThan(0.3); // 64 draws: 4.8 standard deviations
    expect((unique(kept) as Tensor).shape[0]).toBeGreaterThan(5);
  });

  test("different: moves the generator on, also one of its own, and gradients see the same draws as values", () => {
    const generator = new Generator().manualSeed(7);
    const x = ones([5, 4], { requiresGrad: true });
    const out = vmap((y) => y.mul(randn([4], { generator })), { randomness: "different" })(x) as Tensor;
    out.sum().backward();
    expect(allclose(x.grad as Tensor, out.detach())).toBe(true);
    const next = randn([5, 4], { generator });
    expect(allclose(next, out.detach())).toBe(false);
    const each = vmap((y) => grad((z) => z.mul(randn([4])).sum())(y) as Tensor, { randomness: "different" })(x);
    expect((unique(each as Tensor) as Tensor).shape).toEqual([20]);
  });

  test("given one vmap in another, each says for its own dim", () => {
    const inner = (x: Tensor) => vmap((y) => y.add(randn([])), { randomness: "same" })(x) as Tensor;
    const out = vmap(inner, { randomness: "different" })(zeros([6, 4])) as Tensor;
    expect((unique(out) as Tensor).shape).toEqual([6]);
    expect(allclose(out, out.narrow(1, 0, 1).expand(6, 4))).toBe(true);
    const other = (x: Tensor) => vmap((y) => y.add(randn([])), { randomness: "different" })(x) as Tensor;
    expect((unique(vmap(other, { randomness: "same" })(zeros([6, 4])) as Tensor) as Tensor).shape).toEqual([4]);
    expect(() => vmap(inner)(zeros([6, 4]))).toThrow("the function draws random numbers");
  });
});

describe("vmap: chunkSize", () => {
  test.each([1, 2, 3, 5, 7])("given chunks of %i, gives what the whole batch gives, and its gradients", (chunkSize) => {
    const f = (x: Tensor, y: Tensor) => ({ product: x.mul(y).sum(), rest: x.sin() });
    const [x, y] = [randn([5, 3], { dtype: "float64" }), randn([3, 5], { dtype: "float64" })];
    x.requiresGrad_();
    const options = { inDims: [0, 1], outDims: { product: 0, rest: 1 } };
    const whole = vmap(f, options)(x, y);
    const parts = vmap(f, { ...options, chunkSize })(x, y);
    expect(parts.rest.shape).toEqual([3, 5]);
    expect(allclose(parts.product, whole.product)).toBe(true);
    expect(allclose(parts.rest, whole.rest)).toBe(true);
    parts.product.sum().backward();
    expect(allclose(x.grad as Tensor, y.t())).toBe(true);
  });

  test("given same randomness, all chunks have the same draws; given different, none", () => {
    const same = vmap(noisy, { randomness: "same", chunkSize: 2 })(zeros([5, 3])) as Tensor;
    expect((unique(same) as Tensor).shape).toEqual([3]);
    const different = vmap(noisy, { randomness: "different", chunkSize: 2 })(zeros([5, 3])) as Tensor;
    expect((unique(different) as Tensor).shape).toEqual([15]);
  });

  test("given wrong choices, throws", () => {
    expect(() => vmap(noisy, { chunkSize: 0 })).toThrow("vmap: chunkSize must be null or a positive integer, got 0");
    expect(() => vmap(noisy, { randomness: "some" as never })).toThrow(
      'vmap: randomness must be "error", "different" or "same", got some',
    );
    expect(() => vmap((x) => x, { outDims: [0, 1] })(zeros([2, 2]))).toThrow(
      "vmap: outDims has 2 entries for 1 results",
    );
  });
});
