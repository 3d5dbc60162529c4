// Weight norm and spectral norm as parametrizations.
import { ArgumentError, checkOptions, IndexError, noMore } from "../base/index.js";
import { guarded, noGrad, randn, type Tensor } from "../tensor/index.js";
import { normalize } from "./functional.js";
import { checkModule } from "./item-containers.js";
import { Module } from "./module.js";
import { Buffer } from "./parameter.js";
import { registerParametrization } from "./parametrize.js";

/** ‖v‖ over all dims but `dim`; over all for null. */
function normExcept(v: Tensor, dim: number | null): Tensor {
  if (dim === null) return v.norm();
  const at = dim < 0 ? dim + v.shape.length : dim;
  const others = v.shape.flatMap((_, d) => (d === at ? [] : [d]));
  return others.length === 0 ? v.abs() : v.norm(others, { keepdim: true });
}

class WeightNorm extends Module {
  constructor(readonly dim: number | null) {
    super();
  }

  forward(...[g, v]: Tensor[]): Tensor {
    const direction = v as Tensor;
    return direction.mul((g as Tensor).div(normExcept(direction, this.dim)));
  }

  rightInverse(value: Tensor): readonly Tensor[] {
    return [normExcept(value, this.dim), value];
  }
}

/**
 * Splits a weight into length and direction: w = g v / ‖v‖, with one length for each index of `dim` (null: one in all).
 *
 * State-dict keys are `parametrizations.weight.original0` (g) and `original1` (v), as PyTorch's.
 * Source: Salimans & Kingma, 2016, arXiv:1602.07868.
 * @param options - `name` (default "weight"), `dim` (default 0): g has size 1 in all other dims.
 * @throws ArgumentError if the module has no such parameter.
 * @throws IndexError if the parameter has no such dim.
 * @example const layer = nn.utils.weightNorm(new nn.Linear(20, 40))
 */
export function weightNorm<M extends Module>(
  module: M,
  options: { readonly name?: string; readonly dim?: number | null } = {},
  ...surplus: []
): M {
  noMore("weightNorm", surplus);
  checkModule("weightNorm", module, "its first argument");
  checkOptions("weightNorm", options, ["name", "dim"]);
  const { name = "weight", dim = 0 } = options;
  const weight = (module as unknown as Record<string, Tensor | undefined>)[name];
  const rank = weight?.shape?.length;
  if (rank !== undefined && dim !== null && !(Number.isInteger(dim) && dim >= -rank && dim < rank)) {
    throw new IndexError(`weightNorm: dim ${dim} is out of range for "${name}" of ${rank} dims`, { op: "weightNorm" });
  }
  return registerParametrization(module, name, new WeightNorm(dim));
}

class SpectralNorm extends Module {
  /** Estimates of the largest singular value's vectors; null for vectors, which have a norm only. */
  readonly _u: Buffer | null;
  readonly _v: Buffer | null;

  constructor(
    weight: Tensor,
    private readonly iterations: number,
    private readonly dim: number,
    private readonly eps: number,
  ) {
    super();
    if (weight.shape.length === 1) {
      this._u = null;
      this._v = null;
      return;
    }
    const matrix = noGrad(() => this.matrix(weight.detach()));
    const [height, width] = matrix.shape;
    const unit = (size: number) => new Buffer(normalize(randn([size], { dtype: weight.dtype }), { dim: 0, eps }));
    this._u = unit(height);
    this._v = unit(width);
    this.iterate(matrix, 15);
  }

  /** The weight with `dim` first and all others joined. */
  private matrix(weight: Tensor): Tensor {
    const moved = this.dim === 0 ? weight : weight.movedim(this.dim, 0);
    return moved.flatten(1);
  }

  /** Moves u and v towards the largest singular value's vectors. */
  private iterate(matrix: Tensor, count: number): void {
    noGrad(() => {
      const { eps } = this;
      const [_u, _v] = [this._u as Buffer, this._v as Buffer];
      let [u, v]: Tensor[] = [_u, _v] as [Tensor, Tensor];
      for (let i = 0; i < count; i++) {
        u = normalize(matrix.mv(v), { dim: 0, eps });
        v = normalize(matrix.t().mv(u), { dim: 0, eps });
      }
      _u.copy_(u);
      _v.copy_(v);
    });
  }

  forward(...[weight]: Tensor[]): Tensor {
    const w = weight as Tensor;
    const { _u, _v } = this;
    if (!_u || !_v) return normalize(w, { dim: 0, eps: this.eps });
    const matrix = this.matrix(w);
    if (guarded(() => this.training)) this.iterate(matrix.detach(), this.iterations);
    const [u, v] = [_u.clone(), _v.clone()];
    return w.div(u.dot(matrix.mv(v)));
  }
}

/** Options of `spectralNorm`. */
export interface SpectralNormOptions {
  /** Of the parameter; default "weight". */
  readonly name?: string;
  /** Steps of the power iteration at each use in training, >= 1; default 1. */
  readonly nPowerIterations?: number;
  /** Least norm to divide by; default 1e-12. */
  readonly eps?: number;
  /** The outputs' dim; default 1 for transposed convolutions, else 0. */
  readonly dim?: number;
}

/**
 * Divides a weight by its largest singular value, estimated by power iteration; for discriminators.
 *
 * w / (uᵀ W v), with W the weight as a matrix `[size of dim, all others]`; a vector is divided by its norm. State-dict keys are
 * `parametrizations.weight.original`, and of the estimates u and v `parametrizations.weight.0._u` and `_v`, as PyTorch's.
 *
 * Source: Miyato et al., 2018, arXiv:1802.05957.
 * @throws ArgumentError if `nPowerIterations` is no integer >= 1, or the module has no such parameter.
 * @throws IndexError if the parameter has no such dim.
 * @example const layer = nn.utils.spectralNorm(new nn.Conv2d(3, 16, 3))
 */
export function spectralNorm<M extends Module>(module: M, options: SpectralNormOptions = {}, ...surplus: []): M {
  noMore("spectralNorm", surplus);
  checkModule("spectralNorm", module, "its first argument");
  checkOptions("spectralNorm", options, ["name", "nPowerIterations", "eps", "dim"]);
  const { name = "weight", nPowerIterations = 1, eps = 1e-12 } = options;
  const fail = (text: string) => new ArgumentError(`spectralNorm: ${text}`, { op: "spectralNorm" });
  if (!Number.isInteger(nPowerIterations) || nPowerIterations < 1) {
    throw fail(`nPowerIterations must be a positive integer, got ${nPowerIterations}`);
  }
  const weight = (module as unknown as Record<string, Tensor | undefined>)[name];
  if (!weight) throw fail(`${module.constructor.name} has no parameter "${name}"`);
  const dim = options.dim ?? ("outputPadding" in module ? 1 : 0);
  return registerParametrization(module, name, new SpectralNorm(weight, nPowerIterations, dim, eps));
}
