"""Failures as exceptions: each has a stable code, the reason, and what to do next."""

from __future__ import annotations

import ctypes
import json
from typing import Any

from . import _native
from ._native import UpError, lib

__all__ = ["UpshotError", "UpshotRefusal", "UpshotUsageError", "UpshotWarning"]


class UpshotWarning(UserWarning):
    """A note of severity ``warning`` that travels with a result."""


class UpshotError(Exception):
    """A call that failed: the data cannot be read, the output cannot be written, or the like.

    ``code`` is stable (``upshot.explain(code)`` tells what it means), ``reason`` is one line
    with the numbers, ``field`` the option or column at fault or ``""``, ``fix`` the next valid
    step, ``json`` the object that every door prints for this failure, byte for byte.
    """

    def __init__(
        self, code: str, reason: str, *, field: str = "", fix: str = "", json: str = ""
    ) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason
        self.field = field
        self.fix = fix
        self.json = json

    def __str__(self) -> str:
        place = f" {self.field}" if self.field else ""
        what = f"{self.code}{place}: {self.reason}"
        lines = self.fix.replace("\n", "\n      ")  # a caret stays below its place
        return f"{what}\n  Do: {lines}" if self.fix else what

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.code, self.reason, self.field, self.fix, self.json)

    def to_dict(self) -> dict[str, Any]:
        """The failure as every door tells it: ok, op, code, field, message, fix."""
        if self.json:
            made: dict[str, Any] = json.loads(self.json)
            return made
        return {
            "ok": False,
            "op": "",
            "code": self.code,
            "field": self.field,
            "message": self.reason,
            "fix": self.fix,
        }


class UpshotUsageError(UpshotError, ValueError):
    """The request is not valid: an option, a value, an expression or a column is not there."""


class UpshotRefusal(UpshotError):
    """The question has no answer that would not mislead; ``fix`` is the next valid call."""


def _rebuild(
    kind: type[UpshotError], code: str, reason: str, field: str, fix: str, text: str
) -> UpshotError:
    return kind(code, reason, field=field, fix=fix, json=text)


def _kind(status: int) -> type[UpshotError]:
    exit_code = int(lib.up_status_exit_code(status))
    kinds: dict[int, type[UpshotError]] = {2: UpshotUsageError, 4: UpshotRefusal}
    return kinds.get(exit_code, UpshotError)


def text_of(value: bytes | None) -> str:
    """Texts of the library are UTF-8; what a file put into them may not be."""
    return value.decode("utf-8", "replace") if value else ""


def take_text(pointer: ctypes.c_void_p) -> str:
    """A text that the library made for us; it is freed."""
    try:
        return text_of(ctypes.string_at(pointer.value) if pointer.value else None)
    finally:
        lib.up_text_free(pointer)


def failure(error: UpError, verb: str = "") -> UpshotError:
    """The exception of a failed call."""
    text = ctypes.c_void_p()
    told = lib.up_error_json(verb.encode(), ctypes.byref(error), ctypes.byref(text), None)
    return _kind(error.status)(
        text_of(lib.up_status_name(error.status)),
        text_of(error.message),
        field=text_of(error.field),
        fix=text_of(error.fix),
        json=take_text(text) if told == 0 else "",
    )


def usage(reason: str, fix: str = "", field: str = "") -> UpshotUsageError:
    """A request that cannot be put into words that the library takes."""
    return UpshotUsageError("E_USAGE", reason, field=field, fix=fix)


def check(status: int, error: _native.UpError, verb: str = "") -> None:
    """Raises when a call of the library has failed."""
    if status != 0:
        raise failure(error, verb)
