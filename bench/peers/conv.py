"""PyTorch peer of `bench -- conv`.

Each request is one JSON line {n, c, h, w, o, kh, kw, stride?, padding?, dilation?, groups?, which, dtype?, threads?,
seconds?}: the 2-d convolution of input [n, c, h, w] with weight [o, c / groups, kh, kw]. `which` is `forward`,
`dataGrad` or `filterGrad`. The answer is `{"gflops": median, "seconds": …, "samples": …}`; each of the three does
2 · n · o · (c / groups) · kh · kw · outH · outW operations, padding included.
"""

import json
from typing import Any, Callable

import torch
import torch.nn.functional as F

from protocol import serve, take_stdout
from timing import DTYPES, report


def pair(value: Any) -> tuple[int, int]:
    return (int(value[0]), int(value[1])) if isinstance(value, list) else (int(value), int(value))


def gradient_call(
    which: str, grad: torch.Tensor, data: torch.Tensor, weight: torch.Tensor, geometry: dict[str, Any]
) -> Callable[[], Any]:
    """The backward kernel itself, so that only one of the two gradients is computed."""
    mask = [which == "dataGrad", which == "filterGrad", False]
    return lambda: torch.ops.aten.convolution_backward(
        grad, data, weight, None, geometry["stride"], geometry["padding"], geometry["dilation"], False, [0, 0],
        geometry["groups"], mask,
    )


def answer(line: str) -> dict[str, Any]:
    request = json.loads(line)
    n, c, h, w, o, kh, kw = (int(request[key]) for key in ("n", "c", "h", "w", "o", "kh", "kw"))
    dtype, which = DTYPES[request.get("dtype", "float32")], request["which"]
    geometry = {key: pair(request.get(key, default)) for key, default in (("stride", 1), ("padding", 0), ("dilation", 1))}
    geometry["groups"] = int(request.get("groups", 1))
    data = torch.rand(n, c, h, w, dtype=dtype) - 0.5
    weight = torch.rand(o, c // geometry["groups"], kh, kw, dtype=dtype) - 0.5
    out = F.conv2d(data, weight, None, **geometry)
    flops = 2 * out.numel() * weight[0].numel()
    if which == "forward":
        return report(flops, lambda: F.conv2d(data, weight, None, **geometry), request)
    if which not in ("dataGrad", "filterGrad"):
        raise ValueError(f"which must be forward, dataGrad or filterGrad, got {which!r}")
    return report(flops, gradient_call(which, torch.rand_like(out), data, weight, geometry), request)


if __name__ == "__main__":
    serve(take_stdout(), {"peer": "PyTorch", "version": torch.__version__}, answer)
