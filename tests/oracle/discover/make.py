#!/usr/bin/python3
# Writes cases.txt: correlation matrices of simulated linear models, and the graph that an
# implementation of PC-stable in numpy, written from the paper (Colombo & Maathuis 2014, with
# Meek's rules and time tiers), finds in each. Partial correlations come from an inverse here.
import itertools
import math

import numpy as np
from scipy import stats

rng = np.random.default_rng(20261122)


def pcor(c, i, j, s):
    idx = [i, j] + list(s)
    p = np.linalg.inv(c[np.ix_(idx, idx)])
    return -p[0, 1] / math.sqrt(p[0, 0] * p[1, 1])


def pvalue(c, n, i, j, s):
    z = math.sqrt(n - len(s) - 3) * abs(math.atanh(pcor(c, i, j, s)))
    return 2 * stats.norm.sf(z)


def pc(c, n, alpha, tier, conservative):
    d = len(c)
    adj = {i: set(range(d)) - {i} for i in range(d)}

    def usable(i, j, pool):
        return sorted(k for k in pool - {i, j} if not (tier[k] > tier[i] and tier[k] > tier[j]))

    size = 0
    while any(len(adj[i]) - 1 >= size for i in adj):
        frozen = {i: set(adj[i]) for i in adj}
        for i, j in itertools.combinations(range(d), 2):
            if j not in adj[i]:
                continue
            for a, b in ((i, j), (j, i)):
                if any(pvalue(c, n, i, j, s) > alpha for s in
                       itertools.combinations(usable(i, j, frozen[a]), size)):
                    adj[i].discard(j)
                    adj[j].discard(i)
                    break
        size += 1
    arrows = {(i, j) for i in adj for j in adj[i] if tier[i] < tier[j]}
    triples = {}
    for k in range(d):
        for a, b in itertools.combinations(sorted(adj[k]), 2):
            if b in adj[a]:
                continue
            votes = []
            for side in (a, b):
                pool = usable(a, b, adj[side])
                for size in range(len(pool) + 1):
                    for s in itertools.combinations(pool, size):
                        if pvalue(c, n, a, b, s) > alpha:
                            votes.append(k in s)
            share = sum(votes) / len(votes) if votes else .5
            if conservative:
                kind = "v" if votes and share == 0 else "chain" if share == 1 else "?"
            else:
                kind = "v" if share < .5 else "chain" if share > .5 else "?"
            triples[a, k, b] = triples[b, k, a] = kind
    free = lambda i, j: (i, j) not in arrows and (j, i) not in arrows

    def add(want):
        new = {(i, j) for i, j in want if free(i, j) and (j, i) not in want}
        arrows.update(new)
        return bool(new)

    add({(a, k) for (a, k, b), kind in triples.items() if kind == "v"})
    while True:
        want = set()
        for a in range(d):
            for b in adj[a]:
                if not free(a, b):
                    continue
                one = any((x, a) in arrows and triples.get((x, a, b)) == "chain"
                          for x in adj[a])
                two = any((a, x) in arrows and (x, b) in arrows for x in adj[a])
                near = [x for x in adj[a] if free(a, x)]
                three = any(x in adj[b] and y in adj[b] and (x, b) in arrows and
                            (y, b) in arrows and triples.get((x, a, y)) == "chain"
                            for x, y in itertools.combinations(near, 2))
                four = any((x, y) in arrows and (y, b) in arrows and
                           triples.get((x, a, b)) == "chain"
                           for x in near for y in adj[a] if y != x and y != b)
                if one or two or three or four:
                    want.add((a, b))
        if not add(want):
            break
    reach = {(i, j) for i, j in arrows}
    while True:
        more = {(i, k) for i, j in reach for m, k in reach if j == m} - reach
        if not more:
            break
        reach |= more
    arrows -= {(i, j) for i, j in arrows if (j, i) in reach and tier[i] >= tier[j]}
    edges = []
    for i, j in itertools.combinations(range(d), 2):
        if j in adj[i]:
            edges.append(f"{i}>{j}" if (i, j) in arrows else
                         f"{j}>{i}" if (j, i) in arrows else f"{i}-{j}")
    return edges


with open("cases.txt", "w") as out:
    for case in range(400):
        d = int(rng.integers(4, 9))
        n = int(rng.choice([200, 500, 3000]))
        order = rng.permutation(d)
        b = np.zeros((d, d))
        for x, y in itertools.combinations(range(d), 2):
            if rng.random() < .4:
                b[order[y], order[x]] = rng.uniform(.2, .9) * rng.choice([-1, 1])
        e = rng.standard_normal((n, d))
        data = np.linalg.solve(np.eye(d) - b, e.T).T
        c = np.corrcoef(data.T)
        place = np.empty(d, int)
        place[order] = np.arange(d)
        tier = [0] * d if case % 3 else [int(place[i] >= d // 2) for i in range(d)]
        conservative = case % 2
        edges = pc(c, n, .01, tier, conservative)
        print(d, n, conservative, *tier, file=out)
        print(*[repr(float(c[i, j])) for i in range(d) for j in range(i)], file=out)
        print(" ".join(edges) or "none", file=out)
