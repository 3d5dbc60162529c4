// Movements: the result's elements are elements of the input. Index arithmetic only; nothing is copied. The sum lives here
// too: it is the adjoint of expand.
import { contiguousStrides, formatShape, numel, type Shape, ShapeError, shapesEqual } from "../base/index.js";
import { attr, type Node } from "../graph/index.js";
import { apply } from "./apply.js";
import { defineReduction, dimsOf } from "./define-reduction.js";
import { defineMovement, type IndexAlgebra } from "./movement-rules.js";

const list = (node: { attrs: Node["attrs"] }, key: string): readonly number[] => attr<readonly number[]>(node, key);
const inputShape = (node: Node): Shape => (node.inputs[0] as Node).shape;

// ---- reshape ----------------------------------------------------------------------------------------------------

const reshapeP = defineMovement("reshape", {
  shape: (_, attrs) => list({ attrs }, "shape"),
  source: (math, index, node) => ({ index: reshapedIndex(math, index, node.shape, inputShape(node)) }),
  vjp: (node, grad) => [reshape(grad, inputShape(node))],
});

/** Elements in the same row-major order under another shape of as many elements. */
export function reshape(x: Node, shape: Shape): Node {
  if (shapesEqual(x.shape, shape)) return x;
  if (numel(shape) !== x.size) {
    throw new ShapeError(
      `reshape: ${x.size} elements of ${formatShape(x.shape)} do not fit ${formatShape(shape)} (${numel(shape)})`,
      { op: "reshape", shapes: [x.shape, shape] },
    );
  }
  return apply(reshapeP, [x], { shape });
}

/** Position in `to` of the element at `index` of `from`. Runs of dims with equal products map independently. */
function reshapedIndex<I>(math: IndexAlgebra<I>, index: readonly I[], from: Shape, to: Shape): I[] {
  const out: I[] = [];
  let [i, j] = [0, 0];
  while (j < to.length) {
    const [start, first] = [i, j];
    let have = from[i++] ?? 1;
    let want = to[j++] ?? 1;
    while (have !== want && (i < from.length || j < to.length)) {
      if ((have < want && i < from.length) || j >= to.length) have *= from[i++] as number;
      else want *= to[j++] as number;
    }
    out.push(...mapRun(math, index.slice(start, i), from.slice(start, i), to.slice(first, j)));
  }
  return out;
}

function mapRun<I>(math: IndexAlgebra<I>, index: readonly I[], from: Shape, to: Shape): I[] {
  const strides = contiguousStrides(from);
  let flat = math.int(0);
  index.forEach((at, d) => {
    flat = math.add(flat, math.mul(at, math.int(strides[d] as number)));
  });
  const out = new Array<I>(to.length);
  for (let d = to.length - 1; d >= 0; d--) {
    const size = math.int(Math.max(1, to[d] as number));
    out[d] = to[d] === 1 ? math.int(0) : d === 0 ? flat : math.rem(flat, size);
    flat = math.div(flat, size);
  }
  return out;
}

// ---- permute, expand, sum, flip ---------------------------------------------------------------------------------

const permuteP = defineMovement("permute", {
  shape: (input, attrs) => list({ attrs }, "dims").map((d) => input[d] as number),
  source: (_, index, node) => {
    const dims = list(node, "dims");
    return { index: dims.map((_, d) => index[dims.indexOf(d)] as (typeof index)[number]) };
  },
  vjp: (node, grad) => {
    const dims = list(node, "dims");
    return [
      permute(
        grad,
        dims.map((_, d) => dims.indexOf(d)),
      ),
    ];
  },
});

/** Dim d of the result is dim `dims[d]` of the input. */
export function permute(x: Node, dims: readonly number[]): Node {
  if (dims.every((dim, d) => dim === d)) return x;
  // Where only dims of one element change their places, the elements keep theirs.
  const moved = dims.filter((dim) => x.shape[dim] !== 1);
  if (moved.every((dim, i) => i === 0 || dim > (moved[i - 1] as number))) {
    return reshape(
      x,
      dims.map((dim) => x.shape[dim] as number),
    );
  }
  return apply(permuteP, [x], { dims });
}

const expandP = defineMovement("expand", {
  shape: (_, attrs) => list({ attrs }, "shape"),
  source: (math, index, node) => {
    const from = inputShape(node);
    const lead = node.shape.length - from.length;
    return { index: from.map((size, d) => (size === 1 ? math.int(0) : (index[d + lead] as (typeof index)[number]))) };
  },
  vjp: (node, grad) => [sumTo(grad, inputShape(node))],
});

/** The input repeated along dims of size 1 and new leading dims; shapes are known to fit. */
export function expand(x: Node, shape: Shape): Node {
  return shapesEqual(x.shape, shape) ? x : apply(expandP, [x], { shape });
}

/** Sum over the dims that broadcasting `shape` to `x`'s shape repeats. */
export function sumTo(x: Node, shape: Shape): Node {
  if (shapesEqual(x.shape, shape)) return x;
  const lead = x.shape.length - shape.length;
  const dims: number[] = [];
  x.shape.forEach((size, d) => {
    if (d < lead || (shape[d - lead] === 1 && size !== 1)) dims.push(d);
  });
  return reshape(sum(x, dims), shape);
}

const sumP = defineReduction("sum", "add", { inputs: [], output: false }, (node, grad) => {
  return [spreadBack(grad, inputShape(node), dimsOf(node))];
});

/** Sum over `dims` (ascending), in the input's dtype: cast integers to int64 before. */
export function sum(x: Node, dims: readonly number[]): Node {
  return dims.length === 0 ? x : apply(sumP, [x], { dims });
}

/** A value reduced over `dims`, back in the shape it was reduced from. */
export function spreadBack(reduced: Node, shape: Shape, dims: readonly number[]): Node {
  const kept = shape.map((size, d) => (dims.includes(d) ? 1 : size));
  return expand(reshape(reduced, kept), shape);
}

const flipP = defineMovement("flip", {
  shape: (input) => input,
  source: (math, index, node) => {
    const dims = list(node, "dims");
    const last = (d: number) => math.int((node.shape[d] as number) - 1);
    return { index: index.map((i, d) => (dims.includes(d) ? math.add(last(d), math.mul(i, math.int(-1))) : i)) };
  },
  vjp: (node, grad) => [flip(grad, list(node, "dims"))],
});

export function flip(x: Node, dims: readonly number[]): Node {
  return dims.length === 0 ? x : apply(flipP, [x], { dims });
}

// ---- pad and slice ----------------------------------------------------------------------------------------------

const padP = defineMovement("pad", {
  shape: (input, attrs) => {
    const [before, after] = [list({ attrs }, "before"), list({ attrs }, "after")];
    return input.map((size, d) => Math.max(0, size + (before[d] as number) + (after[d] as number)));
  },
  source: (math, index, node) => {
    const [before, after] = [list(node, "before"), list(node, "after")];
    const at = index.map((i, d) => math.add(i, math.int(-(before[d] as number))));
    const from = inputShape(node);
    const reaches = (d: number): boolean => (before[d] as number) > 0 || (after[d] as number) > 0;
    return { index: at, within: at.map((i, d) => [i, from[d] as number] as const).filter((_, d) => reaches(d)) };
  },
  fill: (node) => attr<number>(node, "value"),
  vjp: (node, grad) => [
    pad(
      grad,
      list(node, "before").map((n) => -n),
      list(node, "after").map((n) => -n),
      0,
    ),
  ],
});

/** `before[d]` and `after[d]` elements of `value` around dim d; negative numbers cut off. */
export function pad(x: Node, before: readonly number[], after: readonly number[], value: number): Node {
  if (before.every((n) => n === 0) && after.every((n) => n === 0)) return x;
  return apply(padP, [x], { before, after, value });
}

const sliceP = defineMovement("slice", {
  shape: (input, attrs) => {
    const [dim, start, stop, step] = list({ attrs }, "range") as [number, number, number, number];
    return input.map((size, d) => (d === dim ? Math.max(0, Math.ceil((stop - start) / step)) : size));
  },
  source: (math, index, node) => {
    const [dim, start, , step] = list(node, "range") as [number, number, number, number];
    return {
      index: index.map((i, d) => (d === dim ? math.add(math.mul(i, math.int(step)), math.int(start)) : i)),
    };
  },
  vjp: (node, grad) => {
    const [dim, start, , step] = list(node, "range") as [number, number, number, number];
    return [placeSlice(grad, inputShape(node), dim, start, step)];
  },
});

/** Elements start, start + step, … below stop of one dim. */
export function slice(x: Node, dim: number, start: number, stop: number, step = 1): Node {
  if (start === 0 && step === 1 && stop === x.shape[dim]) return x;
  return apply(sliceP, [x], { range: [dim, start, stop, step] });
}

/** Zeros of `shape` with `x` at the places that slicing (start, step) would read. */
export function placeSlice(x: Node, shape: Shape, dim: number, start: number, step: number): Node {
  const count = x.shape[dim] as number;
  const reach = count === 0 ? 0 : (count - 1) * step + 1;
  const wide = step === 1 ? x : dilate(x, dim, step, reach);
  const zeros = shape.map(() => 0);
  const rest = (shape[dim] as number) - start - reach;
  return pad(
    wide,
    zeros.map((z, d) => (d === dim ? start : z)),
    zeros.map((z, d) => (d === dim ? rest : z)),
    0,
  );
}

/** `step - 1` zeros between neighbours of one dim. */
export function dilate(
  x: Node,
  dim: number,
  step: number,
  reach = Math.max(0, ((x.shape[dim] as number) - 1) * step + 1),
): Node {
  if (step === 1) return x;
  const split = [...x.shape.slice(0, dim + 1), 1, ...x.shape.slice(dim + 1)];
  const size = x.shape[dim] as number;
  return fold(reshape(x, split), [{ dim, count: size, size: 1, stride: step, dilation: 1 }], [reach]);
}

// ---- windows ----------------------------------------------------------------------------------------------------

/** Windows along one dim: element (o, k) is input element o * stride + k * dilation. */
export interface WindowAxis {
  /** Dim of the input. */
  readonly dim: number;
  readonly count: number;
  readonly size: number;
  readonly stride: number;
  readonly dilation: number;
}

const windowAttrs = (axes: readonly WindowAxis[], lengths: readonly number[]) => ({
  axes: axes.map((x) => [x.dim, x.count, x.size, x.stride, x.dilation]),
  lengths,
});

function windowAxes(node: { attrs: Node["attrs"] }): WindowAxis[] {
  return attr<readonly (readonly number[])[]>(node, "axes").map((row) => {
    const [dim, count, size, stride, dilation] = row as [number, number, number, number, number];
    return { dim, count, size, stride, dilation };
  });
}

/** A shape (or index) with each windowed dim replaced by what `pair` gives for it. */
function replaceDims<T>(
  items: readonly T[],
  axes: readonly WindowAxis[],
  pair: (axis: WindowAxis, at: number) => T[],
): T[] {
  return items.flatMap((item, d) => {
    const i = axes.findIndex((axis) => axis.dim === d);
    return i < 0 ? [item] : pair(axes[i] as WindowAxis, i);
  });
}

/** Reads an index with two entries for each windowed dim: calls `join` with both. */
function joinPairs<I, R>(
  index: readonly I[],
  rank: number,
  axes: readonly WindowAxis[],
  plain: (i: I) => R[],
  join: (axis: WindowAxis, first: I, second: I) => R[],
): R[] {
  const out: R[] = [];
  let at = 0;
  for (let d = 0; d < rank; d++) {
    const axis = axes.find((x) => x.dim === d);
    if (axis) out.push(...join(axis, index[at++] as I, index[at++] as I));
    else out.push(...plain(index[at++] as I));
  }
  return out;
}

const windowP = defineMovement("window", {
  shape: (input, attrs) => replaceDims(input, windowAxes({ attrs }), (axis) => [axis.count, axis.size]),
  source: (math, index, node) => {
    const axes = windowAxes(node);
    const position = <I>(m: IndexAlgebra<I>, axis: WindowAxis, o: I, k: I): I =>
      m.add(m.mul(o, m.int(axis.stride)), m.mul(k, m.int(axis.dilation)));
    const rank = inputShape(node).length;
    return {
      index: joinPairs(
        index,
        rank,
        axes,
        (i) => [i],
        (axis, o, k) => [position(math, axis, o, k)],
      ),
    };
  },
  vjp: (node, grad) => {
    const from = inputShape(node);
    const axes = windowAxes(node);
    return [
      fold(
        grad,
        axes,
        axes.map((axis) => from[axis.dim] as number),
      ),
    ];
  },
});

/** Each dim of `axes` replaced by two: `[…, count, size, …]`. Windows may overlap and must lie inside the input. */
export function window(x: Node, axes: readonly WindowAxis[]): Node {
  return apply(windowP, [x], windowAttrs(axes, []));
}

/**
 * Adjoint of `window`: element l of a dim of `lengths[i]` elements is the sum over all (o, k) with o * stride + k * dilation = l.
 * `x` has the shape that `window` gives.
 */
export function fold(x: Node, axes: readonly WindowAxis[], lengths: readonly number[]): Node {
  const overlaps = axes.some((axis) => axis.count > 1 && axis.stride < (axis.size - 1) * axis.dilation + 1);
  if (!overlaps) return apply(foldApartP, [x], windowAttrs(axes, lengths));
  const spread = apply(unwindowP, [x], windowAttrs(axes, lengths));
  const kernelDims = axes.map((axis) => axis.dim + 1 + axes.filter((other) => other.dim < axis.dim).length);
  return sum(
    spread,
    kernelDims.sort((a, b) => a - b),
  );
}

const inputRank = (node: Node, axes: readonly WindowAxis[]): number => inputShape(node).length - axes.length;

/** fold where no two windows share an element: each result element has one source at most. */
const foldApartP = defineMovement("fold_apart", {
  shape: (input, attrs) => {
    const axes = windowAxes({ attrs });
    const lengths = list({ attrs }, "lengths");
    return joinPairs(
      input,
      input.length - axes.length,
      axes,
      (size) => [size],
      (axis) => [lengths[axes.indexOf(axis)] as number],
    );
  },
  source: (math, index, node) => {
    type I = (typeof index)[number];
    const axes = windowAxes(node);
    const within: [I, number][] = [];
    const zero: I[] = [];
    const at = replaceDims(index, axes, (axis) => {
      const l = index[axis.dim] as I;
      const o = axis.count === 1 ? math.int(0) : math.div(l, math.int(axis.stride));
      const inside = axis.count === 1 ? l : math.rem(l, math.int(axis.stride));
      const k = axis.size === 1 ? math.int(0) : math.div(inside, math.int(axis.dilation));
      if (axis.size === 1) zero.push(inside);
      else if (axis.dilation > 1) zero.push(math.rem(inside, math.int(axis.dilation)));
      within.push([o, axis.count], [k, axis.size]);
      return [o, k];
    });
    return { index: at, within, zero };
  },
  vjp: (node, grad) => [window(grad, windowAxes(node))],
});

/**
 * Which kernel places land on element l of a dim: o * stride + k * dilation = l has solutions only if `common` divides l,
 * and then for one k in each `period` of them, k ≡ (l / common) * inverse (mod period).
 */
function landing({ stride, dilation, size }: WindowAxis) {
  let [common, rest] = [stride, dilation];
  while (rest > 0) [common, rest] = [rest, common % rest];
  const period = stride / common;
  const step = dilation / common;
  let inverse = 0;
  while (period > 1 && (inverse * step) % period !== 1) inverse++;
  return { common, period, step, inverse, terms: Math.ceil(size / period) };
}

/**
 * The terms of an overlapping fold: `[…, length, terms, …]`, where element (l, j) is what the j-th kernel place that can land
 * on l brings there, or 0.
 */
const unwindowP = defineMovement("unwindow", {
  shape: (input, attrs) => {
    const axes = windowAxes({ attrs });
    const lengths = list({ attrs }, "lengths");
    return joinPairs(
      input,
      input.length - axes.length,
      axes,
      (size) => [size],
      (axis) => [lengths[axes.indexOf(axis)] as number, landing(axis).terms],
    );
  },
  source: (math, index, node) => {
    type I = (typeof index)[number];
    const axes = windowAxes(node);
    const within: [I, number][] = [];
    const zero: I[] = [];
    const at = joinPairs(
      index,
      inputRank(node, axes),
      axes,
      (i) => [i],
      (axis, l, j) => {
        const { common, period, step, inverse } = landing(axis);
        const base = math.div(l, math.int(common));
        const first = math.rem(math.mul(base, math.int(inverse)), math.int(period));
        const k = math.add(first, math.mul(j, math.int(period)));
        const reach = axis.size * step; // keeps the dividend non-negative
        const dividend = math.add(base, math.mul(k, math.int(-step)));
        const o =
          step === 1
            ? math.add(math.div(base, math.int(period)), math.mul(j, math.int(-1)))
            : math.add(math.div(math.add(dividend, math.int(reach * period)), math.int(period)), math.int(-reach));
        zero.push(math.rem(l, math.int(common)));
        within.push([o, axis.count], [k, axis.size]);
        return [o, k];
      },
    );
    return { index: at, within, zero };
  },
  vjp: (node, grad) => [apply(rewindowP, [grad], { ...node.attrs })],
});

/** Adjoint of `unwindow`: element (o, k) lands on l = o * stride + k * dilation, as the place number k / period that can. */
const rewindowP = defineMovement("rewindow", {
  shape: (input, attrs) => {
    const axes = windowAxes({ attrs });
    return joinPairs(
      input,
      input.length - axes.length,
      axes,
      (size) => [size],
      (axis) => [axis.count, axis.size],
    );
  },
  source: (math, index, node) => {
    const axes = windowAxes(node);
    return {
      index: joinPairs(
        index,
        inputRank(node, axes),
        axes,
        (i) => [i],
        (axis, o, k) => [
          math.add(math.mul(o, math.int(axis.stride)), math.mul(k, math.int(axis.dilation))),
          math.div(k, math.int(landing(axis).period)),
        ],
      ),
    };
  },
  vjp: (node, grad) => [apply(unwindowP, [grad], { ...node.attrs })],
});
