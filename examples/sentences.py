"""Sentence embeddings with all-MiniLM-L6-v2: how alike are sentences in meaning? The PyTorch twin of sentences.ts.

The weights come from fetch-weights.sh.
"""

import re
import sys
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

WEIGHTS = Path(__file__).parent / "weights/all-MiniLM-L6-v2"


class WordPiece:
    """BERT's words: lower case without accents, then the longest pieces that the vocabulary has."""

    def __init__(self, vocabulary):
        self.ids = {piece: i for i, piece in enumerate(vocabulary.split("\n"))}

    def encode(self, sentence, longest=256):
        plain = "".join(c for c in unicodedata.normalize("NFD", sentence) if unicodedata.category(c) != "Mn").lower()
        # Chinese characters and punctuation stand alone.
        spaced = "".join(f" {c} " if is_alone(c) else c for c in plain if unicodedata.category(c)[0] != "C" or c.isspace())
        pieces = [piece for word in spaced.split() for piece in self.split(word)][: longest - 2]
        return [self.ids[piece] for piece in ["[CLS]", *pieces, "[SEP]"]]

    def split(self, word):
        pieces, start = [], 0
        while start < len(word):
            ends = (end for end in range(len(word), start, -1) if ("##" if start else "") + word[start:end] in self.ids)
            end = next(ends, None)
            if end is None:
                return ["[UNK]"]
            pieces.append(("##" if start else "") + word[start:end])
            start = end
        return pieces


def is_alone(c):
    return unicodedata.category(c)[0] == "P" or c in "$+<=>^`|~" or re.match("[\u4e00-\u9fff\u3400-\u4dbf]", c)


@dataclass
class BertConfig:
    vocabulary: int = 30522
    positions: int = 512
    width: int = 384
    heads: int = 12
    layers: int = 6


class Embeddings(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.word_embeddings = nn.Embedding(config.vocabulary, config.width)
        self.position_embeddings = nn.Embedding(config.positions, config.width)
        self.token_type_embeddings = nn.Embedding(2, config.width)
        self.LayerNorm = nn.LayerNorm(config.width, eps=1e-12)

    def forward(self, ids):
        words = self.word_embeddings(ids) + self.token_type_embeddings(torch.zeros_like(ids))
        return self.LayerNorm(words + self.position_embeddings(torch.arange(ids.shape[1])))


class SelfAttention(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.heads = config.heads
        self.query = nn.Linear(config.width, config.width)
        self.key = nn.Linear(config.width, config.width)
        self.value = nn.Linear(config.width, config.width)

    def forward(self, x, mask):
        N, L, D = x.shape
        q, k, v = (f(x).view(N, L, self.heads, -1).transpose(1, 2) for f in (self.query, self.key, self.value))
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=mask.view(N, 1, 1, L))  # [N, heads, L, D/heads]
        return attended.transpose(1, 2).reshape(N, L, D)


class Output(nn.Module):
    """A linear layer whose result is added to what went around it, and normalised."""

    def __init__(self, in_features, width):
        super().__init__()
        self.dense = nn.Linear(in_features, width)
        self.LayerNorm = nn.LayerNorm(width, eps=1e-12)

    def forward(self, x, residual):
        return self.LayerNorm(self.dense(x) + residual)


class Layer(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.attention = nn.ModuleDict(
            {"self": SelfAttention(config), "output": Output(config.width, config.width)}
        )
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(config.width, 4 * config.width)})
        self.output = Output(4 * config.width, config.width)

    def forward(self, x, mask):
        attended = self.attention["output"](self.attention["self"](x, mask), x)
        return self.output(F.gelu(self.intermediate["dense"](attended)), attended)


class SentenceEncoder(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.embeddings = Embeddings(config)
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList([Layer(config) for _ in range(config.layers)])})

    def forward(self, ids, mask):
        """Tokens [N, L] and where they are no padding [N, L] → vectors of length 1 [N, D]."""
        x = self.embeddings(ids)
        for layer in self.encoder["layer"]:
            x = layer(x, mask)
        weights = mask.to(x.dtype).unsqueeze(-1)  # [N, L, 1]
        mean = (x * weights).sum(1) / weights.sum(1)
        return F.normalize(mean, dim=1)


def padded(rows):
    """Rows of tokens, padded to one length."""
    length = max(len(row) for row in rows)
    ids = torch.tensor([row + [0] * (length - len(row)) for row in rows])
    mask = torch.tensor([[i < len(row) for i in range(length)] for row in rows])
    return ids, mask


def load_mini_lm(folder=WEIGHTS):
    """The encoder with its weights, and its tokenizer."""
    from safetensors.torch import load_file

    model = SentenceEncoder(BertConfig())
    own = model.state_dict()
    file = load_file(folder / "model.safetensors")
    # The file also has a pooling layer that sentences do without.
    model.load_state_dict({key: value for key, value in file.items() if key in own})
    return model.eval(), WordPiece((folder / "vocab.txt").read_text(encoding="utf-8"))


def main():
    examples = ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."]
    sentences = sys.argv[1:] or examples
    model, tokenizer = load_mini_lm()
    with torch.no_grad():
        vectors = model(*padded([tokenizer.encode(sentence) for sentence in sentences]))
    for sentence, similarities in zip(sentences, (vectors @ vectors.T).tolist()):
        print("  ".join(f"{value:.3f}" for value in similarities), "", sentence)


if __name__ == "__main__":
    main()
