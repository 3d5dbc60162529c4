// L-BFGS. It decides by values at every turn, so vectors are on the host, in float64.
import { checkOptions, chosen, kindsOf, type Spelled } from "../base/index.js";
import { cat, enableGrad, isTracing, noGrad, Tensor, tensor } from "../tensor/index.js";
import { add, dot, largest, scaled, type Vector } from "./host-vectors.js";
import { type BaseOptions, Optimizer, type OptimizerState, type ParamsInput, withDefaults } from "./optimizer.js";
import { type Point, strongWolfe } from "./strong-wolfe.js";
import { numberOf, type TorchEntries, type TorchOptimizerState } from "./torch-state.js";

/** Options of `LBFGS`. */
export interface LBFGSOptions extends BaseOptions {
  /** Iterations a step. */
  maxIter: number;
  /** Evaluations of the closure a step; null: 1.25 maxIter. */
  maxEval: number | null;
  /** Stop when no gradient is larger. */
  toleranceGrad: number;
  /** Stop when loss and parameters move less. */
  toleranceChange: number;
  /** Pairs of steps and gradient differences that are kept. */
  historySize: number;
  /** Look for a step length that fulfils the strong Wolfe conditions; null: `lr` is the length. */
  lineSearchFn: Spelled<"strongWolfe"> | null;
}

const lbfgsDefaults: LBFGSOptions = {
  lr: 1,
  maxIter: 20,
  maxEval: null,
  toleranceGrad: 1e-7,
  toleranceChange: 1e-9,
  historySize: 100,
  lineSearchFn: null,
  maximize: false,
};

/** One step s and the difference y it made to the gradient. */
interface Pair {
  readonly s: Vector;
  readonly y: Vector;
  /** 1 / (y · s) */
  readonly rho: number;
}

/** What one step leaves to the next. */
interface Memory {
  readonly direction: Vector;
  readonly length: number;
  readonly pairs: readonly Pair[];
  readonly scale: number;
  readonly gradient: Vector;
  readonly loss: number;
}

/**
 * Limited-memory BFGS: Newton steps with an inverse Hessian made of the last steps. For full batches of small problems.
 *
 * `step` needs a closure that clears the gradients, computes the loss, calls backward and returns the loss; it is called many
 * times. One param group only; not inside `compile()`, because the course depends on values.
 * Source: Nocedal & Wright, "Numerical Optimization", 2006, algorithms 7.4 and 7.5; line search: algorithms 3.5 and 3.6 as in
 * Schmidt's minFunc.
 * @param options - `lr` (1), `maxIter` (20), `maxEval` (1.25 maxIter), `toleranceGrad` (1e-7), `toleranceChange` (1e-9),
 * `historySize` (100), `lineSearchFn` (null or "strongWolfe"), `maximize` (false).
 * @throws ArgumentError if `lr` is negative, the line search is unknown, there are several param groups, or the parameters are none, no
 * leaves, or given twice.
 * @example
 * const optimizer = new optim.LBFGS(model.parameters(), { lineSearchFn: "strongWolfe" });
 * optimizer.step(() => {
 *   optimizer.zeroGrad();
 *   const loss = criterion(model(x), y);
 *   loss.backward();
 *   return loss;
 * });
 */
export class LBFGS extends Optimizer<LBFGSOptions> {
  #memory: Memory | null = null;
  #evaluations = 0;
  #iterations = 0;

  constructor(params: ParamsInput<LBFGSOptions>, options: Partial<LBFGSOptions> = {}, ...surplus: []) {
    checkOptions("LBFGS", options, {
      ...kindsOf(lbfgsDefaults),
      ...{ maxEval: "number | null", lineSearchFn: "text | null" },
    });
    super(params, withDefaults(lbfgsDefaults, options), ...surplus);
    if (this.paramGroups.length !== 1) throw this.error("takes one param group only");
  }

  protected override checkGroup(options: Readonly<LBFGSOptions>): void {
    super.checkGroup(options);
    if (options.lineSearchFn !== null) chosen("LBFGS", "lineSearchFn", options.lineSearchFn, ["strongWolfe"]);
  }

  protected newTensors(): Record<string, Tensor> {
    return {};
  }

  protected update(): void {}

  override step(): never;
  override step<R>(closure: () => R): R;
  override step<R>(closure?: () => R): R {
    if (!closure) throw this.error("step needs a closure that computes the loss with backward() and returns it");
    if (isTracing()) throw this.error("its course depends on values, so it cannot be part of a compiled function");
    return noGrad(() => this.#step(closure));
  }

  override stepUnless(): never {
    throw this.error("its step calls a closure several times, which a GradScaler cannot look into");
  }

  get #group() {
    return this.paramGroups[0] as (typeof this.paramGroups)[number];
  }

  #step<R>(closure: () => R): R {
    const { lr, maxIter, toleranceGrad, toleranceChange, historySize, lineSearchFn } = this.#group;
    const maxEval = this.#group.maxEval ?? Math.floor((maxIter * 5) / 4);
    const first = enableGrad(closure);
    let point: Point = this.#pointOf(first);
    let evaluations = 1;
    this.#evaluations += 1;
    if (largest(point.gradient) <= toleranceGrad) return first;
    let memory = this.#memory;
    for (let iteration = 1; iteration <= maxIter; iteration++) {
      this.#iterations += 1;
      const { pairs, scale } = this.#remember(memory, point, historySize);
      const direction = directionOf(point.gradient, pairs, scale);
      const isFirst = this.#iterations === 1;
      let length = isFirst ? Math.min(1, 1 / point.gradient.reduce((sum, g) => sum + Math.abs(g), 0)) * lr : lr;
      memory = { direction, length, pairs, scale, gradient: point.gradient, loss: point.loss };
      const slope = dot(point.gradient, direction);
      if (slope > -toleranceChange) break;
      const before = point.loss;
      let calls = 0;
      if (lineSearchFn !== null) {
        const start = this.#read();
        const evaluate = (t: number): Point => {
          this.#write(add(start, direction, t));
          return this.#pointOf(enableGrad(closure));
        };
        const found = strongWolfe(evaluate, {
          point,
          direction,
          slope,
          length,
          toleranceChange,
          maxCalls: maxEval - evaluations,
        });
        ({ point, length, calls } = found);
        this.#write(add(start, direction, length));
      } else {
        this.#write(add(this.#read(), direction, length));
        if (iteration !== maxIter) {
          point = this.#pointOf(enableGrad(closure));
          calls = 1;
        }
      }
      memory = { ...memory, length };
      evaluations += calls;
      this.#evaluations += calls;
      if (iteration === maxIter || evaluations >= maxEval || largest(point.gradient) <= toleranceGrad) break;
      if (largest(direction) * Math.abs(length) <= toleranceChange) break;
      if (Math.abs(point.loss - before) < toleranceChange) break;
    }
    this.#memory = memory;
    return first;
  }

  /** The pairs with the one that the last iteration made, unless the curvature along it was not positive. */
  #remember(memory: Memory | null, point: Point, historySize: number): Pick<Memory, "pairs" | "scale"> {
    if (!memory) return { pairs: [], scale: 1 };
    const y = add(point.gradient, memory.gradient, -1);
    const s = scaled(memory.direction, memory.length);
    const curvature = dot(y, s);
    if (!(curvature > 1e-10)) return memory;
    const kept = memory.pairs.length === historySize ? memory.pairs.slice(1) : memory.pairs;
    return { pairs: [...kept, { s, y, rho: 1 / curvature }], scale: curvature / dot(y, y) };
  }

  #pointOf(loss: unknown): Point {
    const sign = this.#group.maximize ? -1 : 1;
    const gradient = flat(this.#group.params.map((param) => param.grad ?? param.mul(0)));
    const value = Number(loss instanceof Tensor ? loss.item() : loss);
    return { loss: sign * value, gradient: sign === 1 ? gradient : scaled(gradient, sign) };
  }

  #read(): Vector {
    return flat(this.#group.params.map((param) => param.detach()));
  }

  #write(values: Vector): void {
    let at = 0;
    for (const param of this.#group.params) {
      const size = param.numel();
      const part = tensor(values.slice(at, at + size)).to(param.dtype);
      param.copy_(part.reshape(param.shape));
      at += size;
    }
  }

  override stateDict(): OptimizerState {
    const { paramGroups } = super.stateDict();
    const memory = this.#memory;
    if (!memory) return { state: {}, paramGroups };
    const { direction, length, pairs, scale, gradient, loss } = memory;
    const state = {
      funcEvals: this.#evaluations,
      nIter: this.#iterations,
      d: tensor(direction),
      t: length,
      hDiag: scale,
      prevFlatGrad: tensor(gradient),
      prevLoss: loss,
      pairs: pairs.length,
      ...Object.fromEntries(
        pairs.flatMap(({ s, y }, i) => [
          [`oldStps.${i}`, tensor(s)],
          [`oldDirs.${i}`, tensor(y)],
        ]),
      ),
    };
    return { state: { 0: state }, paramGroups };
  }

  // PyTorch works out a `max_eval` that is left out when the optimizer is made.
  protected override groupToTorch(options: TorchEntries): TorchEntries {
    const { maxIter, maxEval } = options as unknown as LBFGSOptions;
    return { ...super.groupToTorch(options), max_eval: maxEval ?? Math.floor((maxIter * 5) / 4) };
  }

  // PyTorch's names for the memory: `old_stps` are the steps s, `old_dirs` the differences y.
  protected override entriesToTorch(saved: Readonly<Record<string, number | Tensor>>): TorchEntries {
    const listed = (name: string) =>
      Array.from({ length: Number(saved.pairs) }, (_, i) => saved[`${name}.${i}`] as Tensor);
    const [steps, differences] = [listed("oldStps"), listed("oldDirs")];
    return {
      func_evals: saved.funcEvals,
      n_iter: saved.nIter,
      d: saved.d,
      t: saved.t,
      old_dirs: differences,
      old_stps: steps,
      ro: steps.map((s, i) =>
        s
          .mul(differences[i] as Tensor)
          .sum()
          .reciprocal(),
      ),
      H_diag: tensor(Number(saved.hDiag), { dtype: "float64" }),
      prev_flat_grad: saved.prevFlatGrad,
      prev_loss: saved.prevLoss,
    };
  }

  protected override entriesFromTorch(entries: TorchEntries): Record<string, number | Tensor> | null {
    const { old_stps: steps, old_dirs: differences } = entries as Record<string, readonly Tensor[]>;
    if (!steps || !differences) return null;
    const listed = (name: string, tensors: readonly Tensor[]) => tensors.map((x, i) => [`${name}.${i}`, x] as const);
    return {
      funcEvals: Number(entries.func_evals),
      nIter: Number(entries.n_iter),
      d: entries.d as Tensor,
      t: Number(numberOf(entries.t)),
      hDiag: Number(numberOf(entries.H_diag)),
      prevFlatGrad: entries.prev_flat_grad as Tensor,
      prevLoss: Number(numberOf(entries.prev_loss)),
      pairs: steps.length,
      ...Object.fromEntries([...listed("oldStps", steps), ...listed("oldDirs", differences)]),
    };
  }

  override loadStateDict(given: OptimizerState | TorchOptimizerState): void {
    const state = this.ownState(given);
    super.loadStateDict({ ...state, state: {} });
    const saved = state.state[0];
    if (!saved) {
      this.#memory = null;
      [this.#evaluations, this.#iterations] = [0, 0];
      return;
    }
    const size = this.#group.params.reduce((sum, param) => sum + param.numel(), 0);
    const vector = (name: string): Vector => {
      const value = saved[name];
      if (value instanceof Tensor && value.numel() === size) return flat([value]);
      throw this.error(`loadStateDict: ${name} must be a tensor of ${size} elements, as many as the parameters have`);
    };
    const pairs = Array.from({ length: Number(saved.pairs) }, (_, i): Pair => {
      const [s, y] = [vector(`oldStps.${i}`), vector(`oldDirs.${i}`)];
      return { s, y, rho: 1 / dot(y, s) };
    });
    this.#memory = {
      direction: vector("d"),
      length: Number(saved.t),
      pairs,
      scale: Number(saved.hDiag),
      gradient: vector("prevFlatGrad"),
      loss: Number(saved.prevLoss),
    };
    this.#evaluations = Number(saved.funcEvals);
    this.#iterations = Number(saved.nIter);
  }
}

/** All elements in one vector of doubles. */
function flat(tensors: readonly Tensor[]): Vector {
  const joined = cat(tensors.map((t) => t.reshape([-1])));
  return Float64Array.from(joined.toTypedArray() as ArrayLike<number>);
}

/** -H g by the two-loop recursion. */
function directionOf(gradient: Vector, pairs: readonly Pair[], scale: number): Vector {
  let q = scaled(gradient, -1);
  const alphas: number[] = [];
  for (const [i, { s, y, rho }] of [...pairs.entries()].reverse()) {
    const alpha = dot(s, q) * rho;
    alphas[i] = alpha;
    q = add(q, y, -alpha);
  }
  let r = scaled(q, scale);
  pairs.forEach(({ s, y, rho }, i) => {
    r = add(r, s, (alphas[i] as number) - dot(y, r) * rho);
  });
  return r;
}
