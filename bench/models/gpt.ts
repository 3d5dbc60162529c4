// A small GPT: pre-norm Transformer decoder over bytes. Source: Radford et al., "Language Models are Unsupervised Multitask
// Learners", 2019, section 2.3. bench/peers/torch_models.py has the same network for PyTorch.
import { arange, type Tensor } from "gradus";
import * as nn from "gradus/nn";
import { SelfAttention } from "./attention.js";

export const gptVocabulary = 256;
export const gptLength = 128;
const features = 256;
const heads = 8;
const layers = 4;

class DecoderLayer extends nn.Module {
  ln1 = new nn.LayerNorm(features);
  attention = new SelfAttention(features, heads, true);
  ln2 = new nn.LayerNorm(features);
  mlp = new nn.Sequential(new nn.Linear(features, 4 * features), new nn.GELU(), new nn.Linear(4 * features, features));

  forward(x: Tensor): Tensor {
    x = x.add(this.attention(this.ln1(x)));
    return x.add(this.mlp(this.ln2(x)));
  }
}

class GPT extends nn.Module {
  tokens = new nn.Embedding(gptVocabulary, features);
  positions = new nn.Embedding(gptLength, features);
  layers = new nn.Sequential(...Array.from({ length: layers }, () => new DecoderLayer()));
  norm = new nn.LayerNorm(features);
  head = new nn.Linear(features, gptVocabulary, { bias: false });

  /** Tokens `[N, L]` → logits `[N, L, V]`. */
  forward(tokens: Tensor): Tensor {
    const length = tokens.shape[1] as number;
    const x = this.tokens(tokens).add(this.positions(arange(length))); // [N, L, D]
    return this.head(this.norm(this.layers(x)));
  }
}

export function gpt(): nn.UnaryModule {
  return new GPT();
}
