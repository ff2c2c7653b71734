"""Policies: which arm to play for whom, made of a model, served one decision at a time."""

from __future__ import annotations

import ctypes
import json
import math
import uuid
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ._directory import Directory
from ._errors import check, take_text, text_of, usage
from ._native import UpError, UpPolicyDecision, lib
from ._result import Result, _frame

if TYPE_CHECKING:
    from ._chain import Fit

__all__ = ["ContextVector", "Decision", "Policy", "Reward"]

ContextValue = Any  # a label, a number, or None where it is missing


class ContextVector(Mapping[str, ContextValue]):
    """What is known of a unit when a decision is made: a value for each input of a policy.

    >>> ContextVector(device="mobile", loyalty="new")
    """

    def __init__(self, values: Mapping[str, ContextValue] | None = None, /, **more: Any) -> None:
        self._values = {**(values or {}), **more}

    def __getitem__(self, name: str) -> ContextValue:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"ContextVector({self._values!r})"


class Decision(NamedTuple):
    """One decision. Log the unit, the arm and the propensity."""

    unit: str
    arm: str
    propensity: float
    probabilities: dict[str, float]
    base: bool


Context = Mapping[str, ContextValue]


def _contexts(contexts: Context | Iterable[Context]) -> tuple[ContextVector, ...]:
    listed = [contexts] if isinstance(contexts, Mapping) else list(contexts)
    return tuple(ContextVector(c) for c in listed)


class Policy:
    """Plays arms with known probabilities.

    Made of a :class:`Fit` or of its :meth:`Fit.infer_reward`, with the options of ``upshot
    policy`` (``algorithm``, ``floor``, ``context``, ``reward``, ...); or of the path of a
    saved policy. Immutable; safe to use from several threads.
    """

    def __init__(self, model: Fit | Reward | str | Path, /, **options: Any) -> None:
        self._directory: Directory | None = None
        self.contexts: tuple[ContextVector, ...] = ()
        #: what ``upshot policy`` answers; None for a policy that was loaded
        self.result: Result | None = None
        if isinstance(model, (str, Path)):
            if options:
                raise usage("a saved policy takes no options", "make a new one of a model")
            self._path = Path(model)
        else:
            if isinstance(model, Reward):
                self.contexts = model.contexts
                options = {**model.options, **options}
            fit = model.fit if isinstance(model, Reward) else model
            self._directory = Directory()
            self._path = self._directory.path / "policy.json"
            options["save"] = self._path
            self.result = fit._answer(Result, "policy", {}, options)
            self.result._private += (str(self._path),)
        pointer, error = ctypes.c_void_p(), UpError()
        status = lib.up_policy_load(
            str(self._path).encode(), ctypes.byref(pointer), ctypes.byref(error)
        )
        check(status, error)
        self._pointer = pointer.value
        self._free = weakref.finalize(self, lib.up_policy_free, pointer.value)
        n = lib.up_policy_inputs(self._pointer)
        self._inputs = [lib.up_policy_input(self._pointer, i) for i in range(n)]
        #: labels of the arms, control first
        self.arms = tuple(
            text_of(lib.up_policy_arm(self._pointer, i))
            for i in range(lib.up_policy_arms(self._pointer))
        )
        #: names of the covariates that a context must give
        self.inputs = tuple(text_of(i.name) for i in self._inputs)

    @classmethod
    def load(cls, path: str | Path) -> Policy:
        """Reads a policy that :meth:`save` or ``upshot policy --save`` wrote."""
        return cls(path)

    def save(self, path: str | Path) -> None:
        """Writes the policy, with all that any door needs to serve it."""
        error = UpError()
        check(
            lib.up_policy_save(self._pointer, str(path).encode(), ctypes.byref(error)), error
        )

    def to_dict(self) -> dict[str, Any]:
        """The policy as it is saved."""
        text, error = ctypes.c_void_p(), UpError()
        status = lib.up_policy_json(self._pointer, ctypes.byref(text), ctypes.byref(error))
        check(status, error)
        made: dict[str, Any] = json.loads(take_text(text))
        return made

    def _file(self) -> Path:
        return self._path

    # ---- contexts ----

    def _number(self, i: int, value: ContextValue) -> float:
        """A value as the library takes it: the number of a level, or the number itself."""
        if value is None or value != value:
            return math.nan
        if hasattr(value, "item") and callable(value.item):
            value = value.item()  # a scalar of numpy
        if self._inputs[i].n_levels == 0:
            if isinstance(value, (int, float)):
                return float(value)
            raise usage(f"'{self.inputs[i]}' is {value!r}, not a number", field=self.inputs[i])
        label = _label(value)
        return float(lib.up_policy_level(self._pointer, i, label.encode()))

    def _vector(self, context: Context | None) -> list[float]:
        given = context or {}
        unknown = [name for name in given if name not in self.inputs and name != "unit"]
        if unknown:
            raise usage(
                f"'{unknown[0]}' is no input of the policy",
                "its inputs are " + (", ".join(self.inputs) or "none"),
                unknown[0],
            )
        return [self._number(i, given.get(name)) for i, name in enumerate(self.inputs)]

    def _matrix(self, contexts: Sequence[Context | None]) -> Any:
        flat = [x for c in contexts for x in self._vector(c)]
        return (ctypes.c_double * max(len(flat), 1))(*flat)

    # ---- questions ----

    def decide_many(
        self,
        units: Sequence[object] | None = None,
        contexts: Sequence[Context | None] | None = None,
    ) -> list[Decision]:
        """Decides for many units at once; the first that cannot be decided raises.

        Without contexts: those of the reward that the policy was made of. Without units: one
        is drawn for each context, and stands in its decision.
        """
        given: Sequence[Context | None]
        if contexts is not None:
            given = contexts
        elif self.contexts and self.inputs:
            given = self.contexts
        else:
            given = [None] * (len(units) if units is not None else 1)
        names = [str(u) for u in units] if units is not None else [_drawn() for _ in given]
        n, arms = len(names), len(self.arms)
        if len(given) != n:
            raise usage(f"there are {n} units but {len(given)} contexts", field="contexts")
        raw = (ctypes.c_char_p * max(n, 1))(*(name.encode() for name in names))
        out = (UpPolicyDecision * max(n, 1))()
        share = (ctypes.c_double * max(n * arms, 1))()
        error = UpError()
        status = lib.up_policy_decide_many(
            self._pointer, n, self._matrix(given), raw, out, share, ctypes.byref(error)
        )
        check(status, error)
        return [
            Decision(
                names[k],
                self.arms[out[k].arm],
                out[k].propensity,
                dict(zip(self.arms, share[k * arms : (k + 1) * arms])),
                bool(out[k].base),
            )
            for k in range(n)
        ]

    def decide(
        self, unit: object | None = None, context: Context | None = None, **values: Any
    ) -> Decision:
        """Decides for one unit in a context, given as a mapping or by keywords.

        The same unit, salt and policy give the same decision anywhere. Without a unit one is
        drawn; it stands in the decision, so that the decision can be repeated. Without a
        context: that of the reward which the policy was made of, where it has one.
        """
        whole: Context = {**(context or {}), **values}
        if not whole and self.inputs and self.contexts:
            if len(self.contexts) > 1:
                raise usage(
                    f"the reward has {len(self.contexts)} contexts",
                    "give one of them, or ask decide_many()",
                    "context",
                )
            whole = self.contexts[0]
        name = unit if unit is not None else whole.get("unit")
        return self.decide_many([name if name is not None else _drawn()], [whole])[0]

    def probabilities(self, context: Context | None = None, **values: Any) -> dict[str, float]:
        """The probability with which each arm is played in a context."""
        share = (ctypes.c_double * len(self.arms))()
        error = UpError()
        vector = self._matrix([{**(context or {}), **values}])
        status = lib.up_policy_probabilities(
            self._pointer, vector, share, None, ctypes.byref(error)
        )
        check(status, error)
        return dict(zip(self.arms, share))

    def effect(self, context: Context | None = None) -> dict[str, tuple[float, float]]:
        """The expected reward of each arm over the first, with its standard error."""
        vector = self._matrix([context]) if context is not None else None
        made: dict[str, tuple[float, float]] = {}
        for i, arm in enumerate(self.arms):
            error = ctypes.c_double()
            estimate = lib.up_policy_effect(self._pointer, vector, i, ctypes.byref(error))
            made[arm] = (float(estimate), error.value)
        return made

    def __repr__(self) -> str:
        info = lib.up_policy_describe(self._pointer)
        return (
            f"<upshot policy: {text_of(info.algorithm_name)} for {text_of(info.metric)}, "
            f"arms {', '.join(self.arms)}, inputs {', '.join(self.inputs) or 'none'}>"
        )


class Reward:
    """What each arm is expected to earn over control in given contexts.

    ``tidy()`` has one row per context and arm with the estimate and its standard error, in
    the unit of the metric; ``Policy(reward)`` makes a policy of the same model.
    """

    def __init__(
        self, fit: Fit, contexts: Context | Iterable[Context], options: dict[str, Any]
    ) -> None:
        self.fit = fit
        self.contexts = _contexts(contexts)
        self.options = options
        self._policy = Policy(fit, **options)
        self._policy._vector(self.contexts[0] if self.contexts else None)  # names are checked

    @property
    def rows(self) -> list[dict[str, Any]]:
        """One row per context and arm."""
        made: list[dict[str, Any]] = []
        for context in self.contexts:
            self._policy.probabilities(context)  # refuses a context that is not known
            for arm, (estimate, error) in self._policy.effect(context).items():
                made.append(
                    {**context, "arm": arm, "estimate": estimate, "std_error": error}
                )
        return made

    def tidy(self, backend: str | None = None) -> Any:
        """The rows as a table, as :meth:`Result.tidy`."""
        rows = self.rows
        return _frame(rows, list(rows[0]) if rows else [], backend)

    def __repr__(self) -> str:
        return f"<upshot reward: {len(self.contexts)} contexts, {self._policy!r}>"


def _drawn() -> str:
    return str(uuid.uuid4())


def _label(value: object) -> str:
    """A level by its label: 1.0 and 1 are one level, as they are in the data."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
