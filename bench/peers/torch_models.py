"""The networks of the benchmarks in PyTorch: torchvision's, and the counterparts of bench/models/mlp.ts and gpt.ts."""

import torch
import torch.nn.functional as F
from torch import nn

GPT_VOCABULARY, GPT_LENGTH, FEATURES, HEADS, LAYERS = 256, 128, 256, 8, 4


def mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10))


class DecoderLayer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.ln1 = nn.LayerNorm(FEATURES)
        self.qkv = nn.Linear(FEATURES, 3 * FEATURES)
        self.out = nn.Linear(FEATURES, FEATURES)
        self.ln2 = nn.LayerNorm(FEATURES)
        self.mlp = nn.Sequential(nn.Linear(FEATURES, 4 * FEATURES), nn.GELU(), nn.Linear(4 * FEATURES, FEATURES))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        n, length, _ = x.shape
        q, k, v = (
            part.view(n, length, HEADS, FEATURES // HEADS).transpose(1, 2)
            for part in self.qkv(self.ln1(x)).chunk(3, dim=-1)
        )
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(mixed.transpose(1, 2).reshape(n, length, FEATURES))
        return x + self.mlp(self.ln2(x))


class GPT(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.tokens = nn.Embedding(GPT_VOCABULARY, FEATURES)
        self.positions = nn.Embedding(GPT_LENGTH, FEATURES)
        self.layers = nn.Sequential(*(DecoderLayer() for _ in range(LAYERS)))
        self.norm = nn.LayerNorm(FEATURES)
        self.head = nn.Linear(FEATURES, GPT_VOCABULARY, bias=False)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.tokens(tokens) + self.positions(torch.arange(tokens.shape[1]))
        return self.head(self.norm(self.layers(x)))


def network(name: str) -> nn.Module:
    if name == "mlp":
        return mlp()
    if name == "gpt":
        return GPT()
    import torchvision  # only where a network is asked for: the kernels need torch alone

    return getattr(torchvision.models, name)()
