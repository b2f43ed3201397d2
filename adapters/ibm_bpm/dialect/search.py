"""Searches for instances in IBM's language: ``PUT search/query?organization=byInstance&condition=…&columns=…``.

Parameters are those of the vendor's page ("PUT (perform custom search)"), the answer is as recorded on 8.6.2, with one
row for each instance instead of one for each of its tasks. What conditions mean is in ``conditions``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from adapters.ibm_bpm.dialect.bodies import check_accepted
from adapters.ibm_bpm.dialect.conditions import FIELDS, Condition, check_field, is_own, parse_condition, searches
from adapters.ibm_bpm.dialect.facts import resolve_method
from adapters.ibm_bpm.dialect.parameters import read_pairs
from adapters.ibm_bpm.dialect.protocol import check_parameters
from gateway.errors import Fault, InvalidRequest, MethodNotAllowed, Unsupported
from gateway.model.commands import Command, SearchInstances
from gateway.model.jsontext import Tree
from gateway.model.results import FoundInstance, InstancesSearched
from gateway.port import DialectRequest

_SORTED = "instanceId"
_FIXED = {
    "organization": ("byInstance", "byTask"),
    "run": ("true", "true"),
    "shared": ("false", "false"),
    "filterByCurrentUser": ("false", "false"),
}
"""Parameters with the one value that can be said, and with the one that counts where there is none."""
_TAKEN = frozenset({"columns", "condition", "sort", "secondSort", "size", "offset", *_FIXED})
_MOST = 500
"""Rows of one answer, which is the server's own cap; it counts no more than that either (APAR JR59500)."""
_DIGITS = 9
"""Digits of a size or an offset."""


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """What a search asks for.

    Args:
        columns: of the rows; those of conditions are among them, as on the vendor's server.
        conditions: all of which must hold.
        size: rows that are asked for.
        offset: rows before the first.
    """

    columns: tuple[str, ...]
    conditions: tuple[Condition, ...]
    size: int
    offset: int


def decode_search(request: DialectRequest) -> tuple[Command, ...]:
    """Return the command that searches for instances.

    Raises:
        MethodNotAllowed: it is no search. NotAcceptable: the caller takes no answer there is.
        InvalidRequest: a parameter is not what it must be.
        Unsupported: a field, an operator or a parameter that only the vendor's own servers know; a search for tasks.
    """
    if resolve_method(request) not in {"GET", "PUT", "POST"}:
        raise MethodNotAllowed
    check_accepted(request)
    search = read_search(request)
    return (
        SearchInstances(
            alternatives=searches(search.conditions),
            names=tuple(name for name in search.columns if not is_own(name)),
            counted=_MOST,
            limit=min(search.size, _MOST),
            offset=search.offset,
        ),
    )


def read_search(request: DialectRequest) -> Search:
    """Return what the parameters ask for.

    Raises:
        InvalidRequest, Unsupported: as ``decode_search``.
    """
    pairs = read_pairs(request, "condition")
    conditions = tuple(parse_condition(value) for name, value in pairs if name == "condition")
    given = {name: value for name, value in pairs if name != "condition"}
    check_parameters(given, _TAKEN)
    for name, (said, default) in _FIXED.items():
        _check_fixed(name, given.get(name, default), said)
    asked = [name for each in given.get("columns", "").split(",") if (name := each.strip())] or list(FIELDS)
    for name in asked:
        check_field(name)
    columns = dict.fromkeys((_SORTED, *asked, *(each.field for each in conditions)))
    _check_sorting(given)
    return Search(
        columns=tuple(columns),
        conditions=conditions,
        size=_number(given, "size", _MOST),
        offset=_number(given, "offset", 0),
    )


def _check_fixed(name: str, value: str, said: str) -> None:
    if value.lower() != said.lower():
        detail = f"Of instances of another vendor's engine only {name}={said} can be said."
        raise _refused(Unsupported, name, detail)


def _check_sorting(given: Mapping[str, str]) -> None:
    for name in ("sort", "secondSort"):
        if given.get(name, _SORTED) != _SORTED:
            raise _refused(Unsupported, name, f"Instances are sorted by {_SORTED} alone, not by {given[name]}.")


def _number(given: Mapping[str, str], name: str, default: int) -> int:
    text = given.get(name, str(default))
    if not (text.isascii() and text.isdigit()) or len(text) > _DIGITS:
        raise _refused(InvalidRequest, name, f"{name} is a number from 0 on.")
    return int(text)


def _refused(kind: type[InvalidRequest | Unsupported], name: str, detail: str) -> InvalidRequest | Unsupported:
    return kind(detail, errors=(Fault(f"/{name}", detail),))


def search_result(
    request: DialectRequest, searched: InstancesSearched, values: list[dict[str, Tree]], states: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the answer to a search.

    Args:
        request: the search.
        searched: what it has found.
        values: of the variables of each instance, as the vendor's JSON.
        states: the vendor's words for states of instances.
    """
    search = read_search(request)
    rows = [_row(search, each, shown, states) for each, shown in zip(searched.found, values, strict=True)]
    return {
        "data": rows,
        "firstColumnSort": _SORTED,
        "secondColumnSort": None,
        "organization": "byInstance",
        "autoColumns": [_SORTED],
        "offset": search.offset,
        "size": len(rows),
        "requestedSize": search.size,
        "totalCount": searched.total,
    }


def _row(search: Search, found: FoundInstance, values: Mapping[str, Tree], states: Mapping[str, Any]) -> dict[str, Any]:
    each = found.instance
    shown: dict[str, Tree] = {
        "instanceId": int(each.id) if each.id.isascii() and each.id.isdigit() and each.id[0] != "0" else each.id,
        "instanceName": each.definition,
        "instanceStatus": states.get(each.state),
        "bpdName": each.definition,
        "bpdId": each.definition_id,
    }
    return {name: shown[name] if name in shown else values.get(name) for name in search.columns}
