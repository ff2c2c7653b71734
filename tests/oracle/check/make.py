"""Rows of a made-up experiment and what the checks must say of them, from the rows.

Everything is computed here from single rows with numpy, scipy and statsmodels' conventions,
never from compressed groups. Writes data.csv and expected.json beside itself."""
import csv
import json
import pathlib

import numpy as np
import scipy
from scipy import stats

rng = np.random.default_rng(20240607)
n, G = 720, 48
cluster = np.repeat(np.arange(G), n // G)
country = rng.integers(0, 3, n)
age = np.round(40 + 8 * rng.standard_normal(n) + 3 * np.repeat(rng.standard_normal(G), n // G), 2)
# probability of arm 1 by country; the rest is control (two-arm part)
p1 = np.array([0.5, 0.3, 0.7])[country]
two = (rng.random(n) < p1).astype(int)
e = np.where(two == 1, p1, 1 - p1)
three = rng.integers(0, 3, n)
by_cluster = (rng.permutation(G) % 2)[cluster]
treated = np.where(two == 1, (rng.random(n) < 0.6).astype(int), 0)
here = pathlib.Path(__file__).parent
with open(here / "data.csv", "w", newline="") as f:
    w = csv.writer(f, lineterminator="\n")
    w.writerow(["cluster", "country", "age", "two", "e", "three", "by_cluster", "treated"])
    for r in zip(cluster, country, age, two, e, three, by_cluster, treated):
        w.writerow([r[0], r[1], "%.2f" % r[2], r[3], "%.17g" % r[4], r[5], r[6], r[7]])

out = {}


def balance(arm, weight, groups, control=0):
    """groups None: every row on its own. Returns F, q, df2, p, worst z."""
    f = np.column_stack([country == 1, country == 2, age]).astype(float)
    mu = (weight[:, None] * f).sum(0) / weight.sum()
    blocks = []
    for a in sorted(set(arm)):
        if a == control:
            continue
        wa, w0 = weight[arm == a].sum(), weight[arm == control].sum()
        blocks.append((f - mu) * ((arm == a) * weight / wa - (arm == control) * weight / w0)[:, None])
    d = np.hstack(blocks)
    if groups is not None:
        d = np.array([d[groups == g].sum(0) for g in np.unique(groups)])
    D, V = d.sum(0), d.T @ d
    t2 = D @ np.linalg.solve(V, D)
    q, v = len(D), len(d) - len(set(arm))
    F = t2 * (v - q + 1) / (v * q)
    return {"f": F, "q": q, "df2": v - q + 1, "p": float(stats.f.sf(F, q, v - q + 1)),
            "worst_z": float((D / np.sqrt(np.diag(V)))[np.argmax(np.abs(D / np.sqrt(np.diag(V))))])}


def differences(arm, weight, a, control=0):
    """Means of arm a less those of control, in standard deviations, covariate by covariate."""
    made = {}
    for name, f in (("country1", country == 1), ("country2", country == 2), ("age", age)):
        mean, var = {}, {}
        for k in (a, control):
            x, w = np.asarray(f, float)[arm == k], weight[arm == k]
            mean[k] = np.average(x, weights=w)
            var[k] = np.average((x - mean[k]) ** 2, weights=w)
        made[name] = float((mean[a] - mean[control]) / np.sqrt((var[a] + var[control]) / 2))
    return made


one = np.ones(n)
out["balance_two"] = balance(two, one, None)
out["balance_two_weighted"] = balance(two, 1 / e, None)
out["balance_three"] = balance(three, one, None)
out["differences_two"] = differences(two, one, 1)
out["differences_two_weighted"] = differences(two, 1 / e, 1)
out["differences_three_1"] = differences(three, one, 1)
out["differences_three_2"] = differences(three, one, 2)
out["balance_three_clusters"] = balance(three, one, cluster)
out["balance_by_cluster"] = balance(by_cluster, one, cluster)
out["balance_weighted_clusters"] = balance(two, 1 / e, cluster)

c3 = np.bincount(three)
out["srm_three"] = stats.chisquare(c3).pvalue
out["srm_three_split"] = stats.chisquare(c3, n * np.array([0.5, 0.25, 0.25])).pvalue
u = np.array([[(three[cluster == g] == k).sum() - (cluster == g).sum() / 3 for k in (0, 1)] for g in range(G)])
U = u.sum(0)
out["srm_three_clusters"] = float(stats.chi2.sf(U @ np.linalg.solve(u.T @ u, U), 2))
gc = np.array([(by_cluster[cluster == g][0]) for g in range(G)])
out["srm_by_cluster"] = stats.binomtest(int((gc == 0).sum()), G, 0.5).pvalue
z = (two - p1).sum() / np.sqrt((p1 * (1 - p1)).sum())
out["srm_draws"] = float(2 * stats.norm.sf(abs(z)))
s = np.array([(two - p1)[cluster == g].sum() for g in range(G)])
out["srm_draws_clusters"] = float(2 * stats.norm.sf(abs(s.sum()) / np.sqrt((s ** 2).sum())))
for tag, col in (("right", e), ("swapped", p1)):
    best = None
    for a in (0, 1):
        x = (two == a) / col - 1
        p = 2 * stats.norm.sf(abs(x.sum()) / np.sqrt((x ** 2).sum()))
        if best is None or p < best[0]:
            best = (p, x.sum() / n)
    out["propensity_" + tag] = {"p": min(1.0, 2 * float(best[0])), "ratio": float(best[1])}
x = np.array([[((two == a) / e - 1)[cluster == g].sum() for a in (0, 1)] for g in range(G)])
out["propensity_clusters_p"] = float(min(1, 2 * (2 * stats.norm.sf(np.abs(x.sum(0)) / np.sqrt((x ** 2).sum(0)))).min()))
out["effective"] = float(min((1 / e[two == a]).sum() ** 2 / (1 / e[two == a] ** 2).sum() / (two == a).sum() for a in (0, 1)))
t = treated[two == 1].mean() - treated[two == 0].mean()
out["compliers"] = float(t)
# missing by arm: counts of missing values in rows of each arm (all rows kept)
out["missing_many"] = float(min(1, 2 * stats.chi2_contingency(
    [[30, 60], [(two == 0).sum() - 30, (two == 1).sum() - 60]], correction=False).pvalue))
out["missing_few"] = float(min(1, 2 * stats.binomtest(1, 8, (two == 0).sum() / n).pvalue))
# one column with missing values, the rows of which were left out
out["missing_dropped"] = float(stats.chi2_contingency(
    [[30, 60], [(two == 0).sum(), (two == 1).sum()]], correction=False).pvalue)
out["rows_two"] = [int(v) for v in np.bincount(two)]
out["rows_three"] = [int(v) for v in c3]
doc = {"source": "definitions in src/check, from single rows", "tool": "numpy, scipy",
       "version": [np.__version__, scipy.__version__], "rtol": 1e-9, "values": out}
(here / "expected.json").write_text(json.dumps(doc, indent=1) + "\n")
