"""Matrix factorisation, after Koren et al., 2009: what somebody eats, from what they and others eat.

The PyTorch twin of recommend.ts.
"""

import argparse
import csv
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn


class Factorization(nn.Module):
    def __init__(self, users, items, factors, mean):
        super().__init__()
        self.mean = mean
        self.user = nn.Embedding(users, factors)
        self.item = nn.Embedding(items, factors)
        self.user_bias = nn.Embedding(users, 1)
        self.item_bias = nn.Embedding(items, 1)
        for embedding in (self.user, self.item):
            nn.init.normal_(embedding.weight, 0, 0.1)
        for embedding in (self.user_bias, self.item_bias):
            nn.init.zeros_(embedding.weight)

    def forward(self, users, items):
        """Users [N], items [N] → expected ratings [N]."""
        match = (self.user(users) * self.item(items)).sum(1)
        return match + self.user_bias(users).squeeze(1) + self.item_bias(items).squeeze(1) + self.mean


def train_step(model, optimizer, users, items, ratings):
    loss = F.mse_loss(model(users, items), ratings)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--lr", type=float, default=0.01)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--factors", type=int, default=8)
    parser.add_argument("--item", default="")
    parser.add_argument("--ratings", default=Path(__file__).parent / "data/foods.csv")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    with open(args.ratings) as file:
        _, *rows = csv.reader(file)
    user_names = list(dict.fromkeys(row[0] for row in rows))
    item_names = list(dict.fromkeys(row[1] for row in rows))
    user_codes = torch.tensor([user_names.index(row[0]) for row in rows])
    item_codes = torch.tensor([item_names.index(row[1]) for row in rows])
    dataset = torch.utils.data.TensorDataset(user_codes, item_codes, torch.tensor([float(row[2]) for row in rows]))
    train_set, test_set = torch.utils.data.random_split(dataset, [0.9, 0.1])
    train_loader = torch.utils.data.DataLoader(train_set, batch_size=args.batch, shuffle=True)
    users, items, ratings = test_set[:]
    mean = dataset.tensors[2].mean().item()
    model = Factorization(len(user_names), len(item_names), args.factors, mean)
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=0.3)

    print(f"always guessing the mean: test error {(ratings - mean).pow(2).mean().sqrt().item():.3f}")
    for epoch in range(1, args.epochs + 1):
        for u, i, r in train_loader:
            train_step(model, optimizer, u, i, r)
        with torch.no_grad():
            error = F.mse_loss(model(users, items), ratings).sqrt().item()
        if epoch % 5 == 0:
            print(f"epoch {epoch}: test error {error:.3f}")

    # What the first person of the test set answers, and would be recommended of it.
    person = users[0].item()
    mine = (users == person).nonzero().squeeze(1)
    with torch.no_grad():
        expected = model(users, items)[mine]
    print(f"person {user_names[person]}, answers that were kept back, from the most to the least recommended:")
    for i in expected.argsort(0, descending=True).tolist():
        food = item_names[items[mine][i]]
        print(f"  {food}: expected {expected[i].item():.1f}, answered {ratings[mine][i].item():.0f}")

    # Who likes one thing likes another when their vectors point the same way.
    chosen = item_names.index(args.item) if args.item else 45
    vectors = F.normalize(model.item.weight.detach())
    nearest = (vectors @ vectors[chosen]).topk(6).indices.tolist()
    others = [item_names[other] for other in nearest[1:]]
    print(f"liked by those who like {item_names[chosen]}: {', '.join(others)}")


if __name__ == "__main__":
    main()
