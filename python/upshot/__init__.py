"""Upshot: the data of an experiment into a decision that a business can defend.

Two ways in. The grammar of the paper::

    import upshot as up

    fit = (
        up.ExperimentData("shop.parquet", intent_to_treat="arm")
        .add_metric(y="sales", exogenous_covariates=["device", "spend_before"])
        .fit(up.LinearModel)
    )
    effect = fit.infer_effect(condition_on=["device == 'desktop'"])

and the catalog, verb by verb, with the answers of the program byte for byte::

    up.call("effect", "shop.parquet", itt="arm", metric="sales", by="device")

``up.guide()`` lists short pages, ``up.help("effect")`` the options of a verb.
"""

from __future__ import annotations

import ctypes as _ctypes
from typing import Any

from ._call import call, verbs
from ._chain import (
    BayesianLinearRegression,
    Condition,
    Effects,
    ExperimentData,
    Fit,
    LinearModel,
    Model,
)
from ._display import Chart
from ._errors import UpshotError, UpshotRefusal, UpshotUsageError, UpshotWarning
from ._errors import check as _check
from ._errors import take_text as _take_text
from ._errors import text_of as _text_of
from ._expr import Expression, Literal, coalesce, col, expr, factor, ratio, when
from ._graph import Graph
from ._native import UpError as _UpError
from ._native import lib as _lib
from ._policy import ContextVector, Decision, Policy, Reward
from ._result import Note, Result
from ._source import ArrowStream, Source

__all__ = [
    "ArrowStream",
    "BayesianLinearRegression",
    "Chart",
    "Condition",
    "ContextVector",
    "Decision",
    "Effects",
    "ExperimentData",
    "Expression",
    "Fit",
    "Graph",
    "LinearModel",
    "Literal",
    "Model",
    "Note",
    "Policy",
    "Result",
    "Reward",
    "Source",
    "UpshotError",
    "UpshotRefusal",
    "UpshotUsageError",
    "UpshotWarning",
    "__version__",
    "call",
    "coalesce",
    "col",
    "describe",
    "explain",
    "expr",
    "factor",
    "guide",
    "help",
    "power",
    "ratio",
    "simulate",
    "verbs",
    "when",
]

__version__: str = _text_of(_lib.up_version())


def describe(source: Source, **options: Any) -> Result:
    """Looks at the columns of a table: types, missing values, ranges; as ``upshot describe``."""
    return call("describe", source, **options)


def power(source: Source | None = None, **options: Any) -> Result:
    """How many units: sample size, power, smallest effect; as ``upshot power``.

    From rows of the past, or from a baseline: ``power(baseline=45, sd=30, effect="2%")``.
    """
    return call("power", source, **options) if source is not None else call("power", **options)


def simulate(what: str, path: str, **options: Any) -> Result:
    """Writes the data of an online store with the true effects; as ``upshot simulate``."""
    return call("simulate", what, path, **options)


def guide(topic: str | None = None) -> str:
    """A page of the guide; without a topic, the list of pages."""
    return call("guide", topic=topic).text


def explain(code: str | None = None) -> str:
    """What a code of a failure or a note means, and what to do; without one, the list."""
    return call("explain", code=code).text


def help(verb: str | None = None, *, width: int = 80) -> str:
    """The help of a verb, with every option; without one, the overview."""
    text, error = _ctypes.c_void_p(), _UpError()
    name = verb.encode() if verb is not None else None
    _check(_lib.up_catalog_help(name, width, _ctypes.byref(text), _ctypes.byref(error)), error)
    return _take_text(text)
