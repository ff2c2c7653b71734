"""What a verb answers: the library's result with views of it that Python users expect."""

from __future__ import annotations

import ctypes
import json
import threading
import weakref
from typing import Any, Literal, NamedTuple

from . import _display
from ._errors import check, take_text, text_of
from ._native import ArrowArrayStream, UpChartOpts, UpError, lib

__all__ = ["Note", "Result"]


class Note(NamedTuple):
    """A remark that travels with a number: what was assumed, dropped or doubtful."""

    code: str
    severity: str
    field: str
    number: float | None
    threshold: float | None
    text: str


# The columns of tidy(), in the order and with the names of broom, and where they come from.
_TIDY = {
    "term": "metric",
    "arm": "arm",
    "against": "against",
    "condition": "segment",
    "period": "period",
    "estimand": "estimand",
    "estimate": "estimate",
    "std_error": "std_error",
    "statistic": "statistic",
    "p_value": "p_value",
    "conf_low": "conf_low",
    "conf_high": "conf_high",
    "n": "n",
}


def _frame(rows: list[dict[str, Any]], columns: list[str], backend: str | None) -> Any:
    """Rows as a table of the library that is wanted, or of the first that is installed."""
    table = {c: [row.get(c) for row in rows] for c in columns}
    for name in [backend] if backend else ["pandas", "polars", "pyarrow"]:
        try:
            if name == "pandas":
                import pandas

                return pandas.DataFrame(table, columns=columns)
            if name == "polars":
                import polars

                return polars.DataFrame(table, infer_schema_length=None)
            if name == "pyarrow":
                import pyarrow

                return pyarrow.table(table)
            if name == "dict":
                break
            raise ValueError(f"backend is {name!r}, not pandas, polars, pyarrow or dict")
        except ImportError:
            if backend:
                raise
    return [{c: row.get(c) for c in columns} for row in rows]


class Result:
    """The answer of a verb. Immutable.

    ``print(result)`` shows what the program shows. The numbers are in ``rows`` (every digit),
    ``tidy()`` and, for anything that reads Arrow, ``__arrow_c_stream__``. What must be said
    with them is in ``notes``.
    """

    #: names that only this process knows, such as that of the capsule behind a Fit
    _private: tuple[str, ...] = ()

    def __init__(self, pointer: int) -> None:
        self._pointer = pointer
        self._lock = threading.Lock()  # the library makes its texts when first asked
        self._free = weakref.finalize(self, lib.up_result_free, pointer)
        self._parsed: dict[str, Any] | None = None

    # ---- texts, as every door gives them ----

    @property
    def json(self) -> str:
        """One JSON object, as ``upshot VERB --json`` prints it, byte for byte."""
        return self.to_json()

    def to_json(self, *, full: bool = False) -> str:
        """The JSON; with ``full`` all rows and every digit."""
        with self._lock:
            return self._text(lib.up_result_json(self._pointer, int(full)))

    def to_csv(self) -> str:
        """The rows as CSV, every digit."""
        with self._lock:
            return self._text(lib.up_result_csv(self._pointer))

    def summary(self, *, width: int = 80, unicode: bool = True) -> str:
        """The page that the program prints."""
        with self._lock:
            made = lib.up_result_text(self._pointer, int(width), int(unicode), 0)
            page = self._text(made).rstrip("\n")
        if self._private and not self.next:
            page = page.rpartition("\n\nNext: ")[0] or page
        return page

    @staticmethod
    def _text(made: bytes | None) -> str:
        if made is None:
            raise MemoryError("upshot: memory ran out")
        return text_of(made)

    # ---- parts ----

    def _all(self) -> dict[str, Any]:
        if self._parsed is None:
            self._parsed = json.loads(self.to_json(full=True))
        return self._parsed

    def to_dict(self, *, full: bool = True) -> dict[str, Any]:
        """The JSON object as a dictionary: all rows and every digit, unless ``full`` is False."""
        made: dict[str, Any] = json.loads(self.to_json(full=full))
        return made

    @property
    def op(self) -> str:
        """The verb that was carried out."""
        return str(self._all()["op"])

    @property
    def headline(self) -> str:
        """One sentence that a business person can read."""
        return str(self._all()["headline"])

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows, every digit; None where a number does not exist."""
        return [dict(row) for row in self._all().get("rows", [])]

    @property
    def notes(self) -> list[Note]:
        """What must be said with the numbers; ``upshot.explain(note.code)`` tells more."""
        return [Note(**note) for note in self._all().get("warnings", [])]

    @property
    def next(self) -> list[str]:
        """Commands of the program that would be sensible now."""
        commands = [str(command) for command in self._all().get("next", [])]
        return [c for c in commands if not any(name in c for name in self._private)]

    @property
    def files(self) -> list[str]:
        """Files that were written."""
        return list(self._all().get("files", []))

    @property
    def text(self) -> str:
        """The page of a verb that answers with one (guide, explain, version), else ``""``."""
        return str(self._all().get("text", ""))

    def __getitem__(self, name: str) -> Any:
        """A member of the JSON object, e.g. ``result["design"]``."""
        return self._all()[name]

    def __len__(self) -> int:
        return len(self._all().get("rows", []))

    def __bool__(self) -> bool:
        return True

    # ---- tables ----

    def tidy(self, backend: str | None = None) -> Any:
        """One row per estimate, with the column names of broom where they apply.

        ``backend`` is ``"pandas"``, ``"polars"``, ``"pyarrow"`` or ``"dict"`` (a list of
        dictionaries); without it the first of these that is installed. Answers that are no
        estimates have the columns of their rows.
        """
        rows = self.rows
        names = list(rows[0]) if rows else []
        if "estimate" not in names:
            return _frame(rows, names, backend)
        taken = {new: old for new, old in _TIDY.items() if old in names}
        if "term" in names:  # coefficients have terms of their own
            taken = {"metric": "metric", **taken, "term": "term"}
        rest = [name for name in names if name not in taken.values()]
        renamed = [
            {**{new: row[old] for new, old in taken.items()}, **{k: row[k] for k in rest}}
            for row in rows
        ]
        return _frame(renamed, list(taken) + rest, backend)

    def glance(self, backend: str | None = None) -> Any:
        """One row about the answer as a whole: verb, estimand, rows, level, notes, version."""
        made = self._all()
        options, given = made.get("options", {}), made.get("input", {})
        row = {
            "op": made["op"],
            "headline": made["headline"],
            "rows": made.get("rows_total", len(self)),
            "n": given.get("rows"),
            "level": options.get("level"),
            "vcov": options.get("vcov"),
            "inference": options.get("inference"),
            "estimand": made.get("estimand"),
            "notes": " ".join(note.code for note in self.notes),
            "version": made["version"],
        }
        return _frame([row], list(row), backend)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The rows as an Arrow C stream, for polars, pyarrow, DuckDB, pandas and others."""
        stream, error = ArrowArrayStream(), UpError()
        check(
            lib.up_result_arrow(self._pointer, ctypes.byref(stream), ctypes.byref(error)),
            error,
        )
        return _capsule_of(stream)

    # ---- display ----

    @property
    def chart_kinds(self) -> list[str]:
        """The kinds of chart that show this result; the first is the default of ``plot()``."""
        kinds: list[str] = []
        while (kind := lib.up_result_chart_kind(self._pointer, len(kinds))) is not None:
            kinds.append(text_of(kind))
        return kinds

    def plot(
        self,
        kind: str | None = None,
        *,
        scale: Literal["auto", "absolute", "relative"] = "auto",
        width: int | None = None,
    ) -> _display.Chart:
        """Draws the result; a notebook shows what this gives.

        ``kind`` is one of ``chart_kinds``. ``scale`` says whether effects are in the unit of
        the metric or shares of control; ``"auto"`` takes shares where several metrics share an
        axis. ``width`` is that of the plot in pixels, without its labels.
        """
        scales = ("auto", "absolute", "relative")
        if scale not in scales:
            raise ValueError(f"scale is {scale!r}, not {', '.join(scales)}")
        opts = UpChartOpts(ctypes.sizeof(UpChartOpts), scales.index(scale), width or 0)
        made, error = ctypes.c_void_p(), UpError()
        name = None if kind is None else kind.encode()
        check(
            lib.up_result_chart(
                self._pointer, name, ctypes.byref(opts), ctypes.byref(made), ctypes.byref(error)
            ),
            error,
        )
        return _display.Chart(take_text(made))

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        return f"<upshot {self.op}: {self.headline}>"

    def _repr_mimebundle_(
        self, include: object | None = None, exclude: object | None = None
    ) -> dict[str, Any]:
        return _display.mimebundle(self)


# ---- a stream as a capsule ----

_api = ctypes.pythonapi
_Destructor = ctypes.PYFUNCTYPE(None, ctypes.c_void_p)
_Release = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_new_capsule = _api.PyCapsule_New
_new_capsule.restype = ctypes.py_object
_new_capsule.argtypes = [ctypes.c_void_p, ctypes.c_char_p, _Destructor]
# By address: a capsule that is being destroyed must not be counted up again.
_pointer_in = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p)(
    ("PyCapsule_GetPointer", _api)
)
_NAME = b"arrow_array_stream"
_streams: dict[int, ArrowArrayStream] = {}


def _release_stream(capsule: int) -> None:
    stream = _streams.pop(_pointer_in(capsule, _NAME), None)
    if stream is not None and stream.release:
        _Release(stream.release)(ctypes.addressof(stream))


_destroy = _Destructor(_release_stream)
_api.Py_IncRef(ctypes.py_object(_destroy))  # capsules may outlive this module


def _capsule_of(stream: ArrowArrayStream) -> object:
    address = ctypes.addressof(stream)
    _streams[address] = stream
    capsule: object = _new_capsule(address, _NAME, _destroy)
    return capsule
