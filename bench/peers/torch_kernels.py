"""Single operations in PyTorch: matrix products, convolutions and their gradients, row-wise and elementwise operations."""

from typing import Any

import torch
import torch.nn.functional as F

from protocol import Call, Request
from torch_forms import better


def operand(batch: int, rows: int, columns: int, transposed: bool) -> torch.Tensor:
    """[batch?, rows, columns]; a transposed one is stored with its last two dimensions swapped and passed as a view."""
    sizes = (columns, rows) if transposed else (rows, columns)
    stored = torch.rand(((batch,) if batch else ()) + sizes) - 0.5
    return stored.transpose(-1, -2) if transposed else stored


def matmul(request: Request) -> Call:
    """{m, n, k, transA?, transB?, batch?}"""
    m, n, k, batch = request["m"], request["n"], request["k"], request.get("batch", 0)
    left = operand(batch, m, k, request.get("transA", False))
    right = operand(batch, k, n, request.get("transB", False))
    return torch.no_grad()(lambda: torch.matmul(left, right))


def conv(request: Request) -> Call:
    """{n, c, h, w, o, kh, kw, stride?, padding?, groups?, which}: forward, or one of the two gradients alone."""
    n, c, h, w, o, kh, kw = (request[key] for key in ("n", "c", "h", "w", "o", "kh", "kw"))
    stride, padding, groups = request.get("stride", 1), request.get("padding", 0), request.get("groups", 1)
    which = request["which"]

    def form(memory_format: torch.memory_format) -> Call:
        data = (torch.rand(n, c, h, w) - 0.5).contiguous(memory_format=memory_format)
        weight = (torch.rand(o, c // groups, kh, kw) - 0.5).contiguous(memory_format=memory_format)
        forward = torch.no_grad()(lambda: F.conv2d(data, weight, None, stride, padding, 1, groups))
        if which == "forward":
            return forward
        grad = torch.rand_like(forward())
        mask = [which == "dataGrad", which == "filterGrad", False]
        two = [stride] * 2, [padding] * 2, [1] * 2
        return lambda: torch.ops.aten.convolution_backward(grad, data, weight, None, *two, False, [0, 0], groups, mask)

    return better({"contiguous": form(torch.contiguous_format), "channels_last": form(torch.channels_last)})


def pointwise(request: Request) -> Call:
    """{op, rows, columns}"""
    rows, columns, op = request["rows"], request["columns"], request["op"]
    x = torch.randn(rows, columns)
    y = torch.randn(rows, columns)
    weight, bias, grad = torch.randn(columns), torch.randn(columns), torch.randn(rows, columns)
    calls: dict[str, Any] = {
        "softmax": lambda: torch.softmax(x, 1),
        "layerNorm": lambda: F.layer_norm(x, (columns,), weight, bias),
        "gelu": lambda: F.gelu(x),
        "chain": lambda: torch.tanh(x * y + bias) * torch.sigmoid(x) - y / (1 + x * x),
        "sum": lambda: x.sum(1),
    }
    if op == "layerNormGrad":
        leaves = [tensor.clone().requires_grad_() for tensor in (x, weight, bias)]

        def both() -> Any:
            return torch.autograd.grad(F.layer_norm(leaves[0], (columns,), leaves[1], leaves[2]), leaves, grad)

        return both
    return torch.no_grad()(calls[op])


KERNELS = {"matmul": matmul, "conv": conv, "pointwise": pointwise}
