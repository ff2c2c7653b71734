"""How results look in notebooks: a table for people who read, a chart for those who look.

The page is HTML without a style sheet, so that it follows the notebook's own, light or dark,
and every text from the data is escaped. A chart is the library's Vega-Lite specification; the
front end draws it, and no charting package is needed in Python.
"""

from __future__ import annotations

import html
import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._result import Note, Result

__all__ = ["Chart"]

_MOST_ROWS = 20
_MINUS = "\N{MINUS SIGN}"

# What tells estimates apart, and what is shown of each, in this order.
_LABELS = (
    "look", "label", "quantity", "method", "metric", "arm", "against", "segment", "period",
    "estimand", "part", "path",
)  # fmt: skip
_SHOWN = (
    "estimate", "interval", "relative", "running interval", "p_value", "adjusted_p_value",
    "prob_best", "prob_better", "expected_loss", "decision", "experiment", "truth", "n",
)  # fmt: skip
_INTERVALS = {
    "interval": ("conf_low", "conf_high"),
    "running interval": ("running_low", "running_high"),
}
_HEADINGS = {
    "p_value": "p",
    "adjusted_p_value": "p, adjusted",
    "prob_best": "best",
    "prob_better": "better",
    "expected_loss": "expected loss",
    "running interval": "over all looks",
    "segment": "where",
}

Row = Mapping[str, Any]


def _decimals(error: float | None) -> int:
    """Decimals that show two digits of a standard error."""
    if error is None or not error > 0 or math.isinf(error):
        return 3
    return max(0, min(8, 1 - math.floor(math.log10(error))))


def _number(value: float, decimals: int, sign: str = "") -> str:
    return format(value, f"{sign},.{decimals}f").replace("-", _MINUS)


def _plain(value: object) -> str:
    """A cell of a column about which nothing is known."""
    if value is None:
        return ""
    if isinstance(value, bool | int):
        return format(value, ",") if not isinstance(value, bool) else str(value).lower()
    if isinstance(value, float):
        large = 1000 <= abs(value) < 1e12
        return format(value, ",.0f" if large else ".4g").replace("-", _MINUS)
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _ends(row: Row, name: str, decimals: int) -> str:
    low, high = (row.get(key) for key in _INTERVALS[name])
    if low is None and high is None:
        return ""
    texts = [
        infinite if end is None else _number(end, decimals, "+")
        for end, infinite in ((low, f"{_MINUS}\N{INFINITY}"), (high, "+\N{INFINITY}"))
    ]
    outside = "outside " if row.get("conf_set") == "complement" else ""
    return f"{outside}[{texts[0]}, {texts[1]}]"


def _cell(row: Row, name: str) -> str:
    if name in _INTERVALS:
        return _ends(row, name, _decimals(row.get("std_error")))
    value = row.get(name)
    if value is None or not isinstance(value, float):
        return _plain(value)
    if name == "relative":
        return _number(100 * value, 2, "+") + "%"
    if name.startswith("prob_"):
        return _number(100 * value, 1) + "%"
    if name.endswith("p_value"):
        return format(value, ".2g")
    if name == "expected_loss":
        return _number(value, 3)
    if name in ("estimate", "experiment", "truth"):
        return _number(value, _decimals(row.get("std_error")), "+")
    return _plain(value)


def _columns(rows: list[Row]) -> list[str]:
    names = list(rows[0])
    # What is nowhere, or 0 everywhere, says nothing.
    filled = {name for name in names if any(row[name] not in (None, "", 0) for row in rows)}
    if "estimate" not in names:
        return [name for name in names if name in filled or name == "missing"]
    labels = [name for name in _LABELS if name in filled]
    telling = [n for n in labels if n in ("metric", "arm") or len({r[n] for r in rows}) > 1]
    made = {name for name, ends in _INTERVALS.items() if any(e in filled for e in ends)}
    return telling + [name for name in _SHOWN if name in filled | made]


def _is_number(rows: Iterable[Row], name: str) -> bool:
    return name in _INTERVALS or all(
        isinstance(row.get(name), int | float) or row.get(name) is None for row in rows
    )


def _table(rows: list[Row], caption: str) -> str:
    columns = _columns(rows)
    right = {name for name in columns if _is_number(rows, name)}
    first = next((name for name in columns if name not in right), None)

    def cell(row: Row, name: str) -> str:
        text = html.escape(_cell(row, name))
        if name == first:
            return f'<th scope="row" style="text-align:left">{text}</th>'
        return f'<td style="text-align:{"right" if name in right else "left"}">{text}</td>'

    head = "".join(
        f'<th scope="col" style="text-align:{"right" if name in right else "left"}">'
        f'{html.escape(_HEADINGS.get(name, name.replace("_", " ")))}</th>'
        for name in columns
    )
    body = "".join(
        "<tr>" + "".join(cell(row, name) for name in columns) + "</tr>"
        for row in rows[:_MOST_ROWS]
    )
    return (
        f'<table><caption style="text-align:left">{html.escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _notes(notes: Iterable[Note]) -> str:
    items = "".join(
        f"<li><code>{html.escape(note.code)}</code> {html.escape(note.text)}</li>" for note in notes
    )
    return f"<ul>{items}</ul>" if items else ""


def page(result: Result) -> str:
    """A result as HTML: the headline, the rows, the estimand and the notes."""
    if result.text:
        return f"<pre>{html.escape(result.text)}</pre>"
    made = result.to_dict()
    rows: list[Row] = made.get("rows", [])
    parts = [f"<p><strong>{html.escape(result.headline)}</strong></p>"]
    if rows:
        shown = min(len(rows), _MOST_ROWS)
        caption = f"{shown} of {len(rows):,} rows" if shown < len(rows) else ""
        level = made.get("options", {}).get("level")
        if level and "estimate" in rows[0]:
            caption = f"{100 * level:g}% intervals" + (f"; {caption}" if caption else "")
        parts.append(_table(rows, caption))
    if made.get("estimand"):
        parts.append(f"<p>Estimand: {html.escape(made['estimand'])}</p>")
    parts.append(_notes(result.notes))
    return f'<div class="upshot">{"".join(parts)}</div>'


def mimebundle(result: Result) -> dict[str, Any]:
    """What a notebook is given to show a result."""
    return {"text/plain": result.summary(), "text/html": page(result)}


class Chart:
    """A result as a chart: a Vega-Lite specification, complete with its data.

    JupyterLab and VS Code draw it; elsewhere give ``spec`` to
    anything that takes Vega-Lite, such as ``altair.Chart.from_dict(chart.spec)``.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    @property
    def json(self) -> str:
        """The specification as the library made it, byte for byte."""
        return self._text

    @property
    def spec(self) -> dict[str, Any]:
        """The specification, for Vega-Lite 6."""
        return self.to_dict()

    def to_dict(self) -> dict[str, Any]:
        """The specification as a dictionary."""
        made: dict[str, Any] = json.loads(self._text)
        return made

    def save(self, path: str | Path) -> None:
        """Writes the specification; a name that ends in ``.vl.json`` opens in JupyterLab."""
        if Path(path).suffix != ".json":
            raise ValueError(f"{str(path)!r} does not end in .json: a chart is saved as Vega-Lite")
        Path(path).write_text(self._text, encoding="utf-8")

    @property
    def description(self) -> str:
        """What the chart says, in words."""
        return str(self.to_dict()["description"])

    def __repr__(self) -> str:
        return f"<upshot chart: {self.description}>"

    def _repr_mimebundle_(
        self, include: object | None = None, exclude: object | None = None
    ) -> dict[str, Any]:
        spec = self.to_dict()
        # JupyterLab 4 draws Vega-Lite 5, of which these specifications are too.
        older = {**spec, "$schema": spec["$schema"].replace("v6", "v5")}
        return {
            "application/vnd.vegalite.v6+json": spec,
            "application/vnd.vegalite.v5+json": older,
            "text/plain": repr(self),
        }
