"""One call of the library: a verb and its options in, a result out.

In the main thread the library works in a thread of its own while this one waits, so that
Ctrl-C is seen at once; the wish to stop and the progress pass through memory (up_watch), and
no thread of the library ever enters the interpreter.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any, TypeVar

from . import _native, _progress
from ._errors import UpshotWarning, failure, text_of, usage
from ._expr import Expression
from ._native import UpArgument, UpError, UpNamedSource, UpOption, UpRun, UpWatch, lib
from ._result import Result
from ._source import File, Table, is_table, open_source, plain

__all__ = ["call", "verbs"]

_R = TypeVar("_R", bound=Result)


def _options_of(verb: str) -> list[UpOption]:
    found = lib.up_catalog_find(verb.encode())
    options: list[UpOption] = []
    while found and found.contents.options[len(options)].name:
        options.append(found.contents.options[len(options)])
    return options


def option_names(verb: str) -> set[str]:
    """The names of a verb's options, as keywords."""
    return {text_of(o.name).replace("-", "_") for o in _options_of(verb)}


def verbs() -> list[str]:
    """The names of all verbs, in the order of the help."""
    names: list[str] = []
    while lib.up_catalog_verb(len(names)):
        names.append(text_of(lib.up_catalog_verb(len(names)).contents.name))
    return names


_ROWS = ("source", "target")  # the options that name rows


class _Request:
    """Names and values as text, and what is lent to the library by name."""

    def __init__(self) -> None:
        self.arguments: list[tuple[str, str]] = []
        self.lent: list[tuple[str, Table | File]] = []

    def _lend(self, name: str, value: Any) -> str:
        if isinstance(value, File):
            self.lent.append((value.name, value))
            return value.name
        if name not in _ROWS:
            raise usage(
                f"{name} is a {type(value).__name__}, but takes no rows",
                f"upshot.help() tells what {name} takes",
                name,
            )
        lent = "@frame" if name == "source" else f"@{name}"
        table = open_source(value)
        assert isinstance(table, Table)
        self.lent.append((lent, table))
        return lent

    def add(self, name: str, value: Any) -> None:
        if value is None:
            return
        if isinstance(value, File) or is_table(value):
            value = self._lend(name, value)
        value = plain(value)
        if isinstance(value, (list, tuple, set, frozenset)):
            for item in sorted(value) if isinstance(value, (set, frozenset)) else value:
                self.add(name, item)
        else:
            self.arguments.append((name, _as_text(name, value)))


def _as_text(name: str, value: Any) -> str:
    """One value as the text that a command line would carry."""
    if isinstance(value, Expression):
        return value.text
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, os.PathLike)):
        return str(os.fspath(value))
    if isinstance(value, (int, float)):
        return repr(value)
    raise usage(
        f"{name} is a {type(value).__name__}, which is no text, number, truth value or list",
        "give a text, a number, True or False, a list of them, or a table for rows",
        name,
    )


def _request(verb: str, positional: tuple[Any, ...], options: dict[str, Any]) -> _Request:
    places = [text_of(o.name) for o in _options_of(verb) if o.positional]
    q = _Request()
    if len(positional) > len(places):
        raise usage(
            f"{verb} takes {len(places)} values without a name, not {len(positional)}",
            f"name the options; upshot.help({verb!r}) lists them",
        )
    for name, value in zip(places, positional):
        q.add(name, value)
    for name, value in options.items():
        q.add(name.rstrip("_"), value)
    return q


# ---- running ----


class _Job:
    """A call under way: everything that has to live until it ends."""

    def __init__(self, verb: str, q: _Request) -> None:
        self.verb = verb
        self.watch = UpWatch(0, 0.0)
        self.error = UpError()
        self.out = ctypes.c_void_p()
        self.status = -1
        self._lent = q.lent
        for _, value in q.arguments:
            if "\0" in value:
                raise usage("a value holds a NUL character")
        self._arguments = (UpArgument * max(len(q.arguments), 1))(
            *(UpArgument(name.encode(), value.encode()) for name, value in q.arguments)
        )
        self._n = len(q.arguments)
        self._named = (UpNamedSource * max(len(q.lent), 1))(
            *(
                UpNamedSource(name.encode(), None, os.fsencode(given.path))
                if isinstance(given, File)
                else UpNamedSource(name.encode(), given.pointer, None)
                for name, given in q.lent
            )
        )
        self._run = UpRun(
            struct_size=ctypes.sizeof(UpRun),
            progress=_native.progress_pointer,
            should_stop=_native.should_stop_pointer,
            user=ctypes.addressof(self.watch),
            sources=self._named,
            n_sources=len(q.lent),
        )

    def work(self) -> None:
        self.status = lib.up_call(
            self.verb.encode(),
            self._arguments,
            self._n,
            ctypes.byref(self._run),
            ctypes.byref(self.out),
            ctypes.byref(self.error),
        )

    def take(self, kind: type[_R]) -> _R:
        if self.status != 0:
            raise failure(self.error, self.verb)
        assert self.out.value is not None
        return kind(self.out.value)

    def drop(self) -> None:
        """Frees a result that nobody will see."""
        if self.status == 0:
            lib.up_result_free(self.out)


@contextlib.contextmanager
def _stopping(job: _Job, worker: threading.Thread) -> Iterator[None]:
    """An exception in the waiting thread (Ctrl-C) stops the call before it goes on."""
    try:
        yield
    except BaseException:
        job.watch.stop = 1
        while worker.is_alive():
            with contextlib.suppress(KeyboardInterrupt):
                worker.join()
        job.drop()
        raise


def _run_and_wait(job: _Job, progress: bool | None) -> None:
    done = threading.Event()

    def work() -> None:
        try:
            job.work()
        finally:
            done.set()

    worker = threading.Thread(target=work, name=f"upshot {job.verb}", daemon=True)
    bar = _progress.make(job.verb, progress)
    with _stopping(job, worker), bar:
        worker.start()
        while not done.wait(0.1):
            bar.show(job.watch.fraction)
        worker.join()


def _warn(result: Result) -> None:
    """Warnings of a result as Python warnings, shown where our caller stands."""
    level = 2
    while sys._getframe(level - 1).f_globals.get("__package__") == __package__:
        level += 1
    for note in json.loads(result.json).get("warnings", []):
        if note["severity"] == "warning":
            warnings.warn(f"{note['code']}: {note['text']}", UpshotWarning, stacklevel=level)


def run(
    kind: type[_R],
    verb: str,
    positional: tuple[Any, ...],
    options: dict[str, Any],
    progress: bool | None = None,
) -> _R:
    """Carries out a verb; the result is an object of the given class."""
    job = _Job(verb, _request(verb, positional, options))
    if threading.current_thread() is threading.main_thread():
        _run_and_wait(job, progress)
    else:
        job.work()
    result = job.take(kind)
    _warn(result)
    return result


def call(verb: str, /, *positional: Any, progress: bool | None = None, **options: Any) -> Result:
    """Carries out a verb of the catalog: what ``upshot VERB`` does, with the same answer.

    Options are keywords with ``_`` for ``-`` (and a trailing ``_`` where the name is a word of
    Python); their names and values are checked by the catalog itself. A list repeats an
    option, True sets a flag, None leaves an option out. Wherever rows are asked for, a table
    in memory may be given (see :data:`upshot.Source`); the answer calls it ``@frame``.

    ``progress`` shows how far a long call is; without it, in notebooks and on terminals.

    Raises :class:`UpshotUsageError` for a request that is not valid, :class:`UpshotRefusal`
    where the answer would mislead, :class:`UpshotError` for everything else.

    >>> call("effect", "shop.parquet", itt="arm", metric=["sales"], by="device")
    """
    return run(Result, verb, positional, options, progress)
