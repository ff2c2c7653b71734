#!/usr/bin/env python3
"""Reference values of the distributions, with 50 digits of mpmath, each computed twice (50 and
70 digits) and kept only when both agree. Writes points.csv: function, up to three arguments
(exact doubles), value.

    python3 make.py
"""
import csv
import sys

import mpmath as mp


def both(f):
    values = []
    for digits in (50, 70):
        mp.mp.dps = digits
        values.append(+f())
    mp.mp.dps = 50
    gap = abs(values[0] - values[1])
    if gap > abs(values[1]) * mp.mpf(10) ** -30:
        raise ArithmeticError("the two precisions differ")
    return values[1]


def ibeta(a, b, x):
    """The regularised incomplete beta function by its continued fraction (DLMF 8.17.22), which
    converges for large a and b, where mpmath's own series does not."""
    if x <= 0 or x >= 1:
        return mp.mpf(0 if x <= 0 else 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - ibeta(b, a, 1 - x)
    digits = mp.mp.dps
    with mp.workdps(digits + 15):
        tiny = mp.mpf(10) ** -(digits + 10)
        front = mp.exp(a * mp.log(x) + b * mp.log1p(-x) + mp.loggamma(a + b)
                       - mp.loggamma(a) - mp.loggamma(b)) / a
        # modified Lentz
        f = c = mp.mpf(1)
        d = mp.mpf(0)
        for m in range(200000):
            for odd in (True, False):
                if odd:
                    term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
                else:
                    k = m + 1
                    term = k * (b - k) * x / ((a + 2 * k - 1) * (a + 2 * k))
                d = 1 / (1 + term * d)
                c = 1 + term / c
                f *= c * d
            if abs(c * d - 1) < tiny:
                return front / f
    raise ArithmeticError("the continued fraction did not end")


def normal_cdf(x):
    return mp.erfc(-x / mp.sqrt(2)) / 2


def t_sf(x, df):
    tail = ibeta(df / 2, mp.mpf(1) / 2, df / (df + x * x)) / 2
    return tail if x >= 0 else 1 - tail


def chisq_sf(x, df):
    return mp.gammainc(df / 2, x / 2, mp.inf, regularized=True)


def f_sf(x, d1, d2):
    return ibeta(d2 / 2, d1 / 2, d2 / (d2 + d1 * x))


def binomial_cdf(k, n, p):
    return ibeta(n - k, k + 1, 1 - p)


def binomial_two_sided(k, n, p):
    """Every outcome that is no likelier than k, summed one by one."""
    k, n = int(k), int(n)
    q = 1 - p
    term = [mp.binomial(n, i) * p**i * q ** (n - i) for i in range(n + 1)]
    bar = term[k] * (1 + mp.mpf(10) ** -7)
    return mp.fsum(x for x in term if x <= bar)


def root(f, target, low, high):
    """The x with f(x) = target, f monotone and positive: bisection in the logarithm of f, then the
    secant rule, from doubles low and high that bracket it."""
    goal = mp.log(target)

    def g(x):
        return mp.log(f(x)) - goal

    low, high = mp.mpf(low), mp.mpf(high)
    sign = g(low) > 0
    for _ in range(60):
        middle = (low + high) / 2
        if (g(middle) > 0) == sign:
            low = middle
        else:
            high = middle
        if abs(high - low) < abs(high) * mp.mpf(10) ** -4:
            break
    if g(low) == 0 or g(high) == 0:
        return low if g(low) == 0 else high
    # findroot stops by absolute steps, so it is given a root near 1
    unit = high if high != 0 else low
    x = unit * mp.findroot(lambda u: g(unit * u), (low / unit, high / unit),
                           solver="anderson", tol=mp.mpf(10) ** -80, maxsteps=200,
                           verify=False)
    if abs(g(x)) > mp.mpf(10) ** -38:
        raise ArithmeticError("no root")
    return x


def normal_quantile(p):
    if p == mp.mpf(0.5):
        return mp.mpf(0)
    if p > 0.5:
        return -root(normal_cdf, 1 - p, -40, 0)
    return root(normal_cdf, p, -40, 0)


def t_quantile(p, df):
    if p == mp.mpf(0.5):
        return mp.mpf(0)
    tail = p if p < 0.5 else 1 - p
    high = mp.mpf(1)
    while t_sf(high, df) > tail:
        high *= 2
    x = root(lambda v: t_sf(v, df), tail, 0 if high == 1 else high / 2, high)
    return -x if p < 0.5 else x


def positive_quantile(sf, p):
    """The larger of the two tails decides nothing: mpmath has the digits for 1 - p."""
    high = mp.mpf(1)
    while sf(high) >= 1 - p:
        high *= 2
    low = high
    while sf(low) <= 1 - p:
        low /= 2
    return root(sf, 1 - p, low, high) if p > 0.5 else root(
        lambda v: 1 - sf(v), p, low, high)


def chisq_quantile(p, df):
    return positive_quantile(lambda v: chisq_sf(v, df), p)


def f_quantile(p, d1, d2):
    return positive_quantile(lambda v: f_sf(v, d1, d2), p)


def beta_quantile(p, a, b):
    low, high = mp.mpf(1), mp.mpf(1)
    while ibeta(a, b, low) > p:
        low /= 2
    high = min(mp.mpf(1), low * 2)
    return root(lambda v: ibeta(a, b, v), p, low, high)


FUNCTIONS = {
    "normal_cdf": normal_cdf,
    "normal_sf": lambda x: normal_cdf(-x),
    "normal_quantile": normal_quantile,
    "normal_pdf": lambda x: mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi),
    "t_cdf": lambda x, df: t_sf(-x, df),
    "t_sf": t_sf,
    "t_two_sided": lambda x, df: 2 * t_sf(abs(x), df),
    "t_quantile": t_quantile,
    "chisq_sf": chisq_sf,
    "chisq_quantile": chisq_quantile,
    "f_sf": f_sf,
    "f_quantile": f_quantile,
    "beta_cdf": lambda x, a, b: ibeta(a, b, x),
    "beta_quantile": beta_quantile,
    "binomial_cdf": binomial_cdf,
    "binomial_two_sided": binomial_two_sided,
    "lambert_wm1": lambda x: mp.lambertw(x, -1).real,
}

TAILS = [1e-300, 1e-100, 1e-20, 1e-8, 1e-4, 0.01, 0.025, 0.1, 0.4, 0.5, 0.75, 0.975, 0.999,
         1 - 1e-10]


def points():
    for x in [-38.0, -37.5, -30.0, -20.0, -10.0, -6.0, -3.0, -1.96, -1.0, -0.3, -1e-10, 0.0, 0.5,
              1.0, 1.959963984540054, 2.5, 5.0, 8.0]:
        yield "normal_cdf", x
        yield "normal_sf", -x
        yield "normal_pdf", x
    for p in TAILS:
        yield "normal_quantile", p
    for df in [0.5, 1.0, 2.3, 5.0, 30.0, 77.7, 1e3, 1e6]:
        for x in [-8.0, -1.5, 1e-8, 0.2, 1.0, 1.96, 3.3, 6.0, 12.0, 37.0, 150.0]:
            yield "t_sf", x, df
        for x in [-20.0, -2.0, 0.7]:
            yield "t_cdf", x, df
        for x in [-4.0, 1.7, 9.0]:
            yield "t_two_sided", x, df
        for p in [1e-60, 1e-12, 1e-5, 0.005, 0.025, 0.2, 0.45, 0.6, 0.95, 0.975, 0.9995]:
            yield "t_quantile", p, df
    for df in [0.5, 1.0, 2.0, 7.3, 40.0, 1e3, 1e5]:
        for ratio in [1e-6, 0.1, 0.7, 1.0, 1.3, 3.0, 12.0]:
            yield "chisq_sf", df * ratio, df
        for p in [1e-10, 0.001, 0.05, 0.5, 0.95, 0.999, 1 - 1e-9]:
            yield "chisq_quantile", p, df
    for d1, d2 in [(1.0, 1.0), (1.0, 30.0), (3.0, 7.5), (2.5, 1e3), (20.0, 20.0), (5.0, 1e6),
                   (200.0, 300.0)]:
        for x in [1e-5, 0.3, 1.0, 1.5, 3.84, 10.0, 60.0]:
            yield "f_sf", x, d1, d2
        for p in [1e-6, 0.05, 0.5, 0.95, 0.9999]:
            yield "f_quantile", p, d1, d2
    for a, b in [(0.5, 0.5), (1.0, 3.0), (2.5, 7.0), (0.01, 2.0), (40.0, 60.0), (1e3, 2e3),
                 (1e5, 3e5)]:
        mean = a / (a + b)
        for x in [mean * 0.1, mean * 0.6, mean * 0.98, mean, min(mean * 1.02, 0.999),
                  min(mean * 1.7, 0.9999)]:
            yield "beta_cdf", x, a, b
        for p in [1e-30, 1e-6, 0.025, 0.5, 0.975, 0.99999]:
            if not (a == 0.01 and p < 1e-3):
                yield "beta_quantile", p, a, b
    for n, p in [(1.0, 0.5), (10.0, 0.3), (100.0, 0.01), (1000.0, 0.5), (1e6, 0.5), (1e6, 1e-4)]:
        sd = (n * p * (1 - p)) ** 0.5
        for z in [-8, -3, -1, 0, 2, 5]:
            k = float(round(n * p + z * sd))
            if 0 <= k < n:
                yield "binomial_cdf", k, n, p
    for n, p in [(1.0, 0.5), (10.0, 0.3), (57.0, 0.5), (100.0, 0.01), (1000.0, 0.5), (1500.0, 0.2)]:
        for share in [0.0, 0.1, 0.25, 0.31, 0.5, 0.52, 0.6, 1.0]:
            yield "binomial_two_sided", float(round(share * n)), n, p
    for x in [-0.36787944117144233, -0.3678794, -0.36, -0.3, -0.2, -0.1, -0.01, -1e-5, -1e-20,
              -1e-100, -1e-300]:
        yield "lambert_wm1", x


def main():
    seen = set()
    with open("points.csv", "w", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["function", "a", "b", "c", "value"])
        for name, *args in points():
            if (name, *args) in seen:
                continue
            seen.add((name, *args))
            exact = [float(x) for x in args]
            try:
                value = both(lambda: FUNCTIONS[name](*[mp.mpf(x) for x in exact]))
            except Exception as e:
                print(name, exact, repr(e), file=sys.stderr)
                continue
            if value != 0 and abs(value) < mp.mpf("1e-307"):
                continue
            mp.mp.dps = 30
            row = [repr(x) for x in exact] + [""] * (3 - len(exact))
            writer.writerow([name] + row + [mp.nstr(value, 25, min_fixed=0, max_fixed=0)])
            out.flush()
    print(len(seen), "points tried")


main()
