"""Matching: whether a row fulfils a filter, and which of two rows comes first; for engines that cannot query.

It does what Camunda 7 does, fact by fact (a test compares 2,000 filters): all conditions on one row; ``neq`` is the
opposite of ``eq``, so it also matches other types and nulls; a number matches every numeric type that can hold it
exactly, so 0.5 is compared with no integer. What a filter looks like lives in ``gateway.model.query``.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from gateway.model.condition import Condition
from gateway.model.query import Filter, Row, Sort
from gateway.model.values import INTEGER_BOUNDS, Value, instant, text_of

_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "gt": operator.gt,
    "gteq": operator.ge,
    "lt": operator.lt,
    "lteq": operator.le,
}
_TYPES = (
    "boolean", "bytes", "date-time", "number", "file", "integer/int32", "json", "list", "integer/int64", "null",
    "opaque", "integer/int16", "object", "string", "xml",
)  # fmt: skip
"""Types in sort order: the order of the words in Camunda's ``TYPE_`` column, so that both engines sort alike."""
_RANKS = {kind: rank for rank, kind in enumerate(_TYPES)}

Test = Callable[[str, Value], bool]


class Matcher:
    """Test of variables against a filter's names and values; the lists of ids are the adapter's business."""

    def __init__(self, wanted: Filter) -> None:
        self._tests: list[Test] = []
        if wanted.variable_name is not None:
            self._tests.append(_named(wanted.variable_name, folded=False))
        if wanted.variable_name_like is not None:
            pattern = like(wanted.variable_name_like)
            self._tests.append(lambda name, _: pattern(name))
        for condition in wanted.variable_values or ():
            self._tests.append(_named(condition.name, folded=wanted.variable_names_ignore_case))
            self._tests.append(_valued(condition, folded=wanted.variable_values_ignore_case))

    def __call__(self, name: str, value: Value) -> bool:
        """Return whether a variable matches."""
        return all(test(name, value) for test in self._tests)


def _named(wanted: str, *, folded: bool) -> Test:
    if folded:
        upper = wanted.upper()
        return lambda name, _: name.upper() == upper
    return lambda name, _: name == wanted


def _valued(condition: Condition, *, folded: bool) -> Test:
    if condition.operator == "neq":
        same = _test(condition, "eq", folded=folded)
        return lambda _, value: not same(value)
    holds = _test(condition, condition.operator, folded=folded)
    return lambda _, value: holds(value)


def _test(condition: Condition, comparison: str, *, folded: bool) -> Callable[[Value], bool]:
    raw = bytes(condition.value)
    match condition.kind:
        case "null":
            return lambda value: value.text == b"null"  # not one that cannot be read
        case "boolean":
            return lambda value: value.type == "boolean" and value.text == raw
        case "number":
            return _number(raw.decode(), comparison)
        case "date-time":
            moment, compare = instant(text_of(raw)), _COMPARE[comparison]
            return lambda value: (
                value.type == "date-time" and not value.is_null() and compare(instant(text_of(value.text)), moment)
            )
        case _:
            return _text(text_of(raw), comparison, folded=folded)


def _text(text: str, comparison: str, *, folded: bool) -> Callable[[Value], bool]:
    def shown(each: str) -> str:
        return each.upper() if folded else each

    holds = like(shown(text)) if comparison == "like" else _compared(shown(text), _COMPARE[comparison])
    return lambda value: value.type == "string" and not value.is_null() and holds(shown(text_of(value.text)))


def _compared(text: str, compare: Callable[[Any, Any], bool]) -> Callable[[str], bool]:
    wanted = _units(text)
    return lambda each: compare(_units(each), wanted)


def _units(text: str) -> bytes:
    """Return the UTF-16 units of a text: Java and H2 sort by them; a database with a collation sorts in its own way."""
    return text.encode("utf-16-be", "surrogatepass")


def _number(text: str, comparison: str) -> Callable[[Value], bool]:
    wanted, double, compare = Decimal(text), float(text), _COMPARE[comparison]
    whole = wanted == wanted.to_integral_value() if wanted.adjusted() < 20 else False  # noqa: PLR2004 - 64 bits have 19

    def holds(value: Value) -> bool:
        if value.type not in {"integer", "number"} or value.is_null():
            return False
        if value.type == "integer":
            bound = INTEGER_BOUNDS[value.format or "int64"]
            return whole and -bound <= wanted < bound and compare(int(value.text), int(wanted))
        if value.format == "decimal":
            return compare(Decimal(value.text.decode()), wanted)
        return compare(float(value.text.decode().strip('"')), double)

    return holds


def like(pattern: str) -> Callable[[str], bool]:
    r"""Return the test of a pattern with ``%`` (any text), ``_`` (one character) and the escape ``\``.

    The pieces between ``%`` are searched one after the other, so the time grows at most with pattern times text.
    """
    segments: list[list[str]] = [[]]
    for sign in re.findall(r"\\?.", pattern, re.DOTALL):
        if sign == "%":
            segments.append([])
        else:
            segments[-1].append(sign)
    first, *middle = map(_piece, segments)
    if not middle:
        return lambda text: first.fullmatch(text) is not None
    tail, end = len(segments[-1]), middle.pop()

    def holds(text: str) -> bool:
        found = first.match(text)
        for piece in middle:
            if found is None:
                return False
            found = piece.search(text, found.end())
        start = len(text) - tail
        return found is not None and start >= found.end() and end.fullmatch(text, start) is not None

    return holds


def _piece(signs: list[str]) -> re.Pattern[str]:
    return re.compile("".join("." if sign == "_" else re.escape(sign[-1]) for sign in signs), re.DOTALL)


def sort_value(row: Row, key: str) -> tuple[int, str]:
    """Return what one sort key compares: names, scopes and tenants by code points, types by rank."""
    variable = row.variable
    match key:
        case "name":
            return 0, variable.name
        case "type":
            kind = variable.value.type or ""
            with_format = f"{kind}/{variable.value.format}"
            return _RANKS.get(with_format, _RANKS.get(kind, len(_RANKS))), ""
        case "tenant":
            return 0, row.tenant or ""
        case _:
            scope = variable.scope
            return 0, (scope.activity or "") if scope is not None else ""


def precedes(one: Row, other: Row, sorting: tuple[Sort, ...]) -> bool | None:
    """Return whether a row comes before another by the sort keys; None if all keys are equal."""
    for sort in sorting:
        first, second = sort_value(one, sort.key), sort_value(other, sort.key)
        if first != second:
            return (first < second) is not sort.descending
    return None
