"""PyTorch peer of `bench -- matmul`.

Each request is one JSON line {m, n, k, transA?, transB?, batch?, dtype?, threads?, seconds?}: the product of
[batch?, m, k] and [batch?, k, n], where a transposed operand is stored with its last two dimensions swapped and
passed as a view. The answer is `{"gflops": median, "seconds": …, "samples": …}`. `batch` 0 or left out: 2-d.
"""

import json
from typing import Any

import torch

from protocol import serve, take_stdout
from timing import DTYPES, report


def operand(batch: int, rows: int, columns: int, transposed: bool, dtype: torch.dtype) -> torch.Tensor:
    sizes = (columns, rows) if transposed else (rows, columns)
    stored = torch.rand(((batch,) if batch else ()) + sizes, dtype=dtype) - 0.5
    return stored.transpose(-1, -2) if transposed else stored


def answer(line: str) -> dict[str, Any]:
    request = json.loads(line)
    m, n, k, batch = int(request["m"]), int(request["n"]), int(request["k"]), int(request.get("batch", 0))
    dtype = DTYPES[request.get("dtype", "float32")]
    left = operand(batch, m, k, bool(request.get("transA", False)), dtype)
    right = operand(batch, k, n, bool(request.get("transB", False)), dtype)
    return report(2 * m * n * k * max(batch, 1), lambda: torch.matmul(left, right), request)


if __name__ == "__main__":
    serve(take_stdout(), {"peer": "PyTorch", "version": torch.__version__}, answer)
