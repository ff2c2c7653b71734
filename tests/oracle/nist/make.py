# Certified values of the NIST StRD linear-regression sets (public domain). What the test uses is computed
# here in exact rational arithmetic from the data. PUBLISHED holds the 15 digits of NIST, typed in
# without its pages at hand; all of them agree with the exact values, or this script stops.
# Also turns the ANOVA files (read once from the directory given as argument, F as certified there)
# into data for the test. Run here: python3 make.py DIRECTORY_OF_DAT_FILES
import csv, glob, json, os, sys
from fractions import Fraction as F
from decimal import Decimal, getcontext
getcontext().prec = 60
DEGREE = {"norris": 1, "pontius": 2, "noint1": 1, "noint2": 1, "filip": 10, "wampler1": 5,
          "wampler2": 5, "wampler3": 5, "wampler4": 5, "wampler5": 5}
PUBLISHED = {  # coefficients, standard errors, residual standard deviation
    "norris": ("-0.262323073774029 1.00211681802045", "0.232818234301152 0.429796848199937E-03", "0.884796396144373"),
    "pontius": ("0.673565789473684E-03 0.732059160401003E-06 -0.316081871345029E-14",
                "0.107938612033077E-03 0.157817399981659E-09 0.486652849992036E-16", "0.205177424076185E-03"),
    "noint1": ("2.07438016528926", "0.165289256198347E-01", "3.56753034006338"),
    "noint2": ("0.727272727272727", "0.420827318078432E-01", "0.369274472937998"),
    "filip": ("-1467.48961422980 -2772.17959193342 -2316.37108160893 -1127.97394098372 -354.478233703349 "
              "-75.1242017393757 -10.8753180355343 -1.06221498588947 -0.670191154593408E-01 "
              "-0.246781078275479E-02 -0.402962525080404E-04",
              "298.084530995537 559.779865474950 466.477572127796 227.204274477751 71.6478660875927 "
              "15.2897178747400 2.23691159816033 0.221624321934227 0.142363763154724E-01 "
              "0.535617408889821E-03 0.896632837373868E-05", "0.334801051324544E-02"),
    "longley": ("-3482258.63459582 15.0618722713733 -0.358191792925910E-01 -2.02022980381683 -1.03322686717359 "
                "-0.511041056535807E-01 1829.15146461355",
                "890420.383607373 84.9149257747669 0.334910077722432E-01 0.488399681651699 0.214274163161675 "
                "0.226073200069370 455.478499142212", "304.854073561965"),
    "wampler1": ("1 1 1 1 1 1", "0 0 0 0 0 0", "0"),
    "wampler2": ("1 0.1 0.01 0.001 0.0001 0.00001", "0 0 0 0 0 0", "0"),
    "wampler3": ("1 1 1 1 1 1", "2152.32624678170 2363.55173469681 779.343524331583 101.475507550350 "
                 "5.64566512170752 0.112324854679312", "2360.14502379268"),
    "wampler4": ("1 1 1 1 1 1", "215232.624678170 236355.173469681 77934.3524331583 10147.5507550350 "
                 "564.566512170752 11.2324854679312", "236014.502379268"),
    "wampler5": ("1 1 1 1 1 1", "21523262.4678170 23635517.3469681 7793435.24331583 1014755.07550350 "
                 "56456.6512170752 1123.24854679312", "23601450.2379268"),
}

def solve(a, b):  # exact Gauss-Jordan: inverse and solution
    n = len(a)
    m = [row[:] + [F(int(i == j)) for j in range(n)] for i, row in enumerate(a)]
    for k in range(n):
        p = next(i for i in range(k, n) if m[i][k] != 0)
        m[k], m[p] = m[p], m[k]
        m[k] = [v / m[k][k] for v in m[k]]
        for i in range(n):
            if i != k and m[i][k] != 0:
                f = m[i][k]
                m[i] = [v - f * w for v, w in zip(m[i], m[k])]
    inv = [row[n:] for row in m]
    return inv, [sum(v * w for v, w in zip(row, b)) for row in inv]

def dec(x):
    return Decimal(x.numerator) / Decimal(x.denominator)

def certify(name, rows):
    y = [F(r["y"]) for r in rows]
    if name == "longley":
        x = [[F(1)] + [F(r["x%d" % j]) for j in range(1, 7)] for r in rows]
    else:
        first = 1 if name.startswith("noint") else 0
        x = [[F(r["x"]) ** k for k in range(first, DEGREE[name] + 1)] for r in rows]
    p = len(x[0])
    xx = [[sum(r[i] * r[j] for r in x) for j in range(p)] for i in range(p)]
    inv, b = solve(xx, [sum(r[i] * v for r, v in zip(x, y)) for i in range(p)])
    rss = sum((v - sum(c * w for c, w in zip(b, r))) ** 2 for r, v in zip(x, y))
    s2 = rss / (len(y) - p)
    return [dec(v) for v in b], [dec(s2 * inv[i][i]).sqrt() for i in range(p)], dec(s2).sqrt()

out = {}
for name, (pb, ps, pr) in PUBLISHED.items():
    with open(name + ".csv") as f:
        b, se, sigma = certify(name, list(csv.DictReader(f)))
    for got, published in zip(b + se + [sigma], (pb + " " + ps + " " + pr).split()):
        want = Decimal(published)
        assert abs(got - want) <= Decimal("5.01e-15") * abs(want), (name, got, want)
    out[name] = {"coef": [float(v) for v in b], "std_error": [float(v) for v in se], "sigma": float(sigma)}
anova = {}
for path in sorted(glob.glob(os.path.join(sys.argv[1], "*.dat"))):
    lines = open(path).read().split("\n")
    name = os.path.basename(path)[:-4].lower()
    f = float(next(l for l in lines if l.startswith("Between")).split()[-1])
    start = next(i for i, l in enumerate(lines) if l.startswith("Data:") and "Treatment" in l or l.startswith("Data:") and "Instrument" in l) + 1
    data = [l.split() for l in lines[start:] if len(l.split()) == 2]
    if name.startswith("smls"):  # generated data: checked to follow its rule, not stored
        n = [21, 201, 2001][(int(name[4:]) - 1) % 3]
        base = ["1", "1000000", "1000000000000"][(int(name[4:]) - 1) // 3]
        tenths = [4, 3, 5, 3, 5, 3, 5, 3, 5]
        rule = [[str(t + 1), "%s.%d" % (base, tenths[t] + (0 if i == 0 else -1 if i % 2 else 1))]
                for t in range(9) for i in range(n)]
        assert rule == data, name
        anova[name] = {"f": f, "base": base, "replicates": n}
    else:
        anova[name] = {"f": f}
        with open(name + ".csv", "w") as g:
            g.write("arm,y\n" + "".join("%s,%s\n" % (t, v) for t, v in data))
json.dump({"regression": out, "anova": anova}, open("certified.json", "w"), indent=1)
