"""Tables in memory as sources: lent to the library, not copied.

Anything with the Arrow PyCapsule interface (polars, pyarrow, DuckDB relations, pandas with
pyarrow) hands over an Arrow stream whose batches are kept by reference. Older pandas, numpy
arrays and plain lists go column by column: float64, int64 and boolean arrays in place.
"""

from __future__ import annotations

import ctypes
import decimal
import os
import weakref
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, Union, runtime_checkable

from ._errors import check, usage
from ._native import ArrowArrayStream, UpColumn, UpError, lib

__all__ = ["ArrowStream", "Source", "Table"]


@runtime_checkable
class ArrowStream(Protocol):
    """What pandas, polars, pyarrow, DuckDB and others offer: rows as an Arrow C stream."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


# A path, glob or "file.duckdb::table"; a table in memory; or columns by name. pandas frames
# and DuckDB relations do not all declare the protocol to a type checker, hence Any.
Source = Union[str, "os.PathLike[str]", ArrowStream, Mapping[str, Any], Any]

_get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_get_pointer.restype = ctypes.c_void_p
_get_pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]


class File(NamedTuple):
    """A file that requests and answers call by another name, and what has to live as long."""

    name: str
    path: str


class Table:
    """Rows in memory that the library may read for as long as this object lives."""

    __slots__ = ("__weakref__", "_free", "_keep", "pointer")

    def __init__(self, pointer: int, keep: object) -> None:
        self.pointer = pointer
        self._keep = keep
        self._free = weakref.finalize(self, lib.up_source_free, pointer)

    def __repr__(self) -> str:
        return "<table in memory>"


def _from_capsule(capsule: object, keep: object) -> Table:
    stream = _get_pointer(capsule, b"arrow_array_stream")
    source, error = ctypes.c_void_p(), UpError()
    # The stream is moved; the capsule's own release finds it empty afterwards.
    check(
        lib.up_source_from_arrow(stream, ctypes.byref(source), ctypes.byref(error)), error
    )
    assert source.value is not None
    return Table(source.value, keep)


def _from_array_capsules(schema: object, array: object, keep: object) -> Table:
    """One batch as a stream: what gives an array and no stream."""
    schema_at = _get_pointer(schema, b"arrow_schema")
    array_at = _get_pointer(array, b"arrow_array")
    left = [array_at]

    def give_schema(stream: int, out: int) -> int:
        _move(schema_at, out, _SCHEMA_BYTES, _SCHEMA_RELEASE)
        return 0

    def give_array(stream: int, out: int) -> int:
        if left:
            _move(left.pop(), out, _ARRAY_BYTES, _ARRAY_RELEASE)
        else:
            ctypes.memset(out, 0, _ARRAY_BYTES)  # the end
        return 0

    def nothing(stream: int) -> None:
        return None

    callbacks = (_Give(give_schema), _Give(give_array), _Nothing(nothing), _Nothing(nothing))
    made = ArrowArrayStream(*(ctypes.cast(f, ctypes.c_void_p) for f in callbacks), None)
    source, error = ctypes.c_void_p(), UpError()
    status = lib.up_source_from_arrow(
        ctypes.byref(made), ctypes.byref(source), ctypes.byref(error)
    )
    check(status, error)
    assert source.value is not None
    return Table(source.value, keep)


# The structs of the Arrow C data interface: how long they are, and where `release` stands.
_SCHEMA_BYTES, _SCHEMA_RELEASE = 72, 56
_ARRAY_BYTES, _ARRAY_RELEASE = 80, 64
_Give = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
_Nothing = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


def _move(source: int | None, target: int, size: int, release: int) -> None:
    """Moves a struct as Arrow wants it: the old one is marked as released."""
    assert source is not None
    ctypes.memmove(target, source, size)
    ctypes.memset(source + release, 0, 8)


# ---- columns ----


class _Column:
    """One column as the library takes it, and what has to live as long."""

    def __init__(self, name: str) -> None:
        self.raw = UpColumn(name=name.encode())
        self.keep: list[object] = [self.raw.name]


def plain(values: Any) -> Any:
    """A scalar or column of numpy, pandas, polars or pyarrow as Python's own values."""
    for convert in ("tolist", "to_list", "to_pylist", "as_py"):
        if hasattr(values, convert):
            return getattr(values, convert)()
    return values


def _values_of(name: str, column: Any) -> Any:
    """A column as a numpy array where it is one without marks of its own, else as a list."""
    dtype = getattr(column, "dtype", None)
    marked = hasattr(column, "mask") and hasattr(column, "filled")  # numpy.ma
    if getattr(dtype, "kind", "?") in "iufbM" and not (marked or hasattr(dtype, "numpy_dtype")):
        import numpy

        return column.to_numpy() if hasattr(column, "to_numpy") else numpy.asarray(column)
    values = plain(column)
    if isinstance(values, (str, bytes, Mapping)) or not hasattr(values, "__iter__"):
        raise usage(
            f"column {name} is a {type(column).__name__}, not a list or an array", field=name
        )
    return list(values)


def _from_array(c: _Column, array: Any) -> None:
    """A numpy array: in place where its type is one of the library's, else widened."""
    import numpy

    if array.ndim != 1:
        raise usage(f"column {c.raw.name.decode()} has {array.ndim} dimensions, not one")
    kind = array.dtype.kind
    if kind == "b":
        array = numpy.ascontiguousarray(array).view(numpy.uint8)
        c.raw.boolean = array.ctypes.data
    elif kind in "iu" and not (array.dtype == numpy.uint64 and (array > 2**63 - 1).any()):
        array = numpy.ascontiguousarray(array, dtype=numpy.int64)
        c.raw.i64 = array.ctypes.data
    elif kind == "f":
        array = numpy.ascontiguousarray(array, dtype=numpy.float64)
        c.raw.f64 = array.ctypes.data
    else:
        _from_list(c, _texts_of_times(array) if kind == "M" else array.tolist())
        return
    c.keep.append(array)


def _texts_of_times(array: Any) -> list[str | None]:
    """Times as texts of ISO 8601, which sort as the times do."""
    import numpy

    texts = numpy.datetime_as_string(array.astype("datetime64[us]"))
    return [None if t == "NaT" else str(t).replace("T", " ") for t in texts]


def _is_missing(x: object) -> bool:
    return x is None or type(x).__name__ in ("NAType", "NaTType") or x != x  # noqa: PLR0124


def _own(x: Any) -> Any:
    """A value of a list as one of Python's own types."""
    if isinstance(x, decimal.Decimal):
        return float(x)
    if isinstance(x, bytes):
        return x.decode("utf-8", "replace")
    return x if isinstance(x, (str, bool, int, float)) or x is None else plain(x)


def _from_list(c: _Column, given: list[Any]) -> None:
    """Plain Python values: booleans, integers, numbers or texts, with None for missing."""
    values = [_own(x) for x in given]
    missing = [_is_missing(x) for x in values]
    there = [x for x, gone in zip(values, missing) if not gone]
    n = len(values)
    kinds = {next((k for k in (bool, int, float) if isinstance(x, k)), str) for x in there}
    array: Any
    if kinds == {bool}:
        array = (ctypes.c_uint8 * n)(*(bool(x) and not m for x, m in zip(values, missing)))
        c.raw.boolean = ctypes.addressof(array)
    elif kinds == {int} and all(-(2**63) <= x < 2**63 for x in there):
        array = (ctypes.c_int64 * n)(*(0 if m else x for x, m in zip(values, missing)))
        c.raw.i64 = ctypes.addressof(array)
    elif float in kinds and kinds <= {int, float}:
        nan = float("nan")
        array = (ctypes.c_double * n)(*(nan if m else x for x, m in zip(values, missing)))
        c.raw.f64 = ctypes.addressof(array)
    else:
        texts = [None if m else str(x).encode() for x, m in zip(values, missing)]
        if any(t is not None and b"\0" in t for t in texts):
            raise usage(f"column {c.raw.name.decode()} has a text with a NUL character")
        array = (ctypes.c_char_p * n)(*texts)
        c.raw.text = ctypes.addressof(array)
    c.keep.append(array)
    if any(missing) and c.raw.text is None:
        marks = (ctypes.c_uint8 * n)(*missing)
        c.raw.missing = ctypes.addressof(marks)
        c.keep.append(marks)


def _from_columns(columns: Iterator[tuple[Any, Any]]) -> Table:
    made: list[_Column] = []
    lengths: dict[str, int] = {}
    for name, column in columns:
        c = _Column(str(name))
        values = _values_of(str(name), column)
        if isinstance(values, list):
            _from_list(c, values)
        else:
            _from_array(c, values)
        lengths[str(name)] = len(values)
        made.append(c)
    n = next(iter(lengths.values()), 0)
    for name, length in lengths.items():
        if length != n:
            raise usage(f"column {name} has {length} values, the first column has {n}", field=name)
    raw = (UpColumn * max(len(made), 1))(*(c.raw for c in made))
    source, error = ctypes.c_void_p(), UpError()
    status = lib.up_source_from_columns_borrow(
        raw, len(made), n, ctypes.byref(source), ctypes.byref(error)
    )
    check(status, error)
    assert source.value is not None
    return Table(source.value, [c.keep for c in made])


# ---- what may be given ----


def _stream_of(data: Any) -> object | None:
    """The Arrow stream of a table, or None where it has none (pandas without pyarrow)."""
    if not hasattr(data, "__arrow_c_stream__"):
        return None
    if type(data).__name__ == "DuckDBPyRelation":
        data = data.select("*")  # a relation gives its rows once; one made of it, anew
    try:
        stream: object = data.__arrow_c_stream__(None)
    except ImportError:
        return None
    return stream


def _is_lazy(data: Any) -> bool:
    return type(data).__module__.startswith("polars") and hasattr(data, "collect")


def open_source(data: Any) -> str | Table:
    """A path as text, or a table in memory."""
    if isinstance(data, (str, os.PathLike)):
        return os.fspath(data)
    if isinstance(data, Table):
        return data
    if _is_lazy(data):
        data = data.collect()
    stream = _stream_of(data)
    if stream is not None:
        return _from_capsule(stream, data)
    if hasattr(data, "__arrow_c_array__"):
        schema, array = data.__arrow_c_array__(None)
        return _from_array_capsules(schema, array, data)
    if isinstance(data, Mapping):
        return _from_columns(iter(data.items()))
    if hasattr(data, "columns") and hasattr(data, "items"):  # an older pandas
        return _from_columns(iter(data.items()))
    if getattr(getattr(data, "dtype", None), "names", None):  # records of numpy
        return _from_columns((name, data[name]) for name in data.dtype.names)
    raise usage(
        f"a {type(data).__name__} is not a source of rows",
        "give a path, a pandas or polars frame, a pyarrow table, a DuckDB relation or a "
        "mapping of names to columns",
        "source",
    )


def is_table(value: Any) -> bool:
    """Whether the value of an option is a table rather than a text, a number or a list."""
    if isinstance(value, (str, bytes, int, float, os.PathLike, Sequence)) or value is None:
        return False
    if isinstance(value, (Table, Mapping)) or _is_lazy(value):
        return True
    if type(value).__name__ in ("Series", "Array", "ChunkedArray"):
        return False  # a column has a stream, too
    return (
        hasattr(value, "__arrow_c_stream__")
        or hasattr(value, "__arrow_c_array__")
        or hasattr(value, "columns")
        or bool(getattr(getattr(value, "dtype", None), "names", None))
    )
