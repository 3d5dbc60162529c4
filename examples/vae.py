"""A variational autoencoder on MNIST, after Kingma & Welling, 2014. The PyTorch twin of vae.ts."""

import argparse
import os

import torch
import torch.nn.functional as F
from torch import nn


class VAE(nn.Module):
    def __init__(self, latent=20, hidden=400):
        super().__init__()
        self.fc1 = nn.Linear(784, hidden)
        self.mean = nn.Linear(hidden, latent)
        self.logvar = nn.Linear(hidden, latent)
        self.fc2 = nn.Linear(latent, hidden)
        self.fc3 = nn.Linear(hidden, 784)

    def encode(self, x):
        h = F.relu(self.fc1(x.flatten(1)))
        return self.mean(h), self.logvar(h)

    def decode(self, z):
        return torch.sigmoid(self.fc3(F.relu(self.fc2(z)))).view(-1, 1, 28, 28)

    def forward(self, x, noise=None):
        """The reconstruction, and the mean and log variance of the code; `noise` is drawn unless it is given."""
        mean, logvar = self.encode(x)
        std = torch.exp(0.5 * logvar)
        z = mean + std * (torch.randn_like(std) if noise is None else noise)
        return self.decode(z), mean, logvar


def loss_of(outputs, images):
    """Minus the evidence lower bound of one image, on average."""
    reconstruction, mean, logvar = outputs
    bce = F.binary_cross_entropy(reconstruction, images, reduction="sum")
    kl = -0.5 * torch.sum(1 + logvar - mean.pow(2) - logvar.exp())
    return (bce + kl) / len(images)


def train_step(model, optimizer, images, noise=None):
    bound = loss_of(model(images, noise), images)
    optimizer.zero_grad()
    bound.backward()
    optimizer.step()
    return bound


def main():
    from torchvision import datasets, transforms
    from torchvision.utils import save_image

    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--lr", type=float, default=0.001)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--latent", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", default="runs")
    parser.add_argument("--data", default="data")
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    os.makedirs(args.out, exist_ok=True)
    train_set = datasets.MNIST(args.data, train=True, transform=transforms.ToTensor(), download=True)
    test_set = datasets.MNIST(args.data, train=False, transform=transforms.ToTensor(), download=True)
    train_loader = torch.utils.data.DataLoader(train_set, batch_size=args.batch, shuffle=True)
    test_images = next(iter(torch.utils.data.DataLoader(test_set, batch_size=1000)))[0]
    model = VAE(args.latent)
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)

    for epoch in range(1, args.epochs + 1):
        total = 0.0
        for images, _ in train_loader:
            total += train_step(model, optimizer, images).item()
        with torch.no_grad():
            test = loss_of(model(test_images), test_images).item()
        print(f"epoch {epoch}: loss {total / len(train_loader):.2f}, test loss {test:.2f}")

    with torch.no_grad():
        images = test_images[:8]
        save_image(torch.cat([images, model(images)[0]]), f"{args.out}/vae-reconstructed.png")
        save_image(model.decode(torch.randn(64, args.latent)), f"{args.out}/vae-sampled.png")


if __name__ == "__main__":
    main()
