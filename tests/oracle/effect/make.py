# The small root of a Fieller set with 50 digits, for tests/unit/effect/test_relative.c.
from mpmath import mp, mpf, sqrt

mp.dps = 50
theta, mu, v, vm, c, z = (mpf(x) for x in (2.0000001, 1000.0, 1.0, 1e-6, 0.0, 2.0))
a, h, k = mu**2 - z**2 * vm, theta * mu - z**2 * c, theta**2 - z**2 * v
print("low", mp.nstr((h - sqrt(h * h - a * k)) / a, 20))
