"""What notebooks are given: tables that can be read, charts that the library made."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import upshot as up

VOID = {"br", "hr", "img", "meta"}


class Page(HTMLParser):
    """The tables of a page; fails where tags do not nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.rows: list[list[str]] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        assert tag in {"div", "p", "strong", "table", "caption", "thead", "tbody", "tr", "th", "td",
                       "ul", "li", "code", "pre"}  # fmt: skip
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("th", "td"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if "tr" in self.open:
            self.rows[-1][-1] += data


def page(result: up.Result) -> Page:
    bundle = result._repr_mimebundle_()
    assert bundle["text/plain"] == result.summary()
    return Page(bundle["text/html"])


def effect(shop: Path, **options: Any) -> up.Result:
    return up.call("effect", str(shop), itt="arm", metric="sales", **options)


def test_page_of_effects(shop: Path) -> None:
    result = effect(shop, covariates="device", by="device")
    made = page(result)
    assert made.rows[0] == ["metric", "arm", "where", "estimate", "interval", "relative", "p",
                            "decision", "n"]  # fmt: skip
    assert len(made.rows) == 4
    assert result.headline in made.text
    assert "95% intervals" in made.text
    for code in {note.code for note in result.notes}:
        assert code in made.text
    row = result.rows[0]
    shown = dict(zip(made.rows[0], made.rows[1], strict=True))
    assert shown["where"] == row["segment"]
    assert abs(float(shown["estimate"]) - row["estimate"]) < 0.01
    low, high = shown["interval"].replace("\N{MINUS SIGN}", "-").strip("[]").split(", ")
    assert abs(float(low) - row["conf_low"]) < 0.01 > abs(float(high) - row["conf_high"])
    assert shown["relative"].endswith("%")


def test_page_escapes(tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    rows = [f"{'new' if i % 2 else 'a'},{i % 7},<b>&\"x\"</b>{i % 3}" for i in range(60)]
    path.write_text("arm,y,where\n" + "\n".join(r.replace('"', "") for r in rows) + "\n")
    result = up.call("effect", str(path), itt="arm", control="a", metric="y", by="where",
                     covariates="where")  # fmt: skip
    made = page(result)
    assert "<b>&x</b>0" in made.text


def test_page_of_open_intervals(shop: Path) -> None:
    made = page(effect(shop, sides="greater"))
    shown = dict(zip(made.rows[0], made.rows[1], strict=True))
    assert shown["interval"].endswith("+\N{INFINITY}]")


@pytest.mark.parametrize(
    ("verb", "options"),
    [
        ("describe", {}),
        ("check", {"itt": "arm", "metric": "sales"}),
        ("rank", {"itt": "arm", "metric": "sales"}),
        ("fit", {"itt": "arm", "metric": "sales"}),
    ],
)
def test_page_of_every_kind(shop: Path, verb: str, options: dict[str, Any]) -> None:
    result = up.call(verb, str(shop), **options)
    made = page(result)
    assert len(made.rows) == 1 + min(20, len(result))
    assert all(len(row) == len(made.rows[0]) for row in made.rows)


def test_page_of_text() -> None:
    result = up.call("guide", topic="designs")
    assert page(result).text == result.text


def test_plot(shop: Path, tmp_path: Path) -> None:
    result = effect(shop)
    assert result.chart_kinds == ["forest"]
    chart = result.plot()
    assert isinstance(chart, up.Chart)
    assert chart.json == result.plot("forest").json
    assert chart.spec == chart.to_dict() == json.loads(chart.json)
    assert chart.description.startswith(result.headline)
    bundle = chart._repr_mimebundle_()
    assert set(bundle) == {
        "application/vnd.vegalite.v6+json",
        "application/vnd.vegalite.v5+json",
        "text/plain",
    }
    for version in ("v6", "v5"):
        spec = bundle[f"application/vnd.vegalite.{version}+json"]
        assert spec["$schema"].endswith(f"/{version}.json")
        assert spec["data"] == chart.spec["data"]
    chart.save(tmp_path / "chart.vl.json")
    assert (tmp_path / "chart.vl.json").read_text(encoding="utf-8") == chart.json
    with pytest.raises(ValueError, match="Vega-Lite"):
        chart.save(tmp_path / "chart.png")


def test_plot_options(shop: Path, panel: Path) -> None:
    absolute = effect(shop).plot(scale="absolute", width=300).spec
    relative = effect(shop).plot(scale="relative").spec
    row = effect(shop).rows[0]
    assert absolute["width"] == 300
    assert absolute["data"]["values"][0]["estimate"] == row["estimate"]
    assert relative["data"]["values"][0]["estimate"] == row["relative"]
    with pytest.raises(ValueError, match="absolute"):
        effect(shop).plot(scale="log")  # type: ignore[arg-type]
    over = up.call("effect", str(panel), itt="arm", cluster="shopper", metric="sales", over="week")
    assert over.chart_kinds == ["periods", "forest"]
    assert len(over.plot().spec["data"]["values"]) == 4


def test_plot_refuses(shop: Path) -> None:
    with pytest.raises(up.UpshotUsageError) as caught:
        effect(shop).plot("pie")
    assert caught.value.code == "E_ARGUMENT"
    assert "forest" in caught.value.fix
    described = up.describe(str(shop))
    assert described.chart_kinds == []
    with pytest.raises(up.UpshotUsageError, match="no rows that a chart shows"):
        described.plot()
