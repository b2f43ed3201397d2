"""An in-memory engine that answers as Camunda 7.24 does: pure, for the demo, for tests, and for users' own tests.

It holds instances, executions, tasks, tokens and variables, and what has ended; deserialization is not in it.
``tests/recordings`` keep it true: what the live engine answered there, it answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import msgspec

from adapters.camunda7.fake import answers, convert, places, tasks, tokens, work
from adapters.camunda7.fake import query as queries
from adapters.camunda7.fake.convert import Refused
from adapters.camunda7.fake.places import FakeInstance, Local, Stored, View
from adapters.camunda7.fake.showcase import DEFINITION, VARIABLES
from gateway.plan import VendorRequest, VendorResponse


class Fake:
    """The engine. ``answer`` is its only door; ``start`` begins an instance without HTTP.

    Args:
        definitions: keys that can be started over HTTP; None = any.
    """

    base_path: ClassVar[str] = "/engine-rest"

    def __init__(self, definitions: frozenset[str] | None = None) -> None:
        self.definitions = definitions
        self.instances: dict[str, FakeInstance] = {}
        self.ended: dict[str, FakeInstance] = {}

    def start(self, definition: str, variables: Mapping[str, Any], business_key: str | None = None) -> str:
        """Begin an instance with ``{name: {type, value, valueInfo}}`` and give its id."""
        instance = FakeInstance(id=answers.new_id(), definition=definition, business_key=business_key, variables={})
        instance.places = places.begun(instance, answers.new_id(), answers.new_id(), answers.new_id())
        self.instances[instance.id] = instance
        tokens.begun(instance)
        instance.awaits = work.AWAITED.get(definition)
        for name, wire in variables.items():
            answers.store(instance, name, convert.stored(convert.parsed(convert.written(wire))))
        return instance.id

    def end(self, instance_id: str, state: str = "EXTERNALLY_TERMINATED") -> None:
        """End an instance; the history keeps it."""
        instance = self.instances.pop(instance_id)
        instance.state = state
        self.ended[instance_id] = instance

    @staticmethod
    def example(instance: str) -> tuple[tuple[str, ...], str]:
        """Return path segments and query of a read that clients make."""
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
            case ("POST", "process-definition", *named, "start"):
                return self._start(work.definition(self.definitions, tuple(named)), request)
            case ("GET", "process-definition"):
                there = (self.instances | self.ended).values()
                return work.listed(self.definitions, (each.definition for each in there), query)
            case ("GET", "process-definition", definition_id):
                return work.described(self.definitions, definition_id)
            case ("POST", "message"):
                return work.correlated(self.instances, answers.body_of(request))
            case ("POST", "process-instance"):
                return answers.ok(answers.page(self._found_instances(answers.body_of(request)), query))
            case ("POST", "process-instance", "count"):
                return answers.ok({"count": len(self._found_instances(answers.body_of(request)))})
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
            case (_, "process-instance" | "task", _, "variables", *rest):
                return self._scoped(method, path, rest, request)
            case (_, "execution" | "task", _, "localVariables", *rest):
                return self._scoped(method, path, rest, request)
            case ("GET", "task"):
                return answers.ok(tasks.listed(self.instances, query))
            case ("GET", "task", task_id):
                return answers.ok(tasks.found(self.instances, task_id))
            case ("POST", "task", task_id, "complete" | "submit-form" as call):
                return self._complete(task_id, answers.body_of(request), call)
            case ("GET", "history", "task"):
                return answers.ok(tasks.past(self.instances | self.ended, query))
            case ("GET", "history", "process-instance", instance_id):
                return self._past_instance(instance_id)
            case ("POST", "history", "process-instance"):
                return self._find_past(answers.body_of(request), query)
            case ("POST", "history", "variable-instance"):
                return self._past(answers.body_of(request), query)
            case ("GET", "history", "variable-instance"):
                return self._past(query, query)
            case ("GET", "history", "variable-instance", variable_id, "data"):
                instance, _, found = self._by_id(variable_id, self.instances | self.ended)
                return answers.content_of(found, instance.id)
            case ("POST", "variable-instance"):
                return self._query(answers.body_of(request), query)
            case ("GET", "variable-instance"):
                return self._query({}, query)
            case ("POST", "variable-instance", "count"):
                return answers.ok({"count": len(self._rows(answers.body_of(request)))})
            case ("GET", "variable-instance", "count"):
                return answers.ok({"count": len(self._rows(queries.from_query(query)))})
            case ("GET", "variable-instance", variable_id):
                return answers.ok(answers.row(*self._by_id(variable_id, self.instances)))
            case ("GET", "variable-instance", variable_id, "data"):
                instance, _, found = self._by_id(variable_id, self.instances)
                return answers.content_of(found, instance.id)
            case _:
                return answers.error(404, "NotFoundException", "HTTP 404 Not Found", None)

    def _start(self, key: str, request: VendorRequest) -> VendorResponse:
        body, host = answers.body_of(request), answers.host_of(request)
        said = f"Cannot instantiate process definition {key}:1:1: "
        changes = answers.prefixed(said, lambda: answers.converted(body.get("variables") or {}))
        answers.prefixed(said, lambda: answers.check_started(changes))
        instance_id = self.start(key, {}, body.get("businessKey"))
        for name, change in changes.items():
            answers.store(self.instances[instance_id], name, change)
        shape = answers.shape(self.instances[instance_id])
        href = f"http://{host}{self.base_path}/process-instance/{instance_id}"
        return answers.ok(shape | {"links": [{"method": "GET", "href": href, "rel": "self"}]})

    def _found_instances(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        found = [
            answers.shape(instance)
            for instance in self.instances.values()
            if queries.fulfils(instance, body)
            and body.get("businessKey") in {None, instance.business_key}
            and body.get("processDefinitionKey") in {None, instance.definition}
            and body.get("processDefinitionId") in {None, f"{instance.definition}:1:1"}
        ]
        return sorted(found, key=lambda shape: shape["id"])

    def _instance(self, method: str, instance_id: str) -> VendorResponse:
        instance = self.instances.get(instance_id)
        if instance is None and method == "DELETE":
            message = f"No process instance found for id '{instance_id}': processInstance is null"
            return answers.error(404, "InvalidRequestException", message, 0)
        if instance is None:
            message = f"Process instance with id {instance_id} does not exist"
            return answers.error(404, "InvalidRequestException", message, None)
        if method == "DELETE":
            self.end(instance_id)
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
            self.end(instance_id)
        return answers.no_content()

    def _execution(self, execution_id: str) -> VendorResponse:
        for instance in self.instances.values():
            place = instance.places.get(execution_id)
            if execution_id == instance.id or (place is not None and place.kind == "execution"):
                shape = {"id": execution_id, "processInstanceId": instance.id, "ended": False, "tenantId": None}
                return answers.ok(shape)
        message = f"Execution with id {execution_id} does not exist"
        return answers.error(404, "InvalidRequestException", message, None)

    def _complete(self, task_id: str, body: dict[str, Any], call: str) -> VendorResponse:
        instance, answer = tasks.complete(self.instances, task_id, body, call)
        if not instance.places:
            self.end(instance.id, "COMPLETED")
        return answer

    def _scoped(self, method: str, path: tuple[str, ...], rest: list[str], request: VendorRequest) -> VendorResponse:
        root, place_id, local = path[0], path[1], path[2] == "localVariables"

        def look(said: str) -> View:
            return places.view(self.instances, root, place_id, said, local=local)

        noun = root.replace("-", " ")
        match rest:
            case []:
                return self._variables(method, look, f"Cannot modify variables for {noun}", place_id, request)
            case [name]:
                return self._variable(method, look, noun, name, request)
            case [name, "data"]:
                return self._data(method, look, noun, name, request)
            case _:
                return answers.error(404, "NotFoundException", "HTTP 404 Not Found", None)

    def _variables(
        self, method: str, look: Callable[[str], View], said: str, place_id: str, request: VendorRequest
    ) -> VendorResponse:
        if method == "GET":
            visible = look("").visible()
            return answers.ok({name: convert.shown(each.type, each.value, each.info) for name, each in visible.items()})
        if method == "POST":
            return self._patch(look, said, place_id, answers.body_of(request))
        return answers.error(405, "NotAllowedException", "HTTP 405 Method Not Allowed", None)

    def _patch(self, look: Callable[[str], View], said: str, place_id: str, body: dict[str, Any]) -> VendorResponse:
        changes = answers.prefixed(f"{said}: ", lambda: answers.converted(answers.modifications(body)))
        view = look(f"{said} {place_id}: ")
        answers.prefixed(f"{said} {place_id}: ", lambda: answers.check_all(changes, view), bad_request=500)
        for name, change in changes.items():
            answers.store(view.home(name), name, change)
        for name in answers.deletions(body):
            _ = view.home(str(name)).variables.pop(str(name), None)
        return answers.no_content()

    def _variable(
        self, method: str, look: Callable[[str], View], noun: str, name: str, request: VendorRequest
    ) -> VendorResponse:
        match method:
            case "GET" | "HEAD":
                found = self._found(look, noun, name)
                return answers.ok(convert.shown(found.type, found.value, found.info))
            case "PUT":
                said = f"Cannot put {noun} variable {name}: "
                change = answers.prefixed(said, lambda: convert.stored(answers.body_of(request)))
                view = look(said)
                answers.prefixed(said, lambda: answers.check_all({name: change}, view), bad_request=400)
                answers.store(view.home(name), name, change)
                return answers.no_content()
            case "DELETE":
                view = look(f"Cannot delete {noun} variable {name}: ")
                _ = view.home(name).variables.pop(name, None)
                return answers.no_content()
            case _:
                return answers.error(405, "NotAllowedException", "HTTP 405 Method Not Allowed", None)

    def _data(
        self, method: str, look: Callable[[str], View], noun: str, name: str, request: VendorRequest
    ) -> VendorResponse:
        if method == "POST":
            view = look(f"Cannot put {noun} variable {name}: ")
            answers.store(view.home(name), name, answers.uploaded(request))
            return answers.no_content()
        return answers.content_of(self._found(look, noun, name), request.path[-4])

    @staticmethod
    def _found(look: Callable[[str], View], noun: str, name: str) -> Stored:
        found = look(f"Cannot get {noun} variable {name}: ").visible().get(name)
        if found is None:
            raise Refused(404, "InvalidRequestException", f"{noun} variable with name {name} does not exist", None)
        return found

    def _past_instance(self, instance_id: str) -> VendorResponse:
        instance = (self.instances | self.ended).get(instance_id)
        if instance is None:
            message = f"Historic process instance with id {instance_id} does not exist"
            return answers.error(404, "InvalidRequestException", message, None)
        return answers.ok(answers.past_shape(instance))

    def _find_past(self, body: dict[str, Any], query: dict[str, str]) -> VendorResponse:
        found = [
            answers.past_shape(instance)
            for instance in (self.instances | self.ended).values()
            if queries.fulfils(instance, body)
            and body.get("processInstanceBusinessKey") in {None, instance.business_key}
            and body.get("processDefinitionKey") in {None, instance.definition}
            and body.get("processDefinitionId") in {None, f"{instance.definition}:1:1"}
        ]
        return answers.ok(answers.page(sorted(found, key=lambda shape: shape["id"]), query))

    def _past(self, wanted: dict[str, Any], query: dict[str, str]) -> VendorResponse:
        rows = [
            answers.past_row(instance, place, found)
            for instance in (self.instances | self.ended).values()
            for place in instance.holders()
            for found in place.variables.values()
            if wanted.get("processInstanceId") in {None, instance.id}
            and wanted.get("variableName") in {None, found.name}
        ]
        return answers.ok(answers.page(sorted(rows, key=lambda row: (row["name"], row["id"])), query))

    @staticmethod
    def _by_id(variable_id: str, among: dict[str, FakeInstance]) -> tuple[FakeInstance, FakeInstance | Local, Stored]:
        for instance in among.values():
            for place in instance.holders():
                for found in place.variables.values():
                    if found.id == variable_id:
                        return instance, place, found
        message = f"Variable instance with Id '{variable_id}' does not exist."
        raise Refused(404, "InvalidRequestException", message, None)

    def _query(self, body: dict[str, Any], query: dict[str, str]) -> VendorResponse:
        wanted = queries.from_query(query) | body
        return answers.ok(answers.page(queries.ordered(self._rows(wanted), body, query), query))

    def _rows(self, wanted: dict[str, Any]) -> list[dict[str, Any]]:
        everything = (
            (instance, place, found)
            for instance in self.instances.values()
            for place in instance.holders()
            for found in place.variables.values()
        )
        return queries.rows(everything, wanted)
