// A character-level GPT on Moby-Dick, after Radford et al., 2019, and Karpathy's nanoGPT.
// Run it with: npx tsx examples/gpt.ts [--steps 500] [--prompt "Call me "]
import { compile, manualSeed, noGrad, randint, type Tensor, tensor } from "gradus";
import * as nn from "gradus/nn";
import * as F from "gradus/nn/functional";
import * as optim from "gradus/optim";
import { isMain, options, readData } from "./support.js";

export interface GPTConfig {
  readonly vocabulary: number;
  /** Longest context, in characters. */
  readonly block: number;
  readonly layers: number;
  readonly heads: number;
  readonly width: number;
  readonly dropout: number;
}

class CausalSelfAttention extends nn.Module {
  qkv: nn.Linear;
  proj: nn.Linear;
  drop: nn.Dropout;

  constructor(private readonly config: GPTConfig) {
    super();
    this.qkv = new nn.Linear(config.width, 3 * config.width);
    this.proj = new nn.Linear(config.width, config.width);
    this.drop = new nn.Dropout(config.dropout);
  }

  forward(x: Tensor): Tensor {
    const [N = 0, L = 0, D = 0] = x.shape;
    const heads = (y: Tensor) => y.view(N, L, this.config.heads, -1).transpose(1, 2); // [N, heads, L, D/heads]
    const [q, k, v] = this.qkv(x).chunk(3, -1).map(heads) as [Tensor, Tensor, Tensor];
    const y = F.scaledDotProductAttention(q, k, v, { isCausal: true });
    return this.drop(this.proj(y.transpose(1, 2).reshape(N, L, D)));
  }
}

class Block extends nn.Module {
  ln1: nn.LayerNorm;
  attn: CausalSelfAttention;
  ln2: nn.LayerNorm;
  fc: nn.Linear;
  proj: nn.Linear;
  drop: nn.Dropout;

  constructor(config: GPTConfig) {
    super();
    this.ln1 = new nn.LayerNorm(config.width);
    this.attn = new CausalSelfAttention(config);
    this.ln2 = new nn.LayerNorm(config.width);
    this.fc = new nn.Linear(config.width, 4 * config.width);
    this.proj = new nn.Linear(4 * config.width, config.width);
    this.drop = new nn.Dropout(config.dropout);
  }

  forward(x: Tensor): Tensor {
    x = x.add(this.attn(this.ln1(x)));
    return x.add(this.drop(this.proj(F.gelu(this.fc(this.ln2(x))))));
  }
}

export class GPT extends nn.Module {
  token: nn.Embedding;
  position: nn.Embedding;
  drop: nn.Dropout;
  blocks: nn.ModuleList<Block>;
  ln: nn.LayerNorm;

  constructor(readonly config: GPTConfig) {
    super();
    this.token = new nn.Embedding(config.vocabulary, config.width);
    this.position = new nn.Embedding(config.block, config.width);
    this.drop = new nn.Dropout(config.dropout);
    this.blocks = new nn.ModuleList(Array.from({ length: config.layers }, () => new Block(config)));
    this.ln = new nn.LayerNorm(config.width);
    this.apply((module) => {
      if (module instanceof nn.Linear || module instanceof nn.Embedding) nn.init.normal_(module.weight, { std: 0.02 });
      if (module instanceof nn.Linear) nn.init.zeros_(module.bias!);
    });
  }

  /** Characters `[N, L]` → logits of the next ones `[N, L, V]`. */
  forward(ids: Tensor): Tensor {
    const L = ids.shape[1]!;
    let x = this.token(ids).add(this.position.weight.narrow(0, 0, L)); // [N, L, D]
    x = this.drop(x);
    for (const block of this.blocks) x = block(x);
    return F.linear(this.ln(x), this.token.weight); // the head shares the weights of the embedding
  }
}

/** Weights decay, biases and scales do not. */
export function makeOptimizer(model: GPT, lr: number): optim.AdamW {
  const [decay, plain] = [2, 1].map((dims) => model.parameters().filter((p) => (p.shape.length >= 2 ? 2 : 1) === dims));
  const groups = [
    { params: decay!, weightDecay: 0.1 },
    { params: plain!, weightDecay: 0 },
  ];
  return new optim.AdamW(groups, { lr, betas: [0.9, 0.99] });
}

export function trainStep(model: GPT, optimizer: optim.Optimizer, ids: Tensor, targets: Tensor): Tensor {
  const logits = model(ids);
  const loss = F.crossEntropy(logits.flatten(0, 1), targets.flatten());
  optimizer.zeroGrad();
  loss.backward();
  nn.utils.clipGradNorm_(model.parameters(), 1);
  optimizer.step();
  return loss;
}

/** Continues a text. The context always fills the block, so that one compiled program serves every length. */
export function generate(model: GPT, ids: number[], count: number, temperature: number): number[] {
  const { block } = model.config;
  const draw = compile((context: Tensor, last: Tensor) => {
    const logits = model(context).indexSelect(1, last).view(-1); // [V]
    return logits.div(temperature).softmax(0).multinomial(1);
  });
  const out = [...ids];
  noGrad(() => {
    while (out.length < ids.length + count) {
      const recent = out.slice(-block);
      const context = Int32Array.from({ length: block }, (_, i) => recent[i] ?? 0); // what follows is not attended to
      out.push(draw(tensor(context).view(1, block), tensor(Int32Array.of(recent.length - 1))).item());
    }
  });
  return out;
}

async function main() {
  const sizes = { layers: 4, heads: 4, width: 128, block: 64, dropout: 0 };
  const settings = { ...sizes, steps: 500, lr: 0.002, batch: 32, temperature: 0.8, prompt: "Call me ", seed: 1 };
  const { steps, lr, batch, temperature, prompt, seed, ...config } = options(settings);
  manualSeed(seed);
  const text = readData("moby-dick.txt");
  const characters = [...new Set(text)].sort();
  const ids = tensor(Int32Array.from(text, (character) => characters.indexOf(character)));
  const model = new GPT({ ...config, vocabulary: characters.length });
  const optimizer = makeOptimizer(model, lr);
  const warmup = 50;
  const decayed = (i: number) => 0.55 + 0.45 * Math.cos((Math.PI * (i - warmup)) / (steps - warmup));
  const scheduler = new optim.LambdaLR(optimizer, (i) => (i < warmup ? (i + 1) / warmup : decayed(i)));
  const step = compile((x: Tensor, y: Tensor) => trainStep(model, optimizer, x, y));
  console.log(
    `${model.parameters().reduce((sum, p) => sum + p.numel(), 0)} parameters, ${characters.length} characters`,
  );

  const offsets = tensor(Int32Array.from({ length: config.block }, (_, i) => i));
  for (let i = 1; i <= steps; i++) {
    const places = randint(text.length - config.block, [batch, 1]).add(offsets); // [N, L]
    const loss = step(ids.at(places), ids.at(places.add(1)));
    scheduler.step();
    if (i % 50 === 0) console.log(`step ${i}: loss ${loss.item().toFixed(4)}`);
  }

  model.eval();
  const start = Array.from(prompt, (character) => Math.max(0, characters.indexOf(character)));
  const written = generate(model, start, 400, temperature);
  console.log(written.map((id) => characters[id]).join(""));
}

if (isMain(import.meta.url)) await main();
