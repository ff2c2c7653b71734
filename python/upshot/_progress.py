"""How far a long call is, in a notebook or on a terminal; nothing for calls that are short."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

_AFTER = 0.5  # seconds before anything is shown


class Silent:
    """Shows nothing."""

    def show(self, fraction: float) -> None:
        """Tells how far the call is, from 0 to 1."""

    def _begin(self) -> None: ...

    def _end(self) -> None: ...

    def __enter__(self) -> Silent:
        self._begin()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()


class _Bar(Silent):
    """A line that is written again and again, and removed at the end."""

    def __init__(self, verb: str) -> None:
        self.verb = verb
        self.start = time.monotonic()
        self.shown = False

    def line(self, fraction: float) -> str:
        full = round(20 * min(max(fraction, 0.0), 1.0))
        return f"upshot {self.verb}  [{'#' * full}{'.' * (20 - full)}] {fraction:4.0%}"

    def show(self, fraction: float) -> None:
        if time.monotonic() - self.start >= _AFTER:
            self.write(self.line(fraction))
            self.shown = True

    def write(self, line: str) -> None:
        sys.stderr.write(f"\r{line}")
        sys.stderr.flush()

    def _end(self) -> None:
        if self.shown:
            sys.stderr.write("\r" + " " * len(self.line(1.0)) + "\r")
            sys.stderr.flush()


class _Notebook(_Bar):
    """The same in the output of a cell."""

    handle: Any = None

    def write(self, line: str) -> None:
        from IPython.display import display

        content = {"text/plain": line}
        if self.handle is None:
            self.handle = display(content, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self.handle.update(content, raw=True)

    def _end(self) -> None:
        if self.handle is not None:
            self.handle.update({"text/plain": ""}, raw=True)


def _in_notebook() -> bool:
    shell = sys.modules.get("IPython")
    ip = shell.get_ipython() if shell is not None else None
    return ip is not None and hasattr(ip, "kernel")


def make(verb: str, wanted: bool | None) -> Silent:
    """The way to show progress here: nothing in scripts whose errors go to a file."""
    if wanted is False:
        return Silent()
    if _in_notebook():
        return _Notebook(verb)
    tty = sys.stderr is not None and sys.stderr.isatty()
    return _Bar(verb) if wanted or tty else Silent()
