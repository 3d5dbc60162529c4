// Self-attention with the parameters of torch.nn.MultiheadAttention.
import { type Tensor, zeros } from "gradus";
import * as nn from "gradus/nn";
import { linear, scaledDotProductAttention } from "gradus/nn/functional";

export class SelfAttention extends nn.Module {
  inProjWeight: nn.Parameter;
  inProjBias: nn.Parameter;
  outProj: nn.Linear;

  constructor(
    readonly features: number,
    readonly heads: number,
    private readonly isCausal: boolean,
  ) {
    super();
    this.inProjWeight = nn.init.xavierUniform_(new nn.Parameter(zeros([3 * features, features]))) as nn.Parameter;
    this.inProjBias = new nn.Parameter(zeros([3 * features]));
    this.outProj = new nn.Linear(features, features);
  }

  /** `[N, L, D]` → the same. */
  forward(x: Tensor): Tensor {
    const { features, heads, isCausal } = this;
    const [count, length] = x.shape as unknown as [number, number];
    const split = (part: Tensor) => part.view(count, length, heads, features / heads).transpose(1, 2); // [N, heads, L, D/heads]
    const [q, k, v] = linear(x, this.inProjWeight, this.inProjBias).chunk(3, -1) as [Tensor, Tensor, Tensor];
    const mixed = scaledDotProductAttention(split(q), split(k), split(v), { isCausal });
    return this.outProj(mixed.transpose(1, 2).reshape(count, length, features));
  }
}
