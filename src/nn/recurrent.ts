// Recurrent layers over whole sequences: RNN, LSTM, GRU.
import { ArgumentError, checkOptions, formatShape, noMore, ShapeError } from "../base/index.js";
import { arange, cat, checkTensor, stack, Tensor, tensor, where, zeros } from "../tensor/index.js";
import { checkCounts, checkShare } from "./checks.js";
import { dropout } from "./functional.js";
import { uniformParameter } from "./linear.js";
import { Module } from "./module.js";
import type { Parameter } from "./parameter.js";
import { printArguments } from "./print.js";
import {
  type CellKind,
  checkState,
  gruKind,
  lstmKind,
  nonlinearityOf,
  type RecurrentState,
  type RecurrentWeights,
} from "./recurrent-cells.js";

/** Options of `RNN`, `LSTM` and `GRU`. */
export interface RecurrentOptions {
  /** Layers on top of each other, >= 1; default 1. */
  readonly numLayers?: number;
  /** Add learned biases; default true. */
  readonly bias?: boolean;
  /** Inputs and outputs are `[N, L, …]` in place of `[L, N, …]`; default false. */
  readonly batchFirst?: boolean;
  /** Dropout on the outputs of each layer but the last, in [0, 1]; default 0. */
  readonly dropout?: number;
  /** A second set of layers runs from the end; default false. */
  readonly bidirectional?: boolean;
}

/** Options of a call of a recurrent layer. */
export interface SequenceOptions {
  /**
   * Length of each sequence of the batch, `[N]`, from 1 to L: steps beyond are left out, as with PyTorch's packed sequences. Their
   * outputs are 0, and the last state is that of the last step within the length. In any order. The values of a tensor are not
   * checked: it is compared with each step, so that longer ones count as L, and of 0 the first state is the last.
   */
  readonly lengths?: readonly number[] | Tensor;
}

const optionNames = ["numLayers", "bias", "batchFirst", "dropout", "bidirectional"];

abstract class RecurrentBase extends Module {
  /** Layers on top of each other. */
  readonly numLayers: number;
  /** Whether inputs and outputs are `[N, L, …]`; else `[L, N, …]`. */
  readonly batchFirst: boolean;
  /** Share of each layer's outputs but the last's that is dropped in training. */
  readonly dropout: number;
  /** Whether a second set of layers runs from the end. */
  readonly bidirectional: boolean;
  private readonly hasBias: boolean;

  constructor(
    private readonly layer: string,
    private readonly kind: CellKind,
    /** Features of the input. */
    readonly inputSize: number,
    /** Features of the state. */
    readonly hiddenSize: number,
    options: RecurrentOptions,
    /** Features that LSTM's h is projected to; 0: not. */
    readonly projSize = 0,
    ...surplus: []
  ) {
    super(...surplus);
    const { numLayers = 1, bias = true, batchFirst = false, dropout: p = 0, bidirectional = false } = options;
    checkCounts(layer, { inputSize, hiddenSize, numLayers });
    checkShare(layer, "dropout", p);
    if (!Number.isInteger(projSize) || projSize < 0 || projSize >= hiddenSize) {
      throw new ArgumentError(
        `${layer}: projSize must be an integer from 0 to below hiddenSize ${hiddenSize}, got ${projSize}`,
        { op: layer },
      );
    }
    this.numLayers = numLayers;
    this.batchFirst = batchFirst;
    this.dropout = p;
    this.bidirectional = bidirectional;
    this.hasBias = bias;
    for (let l = 0; l < numLayers; l++) {
      for (let direction = 0; direction < this.directions; direction++) this.addWeights(l, direction);
    }
  }

  private get directions(): number {
    return this.bidirectional ? 2 : 1;
  }

  /** Features of h. */
  private get outputSize(): number {
    return this.projSize || this.hiddenSize;
  }

  /** Parameters are fields named like PyTorch's, so that state dicts agree: weightIhL0, weightHhL0Reverse. */
  private get fields(): Record<string, Parameter | undefined> {
    return this as unknown as Record<string, Parameter | undefined>;
  }

  private addWeights(l: number, direction: number): void {
    const { kind, hiddenSize, inputSize, outputSize, fields } = this;
    const bound = 1 / Math.sqrt(hiddenSize);
    const rows = kind.gates * hiddenSize;
    const suffix = suffixOf(l, direction);
    fields[`weightIh${suffix}`] = uniformParameter([rows, l === 0 ? inputSize : outputSize * this.directions], bound);
    fields[`weightHh${suffix}`] = uniformParameter([rows, outputSize], bound);
    if (this.hasBias) {
      fields[`biasIh${suffix}`] = uniformParameter([rows], bound);
      fields[`biasHh${suffix}`] = uniformParameter([rows], bound);
    }
    if (this.projSize > 0) fields[`weightHr${suffix}`] = uniformParameter([this.projSize, hiddenSize], bound);
  }

  private weights(l: number, direction: number): RecurrentWeights {
    const suffix = suffixOf(l, direction);
    const { fields } = this;
    return {
      ih: fields[`weightIh${suffix}`] as Parameter,
      hh: fields[`weightHh${suffix}`] as Parameter,
      biasIh: fields[`biasIh${suffix}`] ?? null,
      biasHh: fields[`biasHh${suffix}`] ?? null,
      hr: fields[`weightHr${suffix}`] ?? null,
    };
  }

  /** Output and last states, each `[numLayers · directions, N, H]`, of an input in the user's layout. */
  protected run(
    input: Tensor,
    initial: RecurrentState | null,
    options: SequenceOptions,
  ): { output: Tensor; states: Tensor[] } {
    checkOptions(this.layer, options, ["lengths"]);
    this.checkInput(input);
    const isBatched = input.shape.length === 3;
    const x = !isBatched ? input.unsqueeze(1) : this.batchFirst ? input.transpose(0, 1) : input; // [L, N, I]
    const starts = this.starts(x, initial, isBatched);
    const mask = this.mask(x, options.lengths);
    let layerInput = x;
    const lasts: RecurrentState[] = [];
    for (let l = 0; l < this.numLayers; l++) {
      const outputs: Tensor[] = [];
      for (let direction = 0; direction < this.directions; direction++) {
        const start = starts.map((state) => state.select(0, l * this.directions + direction));
        const { output, last } = this.scan(layerInput, start, this.weights(l, direction), direction === 1, mask);
        outputs.push(output);
        lasts.push(last);
      }
      layerInput = outputs.length === 1 ? (outputs[0] as Tensor) : cat(outputs, -1);
      const drops = this.dropout > 0 && l < this.numLayers - 1;
      if (drops) layerInput = dropout(layerInput, { p: this.dropout, training: this.training });
    }
    const states = Array.from({ length: this.kind.states }, (_, i) => stack(lasts.map((last) => last[i] as Tensor)));
    if (!isBatched) return { output: layerInput.squeeze(1), states: states.map((state) => state.squeeze(1)) };
    return { output: this.batchFirst ? layerInput.transpose(0, 1) : layerInput, states };
  }

  /** One layer in one direction over `[L, N, I]`; the inputs' part of all steps is one product. */
  private scan(x: Tensor, start: RecurrentState, weights: RecurrentWeights, isReverse: boolean, mask: Tensor | null) {
    const length = x.size(0);
    const projected = this.kind.project(x, weights); // [L, N, gates H]
    const outputs = new Array<Tensor>(length);
    let state = start;
    for (let i = 0; i < length; i++) {
      const t = isReverse ? length - 1 - i : i;
      const next = this.kind.step(projected.select(0, t), state, weights);
      const hidden = next[0] as Tensor;
      if (!mask) {
        state = next;
        outputs[t] = hidden;
        continue;
      }
      // Beyond its length a sequence keeps its state, and gives 0.
      const within = mask.select(0, t); // [N, 1]
      state = next.map((value, part) => where(within, value, state[part] as Tensor));
      outputs[t] = where(within, hidden, 0);
    }
    return { output: stack(outputs), last: state };
  }

  private starts(x: Tensor, initial: RecurrentState | null, isBatched: boolean): Tensor[] {
    const layers = this.numLayers * this.directions;
    const batch = x.size(1);
    const shapes = [this.outputSize, this.hiddenSize].slice(0, this.kind.states).map((size) => [layers, batch, size]);
    if (!initial) return shapes.map((shape) => zeros(shape, { dtype: x.dtype }));
    checkState(this.layer, initial, shapes.length);
    return initial.map((state, i) => {
      const given = isBatched ? state : state.unsqueeze(1);
      const wanted = shapes[i] as number[];
      if (given.shape.length === 3 && given.shape.every((size, d) => size === wanted[d])) return given;
      const shown = isBatched ? wanted : [layers, wanted[2] as number];
      throw new ShapeError(
        `${this.layer}: the ${i === 0 ? "hidden" : "cell"} state must have shape ${formatShape(shown)}, got ${formatShape(state.shape)}`,
        { op: this.layer, shapes: [state.shape] },
      );
    });
  }

  /** True where a step is within its sequence: `[L, N, 1]`. */
  private mask(x: Tensor, lengths: SequenceOptions["lengths"]): Tensor | null {
    if (lengths === undefined) return null;
    const [steps, batch] = x.shape;
    if (lengths instanceof Tensor) {
      if (lengths.shape.length !== 1 || lengths.shape[0] !== batch) {
        throw new ShapeError(
          `${this.layer}: lengths must have shape [${batch}], one a sequence, got ${formatShape(lengths.shape)}`,
          { op: this.layer, shapes: [lengths.shape] },
        );
      }
    } else {
      const isValid = lengths.length === batch && lengths.every((n) => Number.isInteger(n) && n >= 1 && n <= steps);
      if (!isValid) {
        throw new ArgumentError(
          `${this.layer}: lengths must be ${batch} integers from 1 to ${steps}, one a sequence, got [${lengths.join(", ")}]`,
          { op: this.layer },
        );
      }
    }
    const counts = lengths instanceof Tensor ? lengths : tensor(Int32Array.from(lengths));
    return arange(steps).unsqueeze(1).lt(counts.unsqueeze(0)).unsqueeze(2);
  }

  private checkInput(input: Tensor): void {
    checkTensor(this.layer, "input", input);
    const { shape } = input;
    if ((shape.length === 2 || shape.length === 3) && shape[shape.length - 1] === this.inputSize) {
      const steps = shape[shape.length === 3 && this.batchFirst ? 1 : 0];
      if (steps !== 0) return;
      throw new ShapeError(`${this.layer}: the input needs at least one step, got shape ${formatShape(shape)}`, {
        op: this.layer,
        shapes: [shape],
      });
    }
    const batched = this.batchFirst ? "[N, L" : "[L, N";
    throw new ShapeError(
      `${this.layer}: input must be ${batched}, ${this.inputSize}] or [L, ${this.inputSize}], got shape ${formatShape(shape)}`,
      { op: this.layer, shapes: [shape] },
    );
  }

  override extraRepr(): string {
    const { inputSize, hiddenSize, projSize, numLayers, batchFirst, dropout: p, bidirectional, hasBias } = this;
    const set = {
      projSize: projSize || undefined,
      numLayers: numLayers === 1 ? undefined : numLayers,
      bias: hasBias ? undefined : false,
      batchFirst: batchFirst || undefined,
      dropout: p || undefined,
      bidirectional: bidirectional || undefined,
    };
    const rest = printArguments(set);
    return `${inputSize}, ${hiddenSize}${rest ? `, ${rest}` : ""}`;
  }
}

function suffixOf(l: number, direction: number): string {
  return `L${l}${direction === 1 ? "Reverse" : ""}`;
}

/**
 * A plain recurrent network: h_t = tanh(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh), in layers.
 *
 * Shapes: input `[L, N, inputSize]` (`[N, L, …]` with `batchFirst`, `[L, …]` without batch), state
 * `[numLayers · directions, N, hiddenSize]` (default zeros) → output `[L, N, directions · hiddenSize]` and the last state.
 * Parameters of layer k: `weightIhLk` `[hiddenSize, inputs]` (`inputSize`, above the first layer directions · `hiddenSize`), `weightHhLk`
 * `[hiddenSize, hiddenSize]`, `biasIhLk` and `biasHhLk` `[hiddenSize]`; those that run from the end are called `weightIhLkReverse` and so
 * on. All start uniform in ±1/√hiddenSize. State-dict keys are `weight_ih_l0`, `weight_ih_l0_reverse`, …
 * Each length of sequences is a program of its own: pad to few lengths and pass `lengths`.
 * Source: Elman, "Finding structure in time", 1990.
 * @param options - see RecurrentOptions; `nonlinearity` ("tanh", the default, or "relu").
 * @throws ArgumentError if a size or `numLayers` is no integer >= 1, `dropout` is not in [0, 1], or in the call if listed `lengths`
 * are not one a sequence, from 1 to L.
 * @throws ShapeError if the input has other dims or features, or no step, or a state another shape, or a tensor of `lengths`.
 * @throws DTypeError if the input has another dtype than the weights.
 * @example const [output, h] = new nn.RNN(10, 20, { batchFirst: true })(randn([3, 7, 10]))
 */
export class RNN extends RecurrentBase {
  constructor(
    inputSize: number,
    hiddenSize: number,
    options: RecurrentOptions & { readonly nonlinearity?: "tanh" | "relu" } = {},
    ...surplus: []
  ) {
    checkOptions("RNN", options, [...optionNames, "nonlinearity"]);
    super("RNN", nonlinearityOf("RNN", options.nonlinearity), inputSize, hiddenSize, options);
    noMore("RNN", surplus);
  }

  forward(input: Tensor, state: Tensor | null = null, options: SequenceOptions = {}): [output: Tensor, state: Tensor] {
    const { output, states } = this.run(input, state && [state], options);
    return [output, states[0] as Tensor];
  }
}

/**
 * Long short-term memory, in layers: c' = σ(f) c + σ(i) tanh(g), h' = σ(o) tanh(c') with i, f, g, o = W_ih x + b_ih + W_hh h + b_hh.
 *
 * Shapes: input `[L, N, inputSize]` (`[N, L, …]` with `batchFirst`, `[L, …]` without batch), state `[h, c]` (default zeros), h of
 * `[numLayers · directions, N, projSize or hiddenSize]`, c of `[…, hiddenSize]` → output
 * `[L, N, directions · (projSize or hiddenSize)]` and the last `[h, c]`.
 * Parameters as RNN's, with 4 · `hiddenSize` rows, the gates i, f, g, o; with `projSize` also `weightHrLk` `[projSize, hiddenSize]`.
 * Source: Hochreiter & Schmidhuber, 1997; projections: Sak et al., 2014, arXiv:1402.1128.
 * @param options - see RecurrentOptions; `projSize` (default 0: none) projects h.
 * @throws ArgumentError if a size or `numLayers` is no integer >= 1, `dropout` is not in [0, 1], `projSize` is not from 0 to
 * below `hiddenSize`, or in the call if listed `lengths` are not one a sequence, from 1 to L.
 * @throws ShapeError if the input has other dims or features, or no step, or a state another shape, or a tensor of `lengths`.
 * @throws DTypeError if the input has another dtype than the weights.
 * @example const [output, [h, c]] = new nn.LSTM(10, 20, { numLayers: 2 })(randn([7, 3, 10]), null, { lengths: [7, 4, 2] })
 */
export class LSTM extends RecurrentBase {
  constructor(
    inputSize: number,
    hiddenSize: number,
    options: RecurrentOptions & { readonly projSize?: number } = {},
    ...surplus: []
  ) {
    checkOptions("LSTM", options, [...optionNames, "projSize"]);
    super("LSTM", lstmKind, inputSize, hiddenSize, options, options.projSize, ...surplus);
  }

  forward(
    input: Tensor,
    state: readonly [Tensor, Tensor] | null = null,
    options: SequenceOptions = {},
  ): [output: Tensor, state: [h: Tensor, c: Tensor]] {
    const { output, states } = this.run(input, state, options);
    return [output, states as [Tensor, Tensor]];
  }
}

/**
 * Gated recurrent units, in layers: h' = n + z (h - n) with r, z = σ(W_ih x + b_ih + W_hh h + b_hh) and
 * n = tanh(W_in x + b_in + r (W_hn h + b_hn)).
 *
 * Shapes: input `[L, N, inputSize]` (`[N, L, …]` with `batchFirst`, `[L, …]` without batch), state
 * `[numLayers · directions, N, hiddenSize]` (default zeros) → output `[L, N, directions · hiddenSize]` and the last state.
 * Parameters as RNN's, with 3 · `hiddenSize` rows, the gates r, z, n.
 * Source: Cho et al., 2014, arXiv:1406.1078, with the reset gate after the product, as cuDNN and PyTorch have it.
 * @param options - see RecurrentOptions.
 * @throws ArgumentError if a size or `numLayers` is no integer >= 1, `dropout` is not in [0, 1], or in the call if listed `lengths`
 * are not one a sequence, from 1 to L.
 * @throws ShapeError if the input has other dims or features, or no step, or a state another shape, or a tensor of `lengths`.
 * @throws DTypeError if the input has another dtype than the weights.
 * @example const [output, h] = new nn.GRU(10, 20, { bidirectional: true })(randn([7, 3, 10]))
 */
export class GRU extends RecurrentBase {
  constructor(inputSize: number, hiddenSize: number, options: RecurrentOptions = {}, ...surplus: []) {
    checkOptions("GRU", options, optionNames);
    super("GRU", gruKind, inputSize, hiddenSize, options);
    noMore("GRU", surplus);
  }

  forward(input: Tensor, state: Tensor | null = null, options: SequenceOptions = {}): [output: Tensor, state: Tensor] {
    const { output, states } = this.run(input, state && [state], options);
    return [output, states[0] as Tensor];
  }
}
