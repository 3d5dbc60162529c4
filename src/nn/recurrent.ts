// Recurrent layers over whole sequences: RNN, LSTM, GRU.
import { ArgumentError, checkOptions, formatShape, ShapeError } from "../base/index.js";
import { arange, cat, stack, Tensor, tensor, where, zeros } from "../tensor/index.js";
import { checkCounts } from "./checks.js";
import { dropout } from "./functional.js";
import { uniformParameter } from "./linear.js";
import { Module } from "./module.js";
import type { Parameter } from "./parameter.js";
import { printArguments } from "./print.js";
import {
  type CellKind,
  gruKind,
  lstmKind,
  type RecurrentState,
  type RecurrentWeights,
  rnnKinds,
} from "./recurrent-cells.js";

/** Options of `RNN`, `LSTM` and `GRU`. */
export interface RecurrentOptions {
  /** Layers on top of each other; default 1. */
  readonly numLayers?: number;
  /** Add learned biases; default true. */
  readonly bias?: boolean;
  /** Inputs and outputs are `[N, L, …]` in place of `[L, N, …]`; default false. */
  readonly batchFirst?: boolean;
  /** Dropout on the outputs of each layer but the last; default 0. */
  readonly dropout?: number;
  /** A second set of layers runs from the end; default false. */
  readonly bidirectional?: boolean;
}

/** Options of a call of a recurrent layer. */
export interface SequenceOptions {
  /**
   * Length of each sequence of the batch: steps beyond are left out, as with PyTorch's packed sequences. Their outputs are 0, and
   * the last state is that of the last step within the length. In any order.
   */
  readonly lengths?: readonly number[] | Tensor;
}

const optionNames = ["numLayers", "bias", "batchFirst", "dropout", "bidirectional"];

abstract class RecurrentBase extends Module {
  readonly numLayers: number;
  readonly batchFirst: boolean;
  readonly dropout: number;
  readonly bidirectional: boolean;
  private readonly hasBias: boolean;

  constructor(
    private readonly layer: string,
    private readonly kind: CellKind,
    readonly inputSize: number,
    readonly hiddenSize: number,
    options: RecurrentOptions,
    readonly projSize = 0,
  ) {
    super();
    const { numLayers = 1, bias = true, batchFirst = false, dropout: p = 0, bidirectional = false } = options;
    checkCounts(layer, { inputSize, hiddenSize, numLayers });
    if (!(p >= 0 && p <= 1)) throw new ArgumentError(`${layer}: dropout must be in [0, 1], got ${p}`, { op: layer });
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
    const isBatched = input.shape.length === 3;
    this.checkInput(input);
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
    if (!(lengths instanceof Tensor)) {
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

  private checkInput({ shape }: Tensor): void {
    if ((shape.length === 2 || shape.length === 3) && shape[shape.length - 1] === this.inputSize) return;
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
 * Each length of sequences is a program of its own: pad to few lengths and pass `lengths`.
 * Source: Elman, 1990.
 * @param options - see RecurrentOptions; `nonlinearity` ("tanh" or "relu").
 * @throws ArgumentError for options out of range; ShapeError for other shapes.
 * @example const [output, h] = new nn.RNN(10, 20, { batchFirst: true })(randn([3, 7, 10]))
 */
export class RNN extends RecurrentBase {
  constructor(
    inputSize: number,
    hiddenSize: number,
    options: RecurrentOptions & { readonly nonlinearity?: "tanh" | "relu" } = {},
  ) {
    checkOptions("RNN", options, [...optionNames, "nonlinearity"]);
    const { nonlinearity = "tanh" } = options;
    const kind = rnnKinds[nonlinearity];
    if (!kind) throw new ArgumentError(`RNN: unknown nonlinearity "${nonlinearity}"; one of tanh, relu`, { op: "RNN" });
    super("RNN", kind, inputSize, hiddenSize, options);
  }

  forward(input: Tensor, state: Tensor | null = null, options: SequenceOptions = {}): [output: Tensor, state: Tensor] {
    const { output, states } = this.run(input, state && [state], options);
    return [output, states[0] as Tensor];
  }
}

/**
 * Long short-term memory, in layers; see LSTMCell.
 *
 * Shapes: input as RNN's; state `[h, c]`, h of `[numLayers · directions, N, projSize or hiddenSize]`, c of `[…, hiddenSize]` →
 * output `[L, N, directions · (projSize or hiddenSize)]` and the last `[h, c]`.
 * Source: Hochreiter & Schmidhuber, 1997; projections: Sak et al., 2014, arXiv:1402.1128.
 * @param options - see RecurrentOptions; `projSize` (default 0: none) projects h.
 * @throws ArgumentError for options out of range; ShapeError for other shapes.
 * @example const [output, [h, c]] = new nn.LSTM(10, 20, { numLayers: 2 })(randn([7, 3, 10]), null, { lengths: [7, 4, 2] })
 */
export class LSTM extends RecurrentBase {
  constructor(inputSize: number, hiddenSize: number, options: RecurrentOptions & { readonly projSize?: number } = {}) {
    checkOptions("LSTM", options, [...optionNames, "projSize"]);
    super("LSTM", lstmKind, inputSize, hiddenSize, options, options.projSize);
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
 * Gated recurrent units, in layers; see GRUCell. Shapes as RNN's. Source: Cho et al., 2014, arXiv:1406.1078.
 * Input `[L, N, inputSize]` (`[N, L, …]` with `batchFirst`) → output `[L, N, hiddenSize]` and state
 * `[layers, N, hiddenSize]`; with `bidirectional` twice the features and twice the layers.
 * @param options - see RecurrentOptions.
 * @throws ArgumentError for options out of range; ShapeError for other shapes.
 * @example const [output, h] = new nn.GRU(10, 20, { bidirectional: true })(randn([7, 3, 10]))
 */
export class GRU extends RecurrentBase {
  constructor(inputSize: number, hiddenSize: number, options: RecurrentOptions = {}) {
    checkOptions("GRU", options, optionNames);
    super("GRU", gruKind, inputSize, hiddenSize, options);
  }

  forward(input: Tensor, state: Tensor | null = null, options: SequenceOptions = {}): [output: Tensor, state: Tensor] {
    const { output, states } = this.run(input, state && [state], options);
    return [output, states[0] as Tensor];
  }
}
