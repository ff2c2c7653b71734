#!/usr/bin/python3
"""Memory that runs out at any point of a server over HTTP: failing_memory.py FIXTURE

A request is then answered, refused or dropped; the server goes on, and leaves nothing behind."""

import http.client
import json
import re
import subprocess
import sys

import outside

HELLO = {"protocolVersion": "2025-11-25", "capabilities": {},
         "clientInfo": {"name": "a", "version": "1"}}
WAIT = {"name": "wait", "arguments": {"seconds": 0.02}, "_meta": {"progressToken": "t"}}
REQUESTS = [("initialize", HELLO), ("tools/call", WAIT), ("no/such", {})]


def ask(port, method, params):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
    try:
        c.request("POST", "/mcp", body, {
            "Content-Type": "application/json", "Mcp-Session-Id": "s", "Mcp-Method": method,
            "Accept": "application/json, text/event-stream"})
        r = c.getresponse()
        text = r.read().decode()
        status = r.status
    except (ConnectionError, http.client.HTTPException):
        return "dropped"
    finally:
        c.close()
    if text and r.getheader("Content-Type") == "application/json":
        json.loads(text)
    elif text and status == 200:
        assert re.match(r"(event: message\ndata: \{.*\}\n\n)+$", text), text
    return status


def session(fixture, fail_at):
    """The answers, and how many allocations there were."""
    process = subprocess.Popen(
        [fixture, "--http", "0"], stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
        env={**outside.ENVIRONMENT, "FAIL_AT": str(fail_at)}, preexec_fn=outside.die_with_us)
    told = process.stderr.readline()
    found = re.search(r":(\d+)/mcp", told)
    answers = [ask(int(found.group(1)), *r) for r in REQUESTS] if found else []
    if found:
        # One allocation fails: of two more requests at least one is served.
        last = [ask(int(found.group(1)), "ping", {}) for _ in range(2)]
        assert 200 in last, (fail_at, last)
        process.terminate()
    code = process.wait(timeout=20)
    rest = process.stderr.read()
    process.stderr.close()
    assert code == (0 if found else 1), (fail_at, code, told, rest)
    return answers, int(re.search(r"allocations: (\d+)", told + rest).group(1))


def main():
    answers, n = session(sys.argv[1], 0)
    assert answers == [200, 200, 200], answers
    assert n > 20
    seen = set()
    for fail_at in range(1, n + 1):
        answers, _ = session(sys.argv[1], fail_at)
        seen.update(answers)
    print(f"{n} allocations failed one by one; answers: {sorted(map(str, seen))}")
    assert 500 in seen


main()
