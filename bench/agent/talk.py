#!/usr/bin/env python3
"""The six objectives over the Model Context Protocol: what an agent says to `upshot mcp`, one tool
call at a time, carrying the handles that it is given.

usage: talk.py OFFER.parquet STORE.parquet FOLDER
"""
import json
import os
import subprocess
import sys
import tempfile

COVARIATES = ["device", "country", "loyalty", "factor(economy)", "spend_before", "visits_before"]
GRAPH = "arm -> {searches views sales}; searches -> {views sales}; views -> sales"
DESIGN = {"itt": "arm", "propensity": "propensity", "cluster": "household", "unit": "shopper",
          "covariates": COVARIATES}


class Agent:
    def __init__(self, data, cache, folder):
        self.server = subprocess.Popen(["upshot", "mcp", "--allow", data, "--cache", cache], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, text=True)
        self.folder, self.last = folder, 0
        self.count = {"calls": 0, "written": 0, "read": 0, "tools": 0}
        self.ask("initialize", {"protocolVersion": "2025-11-25", "capabilities": {},
                                "clientInfo": {"name": "bench", "version": "1"}})
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        self.count["tools"] = len(json.dumps(self.ask("tools/list", {}), separators=(",", ":"), ensure_ascii=False))

    def send(self, message):
        self.server.stdin.write(json.dumps(message) + "\n")
        self.server.stdin.flush()

    def ask(self, method, params):
        self.last += 1
        self.send({"jsonrpc": "2.0", "id": self.last, "method": method, "params": params})
        for line in self.server.stdout:
            answer = json.loads(line)
            if answer.get("id") == self.last:
                return answer["result"]
        sys.exit("talk.py: the server ended")

    def call(self, name, tool, **arguments):
        """One tool call. Its text, which an agent reads, goes to NAME.out."""
        result = self.ask("tools/call", {"name": tool, "arguments": arguments})
        text = result["content"][0]["text"]
        if result.get("isError"):
            sys.exit(f"talk.py: {tool}: {text}")
        self.count["calls"] += 1
        self.count["written"] += len(tool) + len(json.dumps(arguments))
        self.count["read"] += len(text)
        with open(os.path.join(self.folder, name + ".out"), "w", encoding="utf-8") as f:
            f.write(text)
        return result["structuredContent"]["agent"]

    def end(self):
        self.server.stdin.close()
        if self.server.wait() != 0:
            sys.exit("talk.py: the server failed")
        with open(os.path.join(self.folder, "count.json"), "w", encoding="utf-8") as f:
            json.dump(self.count, f)


def main():
    offer, store, folder = sys.argv[1:]
    with tempfile.TemporaryDirectory() as cache:
        a = Agent(os.path.dirname(offer), cache, folder)
        a.call("describe", "describe_data", source=offer)
        design = a.call("check", "declare_design", source=offer, treated="treated", metric=["searches", "sales"],
                        **DESIGN)["design"]
        fit = a.call("fit-offer", "fit", design=design)["fit"]
        a.call("itt", "infer_effect", fit=fit, estimand="itt")
        a.call("late", "infer_effect", fit=fit)
        a.call("ate", "infer_effect", fit=fit, estimand="ate")
        design = a.call("check-store", "declare_design", source=store, time="week", metric=["sales"],
                        **DESIGN)["design"]
        fit = a.call("fit-store", "fit", design=design, graph=GRAPH)["fit"]
        a.call("adjusted", "infer_effect", fit=fit)
        a.call("anytime", "infer_effect", fit=fit, metric=["sales"], inference="anytime", planned=1000)
        a.call("device", "infer_effect", fit=fit, metric=["sales"], by="device")
        a.call("week", "infer_effect", fit=fit, metric=["sales"], over_time=True)
        a.call("policy", "rank", what="policy", fit=fit, reward="sales", context=["device"], algorithm="argmax", floor=0)
        a.call("paths", "mediate", fit=fit, graph=GRAPH, options=["metric=sales"])
        a.call("elsewhere", "project", fit=fit, metric=["sales"], to=["device=desktop:0.7,mobile:0.2,tablet:0.1"])
        a.call("later", "project", fit=fit, metric=["sales"], forward=2, rule="linear", options=["over_time=true"])
        a.end()


if __name__ == "__main__":
    main()
