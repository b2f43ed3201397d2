"""Parameters of searches in Camunda's language: pages, lists, conditions and orders as they stand in a query string.

What must not live here: what a search is for (``searching``), and bodies (``bodies``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

import msgspec

from gateway.errors import Fault, InvalidRequest, RouteNotFound
from gateway.model.condition import Condition, Operator
from gateway.model.values import NULL, json_text
from gateway.port import DialectRequest

K = TypeVar("K")
ALL = 2**31 - 1
"""Rows where the caller sets no ``maxResults``: Java's largest integer, as the engine takes it."""
PAGING = frozenset({"firstResult", "maxResults", "deserializeValues"})
"""Parameters of every search, whichever its method."""
Ids: TypeAlias = list[str | int] | None
"""Ids as callers write them in a body; the engine takes numbers for texts."""
_OPERATORS: Mapping[str, Operator] = {each: each for each in ("eq", "neq", "gt", "gteq", "lt", "lteq", "like")}
_PARTS = 3
_FORMAT = "variable query parameter has to have format KEY_OPERATOR_VALUE."
_BOOLEANS = {"true": True, "false": False}


class GivenCondition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One condition on a variable as callers write it in a body."""

    name: str | None = None
    operator: str | None = None
    value: msgspec.Raw = NULL


class GivenSort(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """One criterion of an order as callers write it."""

    sort_by: str | None = None
    sort_order: str | None = None


def read_page(request: DialectRequest) -> tuple[int, int]:
    """Return how many rows to pass over, and the most rows after them.

    ``maxResults`` that is not above 0, and ``firstResult`` below it, mean no rows (recorded on 7.24).

    Raises:
        RouteNotFound: one of them is no number; the engine's HTTP library says 404 then.
    """
    first, most = _number(request, "firstResult", 0), _number(request, "maxResults", ALL)
    return (first, most) if first >= 0 and most > 0 else (0, 0)


def _number(request: DialectRequest, name: str, default: int) -> int:
    text = request.query.get(name)
    if text is None:
        return default
    digits = text[1:] if text[:1] in {"-", "+"} else text
    if not digits.isascii() or not digits.isdigit() or not -ALL - 1 <= int(text[:12]) <= ALL:
        raise RouteNotFound
    return int(text)


def read_list(text: str) -> list[str]:
    """Return the ids of a list that is parted by commas."""
    return [each for each in text.split(",") if each]


def read_ids(given: list[str | int], name: str) -> tuple[str, ...]:
    """Return the ids of a list, each once.

    Raises:
        InvalidRequest: it is empty; engines take that for no list at all, or for one that matches nothing.
    """
    if not given:
        detail = f"`{name}` is empty, which matches nothing; leave it out where it does not matter."
        raise InvalidRequest(detail, errors=(Fault(f"/{name}", detail),))
    return tuple(dict.fromkeys(map(str, given)))


def read_boolean(name: str, text: str) -> bool:
    """Return what a parameter says.

    Raises:
        InvalidRequest: neither true nor false.
    """
    if text not in _BOOLEANS:
        why = f"Cannot convert value {text} to java type java.lang.Boolean"
        raise InvalidRequest(f"Cannot set query parameter '{name}' to value '{text}': {why}")
    return _BOOLEANS[text]


def read_conditions(name: str, text: str) -> list[GivenCondition]:
    """Return the conditions of ``name_operator_value,…``; their values are texts, whatever they look like.

    Raises:
        InvalidRequest: one of them has not three parts.
    """
    found: list[GivenCondition] = []
    for each in text.split(","):
        parts = each.split("_")
        if len(parts) != _PARTS:
            raise InvalidRequest(f"Cannot set query parameter '{name}' to value '{text}': {_FORMAT}")
        found.append(GivenCondition(name=parts[0], operator=parts[1], value=json_text(parts[2])))
    return found


def as_conditions(given: Sequence[GivenCondition] | None, *, texts: bool) -> tuple[Condition, ...] | None:
    """Return the conditions of a filter, None where there are none.

    Args:
        given: as they were written.
        texts: whether a text is a text even where it looks like a date.

    Raises:
        InvalidRequest: a name or an operator is missing, or unknown.
    """
    return tuple(_condition(each, texts=texts) for each in given or ()) or None


def _condition(given: GivenCondition, *, texts: bool) -> Condition:
    operator = _OPERATORS.get(given.operator or "")
    if operator is None:
        raise InvalidRequest(f"Invalid variable comparator specified: {given.operator or 'null'}")
    if given.name is None:
        raise InvalidRequest("name is null")
    kind: Any = "string" if texts else None
    return Condition(name=given.name, operator=operator, value=given.value, type=kind)


def read_order(query: Mapping[str, str]) -> list[GivenSort]:
    """Return the order of a query string: one criterion, or none.

    Raises:
        InvalidRequest: only one of ``sortBy`` and ``sortOrder`` is there.
    """
    by, order = query.get("sortBy"), query.get("sortOrder")
    if (by is None) != (order is None):
        raise InvalidRequest("Only a single sorting parameter specified. sortBy and sortOrder required")
    return [] if by is None else [GivenSort(sort_by=by, sort_order=order)]


def read_sort(given: GivenSort, keys: Mapping[str, K]) -> tuple[K, bool]:
    """Return what a criterion sorts by, and whether it descends.

    Args:
        given: as it was written.
        keys: what each ``sortBy`` means.

    Raises:
        InvalidRequest: there is no such key or direction.
    """
    key = keys.get(given.sort_by or "")
    if key is None:
        raise InvalidRequest(f"Cannot set query parameter 'sortBy' to value '{given.sort_by}'")
    if given.sort_order not in {"asc", "desc"}:
        raise InvalidRequest(f"Cannot set query parameter 'sortOrder' to value '{given.sort_order}'")
    return key, given.sort_order == "desc"
