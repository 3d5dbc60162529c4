"""A character-level LSTM language model on Moby-Dick. The PyTorch twin of lstm.ts."""

import argparse
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn


class LSTMModel(nn.Module):
    def __init__(self, vocabulary, hidden=128, layers=2):
        super().__init__()
        self.hidden = hidden
        self.layers = layers
        self.embedding = nn.Embedding(vocabulary, hidden)
        self.drop = nn.Dropout(0.1)
        self.lstm = nn.LSTM(hidden, hidden, num_layers=layers, batch_first=True)
        self.head = nn.Linear(hidden, vocabulary)

    def forward(self, ids, state):
        """Characters [N, L] and the state before them → logits [N, L, V] and the state behind them."""
        out, next_state = self.lstm(self.drop(self.embedding(ids)), state)
        return self.head(self.drop(out)), next_state

    def start(self, batch):
        dtype = self.head.weight.dtype
        shape = (self.layers, batch, self.hidden)
        return torch.zeros(shape, dtype=dtype), torch.zeros(shape, dtype=dtype)


def train_step(model, optimizer, ids, targets, state):
    """One step of truncated backpropagation through time: the state goes on, its gradient does not."""
    logits, (h, c) = model(ids, state)
    loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten())
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1)
    optimizer.step()
    return loss, h.detach(), c.detach()


@torch.no_grad()
def sample(model, ids, count, temperature):
    """Characters drawn one after the other."""
    h, c = model.start(1)
    out = list(ids)
    for i in range(len(ids) + count - 1):
        logits, (h, c) = model(torch.tensor([[out[i]]]), (h, c))
        if i + 1 == len(out):
            out.append((logits.view(-1) / temperature).softmax(0).multinomial(1).item())
    return out


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--lr", type=float, default=0.003)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--length", type=int, default=32)
    parser.add_argument("--temperature", type=float, default=0.7)
    parser.add_argument("--prompt", default="The whale ")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    text = (Path(__file__).parent / "data/moby-dick.txt").read_text(encoding="utf-8")
    characters = sorted(set(text))
    ids = torch.tensor([characters.index(character) for character in text])
    # Rows of the batch read the book from places far apart, side by side.
    row_length = len(ids) // args.batch
    rows = ids[: args.batch * row_length].view(args.batch, row_length)
    model = LSTMModel(len(characters))
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)

    h, c = model.start(args.batch)
    for i in range(args.steps):
        at = (i * args.length) % (row_length - args.length - 1)
        x, y = rows[:, at : at + args.length], rows[:, at + 1 : at + 1 + args.length]
        loss, h, c = train_step(model, optimizer, x, y, (h, c))
        if (i + 1) % 100 == 0:
            print(f"step {i + 1}: loss {loss.item():.4f}")

    model.eval()
    start = [max(0, characters.index(character)) for character in args.prompt]
    written = sample(model, start, 400, args.temperature)
    print("".join(characters[i] for i in written))


if __name__ == "__main__":
    main()
