#!/usr/bin/python3
"""Both official clients against the test server: connect, list, read, call, progress, cancel.

sdk.py http|stdio FIXTURE
"""

import os
import sys

import outside

CLIENTS = [("v1", "legacy"), ("v2", "legacy"), ("v2", "auto"), ("v2", "2026-07-28")]


def client(*arguments):
    script = os.path.join(outside.HERE, "sdk.cjs")
    result = outside.run([outside.NODE, script, outside.MODULES, *arguments], seconds=60)
    print(result.stdout, end="", flush=True)
    return result.returncode


def main():
    outside.need_node()
    transport, fixture = sys.argv[1:]
    failed = 0
    for line, era in CLIENTS:
        if transport == "http":
            with outside.Serving([fixture, "--http", "0"]) as server:
                failed |= client(line, era, transport, server.url)
        else:
            failed |= client(line, era, transport, fixture)
    sys.exit(1 if failed else 0)


main()
