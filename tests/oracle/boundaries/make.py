#!/usr/bin/env python3
"""Group-sequential bounds to 1e-11, where rpact gives six to eight digits: the recursion on the scale
of the statistic with one Gauss-Legendre rule of 500 nodes per look, bounds by bisection. Written
before the library and apart from it. Writes dense.csv: case, look, z; every value is computed with 300
nodes too and kept only if both agree.

    python3 make.py
"""
import csv
import math

import numpy as np
from scipy.optimize import brentq
from scipy.special import erfc
from scipy.stats import norm


def spent(kind, parameter, alpha, t):
    if kind == "of":
        return 2 * norm.sf(norm.isf(alpha / 2) / math.sqrt(t))
    if kind == "pocock":
        return alpha * math.log(1 + (math.e - 1) * t)
    if kind == "hsd":
        return alpha * (1 - math.exp(-parameter * t)) / (1 - math.exp(-parameter))
    return alpha * t**parameter


def bounds(looks, increments, two_sided, nodes):
    x, w = np.polynomial.legendre.leggauss(nodes)
    z, density = np.array([0.0]), None
    out = []
    for k, (t, p) in enumerate(zip(looks, increments)):
        if k == 0:
            def above(b):
                return 0.5 * erfc(b / math.sqrt(2))
        else:
            s, d = looks[k - 1], t - looks[k - 1]

            def above(b):
                arg = (b * math.sqrt(t) - z * math.sqrt(s)) / math.sqrt(d)
                return float(np.sum(mass * 0.5 * erfc(arg / math.sqrt(2))))
        b = brentq(lambda v: math.log(max(above(v), 1e-320)) - math.log(p), -6, 12,
                   xtol=1e-14, rtol=1e-14)
        out.append(b)
        low = -b if two_sided else -9.0
        grid = low + (b - low) * (x + 1) / 2
        if k == 0:
            density = np.exp(-grid**2 / 2) / math.sqrt(2 * math.pi)
        else:
            arg = (grid[:, None] * math.sqrt(t) - z[None, :] * math.sqrt(s)) / math.sqrt(d)
            density = np.exp(-arg**2 / 2) @ mass * math.sqrt(t / (2 * math.pi * d))
        z, mass = grid, w * (b - low) / 2 * density
    return out


EVEN5 = [0.2, 0.4, 0.6, 0.8, 1.0]
EARLY = [0.0016169976338740648, 0.0057857955498163615, 0.012200379088315757,
         0.020199591701142824, 0.02956441064038571]
UNEVEN = [0.03, 0.3, 0.35, 0.9, 1.0]
CASES = [
    ("of_one", "of", 0, 0.025, False, EVEN5),
    ("of_two", "of", 0, 0.05, True, EVEN5),
    ("pocock_one", "pocock", 0, 0.05, False, UNEVEN),
    ("pocock_two", "pocock", 0, 0.01, True, UNEVEN),
    ("hsd_one", "hsd", -4, 0.025, False, UNEVEN),
    ("hsd_two", "hsd", 1.5, 0.1, True, EVEN5),
    ("power_one", "power", 0.7, 0.001, False, EVEN5),
    ("power_early", "power", 2, 0.003333333, True, EARLY),
    ("power_wide", "power", 1, 0.6, True, EVEN5),
]


def main():
    with open("dense.csv", "w", newline="") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow(["case", "look", "z"])
        for case, kind, parameter, alpha, two, looks in CASES:
            sides = 2 if two else 1
            total = [spent(kind, parameter, alpha / sides, t) for t in looks]
            steps = [b - a for a, b in zip([0.0] + total, total)]
            coarse, fine = (bounds(looks, steps, two, n) for n in (300, 500))
            for k, (a, b) in enumerate(zip(coarse, fine)):
                if abs(a - b) > 2e-12:
                    raise ArithmeticError(f"{case} {k}: {a} {b}")
                out.writerow([case, k + 1, repr(b)])


if __name__ == "__main__":
    main()
