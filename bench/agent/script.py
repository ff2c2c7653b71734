#!/usr/bin/env python3
"""The six objectives by pandas, statsmodels and scikit-learn.

usage: script.py OFFER.parquet STORE.parquet ANSWERS.csv
"""
import sys

import numpy as np
import pandas as pd
import statsmodels.api as sm
from sklearn.linear_model import LinearRegression

ARMS = ["diverse", "personal"]  # against control
LABELS = ["arm", "treated", "device", "country", "loyalty"]
CATEGORIES = ["device", "country", "loyalty", "economy"]
NUMBERS = ["spend_before", "visits_before"]
DEVICES = {"desktop": 0.7, "mobile": 0.2, "tablet": 0.1}  # the mix to project to
ALPHA = 0.05
PLANNED = 1000  # households

answers = []


def add(objective, quantity, metric, arm, estimate, se, segment="", period=""):
    answers.append((objective, quantity, metric, arm, segment, period, float(estimate), float(se)))


def load(path, more):
    """Only the columns that are needed; labels stay dictionary-encoded."""
    columns = ["household", "arm", "propensity", "sales", "searches"] + CATEGORIES + NUMBERS + more
    df = pd.read_parquet(path, columns=columns, engine="pyarrow", read_dictionary=LABELS)
    # Rows count as if every arm had its share of everyone, whatever the segment's propensity.
    share = df["arm"].value_counts(normalize=True)
    df["weight"] = df["arm"].map(share).astype(float) / df["propensity"]
    df["household"] = pd.factorize(df["household"])[0]
    return df


def covariates(df, categories):
    """Dummies and numbers, centred at the means of everyone, so that the coefficient of an arm
    that is interacted with them is the average effect."""
    x = pd.get_dummies(df[categories + NUMBERS], columns=categories, drop_first=True, dtype=float)
    return x - x.mean()


def dummies(arm):
    return np.column_stack([(arm == a).to_numpy(float) for a in ARMS])


def interacted(d, x):
    """[arms, arms x covariates, 1, covariates]: a regression of its own for every arm (Lin)."""
    return np.hstack([d] + [d[:, [j]] * x for j in range(d.shape[1])] + [np.ones((len(x), 1)), x])


class Fit:
    """What is needed of a fit; statsmodels' own holds several copies of the design matrix."""

    def __init__(self, params, cov):
        self.params, self.cov, self.bse = params, cov, np.sqrt(np.diag(cov))


def regress(y, exog, df):
    fit = sm.WLS(y, exog, weights=df["weight"]).fit(
        method="qr", cov_type="cluster", cov_kwds={"groups": df["household"]})
    return Fit(fit.params, fit.cov_params())


def two_stage(y, exog, instruments, df):
    """Weighted two-stage least squares with a sandwich clustered by household (CR1)."""
    w = df["weight"].to_numpy()
    fitted = LinearRegression(fit_intercept=False).fit(instruments, exog, w).predict(instruments)
    weighted = fitted * w[:, None]
    bread = np.linalg.inv(weighted.T @ fitted)
    beta = bread @ (weighted.T @ y)
    weighted *= (y - exog @ beta)[:, None]  # the residual of what was received, not of its fit
    scores = np.column_stack([np.bincount(df["household"], weights=c) for c in weighted.T])
    n, k = exog.shape
    g = len(scores)
    cov = bread @ (scores.T @ scores) @ bread * (g / (g - 1) * (n - 1) / (n - k))
    return Fit(beta, cov)


def encouragement(path):
    """Objectives 1 and 2: households are offered an arm with known propensities, and some
    shoppers decline: the effect of the offer, on those who take it, and on everyone."""
    df = load(path, ["treated"])
    print("take-up:", pd.crosstab(df["arm"], df["treated"], normalize="index").round(3), sep="\n")
    inverse = (1 / df["propensity"]).groupby(df["arm"], observed=True).sum() / len(df)
    print("inverse propensities by arm, each about 1:", inverse.round(3).to_dict())
    x = covariates(df, CATEGORIES).to_numpy()
    z, d = dummies(df["arm"]), dummies(df["treated"])
    one = np.ones((len(df), 1))
    for metric in ("searches", "sales"):
        y = df[metric].to_numpy(float)
        itt = regress(y, interacted(z, x), df)
        late = two_stage(y, np.hstack([d, one, x]), np.hstack([z, one, x]), df)
        # Shoppers who take the offer are not like everyone: effects by covariates, then averaged
        # over everyone, need interactions of the arm received, instrumented by those of the offer.
        ate = two_stage(y, interacted(d, x), interacted(z, x), df)
        for j, arm in enumerate(ARMS):
            add(1, "itt", metric, arm, itt.params[j], itt.bse[j])
            add(1, "late", metric, arm, late.params[j], late.bse[j])
            add(2, "ate", metric, arm, ate.params[j], ate.bse[j])


def at(x, j):
    """The contrast of the effect of arm j where the covariates have the means x."""
    k = len(x)
    row = np.zeros(2 + 2 * k + 1 + k)
    row[j] = 1
    row[2 + j * k:2 + (j + 1) * k] = x
    return row


def effects(fit, rows):
    rows = np.vstack(rows)
    cov = rows @ fit.cov @ rows.T
    return rows @ fit.params, np.sqrt(np.diag(cov)), cov


def anytime_factor(n):
    """Half width over standard error of an asymptotic confidence sequence whose normal mixture
    is tightest at PLANNED (Waudby-Smith et al. 2021)."""
    r = -2 * np.log(ALPHA)
    v = n * (r + np.log(r + 1)) / PLANNED
    return np.sqrt((v + 1) / v * np.log((v + 1) / ALPHA**2))


def store(path):
    """Objectives 3 to 6: households get an arm with known propensities and all comply."""
    df = load(path, ["week", "views"])
    frame = covariates(df, CATEGORIES + ["week"])
    x = frame.to_numpy()
    device = frame.groupby(df["device"], observed=True).mean()
    week = frame.groupby(df["week"]).mean()
    target = sum(share * device.loc[name] for name, share in DEVICES.items())
    exog = interacted(dummies(df["arm"]), x)

    # 3. Several metrics, narrower by covariates; an interval that holds at every look.
    fits = {m: regress(df[m].to_numpy(float), exog, df) for m in ("sales", "searches", "views")}
    for metric, fit in fits.items():
        for j, arm in enumerate(ARMS):
            add(3, "ate", metric, arm, fit.params[j], fit.bse[j])
    sales = fits["sales"]
    factor = anytime_factor(df["household"].nunique())
    for j, arm in enumerate(ARMS):
        add(3, "anytime half width", "sales", arm, factor * sales.bse[j], 0)

    # 4. For whom and when, and the arm to play by device.
    by_device = pd.DataFrame(0.0, index=device.index, columns=["control"] + ARMS)
    for j, arm in enumerate(ARMS):
        e, se, _ = effects(sales, [at(device.loc[v], j) for v in device.index])
        by_device[arm] = e
        for v, a, b in zip(device.index, e, se):
            add(4, "by device", "sales", arm, a, b, segment=v)
        e, se, cov = effects(sales, [at(week.loc[t], j) for t in week.index])
        for t, a, b in zip(week.index, e, se):
            add(4, "by week", "sales", arm, a, b, period=t)
        # 6. Two weeks on, along a line through the weekly effects (generalised least squares).
        trend = sm.GLS(e, sm.add_constant(week.index.to_numpy(float)), sigma=cov).fit(
            cov_type="fixed scale")
        ahead = np.array([[1, week.index.max() + h] for h in (1, 2)], float)
        for h, row in zip((1, 2), ahead):
            add(6, "forward", "sales", arm, row @ trend.params,
                np.sqrt(row @ trend.cov_params() @ row), period=f"+{h}")
        e, se, _ = effects(sales, [at(target, j)])
        add(6, "other devices", "sales", arm, e[0], se[0])
    policy = by_device.idxmax(axis=1)
    for v, arm in policy.items():
        add(4, "policy", "sales", arm, by_device.loc[v, arm], 0, segment=v)

    # 5. Serial mediation: searches lead to views, and both to sales.
    s, v = df["searches"].to_numpy(float), df["views"].to_numpy(float)
    views = regress(v, np.column_stack([exog, s]), df)
    direct = regress(df["sales"].to_numpy(float), np.column_stack([exog, s, v]), df)

    def path(name, arm, *steps):
        """A product of coefficients of different equations, by the delta method."""
        b = np.array([fit.params[i] for fit, i in steps])
        relative = np.array([fit.bse[i] for fit, i in steps]) / b
        add(5, name, "sales", arm, b.prod(), abs(b.prod()) * np.sqrt((relative**2).sum()))

    for j, arm in enumerate(ARMS):
        path("total", arm, (sales, j))
        path("direct", arm, (direct, j))
        path("searches", arm, (fits["searches"], j), (direct, -2))
        path("views", arm, (views, j), (direct, -1))
        path("searches > views", arm, (fits["searches"], j), (views, -1), (direct, -1))


def main():
    encouragement(sys.argv[1])
    store(sys.argv[2])
    table = pd.DataFrame(answers, columns=[
        "objective", "quantity", "metric", "arm", "segment", "period", "estimate", "std_error"])
    table = table.sort_values("objective", kind="stable")
    table.to_csv(sys.argv[3], index=False)
    print(table.to_string(index=False, float_format="%.4g"))


if __name__ == "__main__":
    main()
