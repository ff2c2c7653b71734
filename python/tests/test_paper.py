"""The calls of the paper, as they are printed there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import upshot as up


@pytest.fixture(autouse=True)
def beside_the_data(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shop.parent)
    assert os.path.exists("shop.parquet")


def test_the_six_objectives() -> None:
    model = (
        up.ExperimentData("shop.parquet", intent_to_treat="arm")
        .add_metric(y="sales", exogenous_covariates=["device", "spend_before"])
        .fit(up.LinearModel)
    )
    effect = model.infer_effect(condition_on=["device == 'desktop'"])
    assert len(effect) == 1 and effect.rows[0]["segment"] == "device == 'desktop'"
    assert len(effect.infer_rank()) == 2
    assert len(model.with_graph("arm -> searches -> sales; arm -> sales").mediate_effect("searches")) > 3
    assert len(model.project({"device": {"mobile": 0.5, "desktop": 0.5}})) == 1
    reward = model.infer_reward(up.ContextVector(device="mobile", spend_before=60))
    assert up.Policy(reward).decide().arm in ("control", "diverse")


def test_noncompliance(tmp_path: Path) -> None:
    path = str(tmp_path / "encouraged.parquet")
    up.simulate("shop", path, units=3000, noncompliance="one-sided", clusters=600)
    model = (
        up.ExperimentData(path, intent_to_treat="arm", treated="treated", cluster_by="household")
        .add_metric(y="sales", exogenous_covariates=["device"])
        .fit(up.LinearModel)
    )
    assert model.infer_effect().rows[0]["estimand"] == "late"
    assert model.infer_effect(estimand="itt").rows[0]["estimand"] == "itt"
