// Activations with thresholds and gates.
import { ArgumentError, checkOptions, formatShape, noMore, ShapeError } from "../../base/index.js";
import { floatNode, nodeOf, optionsWith } from "../args.js";
import { onesLike } from "../creation.js";
import type { Generator } from "../generator.js";
import { randLike } from "../random.js";
import type { Tensor } from "../tensor.js";
import { leakyRelu, softmax } from "./activation.js";
import { where } from "./arithmetic.js";
import { composed } from "./composed.js";

/**
 * The first half of `input` along `dim` times the sigmoid of the second. Dauphin et al., 2017, arXiv:1612.08083.
 *
 * Shapes: `[…, 2 D, …]` → `[…, D, …]`.
 * @param dim - default -1; its size must be even. Also as an option.
 * @throws ShapeError if the size of `dim` is odd.
 * @throws DTypeError if the input is no float tensor.
 * @throws IndexError if `dim` is out of range.
 * @example glu(randn([4, 6])).shape // [4, 3]
 */
export function glu(input: Tensor, dim?: number | { readonly dim?: number }, ...surplus: []): Tensor {
  const given = optionsWith<{ dim?: number }>("glu", "dim", dim, undefined, ["dim"], surplus);
  floatNode("glu", "input", input);
  return gatedHalves(input, given.dim ?? -1);
}

function gatedHalves(input: Tensor, dim: number): Tensor {
  return composed("glu", () => {
    const size = input.size(dim);
    if (size % 2 !== 0) {
      throw new ShapeError(`glu: dim ${dim} must have an even size, has ${size} (input ${formatShape(input.shape)})`, {
        op: "glu",
        shapes: [input.shape],
      });
    }
    return input.narrow(dim, 0, size / 2).mul(input.narrow(dim, size / 2, size / 2).sigmoid());
  });
}

/**
 * x moved by lambd (default 0.5) towards 0, and 0 where |x| <= lambd. Shapes: any → the same.
 * @throws DTypeError if the input is no float tensor.
 * @throws ArgumentError if `lambd` is negative.
 */
export function softshrink(input: Tensor, options: { readonly lambd?: number } = {}, ...surplus: []): Tensor {
  noMore("softshrink", surplus);
  checkOptions("softshrink", options, ["lambd"]);
  floatNode("softshrink", "input", input);
  const { lambd = 0.5 } = options;
  if (!(lambd >= 0)) throw new ArgumentError(`softshrink: lambd must be >= 0, got ${lambd}`, { op: "softshrink" });
  return composed("softshrink", () =>
    where(input.gt(lambd), input.sub(lambd), where(input.lt(-lambd), input.add(lambd), input.mul(0))),
  );
}

/** x where x > threshold, else `value`. Shapes: any → the same. */
export function threshold(input: Tensor, threshold: number, value: number, ...surplus: []): Tensor {
  noMore("threshold", surplus);
  nodeOf("threshold", "input", input);
  return composed("threshold", () => where(input.le(threshold), value, input));
}

export interface RReluOptions {
  /** Default 1/8. */
  readonly lower?: number;
  /** Default 1/3. */
  readonly upper?: number;
  /** Draw the slopes; default false. */
  readonly training?: boolean;
  /** Default: the shared generator, which `manualSeed` seeds. */
  readonly generator?: Generator;
}

/**
 * Leaky ReLU whose negative slope is drawn in [lower, upper) for each element in training, and is their mean in
 * evaluation. Xu et al., 2015, arXiv:1505.00853.
 *
 * Shapes: any → the same.
 * @throws DTypeError if the input is no float tensor.
 * @throws ArgumentError if `lower` is above `upper`.
 */
export function rrelu(input: Tensor, options: RReluOptions = {}, ...surplus: []): Tensor {
  noMore("rrelu", surplus);
  checkOptions("rrelu", options, ["lower", "upper", "training", "generator"]);
  floatNode("rrelu", "input", input);
  const { lower = 1 / 8, upper = 1 / 3, training = false, generator } = options;
  if (!(lower <= upper)) {
    throw new ArgumentError(`rrelu: lower ${lower} must not be above upper ${upper}`, { op: "rrelu" });
  }
  if (!training) return leakyRelu(input, { negativeSlope: (lower + upper) / 2 });
  return composed("rrelu", () => {
    const slope = randLike(input.detach(), { ...(generator && { generator }) })
      .mul(upper - lower)
      .add(lower);
    return where(input.le(0), input.mul(slope), input);
  });
}

export interface GumbelSoftmaxOptions {
  /** Temperature; default 1. */
  readonly tau?: number;
  /** One-hot values with the gradient of the soft ones; default false. */
  readonly hard?: boolean;
  /** Default -1. */
  readonly dim?: number;
  /** Default: the shared generator, which `manualSeed` seeds. */
  readonly generator?: Generator;
}

/**
 * A differentiable draw of a class: softmax((logits + g) / tau) with Gumbel noise g. Jang, Gu & Poole, 2017,
 * arXiv:1611.01144; Maddison et al., 2017, arXiv:1611.00712.
 *
 * Shapes: any → the same; values along `dim` sum to 1.
 * @throws DTypeError if the logits are no float tensor.
 * @throws IndexError if `dim` is out of range.
 */
export function gumbelSoftmax(logits: Tensor, options: GumbelSoftmaxOptions = {}, ...surplus: []): Tensor {
  noMore("gumbelSoftmax", surplus);
  checkOptions("gumbelSoftmax", options, ["tau", "hard", "dim", "generator"]);
  floatNode("gumbelSoftmax", "logits", logits);
  const { tau = 1, hard = false, dim = -1, generator } = options;
  return composed("gumbelSoftmax", () => {
    // 1 - u lies in (0, 1], so that the inner logarithm is finite.
    const uniform = onesLike(logits.detach()).sub(randLike(logits.detach(), { ...(generator && { generator }) }));
    const noise = uniform.log().neg().clamp({ min: 1e-38 }).log().neg();
    const soft = softmax(logits.add(noise).div(tau), dim);
    if (!hard) return soft;
    const index = soft.argmax(dim, { keepdim: true });
    const oneHot = soft.detach().mul(0).scatter(dim, index, 1);
    return oneHot.sub(soft.detach()).add(soft);
  });
}
