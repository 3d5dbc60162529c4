"""Measuring one call: warm-up, repetitions within a time budget, median."""

import statistics
import time
from typing import Any, Callable

import torch

DTYPES = {"float32": torch.float32, "float64": torch.float64}


def median_seconds(call: Callable[[], Any], budget_seconds: float = 0.5, least: int = 5) -> tuple[float, int]:
    """Median time of `call` and the number of measured calls: at least `least`, then until the budget is spent."""
    for _ in range(3):
        call()
    times: list[float] = []
    end = time.perf_counter() + budget_seconds
    while len(times) < least or time.perf_counter() < end:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times), len(times)


def report(flops: int, call: Callable[[], Any], request: dict[str, Any]) -> dict[str, float]:
    """GFLOP/s of `call`, which does `flops` floating-point operations; `threads` and `seconds` come from the request."""
    torch.set_num_threads(int(request.get("threads", torch.get_num_threads())))
    with torch.no_grad():
        seconds, samples = median_seconds(call, float(request.get("seconds", 0.5)))
    return {"gflops": flops / seconds / 1e9, "seconds": seconds, "samples": samples}
