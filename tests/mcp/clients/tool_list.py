#!/usr/bin/python3
"""The list of tools as clients meet it: rules that keep it portable, and its length.

    tool_list.py UPSHOT    upshot mcp keeps them
    tool_list.py --fixture FIXTURE    the test server, which breaks them on purpose, is found out

One tool that breaks a rule may cost a client all tools of a server; the rules are what known
clients and model interfaces refuse (docs/mcp.md)."""

import json
import re
import subprocess
import sys

import outside

# A token is taken for four characters, which is what the tokenizers of two public models count
# in our list (within 4 %).
MOST_TOKENS = 6000
MOST_LEVELS = 3
COMPOSITION = ["oneOf", "anyOf", "allOf", "not", "if", "then", "else"]
REFERENCES = ["$ref", "$defs", "$dynamicRef", "$anchor", "definitions"]


def tool_list(command):
    """The result of tools/list, as it stands on the wire."""
    meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {}}
    ask = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": meta}}
    result = subprocess.run(
        command, input=json.dumps(ask) + "\n", stdout=subprocess.PIPE, text=True,
        env=outside.ENVIRONMENT, timeout=60, check=True)
    return result.stdout


def schema_faults(schema, where, level=0):
    if not isinstance(schema, dict):
        yield f"{where}: the schema is not an object"
        return
    if level > MOST_LEVELS:
        yield f"{where}: more than {MOST_LEVELS} levels"
    for word in REFERENCES + COMPOSITION:
        if word in schema:
            yield f"{where}: {word}"
    kind = schema.get("type")
    if not isinstance(kind, str) and not (where.startswith("output") and level > 0):
        yield f"{where}: type {kind!r} is not one name"
    for choice in schema.get("enum", []):
        if not isinstance(choice, str):
            yield f"{where}: the choice {choice!r} is not a text"
    if kind in ("number", "integer") and not where.startswith("output"):
        if not {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"} & set(schema):
            yield f"{where}: a number without a bound"
    properties = schema.get("properties", {})
    for name in schema.get("required", []):
        if name not in properties:
            yield f"{where}: requires {name}, which it does not have"
    for name, inner in properties.items():
        at = f"{where}.{name}"
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,63}", name):
            yield f"{at}: not a name that every client takes"
        if where.startswith("input") and not inner.get("description"):
            yield f"{at}: no description"
        yield from schema_faults(inner, at, level + 1)
    if "items" in schema:
        yield from schema_faults(schema["items"], where + "[]", level + 1)
    elif kind == "array" and where.startswith("input"):
        yield f"{where}: an array of nobody knows what"


def tool_faults(tool):
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", tool["name"]):
        yield "not a name that every client takes"
    if not tool.get("title") or len(tool.get("description", "")) < 20:
        yield "no title or no description"
    hints = tool.get("annotations", {})
    # What a tool destroys, or does twice, is asked only of one that writes.
    writes = [] if hints.get("readOnlyHint") else ["destructiveHint", "idempotentHint"]
    for hint in ["readOnlyHint", "openWorldHint", *writes]:
        if not isinstance(hints.get(hint), bool):
            yield f"no {hint}"
    for side in ["input", "output"]:
        schema = tool.get(side + "Schema", {})
        if schema.get("type") != "object":
            yield f"{side}: not an object"
        yield from schema_faults(schema, side)
    if tool["inputSchema"].get("additionalProperties") is not False:
        yield "input: takes properties that it does not know"


def faults(tools):
    names = [t["name"] for t in tools]
    if len(set(names)) != len(names):
        yield "two tools have one name"
    if not 5 <= len(names) <= 12:
        yield f"{len(names)} tools"
    for tool in tools:
        for fault in tool_faults(tool):
            yield f"{tool['name']}: {fault}"


def main():
    fixture = sys.argv[1] == "--fixture"
    command = [sys.argv[2]] if fixture else [sys.argv[1], "mcp"]
    text = tool_list(command)
    tools = json.loads(text)["result"]["tools"]
    found = list(faults(tools))
    tokens = len(text) / 4
    print(f"{len(tools)} tools, {len(text)} characters, about {tokens:.0f} tokens")
    print("\n".join(found if not fixture else found[-6:]))
    if fixture:
        needed = ["$ref", "allOf", "$defs", "no title", "no readOnlyHint", "output: not an"]
        missed = [n for n in needed if not any(n in f for f in found)]
        print("not found:", ", ".join(missed) or "nothing")
        sys.exit(1 if missed else 0)
    again = tool_list(command)
    if again != text:
        print("the list is not the same twice")
    sys.exit(1 if found or tokens >= MOST_TOKENS or again != text else 0)


main()
