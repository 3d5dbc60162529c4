// Initialisation of weights in place: PyTorch's nn.init.
import { ArgumentError, checkOptions, chosen, formatShape, noMore, ShapeError, type Spelled } from "../base/index.js";
import {
  arange,
  checkTensor,
  eye,
  type Generator,
  noGrad,
  quietly,
  rand,
  randn,
  type Tensor,
  tensor as tensorOf,
  where,
} from "../tensor/index.js";

/** Options of random initialisers. */
export interface RandomOptions {
  /** Where the numbers come from; default: the global one, set by `manualSeed`. */
  readonly generator?: Generator;
}

const nonlinearities = [
  "linear",
  "conv1d",
  "conv2d",
  "conv3d",
  "convTranspose1d",
  "convTranspose2d",
  "convTranspose3d",
  "sigmoid",
  "tanh",
  "relu",
  "leakyRelu",
  "selu",
] as const;

/** Activation behind a layer, as far as its initialisation cares: `leakyRelu`, or as PyTorch spells it, `leaky_relu`. */
export type Nonlinearity = Spelled<(typeof nonlinearities)[number]>;

/**
 * The factor by which an activation's input should be scaled to keep the variance: 5/3 for `tanh`, √2 for `relu`, √(2 / (1 + slope²))
 * for `leakyRelu`, 3/4 for `selu`, else 1.
 * @throws ArgumentError if the nonlinearity is unknown.
 * @example nn.init.calculateGain("relu") // 1.4142135623730951
 * @param options - `param`: the negative slope of `leakyRelu` (default 0.01).
 */
export function calculateGain(
  nonlinearity: Nonlinearity,
  options: { readonly param?: number } = {},
  ...surplus: []
): number {
  noMore("init.calculateGain", surplus);
  checkOptions("calculateGain", options, ["param"]);
  switch (chosen("calculateGain", "nonlinearity", nonlinearity, nonlinearities)) {
    case "tanh":
      return 5 / 3;
    case "relu":
      return Math.SQRT2;
    case "leakyRelu":
      return Math.sqrt(2 / (1 + (options.param ?? 0.01) ** 2));
    case "selu":
      return 0.75;
    case "linear":
    case "conv1d":
    case "conv2d":
    case "conv3d":
    case "convTranspose1d":
    case "convTranspose2d":
    case "convTranspose3d":
    case "sigmoid":
      return 1;
  }
}

/** Inputs and outputs of a unit: `[out, in, ...kernel]` weights count each kernel position. */
function fans(op: string, weight: Tensor): { fanIn: number; fanOut: number } {
  checkTensor(op, "tensor", weight);
  const [outputs, inputs, ...kernel] = weight.shape;
  if (outputs === undefined || inputs === undefined) {
    throw new ShapeError(
      `${op}: a weight needs at least 2 dims to have a fan, got shape ${formatShape(weight.shape)}`,
      {
        op,
        shapes: [weight.shape],
      },
    );
  }
  const positions = kernel.reduce((a, b) => a * b, 1);
  return { fanIn: inputs * positions, fanOut: outputs * positions };
}

/** Writes values without a trace in autograd. */
function write(tensor: Tensor, change: () => Tensor): Tensor {
  checkTensor("nn.init", "tensor", tensor);
  return noGrad(() => quietly(change));
}

/** Options of `uniform_`. */
export interface UniformOptions extends RandomOptions {
  /** Lower end; default 0. */
  readonly a?: number;
  /** Upper end; default 1. */
  readonly b?: number;
}

/**
 * Fills with numbers uniform in [`a`, `b`), in place. Shapes: any → the same tensor.
 * @throws ArgumentError if `a` is above `b`, or the tensor is no float one.
 * @example nn.init.uniform_(layer.weight, { a: -0.1, b: 0.1 })
 */
export function uniform_(tensor: Tensor, options: UniformOptions = {}, ...surplus: []): Tensor {
  noMore("init.uniform_", surplus);
  checkOptions("init.uniform_", options, ["a", "b", "generator"]);
  const { a = 0, b = 1 } = options;
  return write(tensor, () => tensor.uniform_(a, b, generatorOf(options)));
}

/** Options of `normal_`. */
export interface NormalOptions extends RandomOptions {
  /** Mean of the numbers; default 0. */
  readonly mean?: number;
  /** Their standard deviation, >= 0; default 1. */
  readonly std?: number;
}

/**
 * Fills with normally distributed numbers, in place. Shapes: any → the same tensor.
 * @throws ArgumentError if `std` is negative, or the tensor is no float one.
 */
export function normal_(tensor: Tensor, options: NormalOptions = {}, ...surplus: []): Tensor {
  noMore("init.normal_", surplus);
  checkOptions("init.normal_", options, ["mean", "std", "generator"]);
  const { mean = 0, std = 1 } = options;
  return write(tensor, () => tensor.normal_(mean, std, generatorOf(options)));
}

/** Of what `values` makes only the result is anybody's to see. */
function fill(tensor: Tensor, values: () => Tensor): Tensor {
  return write(tensor, () => tensor.copy_(values()));
}

/** Fills with one value, in place. Shapes: any → the same tensor. */
export function constant_(tensor: Tensor, value: number, ...surplus: []): Tensor {
  noMore("init.constant_", surplus);
  return write(tensor, () => tensor.fill_(value));
}

/** Fills with 0, in place. Shapes: any → the same tensor. */
export function zeros_(tensor: Tensor, ...surplus: []): Tensor {
  noMore("init.zeros_", surplus);
  return constant_(tensor, 0);
}

/** Fills with 1, in place. Shapes: any → the same tensor. */
export function ones_(tensor: Tensor, ...surplus: []): Tensor {
  noMore("init.ones_", surplus);
  return constant_(tensor, 1);
}

/**
 * Fills a matrix with the identity, in place: 1 on the diagonal, else 0. Shapes: `[rows, columns]` → the same tensor.
 * @throws ShapeError if the tensor has not 2 dims.
 */
export function eye_(tensor: Tensor, ...surplus: []): Tensor {
  noMore("init.eye_", surplus);
  checkTensor("init.eye_", "tensor", tensor);
  const [rows, columns] = checkMatrix("init.eye_", tensor, true);
  return fill(tensor, () => eye(rows, columns, { dtype: tensor.dtype }));
}

/**
 * Fills the weight of a convolution so that it hands its input on: output channel i is input channel i, as far as there are both; the
 * rest is 0.
 *
 * Shapes: `[outChannels, inChannels / groups, ...kernel]` of 3 to 5 dims → the same tensor.
 * @param options - `groups` (default 1): each group hands on its own channels.
 * @throws ShapeError if the tensor has not 3 to 5 dims.
 * @throws ArgumentError if `groups` does not divide the output channels.
 * @example nn.init.dirac_(new nn.Conv2d(3, 3, 3, { padding: 1, bias: false }).weight)
 */
export function dirac_(tensor: Tensor, options: { readonly groups?: number } = {}, ...surplus: []): Tensor {
  noMore("init.dirac_", surplus);
  const op = "init.dirac_";
  checkOptions(op, options, ["groups"]);
  checkTensor(op, "tensor", tensor);
  const { groups = 1 } = options;
  const [outputs = 0, inputs = 0, ...kernel] = tensor.shape;
  if (kernel.length < 1 || kernel.length > 3) {
    throw new ShapeError(`${op}: needs 3, 4 or 5 dims, got shape ${formatShape(tensor.shape)}`, {
      op,
      shapes: [tensor.shape],
    });
  }
  if (!Number.isInteger(groups) || groups < 1 || outputs % groups !== 0) {
    throw new ArgumentError(`${op}: groups must divide the ${outputs} output channels, got ${groups}`, { op });
  }
  const place = kernel.reduce((at, size) => at * size + (size >> 1), 0);
  const positions = kernel.reduce((a, b) => a * b, 1);
  return fill(tensor, () => {
    const one = eye(outputs / groups, inputs, { dtype: tensor.dtype }); // [O / G, I]
    const centre = arange(positions).eq(place).to(tensor.dtype); // [K]
    return one.unsqueeze(-1).mul(centre).repeat(groups, 1, 1).reshape(tensor.shape); // [O, I, K]
  });
}

/** Options of `sparse_`. */
export interface SparseOptions extends RandomOptions {
  /** Standard deviation of the values that are not 0, >= 0; default 0.01. */
  readonly std?: number;
}

/**
 * Fills a matrix with normal numbers and sets in each column ⌈sparsity · rows⌉ of them, at random places, to 0.
 *
 * Shapes: `[rows, columns]` → the same tensor.
 * Source: Martens, "Deep learning via Hessian-free optimization", 2010.
 * @param sparsity - share of zeros in each column, from 0 to 1.
 * @throws ShapeError if the tensor has not 2 dims.
 * @throws ArgumentError if the share is not in [0, 1], or `std` is negative.
 * @example nn.init.sparse_(new nn.Linear(5, 3).weight, 0.1)
 */
export function sparse_(tensor: Tensor, sparsity: number, options: SparseOptions = {}, ...surplus: []): Tensor {
  noMore("init.sparse_", surplus);
  const op = "init.sparse_";
  checkOptions(op, options, ["std", "generator"]);
  checkTensor(op, "tensor", tensor);
  const [rows, columns] = checkMatrix(op, tensor, true);
  if (!(sparsity >= 0 && sparsity <= 1)) {
    throw new ArgumentError(`${op}: sparsity must be in [0, 1], got ${sparsity}`, { op });
  }
  const zeros = Math.ceil(sparsity * rows);
  const { std = 0.01 } = options;
  normal_(tensor, { std, ...generatorOf(options) });
  return fill(tensor, () => {
    // The ranks of random numbers are a random order of each column.
    const ranks = rand([rows, columns], generatorOf(options)).argsort(0).argsort(0);
    return where(ranks.lt(zeros), 0, tensor);
  });
}

function checkMatrix(op: string, tensor: Tensor, exactly: boolean): [rows: number, columns: number] {
  const [rows, ...rest] = tensor.shape;
  if (rows === undefined || rest.length === 0 || (exactly && rest.length > 1)) {
    throw new ShapeError(
      `${op}: needs ${exactly ? "2 dims" : "at least 2 dims"}, got shape ${formatShape(tensor.shape)}`,
      { op, shapes: [tensor.shape] },
    );
  }
  return [rows, rest.reduce((a, b) => a * b, 1)];
}

/**
 * Fills with numbers uniform in ±gain·√(6 / (fanIn + fanOut)), in place. `gain` is 1 by default.
 *
 * Shapes: a weight `[outputs, inputs, ...kernel]` → the same tensor; fanIn is inputs · kernel elements, fanOut outputs · kernel elements.
 * Source: Glorot & Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010, eq. 16.
 * @throws ShapeError if the weight has fewer than 2 dims.
 * @throws ArgumentError if it is no float one.
 * @example nn.init.xavierUniform_(layer.weight, { gain: nn.init.calculateGain("relu") })
 */
export function xavierUniform_(
  tensor: Tensor,
  options: RandomOptions & { readonly gain?: number } = {},
  ...surplus: []
): Tensor {
  noMore("init.xavierUniform_", surplus);
  checkOptions("init.xavierUniform_", options, ["gain", "generator"]);
  const bound = Math.sqrt(3) * xavierStd("init.xavierUniform_", tensor, options.gain);
  return uniform_(tensor, { a: -bound, b: bound, ...generatorOf(options) });
}

/**
 * Fills with normal numbers of standard deviation gain·√(2 / (fanIn + fanOut)), in place. `gain` is 1 by default.
 *
 * Shapes: a weight `[outputs, inputs, ...kernel]` → the same tensor; fanIn is inputs · kernel elements, fanOut outputs · kernel elements.
 * Source: Glorot & Bengio, AISTATS 2010.
 * @throws ShapeError if the weight has fewer than 2 dims.
 * @throws ArgumentError if it is no float one.
 */
export function xavierNormal_(
  tensor: Tensor,
  options: RandomOptions & { readonly gain?: number } = {},
  ...surplus: []
): Tensor {
  noMore("init.xavierNormal_", surplus);
  checkOptions("init.xavierNormal_", options, ["gain", "generator"]);
  return normal_(tensor, { std: xavierStd("init.xavierNormal_", tensor, options.gain), ...generatorOf(options) });
}

function xavierStd(op: string, tensor: Tensor, gain = 1): number {
  const { fanIn, fanOut } = fans(op, tensor);
  return gain * Math.sqrt(2 / (fanIn + fanOut));
}

/** Options of `kaimingUniform_` and `kaimingNormal_`. */
export interface KaimingOptions extends RandomOptions {
  /** Negative slope of a leaky relu behind the layer; default 0. */
  readonly a?: number;
  /** Keep the variance of the forward pass (`fanIn`, default) or of the backward pass (`fanOut`). */
  readonly mode?: Spelled<"fanIn" | "fanOut">;
  /** What is behind the layer, for the gain; default `leakyRelu`, which with `a = 0` is relu. */
  readonly nonlinearity?: Nonlinearity;
}

const kaimingNames = ["a", "mode", "nonlinearity", "generator"];

/**
 * He initialisation, in place: numbers uniform in ±gain·√(3 / fan).
 *
 * Shapes: a weight `[outputs, inputs, ...kernel]` → the same tensor; fanIn is inputs · kernel elements, fanOut outputs · kernel elements.
 * Source: He et al., "Delving Deep into Rectifiers", ICCV 2015, arXiv:1502.01852.
 * @throws ShapeError if the weight has fewer than 2 dims.
 * @throws ArgumentError if `mode` or `nonlinearity` is unknown, or it is no float one.
 */
export function kaimingUniform_(tensor: Tensor, options: KaimingOptions = {}, ...surplus: []): Tensor {
  noMore("init.kaimingUniform_", surplus);
  checkOptions("init.kaimingUniform_", options, kaimingNames);
  const bound = Math.sqrt(3) * kaimingStd("init.kaimingUniform_", tensor, options);
  return uniform_(tensor, { a: -bound, b: bound, ...generatorOf(options) });
}

/**
 * He initialisation, in place: normal numbers of standard deviation gain / √fan.
 *
 * Shapes: a weight `[outputs, inputs, ...kernel]` → the same tensor; fanIn is inputs · kernel elements, fanOut outputs · kernel elements.
 * Source: He et al., "Delving Deep into Rectifiers", ICCV 2015, arXiv:1502.01852.
 * @throws ShapeError if the weight has fewer than 2 dims.
 * @throws ArgumentError if `mode` or `nonlinearity` is unknown, or it is no float one.
 * @example nn.init.kaimingNormal_(layer.weight, { nonlinearity: "relu" })
 */
export function kaimingNormal_(tensor: Tensor, options: KaimingOptions = {}, ...surplus: []): Tensor {
  noMore("init.kaimingNormal_", surplus);
  checkOptions("init.kaimingNormal_", options, kaimingNames);
  return normal_(tensor, { std: kaimingStd("init.kaimingNormal_", tensor, options), ...generatorOf(options) });
}

function kaimingStd(op: string, tensor: Tensor, options: KaimingOptions): number {
  const { a = 0, mode = "fanIn", nonlinearity = "leakyRelu" } = options;
  const fan = fans(op, tensor)[chosen(op, "mode", mode, ["fanIn", "fanOut"])];
  return calculateGain(nonlinearity, { param: a }) / Math.sqrt(fan);
}

function generatorOf({ generator }: RandomOptions): RandomOptions {
  return generator ? { generator } : {};
}

/** Options of `truncNormal_`. */
export interface TruncNormalOptions extends NormalOptions {
  /** Lower end; default -2. */
  readonly a?: number;
  /** Upper end; default 2. */
  readonly b?: number;
}

/**
 * Fills with normal numbers limited to [`a`, `b`], by inverting the normal distribution's cumulative function as PyTorch
 * does, rather than by drawing again; in place. Shapes: any → the same tensor.
 * @throws ArgumentError if `a` is above `b`, or the tensor is no float one.
 */
export function truncNormal_(tensor: Tensor, options: TruncNormalOptions = {}, ...surplus: []): Tensor {
  noMore("init.truncNormal_", surplus);
  checkOptions("init.truncNormal_", options, ["mean", "std", "a", "b", "generator"]);
  const { mean = 0, std = 1, a = -2, b = 2 } = options;
  if (!(a <= b)) {
    throw new ArgumentError(`init.truncNormal_: a ${a} must not be above b ${b}`, { op: "init.truncNormal_" });
  }
  const scaled = (x: number) => erf((x - mean) / (std * Math.SQRT2));
  uniform_(tensor, { a: scaled(a), b: scaled(b), ...generatorOf(options) });
  return fill(tensor, () =>
    erfinv(tensor)
      .mul(std * Math.SQRT2)
      .add(mean)
      .clamp(a, b),
  );
}

/**
 * Fills a matrix with orthonormal rows or columns, whichever are fewer, times `gain` (default 1); in place.
 *
 * Shapes: `[rows, …]` → the same tensor; further dims are flattened into the columns.
 * Source: Saxe, McClelland & Ganguli, 2013, arXiv:1312.6120. Reads the random numbers, so it is not for use in compile().
 * @throws ShapeError if the tensor has fewer than 2 dims.
 */
export function orthogonal_(
  tensor: Tensor,
  options: RandomOptions & { readonly gain?: number } = {},
  ...surplus: []
): Tensor {
  noMore("init.orthogonal_", surplus);
  checkOptions("init.orthogonal_", options, ["gain", "generator"]);
  checkTensor("init.orthogonal_", "tensor", tensor);
  const [rows, columns] = checkMatrix("init.orthogonal_", tensor, false);
  const [count, length] = [Math.min(rows, columns), Math.max(rows, columns)];
  const values = randn([count, length], { dtype: "float64", ...generatorOf(options) }).toTypedArray() as Float64Array;
  orthonormalize(values, count, length);
  const { gain = 1 } = options;
  const vectors = tensorOf(values.map((x) => x * gain)).view(count, length);
  const matrix = rows <= columns ? vectors : vectors.t();
  return fill(tensor, () => matrix.reshape(tensor.shape).to(tensor.dtype));
}

/** Gram–Schmidt on the rows, twice: once leaves an error of the condition number, twice of rounding. */
function orthonormalize(values: Float64Array, count: number, length: number): void {
  const row = (i: number) => values.subarray(i * length, (i + 1) * length);
  const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, x, i) => sum + x * (b[i] as number), 0);
  for (let i = 0; i < count; i++) {
    const current = row(i);
    for (let pass = 0; pass < 2; pass++) {
      for (let j = 0; j < i; j++) {
        const other = row(j);
        const projection = dot(current, other);
        for (let k = 0; k < length; k++) current[k] = (current[k] as number) - projection * (other[k] as number);
      }
    }
    const size = Math.sqrt(dot(current, current));
    for (let k = 0; k < length; k++) current[k] = (current[k] as number) / size;
  }
}

/** erf to about 1e-15: its Taylor series, and from 2.5 on the continued fraction of 1 - erf. */
function erf(x: number): number {
  const z = Math.abs(x);
  if (z > 6) return Math.sign(x);
  if (z < 2.5) {
    let power = z;
    let sum = z;
    for (let n = 1; n < 80; n++) {
      power *= (-z * z) / n;
      sum += power / (2 * n + 1);
    }
    return Math.sign(x) * sum * (2 / Math.sqrt(Math.PI));
  }
  let fraction = z;
  for (let n = 60; n > 0; n--) fraction = z + n / 2 / fraction;
  return Math.sign(x) * (1 - Math.exp(-z * z) / (fraction * Math.sqrt(Math.PI)));
}

// Giles, "Approximating the erfinv function", GPU Computing Gems, 2011: single precision, highest power first.
const centralCoefficients = [
  2.81022636e-8, 3.43273939e-7, -3.5233877e-6, -4.39150654e-6, 2.1858087e-4, -1.25372503e-3, -4.17768164e-3,
  0.246640727, 1.50140941,
];
const tailCoefficients = [
  -2.00214257e-4, 1.00950558e-4, 1.34934322e-3, -3.67342844e-3, 5.73950773e-3, -7.6224613e-3, 9.43887047e-3, 1.00167406,
  2.83297682,
];

function erfinv(x: Tensor): Tensor {
  const polynomial = (at: Tensor, [first = 0, ...rest]: readonly number[]) =>
    rest.reduce<Tensor>((sum, coefficient) => sum.mul(at).add(coefficient), at.mul(0).add(first));
  // Rounded to ±1, x would have no finite inverse; the clamp afterwards is the caller's.
  const w = x.square().neg().add(1).clamp(1e-30).log().neg();
  const central = polynomial(w.sub(2.5), centralCoefficients);
  const tail = polynomial(w.sqrt().sub(3), tailCoefficients);
  return where(w.lt(5), central, tail).mul(x);
}
