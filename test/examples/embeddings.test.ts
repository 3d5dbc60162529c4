// The encoders of sentences.ts and speakers.ts give PyTorch's vectors: small ones with drawn weights, and the pretrained ones
// where examples/fetch-weights.sh has fetched their weights.
import { existsSync, readFileSync } from "node:fs";
import { type DType, noGrad, type Tensor, tensor } from "gradus";
import { describe, expect, test } from "vitest";
import { loadMiniLM, padded, SentenceEncoder, WordPiece } from "../../examples/sentences.js";
import { embed, loadVoiceEncoder, normalizeVolume, parts, VoiceEncoder } from "../../examples/speakers.js";
import { Draws } from "./draws.js";

type Rows = readonly (readonly number[])[];

const frozen: {
  readonly small: Readonly<Record<"float64" | "float32", { readonly sentences: Rows; readonly speakers: Rows }>>;
  readonly sentences: readonly {
    readonly text: string;
    readonly tokens: readonly number[];
    readonly vector: readonly number[];
  }[];
  readonly voice: Rows;
} = JSON.parse(readFileSync(new URL("../fixtures/examples/embeddings.json", import.meta.url), "utf8"));

const weights = (name: string) => new URL(`../../examples/weights/${name}`, import.meta.url);

/** Largest absolute difference of vectors of length 1. */
function difference(vectors: Tensor, expected: Rows): number {
  const wanted = expected.flat();
  const values = Array.from(vectors.toTypedArray(), Number);
  expect(values.length).toBe(wanted.length);
  return Math.max(...values.map((value, i) => Math.abs(value - wanted[i]!)));
}

function smallModels(dtype: DType): { sentences: Tensor; speakers: Tensor } {
  const draws = new Draws("embeddings", dtype);
  const config = { vocabulary: 50, positions: 24, width: 16, heads: 2, layers: 2 };
  const encoder = draws.prepare(new SentenceEncoder(config), "sentences.").eval();
  const ids = tensor(Int32Array.from(draws.indices("ids", 3 * 16, 50))).view(3, 16);
  const mask = tensor([16, 9, 1].map((length) => Array.from({ length: 16 }, (_, i) => i < length)));
  const voices = draws.prepare(new VoiceEncoder(8, 2), "speakers.").eval();
  const mels = draws.tensor("mels", [2, 20, 40], ["uniform", 0, 1]);
  return { sentences: noGrad(() => encoder(ids, mask)), speakers: embed(voices, mels) };
}

test.each([
  ["float64", 1e-12],
  ["float32", 1e-5],
] as const)("small encoders in %s: give PyTorch's vectors", (dtype, tolerance) => {
  const { sentences, speakers } = smallModels(dtype);

  expect(difference(sentences, frozen.small[dtype].sentences)).toBeLessThan(tolerance);
  expect(difference(speakers, frozen.small[dtype].speakers)).toBeLessThan(tolerance);
});

/** 2.2 s of harmonics that glide, in noise; see test/fixtures/examples.py. */
function syntheticVoice(): Float32Array {
  const noise = new Draws("embeddings", "float64").values("noise", 35200, "normal");
  return Float32Array.from(noise, (value, i) => {
    const t = i / 16000;
    let tones = 0;
    for (let k = 1; k <= 8; k++) tones += Math.sin(2 * Math.PI * k * (120 * t + 15 * t ** 2)) / k;
    return 0.02 * tones + 0.002 * value;
  });
}

describe("pretrained weights", () => {
  test("all-MiniLM-L6-v2: gives PyTorch's tokens and vectors within 1e-5", { timeout: 120_000 }, async (context) => {
    if (!existsSync(weights("all-MiniLM-L6-v2/model.safetensors"))) {
      context.skip("no weights: bash examples/fetch-weights.sh fetches them");
    }
    const { model, tokenizer } = await loadMiniLM();

    const tokens = frozen.sentences.map(({ text }) => tokenizer.encode(text));
    const vectors = noGrad(() => model(...padded(tokens)));

    expect(tokens).toEqual(frozen.sentences.map((sentence) => sentence.tokens));
    expect(
      difference(
        vectors,
        frozen.sentences.map(({ vector }) => vector),
      ),
    ).toBeLessThan(1e-5);
  });

  test("Resemblyzer: gives PyTorch's vectors of a recording within 1e-5", { timeout: 120_000 }, async (context) => {
    if (!existsSync(weights("resemblyzer/pretrained.pt"))) {
      context.skip("no weights: bash examples/fetch-weights.sh fetches them");
    }

    const vectors = embed(await loadVoiceEncoder(), parts(normalizeVolume(syntheticVoice())));

    expect(difference(vectors, frozen.voice)).toBeLessThan(1e-5);
  });
});

test("WordPiece: given words in and out of the vocabulary, splits them into the longest pieces", () => {
  const tokenizer = new WordPiece("[PAD]\n[UNK]\n[CLS]\n[SEP]\nun\n##aff\n##able\n,\ncafe");

  expect(tokenizer.encode("Unaffable, Café xyz")).toEqual([2, 4, 5, 6, 7, 8, 1, 3]);
});
