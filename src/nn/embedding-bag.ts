// Embeddings reduced over bags of indices.
import { checkChoice, checkOptions } from "../base/index.js";
import { checkTableOptions, noGrad, randn, type TableOptions, type Tensor, tableNames } from "../tensor/index.js";
import { checkCounts } from "./checks.js";
import { paddingRow, printedTableOptions } from "./embedding.js";
import { embeddingBag } from "./functional.js";
import { Module } from "./module.js";
import { Parameter } from "./parameter.js";
import { printArguments } from "./print.js";

/** Options of `EmbeddingBag`. */
export interface EmbeddingBagOptions extends TableOptions {
  /** How the vectors of a bag become one; default "mean". */
  readonly mode?: "sum" | "mean" | "max";
  /** `offsets` has the end of the last bag too; default false. */
  readonly includeLastOffset?: boolean;
  /** This row starts as zeros, does not count and gets no gradient; negative counts from the end. Default: none. */
  readonly paddingIdx?: number;
}

/**
 * Sum, mean or maximum of the embeddings of each bag of indices.
 *
 * Shapes: input `[B, n]`, one bag a row, or `[n]` with `offsets` `[B]`, where bags begin → `[B, embeddingDim]`; `weight` is
 * `[numEmbeddings, embeddingDim]`, normal with variance 1. `forward(input, offsets, perSampleWeights)`: the last, of the input's shape,
 * are factors of the vectors, in mode "sum" only.
 * @throws ArgumentError if a size is no integer >= 1, `paddingIdx` is no row, or `maxNorm` is not above 0; in the call if offsets come with
 * 2 dims or miss with 1, do not begin at 0, or `perSampleWeights` come in another mode than "sum".
 * @throws ShapeError if `perSampleWeights` have not the input's shape.
 * @throws DTypeError if the input is no integer tensor.
 * @throws IndexError if an index is no row (at the call if it is on the host, else at the read or step).
 * @example new nn.EmbeddingBag(10, 3)(tensor([[1, 2], [4, 9]], { dtype: "int64" })).shape // [2, 3]
 */
export class EmbeddingBag extends Module {
  /** The vectors, `[numEmbeddings, embeddingDim]`. */
  weight: Parameter;
  /** How the vectors of a bag become one. */
  readonly mode: "sum" | "mean" | "max";
  /** Whether offsets name the end of the last bag too. */
  readonly includeLastOffset: boolean;
  /** The index whose vector counts nowhere; null for none. */
  readonly paddingIdx: number | null;
  /** Rows that are read are shortened to at most this norm; null: not. */
  readonly maxNorm: number | null;
  /** The p of that norm. */
  readonly normType: number;
  /** Whether each row's gradient is divided by the number of its uses. */
  readonly scaleGradByFreq: boolean;

  constructor(
    /** Number of vectors. */
    readonly numEmbeddings: number,
    /** Length of each. */
    readonly embeddingDim: number,
    options: EmbeddingBagOptions = {},
    ...surplus: []
  ) {
    super(...surplus);
    checkOptions("EmbeddingBag", options, ["mode", "includeLastOffset", "paddingIdx", ...tableNames]);
    checkTableOptions("EmbeddingBag", options);
    checkCounts("EmbeddingBag", { numEmbeddings, embeddingDim });
    this.mode = options.mode ?? "mean";
    checkChoice("EmbeddingBag", "mode", this.mode, ["sum", "mean", "max"]);
    this.includeLastOffset = options.includeLastOffset ?? false;
    const paddingIdx = paddingRow(options.paddingIdx, numEmbeddings, "EmbeddingBag");
    this.paddingIdx = paddingIdx;
    this.maxNorm = options.maxNorm ?? null;
    this.normType = options.normType ?? 2;
    this.scaleGradByFreq = options.scaleGradByFreq ?? false;
    this.weight = new Parameter(randn([numEmbeddings, embeddingDim]));
    if (paddingIdx !== null) noGrad(() => this.weight.select(0, paddingIdx).zero_());
  }

  forward(input: Tensor, offsets: Tensor | null = null, perSampleWeights: Tensor | null = null): Tensor {
    const { weight, mode, includeLastOffset, paddingIdx, maxNorm, normType, scaleGradByFreq } = this;
    const table = { maxNorm, normType, scaleGradByFreq };
    return embeddingBag(input, weight, { offsets, perSampleWeights, mode, includeLastOffset, paddingIdx, ...table });
  }

  override extraRepr(): string {
    const { numEmbeddings, embeddingDim, mode } = this;
    return `${numEmbeddings}, ${embeddingDim}, ${printArguments({ mode, ...printedTableOptions(this) })}`;
  }
}
