"""What a data scientist writes today: pandas and statsmodels, Lin-adjusted effect of the arm on
five metrics with HC2 errors. DuckDB writes the CSV-free copy it reads. usage: peer.py FILE"""
import subprocess
import sys
import tempfile
import os

import numpy as np
import pandas as pd
import statsmodels.api as sm

path = sys.argv[1]
here = os.path.dirname(os.path.abspath(__file__))
with tempfile.TemporaryDirectory() as tmp:
    csv = os.path.join(tmp, "rows.csv")
    subprocess.run([os.path.join(here, "..", "build", "bench", "duck"), "csv", path, csv], check=True,
                   stdout=subprocess.DEVNULL)
    d = pd.read_csv(csv)
arm = (d["arm"] == "b").to_numpy(float)
f = pd.get_dummies(d[["k1", "k2", "k3"]].astype("category"), drop_first=True).to_numpy(float)
f -= f.mean(axis=0)
x = np.column_stack([np.ones(len(d)), arm, f, arm[:, None] * f])
for y in ["y1", "y2", "y3", "y4", "y5"]:
    fit = sm.OLS(d[y].to_numpy(), x).fit(cov_type="HC2")
    print(y, fit.params[1], fit.bse[1])
