"""Writes test/fixtures/ir/math64.json: float64 arguments and high-precision results of elementary functions.

A result is two float64 numbers, the rounded value and what is missing from it. Needs mpmath 1.3; seed 20.
Usage: python3 test/ir/math64.py
"""
import json
import math
import random
from pathlib import Path

from mpmath import atan, cos, erf, exp, expm1, log, log1p, mp, mpf, pi, sin, tan, tanh

mp.prec = 1400
random.seed(20)
uniform = random.uniform
COUNT = 120


def signed_power(low, high):
    return random.choice((-1, 1)) * 10 ** uniform(low, high)


def angle(i):
    if i % 3 == 0:
        return signed_power(-310, 19)
    if i % 3 == 1:  # next to zeros of sin and cos
        return float(round(10 ** uniform(0, 15)) * pi / 2)
    return uniform(-1000, 1000)


def wide(limit):
    return lambda i: uniform(-limit, limit) if i % 3 else signed_power(-310, 1)


FUNCTIONS = {
    "exp": (exp, lambda i: uniform(-745, 709.7) if i % 3 else signed_power(-20, 1)),
    "expm1": (expm1, lambda i: uniform(-745, 709.7) if i % 3 else signed_power(-310, 1)),
    "log": (log, lambda i: (10 ** uniform(-323, 308), 1 + signed_power(-15, -0.5), uniform(0.3, 3))[i % 3]),
    "log1p": (log1p, lambda i: (10 ** uniform(-320, 308), max(-0.99, signed_power(-18, 0)), uniform(-0.999, 3))[i % 3]),
    "sin": (sin, angle),
    "cos": (cos, angle),
    "tan": (tan, angle),
    "tanh": (tanh, wide(7)),
    "erf": (erf, wide(6)),
    "atan": (atan, lambda i: uniform(-4, 4) if i % 3 else signed_power(-310, 300)),
}


def power_arguments(i):
    base = (10 ** uniform(-300, 300), uniform(0.01, 20), 1 + signed_power(-12, -1))[i % 3]
    exponent = uniform(-5, 5) if i % 2 else uniform(-1, 1) * 700 / abs(math.log(base))
    return base, exponent


def rounded(value):
    high = float(value)
    return high, float(value - mpf(high))


def main():
    out = {}
    for name, (function, argument) in FUNCTIONS.items():
        xs = [argument(i) for i in range(COUNT)]
        out[name] = [(x, *rounded(function(mpf(x)))) for x in xs]
    pairs = [power_arguments(i) for i in range(2 * COUNT)]
    finite = [(x, y) for x, y in pairs if abs(y * math.log(x)) < 708]
    out["pow"] = [(x, y, *rounded(mpf(x) ** mpf(y))) for x, y in finite]
    path = Path(__file__).parent.parent / "fixtures" / "ir" / "math64.json"
    path.write_text("{\n" + ",\n".join(f'"{name}": {json.dumps(rows)}' for name, rows in out.items()) + "\n}\n")


main()
