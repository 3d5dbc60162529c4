// Sentence embeddings with all-MiniLM-L6-v2: how alike are sentences in meaning? The weights come from fetch-weights.sh.
// Run it with: npx tsx examples/sentences.ts ["How old are you?" "What is your age?" …]

import { readFileSync } from "node:fs";
import { arange, noGrad, type Tensor, tensor, zerosLike } from "gradus";
import { load } from "gradus/formats";
import * as nn from "gradus/nn";
import * as F from "gradus/nn/functional";
import { isMain, weightsFile } from "./support.js";

/** BERT's words: lower case without accents, then the longest pieces that the vocabulary has. */
export class WordPiece {
  private readonly ids: ReadonlyMap<string, number>;

  constructor(vocabulary: string) {
    this.ids = new Map(vocabulary.split("\n").map((piece, id) => [piece, id]));
  }

  encode(sentence: string, longest = 256): number[] {
    const plain = sentence
      .normalize("NFD")
      .replace(/\p{Mn}/gu, "")
      .toLowerCase();
    // Chinese characters and punctuation stand alone.
    const words = plain.match(/\p{Script=Han}|[\p{P}$+<=>^`|~]|[^\s\p{Script=Han}\p{P}$+<=>^`|~\p{C}]+/gu) ?? [];
    const pieces = words.flatMap((word) => this.split(word)).slice(0, longest - 2);
    return ["[CLS]", ...pieces, "[SEP]"].map((piece) => this.ids.get(piece)!);
  }

  private split(word: string): string[] {
    const pieces: string[] = [];
    for (let start = 0; start < word.length; ) {
      let end = word.length;
      const piece = () => (start > 0 ? "##" : "") + word.slice(start, end);
      while (end > start && !this.ids.has(piece())) end--;
      if (end === start) return ["[UNK]"];
      pieces.push(piece());
      start = end;
    }
    return pieces;
  }
}

export interface BertConfig {
  readonly vocabulary: number;
  readonly positions: number;
  readonly width: number;
  readonly heads: number;
  readonly layers: number;
}

export const MINI_LM: BertConfig = { vocabulary: 30522, positions: 512, width: 384, heads: 12, layers: 6 };
const EPS = 1e-12;
/** The file of weights has this name with a capital. */
const LAYER_NORM = { layerNorm: "LayerNorm" };

class Embeddings extends nn.Module {
  static override stateKeys = LAYER_NORM;
  wordEmbeddings: nn.Embedding;
  positionEmbeddings: nn.Embedding;
  tokenTypeEmbeddings: nn.Embedding;
  layerNorm: nn.LayerNorm;

  constructor({ vocabulary, positions, width }: BertConfig) {
    super();
    this.wordEmbeddings = new nn.Embedding(vocabulary, width);
    this.positionEmbeddings = new nn.Embedding(positions, width);
    this.tokenTypeEmbeddings = new nn.Embedding(2, width);
    this.layerNorm = new nn.LayerNorm(width, { eps: EPS });
  }

  forward(ids: Tensor): Tensor {
    const words = this.wordEmbeddings(ids).add(this.tokenTypeEmbeddings(zerosLike(ids)));
    return this.layerNorm(words.add(this.positionEmbeddings(arange(ids.shape[1]!))));
  }
}

class SelfAttention extends nn.Module {
  query: nn.Linear;
  key: nn.Linear;
  value: nn.Linear;

  constructor(private readonly config: BertConfig) {
    super();
    this.query = new nn.Linear(config.width, config.width);
    this.key = new nn.Linear(config.width, config.width);
    this.value = new nn.Linear(config.width, config.width);
  }

  forward(x: Tensor, mask: Tensor): Tensor {
    const [N = 0, L = 0, D = 0] = x.shape;
    const heads = (y: Tensor) => y.view(N, L, this.config.heads, -1).transpose(1, 2); // [N, heads, L, D/heads]
    const [q, k, v] = [heads(this.query(x)), heads(this.key(x)), heads(this.value(x))];
    const attended = F.scaledDotProductAttention(q, k, v, { attnMask: mask.view(N, 1, 1, L) });
    return attended.transpose(1, 2).reshape(N, L, D);
  }
}

/** A linear layer whose result is added to what went around it, and normalised. */
class Output extends nn.Module {
  static override stateKeys = LAYER_NORM;
  dense: nn.Linear;
  layerNorm: nn.LayerNorm;

  constructor(inFeatures: number, width: number) {
    super();
    this.dense = new nn.Linear(inFeatures, width);
    this.layerNorm = new nn.LayerNorm(width, { eps: EPS });
  }

  forward(x: Tensor, residual: Tensor): Tensor {
    return this.layerNorm(this.dense(x).add(residual));
  }
}

// Fields are named as in the file of weights, so that its keys are those of the state dict.
class Layer extends nn.Module {
  attention: { self: SelfAttention; output: Output };
  intermediate: { dense: nn.Linear };
  output: Output;

  constructor(config: BertConfig) {
    super();
    const { width } = config;
    this.attention = { self: new SelfAttention(config), output: new Output(width, width) };
    this.intermediate = { dense: new nn.Linear(width, 4 * width) };
    this.output = new Output(4 * width, width);
  }

  forward(x: Tensor, mask: Tensor): Tensor {
    const attended = this.attention.output(this.attention.self(x, mask), x);
    return this.output(F.gelu(this.intermediate.dense(attended)), attended);
  }
}

export class SentenceEncoder extends nn.Module {
  embeddings: Embeddings;
  encoder: { layer: Layer[] };

  constructor(config: BertConfig) {
    super();
    this.embeddings = new Embeddings(config);
    this.encoder = { layer: Array.from({ length: config.layers }, () => new Layer(config)) };
  }

  /** Tokens `[N, L]` and where they are no padding `[N, L]` → vectors of length 1 `[N, D]`. */
  forward(ids: Tensor, mask: Tensor): Tensor {
    let x = this.embeddings(ids);
    for (const layer of this.encoder.layer) x = layer(x, mask);
    const weights = mask.to(x.dtype).unsqueeze(-1); // [N, L, 1]
    const mean = x.mul(weights).sum(1).div(weights.sum(1));
    return F.normalize(mean, { dim: 1 });
  }
}

/** Rows of tokens, padded to one length that is a multiple of 16: few lengths, few programs to compile. */
export function padded(rows: readonly number[][]): [ids: Tensor, mask: Tensor] {
  const length = 16 * Math.ceil(Math.max(...rows.map((row) => row.length)) / 16);
  const ids = rows.map((row) => [...row, ...new Array<number>(length - row.length).fill(0)]);
  const mask = rows.map((row) => Array.from({ length }, (_, i) => i < row.length));
  return [tensor(ids, { dtype: "int32" }), tensor(mask)];
}

/** The encoder with its weights, and its tokenizer. */
export async function loadMiniLM(): Promise<{ model: SentenceEncoder; tokenizer: WordPiece }> {
  const model = new SentenceEncoder(MINI_LM);
  const own = new Set(Object.keys(model.stateDict()));
  const file = await load(weightsFile("all-MiniLM-L6-v2/model.safetensors"));
  // The file also has a pooling layer that sentences do without.
  model.loadStateDict(Object.fromEntries(Object.entries(file).filter(([key]) => own.has(key))));
  return {
    model: model.eval(),
    tokenizer: new WordPiece(readFileSync(weightsFile("all-MiniLM-L6-v2/vocab.txt"), "utf8")),
  };
}

async function main() {
  const examples = ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."];
  const sentences = process.argv.length > 2 ? process.argv.slice(2) : examples;
  const { model, tokenizer } = await loadMiniLM();
  const vectors = noGrad(() => model(...padded(sentences.map((sentence) => tokenizer.encode(sentence)))));
  const similarities = vectors.matmul(vectors.t()).toArray() as number[][];
  sentences.forEach((sentence, i) => {
    console.log(`${similarities[i]!.map((value) => value.toFixed(3)).join("  ")}  ${sentence}`);
  });
}

if (isMain(import.meta.url)) await main();
