#!/usr/bin/env python3
"""What goes wrong where a script is a little simpler than script.py: each answer below leaves out one
thing that script.py does, as scripts often do. The column `shortcut` says which.

usage: shortcuts.py OFFER.parquet STORE.parquet ANSWERS.csv
"""
import sys

import numpy as np
import pandas as pd
import statsmodels.api as sm

from script import ARMS, CATEGORIES, covariates, dummies, interacted, load, regress

answers = []


def add(shortcut, objective, quantity, fit, first=0):
    for j, arm in enumerate(ARMS):
        answers.append((objective, quantity, "sales", arm, "", "", fit.params[first + j], fit.bse[first + j], shortcut))


def offer(path):
    df = load(path, ["treated"])
    y = df["sales"].to_numpy(float)
    x = covariates(df, CATEGORIES).to_numpy()
    z, d = dummies(df["arm"]), dummies(df["treated"])
    rows = sm.WLS(y, interacted(z, x), weights=df["weight"]).fit(method="qr", cov_type="HC2")
    add("rows as if independent", 1, "itt", rows)
    add("offer taken for the treatment", 1, "late", regress(y, interacted(z, x), df))
    add("received against control", 1, "late", regress(y, interacted(d, x), df))
    took = (df["arm"].astype(str) == df["treated"].astype(str)).to_numpy()
    add("those who declined left out", 1, "late", regress(y[took], interacted(z, x)[took], df[took]))
    plain = df.assign(weight=1.0)
    add("difference of means, no weights", 1, "itt", regress(y, np.column_stack([z, np.ones(len(df))]), plain))


def store(path):
    df = load(path, ["week", "views"])
    y, s, v = (df[c].to_numpy(float) for c in ("sales", "searches", "views"))
    x = covariates(df, CATEGORIES + ["week"]).to_numpy()
    z = dummies(df["arm"])
    exog = interacted(z, x)
    add("views and searches as covariates", 3, "ate", regress(y, np.column_stack([exog, s, v]), df))
    # Mediators side by side: searches do not lead to views.
    views = regress(v, exog, df)
    direct = regress(y, np.column_stack([exog, s, v]), df)
    for j, arm in enumerate(ARMS):
        b = np.array([views.params[j], direct.params[-1]])
        relative = np.array([views.bse[j], direct.bse[-1]]) / b
        answers.append((5, "views", "sales", arm, "", "", b.prod(), abs(b.prod()) * np.sqrt((relative**2).sum()),
                        "mediators side by side"))


def main():
    offer(sys.argv[1])
    store(sys.argv[2])
    pd.DataFrame(answers, columns=["objective", "quantity", "metric", "arm", "segment", "period", "estimate",
                                   "std_error", "shortcut"]).to_csv(sys.argv[3], index=False)


if __name__ == "__main__":
    main()
