"""From results to the answers that Camunda would give: ``{type, value, valueInfo}``, and the instance.

Business objects and lists of other vendors are shown as ``Json`` texts. A value that cannot be shown (a blob in a list,
one that is hidden from the caller or that its engine cannot read) stands there as null, with the reason in
``valueInfo``. The counterpart, for requests, is ``decode``.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec

from adapters.camunda7.dialect.activities import activity_tree
from adapters.camunda7.dialect.data import encode_data
from adapters.camunda7.dialect.facts import below_engine
from adapters.camunda7.dialect.history import encode_history
from adapters.camunda7.dialect.messages import encode_receivers
from adapters.camunda7.dialect.rows import ShowVariable, encode_found
from adapters.camunda7.dialect.starting import links, show_instance
from adapters.camunda7.settings import Settings
from adapters.camunda7.values.encode import SCALARS
from gateway.errors import ValueNotRepresentable
from gateway.model.query import VariablesCounted, VariablesFound
from gateway.model.results import (
    ActivitiesListed,
    BinaryRead,
    Instance,
    InstanceDescribed,
    InstanceModified,
    InstancesFound,
    InstanceStarted,
    MessageCorrelated,
    StateChanged,
    TaskCompleted,
    Variable,
    VariableRead,
    VariablesListed,
    VariablesPatched,
)
from gateway.model.values import NULL, Value, instant, json_text, text_of
from gateway.plan import VendorResponse
from gateway.port import DialectRequest, DialectSettings

_JSON = (("Content-Type", "application/json"), ("Cache-Control", "no-cache"))
_DATES = Settings().dates
"""Callers get dates in the pattern that engines have unless somebody changed it; there is no engine here to ask."""
_AS_STORED = ("deserializeValues", "deserializeValue")
"""Parameters by which callers ask for texts as they are stored."""
_ELSEWHERE = "Bytes are shown one by one, or at `…/data`."
"""Why a list has none; a null without a reason would be written when the list is sent back."""
_INFO = {
    "objectTypeName": "class_name",
    "serializationDataFormat": "serialization",
    "filename": "filename",
    "mimeType": "media_type",
    "encoding": "encoding",
}
"""Members of ``valueInfo``, and where they come from."""


def encode(
    request: DialectRequest, results: tuple[msgspec.Struct, ...], settings: DialectSettings
) -> VendorResponse | None:
    """Return the answer to a request from the results of its commands; None where this language has none."""
    as_objects = settings.objects == "object" and any(request.query.get(name) == "false" for name in _AS_STORED)
    match results:
        case (InstanceDescribed(instance),):
            return _shown(show_instance(instance, below_engine(request.segments)[1]))
        case (VariablesListed(variables),):
            return _shown(_variables(variables, as_objects=as_objects))
        case (VariableRead(variable),):
            return _shown(_variable(variable, as_objects=as_objects))
        case (BinaryRead() as result,):
            return encode_data(result)
        case (ActivitiesListed() as listed,):
            return _shown(activity_tree(listed, below_engine(request.segments)[1]))
        case (VariablesPatched() | InstanceModified() | StateChanged(),):
            return VendorResponse(204)
        case (InstanceStarted() | TaskCompleted() | MessageCorrelated(), *_):
            return _moved_on(request, results, settings)
        case (VariablesFound() | VariablesCounted() | InstancesFound() as found,):
            return _shown(_found(request, found, partial(_variable, as_objects=as_objects)))
        case _:
            return None


def _moved_on(
    request: DialectRequest, results: tuple[msgspec.Struct, ...], settings: DialectSettings
) -> VendorResponse | None:
    """Return the answer to a start, a completion or a message, with the variables, serialized, where they were read."""
    as_objects = settings.objects == "object"
    match results:
        case (InstanceStarted(instance=started),):
            return _shown(_started(request, started))
        case (InstanceStarted(instance=started), VariablesListed(variables)):
            return _shown(_started(request, started) | {"variables": _variables(variables, as_objects=as_objects)})
        case (TaskCompleted(),):
            return VendorResponse(204)
        case (TaskCompleted(), VariablesListed(variables)):
            return _shown(_variables(variables, as_objects=as_objects))
        case (MessageCorrelated(receivers=receivers), *more):
            read = [each.variables for each in more if isinstance(each, VariablesListed)]
            rows = encode_receivers(request, receivers, *(_variables(each, as_objects=as_objects) for each in read))
            return VendorResponse(204) if rows is None else _shown(rows)
        case _:
            return None


def _variables(variables: tuple[Variable, ...], *, as_objects: bool) -> dict[str, Any]:
    return {each.name: _variable(each, as_objects=as_objects) for each in variables}


def _found(
    request: DialectRequest, found: VariablesFound | VariablesCounted | InstancesFound, show: ShowVariable
) -> dict[str, Any] | list[dict[str, Any]]:
    if isinstance(found, InstancesFound):
        counts = request.segments[-1] == "count"
        return {"count": len(found.instances)} if counts else [show_instance(each, each.id) for each in found.instances]
    if isinstance(found, VariablesFound) and below_engine(request.segments)[0] == "history":
        return encode_history(request, found.rows, show)
    return encode_found(found, show)


def _shown(body: dict[str, Any] | list[dict[str, Any]]) -> VendorResponse:
    return VendorResponse(200, _JSON, msgspec.json.encode(body))


def _started(request: DialectRequest, instance: Instance) -> dict[str, Any]:
    return show_instance(instance, instance.id) | {"links": links(request, instance.id)}


def _variable(variable: Variable, *, as_objects: bool) -> dict[str, Any]:
    value = variable.value
    if as_objects and value.class_name is not None and value.serialization is None:
        value = msgspec.structs.replace(value, serialization="application/json")
    error = variable.error
    try:
        kind, raw = _spelled(value)
    except ValueNotRepresentable as unfit:  # a date that the pattern has no text for
        kind, raw, error = "Date", NULL, unfit.detail
    info = {wire: content for wire, ours in _INFO.items() if (content := getattr(value, ours)) is not None}
    if kind in {"Json", "Xml"}:
        info = {}
    if kind == "Bytes" and not value.value:
        error = error or _ELSEWHERE
    if value.transient:
        info["transient"] = True
    if error is not None:
        info["error"] = error
    return {"type": kind, "value": raw if value.value else None, "valueInfo": info}


def _spelled(value: Value) -> tuple[str, msgspec.Raw]:
    """Return Camunda's name of a value's type, and its text.

    A decimal that no double holds keeps its digits: a caller that sends them back is told so instead of losing some.
    """
    if value.type in {"json", "list", "object"}:
        kind = "Json" if value.serialization is None else "Object"
        plain = value.is_null() or value.serialization not in {None, "application/json"}
        return kind, value.value if plain else json_text(value.text.decode())
    match value.type or "null":
        case "date-time":
            return "Date", NULL if value.is_null() else json_text(_DATES.write(instant(text_of(value.text))))
        case "file":
            return "File", NULL  # its content is at …/data only
        case "opaque":
            return "Object", value.value
        case "number":
            return "Double", value.value
        case kind:
            return SCALARS[kind, value.format], value.value
