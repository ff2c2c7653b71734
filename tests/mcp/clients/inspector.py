#!/usr/bin/python3
"""The Inspector of the protocol, at its strictest, in each era and over both transports.

inspector.py --fixture FIXTURE    the test server
inspector.py UPSHOT               upshot mcp, with data that upshot simulates
"""

import json
import os
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
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
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
            command, tool, arguments, least = [sys.argv[2]], "wait", {"seconds": 0.1}, 15
        else:
            upshot = sys.argv[1]
            subprocess.run([upshot, "simulate", "shop", os.path.join(home, "shop.parquet"),
                            "--units", "2000"], check=True, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
            command = [upshot, "mcp", "--allow", home, "--cache", os.path.join(home, "cache")]
            tool, arguments, least = "describe_data", {"source": "shop.parquet"}, 5
        # The Inspector takes the options of the server for its own without a shell between.
        script = os.path.join(home, "serve")
        with open(script, "w") as f:
            f.write("#!/bin/sh\nexec " + " ".join(f"'{c}'" for c in command) + ' "$@"\n')
        os.chmod(script, 0o755)
        look(home, [script], tool, arguments, least)
        with outside.Serving([script, "--http", "0"]) as server:
            look(home, ["--server-url", server.url], tool, arguments, least)


main()
