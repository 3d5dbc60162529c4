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
  /** Default "mean". */
  readonly mode?: "sum" | "mean" | "max";
  /** `offsets` has the end of the last bag too; default false. */
  readonly includeLastOffset?: boolean;
  /** This row starts as zeros, does not count and gets no gradient. */
  readonly paddingIdx?: number;
}

/**
 * Sum, mean or maximum of the embeddings of each bag of indices.
 *
 * Shapes: input `[B, n]`, one bag a row, or `[n]` with `offsets` `[B]` → `[B, embeddingDim]`; `weight` is
 * `[numEmbeddings, embeddingDim]`, normal with variance 1.
 * @throws ArgumentError for sizes and options that do not fit.
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
  ) {
    super();
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
