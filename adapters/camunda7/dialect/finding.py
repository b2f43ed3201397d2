"""Searches for instances in Camunda's language: ``GET`` and ``POST /process-instance``, and ``…/count``.

What other vendors' engines cannot evaluate is refused by its name; what the engine would pass over, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec

from adapters.camunda7.dialect.bodies import read_filters
from adapters.camunda7.dialect.parameters import (
    ALL,
    PAGING,
    GivenCondition,
    Ids,
    as_conditions,
    read_boolean,
    read_conditions,
    read_ids,
    read_list,
    read_page,
)
from gateway.errors import Fault, InvalidRequest, Unsupported
from gateway.model.commands import FindInstances
from gateway.model.condition import check_condition
from gateway.port import DialectRequest

_UNSAID = frozenset(
    (
        "activityIdIn", "businessKeyLike", "caseInstanceId", "deploymentId", "incidentId", "incidentMessage",
        "incidentMessageLike", "incidentType", "leafProcessInstances", "orQueries", "processDefinitionId",
        "processDefinitionKeyIn", "processDefinitionKeyNotIn", "processDefinitionWithoutTenantId",
        "rootProcessInstanceId", "rootProcessInstances", "sortBy", "sortOrder", "sorting", "subCaseInstance",
        "subProcessInstance", "superCaseInstance", "superProcessInstance", "tenantIdIn", "withIncident",
        "withoutTenantId",
    )
)  # fmt: skip
"""Filters that the vendor's page knows and other engines do not; they mean nothing while they are null or false."""
_READ: Mapping[str, Callable[[str, str], Any]] = {
    "active": read_boolean,
    "suspended": read_boolean,
    "variables": read_conditions,
    "variableNamesIgnoreCase": read_boolean,
    "variableValuesIgnoreCase": read_boolean,
    "processInstanceIds": lambda _, text: read_list(text),
}


class GivenSearch(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What can be said of a search for instances; null is the same as leaving a member out."""

    business_key: str | None = None
    process_instance_ids: Ids = None
    process_definition_key: str | None = None
    active: bool | None = None
    suspended: bool | None = None
    variables: list[GivenCondition] | None = None
    variable_names_ignore_case: bool | None = None
    variable_values_ignore_case: bool | None = None


_MEMBERS = dict(zip(GivenSearch.__struct_encode_fields__, GivenSearch.__struct_fields__, strict=True))
_decoder = msgspec.json.Decoder(GivenSearch)


def decode_find(request: DialectRequest) -> FindInstances:
    """Return the command that a search for instances means; a count finds all of them.

    Raises:
        MethodNotAllowed: neither GET nor POST. RouteNotFound: a page that is no number.
        UnsupportedMediaType, NotAcceptable, InvalidJson: only JSON is spoken.
        InvalidRequest, ValueInvalid: a filter that the vendor's page does not know, an empty list, or a bad condition.
        Unsupported: a filter or an order that cannot be said to another vendor's engine.
    """
    offset, limit = read_page(request)
    if request.segments[-1] == "count":
        offset, limit = 0, ALL
    given = read_filters(request, _decoder, _from_query, _check)
    conditions = as_conditions(given.variables, texts=request.method != "POST") or ()
    ids = None if given.process_instance_ids is None else read_ids(given.process_instance_ids, "processInstanceIds")
    return FindInstances(
        business_key=given.business_key,
        definition=given.process_definition_key,
        ids=ids,
        variables=tuple(check_condition(each, f"/variables/{index}") for index, each in enumerate(conditions)),
        names_ignore_case=given.variable_names_ignore_case or False,
        values_ignore_case=given.variable_values_ignore_case or False,
        state=_state(given),
        offset=offset,
        limit=limit,
    )


def _from_query(query: Mapping[str, str]) -> GivenSearch:
    given: dict[str, Any] = {}
    for name, text in query.items():
        if name in PAGING:
            continue
        _check(name, None if text == "false" else text)
        if name in _MEMBERS:
            given[_MEMBERS[name]] = _READ[name](name, text) if name in _READ else text
    return GivenSearch(**given)


def _check(member: str, content: Any) -> None:
    """Refuse a filter that another vendor's engine cannot evaluate, or that nobody knows.

    Raises:
        Unsupported, InvalidRequest: naming it.
    """
    if member in _UNSAID:
        if content not in (None, False, []):
            detail = f"`{member}` cannot be said to another vendor's engine."
            raise Unsupported(detail, errors=(Fault(f"/{member}", detail),))
    elif member not in _MEMBERS:
        raise InvalidRequest(f"The query has no parameter `{member}`.")


def _state(given: GivenSearch) -> Literal["active", "suspended"] | None:
    """Return which state is asked for; false asks for none, as at the engine.

    Raises:
        InvalidRequest: both are.
    """
    if given.active and given.suspended:
        raise InvalidRequest("`active` and `suspended` exclude each other.")
    return "active" if given.active else "suspended" if given.suspended else None
