"""A multi-layer perceptron on MNIST. The PyTorch twin of mlp.ts."""

import argparse

import torch
import torch.nn.functional as F
from torch import nn


class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(784, 256)
        self.fc2 = nn.Linear(256, 128)
        self.fc3 = nn.Linear(128, 10)

    def forward(self, x):
        x = x.flatten(1)  # [N, 784]
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)  # [N, 10]


def train_step(model, optimizer, images, labels):
    loss = F.cross_entropy(model(images), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


def main():
    from torchvision import datasets, transforms

    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--lr", type=float, default=0.05)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", default="data")
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    normalize = transforms.Compose([transforms.ToTensor(), transforms.Normalize(0.1307, 0.3081)])
    train_set = datasets.MNIST(args.data, train=True, transform=normalize, download=True)
    test_set = datasets.MNIST(args.data, train=False, transform=normalize, download=True)
    train_loader = torch.utils.data.DataLoader(train_set, batch_size=args.batch, shuffle=True)
    model = MLP()
    optimizer = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=0.9)

    for epoch in range(1, args.epochs + 1):
        total = 0.0
        for images, labels in train_loader:
            total += train_step(model, optimizer, images, labels).item()
        print(f"epoch {epoch}: loss {total / len(train_loader):.4f}")

    correct = torch.zeros(10)
    count = torch.zeros(10)
    with torch.no_grad():
        for images, labels in torch.utils.data.DataLoader(test_set, batch_size=1000):
            right = model(images).argmax(1) == labels
            count += labels.bincount(minlength=10)
            correct += labels[right].bincount(minlength=10)
    for digit in range(10):
        print(f"digit {digit}: {100 * correct[digit] / count[digit]:.1f} % right")
    print(f"test accuracy: {100 * correct.sum() / len(test_set):.2f} %")


if __name__ == "__main__":
    main()
