"""How results look in notebooks."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._result import Result


def mimebundle(result: Result) -> dict[str, Any]:
    """The page of the program, for front ends that read text or HTML."""
    page = result.summary()
    return {"text/plain": page, "text/html": f"<pre>{html.escape(page)}</pre>"}
