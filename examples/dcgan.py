"""A deep convolutional GAN on Fashion-MNIST, after Radford et al., 2016. The PyTorch twin of dcgan.ts."""

import argparse
import os

import torch
import torch.nn.functional as F
from torch import nn


class Generator(nn.Module):
    """Noise [N, latent, 1, 1] to images [N, 1, 28, 28] in [-1, 1]."""

    def __init__(self, latent=64, width=32):
        super().__init__()
        self.main = nn.Sequential(
            nn.ConvTranspose2d(latent, 2 * width, 7, bias=False),  # [N, 2 · width, 7, 7]
            nn.BatchNorm2d(2 * width),
            nn.ReLU(),
            nn.ConvTranspose2d(2 * width, width, 4, stride=2, padding=1, bias=False),  # [N, width, 14, 14]
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.ConvTranspose2d(width, 1, 4, stride=2, padding=1, bias=False),  # [N, 1, 28, 28]
            nn.Tanh(),
        )

    def forward(self, noise):
        return self.main(noise)


class Discriminator(nn.Module):
    """Images to logits [N]: how real they look."""

    def __init__(self, width=32):
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(1, width, 4, stride=2, padding=1, bias=False),  # [N, width, 14, 14]
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, 4, stride=2, padding=1, bias=False),  # [N, 2 · width, 7, 7]
            nn.BatchNorm2d(2 * width),
            nn.LeakyReLU(0.2),
            nn.Conv2d(2 * width, 1, 7, bias=False),  # [N, 1, 1, 1]
        )

    def forward(self, images):
        return self.main(images).flatten()


def init_weights(module):
    """Weights of convolutions from N(0, 0.02), scales of normalisations from N(1, 0.02)."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(module.weight, 0, 0.02)
    if isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1, 0.02)


def train_step(generator, discriminator, optimizer_g, optimizer_d, images, noise):
    # The discriminator learns to tell real from made images.
    fake = generator(noise)
    real = discriminator(images)
    made = discriminator(fake.detach())
    loss_d = F.binary_cross_entropy_with_logits(real, torch.ones_like(real))
    loss_d = loss_d + F.binary_cross_entropy_with_logits(made, torch.zeros_like(made))
    optimizer_d.zero_grad()
    loss_d.backward()
    optimizer_d.step()

    # The generator learns to make images that pass as real.
    judged = discriminator(fake)
    loss_g = F.binary_cross_entropy_with_logits(judged, torch.ones_like(judged))
    optimizer_g.zero_grad()
    loss_g.backward()
    optimizer_g.step()
    return loss_g, loss_d


def main():
    from torchvision import datasets, transforms
    from torchvision.utils import save_image

    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--lr", type=float, default=0.0002)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--latent", type=int, default=64)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", default="runs")
    parser.add_argument("--data", default="data")
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    os.makedirs(args.out, exist_ok=True)
    dataset = datasets.FashionMNIST(args.data, train=True, transform=transforms.ToTensor(), download=True)
    loader = torch.utils.data.DataLoader(dataset, batch_size=args.batch, shuffle=True, drop_last=True)
    generator = Generator(args.latent)
    discriminator = Discriminator()
    generator.apply(init_weights)
    discriminator.apply(init_weights)
    betas = (0.5, 0.999)
    optimizer_g = torch.optim.Adam(generator.parameters(), lr=args.lr, betas=betas)
    optimizer_d = torch.optim.Adam(discriminator.parameters(), lr=args.lr, betas=betas)
    fixed_noise = torch.randn(64, args.latent, 1, 1)

    for epoch in range(1, args.epochs + 1):
        for step, (pixels, _) in enumerate(loader, 1):
            images = 2 * pixels - 1
            noise = torch.randn(args.batch, args.latent, 1, 1)
            loss_g, loss_d = train_step(generator, discriminator, optimizer_g, optimizer_d, images, noise)
            if step % 100 == 0:
                print(f"epoch {epoch}, step {step}: loss G {loss_g.item():.3f}, loss D {loss_d.item():.3f}")
        with torch.no_grad():
            save_image((generator(fixed_noise) + 1) / 2, f"{args.out}/dcgan-{epoch}.png")


if __name__ == "__main__":
    main()
