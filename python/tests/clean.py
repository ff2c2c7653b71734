"""The wheel alone, without any other package: a table of lists in, a decision out."""

import importlib.util
import pathlib

import upshot as up

assert importlib.util.find_spec("numpy") is None, "this environment is not clean"
assert "site-packages" in str(pathlib.Path(up.__file__))
up.simulate("shop", "shop.parquet", units=2000, force=True)
fit = up.ExperimentData("shop.parquet", intent_to_treat="arm").add_metric("sales", "device").fit()
effect = fit.infer_effect(by="device")
assert [row["condition"] for row in effect.tidy()], effect
rows = {"arm": ["a", "b"] * 50, "y": [i % 7 + i % 2 for i in range(100)]}
assert up.call("effect", rows, itt="arm", metric="y").rows[0]["n"] == 100
assert up.Policy(fit).decide("u1", device="mobile").arm in ("control", "diverse")
print(effect)
