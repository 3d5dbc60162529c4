// Orthogonal matrices as a parametrization.
import { ArgumentError, checkOptions, formatShape, noMore, ShapeError } from "../base/index.js";
import {
  allclose,
  cat,
  eye,
  householderProduct,
  matrixExp,
  noGrad,
  qr,
  randn,
  solve,
  type Tensor,
} from "../tensor/index.js";
import { checkModule } from "./item-containers.js";
import { Module } from "./module.js";
import { Buffer } from "./parameter.js";
import { registerParametrization } from "./parametrize.js";

const maps = ["matrixExp", "cayley", "householder"] as const;

/** How a matrix becomes an orthogonal one. */
export type OrthogonalMap = (typeof maps)[number];

/** 2^-52 or 2^-23, of the dtypes that are factorised in. */
const precisionOf = (x: Tensor): number => (x.dtype === "float64" ? 2 ** -52 : 2 ** -23);

/** Q of A = Q R with a diagonal of R that is not negative. */
function madeOrthogonal(a: Tensor): Tensor {
  const { Q, R } = qr(a);
  return Q.mul(R.diagonal({ dim1: -2, dim2: -1 }).sgn().unsqueeze(-2));
}

class Orthogonal extends Module {
  /** An orthogonal matrix that the map's one is multiplied to: training starts where the weight was. */
  base: Buffer | null = null;

  constructor(
    private readonly map: OrthogonalMap,
    private readonly hasBase: boolean,
  ) {
    super();
  }

  forward(...[original]: Tensor[]): Tensor {
    const given = original as Tensor;
    const isWide = given.size(-2) < given.size(-1);
    const x = isWide ? given.mT : given;
    const q = this.map === "householder" ? this.reflected(x) : this.rotated(x);
    const moved = this.base ? this.base.matmul(q) : q;
    return isWide ? moved.mT : moved;
  }

  /** exp(A), or (1 - A/2)⁻¹ (1 + A/2), of the skew-symmetric A that the lower triangle states. */
  private rotated(x: Tensor): Tensor {
    const [n, k] = [x.size(-2), x.size(-1)];
    const lower = x.tril();
    const zeros = lower.newZeros([...lower.shape.slice(0, -1), n - k]);
    const square = n === k ? lower : cat([lower, zeros], -1);
    const skew = square.sub(square.mT);
    const one = eye(n, { dtype: x.dtype });
    const q = this.map === "matrixExp" ? matrixExp(skew) : solve(one.sub(skew.mul(0.5)), one.add(skew.mul(0.5)));
    return n === k ? q : q.narrow(-1, 0, k);
  }

  /** The product of the reflections at the columns below the diagonal, which holds signs. */
  private reflected(x: Tensor): Tensor {
    const below = x.tril({ diagonal: -1 });
    const tau = below.square().sum(-2).add(1).reciprocal().mul(2);
    const signs = x.detach().diagonal({ dim1: -2, dim2: -1 }).trunc();
    return householderProduct(below, tau).mul(signs.unsqueeze(-2));
  }

  rightInverse(value: Tensor): Tensor {
    if (!this.hasBase) return value;
    const isWide = value.size(-2) < value.size(-1);
    const q = isWide ? value.mT : value;
    const [n, k] = [q.size(-2), q.size(-1)];
    const isOrthogonal = () =>
      allclose(q.mT.matmul(q), eye(k, { dtype: q.dtype }).expand([...q.shape.slice(0, -2), k, k]), {
        atol: 10 * n * precisionOf(q),
      });
    if (n === k && isOrthogonal()) this.base = new Buffer(q);
    else {
      const more = n === k ? [] : [randn([...q.shape.slice(0, -2), n, n - k], { dtype: q.dtype })];
      this.base = new Buffer(madeOrthogonal(cat([q, ...more], -1)));
    }
    // The point that each map takes to the first columns of the identity.
    return eye(value.size(-2), value.size(-1), { dtype: value.dtype }).neg().expand(value.shape);
  }
}

/** Options of `orthogonal`. */
export interface OrthogonalOptions {
  /** Default "weight". */
  readonly name?: string;
  /** Default "matrixExp" for square matrices, else "householder". */
  readonly orthogonalMap?: OrthogonalMap;
  /** Multiplies the map's matrix to the one there was, so that the weight starts orthogonal and near to what it was. Default true. */
  readonly useTrivialization?: boolean;
}

/**
 * Keeps a matrix (or a batch) orthogonal: Qᵀ Q = 1, of wide ones Q Qᵀ = 1. State-dict keys are `parametrizations.weight.original` and
 * `parametrizations.weight.0.base`, as PyTorch's.
 *
 * Source: Lezcano-Casado, "Trivializations for gradient-based optimization on manifolds", 2019, arXiv:1909.09501. Differs from PyTorch:
 * without `useTrivialization` the original keeps the weight's value under each map.
 * @param options - `name` (default "weight"), `orthogonalMap` (default "matrixExp" for square ones, else "householder"; or "cayley"),
 * `useTrivialization` (default true).
 * @throws ArgumentError if the map is unknown, or the module has no such parameter.
 * @throws ShapeError if the parameter has fewer than 2 dims.
 * @example const layer = nn.utils.orthogonal(new nn.Linear(20, 40))
 */
export function orthogonal<M extends Module>(module: M, options: OrthogonalOptions = {}, ...surplus: []): M {
  noMore("orthogonal", surplus);
  const op = "orthogonal";
  checkModule(op, module, "its first argument");
  checkOptions(op, options, ["name", "orthogonalMap", "useTrivialization"]);
  const { name = "weight", useTrivialization = true } = options;
  const weight = (module as unknown as Record<string, Tensor | undefined>)[name];
  if (!weight) throw new ArgumentError(`${op}: ${module.constructor.name} has no parameter "${name}"`, { op });
  if (weight.shape.length < 2) {
    throw new ShapeError(`${op}: "${name}" must have at least 2 dims, has shape ${formatShape(weight.shape)}`, {
      op,
      shapes: [weight.shape],
    });
  }
  const map = options.orthogonalMap ?? (weight.size(-2) === weight.size(-1) ? "matrixExp" : "householder");
  if (!maps.includes(map)) {
    throw new ArgumentError(`${op}: orthogonalMap must be one of ${maps.join(", ")}, got ${JSON.stringify(map)}`, {
      op,
    });
  }
  return noGrad(() => registerParametrization(module, name, new Orthogonal(map, useTrivialization)));
}
