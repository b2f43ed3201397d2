"""Queries for variables in Camunda's language: ``GET`` and ``POST /variable-instance``, and ``…/count``.

The engine passes over filters that it does not know, and over lists that are empty, and then returns the variables of
all instances. Here both are refused. What must not live here: rows (``rows``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from adapters.camunda7.dialect.bodies import read_filters
from adapters.camunda7.dialect.parameters import (
    PAGING,
    GivenCondition,
    GivenSort,
    Ids,
    as_conditions,
    read_boolean,
    read_conditions,
    read_ids,
    read_list,
    read_order,
    read_page,
    read_sort,
)
from gateway.errors import InvalidRequest
from gateway.model.commands import Command
from gateway.model.query import LISTS, CountVariables, Filter, QueryVariables, Sort, check_filter
from gateway.port import DialectRequest

_SORTS: Mapping[str, Literal["name", "type", "scope", "tenant"]] = {
    "variableName": "name",
    "variableType": "type",
    "activityInstanceId": "scope",
    "tenantId": "tenant",
}


class GivenQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A query as callers write it; null is the same as leaving a member out."""

    variable_name: str | None = None
    variable_name_like: str | None = None
    variable_values: list[GivenCondition] | None = None
    variable_names_ignore_case: bool | None = None
    variable_values_ignore_case: bool | None = None
    process_instance_id_in: Ids = None
    execution_id_in: Ids = None
    case_instance_id_in: Ids = None
    case_execution_id_in: Ids = None
    task_id_in: Ids = None
    batch_id_in: Ids = None
    activity_instance_id_in: Ids = None
    tenant_id_in: Ids = None
    variable_scope_id_in: Ids = None
    sorting: list[GivenSort] | None = None
    sort_by: str | None = None
    sort_order: str | None = None


_decoder = msgspec.json.Decoder(GivenQuery)
_MEMBERS = dict(zip(GivenQuery.__struct_encode_fields__, GivenQuery.__struct_fields__, strict=True))
_READ = {"variableValues": read_conditions, "variableNamesIgnoreCase": read_boolean}
_READ |= {"variableValuesIgnoreCase": read_boolean}


def decode_search(request: DialectRequest) -> Command:
    """Return the query, or the count, that a request means.

    Raises:
        MethodNotAllowed: neither GET nor POST. RouteNotFound: a page that is no number.
        UnsupportedMediaType, NotAcceptable, InvalidJson: only JSON is spoken.
        InvalidRequest, ValueInvalid: a filter that the vendor's page does not know, an empty list, or a bad condition.
    """
    offset, limit = read_page(request)
    given = read_filters(request, _decoder, _from_query)
    wanted = _filter(given, texts=request.method != "POST")
    if request.segments[-1] == "count":
        return CountVariables(filter=wanted)
    return QueryVariables(filter=wanted, sorting=_sorting(given), offset=offset, limit=limit)


def _from_query(query: Mapping[str, str]) -> GivenQuery:
    given: dict[str, Any] = {}
    for name, text in query.items():
        if name in PAGING:
            continue
        member = _MEMBERS.get(name)
        if member is None or name == "sorting":
            raise InvalidRequest(f"The query has no parameter `{name}`.")
        read = _READ.get(name)
        given[member] = read(name, text) if read else read_list(text) if name.endswith("In") else text
    _ = read_order(query)
    return GivenQuery(**given)


def _filter(given: GivenQuery, *, texts: bool) -> Filter:
    lists: dict[str, tuple[str, ...]] = {}
    for name in LISTS:
        member = "process_instance_id_in" if name == "instance_id_in" else name
        ids = getattr(given, member)
        if ids is not None:
            lists[name] = read_ids(ids, next(spelled for spelled, each in _MEMBERS.items() if each == member))
    return check_filter(
        Filter(
            variable_name=given.variable_name,
            variable_name_like=given.variable_name_like,
            variable_values=as_conditions(given.variable_values, texts=texts),
            variable_names_ignore_case=given.variable_names_ignore_case or False,
            variable_values_ignore_case=given.variable_values_ignore_case or False,
            **lists,
        )
    )


def _sorting(given: GivenQuery) -> tuple[Sort, ...]:
    keys = list(given.sorting or ())
    if given.sort_by is not None or given.sort_order is not None:
        keys.append(GivenSort(sort_by=given.sort_by, sort_order=given.sort_order))
    sorting = tuple(map(_sort, keys))
    if len({each.key for each in sorting}) != len(sorting):
        raise InvalidRequest("A key of the order stands twice.")
    return sorting


def _sort(given: GivenSort) -> Sort:
    key, descending = read_sort(given, _SORTS)
    return Sort(key=key, descending=descending)
