"""Holds the answers to the six objectives against the truth of the simulated store.

An answer is a row under the key (objective, quantity, metric, arm, segment, period). The truth of
each is an expectation over the population, from the file that `upshot simulate` writes beside
the rows; nothing here looks at a row.
"""
import csv
import json
import os
from math import sqrt

KEYS = ("objective", "quantity", "metric", "arm", "segment", "period")
ARMS = ("control", "diverse", "personal")
TARGET = {"desktop": 0.7, "mobile": 0.2, "tablet": 0.1}
# What the script calls a path, by what Upshot calls it.
PATHS = {"arm -> sales": "direct", "arm -> searches -> sales": "searches", "arm -> views -> sales": "views",
         "arm -> searches -> views -> sales": "searches > views"}
# Upshot's results that hold estimates: file, objective, quantity.
FILES = (("itt", "1", "itt"), ("late", "1", "late"), ("ate", "2", "ate"), ("adjusted", "3", "ate"),
         ("anytime", "3", "anytime half width"), ("device", "4", "by device"), ("week", "4", "by week"),
         ("paths", "5", None), ("elsewhere", "6", "other devices"), ("later", "6", "forward"))


class Answer:
    def __init__(self, estimate, std_error):
        self.estimate, self.std_error = float(estimate), float(std_error)
        self.truth = None

    @property
    def z(self):
        return (self.estimate - self.truth) / self.std_error


def of_script(path):
    """The rows that the script wrote as CSV."""
    with open(path, encoding="utf-8") as f:
        return {tuple(r[k] for k in KEYS): Answer(r["estimate"], r["std_error"]) for r in csv.DictReader(f)}


def of_shortcuts(path):
    """The rows of shortcuts.py: {(shortcut, key): answer}."""
    with open(path, encoding="utf-8") as f:
        return {(r["shortcut"], tuple(r[k] for k in KEYS)): Answer(r["estimate"], r["std_error"])
                for r in csv.DictReader(f)}


def of_upshot(folder):
    """The rows of Upshot's JSON results."""
    answers = {}

    def result(name):
        with open(os.path.join(folder, name + ".out"), encoding="utf-8") as f:
            return json.load(f)["rows"]

    for name, objective, quantity in FILES:
        for r in result(name):
            what, estimate, se = quantity, r["estimate"], r["std_error"]
            if name == "paths":
                what = "total" if r["part"] == "total" else PATHS.get(r["path"])
            elif name == "anytime":
                estimate, se = (r["conf_high"] - r["conf_low"]) / 2, 0
            if what is not None:
                segment = r["segment"].removeprefix("device = ").strip("'")
                answers[(objective, what, r["metric"], r["arm"], segment, r["period"])] = Answer(estimate, se)
    for r in result("policy"):
        if r["play"] > 0.5:
            device = r["context"].removeprefix("device = ")
            answers[("4", "policy", "sales", r["arm"], device, "")] = Answer(r["effect"], 0)
    return answers


class Truth:
    def __init__(self, offer, store):
        """Of the files FILE.truth.json of the two stores."""
        self.effect = {}
        for name, path in (("offer", offer), ("store", store)):
            with open(path, encoding="utf-8") as f:
                data = json.load(f)
            for e in data["effects"]:
                segment = e["segment"].removeprefix("device = ").strip("'")
                self.effect[(name, e["estimand"], e["metric"], e["arm"], segment, e["period"])] = e["effect"]
            if name == "store":
                self.path = {(p["arm"], p["path"]): p["effect"] for p in data["mediation"]
                             if p["segment"] == "" and p["estimand"] == "ate"}

    def store(self, metric, arm, segment="", period=""):
        return 0.0 if arm == "control" else self.effect[("store", "ate", metric, arm, segment, period)]

    def of(self, objective, quantity, metric, arm, segment, period):
        """The truth of a key; None of what has none (a width, a decision)."""
        if objective in "12":
            return self.effect[("offer", quantity, metric, arm, segment, period)]
        if quantity in ("anytime half width", "policy"):
            return None
        if objective == "5":
            return self.path[(arm, quantity)]
        if quantity == "other devices":
            return sum(share * self.store(metric, arm, d) for d, share in TARGET.items())
        if quantity == "forward":  # the store's effects grow or fade along a line
            last, before = (self.store(metric, arm, "", t) for t in ("4", "3"))
            return last + int(period) * (last - before)
        return self.store(metric, arm, segment, period)

    def regret(self, chosen, share):
        """Sales lost per shopper and week by the arms chosen, {device: arm}, against the best ones."""
        return sum(share[d] * (max(self.store("sales", a, d) for a in ARMS) - self.store("sales", arm, d))
                   for d, arm in chosen.items())


# Of the store's devices, by its model (docs/designs.md, src/sim/shop_model.c).
DEVICE_SHARE = {"desktop": 0.40, "mobile": 0.45, "tablet": 0.15}


def judge(answers, truth):
    """The summary by objective: {objective: {answers, abs_error, rel_error, rms_z, max_z, ...}}."""
    for key, a in answers.items():
        a.truth = truth.of(*key)
    out = {}
    for objective in "123456":
        rows = [a for key, a in answers.items() if key[0] == objective and a.truth is not None]
        out[objective] = {
            "answers": len(rows),
            "abs_error": sum(abs(a.estimate - a.truth) for a in rows) / len(rows),
            "rel_error": sum(abs(a.estimate - a.truth) for a in rows) / sum(abs(a.truth) for a in rows),
            "rms_z": sqrt(sum(a.z**2 for a in rows) / len(rows)),
            "max_z": max(abs(a.z) for a in rows)}
    half = {key[3]: a.estimate for key, a in answers.items() if key[1] == "anytime half width"}
    out["3"]["anytime_holds"] = all(
        abs(answers[("3", "ate", "sales", arm, "", "")].estimate - truth.store("sales", arm)) <= h
        for arm, h in half.items())
    chosen = {key[4]: key[3] for key in answers if key[1] == "policy"}
    if set(chosen) != set(DEVICE_SHARE):
        raise SystemExit(f"the policy speaks of {sorted(chosen)}")
    out["4"]["regret"] = truth.regret(chosen, DEVICE_SHARE)
    return out
