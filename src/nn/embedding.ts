// The table of vectors.
import { ArgumentError, checkOptions, formatShape, ShapeError } from "../base/index.js";
import {
  checkTableOptions,
  checkTensor,
  noGrad,
  randn,
  type TableOptions,
  type Tensor,
  tableNames,
} from "../tensor/index.js";
import { checkCounts } from "./checks.js";
import { embedding } from "./functional.js";
import { Module } from "./module.js";
import { Parameter } from "./parameter.js";
import { printArguments } from "./print.js";

/** Options of `Embedding`. */
export interface EmbeddingOptions extends TableOptions {
  /** This row starts as zeros and gets no gradient; negative counts from the end. Default: none. */
  readonly paddingIdx?: number;
}

/**
 * Row `weight[i]` for each index i.
 *
 * Shapes: integer input `[…]` → `[…, embeddingDim]`; `weight` is `[numEmbeddings, embeddingDim]`, normal with variance 1.
 * @throws ArgumentError if a size is no integer >= 1, `paddingIdx` is no row, or `maxNorm` is not above 0.
 * @throws DTypeError if the input is no integer tensor.
 * @throws IndexError if an index is no row (at the call if it is on the host, else at the read or step).
 * @example new nn.Embedding(10, 3)(tensor([[1, 2], [4, 9]], { dtype: "int32" })).shape // [2, 2, 3]
 */
export class Embedding extends Module {
  /** The vectors, `[numEmbeddings, embeddingDim]`. */
  weight: Parameter;
  /** The index whose vector gets no gradient; null for none. */
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
    options: EmbeddingOptions = {},
    ...surplus: []
  ) {
    super(...surplus);
    checkOptions("Embedding", options, ["paddingIdx", ...tableNames]);
    checkTableOptions("Embedding", options);
    checkCounts("Embedding", { numEmbeddings, embeddingDim });
    this.paddingIdx = paddingRow(options.paddingIdx, numEmbeddings);
    this.maxNorm = options.maxNorm ?? null;
    this.normType = options.normType ?? 2;
    this.scaleGradByFreq = options.scaleGradByFreq ?? false;
    this.weight = new Parameter(randn([numEmbeddings, embeddingDim]));
    const { paddingIdx } = this;
    if (paddingIdx !== null) noGrad(() => this.weight.select(0, paddingIdx).zero_());
  }

  /**
   * An embedding with given vectors, copied; frozen unless `freeze` is false.
   *
   * Shapes: vectors `[numEmbeddings, embeddingDim]`.
   * @param options - `freeze` (default true), and those of the constructor; the row `paddingIdx` keeps its values.
   * @throws ShapeError if the vectors have not 2 dims.
   * @throws ArgumentError if there are none, or `paddingIdx` is no row.
   * @example nn.Embedding.fromPretrained(tensor([[1, 2], [3, 4]]))(tensor([1], { dtype: "int64" })) // [[3, 4]]
   */
  static fromPretrained(vectors: Tensor, options: EmbeddingOptions & { readonly freeze?: boolean } = {}): Embedding {
    const { freeze = true, ...rest } = options;
    checkTensor("Embedding", "vectors", vectors);
    const [count, size] = vectors.shape;
    if (count === undefined || size === undefined || vectors.shape.length !== 2) {
      throw new ShapeError(`Embedding: vectors must have 2 dims, got shape ${formatShape(vectors.shape)}`, {
        op: "Embedding",
        shapes: [vectors.shape],
      });
    }
    const layer = new Embedding(count, size, rest);
    layer.weight = new Parameter(vectors, { requiresGrad: !freeze });
    return layer;
  }

  forward(input: Tensor): Tensor {
    const { weight, paddingIdx, maxNorm, normType, scaleGradByFreq } = this;
    return embedding(input, weight, { paddingIdx, maxNorm, normType, scaleGradByFreq });
  }

  override extraRepr(): string {
    const { numEmbeddings, embeddingDim, paddingIdx } = this;
    const rest = printArguments({ paddingIdx: paddingIdx ?? undefined, ...printedTableOptions(this) });
    return `${numEmbeddings}, ${embeddingDim}${rest && `, ${rest}`}`;
  }
}

/** Those that are not the usual ones. */
export function printedTableOptions({ maxNorm, normType, scaleGradByFreq }: Required<TableOptions>): object {
  return {
    maxNorm: maxNorm ?? undefined,
    normType: normType === 2 ? undefined : normType,
    scaleGradByFreq: scaleGradByFreq || undefined,
  };
}

export function paddingRow(index: number | undefined, rows: number, layer = "Embedding"): number | null {
  if (index === undefined) return null;
  if (Number.isInteger(index) && index >= -rows && index < rows) return index < 0 ? index + rows : index;
  throw new ArgumentError(`${layer}: paddingIdx ${index} is out of range for ${rows} embeddings`, { op: layer });
}
