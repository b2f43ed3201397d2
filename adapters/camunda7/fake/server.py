"""An in-memory engine that answers as Camunda 7.24 does: pure, for the demo, for tests, and for users' own tests.

It holds instances, their variables and tokens; history and deserialization are not in it. ``tests/recordings`` keep it
true: what the live engine answered there, it answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from adapters.camunda7.fake import answers, convert, tokens
from adapters.camunda7.fake.convert import Refused
from adapters.camunda7.fake.showcase import DEFINITION, VARIABLES
from gateway.plan import VendorRequest, VendorResponse


class Fake:
    """The engine. ``answer`` is its only door; ``start`` begins an instance without HTTP."""

    base_path: ClassVar[str] = "/engine-rest"

    def __init__(self) -> None:
        self.instances: dict[str, answers.Running] = {}

    def start(self, definition: str, variables: Mapping[str, Any], business_key: str | None = None) -> str:
        """Begin an instance with ``{name: {type, value, valueInfo}}`` and give its id."""
        instance = answers.Running(id=answers.new_id(), definition=definition, business_key=business_key, variables={})
        self.instances[instance.id] = instance
        tokens.begun(instance)
        for name, wire in variables.items():
            answers.store(instance, name, convert.stored(convert.parsed(convert.written(wire))))
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
            answers.check_media(request)
            answer = self._routed(request)
        except Refused as refused:
            answer = answers.error(refused.status, refused.kind, refused.message, refused.code)
        return msgspec.structs.replace(answer, body=b"") if request.method == "HEAD" else answer

    def _routed(self, request: VendorRequest) -> VendorResponse:  # noqa: C901, PLR0912 - the table of routes
        query = dict(request.query)
        method = "GET" if request.method == "HEAD" else request.method
        path = request.path
        if path[:1] == ("engine",) and len(path) > 2:  # noqa: PLR2004 - engine, its name, and the rest
            if path[1] != "default":
                raise Refused(400, "InvalidRequestException", "No process engine available", None)
            path = path[2:]
        match (method, *path):
            case ("GET", "version"):
                return answers.ok({"version": "7.24.0"})
            case ("GET", "engine"):
                return answers.ok([{"name": "default"}])
            case ("POST", "process-definition", "key", key, "start"):
                return self._start(key, answers.body_of(request), answers.host_of(request))
            case ("POST", "process-instance"):
                return self._find(answers.body_of(request), query)
            case (_, "process-instance", instance_id):
                return self._instance(method, instance_id)
            case ("PUT", "process-instance", instance_id, "suspended"):
                if instance_id in self.instances:
                    self.instances[instance_id].suspended = bool(answers.body_of(request).get("suspended"))
                return answers.no_content()
            case ("GET", "process-instance", instance_id, "activity-instances"):
                return self._tree(instance_id)
            case ("POST", "process-instance", instance_id, "modification"):
                return self._modified(instance_id, answers.body_of(request))
            case ("GET", "execution", execution_id):
                return self._execution(execution_id)
            case (_, "process-instance", instance_id, "variables"):
                return self._variables(method, instance_id, request)
            case (_, "process-instance", instance_id, "variables", name):
                return self._variable(method, instance_id, name, request)
            case (_, "process-instance", instance_id, "variables", name, "data"):
                return self._data(method, instance_id, name, request)
            case ("POST", "variable-instance"):
                return self._query(answers.body_of(request), query)
            case ("GET", "variable-instance"):
                return self._query({}, query)
            case ("POST", "variable-instance", "count"):
                return answers.ok({"count": len(self._rows(answers.body_of(request)))})
            case ("GET", "variable-instance", variable_id):
                return answers.ok(answers.row(*self._by_id(variable_id)))
            case ("GET", "variable-instance", variable_id, "data"):
                instance, found = self._by_id(variable_id)
                return answers.content_of(found, instance.id)
            case _:
                return answers.error(404, "NotFoundException", "HTTP 404 Not Found", None)

    def _start(self, key: str, body: dict[str, Any], host: str) -> VendorResponse:
        said = f"Cannot instantiate process definition {key}:1:1: "
        changes = answers.prefixed(said, lambda: answers.converted(body.get("variables") or {}))
        answers.prefixed(said, lambda: answers.check_started(changes))
        instance_id = self.start(key, {}, body.get("businessKey"))
        for name, change in changes.items():
            answers.store(self.instances[instance_id], name, change)
        shape = answers.shape(self.instances[instance_id])
        href = f"http://{host}{self.base_path}/process-instance/{instance_id}"
        return answers.ok(shape | {"links": [{"method": "GET", "href": href, "rel": "self"}]})

    def _find(self, body: dict[str, Any], query: dict[str, str]) -> VendorResponse:
        found = [
            answers.shape(instance)
            for instance in self.instances.values()
            if answers.listed(instance.id, body.get("processInstanceIds"))
            and body.get("businessKey") in {None, instance.business_key}
            and body.get("processDefinitionKey") in {None, instance.definition}
            and body.get("processDefinitionId") in {None, f"{instance.definition}:1:1"}
        ]
        return answers.ok(answers.page(sorted(found, key=lambda shape: shape["id"]), query))

    def _instance(self, method: str, instance_id: str) -> VendorResponse:
        instance = self.instances.get(instance_id)
        if instance is None and method == "DELETE":
            message = f"No process instance found for id '{instance_id}': processInstance is null"
            return answers.error(404, "InvalidRequestException", message, 0)
        if instance is None:
            message = f"Process instance with id {instance_id} does not exist"
            return answers.error(404, "InvalidRequestException", message, None)
        if method == "DELETE":
            del self.instances[instance_id]
            return answers.no_content()
        return answers.ok(answers.shape(instance) | {"links": []})

    def _tree(self, instance_id: str) -> VendorResponse:
        instance = self.instances.get(instance_id)
        if instance is None:
            message = f"Process instance with id {instance_id} does not exist"
            return answers.error(404, "InvalidRequestException", message, None)
        return answers.ok(tokens.tree(instance))

    def _modified(self, instance_id: str, body: dict[str, Any]) -> VendorResponse:
        instructions = body.get("instructions") or []
        if not instructions:
            return answers.no_content()
        instance = self.instances.get(instance_id)
        if instance is None:
            said = (
                f"ENGINE-13036 Process instance '{instance_id}' cannot be modified. The process instance does not exist"
            )
            return answers.error(500, "ProcessEngineException", said, 0)
        if not tokens.modified(instance, instructions):
            del self.instances[instance_id]
        return answers.no_content()

    def _execution(self, execution_id: str) -> VendorResponse:
        if execution_id not in self.instances:
            message = f"Execution with id {execution_id} does not exist"
            return answers.error(404, "InvalidRequestException", message, None)
        return answers.ok({"id": execution_id, "processInstanceId": execution_id, "ended": False, "tenantId": None})

    def _variables(self, method: str, instance_id: str, request: VendorRequest) -> VendorResponse:
        if method == "GET":
            instance = self.instances.get(instance_id)
            if instance is None:
                return answers.error(500, "NullValueException", answers.ENDED.format(id=instance_id), 0)
            return answers.ok(
                {name: convert.shown(each.type, each.value, each.info) for name, each in instance.variables.items()}
            )
        if method == "POST":
            return self._patch(instance_id, answers.body_of(request))
        return answers.error(405, "NotAllowedException", "HTTP 405 Method Not Allowed", None)

    def _patch(self, instance_id: str, body: dict[str, Any]) -> VendorResponse:
        said = "Cannot modify variables for process instance"
        changes = answers.prefixed(f"{said}: ", lambda: answers.converted(answers.modifications(body)))
        instance = self._existing(instance_id, f"{said} {instance_id}: ")
        answers.prefixed(f"{said} {instance_id}: ", lambda: answers.check_all(changes, instance), bad_request=500)
        for name, change in changes.items():
            answers.store(instance, name, change)
        for name in answers.deletions(body):
            _ = instance.variables.pop(str(name), None)
        return answers.no_content()

    def _variable(self, method: str, instance_id: str, name: str, request: VendorRequest) -> VendorResponse:
        match method:
            case "GET" | "HEAD":
                instance = self._existing(instance_id, f"Cannot get process instance variable {name}: ")
                if name not in instance.variables:
                    message = f"process instance variable with name {name} does not exist"
                    return answers.error(404, "InvalidRequestException", message, None)
                found = instance.variables[name]
                return answers.ok(convert.shown(found.type, found.value, found.info))
            case "PUT":
                said = f"Cannot put process instance variable {name}: "
                change = answers.prefixed(said, lambda: convert.stored(answers.body_of(request)))
                instance = self._existing(instance_id, said)
                answers.prefixed(said, lambda: answers.check_all({name: change}, instance), bad_request=400)
                answers.store(instance, name, change)
                return answers.no_content()
            case "DELETE":
                instance = self._existing(instance_id, f"Cannot delete process instance variable {name}: ")
                _ = instance.variables.pop(name, None)
                return answers.no_content()
            case _:
                return answers.error(405, "NotAllowedException", "HTTP 405 Method Not Allowed", None)

    def _data(self, method: str, instance_id: str, name: str, request: VendorRequest) -> VendorResponse:
        if method == "POST":
            instance = self._existing(instance_id, f"Cannot put process instance variable {name}: ")
            answers.store(instance, name, answers.uploaded(request))
            return answers.no_content()
        instance = self._existing(instance_id, f"Cannot get process instance variable {name}: ")
        found = instance.variables.get(name)
        if found is None:
            message = f"process instance variable with name {name} does not exist"
            return answers.error(404, "InvalidRequestException", message, None)
        return answers.content_of(found, instance_id)

    def _by_id(self, variable_id: str) -> tuple[answers.Running, answers.Stored]:
        for instance in self.instances.values():
            for found in instance.variables.values():
                if found.id == variable_id:
                    return instance, found
        message = f"Variable instance with Id '{variable_id}' does not exist."
        raise Refused(404, "InvalidRequestException", message, None)

    def _query(self, body: dict[str, Any], query: dict[str, str]) -> VendorResponse:
        given = {key: value.split(",") if key.endswith("In") else value for key, value in query.items()}
        rows = self._rows(given | body)
        order = answers.order_of(body, query)
        return answers.ok(answers.page(sorted(rows, key=lambda row: (row[order], row["id"])), query))

    def _rows(self, wanted: dict[str, Any]) -> list[dict[str, Any]]:
        return [
            answers.row(instance, found)
            for instance in self.instances.values()
            for found in instance.variables.values()
            if answers.listed(instance.id, wanted.get("processInstanceIdIn"))
            and answers.listed(instance.id, wanted.get("variableScopeIdIn"))
            and wanted.get("variableName") in {None, found.name}
        ]

    def _existing(self, instance_id: str, said: str) -> answers.Running:
        instance = self.instances.get(instance_id)
        if instance is None:
            raise Refused(500, "RestException", said + answers.ENDED.format(id=instance_id), 0)
        return instance
