"""Epochs of a DataLoader over an image folder, with torchvision's transforms."""

import torch
from torchvision import datasets
from torchvision.transforms import v2

from protocol import Call, Request


def loading(request: Request) -> Call:
    """{folder, batch, workers}"""
    transform = v2.Compose(
        [
            v2.ToImage(),
            v2.Resize(256),
            v2.RandomCrop(224),
            v2.RandomHorizontalFlip(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ]
    )
    workers = request["workers"]
    loader = torch.utils.data.DataLoader(
        datasets.ImageFolder(request["folder"], transform),
        batch_size=request["batch"],
        shuffle=True,
        num_workers=workers,
        persistent_workers=workers > 0,
    )

    def epoch() -> torch.Tensor:
        for images, _ in loader:
            last = images
        return last

    return epoch


LOADING = {"loading": loading}
