#!/usr/bin/env python3
"""Reference values of the anytime-valid rules, by numerical integration of the mixture itself with
30 digits of mpmath (never by the closed forms of the library). Writes points.csv: form, sides,
statistic, degrees of freedom, r, log e-value; and the tuned mixtures.

    python3 make.py

normal form: the ratio of N(delta, 1) to N(0, 1), mixed over the non-centrality delta ~
N(0, (1-r)/r), folded to one side when one-sided.
t form: the two densities of t that invariance leaves are a non-central and a central t, mixed over
the same delta; the non-central t is itself an integral over the scale of the errors.
"""
import csv

import mpmath as mp

mp.mp.dps = 30
TWO, GREATER, LESS = "two", "greater", "less"


def mixed(slope, r, sides):
    """The integral of exp(delta slope - delta^2/2) over delta ~ N(0, (1-r)/r)."""
    tau2 = (1 - r) / r
    v = tau2 / (1 + tau2)
    whole = mp.exp(v * slope**2 / 2) / mp.sqrt(1 + tau2)
    if sides == TWO:
        return whole
    x = mp.sqrt(v) * slope * (1 if sides == GREATER else -1)
    return whole * mp.erfc(-x / mp.sqrt(2))


def normal(z, nu, r, sides):
    tau = mp.sqrt((1 - r) / r)
    spread = mp.sqrt(1 - r)
    centre = (1 - r) * z
    low, high = {TWO: (-mp.inf, mp.inf), GREATER: (0, mp.inf), LESS: (-mp.inf, 0)}[sides]
    cuts = [centre + k * spread for k in (-9, -5, -2, 0, 2, 5, 9)]
    cuts = [low] + [c for c in cuts if low < c < high] + [high]
    value = mp.quad(lambda d: mp.exp(d * z - d * d / 2 - d * d / (2 * tau**2)), cuts) / (
        tau * mp.sqrt(2 * mp.pi))
    return mp.log(value * (1 if sides == TWO else 2))


def student(t, nu, r, sides):
    """u = scale of the errors, in units where its density is u^nu exp(-u^2 (1 + t^2/nu) / 2)."""
    a = 1 + t * t / nu
    lift = mp.sqrt(nu / (a - (1 - r) * t * t / nu))
    cuts = [mp.mpf(0)] + [lift * k for k in (0.5, 0.8, 1, 1.3, 2, 4, 8)] + [mp.inf]
    top = mp.quad(
        lambda u: u**nu * mp.exp(-u * u * a / 2) * mixed(t * u / mp.sqrt(nu), r, sides), cuts)
    bottom = mp.quad(lambda u: u**nu * mp.exp(-u * u * a / 2), cuts)
    return mp.log(top / bottom)


def rows():
    for form, f, statistics, freedom in (
            ("normal", normal, (0.0, 0.7, -1.9, 3.1, -6.0), (0.0,)),
            ("t", student, (0.3, -2.2, 4.0, 11.0), (3.0, 25.0))):
        for x in statistics:
            for nu in freedom:
                for r in (0.001, 0.1, 0.6):
                    for sides in (TWO, GREATER, LESS):
                        yield form, sides, x, nu, r, f(mp.mpf(x), mp.mpf(nu), mp.mpf(r), sides)
    for alpha in (0.2, 0.1, 0.05, 0.01, 1e-6):
        # minimises (1+x) ln((1+x)/(x alpha^2)) over x = g/n: the derivative is 0
        level = mp.mpf(alpha)
        x = mp.findroot(lambda x: mp.log((1 + x) / (x * level**2)) - 1 / x,
                        (mp.mpf("0.01"), mp.mpf("0.5")), solver="anderson")
        yield "mixture", TWO, alpha, 0.0, 1.0, x


def main():
    with open("points.csv", "w", newline="") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow(["form", "sides", "statistic", "nu", "r", "value"])
        for form, sides, statistic, nu, r, value in rows():
            out.writerow([form, sides, repr(statistic), repr(nu), repr(r), mp.nstr(value, 17)])


if __name__ == "__main__":
    main()
