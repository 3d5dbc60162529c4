// Elementwise primitives: what each computes, and its gradient. Operands broadcast and promote as PyTorch's.
import { DTypeError, floatDType, isFloat } from "../base/index.js";
import { type Node, type NonDifferentiable, nonDifferentiable, type Vjp } from "../graph/index.js";
import { type BinaryOp, type Expr, evalBinary, evalUnary, type ScalarValue, type UnaryOp } from "../ir/index.js";
import { apply } from "./apply.js";
import { aligned, applyBinary, checkNumeric, checkWhole, resultType } from "./broadcasting.js";
import { cast } from "./cast.js";
import { defineElementwise, type ElementwiseRules } from "./define.js";
import { constant } from "./leaves.js";
import { expand } from "./movement.js";

export { cast } from "./cast.js";

const like = (x: Node, value: number): Node => constant(value, x.dtype);
export const zerosLike = (x: Node): Node => expand(like(x, 0), x.shape);
const input = (node: Node, i = 0): Node => node.inputs[i] as Node;

// ---- one operand ------------------------------------------------------------------------------------------------

type UnaryRules = Pick<ElementwiseRules, "cost" | "saves"> & { readonly vjp: Vjp | NonDifferentiable };

function unary(op: UnaryOp, { cost, vjp, saves }: UnaryRules) {
  return defineElementwise(op, {
    cost,
    vjp,
    ...(saves && { saves }),
    lower: (f, [x]) => f.unary(op, x as Expr),
    value: ([x], type) => evalUnary(op, type, x as ScalarValue),
  });
}

const savesInput = { inputs: [0] };
const savesOutput = { output: true };
/** Steps are flat wherever they have a gradient. */
const flat: Vjp = (_, grad) => [zerosLike(grad)];

const negP = unary("neg", { cost: 1, vjp: (_, grad) => [neg(grad)] });
const absP = unary("abs", { cost: 1, saves: savesInput, vjp: (node, grad) => [mul(grad, sign(input(node)))] });
const floorP = unary("floor", { cost: 1, vjp: flat });
const ceilP = unary("ceil", { cost: 1, vjp: flat });
const roundP = unary("nearest", { cost: 1, vjp: flat });
const truncP = unary("trunc", { cost: 1, vjp: flat });
const expP = unary("exp", { cost: 12, saves: savesOutput, vjp: (node, grad) => [mul(grad, node)] });
const logP = unary("log", { cost: 14, saves: savesInput, vjp: (node, grad) => [div(grad, input(node))] });
const expm1P = unary("expm1", {
  cost: 18,
  saves: savesOutput,
  vjp: (node, grad) => [mul(grad, add(node, like(node, 1)))],
});
const log1pP = unary("log1p", {
  cost: 18,
  saves: savesInput,
  vjp: (node, grad) => [div(grad, add(input(node), like(node, 1)))],
});
const sqrtP = unary("sqrt", {
  cost: 5,
  saves: savesOutput,
  vjp: (node, grad) => [div(grad, mul(node, like(node, 2)))],
});
const sinP = unary("sin", { cost: 20, saves: savesInput, vjp: (node, grad) => [mul(grad, cos(input(node)))] });
const cosP = unary("cos", { cost: 20, saves: savesInput, vjp: (node, grad) => [mul(grad, neg(sin(input(node))))] });
const tanP = unary("tan", {
  cost: 25,
  saves: savesOutput,
  vjp: (node, grad) => [mul(grad, add(mul(node, node), like(node, 1)))],
});
const tanhP = unary("tanh", {
  cost: 18,
  saves: savesOutput,
  vjp: (node, grad) => [mul(grad, sub(like(node, 1), mul(node, node)))],
});
const atanP = unary("atan", {
  cost: 20,
  saves: savesInput,
  vjp: (node, grad) => [div(grad, add(mul(input(node), input(node)), like(node, 1)))],
});
const erfP = unary("erf", {
  cost: 20,
  saves: savesInput,
  vjp: (node, grad) => {
    const x = input(node);
    return [mul(grad, mul(exp(neg(mul(x, x))), like(x, 2 / Math.sqrt(Math.PI))))]; // d erf = 2/√π e^{-x²}
  },
});
const signP = defineElementwise("sign", {
  cost: 2,
  vjp: flat,
  lower: (f, [x0]) => {
    const x = x0 as Expr;
    const [zero, one, minusOne] = [f.const(x.type, 0), f.const(x.type, 1), f.const(x.type, -1)];
    return f.select(f.lt(zero, x), one, f.select(f.lt(x, zero), minusOne, zero));
  },
  value: ([x], type) => {
    const sign = Number((x as number) > 0) - Number((x as number) < 0);
    return type === "i64" ? BigInt(sign) : sign;
  },
});
const notP = unary("not", { cost: 1, vjp: nonDifferentiable("not has integer results") });

/** Functions with real results: integers and bool become float32 first. */
const real =
  (primitive: typeof expP) =>
  (x: Node): Node =>
    apply(primitive, [cast(x, floatDType(x.dtype))]);

/** Steps leave integers as they are. */
const step =
  (primitive: typeof expP) =>
  (x: Node): Node =>
    isFloat(x.dtype) ? apply(primitive, [x]) : x;

export const exp = real(expP);
export const log = real(logP);
export const expm1 = real(expm1P);
export const log1p = real(log1pP);
export const sqrt = real(sqrtP);
export const sin = real(sinP);
export const cos = real(cosP);
export const tan = real(tanP);
export const tanh = real(tanhP);
export const atan = real(atanP);
export const erf = real(erfP);
export const floor = step(floorP);
export const ceil = step(ceilP);
/** Rounds half to even. */
export const round = step(roundP);
export const trunc = step(truncP);

export function neg(x: Node): Node {
  checkNumeric("neg", x);
  return x.dtype === "uint8" ? sub(like(x, 0), x) : apply(negP, [x]);
}

export function abs(x: Node): Node {
  checkNumeric("abs", x);
  return x.dtype === "uint8" ? x : apply(absP, [x]);
}

/** -1, 0 or 1; 0 for NaN. */
export function sign(x: Node): Node {
  return x.dtype === "bool" ? x : apply(signP, [x]);
}

export function reciprocal(x: Node): Node {
  const y = cast(x, floatDType(x.dtype));
  return div(like(y, 1), y);
}

export function rsqrt(x: Node): Node {
  return reciprocal(sqrt(x));
}

/** Logical not of bool, bitwise not of integers. */
export function not(x: Node): Node {
  checkWhole("not", x);
  return apply(notP, [x]);
}

// ---- two operands -----------------------------------------------------------------------------------------------

type BinaryRules = Pick<ElementwiseRules, "cost" | "saves"> & { readonly vjp: Vjp | NonDifferentiable };

function binary(op: BinaryOp, { cost, vjp, saves }: BinaryRules) {
  const comparison = op === "eq" || op === "ne" || op === "lt" || op === "le";
  return defineElementwise(op, {
    cost,
    vjp,
    ...(saves && { saves }),
    ...(comparison && { dtype: () => "bool" as const }),
    lower: (f, [a, b]) => f.binary(op, a as Expr, b as Expr),
    value: ([a, b], type) => evalBinary(op, type, a as ScalarValue, b as ScalarValue),
  });
}

const noGradient = (name: string) => nonDifferentiable(`${name} has integer or bool results`);

const addP = binary("add", { cost: 1, vjp: (_, grad, needs) => [needs[0] ? grad : null, needs[1] ? grad : null] });
const subP = binary("sub", { cost: 1, vjp: (_, grad, needs) => [needs[0] ? grad : null, needs[1] ? neg(grad) : null] });
const mulP = binary("mul", {
  cost: 1,
  saves: { inputs: [0, 1] },
  vjp: (node, grad, needs) => [
    needs[0] ? mul(grad, input(node, 1)) : null,
    needs[1] ? mul(grad, input(node, 0)) : null,
  ],
});
const divP = binary("div", {
  cost: 4,
  saves: { inputs: [1], output: true },
  vjp: (node, grad, needs) => {
    const da = div(grad, input(node, 1));
    return [needs[0] ? da : null, needs[1] ? neg(mul(da, node)) : null]; // d/db a/b = -(a/b)/b
  },
});
/** Ties share the gradient evenly, as PyTorch's maximum. */
const extremum = (op: "max" | "min") =>
  binary(op, {
    cost: 1,
    saves: { inputs: [0, 1] },
    vjp: (node, grad, needs) => {
      const [a, b] = [input(node, 0), input(node, 1)];
      const half = mul(grad, like(grad, 0.5));
      const isTie = eq(a, b);
      const [low, high] = op === "max" ? [a, b] : [b, a];
      const aLoses = lt(low, high);
      const bLoses = lt(high, low);
      const zero = like(grad, 0);
      return [
        needs[0] ? where(isTie, half, where(aLoses, zero, grad)) : null,
        needs[1] ? where(isTie, half, where(bLoses, zero, grad)) : null,
      ];
    },
  });
const maxP = extremum("max");
const minP = extremum("min");
const eqP = binary("eq", { cost: 1, vjp: noGradient("eq") });
const neP = binary("ne", { cost: 1, vjp: noGradient("ne") });
const ltP = binary("lt", { cost: 1, vjp: noGradient("lt") });
const leP = binary("le", { cost: 1, vjp: noGradient("le") });
const andP = binary("and", { cost: 1, vjp: noGradient("and") });
const orP = binary("or", { cost: 1, vjp: noGradient("or") });
const xorP = binary("xor", { cost: 1, vjp: noGradient("xor") });
const shlP = binary("shl", { cost: 1, vjp: noGradient("shl") });
const shrP = binary("shr", { cost: 1, vjp: noGradient("shr") });
export function add(a: Node, b: Node): Node {
  return resultType(a, b) === "bool" ? or(a, b) : applyBinary(addP, a, b);
}

export function sub(a: Node, b: Node): Node {
  if (resultType(a, b) === "bool") checkNumeric("sub", a);
  return applyBinary(subP, a, b);
}

export function mul(a: Node, b: Node): Node {
  return resultType(a, b) === "bool" ? and(a, b) : applyBinary(mulP, a, b);
}

/** True division: integers give float32. */
export function div(a: Node, b: Node): Node {
  return applyBinary(divP, a, b, floatDType(resultType(a, b)));
}

export function maximum(a: Node, b: Node): Node {
  return resultType(a, b) === "bool" ? or(a, b) : applyBinary(maxP, a, b);
}

export function minimum(a: Node, b: Node): Node {
  return resultType(a, b) === "bool" ? and(a, b) : applyBinary(minP, a, b);
}

const compare =
  (primitive: typeof eqP) =>
  (a: Node, b: Node): Node =>
    applyBinary(primitive, a, b);

export const eq = compare(eqP);
export const ne = compare(neP);
export const lt = compare(ltP);
export const le = compare(leP);
export const gt = (a: Node, b: Node): Node => lt(b, a);
export const ge = (a: Node, b: Node): Node => le(b, a);

const bitwise =
  (primitive: typeof eqP) =>
  (a: Node, b: Node): Node => {
    checkWhole(primitive.name, a);
    checkWhole(primitive.name, b);
    return applyBinary(primitive, a, b);
  };

/** Logical on bool, bitwise on integers. */
export const and = bitwise(andP);
export const or = bitwise(orP);
export const xor = bitwise(xorP);
const shift = (primitive: typeof eqP) => {
  const shifted = bitwise(primitive);
  return (a: Node, b: Node): Node => {
    if (a.dtype !== "bool" || b.dtype !== "bool") return shifted(a, b);
    throw new DTypeError(`${primitive.name}: bool tensors have no bits to move; convert one with .to("int32")`, {
      op: primitive.name,
    });
  };
};

/** The amount counts modulo the width. */
export const shiftLeft = shift(shlP);
/** Keeps the sign; the amount counts modulo the width. */
export const shiftRight = shift(shrP);

/** Logical functions take any dtype: what is not 0 is true. */
export const logicalNot = (x: Node): Node => not(cast(x, "bool"));
export const logicalAnd = (a: Node, b: Node): Node => and(cast(a, "bool"), cast(b, "bool"));
export const logicalOr = (a: Node, b: Node): Node => or(cast(a, "bool"), cast(b, "bool"));
export const logicalXor = (a: Node, b: Node): Node => xor(cast(a, "bool"), cast(b, "bool"));

// ---- choice -----------------------------------------------------------------------------------------------------

const whereP = defineElementwise("where", {
  cost: 1,
  saves: { inputs: [0] },
  dtype: ([, a]) => (a as Node).dtype,
  vjp: (node, grad, needs) => {
    const cond = input(node, 0);
    const zero = like(grad, 0);
    return [null, needs[1] ? where(cond, grad, zero) : null, needs[2] ? where(cond, zero, grad) : null];
  },
  lower: (f, [cond, a, b]) => f.select(cond as Expr, a as Expr, b as Expr),
  value: ([cond, a, b]) => (cond ? (a as ScalarValue) : (b as ScalarValue)),
});

/** `a` where `cond` holds, else `b`. */
export function where(cond: Node, a: Node, b: Node): Node {
  if (cond.dtype !== "bool") {
    throw new DTypeError(`where: the condition must be a bool tensor, is ${cond.dtype}; compare it with ne(0)`, {
      op: "where",
    });
  }
  const dtype = resultType(a, b);
  return apply(whereP, aligned("where", [cond, a, b], ["bool", dtype, dtype]));
}
