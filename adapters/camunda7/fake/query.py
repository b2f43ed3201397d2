"""How the fake engine queries variables: the vendor's reading of conditions, traps and all, and its order.

``tests/recordings`` keep it true, and a live test compares it with the real engine filter by filter.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import msgspec

from adapters.camunda7.fake import answers, convert
from adapters.camunda7.fake.convert import JAVA_FORMAT, Change, Refused
from adapters.camunda7.fake.places import FakeInstance, Local, Stored
from adapters.camunda7.settings import Settings
from adapters.camunda7.values import decode
from adapters.camunda7.wire import WireValue
from gateway.model import jsontext
from gateway.model.condition import Condition
from gateway.model.jsontext import Number
from gateway.model.matching import Matcher
from gateway.model.query import Filter
from gateway.model.values import Value, json_text

_SORTS = {
    "variableName": "name",
    "variableType": "type",
    "activityInstanceId": "activityInstanceId",
    "tenantId": "tenantId",
}
_LISTS = {
    "processInstanceIdIn": "processInstanceId",
    "executionIdIn": "executionId",
    "caseInstanceIdIn": "caseInstanceId",
    "caseExecutionIdIn": "caseExecutionId",
    "taskIdIn": "taskId",
    "batchIdIn": "batchId",
    "activityInstanceIdIn": "activityInstanceId",
    "tenantIdIn": "tenantId",
}
_WORDS = {
    "gt": "greater than",
    "gteq": "greater than or equal",
    "lt": "less than",
    "lteq": "less than or equal",
    "like": "like",
}
_OPERATORS = {"eq", "neq", *_WORDS}
Found = Iterable[tuple[FakeInstance, FakeInstance | Local, Stored]]


def rows(everything: Found, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows that match; a filter with an unknown name filters nothing, and neither does an empty list."""
    matches = Matcher(
        Filter(
            variable_name=wanted.get("variableName"),
            variable_name_like=wanted.get("variableNameLike"),
            variable_values=tuple(map(_condition, _given(wanted))) or None,
            variable_names_ignore_case=_truth(wanted.get("variableNamesIgnoreCase")),
            variable_values_ignore_case=_truth(wanted.get("variableValuesIgnoreCase")),
        )
    )
    lists = [(column, frozenset(wanted[name])) for name, column in _LISTS.items() if wanted.get(name)]
    found: list[dict[str, Any]] = []
    scopes = wanted.get("variableScopeIdIn")
    for instance, place, stored in everything:
        row = answers.row(instance, place, stored)
        if (
            answers.listed(place.id, scopes)
            and all(row[column] in ids for column, ids in lists)
            and matches(stored.name, _value(stored))
        ):
            found.append(row)
    return found


def fulfils(instance: FakeInstance, wanted: dict[str, Any]) -> bool:
    """Return whether an instance is one of those listed, in the state, and has variables for all conditions.

    Raises:
        Refused: the list is empty.
    """
    if wanted.get("processInstanceIds") == []:
        raise Refused(500, "ProcessEngineException", "Set of process instance ids is empty", 0)
    if not answers.listed(instance.id, wanted.get("processInstanceIds")):
        return False
    if wanted.get("suspended" if not instance.suspended else "active") is True:
        return False
    own = [(instance, instance, stored) for stored in instance.variables.values()]
    flags = {key: wanted.get(key) for key in ("variableNamesIgnoreCase", "variableValuesIgnoreCase")}
    return all(rows(own, flags | {"variableValues": [each]}) for each in wanted.get("variables") or ())


def from_query(query: dict[str, str]) -> dict[str, Any]:
    """Return the filters of a query string."""
    return {key: value.split(",") if key.endswith("In") else value for key, value in query.items()}


def _truth(given: Any) -> bool:
    return given is True or given == "true"


def _value(stored: Stored) -> Value:
    wire = WireValue(type=stored.type, value=msgspec.Raw(jsontext.write(stored.value)), valueInfo=stored.info)
    if stored.type == "File":
        return Value(type="file", value=json_text(stored.value or ""))
    if stored.type in {"Json", "Object"} and stored.value is not None:
        return Value(type="opaque", value=json_text(str(stored.value)))
    return decode(wire, Settings())


def _given(wanted: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the conditions: objects by POST, ``name_operator_value`` by GET."""
    given = wanted.get("variableValues") or []
    return [_parted(each) for each in given.split(",")] if isinstance(given, str) else given


def _parted(text: str) -> dict[str, Any]:
    parts = text.split("_")
    if len(parts) != 3:  # noqa: PLR2004 - name, operator, value
        said = f"Cannot set query parameter 'variableValues' to value '{text}': "
        said += "variable query parameter has to have format KEY_OPERATOR_VALUE."
        raise Refused(400, "InvalidRequestException", said, None)
    return dict(zip(("name", "operator", "value"), parts, strict=True))


def _condition(given: dict[str, Any]) -> Condition:
    asked, value = given.get("operator"), given.get("value")
    if asked is None:
        said = 'Cannot invoke "String.equals(Object)" because "op" is null'
        raise Refused(500, "NullPointerException", said, None, prefixed=False)
    if asked not in _OPERATORS:
        said = f"Invalid variable comparator specified: {asked}"
        raise Refused(400, "InvalidRequestException", said, None)
    if given.get("name") is None:
        raise Refused(400, "NotValidException", "name is null", 0)
    if isinstance(value, dict | list):
        raise Refused(500, "ProcessEngineException", "Object values cannot be used to query", 0)
    kind = None
    if asked == "like":
        value = _spelled(value)
    elif isinstance(value, str):
        value, kind = _resolved(value)
    if asked in _WORDS and (value is None or isinstance(value, bool)):
        said = f"Booleans and null cannot be used in '{_WORDS[asked]}' condition"
        raise Refused(400, "NotValidException", said, 0)
    raw = msgspec.Raw(jsontext.write(value))
    return Condition(name=given["name"], operator=asked, value=raw, type="date-time" if kind else None)


def _spelled(value: Any) -> str:
    match value:
        case Number():
            return value.text
        case bool():
            return "true" if value else "false"
        case _:
            return str(value) if value is not None else "null"


def _resolved(text: str) -> tuple[str | None, str | None]:
    """Return a text as the engine reads it: as a date or null where it can be one."""
    if text.strip() in {"", "null"}:
        return None, None
    try:
        change: Change = convert.stored({"type": "Date", "value": text})
    except Refused:
        return text, None
    date = str(change.value)
    return f"{date[:-2]}:{date[-2:]}", "date-time"


def ordered(found: list[dict[str, Any]], body: dict[str, Any], query: dict[str, str]) -> list[dict[str, Any]]:
    """Return the rows in the order asked for, by id without one."""
    keys: list[dict[str, Any]] = list(body.get("sorting") or ())
    if "sortBy" in query:
        if query["sortBy"] not in _SORTS:
            said = f"Cannot set query parameter 'sortBy' to value '{query['sortBy']}'"
            raise Refused(400, "InvalidRequestException", said, None)
        keys.append({"sortBy": query["sortBy"], "sortOrder": query.get("sortOrder")})
    result = sorted(found, key=lambda row: row["id"])
    for key in reversed(keys):
        if key.get("sortBy") not in _SORTS:
            said = "You should call any of the orderBy methods first before specifying a direction: "
            raise Refused(400, "NotValidException", said + "currentOrderingProperty is null", 0)
        result.sort(key=partial(_column, _SORTS[key["sortBy"]]), reverse=key.get("sortOrder") == "desc")
    return result


def _column(column: str, row: dict[str, Any]) -> str:
    if column != "type":
        return str(row[column] or "")
    if row["type"] != "Object":
        return str(row["type"]).lower()
    serialization = (row["valueInfo"] or {}).get("serializationDataFormat")
    return "serializable" if serialization == JAVA_FORMAT else f"spin://{serialization}"
