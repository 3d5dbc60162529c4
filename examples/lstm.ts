// A character-level LSTM language model on Moby-Dick. Run it with: npx tsx examples/lstm.ts [--steps 1500] [--prompt "The whale "]
import { compile, manualSeed, noGrad, type Tensor, tensor, zeros } from "gradus";
import * as nn from "gradus/nn";
import * as F from "gradus/nn/functional";
import * as optim from "gradus/optim";
import { isMain, options, readData } from "./support.js";

export type State = readonly [h: Tensor, c: Tensor];

export class LSTMModel extends nn.Module {
  embedding: nn.Embedding;
  drop: nn.Dropout;
  lstm: nn.LSTM;
  head: nn.Linear;

  constructor(
    vocabulary: number,
    readonly hidden = 128,
    readonly layers = 2,
  ) {
    super();
    this.embedding = new nn.Embedding(vocabulary, hidden);
    this.drop = new nn.Dropout(0.1);
    this.lstm = new nn.LSTM(hidden, hidden, { numLayers: layers, batchFirst: true });
    this.head = new nn.Linear(hidden, vocabulary);
  }

  /** Characters `[N, L]` and the state before them → logits `[N, L, V]` and the state behind them. */
  forward(ids: Tensor, state: State): [logits: Tensor, state: State] {
    const [out, next] = this.lstm(this.drop(this.embedding(ids)), state);
    return [this.head(this.drop(out)), next];
  }

  start(batch: number): State {
    const { dtype } = this.head.weight;
    return [zeros([this.layers, batch, this.hidden], { dtype }), zeros([this.layers, batch, this.hidden], { dtype })];
  }
}

/** One step of truncated backpropagation through time: the state goes on, its gradient does not. */
export function trainStep(
  model: LSTMModel,
  optimizer: optim.Optimizer,
  ids: Tensor,
  targets: Tensor,
  state: State,
): [loss: Tensor, h: Tensor, c: Tensor] {
  const [logits, [h, c]] = model(ids, state);
  const loss = F.crossEntropy(logits.flatten(0, 1), targets.flatten());
  optimizer.zeroGrad();
  loss.backward();
  nn.utils.clipGradNorm_(model.parameters(), 1);
  optimizer.step();
  return [loss, h.detach(), c.detach()];
}

/** Characters drawn one after the other. */
export function sample(model: LSTMModel, ids: number[], count: number, temperature: number): number[] {
  const next = compile((id: Tensor, h: Tensor, c: Tensor) => {
    const [logits, [nextH, nextC]] = model(id, [h, c]);
    return [logits.view(-1).div(temperature).softmax(0).multinomial(1), nextH, nextC] as const;
  });
  return noGrad(() => {
    let [h, c] = model.start(1);
    const out = [...ids];
    for (let i = 0; i < ids.length + count - 1; i++) {
      const [drawn, nextH, nextC] = next(tensor(Int32Array.of(out[i]!)).view(1, 1), h, c);
      [h, c] = [nextH, nextC];
      if (i + 1 === out.length) out.push(drawn.item());
    }
    return out;
  });
}

async function main() {
  const settings = { steps: 1500, lr: 0.003, batch: 32, length: 32, temperature: 0.7, prompt: "The whale ", seed: 1 };
  const { steps, lr, batch, length, temperature, prompt, seed } = options(settings);
  manualSeed(seed);
  const text = readData("moby-dick.txt");
  const characters = [...new Set(text)].sort();
  const ids = Int32Array.from(text, (character) => characters.indexOf(character));
  // Rows of the batch read the book from places far apart, side by side.
  const rowLength = Math.floor(ids.length / batch);
  const rows = tensor(ids.subarray(0, batch * rowLength)).view(batch, rowLength);
  const model = new LSTMModel(characters.length);
  const optimizer = new optim.Adam(model.parameters(), { lr });
  const step = compile((x: Tensor, y: Tensor, h: Tensor, c: Tensor) => trainStep(model, optimizer, x, y, [h, c]));

  let [h, c] = model.start(batch);
  for (let i = 0; i < steps; i++) {
    const at = (i * length) % (rowLength - length - 1);
    const [loss, nextH, nextC] = step(rows.narrow(1, at, length), rows.narrow(1, at + 1, length), h, c);
    [h, c] = [nextH, nextC];
    if ((i + 1) % 100 === 0) console.log(`step ${i + 1}: loss ${loss.item().toFixed(4)}`);
  }

  model.eval();
  const start = Array.from(prompt, (character) => Math.max(0, characters.indexOf(character)));
  const written = sample(model, start, 400, temperature);
  console.log(written.map((id) => characters[id]).join(""));
}

if (isMain(import.meta.url)) await main();
