"""In a real kernel: progress is displayed and goes away, and an interrupt stops the call."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from jupyter_client.manager import KernelManager

LONG = """
import upshot as up
from upshot import _progress
_progress._AFTER = 0.1
up.call("mediate", {path!r}, itt="arm", graph="arm -> searches -> sales; arm -> sales",
        interval="bootstrap", draws=1_000_000)
"""


def test_a_kernel(shop: Path) -> None:
    manager = KernelManager()
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        asked = client.execute(LONG.format(path=str(shop)))
        shown: list[str] = []
        stopped = 0.0
        failure = ""
        while True:
            message: dict[str, Any] = client.get_iopub_msg(timeout=60)
            content = message["content"]
            if message["parent_header"].get("msg_id") != asked:
                continue
            if message["msg_type"] in ("display_data", "update_display_data"):
                shown.append(content["data"]["text/plain"])
                if stopped == 0.0:
                    stopped = time.monotonic()
                    manager.interrupt_kernel()
            if message["msg_type"] == "error":
                failure = content["ename"]
            if message["msg_type"] == "status" and content["execution_state"] == "idle":
                break
        assert shown[0].startswith("upshot mediate  [") and shown[-1] == ""
        assert failure == "KeyboardInterrupt" and time.monotonic() - stopped < 10
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
