"""Sample-ratio p-values from scipy and mpmath; writes expected.json beside itself."""
import json
import pathlib

import mpmath
import scipy
from scipy import stats

mpmath.mp.dps = 30


def chisq_sf(x, df):
    return float(mpmath.gammainc(mpmath.mpf(df) / 2, mpmath.mpf(x) / 2, regularized=True))


cases = []


def chi(counts, shares, note):
    n = sum(counts)
    x2 = sum((mpmath.mpf(c) - n * mpmath.mpf(s)) ** 2 / (n * mpmath.mpf(s)) for c, s in zip(counts, shares))
    cases.append({"counts": counts, "shares": shares, "p": chisq_sf(x2, len(counts) - 1), "note": note})


chi([5000, 4800], [0.5, 0.5], "gbstats")
chi([821588, 815482], [0.5, 0.5], "gbstats")
chi([4000, 2100, 1900], [0.5, 0.25, 0.25], "three arms")
chi([520, 480], [0.5, 0.5], "also with a third arm of share 0")
chi([53.5, 46.5], [0.5, 0.5], "not whole")
for k, n, p in [(53, 100, 0.5), (20, 100, 0.3)]:
    cases.append({"counts": [k, n - k], "shares": [p, 1 - p],
                  "p": stats.binomtest(k, n, p).pvalue, "note": "exact"})
out = {"source": "definition of the chi-square test; exact binomial", "tool": "mpmath, scipy",
       "version": [mpmath.__version__, scipy.__version__], "rtol": 1e-9, "cases": cases}
path = pathlib.Path(__file__).with_name("expected.json")
path.write_text(json.dumps(out, indent=1) + "\n")
