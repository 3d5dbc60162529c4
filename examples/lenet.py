"""LeNet-5 on MNIST, after LeCun et al., 1998. The PyTorch twin of lenet.ts."""

import argparse

import torch
import torch.nn.functional as F
from torch import nn


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = F.avg_pool2d(torch.tanh(self.conv1(x)), 2)  # [N, 6, 14, 14]
        x = F.avg_pool2d(torch.tanh(self.conv2(x)), 2)  # [N, 16, 5, 5]
        x = x.flatten(1)  # [N, 400]
        x = torch.tanh(self.fc1(x))
        x = torch.tanh(self.fc2(x))
        return self.fc3(x)  # [N, 10]


def train_step(model, optimizer, images, labels):
    loss = F.cross_entropy(model(images), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


@torch.no_grad()
def accuracy(model, loader):
    correct = count = 0
    for images, labels in loader:
        correct += (model(images).argmax(1) == labels).sum().item()
        count += len(labels)
    return correct / count


def main():
    from torchvision import datasets, transforms

    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--lr", type=float, default=0.002)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", default="data")
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    normalize = transforms.Compose([transforms.ToTensor(), transforms.Normalize(0.1307, 0.3081)])
    train_set = datasets.MNIST(args.data, train=True, transform=normalize, download=True)
    test_set = datasets.MNIST(args.data, train=False, transform=normalize, download=True)
    train_loader = torch.utils.data.DataLoader(train_set, batch_size=args.batch, shuffle=True)
    test_loader = torch.utils.data.DataLoader(test_set, batch_size=1000)
    model = LeNet()
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.6)

    for epoch in range(1, args.epochs + 1):
        total = 0.0
        for images, labels in train_loader:
            total += train_step(model, optimizer, images, labels).item()
        scheduler.step()
        right = accuracy(model, test_loader)
        print(f"epoch {epoch}: loss {total / len(train_loader):.4f}, test accuracy {100 * right:.2f} %")


if __name__ == "__main__":
    main()
