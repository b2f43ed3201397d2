"""Last values in Camunda's language: ``GET`` and ``POST /history/variable-instance``, and ``…/count``.

Only what is asked of named instances can be said of another vendor's: its engine has no history to search. Orders and
pages are made here, from the variables of the instances.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from adapters.camunda7.dialect.bodies import read_filters
from adapters.camunda7.dialect.parameters import (
    PAGING,
    GivenSort,
    Ids,
    read_boolean,
    read_ids,
    read_list,
    read_order,
    read_page,
    read_sort,
)
from adapters.camunda7.dialect.rows import ShowVariable, scope_ids, shown_value
from gateway.errors import Fault, InvalidRequest, Unsupported
from gateway.model.query import ListLastValues, Row
from gateway.port import DialectRequest

_UNSAID = (
    "processDefinitionId", "processDefinitionKey", "caseInstanceId", "variableNameLike", "variableValue",
    "variableTypeIn", "executionIdIn", "taskIdIn", "activityInstanceIdIn", "caseExecutionIdIn", "caseActivityIdIn",
    "tenantIdIn",
)  # fmt: skip
_SWITCHES = ("variableNamesIgnoreCase", "variableValuesIgnoreCase", "withoutTenantId", "includeDeleted")
"""Filters that mean nothing while they are false."""
_SORTS: Mapping[str, Callable[[Row], str]] = {
    "instanceId": lambda row: row.instance or "",
    "variableName": lambda row: row.variable.name,
}


class GivenHistory(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What can be said of a query for last values; null is the same as leaving a member out."""

    process_instance_id: str | int | None = None
    process_instance_id_in: Ids = None
    variable_name: str | None = None
    variable_name_in: Ids = None
    sorting: list[GivenSort] | None = None
    sort_by: str | None = None
    sort_order: str | None = None


_MEMBERS = frozenset(GivenHistory.__struct_encode_fields__)
_decoder = msgspec.json.Decoder(GivenHistory)


def decode_history(request: DialectRequest) -> ListLastValues:
    """Return the command that a query for last values means, or its count.

    Raises:
        MethodNotAllowed: neither GET nor POST. RouteNotFound: a page that is no number.
        UnsupportedMediaType, NotAcceptable, InvalidJson: only JSON is spoken.
        InvalidRequest: a filter that the vendor's page does not know, or an empty list.
        Unsupported: no instance is named, or a filter or an order cannot be said to another vendor's engine.
    """
    _ = read_page(request)
    given = _given(request)
    _ = _order(given)
    return ListLastValues(instances=_instances(given), names=_names(given))


def _given(request: DialectRequest) -> GivenHistory:
    return read_filters(request, _decoder, _from_query, _check)


def _from_query(query: Mapping[str, str]) -> GivenHistory:
    given: dict[str, Any] = {}
    for name, text in query.items():
        if name in PAGING:
            continue
        _check(name, read_boolean(name, text) if name in _SWITCHES else text)
        if name in _MEMBERS and name != "sorting":
            given[name] = read_list(text) if name.endswith("In") else text
    _ = read_order(query)
    return msgspec.convert(given, GivenHistory)


def _check(member: str, content: Any) -> None:
    """Refuse a filter that another vendor's engine cannot evaluate, or that nobody knows.

    Raises:
        Unsupported, InvalidRequest: naming it.
    """
    if member in _MEMBERS or (member in _SWITCHES and content in {None, False}):
        return
    if member in {*_UNSAID, *_SWITCHES}:
        if content is not None:
            raise _unsaid(member)
        return
    raise InvalidRequest(f"The query has no parameter `{member}`.")


def _unsaid(member: str) -> Unsupported:
    detail = f"`{member}` cannot be said to another vendor's engine."
    return Unsupported(detail, errors=(Fault(f"/{member}", detail),))


def _instances(given: GivenHistory) -> tuple[str, ...]:
    one, several = given.process_instance_id, given.process_instance_id_in
    if one is not None and several is not None:
        raise InvalidRequest("Give `processInstanceId` or `processInstanceIdIn`.")
    if several is not None:
        return read_ids(several, "processInstanceIdIn")
    if one is None:
        raise Unsupported("Give `processInstanceId` or `processInstanceIdIn`: there is no history to search.")
    return (str(one),)


def _names(given: GivenHistory) -> tuple[str, ...] | None:
    several = None if given.variable_name_in is None else read_ids(given.variable_name_in, "variableNameIn")
    if given.variable_name is None:
        return several
    return (given.variable_name,) if several is None or given.variable_name in several else ()


def _order(given: GivenHistory) -> list[tuple[Callable[[Row], str], bool]]:
    keys = list(given.sorting or ())
    if given.sort_by is not None or given.sort_order is not None:
        keys.append(GivenSort(sort_by=given.sort_by, sort_order=given.sort_order))
    return [_sort(each) for each in keys]


def _sort(given: GivenSort) -> tuple[Callable[[Row], str], bool]:
    if given.sort_by == "tenantId":
        raise _unsaid("tenantId")
    return read_sort(given, _SORTS)


def encode_history(
    request: DialectRequest, rows: tuple[Row, ...], show: ShowVariable
) -> dict[str, Any] | list[dict[str, Any]]:
    """Return the rows in the order and on the page that were asked for, or their number."""
    if request.segments[-1] == "count":
        return {"count": len(rows)}
    found = list(rows)
    for key, descending in reversed(_order(_given(request))):
        found.sort(key=key, reverse=descending)
    first, most = read_page(request)
    return [_past_row(row, show) for row in found[first : first + most]]


def _past_row(row: Row, show: ShowVariable) -> dict[str, Any]:
    """Return one row of the history; variables that were deleted are in none."""
    return (
        shown_value(row, show)
        | scope_ids(row)
        | {
            "id": row.id or None,
            "name": row.variable.name,
            "processDefinitionKey": None,
            "processDefinitionId": None,
            "processInstanceId": row.instance,
            "caseDefinitionKey": None,
            "caseDefinitionId": None,
            "tenantId": None,
            "state": "CREATED",
            "createTime": None,
            "removalTime": None,
            "rootProcessInstanceId": None,
        }
    )
