"""Line protocol of the peer processes.

A peer is started once, prints one JSON line `{"ready": true, ...}` when it can measure, then answers each line
on stdin with exactly one JSON line on stdout: a result, or `{"error": "..."}`. `quit` or end of input ends it.
Everything else a library prints goes to stderr, so that stdout stays parseable.
"""

import json
import os
import sys
from typing import Any, Callable


def take_stdout():
    """Keeps the real stdout for the protocol and sends all other printing to stderr."""
    channel = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return channel


def serve(channel, ready: dict[str, Any], answer: Callable[[str], dict[str, Any]]) -> None:
    """Announces readiness, then answers request lines until `quit` or end of input."""
    print(json.dumps({"ready": True, **ready}), file=channel, flush=True)
    for line in sys.stdin:
        request = line.strip()
        if request == "quit":
            return
        if not request:
            continue
        try:
            result = answer(request)
        except Exception as error:  # the asking process must get a line for every line it sent
            result = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(result), file=channel, flush=True)
