"""A U-Net that finds cell nuclei in microscopy, after Ronneberger et al., 2015. The PyTorch twin of unet.ts."""

import argparse
import os
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn


class DoubleConv(nn.Module):
    """Two convolutions, each with its normalisation and activation."""

    def __init__(self, in_channels, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, 3, padding=1)
        self.norm1 = nn.GroupNorm(4, channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm2 = nn.GroupNorm(4, channels)

    def forward(self, x):
        x = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.norm2(self.conv2(x)))


class UNet(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.down1 = DoubleConv(1, width)
        self.down2 = DoubleConv(width, 2 * width)
        self.bottom = DoubleConv(2 * width, 4 * width)
        self.up2 = nn.ConvTranspose2d(4 * width, 2 * width, 2, stride=2)
        self.merge2 = DoubleConv(4 * width, 2 * width)
        self.merge1 = DoubleConv(3 * width, width)
        self.head = nn.Conv2d(width, 1, 1)

    def forward(self, x):
        """Images [N, 1, H, W] → logits [N, 1, H, W]."""
        fine = self.down1(x)  # [N, width, H, W]
        half = self.down2(F.max_pool2d(fine, 2))  # [N, 2 · width, H/2, W/2]
        out = self.bottom(F.max_pool2d(half, 2))  # [N, 4 · width, H/4, W/4]
        out = self.merge2(torch.cat([half, self.up2(out)], 1))  # [N, 2 · width, H/2, W/2]
        out = F.interpolate(out, scale_factor=2, mode="bilinear", align_corners=False)
        out = self.merge1(torch.cat([fine, out], 1))  # [N, width, H, W]
        return self.head(out)


def loss_of(logits, masks):
    """Cross-entropy of pixels plus what is missing of a full overlap of the areas (1 - Dice coefficient)."""
    p = logits.sigmoid()
    overlap = 2 * (p * masks).sum([1, 2, 3]) + 1
    dice = overlap / ((p + masks).sum([1, 2, 3]) + 1)
    return F.binary_cross_entropy_with_logits(logits, masks) + (1 - dice).mean()


def train_step(model, optimizer, images, masks):
    loss = loss_of(model(images), masks)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


def crops(picture, mask, count, size):
    """Squares at random places of a picture and its mask, some of them mirrored: two tensors [N, 1, size, size]."""
    height, width = picture.shape

    def places(length):
        start = torch.randint(length - size + 1, (count, 1))
        k = torch.arange(size)
        return torch.where(torch.randint(2, (count, 1)) == 1, k, size - 1 - k) + start  # [N, size]

    rows, columns = places(height).unsqueeze(2), places(width).unsqueeze(1)
    return picture[rows, columns].unsqueeze(1), mask[rows, columns].unsqueeze(1)


def main():
    import numpy as np
    from PIL import Image
    from torchvision.utils import save_image

    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--lr", type=float, default=0.002)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", default="runs")
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    os.makedirs(args.out, exist_ok=True)
    data = Path(__file__).parent / "data"
    picture, mask = (
        torch.from_numpy(np.array(Image.open(data / name).convert("L"), dtype=np.float32)) / 255
        for name in ("nuclei.png", "nuclei-mask.png")
    )
    picture = (picture * 4).clamp(0, 1)
    model = UNet()
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)

    # The left three quarters are for training, the right one for the test.
    seen, seen_mask = picture[:, :384], mask[:, :384]
    for i in range(1, args.steps + 1):
        loss = train_step(model, optimizer, *crops(seen, seen_mask, args.batch, args.size))
        if i % 20 == 0:
            print(f"step {i}: loss {loss.item():.4f}")

    image, truth = (x[:, 384:].reshape(1, 1, 512, 128) for x in (picture, mask))
    with torch.no_grad():
        found = model(image).sigmoid()
    both, either = (found > 0.5) & (truth > 0.5), (found > 0.5) | (truth > 0.5)
    print(f"test: intersection over union {(both.sum() / either.sum()).item():.3f}")
    save_image(torch.cat([image, found, truth]), f"{args.out}/unet.png", nrow=3)


if __name__ == "__main__":
    main()
