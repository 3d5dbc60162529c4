"""A character-level GPT on Moby-Dick, after Radford et al., 2019, and Karpathy's nanoGPT. The PyTorch twin of gpt.ts."""

import argparse
import math
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn


@dataclass
class GPTConfig:
    vocabulary: int
    block: int  # longest context, in characters
    layers: int
    heads: int
    width: int
    dropout: float


class CausalSelfAttention(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.qkv = nn.Linear(config.width, 3 * config.width)
        self.proj = nn.Linear(config.width, config.width)
        self.drop = nn.Dropout(config.dropout)

    def forward(self, x):
        N, L, D = x.shape
        q, k, v = (y.view(N, L, self.config.heads, -1).transpose(1, 2) for y in self.qkv(x).chunk(3, -1))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)  # [N, heads, L, D/heads]
        return self.drop(self.proj(y.transpose(1, 2).reshape(N, L, D)))


class Block(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.ln1 = nn.LayerNorm(config.width)
        self.attn = CausalSelfAttention(config)
        self.ln2 = nn.LayerNorm(config.width)
        self.fc = nn.Linear(config.width, 4 * config.width)
        self.proj = nn.Linear(4 * config.width, config.width)
        self.drop = nn.Dropout(config.dropout)

    def forward(self, x):
        x = x + self.attn(self.ln1(x))
        return x + self.drop(self.proj(F.gelu(self.fc(self.ln2(x)))))


class GPT(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.token = nn.Embedding(config.vocabulary, config.width)
        self.position = nn.Embedding(config.block, config.width)
        self.drop = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList([Block(config) for _ in range(config.layers)])
        self.ln = nn.LayerNorm(config.width)
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Embedding)):
                nn.init.normal_(module.weight, std=0.02)
            if isinstance(module, nn.Linear):
                nn.init.zeros_(module.bias)

    def forward(self, ids):
        """Characters [N, L] → logits of the next ones [N, L, V]."""
        L = ids.shape[1]
        x = self.token(ids) + self.position.weight[:L]  # [N, L, D]
        x = self.drop(x)
        for block in self.blocks:
            x = block(x)
        return F.linear(self.ln(x), self.token.weight)  # the head shares the weights of the embedding


def make_optimizer(model, lr):
    """Weights decay, biases and scales do not."""
    decay = [p for p in model.parameters() if p.dim() >= 2]
    plain = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": decay, "weight_decay": 0.1}, {"params": plain, "weight_decay": 0}]
    return torch.optim.AdamW(groups, lr=lr, betas=(0.9, 0.99))


def train_step(model, optimizer, ids, targets):
    logits = model(ids)
    loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten())
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1)
    optimizer.step()
    return loss


@torch.no_grad()
def generate(model, ids, count, temperature):
    """Continues a text."""
    out = list(ids)
    while len(out) < len(ids) + count:
        logits = model(torch.tensor([out[-model.config.block :]]))[0, -1]  # [V]
        out.append((logits / temperature).softmax(0).multinomial(1).item())
    return out


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--block", type=int, default=64)
    parser.add_argument("--dropout", type=float, default=0)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--lr", type=float, default=0.002)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--temperature", type=float, default=0.8)
    parser.add_argument("--prompt", default="Call me ")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    text = (Path(__file__).parent / "data/moby-dick.txt").read_text(encoding="utf-8")
    characters = sorted(set(text))
    ids = torch.tensor([characters.index(character) for character in text])
    model = GPT(GPTConfig(len(characters), args.block, args.layers, args.heads, args.width, args.dropout))
    optimizer = make_optimizer(model, args.lr)
    warmup = 50

    def schedule(i):
        decayed = 0.55 + 0.45 * math.cos(math.pi * (i - warmup) / (args.steps - warmup))
        return (i + 1) / warmup if i < warmup else decayed

    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, schedule)
    print(f"{sum(p.numel() for p in model.parameters())} parameters, {len(characters)} characters")

    offsets = torch.arange(args.block)
    for i in range(1, args.steps + 1):
        places = torch.randint(len(text) - args.block, (args.batch, 1)) + offsets  # [N, L]
        loss = train_step(model, optimizer, ids[places], ids[places + 1])
        scheduler.step()
        if i % 50 == 0:
            print(f"step {i}: loss {loss.item():.4f}")

    model.eval()
    start = [max(0, characters.index(character)) for character in args.prompt]
    written = generate(model, start, 400, args.temperature)
    print("".join(characters[i] for i in written))


if __name__ == "__main__":
    main()
