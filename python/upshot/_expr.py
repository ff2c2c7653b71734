"""Expressions of columns, as Python operators that write the expression language.

>>> (col("device") == "desktop") & (col("age").between(18, 30))
Expression("device == 'desktop' and age between 18 and 30")
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Iterable
from typing import Any, Union

from ._errors import usage

__all__ = ["Expression", "Literal", "coalesce", "col", "expr", "factor", "ratio", "when"]

Literal = Union[str, int, float, bool, None, datetime.date]
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_WORDS = frozenset(["and", "or", "not", "in", "between", "is", "null", "true", "false"])

# How tightly a text binds, from loose to tight, as docs/expressions.md has it.
_OR, _AND, _NOT, _COMPARE, _ADD, _MULTIPLY, _MINUS, _ATOM = range(8)


def quote_name(name: str) -> str:
    """A column's name as the expression language writes it."""
    if _NAME.match(name) and name.lower() not in _WORDS:
        return name
    return '"' + name.replace('"', '""') + '"'


def literal(value: Literal) -> str:
    """A value as the expression language writes it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, datetime.datetime):
        if value.tzinfo is not None:
            value = value.astimezone(datetime.timezone.utc).replace(tzinfo=None)
        return f"'{value.isoformat(sep=' ')}'"
    if isinstance(value, datetime.date):
        return f"date('{value.isoformat()}')"
    if hasattr(value, "item") and not isinstance(value, (int, float)):
        value = value.item()  # a scalar of numpy
        return literal(value)
    if isinstance(value, (int, float)):
        if not math.isfinite(value):
            raise usage(f"an expression cannot hold the number {value}")
        return repr(float(value)) if isinstance(value, float) else repr(int(value))
    raise usage(f"an expression cannot hold a {type(value).__name__}", "use texts or numbers")


def _part(value: Expression | Literal, least: int) -> str:
    """The text of an operand, in brackets where it binds more loosely than `least`."""
    if isinstance(value, Expression):
        return value.text if value._binds >= least else f"({value.text})"
    text = literal(value)
    return f"({text})" if text.startswith("-") and least > _MINUS else text


class Expression:
    """A column, or what is made of columns. Its text is what a command line would be given.

    Combine conditions with ``&``, ``|`` and ``~`` (not ``and``, ``or``, ``not``).
    """

    __slots__ = ("_binds", "text")

    def __init__(self, text: str, binds: int = _OR) -> None:
        self.text = text
        self._binds = binds

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    def __bool__(self) -> bool:
        raise TypeError("an expression has no truth value: combine conditions with & | ~")

    __hash__ = object.__hash__

    def _infix(
        self, word: str, other: Expression | Literal, binds: int, *, turned: bool = False
    ) -> Expression:
        # Comparisons do not chain, so both sides of one bind more tightly; - and / group to
        # the left, so that the right side does.
        left: Expression | Literal = other if turned else self
        right: Expression | Literal = self if turned else other
        least_left = binds + 1 if binds == _COMPARE else binds
        least_right = binds if binds in (_AND, _OR) else binds + 1
        return Expression(f"{_part(left, least_left)} {word} {_part(right, least_right)}", binds)

    def __eq__(self, other: object) -> Expression:  # type: ignore[override]
        if other is None:
            return self.is_null()
        return self._infix("==", other, _COMPARE)  # type: ignore[arg-type]

    def __ne__(self, other: object) -> Expression:  # type: ignore[override]
        if other is None:
            return self.is_not_null()
        return self._infix("!=", other, _COMPARE)  # type: ignore[arg-type]

    def __lt__(self, other: Expression | Literal) -> Expression:
        return self._infix("<", other, _COMPARE)

    def __le__(self, other: Expression | Literal) -> Expression:
        return self._infix("<=", other, _COMPARE)

    def __gt__(self, other: Expression | Literal) -> Expression:
        return self._infix(">", other, _COMPARE)

    def __ge__(self, other: Expression | Literal) -> Expression:
        return self._infix(">=", other, _COMPARE)

    def __and__(self, other: Expression | bool) -> Expression:
        return self._infix("and", other, _AND)

    def __or__(self, other: Expression | bool) -> Expression:
        return self._infix("or", other, _OR)

    def __invert__(self) -> Expression:
        return Expression(f"not {_part(self, _NOT)}", _NOT)

    def __neg__(self) -> Expression:
        return Expression(f"-{_part(self, _ATOM)}", _MINUS)

    def __add__(self, other: Expression | Literal) -> Expression:
        return self._infix("+", other, _ADD)

    def __radd__(self, other: Literal) -> Expression:
        return self._infix("+", other, _ADD, turned=True)

    def __sub__(self, other: Expression | Literal) -> Expression:
        return self._infix("-", other, _ADD)

    def __rsub__(self, other: Literal) -> Expression:
        return self._infix("-", other, _ADD, turned=True)

    def __mul__(self, other: Expression | Literal) -> Expression:
        return self._infix("*", other, _MULTIPLY)

    def __rmul__(self, other: Literal) -> Expression:
        return self._infix("*", other, _MULTIPLY, turned=True)

    def __truediv__(self, other: Expression | Literal) -> Expression:
        return self._infix("/", other, _MULTIPLY)

    def __rtruediv__(self, other: Literal) -> Expression:
        return self._infix("/", other, _MULTIPLY, turned=True)

    def __mod__(self, other: Expression | Literal) -> Expression:
        return self._infix("%", other, _MULTIPLY)

    def isin(self, values: Iterable[Expression | Literal]) -> Expression:
        """True where the value is one of these."""
        listed = ", ".join(_part(v, _ADD) for v in values)
        if not listed:
            raise usage("isin() needs at least one value")
        return Expression(f"{_part(self, _ADD)} in ({listed})", _COMPARE)

    def between(self, low: Expression | Literal, high: Expression | Literal) -> Expression:
        """True from low to high, both included."""
        text = f"{_part(self, _ADD)} between {_part(low, _ADD)} and {_part(high, _ADD)}"
        return Expression(text, _COMPARE)

    def is_null(self) -> Expression:
        """True where the value is missing."""
        return Expression(f"{_part(self, _ADD)} is null", _COMPARE)

    def is_not_null(self) -> Expression:
        """True where the value is there."""
        return Expression(f"{_part(self, _ADD)} is not null", _COMPARE)

    def _call(self, function: str) -> Expression:
        return Expression(f"{function}({self.text})", _ATOM)

    def abs(self) -> Expression:
        """The value without its sign."""
        return self._call("abs")

    def ln(self) -> Expression:
        """The natural logarithm; null where the value is not positive."""
        return self._call("ln")

    def exp(self) -> Expression:
        """e to the power of the value."""
        return self._call("exp")

    def floor(self) -> Expression:
        """The largest whole number that is not above the value."""
        return self._call("floor")

    def year(self) -> Expression:
        """The year of a date or time."""
        return self._call("year")

    def month(self) -> Expression:
        """The month, 1 to 12."""
        return self._call("month")

    def week(self) -> Expression:
        """The week of ISO 8601."""
        return self._call("week")

    def weekday(self) -> Expression:
        """Monday = 1 to Sunday = 7."""
        return self._call("weekday")

    def hour(self) -> Expression:
        """The hour of a time, 0 to 23."""
        return self._call("hour")

    def alias(self, name: str) -> Expression:
        """Names a metric: ``(col("orders") > 0).alias("bought")``."""
        return Expression(f"{quote_name(name)} = {self.text}")


def col(name: str) -> Expression:
    """The column of this name, whatever characters are in it."""
    return Expression(quote_name(name), _ATOM)


def expr(text: str) -> Expression:
    """A text of the expression language as an expression."""
    return Expression(text)


def when(
    condition: Expression, then: Expression | Literal, otherwise: Expression | Literal
) -> Expression:
    """``then`` where the condition holds, else ``otherwise`` (also where it is null)."""
    return Expression(f"if({condition.text}, {_part(then, _OR)}, {_part(otherwise, _OR)})", _ATOM)


def coalesce(*values: Expression | Literal) -> Expression:
    """The first value that is not missing."""
    return Expression(f"coalesce({', '.join(_part(v, _OR) for v in values)})", _ATOM)


def factor(column: str | Expression) -> Expression:
    """A covariate whose values are labels, even if they are numbers."""
    text = column.text if isinstance(column, Expression) else quote_name(column)
    return Expression(f"factor({text})", _ATOM)


def ratio(above: str | Expression, below: str | Expression) -> Expression:
    """A metric that is a sum over a sum; name it with ``alias()``."""
    return Expression(f"ratio({as_text(above)}, {as_text(below)})", _ATOM)


def as_text(value: Any) -> str:
    """The text of a condition, a column or a metric, given as text or as an expression."""
    return value.text if isinstance(value, Expression) else str(value)
