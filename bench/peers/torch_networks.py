"""Whole networks in PyTorch: forward passes and training steps, for images in the better of its two memory formats."""

import torch
import torch.nn.functional as F
from torch import nn

from protocol import Call, Request
from torch_forms import better
from torch_models import GPT_LENGTH, GPT_VOCABULARY, network


FORMATS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


def image_forms(request: Request, make) -> Call:
    """The format that the request names, else the better of the two; `make` gets the format."""
    if "form" in request:
        return make(FORMATS[request["form"]])
    return better({name: make(memory_format) for name, memory_format in FORMATS.items()})


def inference(request: Request) -> Call:
    """{network, batch, size, form?}"""
    batch, size = request["batch"], request["size"]

    def form(memory_format: torch.memory_format) -> Call:
        model = network(request["network"]).eval().to(memory_format=memory_format)
        images = torch.randn(batch, 3, size, size).contiguous(memory_format=memory_format)
        return torch.inference_mode()(lambda: model(images))

    return image_forms(request, form)


def step(model: nn.Module, optimizer: torch.optim.Optimizer, inputs: torch.Tensor, labels: torch.Tensor) -> Call:
    def call() -> torch.Tensor:
        loss = F.cross_entropy(model(inputs).flatten(0, -2), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.detach()

    return call


def training(request: Request) -> Call:
    """{network, batch, size?, form?}: one step with the optimizer that bench/gradus/training.ts uses too."""
    name, batch = request["network"], request["batch"]
    if name == "mlp":
        model = network(name)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
        return step(model, optimizer, torch.randn(batch, 784), torch.randint(10, (batch,)))
    if name == "gpt":
        model = network(name)
        tokens = torch.randint(GPT_VOCABULARY, (batch, GPT_LENGTH))
        labels = torch.randint(GPT_VOCABULARY, (batch * GPT_LENGTH,))
        return step(model, torch.optim.AdamW(model.parameters(), lr=3e-4), tokens, labels)

    def form(memory_format: torch.memory_format) -> Call:
        model = network(name).to(memory_format=memory_format)
        images = torch.randn(batch, 3, request["size"], request["size"]).contiguous(memory_format=memory_format)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
        return step(model, optimizer, images, torch.randint(1000, (batch,)))

    return image_forms(request, form)


NETWORKS = {"inference": inference, "training": training}
