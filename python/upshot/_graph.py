"""Causal graphs and target populations as Python values, written as the library reads them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any, Union

from ._errors import usage
from ._expr import Expression, as_text

__all__ = ["Graph", "graph_text", "shares_text"]

# Text or a file; causes with their effects; pairs of cause and effect; or a networkx graph.
Graph = Union[
    str, "os.PathLike[str]", Mapping[str, Union[str, Iterable[str]]], Iterable[tuple[str, str]], Any
]
_NODE = re.compile(r"[A-Za-z0-9_.]+\Z")
_LABEL = re.compile(r"[A-Za-z0-9_.+-]+\Z")


def _node(name: object) -> str:
    text = str(name)
    return text if _NODE.match(text) else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _pairs(graph: Any) -> list[tuple[object, object]]:
    if isinstance(graph, Mapping):
        return [
            (cause, effect)
            for cause, effects in graph.items()
            for effect in ([effects] if isinstance(effects, str) else effects)
        ]
    edges = getattr(graph, "edges", graph)  # of networkx, or pairs
    return [(edge[0], edge[1]) for edge in (edges() if callable(edges) else edges)]


def graph_text(graph: Graph) -> str:
    """The graph as arrows; a text or a path is passed on as it is."""
    if isinstance(graph, (str, os.PathLike)):
        return str(os.fspath(graph))
    try:
        pairs = _pairs(graph)
    except (TypeError, IndexError) as problem:
        raise usage(
            f"a {type(graph).__name__} is not a graph",
            "give text such as 'arm -> searches -> sales', a mapping of causes to effects, "
            "pairs of cause and effect, or a networkx graph",
            "graph",
        ) from problem
    return "; ".join(f"{_node(cause)} -> {_node(effect)}" for cause, effect in pairs)


def _label(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if _LABEL.match(text) else "'" + text.replace("'", "''") + "'"


def shares_text(covariate: str | Expression, shares: Mapping[Any, float]) -> str:
    """``device=mobile:0.7,desktop:0.3``."""
    parts = ",".join(f"{_label(level)}:{float(share)!r}" for level, share in shares.items())
    return f"{as_text(covariate)}={parts}"


def split_text(shares: str | Mapping[Any, float] | None) -> str | None:
    """The planned share of each arm: ``control=0.5,a=0.5``; numbers are scaled to add up to 1."""
    if shares is None or isinstance(shares, str):
        return shares
    total = sum(float(x) for x in shares.values())
    if not total > 0:
        raise usage("the planned shares do not add up to more than 0", field="expected_split")
    return ",".join(f"{_label(arm)}={float(x) / total!r}" for arm, x in shares.items())
