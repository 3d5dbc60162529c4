// Speaker embeddings with Resemblyzer's voice encoder (GE2E, Wan et al., 2018): which recordings are of one voice?
// The weights come from fetch-weights.sh. Run it with WAV files, 16 kHz, mono, 16 bits (sox in.mp3 -r 16000 -c 1 -b 16 out.wav):
// npx tsx examples/speakers.ts a.wav b.wav c.wav

import { readFileSync } from "node:fs";
import { arange, cat, compile, noGrad, relu, type Tensor, tensor, zeros } from "gradus";
import { loadTorch } from "gradus/formats";
import * as nn from "gradus/nn";
import * as F from "gradus/nn/functional";
import { isMain, weightsFile } from "./support.js";

const RATE = 16000;
const WINDOW = 400; // samples: 25 ms
const HOP = 160; // 10 ms
const FRAMES = 160; // of one part of a recording: 1.6 s
const MELS = 40;

export class VoiceEncoder extends nn.Module {
  lstm: nn.LSTM;
  linear: nn.Linear;

  constructor(
    readonly hidden = 256,
    readonly layers = 3,
  ) {
    super();
    this.lstm = new nn.LSTM(MELS, hidden, { numLayers: layers, batchFirst: true });
    this.linear = new nn.Linear(hidden, hidden);
  }

  /** Spectra `[N, L, 40]` → vectors of length 1 `[N, D]`. */
  forward(mels: Tensor): Tensor {
    const [, [hidden]] = this.lstm(mels);
    return this.project(hidden);
  }

  project(hidden: Tensor): Tensor {
    return F.normalize(relu(this.linear(hidden.at(-1))), { dim: 1 });
  }
}

/**
 * As `model(mels)`, ten frames a time: LSTMs write out their steps, and a program of ten is compiled much faster than one
 * of all.
 */
export function embed(model: VoiceEncoder, mels: Tensor): Tensor {
  const advance = compile((frames: Tensor, h: Tensor, c: Tensor) => model.lstm(frames, [h, c])[1]);
  return noGrad(() => {
    const state = zeros([model.layers, mels.shape[0]!, model.hidden], { dtype: mels.dtype });
    let [h, c] = [state, state];
    for (const frames of mels.split(10, 1)) [h, c] = advance(frames.contiguous(), h, c);
    return model.project(h);
  });
}

/** Triangles of equal area on Slaney's mel scale, as librosa's: `[40, 201]`. */
function melFilters(): Tensor {
  const toHertz = (mel: number) => (mel < 15 ? (mel * 200) / 3 : 1000 * 6.4 ** ((mel - 15) / 27));
  const top = 15 + (27 * Math.log(RATE / 2 / 1000)) / Math.log(6.4);
  const edges = Array.from({ length: MELS + 2 }, (_, i) => toHertz((top * i) / (MELS + 1)));
  const rows = Array.from({ length: MELS }, (_, i) => {
    const [low, mid, high] = edges.slice(i, i + 3) as [number, number, number];
    return Array.from({ length: WINDOW / 2 + 1 }, (_, k) => {
      const hertz = (k * RATE) / WINDOW;
      return Math.max(0, Math.min((hertz - low) / (mid - low), (high - hertz) / (high - mid))) * (2 / (high - low));
    });
  });
  return tensor(rows);
}

/** Energy in 40 mel bands every 10 ms: samples `[T]` → `[1 + T/160, 40]`. */
export function melSpectrogram(samples: Tensor): Tensor {
  const n = Array.from({ length: WINDOW }, (_, i) => i);
  const hann = n.map((i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / WINDOW));
  // The Fourier transform of a window, written as two products: real and imaginary part.
  const wave = (f: (x: number) => number) =>
    tensor(
      n.map((i) => n.slice(0, WINDOW / 2 + 1).map((k) => hann[i]! * f((2 * Math.PI * ((i * k) % WINDOW)) / WINDOW))),
    );
  const padded = F.pad(samples, [WINDOW / 2, WINDOW / 2]);
  const starts = arange(0, samples.numel() + 1, HOP).unsqueeze(1);
  const frames = padded.at(starts.add(arange(WINDOW))); // [L, 400]
  const power = frames
    .matmul(wave(Math.cos))
    .pow(2)
    .add(frames.matmul(wave(Math.sin)).pow(2)); // [L, 201]
  return power.matmul(melFilters().t());
}

/** A recording's parts of 1.6 s, every 0.77 s, as spectra `[N, 160, 40]`; a last part of less than three quarters is left out. */
export function parts(samples: Float32Array): Tensor {
  const frames = Math.ceil((samples.length + 1) / HOP);
  const starts: number[] = [];
  for (let start = 0; start < Math.max(1, frames - FRAMES + 78); start += 77) starts.push(start);
  const covered = (samples.length - starts.at(-1)! * HOP) / (FRAMES * HOP);
  if (covered < 0.75 && starts.length > 1) starts.pop();
  const filled = new Float32Array(Math.max(samples.length, (starts.at(-1)! + FRAMES) * HOP));
  filled.set(samples);
  const mels = melSpectrogram(tensor(filled));
  return cat(starts.map((start) => mels.narrow(0, start, FRAMES).unsqueeze(0)));
}

/** Louder to -30 dB, as the encoder was trained. */
export function normalizeVolume(samples: Float32Array): Float32Array {
  const rms = Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / samples.length);
  const gain = Math.max(1, 10 ** (-30 / 20) / rms);
  return samples.map((x) => x * gain);
}

/** Samples in [-1, 1) of a WAV file. */
function readWav(file: string): Float32Array {
  const bytes = readFileSync(file);
  const at = bytes.indexOf("fmt ") + 8;
  const [format, channels, rate, bits] = [0, 2, 4, 14].map((i) =>
    i === 4 ? bytes.readUInt32LE(at + 4) : bytes.readUInt16LE(at + i),
  );
  if (format !== 1 || channels !== 1 || rate !== RATE || bits !== 16) {
    throw new Error(`${file} must be PCM, mono, 16 kHz, 16 bits: sox ${file} -r 16000 -c 1 -b 16 out.wav`);
  }
  const data = bytes.indexOf("data", at) + 8;
  const count = Math.floor(Math.min(bytes.readUInt32LE(data - 4), bytes.length - data) / 2);
  return Float32Array.from({ length: count }, (_, i) => bytes.readInt16LE(data + 2 * i) / 32768);
}

export async function loadVoiceEncoder(): Promise<VoiceEncoder> {
  const model = new VoiceEncoder();
  const file = (await loadTorch(weightsFile("resemblyzer/pretrained.pt"))) as { model_state: Record<string, Tensor> };
  const { similarity_weight, similarity_bias, ...state } = file.model_state; // these two are of the loss
  model.loadStateDict(state);
  return model.eval();
}

async function main() {
  const files = process.argv.slice(2);
  if (files.length < 2) throw new Error("give two WAV files or more: npx tsx examples/speakers.ts a.wav b.wav");
  const model = await loadVoiceEncoder();
  const spectra = files.map((file) => parts(normalizeVolume(readWav(file))));
  const vectors = embed(model, cat(spectra)); // all parts of all recordings in one batch
  const means = vectors
    .split(spectra.map((x) => x.shape[0]!))
    .map((x) => F.normalize(x.mean(0), { dim: 0 }).unsqueeze(0));
  const voices = cat(means); // [files, D]
  const similarities = voices.matmul(voices.t()).toArray() as number[][];
  files.forEach((file, i) => {
    console.log(`${similarities[i]!.map((value) => value.toFixed(3)).join("  ")}  ${file}`);
  });
}

if (isMain(import.meta.url)) await main();
