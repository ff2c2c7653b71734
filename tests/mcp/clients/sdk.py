#!/usr/bin/python3
"""Both official clients: connect, list, read, call, progress, cancel.

sdk.py http|stdio --fixture FIXTURE    against the test server
sdk.py http|stdio UPSHOT               against upshot mcp, from a file to an effect
"""

import os
import sys
import tempfile

import outside

CLIENTS = [("v1", "legacy"), ("v2", "legacy"), ("v2", "auto"), ("v2", "2026-07-28")]


def client(*arguments):
    script = os.path.join(outside.HERE, "sdk.cjs")
    result = outside.run([outside.NODE, script, outside.MODULES, *arguments], seconds=60)
    print(result.stdout, end="", flush=True)
    return result.returncode


def main():
    outside.need_node()
    transport = sys.argv[1]
    fixture = sys.argv[2] == "--fixture"
    scene = "fixture" if fixture else "upshot"
    failed = 0
    with tempfile.TemporaryDirectory() as home:
        command = [sys.argv[3]] if fixture else [outside.serve_shop(sys.argv[2], home)]
        for line, era in CLIENTS:
            if transport == "http":
                with outside.Serving([*command, "--http", "0"]) as server:
                    failed |= client(scene, line, era, transport, server.url)
            else:
                failed |= client(scene, line, era, transport, *command)
    sys.exit(1 if failed else 0)


main()
