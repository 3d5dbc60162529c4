// An encoder–decoder Transformer that translates English to Spanish, after Vaswani et al., 2017.
// Run it with: npx tsx examples/translate.ts [--epochs 10] [--sentence "God said to Moses,"]
import { arange, compile, manualSeed, noGrad, ones, type Tensor, tensor, triu } from "gradus";
import { DataLoader, randomSplit, TensorDataset } from "gradus/data";
import * as nn from "gradus/nn";
import * as F from "gradus/nn/functional";
import * as optim from "gradus/optim";
import { isMain, options, readData } from "./support.js";

export const PAD = 0;
const START = 1;
const END = 2;
const UNKNOWN = 3;

/** Words and punctuation marks by number; what is seen only once is unknown. */
export class Vocabulary {
  readonly words: readonly string[];
  private readonly numbers: ReadonlyMap<string, number>;

  constructor(sentences: readonly string[]) {
    const counts = new Map<string, number>();
    for (const word of sentences.flatMap(split)) counts.set(word, (counts.get(word) ?? 0) + 1);
    const frequent = [...counts].filter(([, count]) => count > 1).map(([word]) => word);
    this.words = ["<pad>", "<start>", "<end>", "<unknown>", ...frequent];
    this.numbers = new Map(this.words.map((word, number) => [word, number]));
  }

  /** Numbers of the words between start and end, padded to `length`. */
  encode(sentence: string, length: number): number[] {
    const ids = split(sentence).map((word) => this.numbers.get(word) ?? UNKNOWN);
    const framed = [START, ...ids.slice(0, length - 2), END];
    return [...framed, ...new Array<number>(length - framed.length).fill(PAD)];
  }

  decode(ids: readonly number[]): string {
    const end = ids.indexOf(END, 1);
    return ids
      .slice(1, end < 0 ? undefined : end)
      .map((id) => this.words[id])
      .join(" ");
  }
}

const split = (sentence: string) => sentence.toLowerCase().match(/[\p{L}\p{N}']+|[^\p{L}\p{N}\s]/gu) ?? [];

export interface TranslatorOptions {
  readonly width: number;
  readonly heads: number;
  readonly layers: number;
  readonly dropout: number;
}

export class Translator extends nn.Module {
  source: nn.Embedding;
  target: nn.Embedding;
  position: nn.Embedding;
  drop: nn.Dropout;
  transformer: nn.Transformer;
  head: nn.Linear;

  constructor(sourceWords: number, targetWords: number, length: number, options: TranslatorOptions) {
    super();
    const { width, heads, layers, dropout } = options;
    this.source = new nn.Embedding(sourceWords, width, { paddingIdx: PAD });
    this.target = new nn.Embedding(targetWords, width, { paddingIdx: PAD });
    this.position = new nn.Embedding(length, width);
    this.drop = new nn.Dropout(dropout);
    this.transformer = new nn.Transformer({
      dModel: width,
      nhead: heads,
      numEncoderLayers: layers,
      numDecoderLayers: layers,
      dimFeedforward: 4 * width,
      dropout,
      batchFirst: true,
    });
    this.head = new nn.Linear(width, targetWords);
  }

  private embed(words: nn.Embedding, ids: Tensor): Tensor {
    return this.drop(words(ids).add(this.position(arange(ids.shape[1]!))));
  }

  /** Source `[N, S]` and target `[N, T]` → logits of the target's next words `[N, T, V]`. */
  forward(source: Tensor, target: Tensor): Tensor {
    const [T = 0] = target.shape.slice(1);
    const out = this.transformer(this.embed(this.source, source), this.embed(this.target, target), {
      srcKeyPaddingMask: source.eq(PAD),
      memoryKeyPaddingMask: source.eq(PAD),
      tgtMask: triu(ones([T, T], { dtype: "bool" }), { diagonal: 1 }), // true: not to be seen
    });
    return this.head(out);
  }
}

export function trainStep(
  model: Translator,
  optimizer: optim.Optimizer,
  scheduler: optim.LRScheduler,
  source: Tensor,
  target: Tensor,
): Tensor {
  const last = target.shape[1]! - 1;
  const logits = model(source, target.narrow(1, 0, last));
  const next = target.narrow(1, 1, last);
  const loss = F.crossEntropy(logits.flatten(0, 1), next.flatten(), { ignoreIndex: PAD, labelSmoothing: 0.1 });
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  scheduler.step();
  return loss;
}

/** Learning rate of the paper: up for `warmup` steps, then down with the root of the step. */
export function schedule(optimizer: optim.Optimizer, warmup: number): optim.LambdaLR {
  return new optim.LambdaLR(optimizer, (i) => Math.min((i + 1) / warmup, Math.sqrt(warmup / (i + 1))));
}

/** The most likely next word, again and again. The target keeps its length, so that one compiled program serves all words. */
export function translate(model: Translator, source: Tensor, length: number): number[][] {
  const step = compile((ids: Tensor, target: Tensor) => model(ids, target).argmax(-1));
  const out = Array.from({ length: source.shape[0]! }, () => [START, ...new Array<number>(length - 1).fill(PAD)]);
  noGrad(() => {
    for (let i = 0; i + 1 < length; i++) {
      const next = step(source, tensor(out, { dtype: "int32" })).toArray() as number[][];
      next.forEach((words, n) => {
        out[n]![i + 1] = words[i]!;
      });
    }
  });
  return out;
}

async function main() {
  const sizes = { width: 128, heads: 4, layers: 2, dropout: 0.1 };
  const settings = { ...sizes, epochs: 10, lr: 0.001, batch: 64, length: 20, sentence: "", seed: 1 };
  const { epochs, lr, batch, length, sentence, seed, ...config } = options(settings);
  manualSeed(seed);
  const pairs = readData("verses.tsv")
    .trimEnd()
    .split("\n")
    .map((line) => line.split("\t"));
  const [english, spanish] = [0, 1].map((side) => new Vocabulary(pairs.map((pair) => pair[side]!))) as [
    Vocabulary,
    Vocabulary,
  ];
  const encoded = [english, spanish].map((vocabulary, side) =>
    tensor(
      pairs.map((pair) => vocabulary.encode(pair[side]!, length)),
      { dtype: "int32" },
    ),
  ) as [Tensor, Tensor];
  const [trainSet, testSet] = randomSplit(new TensorDataset(...encoded), [0.95, 0.05]);
  const loader = new DataLoader(trainSet!, { batchSize: batch, shuffle: true, dropLast: true });
  const model = new Translator(english.words.length, spanish.words.length, length, config);
  const optimizer = new optim.Adam(model.parameters(), { lr, betas: [0.9, 0.98], eps: 1e-9 });
  const scheduler = schedule(optimizer, 200);
  console.log(`${trainSet!.length} pairs of sentences, ${english.words.length} and ${spanish.words.length} words`);

  for (let epoch = 1; epoch <= epochs; epoch++) {
    let total = 0;
    for await (const [source, target] of loader) total += trainStep(model, optimizer, scheduler, source, target).item();
    console.log(`epoch ${epoch}: loss ${(total / loader.length).toFixed(3)}`);
  }

  model.eval();
  const [source, reference] = sentence
    ? [tensor([english.encode(sentence, length)], { dtype: "int32" }), null]
    : await testSet!.getBatch!([0, 1, 2, 3, 4, 5, 6, 7]);
  const references = (reference?.toArray() ?? []) as number[][];
  const sources = source.toArray() as number[][];
  translate(model, source, length).forEach((ids, i) => {
    console.log(`\n${english.decode(sources[i]!)}\n  translated: ${spanish.decode(ids)}`);
    if (reference) console.log(`  reference:  ${spanish.decode(references[i]!)}`);
  });
}

if (isMain(import.meta.url)) await main();
