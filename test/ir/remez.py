"""Prints the polynomial coefficients of src/ir/math: weighted minimax fits by Remez exchange (needs mpmath).

Each fit minimises max |weight(x) * (g(x) - p(x))| on an interval. Coefficients are rounded to the working type at once, or
from the constant term upwards with the rest fitted anew each time, whichever gives the smaller error.
Usage: python3 test/ir/remez.py [name ...]
"""
import struct
import sys

from mpmath import atan, cos, erf, erfc, exp, expm1, ln, log, lu_solve, matrix, mp, mpf, pi, sin, sqrt, tanh

mp.dps = 50
LN2 = ln(2)


def to_f32(x):
    return mpf(struct.unpack("f", struct.pack("f", float(x)))[0])


def to_f64(x):
    return mpf(float(x))


def remez(g, weight, lo, hi, powers):
    """Minimax fit of g by sum c[i] x^powers[i]; returns the coefficients and the largest weighted error."""
    n = len(powers)
    nodes = [(lo + hi) / 2 - (hi - lo) / 2 * cos(pi * i / n) for i in range(n + 1)]
    grid_size = 24 * (n + 1)
    grid = [(lo + hi) / 2 - (hi - lo) / 2 * cos(pi * i / grid_size) for i in range(grid_size + 1)]
    gs = [g(x) for x in grid]
    ws = [weight(x) for x in grid]
    for _ in range(12):
        a = matrix(n + 1, n + 1)
        b = matrix(n + 1, 1)
        for i, x in enumerate(nodes):
            w = weight(x)
            for j, k in enumerate(powers):
                a[i, j] = w * x**k
            a[i, n] = (-1) ** i
            b[i] = w * g(x)
        c = list(lu_solve(a, b))
        level = abs(c.pop())
        errors = [w * (sum(cj * x**k for cj, k in zip(c, powers)) - gx) for x, gx, w in zip(grid, gs, ws)]
        # One extremum for each run of equal sign.
        peaks = []
        for x, e in zip(grid, errors):
            if peaks and (peaks[-1][1] > 0) == (e > 0):
                if abs(e) > abs(peaks[-1][1]):
                    peaks[-1] = (x, e)
            else:
                peaks.append((x, e))
        while len(peaks) > n + 1:
            peaks.pop(0 if abs(peaks[0][1]) < abs(peaks[-1][1]) else -1)
        worst = max(abs(e) for e in errors)
        if len(peaks) < n + 1:
            break
        nodes = [x for x, _ in peaks]
        if worst < level * mpf("1.01"):
            break
    return c, worst


def rounded_fit(g, weight, lo, hi, degree, round_):
    fixed = []
    for k in range(degree + 1):
        c, worst = remez(lambda x: g(x) - sum(f * x**i for i, f in enumerate(fixed)), weight, lo, hi, range(k, degree + 1))
        if k == 0:
            ideal, at_once = worst, [round_(x) for x in c]
        fixed = fixed + [round_(c[0])]
    grid = [lo + (hi - lo) * (mpf(i) + mpf("0.37")) / 160 for i in range(160)]

    def error(c):
        return max(abs(weight(x) * (g(x) - sum(f * x**i for i, f in enumerate(c)))) for x in grid)

    best = climb(min((fixed, at_once), key=error), error, round_) if round_ is to_f32 else min((fixed, at_once), key=error)
    return best, ideal, error(best)


def climb(c, error, round_):
    """Moves single coefficients by last places while that helps."""
    level, improved = error(c), True
    while improved:
        improved = False
        for i in range(len(c)):
            for places in (-3, -2, -1, 1, 2, 3):
                trial = list(c)
                trial[i] = round_(c[i] + places * abs(c[i]) * mpf(2) ** -23)
                if error(trial) < level:
                    c, level, improved = trial, error(trial), True
    return c


def series(x, first, ratio, start):
    """Sum of first * prod ratio(n), n >= start: the fitted functions near 0, where the closed forms cancel."""
    total, term, n = mpf(0), first, start
    while abs(term) > mpf(10) ** -48:
        total += term
        term *= ratio(n)
        n += 1
    return total


def exp_q(r):  # (e^r - 1 - r) / r^2
    return series(r, mpf(1) / 2, lambda n: r / (n + 3), 0)


def log_r(z):  # log(1+f) = f - f^2/2 + s (f^2/2 + R(z)), s = f/(2+f), z = s^2, R = z * log_r(z)
    return sum(2 * z**i / (2 * i + 3) for i in range(60))


def pow_l(z):  # (3 atanh(s) / s - 3 - z) / z^2, z = s^2
    return sum(3 * z**i / (2 * i + 5) for i in range(60))


def sin_q(z):  # (sin r - r) / r^3, z = r^2
    return series(z, mpf(-1) / 6, lambda n: -z / ((2 * n + 4) * (2 * n + 5)), 0)


def cos_q(z):  # (cos r - 1) / r^2
    return series(z, mpf(-1) / 2, lambda n: -z / ((2 * n + 3) * (2 * n + 4)), 0)


def atan_q(z):  # (atan t - t) / t^3, z = t^2
    return sum((-1) ** (i + 1) * z**i / (2 * i + 3) for i in range(60)) if z < mpf("0.1") else (atan(sqrt(z)) / sqrt(z) - 1) / z


def tanh_q(z):  # (tanh x - x) / x^3, z = x^2
    return (tanh(sqrt(z)) / sqrt(z) - 1) / z


def erf_p(z):  # erf(x) / x, z = x^2
    return series(z, 2 / sqrt(pi), lambda n: -z * (2 * n + 1) / ((n + 1) * (2 * n + 3)), 0)


def erf_g(a):  # log(erfc(a))
    return log(erfc(a))


def exp2_q(r):  # (2^r - 1) / r
    return LN2 if r == 0 else expm1(r * LN2) / r


QUARTER = (pi / 4) ** 2 * mpf("1.01")
S2 = (3 - 2 * sqrt(2)) ** 2 * mpf("1.001")
LOG_F = lambda z: 2 * sqrt(z) / (1 - sqrt(z))
FITS = {
    # name: g, weight (1 / size of the result), interval, degree, type
    "exp32": (exp_q, lambda r: r * r / exp(r), mpf("-0.70"), mpf("0.70"), 5, to_f32),
    "expm132": (exp_q, lambda r: r * r / expm1(r) if r else 0, mpf("-0.70"), mpf("0.70"), 6, to_f32),
    "expsmall32": (exp, lambda r: 1 / exp(r), mpf("-0.3475"), mpf("0.3475"), 6, to_f32),
    "expsmall64": (exp, lambda r: 1 / exp(r), mpf("-0.3475"), mpf("0.3475"), 11, to_f64),
    "exp64": (exp_q, lambda r: r * r / expm1(r) if r else 0, mpf("-0.70"), mpf("0.70"), 12, to_f64),
    "log32": (log_r, lambda z: z * sqrt(z) / LOG_F(z), mpf("1e-9"), S2, 2, to_f32),
    "log64": (log_r, lambda z: z * sqrt(z) / LOG_F(z), mpf("1e-19"), S2, 6, to_f64),
    "sin32": (sin_q, lambda z: z, mpf("1e-9"), QUARTER, 2, to_f32),
    "cos32": (cos_q, lambda z: z, mpf("1e-9"), QUARTER, 3, to_f32),
    "sin64": (sin_q, lambda z: z, mpf("1e-19"), QUARTER, 6, to_f64),
    "cos64": (cos_q, lambda z: z, mpf("1e-19"), QUARTER, 6, to_f64),
    "tansin32": (sin_q, lambda z: z, mpf("1e-9"), QUARTER, 3, to_f64),
    "tancos32": (cos_q, lambda z: z, mpf("1e-9"), QUARTER, 3, to_f64),
    "atan32": (atan_q, lambda z: z, mpf("1e-9"), mpf(1), 7, to_f32),
    "atan64": (atan_q, lambda z: z, mpf("1e-19"), mpf(1), 19, to_f64),
    "tanh32": (tanh_q, lambda z: z, mpf("1e-9"), mpf("0.3035"), 4, to_f32),
    "tanh64": (tanh_q, lambda z: z, mpf("1e-9"), mpf("0.3035"), 11, to_f64),
    "erfsmall32": (lambda z: erf_p(z) - 1, lambda z: 1, mpf(0), mpf("0.8649"), 5, to_f32),
    "erfsmall64": (lambda z: erf_p(z) - 1, lambda z: 1, mpf(0), mpf(1), 11, to_f64),
    "erflarge32": (erf_g, lambda a: erfc(a) / erf(a), mpf("0.92"), mpf("4.0"), 6, to_f32),
    "erflarge64": (erf_g, lambda a: erfc(a) / erf(a), mpf("0.99"), mpf("5.95"), 17, to_f64),
    "powlog32": (log_r, lambda z: z * sqrt(z) / LOG_F(z), mpf("1e-19"), S2, 4, to_f64),
    "powlog64": (pow_l, lambda z: z * z, mpf(0), S2, 7, to_f64),
    "powexp32": (exp2_q, lambda r: abs(r), mpf("-0.501"), mpf("0.501"), 6, to_f64),
}


def main():
    for name in sys.argv[1:] or FITS:
        g, weight, lo, hi, degree, round_ = FITS[name]
        c, ideal, worst = rounded_fit(g, weight, lo, hi, degree, round_)
        digits = 9 if round_ is to_f32 else 17
        print(f"{name}: ideal 2^{float(log(ideal, 2)):.2f} rounded 2^{float(log(worst, 2)):.2f}")
        print("  [" + ", ".join(mp.nstr(x, digits) for x in c) + "]", flush=True)


main()
