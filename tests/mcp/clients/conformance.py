#!/usr/bin/python3
"""The conformance suite of the protocol against a server of ours.

conformance.py REVISION SERVER...             what the revision requires, all of it
conformance.py REVISION --only A,B SERVER...  these scenarios, against upshot mcp
"""

import os
import re
import sys

import outside

# Scenarios that no revision scores, and that the test server does not offer: the extension for
# tasks, and headers that repeat arguments, for which no tool of ours asks (x-mcp-header).
NOT_OFFERED = re.compile(r"tasks-|http-custom-header-server-validation$")


def suite(url, *options):
    result = outside.run(
        [outside.NODE, outside.package("conformance", "dist", "index.js"),
         "server", "--url", url, *options])
    if "=== SUMMARY" in result.stdout:
        print(result.stdout[result.stdout.index("=== SUMMARY") :], flush=True)
    return result


def main():
    outside.need_node()
    revision, arguments = sys.argv[1], sys.argv[2:]
    only = []
    if arguments[0] == "--only":
        only, arguments = arguments[1].split(","), arguments[2:]
    failed = 0
    with outside.Serving(arguments) as server:
        if only:
            for scenario in only:
                result = suite(
                    server.url, "--scenario", scenario, "--spec-version", revision,
                    "--expected-failures", os.path.join(outside.HERE, "expected-upshot.yml"))
                passed = re.search(r"Passed: [1-9]\d*/\d+, \d+ failed, 0 warnings", result.stdout)
                print(scenario, passed.group(0) if passed else "")
                if result.returncode != 0 or passed is None:
                    print(re.sub(r"\x1b\[\d+m", "", result.stdout)[:4000])
                    failed = 1
        else:
            expected = os.path.join(outside.HERE, f"expected-{revision}.yml")
            options = ["--expected-failures", expected] if os.path.exists(expected) else []
            result = suite(server.url, "--requirements", revision, *options)
            expected_text = open(expected).read() if os.path.exists(expected) else ""
            known = set(re.findall(r"^  - (\S+)", expected_text, re.MULTILINE))
            found = set(re.findall(r"^✗ (\S+):", result.stdout, re.MULTILINE))
            new = {name for name in found - known if not NOT_OFFERED.match(name)}
            print("not expected:", ", ".join(sorted(new)) or "nothing")
            # A run that reached nothing must not look like one that found nothing.
            total = re.search(r"Total: (\d+) passed", result.stdout)
            failed = (
                result.returncode != 0 or new or total is None or int(total.group(1)) < 50)
    sys.exit(1 if failed else 0)


main()
