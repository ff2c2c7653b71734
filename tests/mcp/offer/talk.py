"""The paper's conversation with the program itself: six objectives on the simulated shop, over
the standard streams, in both eras and across two processes.
Usage: talk.py UPSHOT"""

import json
import os
import subprocess
import sys
import tempfile

UPSHOT = sys.argv[1]
MODERN = "io.modelcontextprotocol/"


class Server:
    def __init__(self, place, modern):
        self.modern = modern
        self.n = 0
        self.progress = 0
        self.process = subprocess.Popen(
            [UPSHOT, "mcp", "--allow", place, "--cache", os.path.join(place, "cache")],
            cwd=place, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if not modern:
            hello = self.ask("initialize", {
                "protocolVersion": "2025-11-25", "capabilities": {},
                "clientInfo": {"name": "talk", "version": "1"}})
            assert "design_" in hello["instructions"], hello
            self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def send(self, message):
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def ask(self, method, params):
        self.n += 1
        if self.modern:
            params = dict(params, _meta={
                MODERN + "protocolVersion": "2026-07-28",
                MODERN + "clientCapabilities": {}, "progressToken": self.n})
        self.send({"jsonrpc": "2.0", "id": self.n, "method": method, "params": params})
        while True:
            message = json.loads(self.process.stdout.readline())
            if message.get("method") == "notifications/progress":
                self.progress += 1
                continue
            assert message["id"] == self.n, message
            assert "result" in message, message
            return message["result"]

    def call(self, tool, **arguments):
        result = self.ask("tools/call", {"name": tool, "arguments": arguments})
        text = result["content"][0]["text"]
        assert not result.get("isError"), (tool, arguments, text)
        assert json.loads(text) == result["structuredContent"]
        return result["structuredContent"]

    def refused(self, code, tool, **arguments):
        result = self.ask("tools/call", {"name": tool, "arguments": arguments})
        assert result["isError"], (tool, arguments)
        text = result["content"][0]["text"]
        assert " " + code in text.splitlines()[0], text
        return text

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(60) == 0
        assert self.process.stdout.read() == ""


def same_as_program(answer, place):
    """agent.command prints the answer without agent."""
    lines = subprocess.run(
        answer["agent"]["command"].replace("upshot", UPSHOT, 1), shell=True, cwd=place,
        check=True, capture_output=True, text=True).stdout
    printed = json.loads(lines)
    rest = {k: v for k, v in answer.items() if k != "agent"}
    assert json.dumps(printed) == json.dumps(rest), answer["agent"]["command"]


def objectives(place, modern):
    s = Server(place, modern)
    tools = s.ask("tools/list", {})["tools"]
    assert {t["name"] for t in tools} >= {"describe_data", "declare_design", "fit"}
    seen = s.call("describe_data", source="shop.parquet")
    same_as_program(seen, place)
    design = s.call(
        "declare_design", source="shop.parquet", itt="arm", metric=["sales", "orders"],
        covariates=["device", "spend_before"])
    same_as_program(design, place)
    fit = s.call("fit", design=design["agent"]["design"])
    same_as_program(fit, place)
    handle = fit["agent"]["fit"]
    # 1 and 2: what changed, for whom
    effect = s.call("infer_effect", fit=handle)
    same_as_program(effect, place)
    by = s.call("infer_effect", fit=handle, by="device", metric=["sales"])
    same_as_program(by, place)
    assert all("adjusted_low" in row for row in by["rows"])
    s.close()
    s = Server(place, not modern)  # another process, the other era, the same handles
    # 3: which arm, and for whom
    rank = s.call("rank", fit=handle, metric=["sales"])
    same_as_program(rank, place)
    policy = s.call("rank", what="policy", fit=handle, reward="sales", context=["device"])
    same_as_program(policy, place)
    played = s.call("rank", what="decide", policy=policy["agent"]["policy"],
                    context=['{"unit": "u1", "device": "mobile"}'])
    assert played["rows"]
    # 4: why
    why = s.call("mediate", design=design["agent"]["design"], outcome="sales",
                 graph="arm -> {searches sales}; searches -> sales")
    same_as_program(why, place)
    # 5: will it hold elsewhere
    there = s.call("project", fit=handle, to=["device=mobile:0.7,desktop:0.3"])
    same_as_program(there, place)
    # 6: what to do next
    plan = s.call("plan_experiment", design=design["agent"]["design"], metric=["sales"],
                  effect="1%")
    same_as_program(plan, place)
    counted = there["agent"]["specifications"]
    assert counted["tried"] >= 6, counted
    more = s.call("guide", result=effect["agent"]["effect"])
    assert more["rows_total"] == effect["rows_total"]
    text = s.refused("E_SOURCE", "describe_data", source="/etc/passwd")
    assert "root" not in text
    read = s.ask("resources/read", {"uri": "upshot://effect/" + effect["agent"]["effect"]})
    assert json.loads(read["contents"][0]["text"])["headline"] == effect["headline"]
    prompt = s.ask("prompts/get", {"name": "audit_data", "arguments": {"data": "shop.parquet"}})
    assert "shop.parquet" in prompt["messages"][0]["content"]["text"]
    columns = s.ask("completion/complete", {
        "ref": {"type": "ref/prompt", "name": "analyze_experiment"},
        "argument": {"name": "metric", "value": "sal"},
        "context": {"arguments": {"data": "shop.parquet"}}})
    assert columns["completion"]["values"] == ["sales"]
    s.close()


def main():
    with tempfile.TemporaryDirectory() as place:
        place = os.path.realpath(place)
        subprocess.run(
            [UPSHOT, "simulate", "shop", "shop.parquet", "--units", "3000", "--seed", "5"],
            cwd=place, check=True, stdout=subprocess.DEVNULL)
        objectives(place, modern=False)
        objectives(place, modern=True)
    print("the conversation was held in both eras")


main()
