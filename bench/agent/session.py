#!/usr/bin/env python3
"""The six objectives by the Python package of Upshot.

usage: session.py OFFER.parquet STORE.parquet FOLDER
"""
import json
import pathlib
import sys

import upshot as up

DESIGN = dict(intent_to_treat="arm", propensity="propensity", cluster_by="household", unit="shopper")
COVARIATES = ["device", "country", "loyalty", up.factor("economy"), "spend_before", "visits_before"]
GRAPH = "arm -> {searches views sales}; searches -> {views sales}; views -> sales"

# 1 and 2. Households are offered an arm; the offer, those who take it, and everyone.
offer = (up.ExperimentData(sys.argv[1], treated="treated", **DESIGN)
         .add_metric("searches", COVARIATES).add_metric("sales").fit())
answers = {"check": offer.check(), "itt": offer.infer_effect(estimand="itt"),
           "late": offer.infer_effect(), "ate": offer.infer_effect(estimand="ate")}
# 3. Several metrics, narrower by covariates; an interval that holds at every look.
store = up.ExperimentData(sys.argv[2], time="week", **DESIGN)
sales = store.add_metric("sales", COVARIATES)
answers["adjusted"] = sales.add_metric("searches").add_metric("views").fit().infer_effect()
fit = sales.fit()
answers["anytime"] = fit.infer_effect(inference="anytime", planned=1000)
# 4. For whom and when, and the arm to play by device.
answers["device"] = fit.infer_effect(by="device")
answers["week"] = fit.infer_effect(over_time=True)
answers["policy"] = fit.policy(context="device", algorithm="argmax", floor=0).result
# 5. Why: serial mediation.
answers["paths"] = fit.with_graph(GRAPH).mediate_effect()
# 6. Elsewhere and later.
answers["elsewhere"] = fit.project({"device": {"desktop": 0.7, "mobile": 0.2, "tablet": 0.1}})
answers["later"] = fit.project(forward=2, over_time=True, rule="linear")
for name, answer in answers.items():
    pathlib.Path(sys.argv[3], name + ".out").write_text(json.dumps(answer.to_dict()))
