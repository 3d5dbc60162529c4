"""Line protocol of the peer processes.

A peer is started once, prints one JSON line `{"ready": true, ...}` when it can measure, then answers each line
on stdin with exactly one JSON line on stdout: a result, or `{"error": "..."}`. `quit` or end of input ends it.
Everything else a library prints goes to stderr, so that stdout stays parseable.
"""

import argparse
import json
import os
import resource
import sys
from typing import Any, Callable

from timing import measure

Request = dict[str, Any]
Call = Callable[[], Any]
# Requests differ in these between rounds of the same case, or they say only how long to measure.
TIMING = ("seconds", "least", "warmup")


def threads_option() -> int:
    """--threads N."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    return parser.parse_args().threads


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


def peak_megabytes() -> float:
    """The most memory that this process had resident."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def serve_kinds(channel, ready: dict[str, Any], kinds: dict[str, Callable[[Request], Call]]) -> None:
    """Answers {"kind": …} requests. `kinds[kind](request)` prepares a call, kept while requests differ in timing only.

    A kind that is not there is answered with `{"unsupported": true}`, and so is a case for which it raises
    NotImplementedError; `{"kind": "peak"}` with the most resident megabytes.
    """
    last: dict[str, Any] = {"key": None, "call": None}

    def answer(line: str) -> dict[str, Any]:
        request = json.loads(line)
        if request["kind"] == "peak":
            return {"megabytes": peak_megabytes()}
        if request["kind"] not in kinds:
            return {"unsupported": True}
        key = json.dumps({name: value for name, value in request.items() if name not in TIMING}, sort_keys=True)
        if last["key"] != key:
            last.update(key=None, call=None)  # frees the one before first
            try:
                last.update(call=kinds[request["kind"]](request), key=key)
            except NotImplementedError:
                return {"unsupported": True}
        form = getattr(last["call"], "form", None)
        return {**measure(last["call"], request), **({"form": form} if form else {})}

    serve(channel, ready, answer)
