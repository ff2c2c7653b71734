#!/usr/bin/python3
"""The Inspector of the protocol, at its strictest, in each era and over both transports.

inspector.py --fixture FIXTURE    the test server
inspector.py UPSHOT               upshot mcp, with data that upshot simulates
"""

import json
import subprocess
import sys
import tempfile

import outside

ERAS = ["legacy", "auto", "modern"]


def inspect(home, target, era, *options):
    """The result that the Inspector printed."""
    command = [outside.NODE, outside.package("inspector", "clients", "launcher", "build",
               "index.js"), "--cli", *target, "--protocol-era", era, "--format", "json",
               *options]
    result = subprocess.run(
        command, env={**outside.ENVIRONMENT, "HOME": home}, cwd=home,
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
        preexec_fn=outside.die_with_us)
    if result.returncode != 0:
        print(" ".join(options), "ended with", result.returncode)
        print(result.stdout[-2000:], result.stderr[-4000:])
        sys.exit(1)
    return json.loads(result.stdout)["result"], result.stderr


def look(home, target, tool, arguments, least):
    for era in ERAS:
        listed, complaints = inspect(
            home, target, era, "--method", "tools/list", "--strict")
        assert len(listed["tools"]) >= least, listed
        called, _ = inspect(home, target, era, "--method", "tools/call", "--tool-name", tool,
                            "--tool-args-json", json.dumps(arguments))
        assert called.get("structuredContent"), called
        assert not called.get("isError"), called
        print(f"{era}: {len(listed['tools'])} tools, {tool} answered", complaints, flush=True)


def main():
    outside.need_node()
    with tempfile.TemporaryDirectory() as home:
        if sys.argv[1] == "--fixture":
            script, tool, arguments, least = sys.argv[2], "wait", {"seconds": 0.1}, 15
        else:
            script = outside.serve_shop(sys.argv[1], home)
            tool, arguments, least = "describe_data", {"source": "shop.parquet"}, 5
        look(home, [script], tool, arguments, least)
        with outside.Serving([script, "--http", "0"]) as server:
            look(home, ["--server-url", server.url], tool, arguments, least)


main()
