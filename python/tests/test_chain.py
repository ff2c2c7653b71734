"""The grammar of the paper, step by step, against the verbs of the catalog."""

from __future__ import annotations

import gc
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import upshot as up

GRAPH = "arm -> {searches views sales}; searches -> {views sales}; views -> sales"


@pytest.fixture(scope="module")
def fit(shop: Path) -> up.Fit:
    return (
        up.ExperimentData(shop, intent_to_treat="arm")
        .add_metric(y="sales", exogenous_covariates=["device", "spend_before"])
        .fit(up.LinearModel)
    )


DESIGN: dict[str, Any] = {"itt": "arm", "metric": "sales", "covariates": ["device", "spend_before"]}


def same(a: list[dict[str, Any]], b: list[dict[str, Any]]) -> None:
    """The same rows, bit for bit, whether a capsule or the rows answered."""
    assert len(a) == len(b)
    for x, y in zip(a, b):
        assert x == y


def test_effect(fit: up.Fit, shop: Path) -> None:
    effect = fit.infer_effect(condition_on=["device == 'desktop'", up.col("device") != "tablet"])
    same(effect.rows, up.call("effect", shop, **DESIGN, where=["device == 'desktop'", "device != 'tablet'"]).rows)
    assert effect["input"]["kind"] == "capsule"
    same(fit.infer_effect(by="device").rows, up.call("effect", shop, **DESIGN, by="device").rows)
    assert fit.infer_effect(level=0.9)["options"]["level"] == 0.9
    assert "Coefficients" in fit.summary() or "sales" in fit.summary()
    terms = fit.tidy("dict")
    assert list(terms[0])[:3] == ["metric", "term", "estimate"] and terms[1]["term"] == "arm=diverse"
    assert list(fit.tidy("pandas")).count("term") == 1
    assert repr(fit) == "<upshot fit: sales of 4000 rows, LinearModel>"
    assert repr(fit.experiment).endswith(
        "intent_to_treat='arm', metrics=('sales',), covariates=('device', 'spend_before'))"
    )
    assert fit.glance("dict")[0]["op"] == "fit"


def test_rows_answer_what_the_capsule_cannot(fit: up.Fit, shop: Path) -> None:
    effect = fit.infer_effect(up.col("spend_before") > 55)
    assert effect["input"]["kind"] == "rows"
    wanted = up.call("effect", shop, **DESIGN, where="spend_before > 55")
    assert effect.json == wanted.json  # the same request, the same bytes
    declared = (
        fit.experiment.add_segment(up.col("spend_before") > 55).fit().infer_effect("spend_before > 55")
    )
    assert declared["input"]["kind"] == "capsule"
    same(declared.rows, effect.rows)
    with pytest.raises(up.UpshotRefusal) as caught:
        fit.infer_effect("country == 'US'")
    assert caught.value.code == "E_CONDITION"
    with pytest.raises(up.UpshotUsageError) as misspelt:
        fit.infer_effect("device = 'desktop")
    text, caret = str(misspelt.value).splitlines()[-2:]
    assert text[caret.index("^")] == "'"


def test_rows_that_changed_are_not_asked(tmp_path: Path) -> None:
    path = tmp_path / "shop.parquet"
    up.simulate("shop", str(path), units=500)
    fit = up.ExperimentData(path, intent_to_treat="arm").add_metric("sales", "spend_before").fit()
    assert len(fit.infer_effect("spend_before > 60")) == 1
    up.simulate("shop", str(path), units=700, seed=2, force=True)
    assert fit.infer_effect()["input"]["rows"] == 500  # the fit is what it was
    asks: list[Callable[[], up.Result]] = [
        lambda: fit.infer_effect("spend_before > 60"),
        lambda: fit.with_graph("arm -> searches -> sales; arm -> sales").mediate_effect(),
    ]
    for ask in asks:
        with pytest.raises(up.UpshotError, match="have changed since they were fitted") as caught:
            ask()
        assert caught.value.code == "E_SOURCE" and caught.value.fix


def test_rank(fit: up.Fit, shop: Path) -> None:
    same(fit.infer_rank().rows, up.call("rank", shop, **DESIGN).rows)
    desktop = fit.infer_effect(condition_on=["device == 'desktop'"]).infer_rank()
    same(desktop.rows, up.call("rank", shop, **DESIGN, where="device == 'desktop'").rows)


def test_mediate(fit: up.Fit, shop: Path) -> None:
    wanted = up.call("mediate", shop, itt="arm", covariates=DESIGN["covariates"], graph=GRAPH, detail=True)
    edges = {"arm": ["searches", "views", "sales"], "searches": ["views", "sales"], "views": "sales"}
    pairs = [(a, b) for a, bs in edges.items() for b in ([bs] if isinstance(bs, str) else bs)]
    import networkx

    for graph in (GRAPH, edges, pairs, networkx.DiGraph(pairs)):
        same(fit.with_graph(graph).mediate_effect("searches").rows, wanted.rows)
    effect = fit.infer_effect(condition_on=["device == 'mobile'"])
    split = effect.with_graph(GRAPH).mediate_effect()
    assert len(split) > 3
    with_graph = fit.experiment.with_graph(GRAPH).fit().infer_effect().mediate_effect("views")
    same(with_graph.rows, wanted.rows)
    with pytest.raises(up.UpshotUsageError, match="no path of the graph passes 'orders'"):
        fit.with_graph(GRAPH).mediate_effect("orders")
    with pytest.raises(up.UpshotUsageError, match="no graph"):
        fit.mediate_effect()
    with pytest.raises(up.UpshotUsageError, match="not a graph"):
        fit.with_graph(42)
    with pytest.warns(up.UpshotWarning, match="W_MISSING_EDGE"):
        drawn = fit.mediate_effect("searches", "views")
    assert "arm -> searches; arm -> views" in drawn.next[0]


def test_project(fit: up.Fit, shop: Path, panel: Path) -> None:
    to = "device=mobile:0.7,desktop:0.3"
    same(
        fit.project({"device": {"mobile": 0.7, "desktop": 0.3}}).rows,
        up.call("project", shop, **DESIGN, to=to).rows,
    )
    same(
        fit.infer_effect().project({"device": {"mobile": 0.7, "desktop": 0.3}, "spend_before": 58}).rows,
        up.call("project", shop, **DESIGN, to=to, means="spend_before=58").rows,
    )
    import polars

    market = polars.DataFrame({"device": ["mobile", "desktop"] * 50, "spend_before": [50.0, 70.0] * 50})
    assert len(fit.project(market)) == 1
    assert len(fit.project({"device": ["mobile"] * 3 + ["desktop"], "spend_before": [50.0, 60, 55, 58]})) == 1
    weekly = up.ExperimentData(panel, intent_to_treat="arm", cluster_by="shopper", time="week").add_metric("sales")
    later = weekly.fit().project(forward=1)
    assert later["input"]["kind"] == "capsule" and len(later) >= 1


def test_odd_names() -> None:
    rows = {
        "my arm": ["control", "new one"] * 100,
        "the place": [["Köln", "a, b", "it's", "x:y"][i // 2 % 4] for i in range(200)],
        "how much": [float(i * 37 % 23) for i in range(200)],
        "on the way": [float(i * 17 % 19) for i in range(200)],
    }
    e = up.ExperimentData(rows, intent_to_treat=up.col("my arm"), expected_split={"control": 1, "new one": 1})
    f = e.add_metric(up.col("how much"), [up.col("the place")]).fit()
    assert len(f.infer_effect(up.col("the place") == "it's")) == 1
    shares = {"Köln": 0.25, "a, b": 0.25, "it's": 0.25, "x:y": 0.25}
    assert len(f.project({up.col("the place"): shares})) == 1
    graph = [("my arm", "on the way"), ("on the way", "how much"), ("my arm", "how much")]
    assert len(f.with_graph(graph).mediate_effect("on the way")) > 3


def test_bayes(shop: Path) -> None:
    e = up.ExperimentData(shop, intent_to_treat="arm").add_metric("sales", ["device"])
    prior = "effect ~ normal(0, 5%)"
    wanted = up.call("effect", shop, itt="arm", metric="sales", covariates="device", posterior="robust", prior=prior)
    for given in (prior, [prior], {"effect": "normal(0, 5%)"}):
        same(e.fit(up.BayesianLinearRegression(prior=given)).infer_effect().rows, wanted.rows)
    nig = e.fit(up.BayesianLinearRegression(posterior="nig", prior="effect ~ normal(0, 1 sd)"))
    assert nig.infer_effect()["options"]["posterior"] == "nig"
    with pytest.raises(up.UpshotUsageError, match="not a model"):
        e.fit("linear")  # type: ignore[arg-type]


def test_policy(fit: up.Fit, shop: Path, tmp_path: Path) -> None:
    reward = fit.infer_reward(up.ContextVector(device="mobile", spend_before=50))
    rows = reward.tidy("dict")
    assert [r["arm"] for r in rows] == ["control", "diverse"] and rows[0]["estimate"] == 0
    assert rows[1]["std_error"] > 0
    decision = up.Policy(reward).decide()
    assert decision.arm in ("control", "diverse")
    assert sum(decision.probabilities.values()) == pytest.approx(1)
    assert up.Policy(reward).decide(decision.unit) == decision
    assert up.Policy(reward).decide(decision.unit, device="mobile", spend_before=50) == decision
    several = fit.infer_reward([{"device": d, "spend_before": 50} for d in ("mobile", "desktop")])
    assert len(several.rows) == 4
    assert [d.unit for d in up.Policy(several).decide_many(["a", "b"])] == ["a", "b"]
    assert len({d.unit for d in up.Policy(several).decide_many()}) == 2
    with pytest.raises(up.UpshotUsageError, match="2 contexts"):
        up.Policy(several).decide("u1")

    policy = fit.policy(context=["device"], floor=0.1)
    assert policy.inputs == ("device",) and policy.result is not None
    policy.save(tmp_path / "p.json")
    served = up.call("decide", tmp_path / "p.json", context=json.dumps({"unit": "u1", "device": "tablet"}))
    one = policy.decide("u1", {"device": "tablet"})
    assert one.arm == served.rows[0]["arm"] and one.propensity == served.rows[0]["propensity"]
    loaded = up.Policy.load(tmp_path / "p.json")
    assert loaded.to_dict() == policy.to_dict()
    many = loaded.decide_many(["u1", "u2", 3], [{"device": d} for d in ("tablet", "mobile", "desktop")])
    assert many[0] == one and many[2].unit == "3"
    assert loaded.probabilities(device="tablet") == one.probabilities
    assert min(one.probabilities.values()) >= 0.05
    assert fit.value(policy)["op"] == "value"
    assert fit.value(tmp_path / "p.json").rows == fit.value(policy).rows
    for wrong in ({"device": "watch"}, {}, {"device": None}):
        with pytest.raises(up.UpshotRefusal) as caught:
            policy.decide("u1", wrong)
        assert caught.value.code == "E_CONTEXT" and caught.value.field == "device"
    with pytest.raises(up.UpshotUsageError, match="no input"):
        policy.decide("u1", devise="mobile")
    with pytest.raises(up.UpshotUsageError, match="not a number"):
        up.Policy(fit).decide("u1", device="mobile", spend_before="much")
    with pytest.raises(up.UpshotUsageError, match="3 units but 1"):
        policy.decide_many([1, 2, 3], [{"device": "mobile"}])
    with pytest.raises(up.UpshotUsageError, match="takes no options"):
        up.Policy(tmp_path / "p.json", floor=0.1)
    with pytest.raises(up.UpshotError):
        up.Policy(tmp_path / "none.json")
    everyone = fit.policy(no_context=True)
    assert everyone.decide("u1").unit == "u1" and everyone.inputs == ()
    assert "thompson" in repr(everyone)


def test_the_other_questions(shop: Path, panel: Path) -> None:
    e = up.ExperimentData(shop, intent_to_treat="arm", unit="shopper").add_metric("sales", "device")
    assert e.describe()["op"] == "describe" and e.check()["op"] == "check"
    assert e.power(effect="2%")["op"] == "power" and e.fit().power(units=3000)["op"] == "power"
    weekly = up.ExperimentData(panel, intent_to_treat="arm", cluster_by="shopper").add_metric("sales")
    assert len(weekly.monitor("week", planned=2000)) >= 4
    assert up.power(baseline=45, sd=30, effect="2%")["op"] == "power"
    assert up.power(shop, metric="sales", effect="2%")["op"] == "power"
    assert up.describe(str(shop))["op"] == "describe"


def test_immutable(shop: Path) -> None:
    e = up.ExperimentData(shop, intent_to_treat="arm")
    one = e.add_metric("sales", ["device"])
    two = one.add_metric("orders", ["device", "country"], post="views").add_segment("device == 'mobile'")
    assert (e._metrics, one._metrics, two._metrics) == ((), ("sales",), ("sales", "orders"))
    assert two._covariates == ("device", "country") and one._covariates == ("device",)
    assert one._segments == () and e.with_graph("a -> b").graph == "a -> b" and e.graph is None
    with pytest.raises(AttributeError):
        e.unit = "shopper"  # type: ignore[misc]
    with pytest.raises(up.UpshotUsageError, match="two ways"):
        up.ExperimentData(shop, intent_to_treat="arm", cluster_by=["a", "b", "c"]).add_metric("y").fit()


def test_refusals_reach_the_chain(shop: Path) -> None:
    skewed = up.ExperimentData(shop, intent_to_treat="arm", expected_split={"control": 9, "diverse": 1})
    with pytest.raises(up.UpshotRefusal) as caught:
        skewed.add_metric("sales").fit()
    assert caught.value.code == "E_SRM"
    accepted = up.ExperimentData(
        shop, intent_to_treat="arm", expected_split={"control": 9, "diverse": 1}, accept="E_SRM"
    )
    notes = accepted.add_metric("sales").fit().infer_effect().notes
    assert any(n.code == "N_OVERRIDE" for n in notes)
    with pytest.raises(up.UpshotUsageError):
        up.ExperimentData(shop, intent_to_treat="arm").fit()


def test_the_private_capsule_is_nobody_elses_business(fit: up.Fit) -> None:
    effect = fit.infer_effect(by="device")
    assert effect["input"]["source"] == "@fit"
    for answer in (effect, effect.infer_rank(), fit.policy().result):
        assert answer is not None
        assert not any("@fit" in command or "/" in command for command in answer.next)
        assert "fit.parquet" not in answer.json and "Next:" not in answer.summary()
    assert not any("fit.parquet" in command for command in fit.result.next)
    again = fit.experiment.fit().infer_effect(by="device")
    assert again.to_json(full=True) == effect.to_json(full=True)  # the same question, the same bytes


def test_the_capsule_goes_with_the_last_object(shop: Path, tmp_path: Path) -> None:
    fit = up.ExperimentData(shop, intent_to_treat="arm").add_metric("sales").fit()
    capsule, effect = fit._capsule, fit.infer_effect()
    assert (capsule.parent.stat().st_mode & 0o77) == 0  # nobody else reads it
    del fit
    gc.collect()
    assert capsule.exists() and len(effect.infer_rank()) == 2
    effect._fit.save(tmp_path / "kept.parquet")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # it goes without a word
        del effect
        gc.collect()
    assert not capsule.exists() and not capsule.parent.exists()
    assert up.call("effect", tmp_path / "kept.parquet")["input"]["kind"] == "capsule"
