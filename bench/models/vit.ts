// ViT-B/16. Source: Dosovitskiy et al., "An Image is Worth 16x16 Words", 2021, arXiv:2010.11929, eq. 1 to 4 and table 1.
import { cat, type Tensor, zeros } from "gradus";
import * as nn from "gradus/nn";
import { SelfAttention } from "./attention.js";

const features = 768;
const heads = 12;
const hidden = 3072;
const layers = 12;
const patch = 16;
const eps = 1e-6;

class EncoderLayer extends nn.Module {
  ln_1 = new nn.LayerNorm(features, { eps });
  selfAttention = new SelfAttention(features, heads, false);
  ln_2 = new nn.LayerNorm(features, { eps });
  mlp = new nn.Sequential(
    new nn.Linear(features, hidden),
    new nn.GELU(),
    new nn.Dropout(0),
    new nn.Linear(hidden, features),
    new nn.Dropout(0),
  );

  forward(x: Tensor): Tensor {
    x = x.add(this.selfAttention(this.ln_1(x)));
    return x.add(this.mlp(this.ln_2(x)));
  }
}

class Encoder extends nn.Module {
  posEmbedding: nn.Parameter;
  layers = new nn.Sequential(
    Object.fromEntries(Array.from({ length: layers }, (_, i) => [`encoder_layer_${i}`, new EncoderLayer()])),
  );
  ln = new nn.LayerNorm(features, { eps });

  constructor(length: number) {
    super();
    this.posEmbedding = nn.init.normal_(new nn.Parameter(zeros([1, length, features])), { std: 0.02 }) as nn.Parameter;
  }

  forward(x: Tensor): Tensor {
    return this.ln(this.layers(x.add(this.posEmbedding)));
  }
}

class VisionTransformer extends nn.Module {
  convProj = new nn.Conv2d(3, features, patch, { stride: patch });
  classToken = new nn.Parameter(zeros([1, 1, features]));
  encoder: Encoder;
  heads = new nn.Sequential({ head: new nn.Linear(features, 1000) });

  constructor(size: number) {
    super();
    this.encoder = new Encoder((size / patch) ** 2 + 1);
  }

  forward(x: Tensor): Tensor {
    const patches = this.convProj(x).flatten(2).transpose(1, 2); // [N, L, D]
    const token = this.classToken.expand(patches.shape[0] as number, -1, -1);
    const encoded = this.encoder(cat([token, patches], 1)); // [N, 1 + L, D]
    return this.heads(encoded.select(1, 0)); // [N, 1000]
  }
}

export function vitB16(): nn.UnaryModule {
  return new VisionTransformer(224);
}
