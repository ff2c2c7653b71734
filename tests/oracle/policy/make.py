"""Expected numbers for policies, their value and adaptive inference, by numpy and scipy alone.

Writes log.csv, a log of three arms in six batches whose propensities differ by batch and
device, and expected.csv. Run: /usr/bin/python3 make.py
"""
import csv
import numpy as np
from scipy import integrate, stats

rng = np.random.default_rng(20261122)
ARMS, DEVICES = ["a", "b", "c"], ["desktop", "mobile", "tablet"]
B, SIZE = 6, 150


def make_log():
    rows = []
    for b in range(B):
        for i in range(SIZE):
            d = int(rng.integers(3))
            tilt = np.array([1.0, 1.0 + 0.6 * b * (d == 1), 1.0 + 0.4 * b * (d == 2)])
            e = np.round(tilt / tilt.sum(), 4)
            e[0] = round(1 - e[1] - e[2], 4)
            w = int(rng.choice(3, p=e / e.sum()))
            x = round(float(rng.normal()), 3)
            y = 1 + 0.3 * d + 0.5 * (w == 1) * (d == 1) + 0.4 * (w == 2) * (d == 2)
            y = round(float(y + 0.3 * x * (w == 1) + (1 + 0.2 * w) * rng.normal()), 4)
            rows.append((b * SIZE + i, (b * SIZE + i) // 3, b, DEVICES[d], x, ARMS[w],
                         e[w], y))
    with open("log.csv", "w", newline="") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow("unit home batch device x arm e y".split())
        out.writerows(rows)
    return rows


rows = make_log()
home = np.array([r[1] for r in rows])
batch = np.array([r[2] for r in rows])
dev = np.array([DEVICES.index(r[3]) for r in rows])
x = np.array([r[4] for r in rows])
arm = np.array([ARMS.index(r[5]) for r in rows])
e = np.array([r[6] for r in rows])
y = np.array([r[7] for r in rows])
n = len(y)
expected = []


def put(name, value):
    expected.append((name, repr(float(value))))


# ---- play probabilities: the saturated model is cell means with their variances ----
def best_of(mu, sd):
    """P(k best) for independent normals, by quadrature."""
    p = []
    for k in range(len(mu)):
        def f(t):
            v = stats.norm.pdf(t, mu[k], sd[k])
            for j in range(len(mu)):
                if j != k:
                    v *= stats.norm.cdf(t, mu[j], sd[j])
            return v
        lo, hi = min(mu - 12 * sd), max(mu + 12 * sd)
        pieces = np.linspace(lo, hi, 41)
        p.append(sum(integrate.quad(f, u, v, epsabs=1e-15, epsrel=1e-13)[0]
                     for u, v in zip(pieces[:-1], pieces[1:])))
    return np.array(p)


mean = np.zeros((3, 3))
sd = np.zeros((3, 3))
for d in range(3):
    for w in range(3):
        c = y[(dev == d) & (arm == w)]
        mean[d, w] = c.mean()
        sd[d, w] = np.sqrt(c.var(ddof=1) / len(c))
alpha = np.array([best_of(mean[d], sd[d]) for d in range(3)])
small = np.array([best_of(-mean[d], sd[d]) for d in range(3)])
for d in range(3):
    for w in range(3):
        key = f"{DEVICES[d]} {ARMS[w]}"
        a = alpha[d]
        put("thompson " + key, a[w])
        put("minimize " + key, small[d, w])
        put("floor " + key, 0.05 + 0.85 * a[w])
        put("tempered " + key, a[w] ** 0.5 / (a ** 0.5).sum())
        s = sum(a[j] / (1 - a[j]) for j in range(3) if j != w)
        put("top-two " + key, a[w] * (0.5 + 0.5 * s))
        put("effect " + key, mean[d, w] - mean[d, 0])
        put("error " + key, np.hypot(sd[d, w], sd[d, 0]) if w else 0)

# ---- two arms, a number: the interacted least squares with HC2 ----
keep = arm < 2
D, X, Y = (arm[keep] == 1).astype(float), x[keep], y[keep]
M = np.column_stack([np.ones(keep.sum()), X, D, D * X])
bread = np.linalg.inv(M.T @ M)
beta = bread @ M.T @ Y
h = np.einsum("ij,jk,ik->i", M, bread, M)
r = Y - M @ beta
V = bread @ (M.T * (r ** 2 / (1 - h))) @ M @ bread
for at in (-1.5, 0.0, 2.0):
    g = np.array([0, 0, 1, at])
    put(f"number {at:g}", stats.norm.cdf(g @ beta / np.sqrt(g @ V @ g)))

# ---- the value of the policy with a floor of 0.05 ----
pi = (0.05 + 0.85 * alpha)[dev, arm]


def clustered(q, groups):
    """Covariance of the mean of q (n, k)."""
    c = q - q.mean(0)
    if groups is None:
        return c.T @ c / len(q) * 1 / (len(q) - 1)
    ids = np.unique(groups)
    s = np.array([c[groups == g].sum(0) for g in ids])
    return s.T @ s * len(ids) / (len(ids) - 1) / len(q) ** 2


def value(tag, model, groups):
    """model(d, w): predicted outcome of arm w for each row."""
    w = pi / e
    direct = sum((0.05 + 0.85 * alpha)[dev, k] * model(k) for k in range(3))
    own = np.choose(arm, [model(k) for k in range(3)])
    c = (arm == 0) / e
    q = np.column_stack([w * y, w, direct + w * (y - own), c * y, c,
                         model(0) + c * (y - model(0)), y, np.ones(n)])
    m, cov = q.mean(0), clustered(q, groups)

    def ratio(a, b):
        g = np.zeros(8)
        g[a] += 1 / m[b]
        g[b] -= m[a] / m[b] ** 2
        return m[a] / m[b], g

    for name, (a, b), (ca, cb) in (("dr", (2, 7), (5, 7)), ("ips", (0, 7), (3, 7)),
                                   ("snips", (0, 1), (3, 4))):
        v, g = ratio(a, b)
        c0, g0 = ratio(ca, cb)
        l0, gl = ratio(6, 7)
        for what, est, grad in (("value", v, g), ("gain_over_control", v - c0, g - g0),
                                ("gain_over_log", v - l0, g - gl)):
            put(f"{tag} {name} {what}", est)
            put(f"{tag} {name} {what} se", np.sqrt(grad @ cov @ grad))
    put(f"{tag} effective", w.sum() ** 2 / (w ** 2).sum())
    put(f"{tag} most", w.max())


# The fit weighs rows by share / propensity.
share = np.array([(arm == k).mean() for k in range(3)])
wt = share[arm] / e


def weighted_cells(k):
    out = np.zeros(n)
    for d in range(3):
        s = (dev == d) & (arm == k)
        out[dev == d] = (wt[s] * y[s]).sum() / wt[s].sum()
    return out


value("value", weighted_cells, None)
value("clustered", weighted_cells, home)

# With the number x as covariate as well: rows are needed.
M = [np.ones(n), (dev == 1) * 1.0, (dev == 2) * 1.0, x]
full = np.column_stack(M + [f * (arm == k) for k in (1, 2) for f in M])
root = np.sqrt(wt)
coef = np.linalg.lstsq(full * root[:, None], y * root, rcond=None)[0]


def linear(k):
    base = np.column_stack(M)
    out = base @ coef[:4]
    return out + (base @ coef[4 * k:4 * k + 4] if k else 0)


value("rows", linear, None)


# ---- adaptive inference ----
def adaptive(tag, kind, cells, use_model, groups):
    """cells: context of each row (or all 0)."""
    table = {}
    for b in range(B):
        for c in np.unique(cells):
            for w in range(3):
                s = (batch == b) & (cells == c) & (arm == w)
                table[b, c, w] = np.mean(1 / e[s])
    T = n
    H = np.zeros((B, 3))
    for w in range(3):
        left, t = 1.0, 0
        for b in range(B):
            rows_b = batch == b
            inv = np.mean([table[b, c, w] for c in cells[rows_b]])
            et = 1 / inv
            before = left
            for _ in range(rows_b.sum()):
                t += 1
                if kind == "two-point":
                    a = 0.7
                    lam = et / (T - t + 1) + (1 - et) * (1 - a) / (
                        (1 - a) + T * (t / T) ** a - t)
                    left *= 1 - min(max(lam, 0), 1)
            if kind == "two-point":
                H[b, w] = np.sqrt(et * (before - left) / rows_b.sum())
            else:
                H[b, w] = np.sqrt(et) if kind == "constant" else 1.0
    G = np.zeros((n, 3))
    for b in range(B):
        past = batch < b
        for c in np.unique(cells):
            s = (batch == b) & (cells == c)
            for w in range(3):
                pa = past & (arm == w)
                pc = pa & (cells == c)
                armmean = y[pa].mean() if pa.any() else (y[past].mean() if past.any() else 0)
                m = (y[pc].sum() + 10 * armmean) / (pc.sum() + 10) if use_model else 0
                G[s, w] = m + (arm[s] == w) / e[s] * (y[s] - m)
    h = H[batch]
    Q = (h * G).sum(0) / h.sum(0)
    psi = h * (G - Q) / h.mean(0)
    cov = clustered(psi, groups)
    for w in range(3):
        put(f"{tag} mean {ARMS[w]}", Q[w])
        put(f"{tag} mean {ARMS[w]} se", np.sqrt(cov[w, w]))
    for w in (1, 2):
        put(f"{tag} effect {ARMS[w]}", Q[w] - Q[0])
        put(f"{tag} effect {ARMS[w]} se", np.sqrt(cov[w, w] + cov[0, 0] - 2 * cov[w, 0]))


adaptive("two-point", "two-point", dev, True, None)
adaptive("constant", "constant", dev, True, None)
adaptive("uniform", "uniform", dev, True, None)
adaptive("ipw", "uniform", dev, False, None)
adaptive("homes", "constant", dev, True, home)

with open("expected.csv", "w", newline="") as f:
    out = csv.writer(f, lineterminator="\n")
    out.writerow(["what", "value"])
    out.writerows(expected)
