"""Measuring one call: warm-up, repetitions within a time budget, median."""

import statistics
import time
from typing import Any, Callable


def measure(call: Callable[[], Any], request: dict[str, Any]) -> dict[str, float]:
    """Median time of `call`: at least `least` calls (default 5) after `warmup` (default 3), then until `seconds` (default 0.5) are over."""
    for _ in range(int(request.get("warmup", 3))):
        call()
    times: list[float] = []
    least = int(request.get("least", 5))
    end = time.perf_counter() + float(request.get("seconds", 0.5))
    while len(times) < least or time.perf_counter() < end:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return {"seconds": statistics.median(times), "samples": len(times)}
