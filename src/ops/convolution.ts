// The general convolution: stride, any padding, dilation of input and kernel, feature and batch groups. It is closed under
// its own gradient, so convolutions, transposed convolutions and all their derivatives are this one composite; it compiles
// as windows and a contraction.
import { ArgumentError, formatShape, numel, ShapeError } from "../base/index.js";
import { type Attrs, attr, type CompositePrimitive, hashText, type NdArray, type Node } from "../graph/index.js";
import { apply } from "./apply.js";
import { contract } from "./contraction.js";
import { fillArray, ravel, unravel } from "./define.js";
import { add, mul } from "./elementwise.js";
import { constant } from "./leaves.js";
import { dilate, expand, flip, fold, pad, permute, reshape, slice, window } from "./movement.js";

/**
 * What a convolution does to its spatial dims, one entry a dim. The input is dilated, then padded (negative padding cuts),
 * the kernel is dilated. Groups as XLA's ConvGeneralDilated: with feature groups each group of output channels sees its own
 * input channels, with batch groups its own part of the batch.
 */
export interface ConvArguments {
  readonly stride: readonly number[];
  /** `[before, after]` of each dim. */
  readonly padding: readonly (readonly [number, number])[];
  readonly lhsDilation?: readonly number[];
  readonly rhsDilation?: readonly number[];
  readonly featureGroups?: number;
  readonly batchGroups?: number;
}

type Geometry = Required<ConvArguments>;

function geometryOf(node: { readonly attrs: Attrs }): Geometry {
  return {
    stride: attr<readonly number[]>(node, "stride"),
    padding: attr<readonly (readonly [number, number])[]>(node, "padding"),
    lhsDilation: attr<readonly number[]>(node, "lhsDilation"),
    rhsDilation: attr<readonly number[]>(node, "rhsDilation"),
    featureGroups: attr<number>(node, "featureGroups"),
    batchGroups: attr<number>(node, "batchGroups"),
  };
}

/** Size after `by - 1` zeros were put between neighbours. */
const dilated = (size: number, by: number): number => (size === 0 ? 0 : (size - 1) * by + 1);

/** `[N/batchGroups, O, …L']` of x `[N, C, …L]` and w `[O, C/featureGroups, …K]`. */
function outputShape(x: readonly number[], w: readonly number[], g: Geometry): number[] {
  const spatial = g.stride.map((stride, d) => {
    const [before, after] = g.padding[d] as readonly [number, number];
    const length = dilated(x[d + 2] as number, g.lhsDilation[d] as number) + before + after;
    const span = dilated(w[d + 2] as number, g.rhsDilation[d] as number);
    return Math.max(0, Math.floor((length - span) / stride) + 1);
  });
  return [(x[0] as number) / g.batchGroups, w[0] as number, ...spatial];
}

function checkConv(x: Node, w: Node, { stride, featureGroups, batchGroups }: Geometry): void {
  const rank = stride.length + 2;
  const [n = 0, c = 0] = x.shape;
  const [o = 0, perGroup = 0] = w.shape;
  if (x.shape.length === rank && w.shape.length === rank && perGroup * featureGroups === c) {
    if (o % (featureGroups * batchGroups) === 0 && n % batchGroups === 0) return;
  }
  throw new ShapeError(
    `conv: shapes do not fit ${rank - 2} spatial dims, ${featureGroups} feature and ${batchGroups} batch groups (input ${formatShape(x.shape)}, weight ${formatShape(w.shape)})`,
    { op: "conv", shapes: [x.shape, w.shape] },
  );
}

const convP: CompositePrimitive = {
  kind: "composite",
  name: "conv",
  hash: hashText("conv"),
  saves: { inputs: [0, 1], output: false },
  infer: ([x, w], attrs) => {
    const geometry = geometryOf({ attrs });
    checkConv(x as Node, w as Node, geometry);
    return { shape: outputShape((x as Node).shape, (w as Node).shape, geometry), dtype: (x as Node).dtype };
  },
  vjp: (node, grad, needs) => [
    needs[0] ? inputGradient(node, grad) : null,
    needs[1] ? weightGradient(node, grad) : null,
  ],
  decompose: (node) => {
    const [x, w] = node.inputs as [Node, Node];
    const geometry = geometryOf(node);
    if (node.size === 0 || x.size === 0 || w.size === 0) return expand(constant(0, node.dtype), node.shape);
    return isSplitByPhase(geometry) ? byPhases(x, w, geometry, node.shape) : direct(x, w, geometry);
  },
  reference: (node, [x, w]) => convolveArrays(node, x as NdArray, w as NdArray),
};

/** The general convolution of x `[N, C, …L]` and w `[O, C/featureGroups, …K]`: see ConvArguments. */
export function conv(x: Node, w: Node, args: ConvArguments): Node {
  const ones = args.stride.map(() => 1);
  const { stride, padding, lhsDilation = ones, rhsDilation = ones, featureGroups = 1, batchGroups = 1 } = args;
  if (featureGroups > 1 && batchGroups > 1) {
    throw new ArgumentError(
      `conv: ${featureGroups} feature groups and ${batchGroups} batch groups at once; one must be 1`,
      {
        op: "conv",
      },
    );
  }
  return apply(convP, [x, w], { stride, padding, lhsDilation, rhsDilation, featureGroups, batchGroups });
}

// ---- gradients --------------------------------------------------------------------------------------------------
// Transposition rules after JAX, jax/_src/lax/convolution.py (Apache-2.0).

const spatialDims = (x: Node): number[] => x.shape.slice(2).map((_, d) => d + 2);

/** Sums of each dilated spatial size: input, kernel, output. */
function dilatedSizes(node: Node, { stride, lhsDilation, rhsDilation }: Geometry) {
  const [x, w] = node.inputs as [Node, Node];
  return stride.map((s, d) => ({
    input: dilated(x.shape[d + 2] as number, lhsDilation[d] as number),
    kernel: dilated(w.shape[d + 2] as number, rhsDilation[d] as number),
    output: dilated(node.shape[d + 2] as number, s),
  }));
}

/** The output's gradient convolved with the flipped kernel, strides and input dilation exchanged. */
function inputGradient(node: Node, grad: Node): Node {
  const [x, w] = node.inputs as [Node, Node];
  const geometry = geometryOf(node);
  const groups = geometry.featureGroups * geometry.batchGroups; // one of them is 1
  const padding = dilatedSizes(node, geometry).map(({ input, kernel, output }, d): [number, number] => {
    const before = kernel - 1 - (geometry.padding[d] as readonly [number, number])[0];
    return [before, input + kernel - 1 - output - before];
  });
  const full = conv(grad, flip(exchangeChannels(w, groups), spatialDims(w)), {
    stride: geometry.lhsDilation,
    padding,
    lhsDilation: geometry.stride,
    rhsDilation: geometry.rhsDilation,
    featureGroups: groups,
  });
  if (geometry.batchGroups === 1) return full;
  const [n, c, ...spatial] = x.shape as [number, number, ...number[]];
  const split = reshape(full, [n / groups, groups, c, ...spatial]);
  return reshape(permute(split, [1, 0, ...split.shape.slice(2).map((_, d) => d + 2)]), x.shape);
}

/** `[O, C/G, …K]` to `[C, O/G, …K]`, group by group. */
function exchangeChannels(w: Node, groups: number): Node {
  const [o, perGroup, ...kernel] = w.shape as [number, number, ...number[]];
  if (groups === 1) return permute(w, [1, 0, ...spatialDims(w)]);
  const split = reshape(w, [groups, o / groups, perGroup, ...kernel]);
  const exchanged = permute(split, [0, 2, 1, ...kernel.map((_, d) => d + 3)]);
  return reshape(exchanged, [groups * perGroup, o / groups, ...kernel]);
}

/** The input convolved with the output's gradient over the batch, stride and kernel dilation exchanged. */
function weightGradient(node: Node, grad: Node): Node {
  const [x] = node.inputs as [Node, Node];
  const geometry = geometryOf(node);
  const padding = dilatedSizes(node, geometry).map(({ input, kernel, output }, d): [number, number] => {
    const before = (geometry.padding[d] as readonly [number, number])[0];
    return [before, output - input + kernel - before - 1];
  });
  const exchanged = [1, 0, ...spatialDims(x)];
  const result = conv(permute(x, exchanged), permute(grad, exchanged), {
    stride: geometry.rhsDilation,
    padding,
    lhsDilation: geometry.lhsDilation,
    rhsDilation: geometry.stride,
    featureGroups: geometry.batchGroups,
    batchGroups: geometry.featureGroups,
  });
  return permute(result, exchanged);
}

// ---- decomposition ----------------------------------------------------------------------------------------------

// Labels of the contraction: batch, group, output channel, input channel; then output positions and kernel places.
const [BATCH, GROUP, OUT, IN, POSITION, PLACE] = [0, 1, 2, 3, 10, 20];

/** Windows of the padded input, contracted with the kernel. */
function direct(x: Node, w: Node, geometry: Geometry): Node {
  const { stride, rhsDilation, featureGroups, batchGroups } = geometry;
  const shape = outputShape(x.shape, w.shape, geometry);
  const padded = padInput(x, geometry);
  const windows = window(
    padded,
    stride.map((step, d) => ({
      dim: d + 2,
      count: shape[d + 2] as number,
      size: w.shape[d + 2] as number,
      stride: step,
      dilation: rhsDilation[d] as number,
    })),
  ); // [N, C, o1, k1, …]
  const positions = stride.map((_, d) => POSITION + d);
  const places = stride.map((_, d) => PLACE + d);
  const pairs = positions.flatMap((position, d) => [position, places[d] as number]);
  const groups = featureGroups * batchGroups;
  if (batchGroups === 1 && w.size === w.shape[0]) return scaled(windows, w, groups, shape);
  if (groups === 1) {
    return contract(windows, w, { a: [BATCH, IN, ...pairs], b: [OUT, IN, ...places], out: [BATCH, OUT, ...positions] });
  }
  const [n, c, ...rest] = windows.shape as [number, number, ...number[]];
  const [o, perGroup, ...kernel] = w.shape as [number, number, ...number[]];
  const isFeature = featureGroups > 1;
  const a = isFeature
    ? reshape(windows, [n, groups, c / groups, ...rest])
    : reshape(windows, [groups, n / groups, c, ...rest]);
  const product = contract(a, reshape(w, [groups, o / groups, perGroup, ...kernel]), {
    a: [...(isFeature ? [BATCH, GROUP] : [GROUP, BATCH]), IN, ...pairs],
    b: [GROUP, OUT, IN, ...places],
    out: [BATCH, GROUP, OUT, ...positions],
  });
  return reshape(product, shape);
}

/** One channel in, one place: nothing is summed, and who reads the products can compute them on the spot. */
function scaled(windows: Node, w: Node, groups: number, shape: readonly number[]): Node {
  const [n, o, ...positions] = shape as [number, number, ...number[]];
  const ones = positions.map(() => 1);
  const values = reshape(windows, [n, groups, 1, ...positions]);
  return reshape(mul(values, reshape(w, [groups, o / groups, ...ones])), shape);
}

function padInput(x: Node, { padding, lhsDilation }: Geometry): Node {
  const wide = lhsDilation.reduce((y, by, d) => dilate(y, d + 2, by), x);
  const side = (i: 0 | 1): number[] => [0, 0, ...padding.map((pair) => pair[i])];
  return pad(wide, side(0), side(1), 0);
}

/** A dilated input is mostly zeros: at stride 1 the output positions of one phase see a dense input and part of the kernel. */
function isSplitByPhase({ stride, lhsDilation }: Geometry): boolean {
  return lhsDilation.some((by) => by > 1) && stride.every((step) => step === 1);
}

/** What one phase of a dim convolves: every `step`-th place of the kernel from `first`, padding `before`, dilation. */
interface Phase {
  readonly first: number;
  readonly step: number;
  readonly size: number;
  readonly before: number;
  readonly dilation: number;
}

/** The places k of the kernel that meet input elements at output positions phase + by·q, or null if none does. */
function phaseOf(phase: number, by: number, before: number, dilation: number, kernel: number): Phase | null {
  for (let first = 0; first < Math.min(by, kernel); first++) {
    const reach = phase - before + first * dilation; // in the dilated input, at q = 0
    if (reach % by !== 0) continue;
    let step = 1;
    while ((step * dilation) % by !== 0) step++;
    return {
      first,
      step,
      size: Math.ceil((kernel - first) / step),
      before: -reach / by,
      dilation: (step * dilation) / by,
    };
  }
  return null;
}

/** Each combination of phases is a dense convolution; the result is the sum of them, spread to their places. */
function byPhases(x: Node, w: Node, geometry: Geometry, shape: readonly number[]): Node {
  const { lhsDilation: by } = geometry;
  const counts = by.map((s, d) => Math.ceil((shape[d + 2] as number) / s));
  let total: Node | null = null;
  for (let flat = 0; flat < numel(by); flat++) {
    const places = unravel(flat, by);
    const phases = places.map((phase, d) => {
      const [before] = geometry.padding[d] as readonly [number, number];
      return phaseOf(phase, by[d] as number, before, geometry.rhsDilation[d] as number, w.shape[d + 2] as number);
    });
    if (phases.some((phase) => phase === null)) continue; // meets zeros only
    const part = phasePart(x, w, geometry, phases as readonly Phase[], [...shape.slice(0, 2), ...counts]);
    const spread = interleaved(part, by, places, shape);
    total = total ? add(total, spread) : spread;
  }
  return total ?? expand(constant(0, x.dtype), shape);
}

/**
 * `part` `[N, O, …Q]` with element q of a dim at q · by + place, zeros between. A loop that is split by `by` knows which
 * parts an element is made of, so whoever reads the sum reads the parts, in vectors.
 */
function interleaved(part: Node, by: readonly number[], places: readonly number[], shape: readonly number[]): Node {
  const [n, o, ...counts] = part.shape as [number, number, ...number[]];
  const pairs = reshape(part, [n, o, ...counts.flatMap((count) => [count, 1])]); // [N, O, Q1, 1, Q2, 1, …]
  const before = [0, 0, ...places.flatMap((place) => [0, place])];
  const after = [0, 0, ...places.flatMap((place, d) => [0, (by[d] as number) - 1 - place])];
  const axes = counts.map((count, d) => {
    const step = by[d] as number;
    return { dim: d + 2, count, size: step, stride: step, dilation: 1 };
  });
  return fold(pad(pairs, before, after, 0), axes, shape.slice(2));
}

function phasePart(x: Node, w: Node, geometry: Geometry, phases: readonly Phase[], shape: readonly number[]): Node {
  const kernel = phases.reduce((y, { first, step }, d) => slice(y, d + 2, first, w.shape[d + 2] as number, step), w);
  const padding = phases.map(({ size, before, dilation }, d): [number, number] => {
    const reach = (shape[d + 2] as number) - 1 + dilated(size, dilation);
    return [before, reach - before - (x.shape[d + 2] as number)];
  });
  const ones = phases.map(() => 1);
  const rhsDilation = phases.map(({ dilation }) => dilation);
  return direct(x, kernel, { ...geometry, stride: ones, padding, lhsDilation: ones, rhsDilation });
}

// ---- reference --------------------------------------------------------------------------------------------------

/** The definition: a sum over input channels and kernel places, skipping what falls on padding or between elements. */
function convolveArrays(node: Node, x: NdArray, w: NdArray): NdArray {
  const geometry = geometryOf(node);
  const [n, o] = node.shape as [number, number];
  const [, perGroup, ...kernel] = w.shape as [number, number, ...number[]];
  const groups = geometry.featureGroups * geometry.batchGroups;
  const places = Array.from({ length: numel(kernel) }, (_, k) => unravel(k, kernel));
  return fillArray(node.shape, node.dtype, (i) => {
    const [row, channel, ...position] = unravel(i, node.shape) as [number, number, ...number[]];
    const group = Math.floor(channel / (o / groups));
    const batch = geometry.batchGroups > 1 ? group * n + row : row;
    const firstChannel = geometry.featureGroups > 1 ? group * perGroup : 0;
    let total = 0;
    for (const place of places) {
      const source = inputPosition(geometry, position, place, x.shape);
      if (!source) continue;
      for (let c = 0; c < perGroup; c++) {
        const left = x.data[ravel([batch, firstChannel + c, ...source], x.shape)];
        total += Number(left) * Number(w.data[ravel([channel, c, ...place], w.shape)]);
      }
    }
    return node.dtype === "int64" ? BigInt(total) : total;
  });
}

function inputPosition(
  g: Geometry,
  position: readonly number[],
  place: readonly number[],
  shape: readonly number[],
): number[] | null {
  const source: number[] = [];
  for (let d = 0; d < position.length; d++) {
    const [before] = g.padding[d] as readonly [number, number];
    const at =
      (position[d] as number) * (g.stride[d] as number) + (place[d] as number) * (g.rhsDilation[d] as number) - before;
    const by = g.lhsDilation[d] as number;
    if (at < 0 || at % by !== 0 || at / by >= (shape[d + 2] as number)) return null;
    source.push(at / by);
  }
  return source;
}
