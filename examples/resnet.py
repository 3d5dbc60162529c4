"""A small residual network on Fashion-MNIST, after He et al., 2016. The PyTorch twin of resnet.ts."""

import argparse
from collections import Counter

import torch
import torch.nn.functional as F
from torch import nn


class BasicBlock(nn.Module):
    def __init__(self, in_channels, channels, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample = None
        if stride != 1 or in_channels != channels:
            self.downsample = nn.Sequential(
                nn.Conv2d(in_channels, channels, 1, stride=stride, bias=False),
                nn.BatchNorm2d(channels),
            )

    def forward(self, x):
        identity = self.downsample(x) if self.downsample else x
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        return F.relu(out + identity)


class ResNet(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.conv1 = nn.Conv2d(1, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.layer1 = BasicBlock(width, width, 1)
        self.layer2 = BasicBlock(width, 2 * width, 2)
        self.layer3 = BasicBlock(2 * width, 4 * width, 2)
        self.fc = nn.Linear(4 * width, 10)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))  # [N, width, 28, 28]
        x = self.layer3(self.layer2(self.layer1(x)))  # [N, 4 · width, 7, 7]
        x = F.adaptive_avg_pool2d(x, 1).flatten(1)  # [N, 4 · width]
        return self.fc(x)  # [N, 10]


def train_step(model, optimizer, scheduler, images, labels):
    loss = F.cross_entropy(model(images), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    scheduler.step()
    return loss


def main():
    from torchvision import datasets, transforms

    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--lr", type=float, default=0.2)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", default="data")
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    normalize = [transforms.ToTensor(), transforms.Normalize(0.286, 0.353)]
    augment = transforms.Compose([transforms.RandomHorizontalFlip(), *normalize])
    train_set = datasets.FashionMNIST(args.data, train=True, transform=augment, download=True)
    test_set = datasets.FashionMNIST(args.data, train=False, transform=transforms.Compose(normalize), download=True)
    train_loader = torch.utils.data.DataLoader(train_set, batch_size=args.batch, shuffle=True, drop_last=True)
    model = ResNet()
    optimizer = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=0.9, weight_decay=5e-4, nesterov=True)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, args.lr, epochs=args.epochs, steps_per_epoch=len(train_loader)
    )

    for epoch in range(1, args.epochs + 1):
        total = 0.0
        for step, (images, labels) in enumerate(train_loader, 1):
            total += train_step(model, optimizer, scheduler, images, labels).item()
            if step % 100 == 0:
                print(f"epoch {epoch}, step {step}: loss {total / step:.4f}")

    model.eval()
    correct = 0
    wrong = Counter()
    with torch.no_grad():
        for images, labels in torch.utils.data.DataLoader(test_set, batch_size=500):
            for label, predicted in zip(labels.tolist(), model(images).argmax(1).tolist()):
                if label == predicted:
                    correct += 1
                else:
                    wrong[f"{test_set.classes[label]} as {test_set.classes[predicted]}"] += 1
    print(f"test accuracy: {100 * correct / len(test_set):.2f} %; most often mistaken:")
    for pair, times in wrong.most_common(5):
        print(f"  {times} × {pair}")


if __name__ == "__main__":
    main()
