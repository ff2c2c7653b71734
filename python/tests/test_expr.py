"""Column expressions: what they write, and that the library reads it as it was meant."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path

import pytest

import upshot as up
from upshot import coalesce, col, expr, factor, ratio, when

WRITTEN = [
    (col("device") == "desktop", "device == 'desktop'"),
    (col("odd name") != "it's", "\"odd name\" != 'it''s'"),
    (col('a"b') > 1, '"a""b" > 1'),
    (col("and") >= 2.5, '"and" >= 2.5'),
    ((col("a") == 1) & (col("b") == 2) | ~(col("c") < 3), "a == 1 and b == 2 or not c < 3"),
    ((col("a") == 1) & ((col("b") == 2) | (col("c") == 3)), "a == 1 and (b == 2 or c == 3)"),
    (~((col("a") == 1) & (col("b") == 2)), "not (a == 1 and b == 2)"),
    (col("a") - (col("b") - col("c")), "a - (b - c)"),
    (col("a") - col("b") - col("c"), "a - b - c"),
    ((col("a") + 1) * 2, "(a + 1) * 2"),
    (1 - col("a") / 3, "1 - a / 3"),
    (-(col("a") + 1), "-(a + 1)"),
    (col("a") * -1, "a * -1"),
    (2 / (col("a") % 7), "2 / (a % 7)"),
    ((col("a") > 1) == True, "(a > 1) == true"),  # noqa: E712
    (col("a").isin(["x", "y"]), "a in ('x', 'y')"),
    (col("a").between(1, col("b") + 1), "a between 1 and b + 1"),
    (col("a").is_null() | col("b").is_not_null(), "a is null or b is not null"),
    (col("a") == None, "a is null"),  # noqa: E711
    (col("a") != None, "a is not null"),  # noqa: E711
    (col("t") >= datetime.date(2026, 1, 31), "t >= date('2026-01-31')"),
    (col("t") < datetime.datetime(2026, 1, 31, 12), "t < '2026-01-31 12:00:00'"),
    (when(col("a") > 1, "x", None), "if(a > 1, 'x', null)"),
    (coalesce(col("a"), 0).ln().floor(), "floor(ln(coalesce(a, 0)))"),
    ((col("orders") > 0).alias("bought"), "bought = orders > 0"),
    (ratio("sales", "orders").alias("per order"), '"per order" = ratio(sales, orders)'),
    (factor("week"), "factor(week)"),
    (expr("a > 1") & (col("b") == 1), "(a > 1) and b == 1"),
    (col("t").year() + col("t").month() + col("t").week(), "year(t) + month(t) + week(t)"),
    (col("a").abs().exp(), "exp(abs(a))"),
    (col("t").weekday() * col("t").hour(), "weekday(t) * hour(t)"),
]


@pytest.mark.parametrize(("made", "text"), WRITTEN, ids=[w[1] for w in WRITTEN])
def test_what_is_written(made: up.Expression, text: str) -> None:
    assert made.text == text
    assert str(made) == text and text in repr(made).replace('\\"', '"').replace("\\'", "'")


def count(source: object, condition: up.Expression | str) -> int:
    return int(up.call("effect", source, itt="arm", metric="y", filter=condition)["input"]["rows"])


def test_it_means_what_python_means() -> None:
    """Every way of putting three conditions together keeps the rows that Python would keep."""
    cells = [(a, b, c) for a in (0, 1) for b in (0, 1) for c in (0, 1)]
    rows = {
        "arm": ["x", "y"] * 80,
        "a": [a for a, _, _ in cells for _ in range(20)],
        "odd b": [b for _, b, _ in cells for _ in range(20)],
        "c": [c for _, _, c in cells for _ in range(20)],
        "y": [float(i * 31 % 17) for i in range(160)],
    }
    a, b, c = col("a") == 1, col("odd b") == 1, col("c") == 1
    cases: list[tuple[up.Expression, Callable[[int, int, int], object]]] = [
        (a | b & c, lambda x, y, z: x or (y and z)),
        ((a | b) & c, lambda x, y, z: (x or y) and z),
        (~a & b | c, lambda x, y, z: ((not x) and y) or z),
        (~(a & b) & ~c, lambda x, y, z: not (x and y) and not z),
        ((col("a") + col("odd b") * 2 - col("c")) / 2 >= 0.5, lambda x, y, z: (x + 2 * y - z) / 2 >= 0.5),
        (col("a") - (col("odd b") - col("c")) == 1, lambda x, y, z: x - (y - z) == 1),
        (-col("a") + 1 == col("c"), lambda x, y, z: 1 - x == z),
    ]
    for made, meant in cases:
        wanted = 20 * sum(bool(meant(*cell)) for cell in cells)
        assert count(rows, made) == wanted, made.text


def test_hostile_texts(shop: Path) -> None:
    for text in ["x' or 1 = 1 or device = '", "\\", "'", '"', "; drop", "ä\n"]:
        r = up.call("effect", shop, itt="arm", metric="sales", filter=col("device") != text)
        assert r["input"]["rows"] == 4000


def test_mistakes() -> None:
    with pytest.raises(TypeError, match="&"):
        bool(col("a") == 1)
    with pytest.raises(up.UpshotUsageError, match="number nan"):
        col("a") < float("nan")
    with pytest.raises(up.UpshotUsageError, match="cannot hold"):
        col("a") == [1]
    with pytest.raises(up.UpshotUsageError, match="isin"):
        col("a").isin([])
    assert hash(col("a")) != 0
