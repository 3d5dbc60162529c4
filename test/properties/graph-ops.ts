// The ops of random graphs. Each applies to any tensors that its checks let through; otherwise it gives null.
import * as g from "gradus";
import { avgPool2d, conv2d, gelu, silu, softplus } from "gradus/nn/functional";

type Tensor = g.Tensor;

/** `x` and `y` broadcast against each other; `p` and `q` choose dims, sizes and variants. */
export type GraphOp = (x: Tensor, y: Tensor, p: number, q: number) => Tensor | null;

/** Larger results are not made: graphs stay small. */
const largestSize = 1500;

const dimOf = (x: Tensor, p: number): number | null => (x.shape.length === 0 ? null : p % x.shape.length);
const sizeOf = (x: Tensor, dim: number): number => x.shape[dim] as number;
const isEmpty = (x: Tensor): boolean => x.numel() === 0;

/** An op along one dim. */
function along(op: (x: Tensor, dim: number, q: number) => Tensor | null): GraphOp {
  return (x, _, p, q) => {
    const dim = dimOf(x, p);
    return dim === null ? null : op(x, dim, q);
  };
}

/** A reduction over one dim or all, keeping dims or not; `identity`: whether it has a value for nothing. */
function reduction(op: (x: Tensor, dim: number | null, keepdim: boolean) => Tensor, identity = true): GraphOp {
  return (x, _, p, q) => {
    if (isEmpty(x) && !identity) return null;
    const dim = p % 4 === 3 ? null : dimOf(x, p);
    return op(x, dim, q % 2 === 1);
  };
}

const smallEnough = (shape: readonly number[]): boolean =>
  shape.length <= 5 && shape.reduce((a, b) => a * b, 1) <= largestSize;

function matmulOf(x: Tensor, y: Tensor): Tensor | null {
  if (x.shape.length === 0 || y.shape.length === 0) return null;
  // The broadcast partner rarely fits: its transpose, or x's own, does more often.
  const candidates = [y, y.shape.length > 1 ? y.mT : y, x, x.shape.length > 1 ? x.mT : x];
  for (const other of candidates) {
    const inner = other.shape.at(other.shape.length > 1 ? -2 : -1) as number;
    if (inner !== x.shape.at(-1) || x.numel() * other.numel() > 20_000) continue;
    const batches = [x.shape.slice(0, -2), other.shape.slice(0, -2)].map((shape) => shape.join());
    if (batches[0] !== batches[1] && batches[0] !== "" && batches[1] !== "") continue;
    return x.matmul(other);
  }
  return null;
}

/** The tensor cut or repeated to `[1, 2, n, n]`-like pictures for convolutions and pooling. */
function picture(x: Tensor): Tensor | null {
  const size = x.numel();
  if (size < 8) return null;
  const columns = Math.min(5, Math.floor(size / 4));
  const rows = Math.min(6, Math.floor(size / (2 * columns)));
  return x
    .flatten()
    .narrow(0, 0, 2 * rows * columns)
    .reshape(1, 2, rows, columns);
}

/** Moves, copies and chooses elements: for every dtype. */
const movements: Record<string, GraphOp> = {
  transpose: (x, _, p, q) => (x.shape.length < 2 ? null : x.transpose(p % x.shape.length, q % x.shape.length)),
  permute: (x) => x.permute(x.shape.map((_, d) => (d + 1) % x.shape.length)),
  flatten: (x, _, p) => (x.shape.length < 2 ? x.reshape(-1) : x.flatten(p % 2)),
  reshape: (x, _, p) => {
    const size = x.numel();
    const divisor = [2, 3, 5, 7].find((d, i) => i >= p % 4 && size % d === 0);
    return size === 0 || divisor === undefined ? null : x.reshape(divisor, size / divisor);
  },
  unsqueeze: (x, _, p) => (x.shape.length > 3 ? null : x.unsqueeze(p % (x.shape.length + 1))),
  squeeze: (x) => x.squeeze(),
  expand: (x, _, p) => (smallEnough([2 + (p % 2), ...x.shape]) ? x.expand(2 + (p % 2), ...x.shape) : null),
  flip: along((x, dim) => x.flip(dim)),
  roll: along((x, dim, q) => g.roll(x, q % 5, dim)),
  narrow: along((x, dim, q) => {
    const start = q % (sizeOf(x, dim) + 1);
    return x.narrow(dim, start, Math.ceil((sizeOf(x, dim) - start) / 2));
  }),
  select: along((x, dim, q) => (sizeOf(x, dim) === 0 ? null : x.select(dim, q % sizeOf(x, dim)))),
  step: along((x, dim, q) => x.at(...x.shape.slice(0, dim).map(() => ":"), `${q % 3}::${1 + (q % 4)}`)),
  diagonal: (x, _, p) => (x.shape.length < 2 ? null : x.diagonal({ offset: (p % 3) - 1 })),
  indexSelect: along((x, dim, q) => {
    const n = sizeOf(x, dim);
    if (n === 0) return null;
    return g.indexSelect(x, dim, g.tensor([q % n, 0, (2 * q + 1) % n], { dtype: "int32" }));
  }),
  cat: (x, y, p) => {
    const dim = dimOf(x, p);
    if (dim === null || x.shape.length !== y.shape.length || !smallEnough([2 * x.numel() + y.numel()])) return null;
    const fits = x.shape.every((size, d) => d === dim || size === y.shape[d]);
    return fits ? g.cat([x, y, x], dim) : g.cat([x, x], dim);
  },
  stack: (x, _, p) => (smallEnough([2, ...x.shape]) ? g.stack([x, x.neg()], p % (x.shape.length + 1)) : null),
  pad: along((x, dim, q) => {
    if (!smallEnough(x.shape.map((size) => size + 3))) return null;
    const zeros = x.narrow(dim, 0, Math.min(q % 3, sizeOf(x, dim))).mul(0);
    return g.cat([zeros, x, zeros], dim);
  }),
  tril: (x, _, p) => (x.shape.length < 2 ? null : g.tril(x, { diagonal: (p % 3) - 1 })),
  repeat: along((x, dim, q) => (smallEnough([...x.shape, 3]) ? g.repeatInterleave(x, 1 + (q % 3), { dim }) : null)),
  sort: along((x, dim) => x.sort(dim).values),
};

/** Continuous, so that roundings stay small; and bounded or of linear growth, so that tolerances mean something. */
const floatOps: Record<string, GraphOp> = {
  ...movements,
  add: (x, y) => x.add(y),
  sub: (x, y) => x.sub(y),
  scale: (x, _, p) => x.mul((p % 7) / 4 - 0.75),
  mul: (x, y) => x.tanh().mul(y),
  div: (x, y) => x.div(y.square().add(1)),
  maximum: (x, y) => g.maximum(x, y),
  minimum: (x, y) => g.minimum(x, y),
  clamp: (x) => x.clamp(-0.75, 1.5),
  where: (x, y, p) => g.where(p % 2 === 0 ? g.isfinite(x) : g.isnan(y), x, y),
  neg: (x) => x.neg(),
  abs: (x) => x.abs(),
  relu: (x) => x.relu(),
  gelu: (x) => gelu(x),
  silu: (x) => silu(x),
  softplus: (x) => softplus(x),
  tanh: (x) => x.tanh(),
  sigmoid: (x) => x.sigmoid(),
  erf: (x) => x.erf(),
  sin: (x) => x.sin(),
  cos: (x) => x.cos(),
  exp: (x) => x.abs().neg().exp(),
  log: (x) => x.abs().add(0.5).log(),
  log1p: (x) => x.abs().log1p(),
  sqrt: (x) => x.square().add(0.25).sqrt(),
  rsqrt: (x) => x.abs().add(0.5).rsqrt(),
  sum: reduction((x, dim, keepdim) => x.sum(dim, { keepdim })),
  mean: reduction((x, dim, keepdim) => x.mean(dim, { keepdim }), false),
  var: reduction((x, dim, keepdim) => x.var(dim, { keepdim, correction: 0 }), false),
  amax: reduction((x, dim, keepdim) => x.amax(dim, { keepdim }), false),
  amin: reduction((x, dim, keepdim) => x.amin(dim, { keepdim }), false),
  logsumexp: reduction((x, dim, keepdim) => x.logsumexp(dim ?? x.shape.map((_, d) => d), { keepdim }), false),
  prod: reduction((x, dim) => (dim === null ? x.sin().prod() : x.sin().prod(dim))),
  softmax: along((x, dim) => x.softmax(dim)),
  logSoftmax: along((x, dim) => x.logSoftmax(dim)),
  cumsum: along((x, dim) => x.cumsum(dim)),
  matmul: (x, y) => matmulOf(x.sin(), y),
  einsum: (x) => (x.shape.length === 2 ? g.einsum("ij,kj->ik", x.sin(), x) : null),
  conv: (x, _, p, q) => {
    const image = picture(x);
    if (!image) return null;
    const weight = g.arange(0, 24).sub(11).div(16).reshape(3, 2, 2, 2);
    return conv2d(image, weight, null, { padding: p % 2, stride: 1 + (q % 2) });
  },
  maxPool: (x, _, p) => {
    const image = picture(x);
    return image && sizeOf(image, 2) > 1 && sizeOf(image, 3) > 1
      ? g.maxPool2d(image, 2, { stride: 1 + (p % 2) })
      : null;
  },
  avgPool: (x, _, p) => {
    const image = picture(x);
    return image && sizeOf(image, 2) > 1 && sizeOf(image, 3) > 1 ? avgPool2d(image, 2, { stride: 1 + (p % 2) }) : null;
  },
};

/** Exact: results wrap around alike everywhere. */
const intOps: Record<string, GraphOp> = {
  ...movements,
  add: (x, y) => x.add(y),
  sub: (x, y) => x.sub(y),
  mul: (x, y) => x.mul(y),
  maximum: (x, y) => g.maximum(x, y),
  minimum: (x, y) => g.minimum(x, y),
  neg: (x) => x.neg(),
  clamp: (x) => x.clamp(-5, 9),
  floorDivide: (x, y) => g.floorDivide(x, y.bitwiseOr(1)),
  remainder: (x, y) => g.remainder(x, y.bitwiseOr(1)),
  bitwiseAnd: (x, y) => x.bitwiseAnd(y),
  bitwiseXor: (x, y) => x.bitwiseXor(y),
  compare: (x, y, p) => (p % 2 === 0 ? x.lt(y) : x.eq(y)).to("int32"),
  where: (x, y) => g.where(x.gt(0), x, y),
  viaBool: (x) => x.bool().to("int32"),
  viaByte: (x) => x.bitwiseAnd(127).to("uint8").mul(2).to("int32"),
  viaFloat: (x) => x.clamp(-1000, 1000).to("float32").mul(2).to("int32"),
  sum: reduction((x, dim, keepdim) => x.sum(dim, { keepdim }).to("int32")),
  prod: reduction((x, dim) => (dim === null ? x.prod() : x.prod(dim)).to("int32")),
  amax: reduction((x, dim, keepdim) => x.amax(dim, { keepdim }), false),
  amin: reduction((x, dim, keepdim) => x.amin(dim, { keepdim }), false),
  argmax: reduction((x, dim, keepdim) => x.argmax(dim, { keepdim }).to("int32"), false),
  any: reduction((x, dim, keepdim) => x.any(dim, { keepdim }).to("int32")),
  cumsum: along((x, dim) => x.cumsum(dim).to("int32")),
  argsort: along((x, dim) => x.argsort(dim).to("int32")),
  matmul: (x, y) => matmulOf(x, y),
  gather: along((x, dim) => (sizeOf(x, dim) === 0 ? null : x.gather(dim, g.remainder(x, sizeOf(x, dim)).to("int64")))),
  scatterAdd: along((x, dim) =>
    sizeOf(x, dim) === 0 ? null : x.scatterAdd(dim, g.remainder(x, sizeOf(x, dim)).to("int64"), x),
  ),
};

export const graphOps: Record<"float32" | "int32", Record<string, GraphOp>> = { float32: floatOps, int32: intOps };
export { smallEnough };
