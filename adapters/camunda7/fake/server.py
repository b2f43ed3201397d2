"""An in-memory engine that answers as Camunda 7.24 does: pure, for the demo, for tests, and for users' own tests.

It holds instances and their variables; tokens, history and deserialization are not in it. ``tests/recordings`` keep it
true: what the live engine answered there, it answers.
"""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import msgspec

from adapters.camunda7.fake import convert
from adapters.camunda7.fake.convert import Refused
from adapters.camunda7.fake.showcase import DEFINITION, VARIABLES
from gateway.plan import Multipart, Stream, VendorRequest, VendorResponse

_JSON = ("Content-Type", "application/json")
_CLOSE = {400, 500}
_ENDED = "execution {id} doesn't exist: execution is null"


class Stored(msgspec.Struct, kw_only=True):
    """One variable: its own id survives every change."""

    id: str
    name: str
    type: str
    value: Any
    info: dict[str, Any]


class Running(msgspec.Struct, kw_only=True):
    """One instance."""

    id: str
    definition: str
    business_key: str | None
    variables: dict[str, Stored]
    suspended: bool = False


class Fake:
    """The engine. ``answer`` is its only door; ``start`` begins an instance without HTTP."""

    base_path: ClassVar[str] = "/engine-rest"

    def __init__(self) -> None:
        self.instances: dict[str, Running] = {}

    def start(self, definition: str, variables: Mapping[str, Any], business_key: str | None = None) -> str:
        """Begin an instance with ``{name: {type, value, valueInfo}}`` and give its id."""
        instance = Running(id=_id(), definition=definition, business_key=business_key, variables={})
        self.instances[instance.id] = instance
        for name, wire in variables.items():
            _store(instance, name, convert.stored(convert.parsed(convert.written(wire))))
        return instance.id

    @staticmethod
    def example(instance: str) -> tuple[tuple[str, ...], str]:
        """Give path segments and query of a read that clients make."""
        return ("process-instance", instance, "variables"), "deserializeValues=false"

    def showcase(self) -> str:
        """Begin an instance with every type of variable, for demonstrations; give its id."""
        return self.start(DEFINITION, VARIABLES, "demo-1")

    def answer(self, request: VendorRequest) -> VendorResponse:
        """Answer one request."""
        try:
            return self._routed(request)
        except Refused as refused:
            return _error(refused.status, refused.kind, refused.message, refused.code)

    def _routed(self, request: VendorRequest) -> VendorResponse:  # noqa: C901, PLR0912 - the table of routes
        query = dict(request.query)
        match (request.method, *request.path):
            case ("GET", "version"):
                return _ok({"version": "7.24.0"})
            case ("GET", "engine"):
                return _ok([{"name": "default"}])
            case ("POST", "process-definition", "key", key, "start"):
                return self._start(key, _body(request), _host(request))
            case ("POST", "process-instance"):
                return self._find(_body(request), query)
            case (method, "process-instance", instance_id):
                return self._instance(method, instance_id)
            case ("PUT", "process-instance", instance_id, "suspended"):
                if instance_id in self.instances:
                    self.instances[instance_id].suspended = bool(_body(request).get("suspended"))
                return _no_content()
            case ("GET", "execution", execution_id):
                return self._execution(execution_id)
            case (method, "process-instance", instance_id, "variables"):
                return self._variables(method, instance_id, request)
            case (method, "process-instance", instance_id, "variables", name):
                return self._variable(method, instance_id, name, request)
            case (method, "process-instance", instance_id, "variables", name, "data"):
                return self._data(method, instance_id, name, request)
            case ("POST", "variable-instance"):
                return self._query(_body(request), query)
            case ("GET", "variable-instance", variable_id, "data"):
                return self._data_by_id(variable_id)
            case _:
                return _error(404, "NotFoundException", "HTTP 404 Not Found", None)

    def _start(self, key: str, body: dict[str, Any], host: str) -> VendorResponse:
        instance_id = self.start(key, body.get("variables") or {}, body.get("businessKey"))
        shape = _shape(self.instances[instance_id])
        href = f"http://{host}{self.base_path}/process-instance/{instance_id}"
        return _ok(shape | {"links": [{"method": "GET", "href": href, "rel": "self"}]})

    def _find(self, body: dict[str, Any], query: dict[str, str]) -> VendorResponse:
        found = [
            _shape(instance)
            for instance in self.instances.values()
            if body.get("businessKey") in {None, instance.business_key}
            and body.get("processDefinitionKey") in {None, instance.definition}
            and body.get("processDefinitionId") in {None, f"{instance.definition}:1:1"}
        ]
        return _ok(_page(sorted(found, key=lambda shape: shape["id"]), query))

    def _instance(self, method: str, instance_id: str) -> VendorResponse:
        instance = self.instances.get(instance_id)
        if instance is None and method == "DELETE":
            message = f"No process instance found for id '{instance_id}': processInstance is null"
            return _error(404, "InvalidRequestException", message, 0)
        if instance is None:
            message = f"Process instance with id {instance_id} does not exist"
            return _error(404, "InvalidRequestException", message, None)
        if method == "DELETE":
            del self.instances[instance_id]
            return _no_content()
        return _ok(_shape(instance) | {"links": []})

    def _execution(self, execution_id: str) -> VendorResponse:
        if execution_id not in self.instances:
            message = f"Execution with id {execution_id} does not exist"
            return _error(404, "InvalidRequestException", message, None)
        return _ok({"id": execution_id, "processInstanceId": execution_id, "ended": False, "tenantId": None})

    def _variables(self, method: str, instance_id: str, request: VendorRequest) -> VendorResponse:
        if method == "GET":
            instance = self.instances.get(instance_id)
            if instance is None:
                return _error(500, "NullValueException", _ENDED.format(id=instance_id), 0)
            return _ok(
                {name: convert.shown(each.type, each.value, each.info) for name, each in instance.variables.items()}
            )
        if method == "POST":
            return self._patch(instance_id, _body(request))
        return _error(405, "NotAllowedException", "HTTP 405 Method Not Allowed", None)

    def _patch(self, instance_id: str, body: dict[str, Any]) -> VendorResponse:
        said = "Cannot modify variables for process instance"
        changes = _prefixed(f"{said}: ", lambda: _converted(body.get("modifications") or {}))
        instance = self._existing(instance_id, f"{said} {instance_id}: ")
        _prefixed(f"{said} {instance_id}: ", lambda: _check_all(changes), bad_request=500)
        for name, change in changes.items():
            _store(instance, name, change)
        for name in body.get("deletions") or ():
            _ = instance.variables.pop(str(name), None)
        return _no_content()

    def _variable(self, method: str, instance_id: str, name: str, request: VendorRequest) -> VendorResponse:
        match method:
            case "GET" | "HEAD":
                instance = self._existing(instance_id, f"Cannot get process instance variable {name}: ")
                if name not in instance.variables:
                    message = f"process instance variable with name {name} does not exist"
                    return _error(404, "InvalidRequestException", message, None)
                found = instance.variables[name]
                return _ok(convert.shown(found.type, found.value, found.info))
            case "PUT":
                said = f"Cannot put process instance variable {name}: "
                change = _prefixed(said, lambda: convert.stored(_body(request)))
                instance = self._existing(instance_id, said)
                _prefixed(said, lambda: _check_all({name: change}), bad_request=400)
                _store(instance, name, change)
                return _no_content()
            case "DELETE":
                instance = self._existing(instance_id, f"Cannot delete process instance variable {name}: ")
                _ = instance.variables.pop(name, None)
                return _no_content()
            case _:
                return _error(405, "NotAllowedException", "HTTP 405 Method Not Allowed", None)

    def _data(self, method: str, instance_id: str, name: str, request: VendorRequest) -> VendorResponse:
        if method == "POST":
            instance = self._existing(instance_id, f"Cannot put process instance variable {name}: ")
            _store(instance, name, _uploaded(request))
            return _no_content()
        instance = self._existing(instance_id, f"Cannot get process instance variable {name}: ")
        found = instance.variables.get(name)
        if found is None:
            message = f"process instance variable with name {name} does not exist"
            return _error(404, "InvalidRequestException", message, None)
        return _content(found, instance_id)

    def _data_by_id(self, variable_id: str) -> VendorResponse:
        for instance in self.instances.values():
            for found in instance.variables.values():
                if found.id == variable_id:
                    return _content(found, instance.id)
        message = f"Variable instance with Id '{variable_id}' does not exist."
        return _error(404, "InvalidRequestException", message, None)

    def _query(self, body: dict[str, Any], query: dict[str, str]) -> VendorResponse:
        rows = [
            _row(instance, found)
            for instance in self.instances.values()
            for found in instance.variables.values()
            if _listed(instance.id, body.get("processInstanceIdIn"))
            and _listed(instance.id, body.get("variableScopeIdIn"))
            and body.get("variableName") in {None, found.name}
        ]
        return _ok(_page(sorted(rows, key=lambda row: row["id"]), query))

    def _existing(self, instance_id: str, said: str) -> Running:
        instance = self.instances.get(instance_id)
        if instance is None:
            raise Refused(500, "RestException", said + _ENDED.format(id=instance_id), 0)
        return instance


def _listed(value: str, wanted: list[str] | None) -> bool:
    """An empty list filters nothing: a trap of the real engine, kept."""
    return not wanted or value in wanted


def _converted(modifications: dict[str, Any]) -> dict[str, convert.Change]:
    return {name: convert.stored(dict(wire)) for name, wire in modifications.items()}


def _check_all(changes: Mapping[str, convert.Change]) -> None:
    for name, change in changes.items():
        convert.check_storable(name, change)


def _prefixed(said: str, work: Callable[[], Any], bad_request: int | None = None) -> Any:
    try:
        return work()
    except Refused as refused:
        status = refused.status if bad_request is None or refused.status != convert.TOO_LONG else bad_request
        prefix = said if refused.prefixed else ""
        raise Refused(status, refused.kind, prefix + refused.message, refused.code) from refused


def _store(instance: Running, name: str, change: convert.Change) -> None:
    if change.transient:
        return
    known = instance.variables.get(name)
    instance.variables[name] = Stored(
        id=known.id if known else _id(), name=name, type=change.type, value=change.value, info=change.info
    )


def _uploaded(request: VendorRequest) -> convert.Change:
    parts = {part.name: part for part in _parts(request)}
    data = parts["data"]
    content = data.content if isinstance(data.content, bytes) else b""
    kind = parts["valueType"].content if "valueType" in parts else b"Bytes"
    text = base64.b64encode(content).decode("ascii")
    if kind != b"File":
        return convert.Change(type="Bytes", value=text, info={})
    media_type, _, encoding = (data.content_type or "application/octet-stream").partition("; encoding=")
    info: dict[str, Any] = {"filename": data.filename, "mimeType": media_type}
    return convert.Change(type="File", value=text, info=info | ({"encoding": encoding} if encoding else {}))


def _parts(request: VendorRequest) -> tuple[Any, ...]:
    if isinstance(request.body, Multipart):
        return request.body.parts
    if isinstance(request.body, Stream):
        raise Refused(500, "NullPointerException", "", None)
    return convert.parts(request)


def _content(found: Stored, scope: str) -> VendorResponse:
    if found.type not in {"Bytes", "File"}:
        message = f"Value of variable with id {scope} is not a binary value."
        return _error(400, "InvalidRequestException", message, None)
    headers = [("content-type", found.info.get("mimeType", "application/octet-stream"))]
    if found.type == "File":
        name = found.info["filename"]
        quoted = re.sub(r"%2E", ".", convert.quoted(name))
        headers.append(("content-disposition", f"attachment; filename=\"{name}\"; filename*=UTF-8''{quoted}"))
    return VendorResponse(200, tuple(headers), base64.b64decode(found.value or ""))


def _row(instance: Running, found: Stored) -> dict[str, Any]:
    shown = convert.shown(found.type, found.value, found.info)
    if found.type == "Bytes":
        shown["value"] = None
    return shown | {
        "id": found.id,
        "name": found.name,
        "processDefinitionId": f"{instance.definition}:1:1",
        "processInstanceId": instance.id,
        "executionId": instance.id,
        "caseInstanceId": None,
        "caseExecutionId": None,
        "taskId": None,
        "batchId": None,
        "activityInstanceId": instance.id,
        "errorMessage": None,
        "tenantId": None,
    }


def _shape(instance: Running) -> dict[str, Any]:
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


def _page(rows: list[Any], query: dict[str, str]) -> list[Any]:
    first = int(query.get("firstResult", "0"))
    most = query.get("maxResults")
    return rows[first : None if most is None else first + int(most)]


def _body(request: VendorRequest) -> dict[str, Any]:
    try:
        body = convert.parsed(request.body if isinstance(request.body, bytes) else b"")
    except ValueError as error:
        raise Refused(400, "InvalidRequestException", "", None, prefixed=False) from error
    if not isinstance(body, dict):
        raise Refused(400, "InvalidRequestException", "", None, prefixed=False)
    return body


def _host(request: VendorRequest) -> str:
    return next((value for key, value in request.headers if key.lower() == "host"), "localhost:8080")


def _id() -> str:
    return str(uuid.uuid4())


def _ok(body: object) -> VendorResponse:
    return VendorResponse(200, (_JSON,), convert.written(body))


def _no_content() -> VendorResponse:
    return VendorResponse(204)


def _error(status: int, kind: str, message: str, code: int | None) -> VendorResponse:
    headers = (_JSON, ("Connection", "close")) if status in _CLOSE else (_JSON,)
    return VendorResponse(status, headers, convert.written({"type": kind, "message": message, "code": code}))
