"""PyTorch peer of `bench -- mnist`: trains the small CNN on real MNIST and reports images per second.

    python mnist.py DATA [--threads N] [--warmup STEPS] [--loader tensor|dataloader] [--seed S]

DATA is a folder with train-images-idx3-ubyte and train-labels-idx1-ubyte. Requests: `run STEPS` answers
`{"imagesPerSecond": …, "loss": …, "steps": …, "seconds": …}`; the loss is the mean over the measured steps.
Shuffling and batching are inside the measured time. The default loader keeps the normalised images resident and
gathers each batch by a shuffled index, the fastest plain form in PyTorch; `dataloader` is torch.utils.data.DataLoader
over a TensorDataset, the form most tutorials use.
"""

import argparse
import os
import time
from typing import Iterator

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from protocol import serve, take_stdout

BATCH_SIZE = 64
Batch = tuple[torch.Tensor, torch.Tensor]


class CNN(nn.Module):
    """Conv2d(1, 32, 3) → ReLU → MaxPool2d(2, 2) → Linear(32 * 13 * 13, 10)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3)
        self.pool = nn.MaxPool2d(2, 2)
        self.fc = nn.Linear(32 * 13 * 13, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.pool(torch.relu(self.conv1(x)))  # [N, 32, 13, 13]
        return self.fc(x.view(-1, 32 * 13 * 13))


def read_idx(path: str) -> np.ndarray:
    """Reads an uncompressed idx file of uint8: two zero bytes, type 8, rank, big-endian sizes, data."""
    raw = np.fromfile(path, dtype=np.uint8)
    if raw.size < 4 or raw[2] != 8:
        raise ValueError(f"{path}: not an idx file of uint8")
    rank = int(raw[3])
    shape = tuple(int(size) for size in raw[4 : 4 + 4 * rank].view(">u4"))
    return raw[4 + 4 * rank :].reshape(shape)


def load_split(folder: str, split: str) -> Batch:
    """Normalised float32 images [N, 1, 28, 28] and int64 labels [N] of `train` or `t10k`."""
    images = torch.from_numpy(read_idx(os.path.join(folder, f"{split}-images-idx3-ubyte")).astype(np.float32))
    labels = torch.from_numpy(read_idx(os.path.join(folder, f"{split}-labels-idx1-ubyte")).astype(np.int64))
    return ((images / 255 - 0.1307) / 0.3081).unsqueeze(1).contiguous(), labels


def shuffled_batches(images: torch.Tensor, labels: torch.Tensor) -> Iterator[Batch]:
    """One epoch of shuffled batches; the last one may be smaller."""
    for indices in torch.randperm(len(images)).split(BATCH_SIZE):
        yield images[indices], labels[indices]


def endless(make_epoch) -> Iterator[Batch]:
    while True:
        yield from make_epoch()


class Job:
    """Model, optimizer and an endless stream of batches."""

    def __init__(self, folder: str, loader: str, seed: int) -> None:
        torch.manual_seed(seed)
        images, labels = load_split(folder, "train")
        self.model = CNN()
        self.criterion = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=0.001)
        if loader == "dataloader":
            data = DataLoader(TensorDataset(images, labels), batch_size=BATCH_SIZE, shuffle=True)
            self.batches = endless(lambda: data)
        else:
            self.batches = endless(lambda: shuffled_batches(images, labels))

    def run(self, steps: int) -> dict[str, float]:
        """Trains `steps` batches; the losses are read only after the clock has stopped."""
        losses, seen = [], 0
        start = time.perf_counter()
        for _ in range(steps):
            images, labels = next(self.batches)
            loss = self.criterion(self.model(images), labels)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            losses.append(loss.detach())
            seen += len(images)
        seconds = time.perf_counter() - start
        mean_loss = float(torch.stack(losses).mean())
        return {"imagesPerSecond": seen / seconds, "loss": mean_loss, "steps": steps, "seconds": seconds}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="folder with the MNIST idx files")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--warmup", type=int, default=50, help="unmeasured steps before the first answer")
    parser.add_argument("--loader", choices=("tensor", "dataloader"), default="tensor")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    channel = take_stdout()
    torch.set_num_threads(options.threads)
    job = Job(options.data, options.loader, options.seed)
    if options.warmup > 0:
        job.run(options.warmup)

    def answer(request: str) -> dict[str, float]:
        command, _, count = request.partition(" ")
        if command != "run" or not count.isdigit() or int(count) < 1:
            raise ValueError(f"expected 'run STEPS', got {request!r}")
        return job.run(int(count))

    serve(channel, {"peer": "PyTorch", "version": torch.__version__, "threads": torch.get_num_threads()}, answer)


if __name__ == "__main__":
    main()
