// The encoder-decoder Transformer and its layers.
import { ArgumentError, checkOptions } from "../base/index.js";
import { checkTensor, full, type Tensor } from "../tensor/index.js";
import { MultiheadAttention } from "./attention.js";
import { ModuleList } from "./containers.js";
import { Dropout } from "./dropout.js";
import { gelu, relu } from "./functional.js";
import { xavierUniform_ } from "./init.js";
import { checkModule } from "./item-containers.js";
import { Linear } from "./linear.js";
import { Module } from "./module.js";
import { LayerNorm } from "./normalization.js";

/** "relu", "gelu" or a function of a tensor. */
export type TransformerActivation = "relu" | "gelu" | ((x: Tensor) => Tensor);

/** Options of the layers of a Transformer. */
export interface TransformerLayerOptions {
  /** Features between the two linear layers, >= 1; default 2048. */
  readonly dimFeedforward?: number;
  /** Dropout on attention weights and after each part, in [0, 1]; default 0.1. */
  readonly dropout?: number;
  /** Between the two linear layers; default "relu". */
  readonly activation?: TransformerActivation;
  /** Added to the variance in the layer norms, above 0; default 1e-5. */
  readonly layerNormEps?: number;
  /** Sequences are `[N, L, E]` in place of `[L, N, E]`; default false. */
  readonly batchFirst?: boolean;
  /** Normalise before attention and feed-forward parts in place of after; default false. */
  readonly normFirst?: boolean;
  /** Biases in linear layers and norms; default true. */
  readonly bias?: boolean;
}

const layerNames = ["dimFeedforward", "dropout", "activation", "layerNormEps", "batchFirst", "normFirst", "bias"];

function activationOf(layer: string, activation: TransformerActivation): (x: Tensor) => Tensor {
  if (typeof activation === "function") return activation;
  if (activation === "relu") return (x) => relu(x);
  if (activation === "gelu") return (x) => gelu(x);
  throw new ArgumentError(`${layer}: activation must be "relu", "gelu" or a function, got "${activation}"`, {
    op: layer,
  });
}

/** What both kinds of layers have. */
function partsOf(layer: string, dModel: number, options: TransformerLayerOptions) {
  checkOptions(layer, options, layerNames);
  const { dimFeedforward = 2048, dropout = 0.1, layerNormEps: eps = 1e-5, bias = true } = options;
  return {
    activation: activationOf(layer, options.activation ?? "relu"),
    normFirst: options.normFirst ?? false,
    attention: (nhead: number) =>
      new MultiheadAttention(dModel, nhead, { dropout, bias, batchFirst: options.batchFirst ?? false }),
    linear1: () => new Linear(dModel, dimFeedforward, { bias }),
    linear2: () => new Linear(dimFeedforward, dModel, { bias }),
    norm: () => new LayerNorm(dModel, { eps, bias }),
    drop: () => new Dropout(dropout),
  };
}

/** Options of a call of an encoder or one of its layers. */
export interface EncoderCallOptions {
  /** `[L, L]` or `[N · nhead, L, L]`: true where attention is forbidden, or floats added to the scores. */
  readonly mask?: Tensor | null;
  /** `[N, L]`: true where the source is padding. */
  readonly srcKeyPaddingMask?: Tensor | null;
  /** Position i sees positions up to i only; default false. */
  readonly isCausal?: boolean;
}

const encoderCallNames = ["mask", "srcKeyPaddingMask", "isCausal"];

/**
 * Self-attention and two linear layers, each with a residual connection and layer norm.
 *
 * y = norm1(x + attention(x)), then norm2(y + linear2(activation(linear1(y)))); with `normFirst` y = x + attention(norm1(x)), then
 * y + linear2(activation(linear1(norm2(y)))). Parts have dropout behind them.
 *
 * Shapes: `[L, N, dModel]` (`[N, L, dModel]` with `batchFirst`, `[L, dModel]` for one sequence) → the same.
 * Source: Vaswani et al., 2017, arXiv:1706.03762, section 3.1; `normFirst`: Xiong et al., 2020, arXiv:2002.04745.
 * @param options - see TransformerLayerOptions.
 * @throws ArgumentError if a size is no integer >= 1, `nhead` does not divide `dModel`, `dropout` is not in [0, 1], `layerNormEps` is not
 * above 0, or `activation` is unknown.
 * @throws ShapeError if the source has other dims or features than `dModel`, or a mask another shape.
 * @throws DTypeError if an input has another dtype than the weights.
 * @example new nn.TransformerEncoderLayer(64, 8, { batchFirst: true })(randn([2, 10, 64])).shape // [2, 10, 64]
 */
export class TransformerEncoderLayer extends Module {
  /** Attention of the sequence to itself. */
  readonly selfAttn: MultiheadAttention;
  /** The feed-forward part's first layer, to `dimFeedforward` features. */
  readonly linear1: Linear;
  /** Dropout between the linear layers. */
  readonly dropout: Dropout;
  /** The feed-forward part's second layer, back to `dModel` features. */
  readonly linear2: Linear;
  /** Norm of the attention part. */
  readonly norm1: LayerNorm;
  /** Norm of the feed-forward part. */
  readonly norm2: LayerNorm;
  /** Dropout of the attention part's result. */
  readonly dropout1: Dropout;
  /** Dropout of the feed-forward part's result. */
  readonly dropout2: Dropout;
  /** Whether norms come before their parts, not after the sum. */
  readonly normFirst: boolean;
  /** Between the linear layers. */
  readonly activation: (x: Tensor) => Tensor;

  constructor(dModel: number, nhead: number, options: TransformerLayerOptions = {}, ...surplus: []) {
    super(...surplus);
    const parts = partsOf("TransformerEncoderLayer", dModel, options);
    this.selfAttn = parts.attention(nhead);
    this.linear1 = parts.linear1();
    this.dropout = parts.drop();
    this.linear2 = parts.linear2();
    this.norm1 = parts.norm();
    this.norm2 = parts.norm();
    this.dropout1 = parts.drop();
    this.dropout2 = parts.drop();
    this.normFirst = parts.normFirst;
    this.activation = parts.activation;
  }

  forward(src: Tensor, options: EncoderCallOptions = {}): Tensor {
    checkOptions("TransformerEncoderLayer", options, encoderCallNames);
    checkTensor("TransformerEncoderLayer", "src", src);
    if (this.normFirst) {
      const x = src.add(this.attended(this.norm1(src), options));
      return x.add(this.fed(this.norm2(x)));
    }
    const x = this.norm1(src.add(this.attended(src, options)));
    return this.norm2(x.add(this.fed(x)));
  }

  private attended(x: Tensor, { mask, srcKeyPaddingMask, isCausal = false }: EncoderCallOptions): Tensor {
    const masks = { attnMask: mask ?? null, keyPaddingMask: srcKeyPaddingMask ?? null, isCausal };
    return this.dropout1(this.selfAttn(x, x, x, { ...masks, needWeights: false })[0]);
  }

  private fed(x: Tensor): Tensor {
    return this.dropout2(this.linear2(this.dropout(this.activation(this.linear1(x)))));
  }
}

/** Options of a call of a decoder or one of its layers. */
export interface DecoderCallOptions {
  /** `[L, L]`, on the target. */
  readonly tgtMask?: Tensor | null;
  /** `[L, S]`, on the memory. */
  readonly memoryMask?: Tensor | null;
  /** `[N, L]`: true where the target is padding. */
  readonly tgtKeyPaddingMask?: Tensor | null;
  /** `[N, S]`: true where the memory is padding. */
  readonly memoryKeyPaddingMask?: Tensor | null;
  /** Target position i sees target positions up to i only; default false. */
  readonly tgtIsCausal?: boolean;
  /** Target position i sees memory positions up to i only; default false. */
  readonly memoryIsCausal?: boolean;
}

const decoderCallNames = [
  "tgtMask",
  "memoryMask",
  "tgtKeyPaddingMask",
  "memoryKeyPaddingMask",
  "tgtIsCausal",
  "memoryIsCausal",
];

/**
 * Self-attention, attention to the encoder's output and two linear layers, each with a residual connection and layer norm.
 *
 * y = norm1(x + selfAttn(x)), z = norm2(y + multiheadAttn(y, memory)), then norm3(z + linear2(activation(linear1(z)))); with `normFirst`
 * the norms come before their parts. Parts have dropout behind them.
 *
 * Shapes: target `[L, N, dModel]`, memory `[S, N, dModel]` (`[N, L, …]` with `batchFirst`, without N for one sequence) → like the target.
 * Source: Vaswani et al., 2017, arXiv:1706.03762, section 3.1.
 * @param options - see TransformerLayerOptions.
 * @throws ArgumentError if a size is no integer >= 1, `nhead` does not divide `dModel`, `dropout` is not in [0, 1], `layerNormEps` is not
 * above 0, or `activation` is unknown.
 * @throws ShapeError if target or memory have other dims or features than `dModel`, or a mask another shape.
 * @throws DTypeError if an input has another dtype than the weights.
 * @example
 * const layer = new nn.TransformerDecoderLayer(64, 8, { batchFirst: true });
 * layer(randn([2, 7, 64]), randn([2, 10, 64]), { tgtIsCausal: true }).shape; // [2, 7, 64]
 */
export class TransformerDecoderLayer extends Module {
  /** Attention of the target to itself. */
  readonly selfAttn: MultiheadAttention;
  /** Attention of the target to the memory. */
  readonly multiheadAttn: MultiheadAttention;
  /** The feed-forward part's first layer, to `dimFeedforward` features. */
  readonly linear1: Linear;
  /** Dropout between the linear layers. */
  readonly dropout: Dropout;
  /** The feed-forward part's second layer, back to `dModel` features. */
  readonly linear2: Linear;
  /** Norm of the self-attention part. */
  readonly norm1: LayerNorm;
  /** Norm of the part that attends to the memory. */
  readonly norm2: LayerNorm;
  /** Norm of the feed-forward part. */
  readonly norm3: LayerNorm;
  /** Dropout of the self-attention part's result. */
  readonly dropout1: Dropout;
  /** Dropout of the result of the attention to the memory. */
  readonly dropout2: Dropout;
  /** Dropout of the feed-forward part's result. */
  readonly dropout3: Dropout;
  /** Whether norms come before their parts, not after the sum. */
  readonly normFirst: boolean;
  /** Between the linear layers. */
  readonly activation: (x: Tensor) => Tensor;

  constructor(dModel: number, nhead: number, options: TransformerLayerOptions = {}, ...surplus: []) {
    super(...surplus);
    const parts = partsOf("TransformerDecoderLayer", dModel, options);
    this.selfAttn = parts.attention(nhead);
    this.multiheadAttn = parts.attention(nhead);
    this.linear1 = parts.linear1();
    this.dropout = parts.drop();
    this.linear2 = parts.linear2();
    this.norm1 = parts.norm();
    this.norm2 = parts.norm();
    this.norm3 = parts.norm();
    this.dropout1 = parts.drop();
    this.dropout2 = parts.drop();
    this.dropout3 = parts.drop();
    this.normFirst = parts.normFirst;
    this.activation = parts.activation;
  }

  forward(tgt: Tensor, memory: Tensor, options: DecoderCallOptions = {}): Tensor {
    checkOptions("TransformerDecoderLayer", options, decoderCallNames);
    checkTensor("TransformerDecoderLayer", "tgt", tgt);
    checkTensor("TransformerDecoderLayer", "memory", memory);
    if (this.normFirst) {
      const x = tgt.add(this.attended(this.norm1(tgt), options));
      const y = x.add(this.remembered(this.norm2(x), memory, options));
      return y.add(this.fed(this.norm3(y)));
    }
    const x = this.norm1(tgt.add(this.attended(tgt, options)));
    const y = this.norm2(x.add(this.remembered(x, memory, options)));
    return this.norm3(y.add(this.fed(y)));
  }

  private attended(x: Tensor, { tgtMask, tgtKeyPaddingMask, tgtIsCausal = false }: DecoderCallOptions): Tensor {
    const masks = { attnMask: tgtMask ?? null, keyPaddingMask: tgtKeyPaddingMask ?? null, isCausal: tgtIsCausal };
    return this.dropout1(this.selfAttn(x, x, x, { ...masks, needWeights: false })[0]);
  }

  private remembered(x: Tensor, memory: Tensor, options: DecoderCallOptions): Tensor {
    const { memoryMask, memoryKeyPaddingMask, memoryIsCausal = false } = options;
    const masks = {
      attnMask: memoryMask ?? null,
      keyPaddingMask: memoryKeyPaddingMask ?? null,
      isCausal: memoryIsCausal,
    };
    return this.dropout2(this.multiheadAttn(x, memory, memory, { ...masks, needWeights: false })[0]);
  }

  private fed(x: Tensor): Tensor {
    return this.dropout3(this.linear2(this.dropout(this.activation(this.linear1(x)))));
  }
}

function copies<M extends Module>(layer: M, count: number): ModuleList<M> {
  checkModule("Transformer", layer, "the layer");
  if (!Number.isInteger(count) || count < 1) {
    throw new ArgumentError(`Transformer: numLayers must be a positive integer, got ${count}`, { op: "Transformer" });
  }
  return new ModuleList(Array.from({ length: count }, () => layer.clone()));
}

/**
 * `numLayers` copies of an encoder layer, then `norm` if it is given.
 *
 * Shapes: source `[L, N, dModel]` (`[N, L, dModel]` with `batchFirst`) → the same.
 * @throws ArgumentError if `numLayers` is no integer >= 1.
 * @throws ShapeError if the source has other dims or features, or a mask another shape.
 * @example new nn.TransformerEncoder(new nn.TransformerEncoderLayer(64, 8), 6)(randn([10, 2, 64])).shape // [10, 2, 64]
 */
export class TransformerEncoder extends Module {
  /** Copies of the given layer, in calling order. */
  readonly layers: ModuleList<TransformerEncoderLayer>;
  /** Of the last layer's output; null for none. Behind the layers, as parameters are numbered in PyTorch. */
  readonly norm: LayerNorm | null;

  constructor(
    encoderLayer: TransformerEncoderLayer,
    /** How many layers there are. */
    readonly numLayers: number,
    norm: LayerNorm | null = null,
    ...surplus: []
  ) {
    super(...surplus);
    this.layers = copies(encoderLayer, numLayers);
    this.norm = norm;
  }

  forward(src: Tensor, options: EncoderCallOptions = {}): Tensor {
    let x = src;
    for (const layer of this.layers) x = layer(x, options);
    return this.norm ? this.norm(x) : x;
  }
}

/**
 * `numLayers` copies of a decoder layer, then `norm` if it is given.
 *
 * Shapes: target `[L, N, dModel]`, memory `[S, N, dModel]` (`[N, L, …]` with `batchFirst`) → like the target.
 * @throws ArgumentError if `numLayers` is no integer >= 1.
 * @throws ShapeError if target or memory have other dims or features, or a mask another shape.
 */
export class TransformerDecoder extends Module {
  /** Copies of the given layer, in calling order. */
  readonly layers: ModuleList<TransformerDecoderLayer>;
  /** Of the last layer's output; null for none. Behind the layers, as parameters are numbered in PyTorch. */
  readonly norm: LayerNorm | null;

  constructor(
    decoderLayer: TransformerDecoderLayer,
    /** How many layers there are. */
    readonly numLayers: number,
    norm: LayerNorm | null = null,
    ...surplus: []
  ) {
    super(...surplus);
    this.layers = copies(decoderLayer, numLayers);
    this.norm = norm;
  }

  forward(tgt: Tensor, memory: Tensor, options: DecoderCallOptions = {}): Tensor {
    let x = tgt;
    for (const layer of this.layers) x = layer(x, memory, options);
    return this.norm ? this.norm(x) : x;
  }
}

/** Options of `Transformer`. */
export interface TransformerOptions extends TransformerLayerOptions {
  /** Features of source and target, >= 1; default 512. */
  readonly dModel?: number;
  /** Heads, which divide `dModel`; default 8. */
  readonly nhead?: number;
  /** Layers of the encoder, >= 1; default 6. */
  readonly numEncoderLayers?: number;
  /** Layers of the decoder, >= 1; default 6. */
  readonly numDecoderLayers?: number;
  /** Takes the place of the encoder: called as `encoder(src, { mask, srcKeyPaddingMask, isCausal })`, without options where none are given. */
  readonly customEncoder?: EncoderModule;
  /** Takes the place of the decoder: called as `decoder(tgt, memory, options)`, without options where none are given. */
  readonly customDecoder?: DecoderModule;
}

/** What may stand in the place of a Transformer's encoder. */
export interface EncoderModule extends Module {
  /** Shapes: source `[S, N, dModel]` → memory of the same shape. */
  forward(src: Tensor, options?: EncoderCallOptions): Tensor;
}

/** What may stand in the place of a Transformer's decoder. */
export interface DecoderModule extends Module {
  /** Shapes: target `[L, N, dModel]`, memory `[S, N, dModel]` → like the target. */
  forward(tgt: Tensor, memory: Tensor, options?: DecoderCallOptions): Tensor;
}

/** Options of a call of `Transformer`. */
export interface TransformerCallOptions extends DecoderCallOptions {
  /** `[S, S]`, on the source. */
  readonly srcMask?: Tensor | null;
  /** `[N, S]`: true where the source is padding. */
  readonly srcKeyPaddingMask?: Tensor | null;
  /** Source position i sees source positions up to i only; default false. */
  readonly srcIsCausal?: boolean;
}

/**
 * Encoder and decoder, both ending in a layer norm. Embeddings and the output layer are the caller's.
 *
 * Shapes: source `[S, N, dModel]`, target `[L, N, dModel]` (`[N, …]` with `batchFirst`) → like the target.
 * Weight matrices start as xavierUniform_, those of a custom encoder or decoder too. Source: Vaswani et al., 2017, arXiv:1706.03762.
 * @param options - see TransformerOptions.
 * @throws ArgumentError if a size or number of layers is no integer >= 1, `nhead` does not divide `dModel`, `dropout` is not in [0, 1],
 * `layerNormEps` is not above 0, `activation` is unknown, or a custom part is no module.
 * @throws ShapeError if source or target have other dims, batch or features, or a mask another shape.
 * @throws DTypeError if an input has another dtype than the weights.
 * @example new nn.Transformer({ dModel: 64, nhead: 4 })(randn([10, 2, 64]), randn([7, 2, 64]), { tgtIsCausal: true }).shape // [7, 2, 64]
 */
export class Transformer extends Module {
  /** From source to memory. */
  readonly encoder: EncoderModule;
  /** From target and memory to output. */
  readonly decoder: DecoderModule;

  constructor(options: TransformerOptions = {}, ...surplus: []) {
    super(...surplus);
    const names = ["dModel", "nhead", "numEncoderLayers", "numDecoderLayers", "customEncoder", "customDecoder"];
    checkOptions("Transformer", options, [...names, ...layerNames]);
    const { dModel = 512, nhead = 8, numEncoderLayers = 6, numDecoderLayers = 6, ...others } = options;
    const { customEncoder, customDecoder, ...rest } = others;
    if (customEncoder !== undefined) checkModule("Transformer", customEncoder, "customEncoder");
    if (customDecoder !== undefined) checkModule("Transformer", customDecoder, "customDecoder");
    const norm = () => new LayerNorm(dModel, { eps: rest.layerNormEps ?? 1e-5, bias: rest.bias ?? true });
    this.encoder =
      customEncoder ??
      new TransformerEncoder(new TransformerEncoderLayer(dModel, nhead, rest), numEncoderLayers, norm());
    this.decoder =
      customDecoder ??
      new TransformerDecoder(new TransformerDecoderLayer(dModel, nhead, rest), numDecoderLayers, norm());
    for (const parameter of this.parameters()) if (parameter.shape.length > 1) xavierUniform_(parameter);
  }

  /**
   * A causal mask to add to scores: -Infinity above the diagonal, else 0. `isCausal` options need none. Shapes: `[size, size]`.
   * @throws ArgumentError if `size` is no integer >= 0.
   */
  static generateSquareSubsequentMask(size: number): Tensor {
    return full([size, size], Number.NEGATIVE_INFINITY).triu({ diagonal: 1 });
  }

  forward(src: Tensor, tgt: Tensor, options: TransformerCallOptions = {}): Tensor {
    checkOptions("Transformer", options, ["srcMask", "srcKeyPaddingMask", "srcIsCausal", ...decoderCallNames]);
    const { srcMask = null, srcKeyPaddingMask = null, srcIsCausal = false, ...rest } = options;
    // Parts of one's own need not take options that no call gives.
    const isMasked = srcMask !== null || srcKeyPaddingMask !== null || srcIsCausal;
    const memory = isMasked
      ? this.encoder(src, { mask: srcMask, srcKeyPaddingMask, isCausal: srcIsCausal })
      : this.encoder(src);
    return Object.keys(rest).length > 0 ? this.decoder(tgt, memory, rest) : this.decoder(tgt, memory);
  }
}
