"""An encoder–decoder Transformer that translates English to Spanish, after Vaswani et al., 2017.

The PyTorch twin of translate.ts.
"""

import argparse
import math
import re
from collections import Counter
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

PAD, START, END, UNKNOWN = range(4)


def split(sentence):
    return re.findall(r"(?:[^\W_]|')+|[^\w\s]|_", sentence.lower())


class Vocabulary:
    """Words and punctuation marks by number; what is seen only once is unknown."""

    def __init__(self, sentences):
        counts = Counter(word for sentence in sentences for word in split(sentence))
        frequent = [word for word, count in counts.items() if count > 1]
        self.words = ["<pad>", "<start>", "<end>", "<unknown>", *frequent]
        self.numbers = {word: number for number, word in enumerate(self.words)}

    def encode(self, sentence, length):
        """Numbers of the words between start and end, padded to `length`."""
        ids = [self.numbers.get(word, UNKNOWN) for word in split(sentence)]
        framed = [START, *ids[: length - 2], END]
        return framed + [PAD] * (length - len(framed))

    def decode(self, ids):
        end = ids.index(END) if END in ids else len(ids)
        return " ".join(self.words[i] for i in ids[1:end])


class Translator(nn.Module):
    def __init__(self, source_words, target_words, length, width, heads, layers, dropout):
        super().__init__()
        self.source = nn.Embedding(source_words, width, padding_idx=PAD)
        self.target = nn.Embedding(target_words, width, padding_idx=PAD)
        self.position = nn.Embedding(length, width)
        self.drop = nn.Dropout(dropout)
        self.transformer = nn.Transformer(
            d_model=width,
            nhead=heads,
            num_encoder_layers=layers,
            num_decoder_layers=layers,
            dim_feedforward=4 * width,
            dropout=dropout,
            batch_first=True,
        )
        self.head = nn.Linear(width, target_words)

    def embed(self, words, ids):
        return self.drop(words(ids) + self.position(torch.arange(ids.shape[1])))

    def forward(self, source, target):
        """Source [N, S] and target [N, T] → logits of the target's next words [N, T, V]."""
        T = target.shape[1]
        out = self.transformer(
            self.embed(self.source, source),
            self.embed(self.target, target),
            src_key_padding_mask=source == PAD,
            memory_key_padding_mask=source == PAD,
            tgt_mask=torch.ones(T, T, dtype=torch.bool).triu(diagonal=1),  # true: not to be seen
        )
        return self.head(out)


def train_step(model, optimizer, scheduler, source, target):
    logits = model(source, target[:, :-1])
    next_words = target[:, 1:]
    loss = F.cross_entropy(logits.flatten(0, 1), next_words.flatten(), ignore_index=PAD, label_smoothing=0.1)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    scheduler.step()
    return loss


def schedule(optimizer, warmup):
    """Learning rate of the paper: up for `warmup` steps, then down with the root of the step."""
    return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda i: min((i + 1) / warmup, math.sqrt(warmup / (i + 1))))


@torch.no_grad()
def translate(model, source, length):
    """The most likely next word, again and again."""
    out = torch.full((len(source), 1), START)
    while out.shape[1] < length:
        out = torch.cat([out, model(source, out)[:, -1:].argmax(-1)], 1)
    return out.tolist()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--lr", type=float, default=0.001)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--length", type=int, default=20)
    parser.add_argument("--sentence", default="")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    lines = (Path(__file__).parent / "data/verses.tsv").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("\t") for line in lines]
    english, spanish = (Vocabulary([pair[side] for pair in pairs]) for side in (0, 1))
    dataset = torch.utils.data.TensorDataset(
        torch.tensor([english.encode(pair[0], args.length) for pair in pairs]),
        torch.tensor([spanish.encode(pair[1], args.length) for pair in pairs]),
    )
    train_set, test_set = torch.utils.data.random_split(dataset, [0.95, 0.05])
    loader = torch.utils.data.DataLoader(train_set, batch_size=args.batch, shuffle=True, drop_last=True)
    model = Translator(
        len(english.words), len(spanish.words), args.length, args.width, args.heads, args.layers, args.dropout
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr, betas=(0.9, 0.98), eps=1e-9)
    scheduler = schedule(optimizer, 200)
    print(f"{len(train_set)} pairs of sentences, {len(english.words)} and {len(spanish.words)} words")

    for epoch in range(1, args.epochs + 1):
        total = 0.0
        for source, target in loader:
            total += train_step(model, optimizer, scheduler, source, target).item()
        print(f"epoch {epoch}: loss {total / len(loader):.3f}")

    model.eval()
    source, reference = test_set[:8]
    if args.sentence:
        source, reference = torch.tensor([english.encode(args.sentence, args.length)]), None
    for i, ids in enumerate(translate(model, source, args.length)):
        print(f"\n{english.decode(source[i].tolist())}\n  translated: {spanish.decode(ids)}")
        if reference is not None:
            print(f"  reference:  {spanish.decode(reference[i].tolist())}")


if __name__ == "__main__":
    main()
