"""What the fake engine's answers look like, and how it reads what it is sent; word for word as the live engine."""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from adapters.camunda7.fake import convert
from adapters.camunda7.fake.convert import Refused
from adapters.camunda7.fake.places import FakeInstance, Local, Stored, View, execution_of
from gateway.model.jsontext import Number
from gateway.plan import Multipart, Stream, VendorRequest, VendorResponse

_JSON = ("Content-Type", "application/json")
_CLOSE = {400, 500}
_TIME = "2026-01-01T00:00:00.000+0000"
_NOT_PERSISTED = (
    "An exception occurred in the persistence layer. "
    "Please check the server logs for a detailed message and the entire exception stack trace."
)
_REST = "org.camunda.bpm.engine.rest"


def listed(value: str, wanted: list[str] | None) -> bool:
    """An empty list filters nothing: a trap of the real engine, kept."""
    return not wanted or value in wanted


def converted(modifications: dict[str, Any]) -> dict[str, convert.Change]:
    """Convert every modification of a patch."""
    return {name: convert.stored(dict(wire)) for name, wire in modifications.items()}


def modifications(body: dict[str, Any]) -> dict[str, Any]:
    """Return the modifications of a patch."""
    given = body.get("modifications") or {}
    if not isinstance(given, dict) or not all(isinstance(each, dict | None) for each in given.values()):
        raise _unreadable()
    _ = deletions(body)
    if None in given.values():
        raise _null_pointer(
            f'"{_REST}.dto.VariableValueDto.toTypedValue(org.camunda.bpm.engine.ProcessEngine, '
            'com.fasterxml.jackson.databind.ObjectMapper)" because the return value of '
            '"java.util.Map$Entry.getValue()"'
        )
    return given


def deletions(body: dict[str, Any]) -> list[str]:
    """Return the names to delete."""
    given = body.get("deletions") or []
    if not isinstance(given, list) or any(isinstance(each, dict | list) for each in given):
        raise _unreadable()
    return [each.text if isinstance(each, Number) else str(each) for each in given]


def check_started(changes: Mapping[str, convert.Change]) -> None:
    """Refuse what a start cannot store."""
    for name, change in changes.items():
        try:
            convert.check_storable(name, change)
        except Refused as refused:
            if refused.status != convert.TOO_LONG:
                raise
            raise Refused(500, "RestException", _NOT_PERSISTED, 10002) from refused


def check_all(changes: Mapping[str, convert.Change], view: View) -> None:
    """Refuse what a patch cannot store."""
    known = view.visible()
    for name, change in changes.items():
        if change.transient and name in known:
            said = (
                f"ENGINE-17006 Cannot set transient variable with name {name} to non-transient variable and vice versa."
            )
            raise Refused(500, "RestException", said, 0)
        convert.check_storable(name, change)


def prefixed(said: str, work: Callable[[], Any], bad_request: int | None = None) -> Any:
    """Do some work; put the operation in front of what it refuses."""
    try:
        return work()
    except Refused as refused:
        status = refused.status if bad_request is None or refused.status != convert.TOO_LONG else bad_request
        prefix = said if refused.prefixed else ""
        raise Refused(status, refused.kind, prefix + refused.message, refused.code) from refused


def store(place: FakeInstance | Local, name: str, change: convert.Change) -> None:
    """Set a variable; its id stays, and a transient one is not kept."""
    if change.transient:
        return
    known = place.variables.get(name)
    place.variables[name] = Stored(
        id=known.id if known else new_id(), name=name, type=change.type, value=change.value, info=change.info
    )


def uploaded(request: VendorRequest) -> convert.Change:
    """Return the value in a form."""
    parts = {part.name: part for part in _parts(request)}
    if "data" not in parts:
        raise _null_pointer(
            f'"{_REST}.mapper.MultipartFormData$FormPart.getBinaryContent()" because "binaryDataFormPart"'
        )
    data = parts["data"]
    content = data.content if isinstance(data.content, bytes) else b""
    kind = parts["valueType"].content.decode().strip() if "valueType" in parts else "Bytes"
    if kind not in {"Bytes", "File"}:
        return convert.stored({"type": kind, "value": f"[B@{abs(hash(content)):x}"})  # what Java calls an array
    value: dict[str, Any] = {"type": kind, "value": base64.b64encode(content).decode("ascii")}
    if kind == "File":
        media_type, _, encoding = (data.content_type or "application/octet-stream").partition(";")
        info = {"filename": data.filename, "mimeType": media_type.strip()}
        name, _, charset = encoding.strip().partition("=")
        value["valueInfo"] = info | ({"encoding": charset.strip('"')} if name == "encoding" else {})
    return convert.stored(value)


def _parts(request: VendorRequest) -> tuple[Any, ...]:
    if isinstance(request.body, Multipart):
        return request.body.parts
    if isinstance(request.body, Stream):
        raise Refused(500, "NullPointerException", "", None, prefixed=False)
    return convert.parts(request)


def content_of(found: Stored, scope: str) -> VendorResponse:
    """Return the content of a blob."""
    if found.type not in {"Bytes", "File"}:
        message = f"Value of variable with id {scope} is not a binary value."
        return error(400, "InvalidRequestException", message, None)
    media_type = found.info.get("mimeType", "application/octet-stream")
    if "/" not in media_type:
        return error(500, "IllegalArgumentException", f"Error parsing media type '{media_type}'", None)
    if "mimeType" in found.info and "encoding" in found.info:
        media_type += f";charset={found.info['encoding']}"
    headers = [("Content-Type", media_type)]
    if found.type == "File":
        name = found.info["filename"]
        quoted = re.sub(r"%2E", ".", convert.quoted(name))
        headers.append(("Content-Disposition", f"attachment; filename=\"{name}\"; filename*=UTF-8''{quoted}"))
    return VendorResponse(200, tuple(headers), base64.b64decode(found.value or ""))


def row(instance: FakeInstance, place: FakeInstance | Local, found: Stored) -> dict[str, Any]:
    """Return one row of ``/variable-instance``."""
    inner = place if isinstance(place, Local) else None
    shown = convert.shown(found.type, found.value, found.info)
    if found.type == "Bytes":
        shown["value"] = None
    return shown | {
        "id": found.id,
        "name": found.name,
        "processDefinitionId": f"{instance.definition}:1:1",
        "processInstanceId": instance.id,
        "executionId": execution_of(inner) if inner else instance.id,
        "caseInstanceId": None,
        "caseExecutionId": None,
        "taskId": inner.id if inner and inner.kind == "task" else None,
        "batchId": None,
        "activityInstanceId": inner.activity_instance if inner else instance.id,
        "errorMessage": None,
        "tenantId": None,
    }


def past_row(instance: FakeInstance, place: FakeInstance | Local, found: Stored) -> dict[str, Any]:
    """Return one row of ``/history/variable-instance``."""
    shown = row(instance, place, found)
    del shown["batchId"]
    return shown | {
        "processDefinitionKey": instance.definition,
        "caseDefinitionKey": None,
        "caseDefinitionId": None,
        "state": "CREATED",
        "createTime": _TIME,
        "removalTime": None if instance.state == "ACTIVE" else _TIME,
        "rootProcessInstanceId": instance.id,
    }


def past_shape(instance: FakeInstance) -> dict[str, Any]:
    """Return one instance of the history."""
    return {
        "id": instance.id,
        "businessKey": instance.business_key,
        "processDefinitionId": f"{instance.definition}:1:1",
        "processDefinitionKey": instance.definition,
        "state": "SUSPENDED" if instance.suspended and instance.state == "ACTIVE" else instance.state,
        "startTime": _TIME,
        "endTime": None if instance.state == "ACTIVE" else _TIME,
        "rootProcessInstanceId": instance.id,
        "tenantId": None,
    }


def task_shape(instance: FakeInstance, place: Local) -> dict[str, Any]:
    """Return one task."""
    return {
        "id": place.id,
        "name": place.activity,
        "assignee": None,
        "taskDefinitionKey": place.activity,
        "executionId": execution_of(place),
        "processInstanceId": instance.id,
        "processDefinitionId": f"{instance.definition}:1:1",
        "created": _TIME,
        "due": None,
        "suspended": instance.suspended,
        "tenantId": None,
    }


def past_task_shape(instance: FakeInstance, place: Local, reason: str | None) -> dict[str, Any]:
    """Return one task of the history; ``reason`` is why it ended."""
    shown = task_shape(instance, place)
    for key in ("created", "suspended"):
        del shown[key]
    ended = None if reason is None else _TIME
    return shown | {"startTime": _TIME, "endTime": ended, "deleteReason": reason}


def shape(instance: FakeInstance) -> dict[str, Any]:
    """Return one instance."""
    return {
        "id": instance.id,
        "definitionId": f"{instance.definition}:1:1",
        "definitionKey": instance.definition,
        "businessKey": instance.business_key,
        "caseInstanceId": None,
        "ended": False,
        "suspended": instance.suspended,
        "tenantId": None,
    }


def page(rows: list[Any], query: dict[str, str]) -> list[Any]:
    """Return one page of rows."""
    try:
        first, most = int(query.get("firstResult", "0")), int(query.get("maxResults", len(rows)))
    except ValueError as error:
        raise Refused(404, "QueryParamException", "HTTP 404 Not Found", None) from error
    return rows[first : first + most]


def body_of(request: VendorRequest) -> dict[str, Any]:
    """Return the object in a body."""
    raw = request.body if isinstance(request.body, bytes) else b""
    if not raw and not _given(request, "content-type"):
        raise _no_patch()
    try:
        body = convert.parsed(raw)
    except ValueError as error:
        raise _unreadable() from error
    if body is None:
        raise _no_patch()
    if not isinstance(body, dict):
        raise _unreadable()
    return body


def check_media(request: VendorRequest) -> None:
    """Refuse what the endpoint neither reads nor writes."""
    if request.method in {"POST", "PUT"} and request.body and not isinstance(request.body, Multipart):
        wanted = "multipart/form-data" if request.path[-1:] == ("data",) else "application/json"
        if not _given(request, "content-type").startswith(wanted):
            raise Refused(415, "NotSupportedException", "HTTP 415 Unsupported Media Type", None)
    accepted = _given(request, "accept") or "*/*"
    streams = request.path[-1:] == ("data",)
    if (
        request.method == "GET"
        and not streams
        and not any(each in accepted for each in ("json", "*/*", "application/*"))
    ):
        raise Refused(406, "NotAcceptableException", "HTTP 406 Not Acceptable", None)


def _given(request: VendorRequest, name: str) -> str:
    return next((value for key, value in request.headers if key.lower() == name), "")


def _unreadable() -> Refused:
    return Refused(400, "InvalidRequestException", "", None, prefixed=False)


def _null_pointer(what: str) -> Refused:
    return Refused(500, "NullPointerException", f"Cannot invoke {what} is null", None, prefixed=False)


def _no_patch() -> Refused:
    return _null_pointer(f'"{_REST}.dto.PatchVariablesDto.getModifications()" because "patch"')


def host_of(request: VendorRequest) -> str:
    """Return the host that links lead to."""
    return _given(request, "host") or "localhost:8080"


def new_id() -> str:
    """Return an id that nothing else has."""
    return str(uuid.uuid4())


def ok(body: object) -> VendorResponse:
    """Answer with a body."""
    return VendorResponse(200, (_JSON,), convert.written(body))


def no_content() -> VendorResponse:
    """Answer without a body."""
    return VendorResponse(204)


def error(status: int, kind: str, message: str, code: int | None) -> VendorResponse:
    """Answer with an error."""
    headers = (_JSON, ("Connection", "close")) if status in _CLOSE else (_JSON,)
    return VendorResponse(status, headers, convert.written({"type": kind, "message": message, "code": code}))
