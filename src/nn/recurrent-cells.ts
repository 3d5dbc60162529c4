// Recurrent cells: one step of RNN, LSTM and GRU, as functions and as layers.
import { ArgumentError, checkOptions, formatShape, ShapeError, shapesEqual, shownValue } from "../base/index.js";
import { checkTensor, Tensor, zeros } from "../tensor/index.js";
import { checkCounts } from "./checks.js";
import { linear } from "./functional.js";
import { uniformParameter } from "./linear.js";
import { Module } from "./module.js";
import type { Parameter } from "./parameter.js";

/** Weights of one layer in one direction. */
export interface RecurrentWeights {
  readonly ih: Tensor;
  readonly hh: Tensor;
  readonly biasIh: Tensor | null;
  readonly biasHh: Tensor | null;
  /** Projection of LSTM's output. */
  readonly hr: Tensor | null;
}

/** The state after a step: h, or h and c. */
export type RecurrentState = readonly Tensor[];

/** What distinguishes the kinds of cells. */
export interface CellKind {
  /** Blocks of rows that the weights have. */
  readonly gates: number;
  /** Parts of the state. */
  readonly states: 1 | 2;
  /** What depends on the inputs alone, for all steps at once: `[…, I]` → `[…, gates · H]`. */
  project(x: Tensor, weights: RecurrentWeights): Tensor;
  /** The state after the step of one projected input `[N, gates · H]`. */
  step(projected: Tensor, state: RecurrentState, weights: RecurrentWeights): RecurrentState;
}

/** W x + b_ih + b_hh */
function projectWithBoth(x: Tensor, { ih, biasIh, biasHh }: RecurrentWeights): Tensor {
  return linear(x, ih, biasIh && biasHh ? biasIh.add(biasHh) : null);
}

/** h' = activation(W_ih x + b_ih + W_hh h + b_hh) */
function plainKind(activation: (x: Tensor) => Tensor): CellKind {
  return {
    gates: 1,
    states: 1,
    project: projectWithBoth,
    step: (projected, [h], { hh }) => [activation(projected.add(linear(h as Tensor, hh)))],
  };
}

export const rnnKinds: Readonly<Record<"tanh" | "relu", CellKind>> = {
  tanh: plainKind((x) => x.tanh()),
  relu: plainKind((x) => x.relu()),
};

/** c' = σ(f) c + σ(i) tanh(g), h' = σ(o) tanh(c'), with the gates in PyTorch's order i, f, g, o. */
export const lstmKind: CellKind = {
  gates: 4,
  states: 2,
  project: projectWithBoth,
  step(projected, [h, c], { hh, hr }) {
    const [i, f, g, o] = projected.add(linear(h as Tensor, hh)).chunk(4, -1) as [Tensor, Tensor, Tensor, Tensor];
    const cell = f
      .sigmoid()
      .mul(c as Tensor)
      .add(i.sigmoid().mul(g.tanh()));
    const hidden = o.sigmoid().mul(cell.tanh());
    return [hr ? linear(hidden, hr) : hidden, cell];
  },
};

/** r, z = σ(…); n = tanh(W_in x + b_in + r (W_hn h + b_hn)); h' = n + z (h - n), with the gates in PyTorch's order r, z, n. */
export const gruKind: CellKind = {
  gates: 3,
  states: 1,
  project: (x, { ih, biasIh }) => linear(x, ih, biasIh),
  step(projected, [h], { hh, biasHh }) {
    const [ir, iz, input] = projected.chunk(3, -1) as [Tensor, Tensor, Tensor];
    const [hr, hz, hidden] = linear(h as Tensor, hh, biasHh).chunk(3, -1) as [Tensor, Tensor, Tensor];
    const candidate = input.add(ir.add(hr).sigmoid().mul(hidden)).tanh();
    return [
      candidate.add(
        iz
          .add(hz)
          .sigmoid()
          .mul((h as Tensor).sub(candidate)),
      ),
    ];
  },
};

/** Options of `RNNCell`, `LSTMCell` and `GRUCell`. */
export interface CellOptions {
  /** Add learned biases; default true. */
  readonly bias?: boolean;
}

abstract class CellBase extends Module {
  /** For the input, `[gates · hiddenSize, inputSize]`. */
  weightIh: Parameter;
  /** For the state, `[gates · hiddenSize, hiddenSize]`. */
  weightHh: Parameter;
  /** `[gates · hiddenSize]`; null without `bias`. */
  biasIh: Parameter | null;
  /** `[gates · hiddenSize]`; null without `bias`. */
  biasHh: Parameter | null;

  constructor(
    protected readonly layer: string,
    protected readonly kind: CellKind,
    /** Features of the input. */
    readonly inputSize: number,
    /** Features of the state. */
    readonly hiddenSize: number,
    bias: boolean,
    ...surplus: []
  ) {
    super(...surplus);
    checkCounts(layer, { inputSize, hiddenSize });
    const bound = 1 / Math.sqrt(hiddenSize);
    const rows = kind.gates * hiddenSize;
    this.weightIh = uniformParameter([rows, inputSize], bound);
    this.weightHh = uniformParameter([rows, hiddenSize], bound);
    this.biasIh = bias ? uniformParameter([rows], bound) : null;
    this.biasHh = bias ? uniformParameter([rows], bound) : null;
  }

  /** One step; without a state from zeros. */
  protected advance(input: Tensor, state: RecurrentState | null): RecurrentState {
    const { inputSize, hiddenSize, kind, weightIh, weightHh, biasIh, biasHh } = this;
    checkTensor(this.layer, "input", input);
    const rank = input.shape.length;
    if ((rank !== 1 && rank !== 2) || input.shape[rank - 1] !== inputSize) {
      throw new ShapeError(
        `${this.layer}: input must be [N, ${inputSize}] or [${inputSize}], got shape ${formatShape(input.shape)}`,
        { op: this.layer, shapes: [input.shape] },
      );
    }
    const shape = [...input.shape.slice(0, -1), hiddenSize];
    if (state) this.checkShapes(state, shape);
    const before = state ?? Array.from({ length: kind.states }, () => zeros(shape, { dtype: input.dtype }));
    const weights = { ih: weightIh, hh: weightHh, biasIh, biasHh, hr: null };
    return kind.step(kind.project(input, weights), before, weights);
  }

  private checkShapes(state: RecurrentState, wanted: readonly number[]): void {
    checkState(this.layer, state, this.kind.states);
    for (const [i, { shape }] of state.entries()) {
      if (shapesEqual(shape, wanted)) continue;
      throw new ShapeError(
        `${this.layer}: the ${i === 0 ? "hidden" : "cell"} state must have shape ${formatShape(wanted)} for this input, got ${formatShape(shape)}`,
        { op: this.layer, shapes: [shape] },
      );
    }
  }

  override extraRepr(): string {
    const { inputSize, hiddenSize, biasIh } = this;
    return `${inputSize}, ${hiddenSize}${biasIh === null ? ", bias=false" : ""}`;
  }
}

/** Throws unless a state has as many tensors as the kind of cell: h, or h and c. */
export function checkState(layer: string, state: RecurrentState, count: number): void {
  if (!Array.isArray(state) || state.length !== count) {
    const what = Array.isArray(state)
      ? `${state.length}`
      : (state as unknown) instanceof Tensor
        ? "one"
        : shownValue(state);
    throw new ArgumentError(`${layer}: the state is two tensors, [h, c], got ${what}`, { op: layer });
  }
  for (const part of state) checkTensor(layer, "the state", part);
}

export function nonlinearityOf(layer: string, value: "tanh" | "relu" | undefined): CellKind {
  const name = value ?? "tanh";
  if (Object.hasOwn(rnnKinds, name)) return rnnKinds[name];
  throw new ArgumentError(`${layer}: unknown nonlinearity "${name}"; one of tanh, relu`, { op: layer });
}

/**
 * One step of a plain recurrent network: h' = tanh(W_ih x + b_ih + W_hh h + b_hh).
 *
 * Shapes: input `[N, inputSize]` (or `[inputSize]`), state `[N, hiddenSize]` (or `[hiddenSize]`; default zeros) → `[N, hiddenSize]` (or
 * `[hiddenSize]`). `weightIh` is `[hiddenSize, inputSize]`, `weightHh` `[hiddenSize, hiddenSize]`, both biases `[hiddenSize]`; all start
 * uniform in ±1/√hiddenSize.
 * @param options - `bias` (default true), `nonlinearity` ("tanh", the default, or "relu").
 * @throws ArgumentError if a size is no integer >= 1.
 * @throws ShapeError if the input has other dims or features, or the state another shape.
 * @throws DTypeError if the input has another dtype than the weights.
 * @example new nn.RNNCell(10, 20)(randn([3, 10])).shape // [3, 20]
 */
export class RNNCell extends CellBase {
  constructor(
    inputSize: number,
    hiddenSize: number,
    options: CellOptions & { readonly nonlinearity?: "tanh" | "relu" } = {},
    ...surplus: []
  ) {
    checkOptions("RNNCell", options, ["bias", "nonlinearity"]);
    const kind = nonlinearityOf("RNNCell", options.nonlinearity);
    super("RNNCell", kind, inputSize, hiddenSize, options.bias ?? true, ...surplus);
  }

  forward(input: Tensor, state: Tensor | null = null): Tensor {
    return this.advance(input, state && [state])[0] as Tensor;
  }
}

/**
 * One step of an LSTM: c' = σ(f) c + σ(i) tanh(g), h' = σ(o) tanh(c') with i, f, g, o = W_ih x + b_ih + W_hh h + b_hh.
 *
 * Shapes: input `[N, inputSize]` (or `[inputSize]`), state `[h, c]` of `[N, hiddenSize]` each (or `[hiddenSize]`; default zeros) → the
 * next `[h, c]`. `weightIh` is `[4 · hiddenSize, inputSize]`, `weightHh` `[4 · hiddenSize, hiddenSize]`, both biases `[4 · hiddenSize]`,
 * with the gates in the order i, f, g, o; all start uniform in ±1/√hiddenSize.
 * Source: Hochreiter & Schmidhuber, 1997, with forget gate (Gers et al., 2000).
 * @param options - `bias` (default true).
 * @throws ArgumentError if a size is no integer >= 1.
 * @throws ShapeError if the input has other dims or features, or the state another shape.
 * @throws DTypeError if the input has another dtype than the weights.
 * @example const [h, c] = new nn.LSTMCell(10, 20)(randn([3, 10]))
 */
export class LSTMCell extends CellBase {
  constructor(inputSize: number, hiddenSize: number, options: CellOptions = {}, ...surplus: []) {
    checkOptions("LSTMCell", options, ["bias"]);
    super("LSTMCell", lstmKind, inputSize, hiddenSize, options.bias ?? true, ...surplus);
  }

  forward(input: Tensor, state: readonly [Tensor, Tensor] | null = null): [h: Tensor, c: Tensor] {
    return this.advance(input, state) as unknown as [Tensor, Tensor];
  }
}

/**
 * One step of a GRU: h' = n + z (h - n) with r, z = σ(W_ih x + b_ih + W_hh h + b_hh) and n = tanh(W_in x + b_in + r (W_hn h + b_hn)).
 *
 * Shapes: input `[N, inputSize]` (or `[inputSize]`), state `[N, hiddenSize]` (or `[hiddenSize]`; default zeros) → `[N, hiddenSize]` (or
 * `[hiddenSize]`). `weightIh` is `[3 · hiddenSize, inputSize]`, `weightHh` `[3 · hiddenSize, hiddenSize]`, both biases
 * `[3 · hiddenSize]`, with the gates in the order r, z, n; all start uniform in ±1/√hiddenSize.
 * Source: Cho et al., 2014, arXiv:1406.1078, with the reset gate after the product, as cuDNN and PyTorch have it.
 * @param options - `bias` (default true).
 * @throws ArgumentError if a size is no integer >= 1.
 * @throws ShapeError if the input has other dims or features, or the state another shape.
 * @throws DTypeError if the input has another dtype than the weights.
 * @example new nn.GRUCell(10, 20)(randn([3, 10])).shape // [3, 20]
 */
export class GRUCell extends CellBase {
  constructor(inputSize: number, hiddenSize: number, options: CellOptions = {}, ...surplus: []) {
    checkOptions("GRUCell", options, ["bias"]);
    super("GRUCell", gruKind, inputSize, hiddenSize, options.bias ?? true, ...surplus);
  }

  forward(input: Tensor, state: Tensor | null = null): Tensor {
    return this.advance(input, state && [state])[0] as Tensor;
  }
}
