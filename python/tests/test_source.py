"""Tables of every library, their types, and that nothing is copied."""

from __future__ import annotations

import datetime
import decimal
import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy
import pandas
import polars
import pyarrow
import pytest

import upshot as up
from conftest import Program, rows_of

class OneBatch:
    """A table that gives an array, but no stream."""

    def __init__(self, table: Any) -> None:
        self.batch = table.combine_chunks().to_batches()[0]

    def __arrow_c_array__(self, requested_schema: object = None) -> Any:
        return self.batch.__arrow_c_array__(requested_schema)


MAKERS: dict[str, Callable[[Any], Any]] = {
    "pyarrow": lambda t: t,
    "pyarrow batches": lambda t: t.to_reader(max_chunksize=333),
    "pandas": lambda t: t.to_pandas(),
    "pandas arrow": lambda t: t.to_pandas(types_mapper=pandas.ArrowDtype),
    "pandas categories": lambda t: t.to_pandas().astype({"arm": "category", "device": "category"}),
    "pandas index": lambda t: t.to_pandas()[lambda d: d["week"] == 1],
    "polars": polars.from_arrow,
    "polars lazy": lambda t: polars.DataFrame(polars.from_arrow(t)).lazy(),
    "polars categories": lambda t: polars.DataFrame(polars.from_arrow(t)).with_columns(
        polars.col("arm").cast(polars.Categorical), polars.col("device").cast(polars.Categorical)
    ),
    "duckdb": lambda t: duckdb.sql("select * from t"),
    "an array": OneBatch,
    "lists": lambda t: t.to_pydict(),
    "columns of pyarrow": lambda t: {c: t[c] for c in t.column_names},
    "columns of polars": lambda t: {s.name: s for s in polars.DataFrame(polars.from_arrow(t))},
    "arrays": lambda t: {c: t[c].to_numpy() for c in t.column_names},
    "records": lambda t: t.select(["sales", "week"]).to_pandas().assign(arm=t["arm"].to_pandas()).to_records(index=False),
}


@pytest.mark.parametrize("kind", MAKERS)
def test_every_kind_of_table(kind: str, table: Any, shop: Path, program: Program) -> None:
    """The same numbers as from the file, to the last digit of the compact JSON."""
    words = ["effect", str(shop), "--itt", "arm", "--metric", "sales"]
    options: dict[str, Any] = {"itt": "arm", "metric": "sales"}
    if kind != "records":
        words += ["--covariates", "device", "--by", "device"]
        options.update(covariates="device", by="device")
    r = up.call("effect", MAKERS[kind](table), **options)
    assert rows_of(r.json) == rows_of(program(*words, "--json"))
    assert r["input"]["source"] == "@frame"


def typed() -> dict[str, list[Any]]:
    n = 40
    day = datetime.date(2026, 1, 1)
    return {
        "arm": ["a" if i % 2 else "b" for i in range(n)],
        "flag": [i % 3 == 0 for i in range(n)],
        "small": list(range(n)),
        "day": [day + datetime.timedelta(days=i // 10) for i in range(n)],
        "at": [datetime.datetime(2026, 1, 1, i % 24) for i in range(n)],
        "price": [decimal.Decimal(i * 7 % 13) / 4 for i in range(n)],
        "hole": [None if i % 5 == 0 else float(i) for i in range(n)],
        "none": [None] * n,
        "y": [float((i * 37) % 11) + (i % 2) for i in range(n)],
    }


FRAMES: dict[str, Callable[[dict[str, list[Any]]], Any]] = {
    "pyarrow": lambda d: pyarrow.table(d),
    "polars": lambda d: polars.DataFrame(d),
    "pandas": lambda d: pandas.DataFrame(d),
    "duckdb": lambda d: (lambda t: duckdb.sql("select * from t"))(pyarrow.table(d)),
    "lists": lambda d: d,
}


@pytest.mark.parametrize("kind", FRAMES)
def test_types(kind: str) -> None:
    frame = FRAMES[kind](typed())
    d = {row["column"]: row for row in up.describe(frame).rows}
    assert d["arm"]["type"] == "text" and d["arm"]["distinct"] == 2
    assert d["flag"]["type"] == "boolean"
    assert d["small"]["type"] == "integer" and d["small"]["max"] == 39
    assert d["hole"]["type"] == "number" and d["hole"]["missing"] == 8
    assert d["none"]["missing"] == 40
    if kind != "lists":  # plain lists have no types for them
        assert d["at"]["type"] == "timestamp"
        assert d["price"]["type"] == "number" and d["price"]["max"] == 3.0
    if kind not in ("lists", "pandas"):
        assert d["day"]["type"] == "date"
    r = up.call("effect", frame, itt="arm", metric="y", covariates="small", filter=up.col("flag"))
    assert r["input"]["rows"] == 14


def test_pandas_without_arrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Column by column, as with a pandas that has no capsule."""
    frame = pandas.DataFrame(typed())
    frame["kind"] = frame["arm"].astype("category")
    frame["nullable"] = pandas.array([None, *range(39)], dtype="Int64")
    frame["f32"] = frame["y"].astype("float32")
    frame["i16"] = frame["small"].astype("int16")
    wanted = up.call("effect", frame, itt="kind", metric="y", covariates=["f32", "i16", "flag"])

    def refuse(self: object, requested_schema: object = None) -> object:
        raise ImportError("no pyarrow")

    monkeypatch.setattr(pandas.DataFrame, "__arrow_c_stream__", refuse)
    r = up.call("effect", frame, itt="kind", metric="y", covariates=["f32", "i16", "flag"])
    assert r.rows == wanted.rows
    d = {row["column"]: row for row in up.describe(frame).rows}
    assert d["nullable"]["type"] == "integer" and d["nullable"]["missing"] == 1
    assert d["at"]["example"].startswith("2026-01-01 ")
    monkeypatch.delattr(pandas.DataFrame, "__arrow_c_stream__")
    assert up.call("effect", frame, itt="kind", metric="y").rows


def test_values_that_are_marked_as_missing() -> None:
    """What numpy masks, or pandas and lists mark in their ways, is missing."""
    masked: Callable[..., Any] = numpy.ma.array
    d = {
        "masked": masked([1.0, 2.0, 3.0], mask=[True, False, False]),
        "whole": masked([1, 2, 3], mask=[False, True, False]),
        "na": [pandas.NA, 1, 2],
        "nat": [pandas.NaT, "2026-01-01", "2026-01-02"],
        "nan": [float("nan"), 1, 2.0],
        "scalars": [numpy.float32(0.5), numpy.int64(2), None],
        "bytes": [b"x", None, "y"],
        "decimals": [decimal.Decimal("0.5"), None, decimal.Decimal(2)],
        "big": [2**63, 1, None],
        "flags": [True, None, numpy.bool_(False)],
    }
    types = {row["column"]: (row["type"], row["missing"], row["max"]) for row in up.describe(d).rows}
    assert types == {
        "masked": ("number", 1, 3.0),
        "whole": ("integer", 1, 3.0),
        "na": ("integer", 1, 2.0),
        "nat": ("text", 1, None),
        "nan": ("number", 1, 2.0),
        "scalars": ("number", 1, 2.0),
        "bytes": ("text", 1, None),
        "decimals": ("number", 1, 2.0),
        "big": ("text", 1, None),
        "flags": ("boolean", 1, 1.0),
    }


def test_nothing_is_copied() -> None:
    """A table of 240 MB costs the process less than a tenth of that."""
    import resource

    n = 10_000_000
    rng = numpy.random.default_rng(1)
    table = pyarrow.table({"arm": rng.integers(0, 2, n), "y": rng.standard_normal(n), "x": rng.standard_normal(n)})
    columns = {"arm": rng.integers(0, 2, n), "y": rng.standard_normal(n)}
    up.call("effect", table.slice(0, 1000), itt="arm", metric="y")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    up.call("effect", table, itt="arm", metric="y", covariates="x")
    up.call("effect", columns, itt="arm", metric="y")
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 40_000, f"{grown} KiB more"


def test_a_stream_is_read_once_and_kept(table: Any) -> None:
    reader = table.to_reader(max_chunksize=1000)
    e = up.ExperimentData(reader, intent_to_treat="arm").add_metric("sales")
    first, second = e.fit().infer_effect(), e.check()
    assert first["input"]["rows"] == 4000 and len(second) > 0


def test_the_table_may_go_before_the_answer(shop: Path) -> None:
    frame = polars.read_parquet(shop)
    e = up.ExperimentData(frame, intent_to_treat="arm").add_metric("sales", ["spend_before"])
    del frame
    gc.collect()
    assert e.fit().infer_effect(up.col("spend_before") > 55).rows[0]["n"] > 0


def test_tables_for_other_options(shop: Path, table: Any) -> None:
    market = polars.DataFrame({"device": ["mobile"] * 7 + ["desktop"] * 3})
    r = up.call("project", table, target=market, itt="arm", metric="sales", covariates="device")
    assert r["target"]["weights"][0]["covariate"] == "device"


def test_what_is_no_table() -> None:
    for wrong, reason in [
        ({"a": [1, 2], "b": [1]}, "has 1 values"),
        ({"a": numpy.zeros((2, 2))}, "dimensions"),
        ({"a": ["x\0y"]}, "NUL"),
        ({"a": 1}, "not a list"),
        ({"a": "text"}, "not a list"),
        ([{"a": 1}], "not a list"),
    ]:
        with pytest.raises(up.UpshotUsageError, match=reason):
            up.describe(wrong)
    with pytest.raises(up.UpshotUsageError, match="not a source"):
        up.ExperimentData(42)
    with pytest.raises(up.UpshotError):
        up.describe({})
    with pytest.raises(up.UpshotRefusal, match="E_EMPTY"):
        up.call("effect", pandas.DataFrame({"a": [], "y": []}), itt="a", metric="y")


def test_a_stream_that_fails() -> None:
    def batches() -> Any:
        yield pyarrow.record_batch({"a": [1.0]})
        raise ValueError("the connection is gone")

    reader = pyarrow.RecordBatchReader.from_batches(pyarrow.schema([("a", pyarrow.float64())]), batches())
    with pytest.raises(up.UpshotError, match="the connection is gone"):
        up.describe(reader)


def test_a_type_that_cannot_be_used(table: Any) -> None:
    frame = polars.DataFrame({"arm": ["a", "b"] * 10, "y": [[1.0]] * 20})
    with pytest.raises(up.UpshotUsageError) as caught:
        up.call("effect", frame, itt="arm", metric="y")
    assert caught.value.code == "E_TYPE"
