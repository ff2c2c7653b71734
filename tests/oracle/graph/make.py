#!/usr/bin/python3
# Writes cases.txt: random graphs with answers found from the definitions. d-separation is
# networkx's; adjustment sets, instruments and front doors are found by trying every subset.
# Arcs a <-> b become explicit latent nodes, so that nothing here knows of m-separation.
import itertools
import random

import networkx as nx

d_separated = getattr(nx, "is_d_separator", None) or nx.d_separated
random.seed(20261122)
out = open("cases.txt", "w")


def make(n, p, arcs, latents):
    names = [f"v{i}" for i in range(n)]
    order = names[:]
    random.shuffle(order)
    g = nx.DiGraph()
    g.add_nodes_from(names)
    edges = []
    for a, b in itertools.combinations(order, 2):
        if random.random() < p:
            g.add_edge(a, b)
            edges.append(f"{a} -> {b}")
    for k in range(arcs):
        a, b = random.sample(names, 2)
        u = f"_u{k}"
        g.add_edge(u, a)
        g.add_edge(u, b)
        edges.append(f"{a} <-> {b}")
    hidden = random.sample(names, latents)
    random.shuffle(edges)
    text = "; ".join(names + edges + [f"latent {h}" for h in hidden])
    seen = [v for v in names if v not in hidden]
    return g, text, seen


def apart(g, a, b, z):
    return d_separated(g, {a}, {b}, set(z))


def subsets(nodes):
    for k in range(len(nodes) + 1):
        yield from itertools.combinations(nodes, k)


def on_path(g, x, y):
    return (nx.descendants(g, x) & (nx.ancestors(g, y) | {y})) - {x}


def is_open(g, path, z):
    """One path, node by node: Pearl's definition."""
    for a, b, c in zip(path, path[1:], path[2:]):
        collider = g.has_edge(a, b) and g.has_edge(c, b)
        if collider:
            if not ({b} | nx.descendants(g, b)) & set(z):
                return False
        elif b in z:
            return False
    return True


def adjusts(g, x, y, z):
    """Shpitser's criterion by all paths."""
    causal = on_path(g, x, y)
    bad = set(causal)
    for v in causal:
        bad |= nx.descendants(g, v)
    if set(z) & (bad | {x, y}):
        return False
    for path in nx.all_simple_paths(g.to_undirected(), x, y):
        directed = all(g.has_edge(a, b) for a, b in zip(path, path[1:]))
        if not directed and is_open(g, path, z):
            return False
    return True


def without(g, edges):
    h = g.copy()
    h.remove_edges_from(edges)
    return h


def minimal(sets):
    return [s for s in sets if not any(set(o) < set(s) for o in sets)]


def show(sets):
    return " ; ".join(" ".join(sorted(s)) if s else "-" for s in
                      sorted(sets, key=lambda s: (len(s), sorted(s))))


def separations(count):
    for _ in range(count):
        g, text, seen = make(random.randint(4, 9), random.uniform(.15, .6),
                             random.randint(0, 2), 0)
        print("G", text, file=out)
        for _ in range(2):
            a, b = random.sample(seen, 2)
            rest = [v for v in seen if v not in (a, b)]
            z = random.sample(rest, random.randint(0, len(rest)))
            print("S", a, b, "|", " ".join(z) or "-", "|", int(apart(g, a, b, z)), file=out)


def effects(count):
    for _ in range(count):
        for _ in range(20):
            g, text, seen = make(random.randint(4, 6), random.uniform(.2, .6),
                                 random.randint(0, 2), random.randint(0, 1))
            x, y = random.sample(seen, 2)
            if nx.has_path(g, x, y):
                break
        if random.random() < .4:
            g.add_edges_from([("_u", x), ("_u", y)])
            text += f"; {x} <-> {y}"
        rest = [v for v in seen if v not in (x, y)]
        print("G", text, file=out)
        valid = [s for s in subsets(rest) if adjusts(g, x, y, s)]
        print("A", x, y, "|", show(minimal(valid)) or "none", file=out)
        print("B", x, y, "|", show(valid) or "none", file=out)
        causal = on_path(g, x, y)
        cut = without(g, [(x, v) for v in causal if g.has_edge(x, v)])
        early = [v for v in rest if v not in nx.descendants(g, x)]
        found = []
        for z in early:
            for w in subsets([v for v in early if v != z]):
                if causal and apart(cut, z, y, w) and not apart(g, z, x, w):
                    found.append(z)
                    break
        print("I", x, y, "|", " ".join(sorted(found)) or "none", file=out)
        doors = []
        no_x = without(g, list(g.out_edges(x)))
        for m in subsets(rest):
            blocked = g.copy()
            blocked.remove_nodes_from(m)
            if not causal or nx.has_path(blocked, x, y):
                continue
            if not all(apart(no_x, x, v, ()) for v in m):
                continue
            no_m = without(g, [e for v in m for e in g.out_edges(v)])
            if all(apart(no_m, v, y, (x,)) for v in m):
                doors.append(m)
        print("F", x, y, "|", show(minimal(doors)) or "none", file=out)
        for a, b in itertools.combinations(seen, 2):
            ok = any(apart(g, a, b, z) for z in
                     subsets([v for v in seen if v not in (a, b)]))
            print("P", a, b, "|", int(ok), file=out)


def published():
    """The graph of Shrier and Platt (2008), as dagitty ships it: its minimal sets."""
    arrows = """Coach FitnessLevel, Coach TeamMotivation, ConnectiveTissueDisorder
        NeuromuscularFatigue, ConnectiveTissueDisorder TissueWeakness, ContactSport
        IntraGameProprioception, ContactSport PreviousInjury, FitnessLevel NeuromuscularFatigue,
        FitnessLevel PreGameProprioception, Genetics ConnectiveTissueDisorder, Genetics
        FitnessLevel, Genetics NeuromuscularFatigue, IntraGameProprioception Injury,
        NeuromuscularFatigue Injury, NeuromuscularFatigue IntraGameProprioception,
        PreGameProprioception WarmUpExercises, PreviousInjury WarmUpExercises, TeamMotivation
        PreviousInjury, TeamMotivation WarmUpExercises, TissueWeakness Injury, WarmUpExercises
        Injury, WarmUpExercises IntraGameProprioception"""
    g = nx.DiGraph(pair.split() for pair in arrows.split(","))
    x, y = "WarmUpExercises", "Injury"
    rest = [v for v in sorted(g) if v not in (x, y)]
    sets = minimal([s for s in subsets(rest) if adjusts(g, x, y, s)])
    print("G", "; ".join(f"{a} -> {b}" for a, b in g.edges), file=out)
    print("A", x, y, "|", show(sets), file=out)
    print(len(sets), "minimal sets of Shrier and Platt")


separations(2000)
effects(400)
published()
