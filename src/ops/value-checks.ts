// Errors that depend on values: what is on the host is tested at the call, the rest by the program that computes it.
import { type GradusError, isHalf, NumericError } from "../base/index.js";
import {
  apply,
  attr,
  hashText,
  isWrong,
  type NdArray,
  type Node,
  nodeListener,
  type PointwisePrimitive,
  setNodeListener,
  type ValueCheck,
} from "../graph/index.js";

/** Longer tensors are tested by the program that reads them. */
const MOST_TESTED = 1 << 16;

/** The values of `x` if they are on the host and few: those that are tested at the call. */
export function hostValues(x: Node): ArrayLike<number | bigint> | null {
  if (x.primitive.kind === "constant") return [Number(x.value)];
  const { storage } = x;
  if (!x.isRealized || !storage?.buffer || storage.length > MOST_TESTED) return null;
  return isHalf(storage.dtype) ? storage.toTypedArray() : storage.hostView();
}

/** The node that `make` makes; throws where it must not read values that are on the host. */
export function checkHost(make: () => Node): Node {
  return unlessRefused(make, (node) => {
    const { primitive } = node;
    const checks = primitive.kind === "pointwise" ? (primitive.checks?.(node) ?? []) : [];
    for (const check of checks) testHost(node.inputs[check.input] as Node, check);
  });
}

/** The node that `make` makes, unless `test` throws: then nothing has become pending work. */
export function unlessRefused(make: () => Node, test: (node: Node) => void): Node {
  const listener = nodeListener();
  const made: Node[] = [];
  let node: Node;
  setNodeListener((next) => made.push(next));
  try {
    node = make();
    test(node);
  } catch (error) {
    for (const { inputs } of made) for (const input of inputs) input.uses--;
    throw error;
  } finally {
    setNodeListener(listener);
  }
  if (listener) made.forEach(listener);
  return node;
}

/** Throws where a value of `x` is on the host and wrong; one that is `ignored` is not. */
export function testHost(x: Node, check: ValueCheck, ignored?: number): void {
  const values = hostValues(x);
  for (let i = 0; i < (values?.length ?? 0); i++) {
    const value = Number(values?.[i]);
    if (value === ignored) continue;
    if (isWrong(check, value)) throw check.error(value, i);
  }
}

/** As it was written: float32 has about seven digits. */
const shown = (value: number): string => String(Number(value.toPrecision(7)));

type Says = (op: string, value: number, position: number, tested: Node) => GradusError;

/** Which of a row of `n` values, counted from 1, and of which matrix of several. */
function minor(position: number, tested: Node): { order: number; where: string } {
  const n = tested.shape[tested.shape.length - 1] as number;
  const where = tested.shape.length > 1 ? ` (matrix ${Math.floor(position / n)} of the batch)` : "";
  return { order: (position % n) + 1, where };
}

/** What is wrong where a tested value is. */
const says = {
  singular: (op, _, position, tested) => {
    const { order, where } = minor(position, tested);
    return new NumericError(
      `${op}: the matrix is singular: element ${order} on the diagonal of its factor U is zero${where}; pinv and lstsq take such matrices`,
      { op, fix: "pinv" },
    );
  },
  indefinite: (op, _, position, tested) => {
    const { order, where } = minor(position, tested);
    return new NumericError(
      `${op}: the matrix is not positive definite: its leading minor of order ${order} is not positive${where}`,
      { op },
    );
  },
  nanMatrix: (op, _, position, tested) => {
    const size = tested.shape.slice(-2).reduce((n, d) => n * d, 1);
    const where = tested.shape.length > 2 ? ` (matrix ${Math.floor(position / size)} of the batch)` : "";
    return new NumericError(`${op}: the input holds NaN, so it has no singular values${where}`, { op });
  },
  dataRange: (op, value) =>
    new NumericError(
      `${op}: the data reach to ${shown(value)}, so no intervals can be laid over them; give their range`,
      {
        op,
      },
    ),
  probability: (op, value) => new NumericError(`${op}: probabilities must be in [0, 1], got ${shown(value)}`, { op }),
  share: (op, value) => new NumericError(`${op}: q must lie in [0, 1], got ${shown(value)}`, { op }),
  weight: (op, value) => new NumericError(`${op}: weights must be finite and >= 0, got ${shown(value)}`, { op }),
  rate: (op, value) => new NumericError(`${op}: rates must be finite and >= 0, got ${shown(value)}`, { op }),
  deviation: (op, value) => new NumericError(`${op}: std must be >= 0, got ${shown(value)}`, { op }),
  noWeight: (op, _, position) =>
    new NumericError(`${op}: row ${position} of the weights sums to 0, so there is nothing to draw`, { op }),
  probabilityInput: (op, value) =>
    new NumericError(
      `${op}: the input must hold probabilities in [0, 1], got ${shown(value)}; apply sigmoid first, or use binaryCrossEntropyWithLogits`,
      { op, fix: "binaryCrossEntropyWithLogits" },
    ),
  probabilityTarget: (op, value) =>
    new NumericError(`${op}: the target must be in [0, 1], got ${shown(value)}`, { op }),
} satisfies Record<string, Says>;

/** Which rule a tested value is under: what it must be, and what the error says. */
export interface Condition extends Pick<ValueCheck, "low" | "high" | "except"> {
  readonly op: string;
  readonly says: keyof typeof says;
}

/** A value that counts only if another tensor is as it must be. */
const checkedP: PointwisePrimitive = {
  kind: "pointwise",
  name: "checked",
  hash: hashText("checked"),
  cost: 0,
  isElementwise: false,
  saves: { inputs: [], output: false },
  infer: ([x]) => x as Node,
  vjp: (_, grad) => [grad, null],
  checks: (node) => {
    const { low, high, except } = node.attrs as unknown as Condition;
    const [op, rule] = [attr<string>(node, "op"), says[attr<keyof typeof says>(node, "says")] as Says];
    const tested = node.inputs[1] as Node;
    const bounds = { ...(low !== undefined && { low }), ...(high !== undefined && { high }) };
    const error = (value: number, position: number) => rule(op, value, position, tested);
    return [{ input: 1, ...bounds, ...(except !== undefined && { except }), error }];
  },
  lower: ({ input }, index) => input(0, index),
  reference: (_, [x]) => x as NdArray,
};

/** `x`, and an error when it is computed unless all of `tested` meets the condition; at once where `tested` is known. */
export function checked(x: Node, tested: Node, condition: Condition): Node {
  return checkHost(() => apply(checkedP, [x, tested], { ...condition }));
}
