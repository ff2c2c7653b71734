"""The thin door: the same bytes as the program, values of every kind, failures as exceptions."""

from __future__ import annotations

import gc
import json
import pickle
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import upshot as up
from conftest import Program


def test_the_bytes_of_the_program(shop: Path, program: Program) -> None:
    r = up.call("effect", shop, itt="arm", metric=["sales", "orders"], covariates="device", by="device")
    words = ["effect", str(shop), "--itt", "arm", "--metric", "sales", "--metric", "orders"]
    words += ["--covariates", "device", "--by", "device"]
    assert r.json == program(*words, "--json")
    assert r.to_json(full=True) == program(*words, "--json", "--full")
    assert r.to_csv() == program(*words, "--csv")
    assert r.summary() + "\n" == program(*words)


def test_every_verb_without_data(program: Program) -> None:
    assert up.call("version").json == program("version", "--json")
    assert up.call("schema", "effect").json == program("schema", "effect", "--json")
    assert up.call("power", baseline=45, sd=30, effect="2%").json == program(
        "power", "--baseline", "45", "--sd", "30", "--effect", "2%", "--json"
    )
    assert up.help("effect") == program("help", "effect")
    assert up.guide("designs") in program("guide", "designs")
    assert "E_SRM" in up.explain("E_SRM")
    assert "effect" in up.verbs()


def test_a_failure_has_the_bytes_of_the_program(shop: Path, program: Program) -> None:
    with pytest.raises(up.UpshotUsageError) as caught:
        up.call("effect", shop, itt="arm", metric="salse")
    e = caught.value
    assert e.json == program("effect", str(shop), "--itt", "arm", "--metric", "salse", "--json")
    assert (e.code, e.field) == ("E_COLUMN", "salse")
    assert "sales" in e.fix and "Do: " in str(e)
    assert isinstance(e, ValueError)
    assert e.to_dict()["message"] == e.reason
    again = pickle.loads(pickle.dumps(e))
    assert type(again) is type(e) and again.to_dict() == e.to_dict() and str(again) == str(e)


REFUSALS = [
    (dict(itt="arm", metric="salse"), "E_COLUMN", up.UpshotUsageError),
    (dict(itt="arm", metric="sales", level=2), "E_USAGE", up.UpshotUsageError),
    (dict(itt="arm", metric="sales", levle=0.9), "E_USAGE", up.UpshotUsageError),
    (dict(itt="arm", metric="sales >"), "E_EXPRESSION", up.UpshotUsageError),
    (dict(itt="arm", metric="device"), "E_TYPE", up.UpshotUsageError),
    (dict(itt="week", metric="sales"), "E_ARMS", up.UpshotRefusal),
    (dict(itt="arm", metric="sales", unit="week"), "E_UNIT", up.UpshotRefusal),
    (dict(itt="arm", metric="sales", where="device = 'x'"), "E_CONDITION", up.UpshotRefusal),
    (dict(itt="arm", metric="sales", post="device", covariates="device"), "E_POST_TREATMENT", up.UpshotRefusal),
    (dict(itt="arm", metric="sales", filter="week = 9"), "E_EMPTY", up.UpshotRefusal),
    (dict(itt="arm", metric="sales", expected_split="control=0.9,diverse=0.1"), "E_SRM", up.UpshotRefusal),
    (dict(itt="arm", metric="sales", prior="effect"), "E_PRIOR", up.UpshotUsageError),
    (dict(itt="arm", metric="sales", weight="spend_before - 60"), "E_WEIGHT", up.UpshotRefusal),
]


@pytest.mark.parametrize(("options", "code", "kind"), REFUSALS, ids=[r[1] for r in REFUSALS])
def test_every_refusal_is_an_exception(
    shop: Path, options: dict[str, object], code: str, kind: type[up.UpshotError]
) -> None:
    with pytest.raises(kind) as caught:
        up.call("effect", shop, **options)  # type: ignore[arg-type]
    assert caught.value.code == code
    assert caught.value.reason and caught.value.fix
    assert type(caught.value) is kind


def test_other_failures(shop: Path, tmp_path: Path) -> None:
    with pytest.raises(up.UpshotError) as caught:
        up.call("effect", tmp_path / "none.csv", itt="arm", metric="sales")
    assert caught.value.code == "E_SOURCE"
    assert type(caught.value) is up.UpshotError
    with pytest.raises(up.UpshotUsageError, match="no verb|E_USAGE"):
        up.call("efect", shop)
    with pytest.raises(up.UpshotUsageError, match="without a name"):
        up.call("effect", shop, "arm")
    with pytest.raises(up.UpshotUsageError, match="object"):
        up.call("effect", shop, itt=object())
    with pytest.raises(up.UpshotUsageError, match="NUL"):
        up.call("effect", shop, itt="a\0b", metric="sales")
    with pytest.raises(up.UpshotUsageError):
        up.call("effect", shop, itt="arm", metric="")


def test_every_code_has_its_exception() -> None:
    """By how the program ends, as `upshot help` tells: 2 usage, 4 refused, else data or worse."""
    from upshot import _errors, _native

    kinds = {2: up.UpshotUsageError, 4: up.UpshotRefusal}
    names = set()
    for number in range(1, 200):
        name = _native.lib.up_status_name(number).decode()
        if name == "E_UNKNOWN":
            continue
        error = _native.UpError(status=number, message=b"a reason", fix=b"a step")
        made = _errors.failure(error)
        exit_code = _native.lib.up_status_exit_code(number)
        assert type(made) is kinds.get(exit_code, up.UpshotError), name
        assert (made.code, made.reason, made.fix) == (name, "a reason", "a step")
        assert made.to_dict()["code"] == name and up.explain(name)
        names.add(name)
    assert {"E_SRM", "E_COLUMN", "E_SOURCE", "E_STOPPED", "E_LOOKS"} <= names


def test_values(shop: Path) -> None:
    import numpy

    a = up.call("effect", shop, itt="arm", metric="sales", level=0.9, cumulative=None, strict=False)
    b = up.call("effect", source=shop, itt="arm", metric=("sales",), level=numpy.float64(0.9))
    assert a.json == b.json
    assert a["options"]["level"] == 0.9
    import pandas

    several = [["sales", "orders"], numpy.array(["sales", "orders"]), pandas.Series(["sales", "orders"])]
    assert len({up.call("effect", shop, itt="arm", metric=m).json for m in several}) == 1
    with pytest.raises(up.UpshotUsageError, match="takes no rows"):
        up.call("effect", shop, itt="arm", metric="sales", expected_split={"control": 1})
    c = up.call("effect", shop, itt="arm", metric=up.col("sales"), no_covariates=True)
    assert c["options"]["no_covariates"] is True
    with pytest.raises(up.UpshotError) as caught:
        up.call("assign", shop, unit="shopper", from_="nothing")
    assert caught.value.field == "from"


def test_result(shop: Path) -> None:
    import pandas
    import polars
    import pyarrow

    r = up.call("effect", shop, itt="arm", metric=["sales", "orders"], covariates="device", by="device")
    assert len(r) == 6 and r.op == "effect" and r.headline.startswith("sales")
    assert r.to_dict() == json.loads(r.to_json(full=True))
    assert r.to_dict(full=False) == json.loads(r.json)
    tidy = r.tidy()
    assert isinstance(tidy, pandas.DataFrame)
    assert list(tidy)[:13] == [
        "term", "arm", "against", "condition", "period", "estimand", "estimate",
        "std_error", "statistic", "p_value", "conf_low", "conf_high", "n",
    ]  # fmt: skip
    assert tidy["estimate"].tolist() == [row["estimate"] for row in r.rows]
    assert isinstance(r.tidy("polars"), polars.DataFrame)
    assert isinstance(r.tidy("pyarrow"), pyarrow.Table)
    assert r.tidy("dict")[0]["term"] == "sales"
    with pytest.raises(ValueError, match="backend"):
        r.tidy("excel")
    glance = r.glance("dict")[0]
    assert glance["n"] == 4000 and glance["vcov"] == "HC2" and glance["rows"] == 6
    assert any(note.code == "N_FIXED_HORIZON" for note in r.notes)
    assert repr(r).startswith("<upshot effect: sales") and bool(r)
    bundle = r._repr_mimebundle_()
    assert "text/html" in bundle and bundle["text/plain"].startswith("sales")


def test_result_as_arrow(shop: Path) -> None:
    import duckdb
    import polars
    import pyarrow

    r = up.call("effect", shop, itt="arm", metric="sales", covariates="device", by="device")
    t = pyarrow.table(r)
    assert t.column_names == list(r.rows[0])
    assert t["estimate"].to_pylist() == [row["estimate"] for row in r.rows]
    assert t["n"].type == pyarrow.int64()
    assert polars.DataFrame(r)["p_value"].to_list() == [row["p_value"] for row in r.rows]
    assert duckdb.sql("select count(*) from t").fetchall() == [(3,)]
    capsule = r.__arrow_c_stream__()  # never read: released with the capsule
    del r, capsule
    gc.collect()
    assert t["metric"].to_pylist() == ["sales"] * 3
    empty = pyarrow.RecordBatchReader.from_stream(up.call("graph", "a -> b"))
    assert empty.read_all().num_rows >= 0


def test_warnings_are_python_warnings(shop: Path) -> None:
    with pytest.warns(up.UpshotWarning, match="W_MISSING_EDGE") as seen:
        up.call("mediate", shop, itt="arm", graph="arm -> searches -> sales; arm -> views -> sales")
    assert seen[0].filename == __file__


def test_calls_overlap(shop: Path) -> None:
    """The interpreter's lock is free while the library works: both calls are under way at once."""
    import time

    seen: list[tuple[float, float]] = []

    def work() -> None:
        start = time.monotonic()
        up.call("power", baseline=10, sd=3, effect="2%")
        up.call(
            "mediate", shop, itt="arm", graph="arm -> searches -> sales; arm -> sales",
            interval="bootstrap", draws=300, threads=1,
        )  # fmt: skip
        seen.append((start, time.monotonic()))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for t in threads:
        t.start()
    ticks = 0
    while any(t.is_alive() for t in threads):
        ticks += 1  # this thread runs on meanwhile
        time.sleep(0.001)
    assert len(seen) == 2 and ticks > 5
    (a, b), (c, d) = seen
    assert max(a, c) < min(b, d)


STOP = """
import signal, sys, threading, time, _thread
import upshot as up
def interrupt():
    time.sleep(0.7)
    print("now", flush=True)
    global at
    at = time.monotonic()
    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
at = 0.0
threading.Thread(target=interrupt, daemon=True).start()
try:
    up.call("mediate", sys.argv[1], itt="arm", graph="arm -> searches -> sales; arm -> sales",
            interval="bootstrap", draws=1_000_000)
except KeyboardInterrupt:
    print("stopped", time.monotonic() - at < 1.0)
    r = up.call("effect", sys.argv[1], itt="arm", metric="sales")
    print("and on", len(r))
"""


def test_ctrl_c(shop: Path) -> None:
    """Within a second; a machine that is busy with something else has three tries."""
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", STOP, str(shop)], capture_output=True, text=True, timeout=120, check=False
        )
        now, stopped, on = done.stdout.split("\n")[:3]
        assert (now, stopped[:7], on) == ("now", "stopped", "and on 1"), done
        if stopped == "stopped True":
            return
    pytest.fail("Ctrl-C took longer than a second")


def test_no_leak(shop: Path, table: object) -> None:
    """A thousand calls, results and tables later the process is no larger, and no count is up."""
    import resource

    def turn() -> None:
        r = up.call("effect", table, itt="arm", metric="sales")
        r.to_dict()
        r.__arrow_c_stream__()
        with pytest.raises(up.UpshotError):
            up.call("effect", table, itt="arm", metric="nothing")

    for _ in range(50):
        turn()
    gc.collect()
    count = sys.getrefcount(table)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(500):
        turn()
    gc.collect()
    assert sys.getrefcount(table) == count
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 8192, f"{grown} KiB in 1,000 calls"


def test_progress(capsys: pytest.CaptureFixture[str], shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from upshot import _progress

    monkeypatch.setattr(_progress, "_AFTER", 0.0)
    options = dict(itt="arm", graph="arm -> searches -> sales; arm -> sales", interval="bootstrap")
    up.call("mediate", shop, **options, draws=4000, threads=1, progress=True)
    shown = capsys.readouterr().err
    assert "upshot mediate  [" in shown and shown.endswith("\r")
    up.call("mediate", shop, **options, draws=4000)  # type: ignore[arg-type]
    assert capsys.readouterr().err == ""
