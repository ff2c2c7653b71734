#!/usr/bin/python3
# Writes data.csv, a small store, and expected.csv: the independences that a graph implies, by
# residuals of least squares in numpy, p-values by scipy, Holm's adjustment by statsmodels.
import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests

rng = np.random.default_rng(7)
n = 300
t = rng.integers(0, 2, n)
x = rng.normal(50, 10, n)
s = 3 + .5 * t + .05 * x + rng.standard_normal(n)
v = 1 + .4 * t + .6 * s + rng.standard_normal(n)
y = 2 + .7 * v + .02 * x + rng.standard_normal(n)
data = {"t": t, "x": x.round(3), "s": s.round(4), "v": v.round(4), "y": y.round(4)}
with open("data.csv", "w") as out:
    print(*data, sep=",", file=out)
    for row in zip(*data.values()):
        print(*row, sep=",", file=out)
# t -> s -> v -> y; t -> v; x -> s: x before t in the order of the nodes does not matter here
pairs = [("t", "x", ""), ("x", "v", "t s"), ("t", "y", "v"), ("x", "y", "v"), ("s", "y", "v")]
rows = []
for a, b, given in pairs:
    z = np.column_stack([np.ones(n)] + [data[k] for k in given.split()])
    res = [u - z @ np.linalg.lstsq(z, u, rcond=None)[0]
           for u in (data[a].astype(float), data[b].astype(float))]
    r = np.corrcoef(*res)[0, 1]
    k = len(given.split())
    rows.append((r, 2 * stats.norm.sf(abs(np.arctanh(r)) * np.sqrt(n - k - 3))))
holm = multipletests([p for _, p in rows], method="holm")[1]
with open("expected.csv", "w") as out:
    print("first,second,given,r,p,holm", file=out)
    for (a, b, given), (r, p), h in zip(pairs, rows, holm):
        print(a, b, given, repr(float(r)), repr(float(p)), repr(float(h)), sep=",", file=out)
