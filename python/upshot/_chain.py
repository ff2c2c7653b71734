"""The grammar of the paper: an experiment, its metrics, a model, and questions to it.

Every step gives a new object and changes none. ``fit`` reads the rows once and keeps them
compressed in a private directory that goes away with the object; later questions ask the
compressed rows. A question that they cannot answer (``E_NEEDS_ROWS``) is put to the rows, by
the same verb with the same options.

Source: Wong and Creux, "Closing the Loop" (arXiv 2604.24116).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, Union

from ._call import option_names, run
from ._directory import Directory
from ._errors import UpshotError, usage
from ._expr import Expression, as_text
from ._graph import Graph, graph_text, shares_text, split_text
from ._result import Result
from ._source import File, Source, open_source

if TYPE_CHECKING:
    from ._policy import Context, Policy, Reward

__all__ = [
    "BayesianLinearRegression",
    "Condition",
    "Effects",
    "ExperimentData",
    "Fit",
    "LinearModel",
    "Model",
]

Condition = Union[str, Expression]
_R = TypeVar("_R", bound=Result)


def _texts(values: Condition | Iterable[Condition] | None) -> tuple[str, ...]:
    """One or several conditions, columns or metrics as texts."""
    if values is None:
        return ()
    if isinstance(values, (str, Expression)):
        return (as_text(values),)
    return tuple(as_text(v) for v in values)


# ---- models ----


@dataclass(frozen=True, kw_only=True)
class LinearModel:
    """Weighted two-stage least squares with a robust covariance; every design reduces to it.

    ``vcov`` is auto, iid, hc0 to hc3 or cr0 to cr3 (HC2, or CR2 with clusters, by default);
    ``interactions`` is full or none: whether covariates are interacted with the arms, which
    segments need.
    """

    vcov: str | None = None
    interactions: str | None = None
    no_covariates: bool | None = None
    layout: str | None = None

    def _options(self) -> dict[str, Any]:
        return {
            "vcov": self.vcov,
            "interactions": self.interactions,
            "no_covariates": self.no_covariates,
            "layout": self.layout,
        }

    def _beliefs(self) -> dict[str, Any]:
        return {}


@dataclass(frozen=True, kw_only=True)
class BayesianLinearRegression(LinearModel):
    """The same with priors.

    ``prior`` is a belief such as ``"effect ~ normal(0, 5%)"``, several of them, or a mapping
    ``{"effect": "normal(0, 5%)"}``. ``posterior`` is robust (any design) or nig
    (normal-inverse-gamma, with ``shape`` and ``rate`` of the residual variance).
    """

    prior: str | Iterable[str] | Mapping[str, str] = ()
    posterior: str = "robust"
    shape: float | None = None
    rate: float | None = None

    def _beliefs(self) -> dict[str, Any]:
        prior = self.prior
        if isinstance(prior, Mapping):
            prior = [f"{name} ~ {belief}" for name, belief in prior.items()]
        return {
            "posterior": self.posterior,
            "prior": [prior] if isinstance(prior, str) else list(prior),
            "prior_shape": self.shape,
            "prior_rate": self.rate,
        }


Model = Union[LinearModel, type[LinearModel]]


# ---- the experiment ----


@dataclass(frozen=True, eq=False, repr=False)
class ExperimentData:
    """How units were randomised, and what was measured on them.

    ``source`` is a path, glob or ``"file.duckdb::table"``, or a table in memory. Every role
    takes a column or an expression. ``cluster_by`` may name two ways of clustering.
    ``expected_split`` is ``{"control": 1, "treatment": 1}`` or text. ``accept`` names checks
    whose failure is accepted; a note then travels with the numbers.
    """

    source: Source
    intent_to_treat: Condition | None = None
    treated: Condition | None = None
    propensity: Condition | None = None
    instrument: Condition | None = None
    cluster_by: Condition | tuple[Condition, Condition] | list[Condition] | None = None
    unit: Condition | None = None
    time: Condition | None = None
    strata: Condition | None = None
    weight: Condition | None = None
    control: str | None = None
    expected_split: str | Mapping[Any, float] | None = None
    filter: Condition | None = None
    missing: str | None = None
    assigned_by_cluster: bool | None = None
    accept: str | tuple[str, ...] | list[str] = ()
    threads: int | None = None
    memory: str | None = None
    seed: int | None = None
    graph: str | None = field(default=None, init=False, repr=False)
    _metrics: tuple[str, ...] = field(default=(), init=False, repr=False)
    _covariates: tuple[str, ...] = field(default=(), init=False, repr=False)
    _post: tuple[str, ...] = field(default=(), init=False, repr=False)
    _segments: tuple[str, ...] = field(default=(), init=False, repr=False)

    def __post_init__(self) -> None:
        # A stream can be read only once: the table is taken here and kept.
        object.__setattr__(self, "source", open_source(self.source))

    def __repr__(self) -> str:
        given = {
            **{f.name: getattr(self, f.name) for f in fields(self) if f.repr},
            "metrics": self._metrics,
            "covariates": self._covariates,
        }
        told = ", ".join(f"{k}={v!r}" for k, v in given.items() if v is not None and v != ())
        return f"ExperimentData({told})"

    def _with(self, **changes: Any) -> ExperimentData:
        made = replace(self)
        for name in ("graph", "_metrics", "_covariates", "_post", "_segments"):
            object.__setattr__(made, name, changes.get(name, getattr(self, name)))
        return made

    # ---- building ----

    def add_metric(
        self,
        y: Condition,
        exogenous_covariates: Condition | Iterable[Condition] | None = None,
        *,
        post: Condition | Iterable[Condition] | None = None,
    ) -> ExperimentData:
        """What is measured: a column, ``"name = expression"`` or an expression with ``alias()``.

        ``exogenous_covariates`` were measured before treatment and make the intervals
        narrower; those of all metrics enter the model of each. ``post`` names columns measured
        after treatment, which are then refused as covariates.
        """
        new = _texts(exogenous_covariates)
        return self._with(
            _metrics=(*self._metrics, as_text(y)),
            _covariates=self._covariates + tuple(c for c in new if c not in self._covariates),
            _post=self._post + _texts(post),
        )

    def add_segment(self, condition: Condition) -> ExperimentData:
        """A condition to keep when the rows are compressed, so that it can be asked for."""
        return self._with(_segments=(*self._segments, as_text(condition)))

    def with_graph(self, graph: Graph) -> ExperimentData:
        """What causes what, for :meth:`Fit.mediate_effect`: text, a file, a mapping or pairs."""
        return self._with(graph=graph_text(graph))

    def _design(self) -> dict[str, Any]:
        clusters = _texts(self.cluster_by)
        if len(clusters) > 2:
            raise usage("cluster_by names more than two ways of clustering", field="cluster_by")
        return {
            "itt": self.intent_to_treat,
            "treated": self.treated,
            "propensity": self.propensity,
            "instrument": self.instrument,
            "cluster": clusters[0] if clusters else None,
            "cluster2": clusters[1] if len(clusters) > 1 else None,
            "unit": self.unit,
            "time": self.time,
            "strata": self.strata,
            "weight": self.weight,
            "control": self.control,
            "expected_split": split_text(self.expected_split),
            "filter": self.filter,
            "missing": self.missing,
            "assigned_by_cluster": self.assigned_by_cluster,
            "metric": self._metrics,
            "covariates": self._covariates,
            "post": self._post,
            "segment": self._segments,
        }

    def _settings(self) -> dict[str, Any]:
        accept = (self.accept,) if isinstance(self.accept, str) else tuple(self.accept)
        return {
            "accept": accept,
            "threads": self.threads,
            "memory": self.memory,
            "seed": self.seed,
        }

    def _ask(
        self, kind: type[_R], verb: str, source: Any, shared: dict[str, Any], own: dict[str, Any]
    ) -> _R:
        """A verb with what it shares with others, as far as it has it, and its own options."""
        progress = own.pop("progress", None)
        known = option_names(verb)
        common = {k: v for k, v in {**shared, **self._settings()}.items() if k in known}
        return run(kind, verb, (source,), {**common, **own}, progress)

    def _ask_rows(self, verb: str, **options: Any) -> Result:
        return self._ask(Result, verb, self.source, self._design(), options)

    # ---- questions to the rows ----

    def describe(self, **options: Any) -> Result:
        """Looks at the columns: types, missing values, ranges; options as ``upshot describe``."""
        return run(Result, "describe", (self.source,), options)

    def check(self, **options: Any) -> Result:
        """Can the data be trusted: one verdict per check; options as ``upshot check``."""
        return self._ask_rows("check", **options)

    def power(self, **options: Any) -> Result:
        """How many units: options as ``upshot power``, e.g. ``effect="2%"`` or ``units=5000``."""
        return self._ask_rows("power", **options)

    def monitor(self, looks_by: Condition, **options: Any) -> Result:
        """The path of the effects as data came in, look by look; as ``upshot monitor``."""
        return self._ask_rows("monitor", looks_by=looks_by, **options)

    def adaptive(self, **options: Any) -> Result:
        """Effects from a log whose propensities followed outcomes; as ``upshot adaptive``."""
        return self._ask_rows("adaptive", **options)

    def discover(self, **options: Any) -> Result:
        """Proposes a causal graph of the metrics, as a hypothesis; as ``upshot discover``."""
        return self._ask_rows("discover", **options)

    # ---- the model ----

    def fit(self, model: Model = LinearModel, **options: Any) -> Fit:
        """Reads the rows once, compresses them and fits the model of all metrics."""
        made = model() if isinstance(model, type) else model
        if not isinstance(made, LinearModel):
            raise usage(
                f"a {type(made).__name__} is not a model",
                "give up.LinearModel or up.BayesianLinearRegression(prior=...)",
                "model",
            )
        directory = Directory()
        capsule = directory.path / "fit.parquet"
        options = {**made._options(), **made._beliefs(), **options, "save": capsule}
        result = self._ask_rows("fit", **options)
        result._private = (str(capsule),)
        return Fit(self, made, result, capsule, directory)


# ---- the model ----


class _Questions:
    """Questions to a fitted model, or to the same rows once more."""

    _fit: Fit
    _graph: str | None

    def _question(self) -> dict[str, Any]:
        """What narrows the question: conditions, levels, periods."""
        return {}

    def infer_rank(self, **options: Any) -> Result:
        """Which arm is best: probabilities, ranks and expected loss; as ``upshot rank``."""
        return self._fit._answer(Result, "rank", self._question(), options)

    def project(
        self,
        to: Mapping[Any, Any] | Source | None = None,
        *,
        forward: int | None = None,
        **options: Any,
    ) -> Effects:
        """The effects in another population, or later; options as ``upshot project``.

        ``to`` holds shares of levels and means of numbers, ``{"device": {"mobile": 0.7,
        "desktop": 0.3}, "age": 41}``; or it is the rows of the target, as a table or a path.
        ``forward`` carries the effects on by so many periods.
        """
        if isinstance(to, Mapping) and all(
            isinstance(v, (Mapping, int, float)) for v in to.values()
        ):
            shares = {k: v for k, v in to.items() if isinstance(v, Mapping)}
            options["to"] = [shares_text(k, v) for k, v in shares.items()]
            means = [f"{as_text(k)}={float(v)!r}" for k, v in to.items() if k not in shares]
            options["means"] = means or None
        else:
            options["target"] = to
        options["forward"] = forward
        return self._fit._effects("project", self._question(), options)

    def mediate_effect(self, *mediators: str, **options: Any) -> Result:
        """Why: the effect split over the paths of the graph; options as ``upshot mediate``.

        With mediators, the sums over all paths that pass each of them stand in the answer,
        too. Without :meth:`with_graph`, the mediators are drawn side by side between the arm
        and the only metric; a warning tells where the data speak against that.
        """
        graph = self._graph
        if graph is None:
            graph = self._fit._drawn(mediators)
        asked = {"graph": graph, "detail": True if mediators else None, **options}
        result = self._fit._mediate(self._question(), asked)
        paths = [str(row["path"]) for row in result.rows if row["part"] == "path"]
        passed = {node for path in paths for node in path.split(" -> ")[1:-1]}
        unknown = [m for m in mediators if m not in passed]
        if unknown:
            raise usage(
                f"no path of the graph passes '{unknown[0]}'",
                "the mediators are " + ", ".join(sorted(passed)),
                "mediators",
            )
        return result


_FIT = "@fit"  # what answers call the compressed rows


class Fit(_Questions):
    """A fitted model and the compressed rows. ``print(fit)`` shows the coefficients."""

    def __init__(
        self,
        experiment: ExperimentData,
        model: LinearModel,
        result: Result,
        capsule: Path,
        directory: Directory,
    ) -> None:
        self.experiment = experiment
        self.model = model
        self.result = result
        self._capsule = capsule
        self._directory = directory  # removed when the last object that uses it goes
        self._fit = self
        self._graph = experiment.graph

    # ---- asking ----

    def _answer(
        self, kind: type[_R], verb: str, question: dict[str, Any], options: dict[str, Any]
    ) -> _R:
        """From the compressed rows; from the rows where those cannot answer."""
        known = option_names(verb)
        own = {k: v for k, v in question.items() if k in known and v is not None}
        own.update(options)
        beliefs = self.model._beliefs()
        try:
            capsule = File(_FIT, str(self._capsule))
            result = self.experiment._ask(kind, verb, capsule, beliefs, dict(own))
            result._private = (_FIT,)
            return result
        except UpshotError as failure:
            if failure.code != "E_NEEDS_ROWS":
                raise
        shared = {**self.experiment._design(), **self.model._options(), **beliefs}
        return self._rows_as_fitted(
            self.experiment._ask(kind, verb, self.experiment.source, shared, own)
        )

    def _rows_as_fitted(self, answer: _R) -> _R:
        """What the rows answer belongs to the fit only while they are what was fitted."""
        fitted = self.result.to_dict().get("input", {}).get("fingerprint")
        now = answer.to_dict().get("input", {}).get("fingerprint")
        if fitted and now and fitted != now:  # a table in memory has none
            raise UpshotError(
                "E_SOURCE",
                f"the rows of {self.experiment.source} have changed since they were fitted",
                field="source",
                fix="fit them again",
            )
        return answer

    def _effects(
        self, verb: str, question: dict[str, Any], options: dict[str, Any]
    ) -> Effects:
        effects = self._answer(Effects, verb, question, options)
        effects._fit = self
        effects._graph = self._graph
        effects._asked = {
            k: v for k, v in {**question, **options}.items() if k in _NARROWS and v is not None
        }
        return effects

    def _drawn(self, mediators: tuple[str, ...]) -> str:
        arm = self.experiment.intent_to_treat
        if not mediators or arm is None or len(self.experiment._metrics) != 1:
            raise usage(
                "there is no graph to split the effect by",
                "give one: .with_graph('arm -> searches -> sales; arm -> sales')",
                "graph",
            )
        outcome = self.experiment._metrics[0]
        pairs = [(as_text(arm), m) for m in mediators] + [(m, outcome) for m in mediators]
        return graph_text([*pairs, (as_text(arm), outcome)])

    def _mediate(self, question: dict[str, Any], options: dict[str, Any]) -> Result:
        # Mediators are further outcomes, which the compressed rows of the metrics do not have.
        shared = {**self.experiment._design(), **self.model._options(), "metric": None}
        known = option_names("mediate")
        narrow = {k: v for k, v in question.items() if k in known and v is not None}
        own = {**narrow, **options}
        return self._rows_as_fitted(
            self.experiment._ask(Result, "mediate", self.experiment.source, shared, own)
        )

    # ---- questions ----

    def infer_effect(
        self,
        condition_on: Condition | Iterable[Condition] | None = None,
        *,
        by: Condition | None = None,
        over_time: bool | None = None,
        cumulative: bool | None = None,
        against: str | None = None,
        estimand: str | None = None,
        level: float | None = None,
        **options: Any,
    ) -> Effects:
        """What changed: effects by metric, arm, segment and period; as ``upshot effect``.

        ``condition_on`` gives one row per condition, ``by`` one per level of a covariate,
        ``over_time`` one per period. Everything else is an option of the verb.
        """
        asked = {
            "where": list(_texts(condition_on)) or None,
            "by": by,
            "over_time": over_time,
            "cumulative": cumulative,
            "against": against,
            "estimand": estimand,
            "level": level,
            **options,
        }
        return self._effects("effect", {}, asked)

    def with_graph(self, graph: Graph) -> Fit:
        """The same model with a causal graph, for :meth:`mediate_effect`."""
        experiment = self.experiment.with_graph(graph)
        return Fit(experiment, self.model, self.result, self._capsule, self._directory)

    def check(self, **options: Any) -> Result:
        """Can the data be trusted: one verdict per check; as ``upshot check``."""
        return self._answer(Result, "check", {}, options)

    def power(self, **options: Any) -> Result:
        """How many units the next experiment needs; as ``upshot power``."""
        return self._answer(Result, "power", {}, options)

    def infer_reward(
        self, contexts: Context | Iterable[Context], **options: Any
    ) -> Reward:
        """What each arm is worth in these contexts, over control; see :class:`Reward`.

        A context is an :class:`upshot.ContextVector` or any other mapping; ``options`` are
        those of ``upshot policy``.
        """
        from ._policy import Reward

        return Reward(self, contexts, options)

    def policy(self, **options: Any) -> Policy:
        """What to do next: which arm to play for whom; options as ``upshot policy``."""
        from ._policy import Policy

        return Policy(self, **options)

    def value(self, policy: Policy | str | Path, **options: Any) -> Result:
        """What a policy would have earned on these rows; as ``upshot value``."""
        path = policy if isinstance(policy, (str, Path)) else policy._file()
        return self._answer(Result, "value", {}, {"policy": path, **options})

    def save(self, path: str | Path, **options: Any) -> Result:
        """Writes the capsule: one file from which every door answers without the rows."""
        options = {**self.model._options(), **self.model._beliefs(), **options, "save": path}
        return self.experiment._ask_rows("fit", **options)

    # ---- views ----

    def tidy(self, backend: str | None = None) -> Any:
        """The coefficients, as :meth:`Result.tidy`."""
        return self.result.tidy(backend)

    def glance(self, backend: str | None = None) -> Any:
        """One row about the fit, as :meth:`Result.glance`."""
        return self.result.glance(backend)

    def summary(self) -> str:
        """The page that ``upshot fit`` prints."""
        return self.result.summary()

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        design, rows = self.result["design"], self.result["input"]["rows"]
        kind = type(self.model).__name__
        return f"<upshot fit: {', '.join(design['metrics'])} of {rows} rows, {kind}>"


_NARROWS = ("where", "by", "over", "over_time", "against", "estimand")


class Effects(Result, _Questions):
    """Effects with their intervals, and the model they came from, for further questions."""

    _asked: dict[str, Any]

    def _question(self) -> dict[str, Any]:
        return self._asked

    def with_graph(self, graph: Graph) -> Fit:
        """The model with a causal graph, for :meth:`Fit.mediate_effect`."""
        return self._fit.with_graph(graph)

    def infer_effect(
        self, condition_on: Condition | Iterable[Condition] | None = None, **options: Any
    ) -> Effects:
        """Another question to the same model."""
        return self._fit.infer_effect(condition_on, **options)
